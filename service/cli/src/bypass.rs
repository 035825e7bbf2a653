//! `headroom bypass`: the one big switch.

use std::process::ExitCode;

use crate::{
    args::BypassAction,
    failure::Failure,
    link::{call, control},
    output::{Printer, on_text},
};

/// Switches the bypass, and prints what it is then.
pub(crate) async fn run(action: BypassAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let wanted = match action {
        BypassAction::On => Some(true),
        BypassAction::Off => Some(false),
        BypassAction::Toggle => Some(!call(control.bypass()).await?),
        BypassAction::Status => None,
    };
    if let Some(wanted) = wanted {
        call(control.set_bypass(wanted)).await?;
    }
    let mut printer = Printer::new();
    printer.line(on_text(call(control.bypass()).await?));
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
