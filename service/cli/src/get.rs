//! `headroom get`: settings, read-only.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::Dict;
use serde_json::{Value, json};

use crate::{
    args::GetArgs,
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, Printer, dict_json, round_db, variant_json},
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
            printer.line(text(&variant_json(&value)));
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
            let plain = |name: &str| entry.get(name).map(text).unwrap_or_default();
            let range = match (entry.get("min"), entry.get("max")) {
                (Some(min), Some(max)) => format!("{} to {}", text(min), text(max)),
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

/// Returns a value without the digits that single precision does not have.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) => round_db(number, 5).to_string(),
            None => number.to_string(),
        },
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_shown_as_they_were_written() {
        assert_eq!(text(&json!(-0.100_000_001_490_116_12)), "-0.1");
        assert_eq!(text(&json!(-12.0)), "-12");
        assert_eq!(text(&json!(true)), "true");
        assert_eq!(text(&json!("auto")), "auto");
    }
}
