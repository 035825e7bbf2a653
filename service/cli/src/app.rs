//! `headroom app`: one application softer, louder or less levelled than the others.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{ControlProxy, Dict, dict_bool, dict_f64, dict_str, dict_u64};
use headroom_profile::{APP_SETTINGS, Kind, decimal};
use serde_json::Value;

use crate::{
    args::{AppAction, JsonArgs},
    failure::Failure,
    link::{call, control},
    listing::{Choices, Listing},
    output::{Cell, FAINT, HEADING, NOTE, Printer, dict_json, number, on_text, round_db},
    settings::Form,
    streams,
};

/// Lists, sets or resets what one application gets.
pub(crate) async fn run(action: AppAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        AppAction::List(args) => list(&control, &args, &mut printer).await?,
        AppAction::Set { app, key, value } => {
            set(&control, &app, &key, &value, &mut printer).await?;
        }
        AppAction::Reset { app, key } => {
            let key = key.unwrap_or_default();
            call(control.reset_app_setting(&app, &key)).await?;
            let what = if key.is_empty() { "nothing" } else { &format!("no {key}") };
            printer.line(format!("{app}: {what} of your own any more"));
        }
        AppAction::Forget { app, .. } => {
            call(control.forget_levels(app.as_deref().unwrap_or_default())).await?;
            let whose = app.as_deref().unwrap_or("every application");
            printer.line(format!("Forgotten: how loud {whose} plays."));
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn list(
    control: &ControlProxy<'_>,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let choices: BTreeMap<_, _> = call(control.app_settings()).await?.into_iter().collect();
    let has_choices = !choices.is_empty();
    let listing = Listing {
        columns: &[
            ("CHAIN", |stream| Cell::new(chain_text(stream))),
            ("OFFSET dB", |stream| wanted_cell(stream, "offset-db")),
            ("STRENGTH", |stream| wanted_cell(stream, "strength")),
        ],
        members: &[
            ("chain", |stream| dict_str(stream, "chain").into()),
            ("offset-db", |stream| dict_f64(stream, "offset-db").map_or(Value::Null, number)),
            ("strength", |stream| dict_f64(stream, "strength").map_or(Value::Null, number)),
            ("own-chain", |stream| dict_bool(stream, "own-chain").into()),
        ],
        gauges: &[
            ("loudness-in-lufs", "IN LUFS", HEADING),
            ("loudness-out-lufs", "OUT LUFS", HEADING),
        ],
        has_done: true,
        choices: Choices {
            heading: &["YOURS FOR", "SETTING", "VALUE"],
            rows: choices.iter().flat_map(|(app, choice)| choice_rows(app, choice)).collect(),
            none: "Nothing of your own for any application.",
            json: choices.iter().map(|(app, choice)| (app.clone(), dict_json(choice))).collect(),
        },
    };
    listing.print(control, args.json, printer).await?;
    if has_choices && !args.json {
        tell_what_waits(control, printer).await?;
    }
    Ok(())
}

/// Says so when the active profile has no use for settings of applications.
async fn tell_what_waits(control: &ControlProxy<'_>, printer: &mut Printer) -> Result<(), Failure> {
    let name = call(control.active_profile()).await?;
    let text = call(control.show_profile(&name)).await?;
    // What a newer service writes there is its own affair.
    let profile = text.parse::<toml::Table>().unwrap_or_default();
    if profile.get("chains").and_then(toml::Value::as_str) == Some("shared") {
        let note = format!(
            "The profile '{name}' levels all applications together: this counts with one that has \
             chains = \"per-app\"."
        );
        printer.styled_line(&note, NOTE);
    }
    Ok(())
}

fn wanted_cell(stream: &Dict, key: &str) -> Cell {
    let text = dict_f64(stream, key).map_or_else(|| "-".to_owned(), number_text);
    Cell::new(text).right()
}

/// Returns in a word what works on a stream.
fn chain_text(stream: &Dict) -> &str {
    match dict_str(stream, "chain") {
        Some("app") => "own",
        Some("bus") if dict_bool(stream, "own-chain") == Some(false) => "limiter",
        Some("bus") => "shared",
        Some("none") | None => "-",
        Some(other) => other,
    }
}

fn choice_rows(app: &str, choice: &Dict) -> Vec<Vec<Cell>> {
    let keys = APP_SETTINGS.iter().filter_map(|info| {
        let text = match info.kind {
            Kind::Switch => on_text(dict_bool(choice, info.key)?).to_owned(),
            _ => number_text(dict_f64(choice, info.key)?),
        };
        Some(vec![Cell::new(app), Cell::new(info.key), Cell::new(text)])
    });
    keys.collect()
}

async fn set(
    control: &ControlProxy<'_>,
    app: &str,
    key: &str,
    value: &str,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let refused = |why: String| Failure::Refused(format!("{key}: {}.", why.trim_end_matches('.')));
    let form = form(key).ok_or_else(|| refused("there is no such setting".to_owned()))?;
    let input = form.parse(value).map_err(refused)?;
    call(control.set_app_setting(app, key, &input.variant())).await?;
    printer.line(format!("{app}: {key} {}", value.trim()));
    let streams = streams::read(control).await?;
    let ids = streams::matching(&streams, app);
    let mut own = streams.iter().filter(|s| dict_u64(s, "id").is_some_and(|id| ids.contains(&id)));
    if ids.is_empty() {
        printer.styled_line("Nothing of that name plays now; it counts when it does.", FAINT);
    } else if own.all(|stream| dict_str(stream, "route") != Some("processed")) {
        let note =
            "It plays past Headroom now; it counts when it is processed (`headroom explain`).";
        printer.styled_line(note, NOTE);
    } else {
        tell_what_waits(control, printer).await?;
    }
    Ok(())
}

/// Returns what a key accepts.
fn form(key: &str) -> Option<Form> {
    let info = APP_SETTINGS.iter().find(|info| info.key == key)?;
    Some(info.kind.range().map_or(Form::Switch, |range| Form::Number {
        min: decimal(range.min),
        max: decimal(range.max),
        unit: range.unit.to_owned(),
        words: Vec::new(),
    }))
}

fn number_text(number: f64) -> String {
    round_db(number, 2).to_string()
}
