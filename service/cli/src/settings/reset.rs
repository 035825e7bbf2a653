//! `headroom reset`: settings given back to the profile.

use std::process::ExitCode;

use serde_json::json;

use super::{Setting, Settings, set::change_text};
use crate::{
    args::ResetArgs,
    failure::Failure,
    link::{call, control},
    output::{FAINT, Printer, print_json},
};

/// Gives the named settings back, or all that were changed.
pub(crate) async fn run(args: &ResetArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let settings = Settings::read(&control).await?;
    let mut chosen: Vec<&Setting> = Vec::new();
    // A typo in the last of them must not leave the first ones reset.
    for key in &args.keys {
        chosen.extend(settings.select(key)?);
    }
    if args.all {
        chosen.extend(settings.iter());
    }
    let mut reset = Vec::new();
    for setting in chosen.into_iter().filter(|setting| setting.is_changed) {
        call(control.reset_setting(&setting.key)).await?;
        reset.push(setting);
    }
    if args.json {
        let reset: Vec<_> = reset
            .iter()
            .map(|setting| {
                json!({"key": setting.key, "old": setting.value, "new": setting.default, "unit": setting.unit()})
            })
            .collect();
        print_json(&json!({ "reset": reset }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printer = Printer::new();
    for setting in &reset {
        printer.line(change_text(setting, &setting.default));
    }
    if reset.is_empty() {
        printer.styled_line("Nothing to reset: it is as the profile has it.", FAINT);
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
