//! `headroom get`: one value for a shell, or a table for a person.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};

use super::{Setting, Settings, count_text, value_text};
use crate::{
    args::GetArgs,
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, NOTE, Printer},
};

/// Prints the bare value of a setting, or the table of a section or of all.
pub(crate) async fn run(args: &GetArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let settings = Settings::read(&control).await?;
    let mut printer = Printer::new();
    let chosen = match &args.key {
        Some(key) => settings.select(key)?,
        None => settings.iter().collect(),
    };
    match (chosen.as_slice(), &args.key) {
        ([setting], Some(key)) if setting.key == *key => {
            if args.json {
                printer.json(&entry(&settings, setting));
            } else if args.long {
                print_long(&mut printer, setting);
            } else {
                printer.line(value_text(&setting.value));
            }
        }
        _ if args.json => {
            let all = settings.json();
            let chosen: BTreeMap<&str, &Value> =
                chosen.iter().map(|setting| (setting.key.as_str(), &all[&setting.key])).collect();
            printer.json(&json!(chosen));
        }
        _ => {
            let profile = call(control.active_profile()).await?;
            print_table(&mut printer, &chosen, args.long, &profile);
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns everything that is known of a setting, with its key.
fn entry(settings: &Settings, setting: &Setting) -> Value {
    let mut entry = settings.json()[&setting.key].clone();
    entry["key"] = setting.key.as_str().into();
    entry
}

fn print_long(printer: &mut Printer, setting: &Setting) {
    let row = |name, text: String| vec![Cell::new(name).styled(FAINT), Cell::sentence(text)];
    printer.table(
        &[],
        &[
            row("Value", setting.with_unit(&setting.value)),
            row("Profile's own", setting.with_unit(&setting.default)),
            row("Accepted", setting.form.to_string()),
            row("What it does", setting.description.clone()),
        ],
    );
}

fn print_table(printer: &mut Printer, settings: &[&Setting], long: bool, profile: &str) {
    let mut rows = Vec::new();
    let mut section = None;
    for setting in settings {
        if section.is_some_and(|section| section != setting.section()) {
            rows.push(Vec::new());
        }
        section = Some(setting.section());
        rows.push(row(setting, long));
    }
    let mut heading = vec!["", "SETTING", "VALUE", "UNIT", "PROFILE", "ACCEPTED"];
    if long {
        heading.push("WHAT IT DOES");
    }
    printer.table(&heading, &rows);
    printer.line("");
    match settings.iter().filter(|setting| setting.is_changed).count() {
        0 => printer.styled_line(format!("All as the profile '{profile}' has it."), FAINT),
        count => printer.styled_line(
            format!(
                "{}, marked *; `headroom reset` gives one, or all, back to the profile '{profile}'.",
                count_text(count)
            ),
            NOTE,
        ),
    }
}

fn row(setting: &Setting, long: bool) -> Vec<Cell> {
    let (mark, default) =
        if setting.is_changed { ("*", value_text(&setting.default)) } else { ("", String::new()) };
    // The unit has a column of its own.
    let accepted = match (&setting.form.to_string(), setting.unit()) {
        (text, "") => text.clone(),
        (text, unit) => text.replacen(&format!(" {unit}"), "", 1),
    };
    let mut row = vec![
        Cell::new(mark).styled(NOTE),
        Cell::new(&setting.key),
        Cell::new(value_text(&setting.value)).right(),
        Cell::new(setting.unit()),
        Cell::new(default).right().styled(NOTE),
        Cell::new(accepted).styled(FAINT),
    ];
    if long {
        row.push(Cell::sentence(&setting.description));
    }
    row
}
