//! `headroom doctor`: the checks, printed.

use std::process::ExitCode;

use headroom_doctor::{Check, Examination, Severity};
use serde_json::{Value, json};

use crate::{
    args::DoctorArgs,
    failure::Failure,
    output::{BAD, Cell, FAINT, GOOD, HEADING, NOTE, Printer, print_json},
};

/// Runs every check and prints them; a bad one makes the exit code 1, but not that of a report.
pub(crate) async fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let examination = Examination::make().await;
    if args.report {
        Printer::verbatim(examination.report().await)?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_bad = examination.is_bad();
    if args.json {
        let checks: Value = examination.checks.iter().map(check_json).collect();
        print_json(&json!({"healthy": !is_bad, "checks": checks}))?;
    } else {
        let mut printer = Printer::new();
        print(&mut printer, &examination.checks);
        printer.finish()?;
    }
    Ok(ExitCode::from(u8::from(is_bad)))
}

fn check_json(check: &Check) -> Value {
    json!({
        "name": check.name,
        "severity": check.severity.as_str(),
        "found": check.found,
        "means": check.means,
        "advice": check.advice,
    })
}

/// Prints the checks, and the sum of them.
fn print(printer: &mut Printer, checks: &[Check]) {
    let mut rows = Vec::new();
    for check in checks {
        let style = match check.severity {
            Severity::Ok => GOOD,
            Severity::Note => NOTE,
            Severity::Bad => BAD,
        };
        rows.push(vec![
            Cell::new(check.severity.as_str()).styled(style),
            Cell::new(check.name).styled(HEADING),
            Cell::sentence(&check.found),
        ]);
        rows.push(vec![Cell::new(""), Cell::new(""), Cell::sentence(&check.means).styled(FAINT)]);
        if !check.advice.is_empty() {
            rows.push(vec![
                Cell::new(""),
                Cell::new(""),
                Cell::sentence(format!("To do: {}", check.advice)).styled(style),
            ]);
        }
    }
    printer.table(&[], &rows);
    let count = |severity| checks.iter().filter(|check| check.severity == severity).count();
    printer.line("");
    match (count(Severity::Bad), count(Severity::Note)) {
        (0, 0) => printer.styled_line("All is well.", GOOD),
        (0, notes) => {
            printer.styled_line(format!("Nothing is broken; worth a look: {notes}."), NOTE);
        }
        (bad, _) => printer.styled_line(format!("Broken: {bad}."), BAD),
    }
}
