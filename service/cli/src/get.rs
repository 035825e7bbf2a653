//! `headroom get`: settings, read-only.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::Dict;
use serde_json::{Value, json};

use crate::{
    args::GetArgs,
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, Printer, dict_json, variant_json, variant_text},
};

/// Prints one setting, or the table of all.
pub(crate) async fn run(args: &GetArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    if let Some(key) = &args.key {
        let value = call(control.get_setting(key)).await?;
        if args.json {
            printer.json(&json!({"key": key, "value": variant_json(&value)}));
        } else {
            printer.line(variant_text(&value));
        }
    } else {
        let settings = call(control.list_settings()).await?;
        if args.json {
            printer.json(&dict_json(&settings));
        } else {
            printer.table(&["SETTING", "VALUE", "UNIT", "DEFAULT", "RANGE"], &rows(&settings));
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn rows(settings: &Dict) -> Vec<Vec<Cell>> {
    let sorted: BTreeMap<_, _> = settings.iter().collect();
    sorted
        .into_iter()
        .map(|(key, entry)| {
            let entry = variant_json(entry);
            let plain = |name: &str| match entry.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => String::new(),
            };
            let range = match (entry.get("min"), entry.get("max")) {
                (Some(min), Some(max)) => format!("{min} to {max}"),
                _ => String::new(),
            };
            vec![
                Cell::new(key),
                Cell::new(plain("value")).right(),
                Cell::new(plain("unit")),
                Cell::new(plain("default")).right().styled(FAINT),
                Cell::new(range).styled(FAINT),
            ]
        })
        .collect()
}
