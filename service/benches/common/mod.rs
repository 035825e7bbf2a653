//! What every bench of the service needs: whether it is to measure at all, and processor time.

use std::fs;

use anyhow::{Context, Result};

/// Returns whether `cargo test --benches` or `cargo bench -- --list` only wants to know that it starts.
pub(crate) fn is_only_started() -> bool {
    std::env::args().any(|argument| argument == "--test" || argument == "--list")
}

/// Returns the processor time of a process in seconds, or that of its threads of one name.
pub(crate) fn cpu_seconds(pid: u32, thread: Option<&str>) -> Result<f64> {
    let mut sum_ns = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        let Ok(name) = fs::read_to_string(task.path().join("comm")) else {
            continue;
        };
        if thread.is_none_or(|wanted| name.starts_with(wanted)) {
            // In ns: the ticks of `stat` are too long for what is measured here.
            let spent = fs::read_to_string(task.path().join("schedstat"))?;
            sum_ns += spent.split(' ').next().context("schedstat")?.parse::<u64>()?;
        }
    }
    Ok(sum_ns as f64 / 1e9)
}
