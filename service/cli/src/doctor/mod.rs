//! `headroom doctor`: what was found, what it means, what to do.
//!
//! Collects facts from the service and from the system ([`facts`]), and judges them by pure functions
//! ([`judge`]). It starts nothing, changes nothing and sends nothing; a report for others ([`paste`]) has what is a
//! person's own taken out ([`redact`]).

mod check;
mod examine;
mod facts;
mod judge;
mod material;
mod paste;
mod place;
mod redact;
mod tools;

use std::process::ExitCode;

use serde_json::json;

use crate::{
    args::DoctorArgs,
    failure::Failure,
    output::{Printer, print_json},
};

use check::{Check, Level};
use examine::Examination;

/// Runs every check and prints them; a bad one makes the exit code 1, but not that of a report.
pub(crate) async fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let examination = Examination::make().await;
    if args.report {
        let report = paste::compose(&material::gather(examination).await);
        Printer::verbatim(report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_bad = examination.checks.iter().any(|check| check.level == Level::Bad);
    if args.json {
        let checks: Vec<_> = examination.checks.iter().map(Check::json).collect();
        print_json(&json!({"healthy": !is_bad, "checks": checks}))?;
    } else {
        let mut printer = Printer::new();
        check::print(&mut printer, &examination.checks);
        printer.finish()?;
    }
    Ok(ExitCode::from(u8::from(is_bad)))
}
