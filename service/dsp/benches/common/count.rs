//! Counts instructions of a bench by running it under valgrind, and reads baselines.

use std::error::Error;
use std::process::{Command, ExitCode};

/// How far a count may be from its baseline, in per cent.
pub(crate) const TOLERANCE_PERCENT: f64 = 3.0;
/// The first argument of the runs under valgrind.
const RUN: &str = "--run-case";

/// Does what the bench is called for: one case, by its name and how much of it, when it runs under valgrind; else the
/// comparison, which is told whether to bless.
pub(crate) fn run_bench(
    run: impl FnOnce(&str, usize) -> Option<()>,
    compare: impl FnOnce(bool) -> Result<bool, Box<dyn Error>>,
) -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, amount] = &args[..]
        && first == RUN
    {
        let ran = amount.parse().ok().and_then(|amount| run(name, amount));
        return ran.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // `cargo test --benches` only wants to see it start.
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    if !has_valgrind() {
        println!("NOT CHECKED: valgrind is not installed");
        return ExitCode::SUCCESS;
    }
    match compare(args.iter().any(|arg| arg == "--bless")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whether anything can be counted here.
fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Instructions of a whole run of this program under valgrind, with a case and how much of it.
pub(crate) fn count_run(case: &str, amount: usize) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(std::env::current_exe()?)
        .args([RUN, case, &amount.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    match count {
        Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("valgrind failed on {case}:\n{said}").into()),
    }
}

/// The count in the baseline's line for `name`.
pub(crate) fn blessed(baseline: &str, name: &str) -> Option<f64> {
    let line = baseline.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

/// The compiler's name and version, such as `rustc 1.95.0`.
pub(crate) fn compiler() -> Result<String, Box<dyn Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    Ok(said.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
