//! `headroom doctor`: what was found, what it means, what to do.
//!
//! Collects facts from the service ([`service`]) and from the system's own tools ([`system`]), and
//! judges them by pure functions ([`judge`]). It starts nothing and changes nothing.

mod judge;
mod report;
mod service;
mod system;

use std::process::ExitCode;

use serde_json::json;

use crate::{
    args::JsonArgs,
    failure::Failure,
    output::{Printer, print_json},
};

use report::{Check, Level};

/// Runs every check and prints them; a bad one makes the exit code 1.
pub(crate) async fn run(args: &JsonArgs) -> Result<ExitCode, Failure> {
    let (mut checks, is_running) = service::checks().await;
    checks.extend(system::checks(is_running).await);
    let is_bad = checks.iter().any(|check| check.level == Level::Bad);
    if args.json {
        let checks: Vec<_> = checks.iter().map(Check::json).collect();
        print_json(&json!({"healthy": !is_bad, "checks": checks}))?;
    } else {
        let mut printer = Printer::new();
        report::print(&mut printer, &checks);
        printer.finish()?;
    }
    Ok(ExitCode::from(u8::from(is_bad)))
}
