//! `headroom set`: one setting, at once.

use std::process::ExitCode;

use serde_json::json;

use super::{Setting, Settings, value_text};
use crate::{
    args::SetArgs,
    failure::Failure,
    link::{call, control},
    output::{NOTE, Printer, variant_json},
};

/// Changes a setting and prints what it was and what it is.
pub(crate) async fn run(args: &SetArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let settings = Settings::read(&control).await?;
    let setting = settings.get(&args.key)?;
    let key = &setting.key;
    let input = setting
        .form
        .parse(&args.value)
        .map_err(|why| Failure::Refused(format!("{key}: {}.", why.trim_end_matches('.'))))?;
    call(control.set_setting(key, &input.variant())).await?;
    let new = call(control.get_setting(key)).await?;
    let new = variant_json(&new);
    let mut printer = Printer::new();
    if args.json {
        printer
            .json(&json!({"key": key, "old": setting.value, "new": new, "unit": setting.unit()}));
    } else {
        printer.line(change_text(setting, &new));
        if let Some(note) = without_effect(&settings, setting) {
            printer.styled_line(note, NOTE);
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns "key: old -> new unit", or that nothing changed.
pub(super) fn change_text(setting: &Setting, new: &serde_json::Value) -> String {
    let (key, old, new_text) = (&setting.key, value_text(&setting.value), setting.with_unit(new));
    if *new == setting.value {
        format!("{key}: {new_text} already")
    } else {
        format!("{key}: {old} -> {new_text}")
    }
}

/// Returns a sentence when the stage that the setting belongs to is switched off.
fn without_effect(settings: &Settings, setting: &Setting) -> Option<String> {
    // Rules and choices turn app volume control on for single applications; the cap needs no leveller.
    if setting.section() == "app_volume" || setting.key == "leveller.cap_lufs" {
        return None;
    }
    let switch = format!("{}.enabled", setting.section());
    let is_off = settings.get(&switch).is_ok_and(|switch| switch.value == false);
    (is_off && setting.key != switch)
        .then(|| format!("It has no effect yet: {switch} is off (`headroom set {switch} on`)."))
}
