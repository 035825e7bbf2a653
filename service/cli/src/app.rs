//! `headroom app`: one application softer, louder or less levelled than the others.

use std::{
    collections::{BTreeMap, HashMap},
    process::ExitCode,
};

use headroom_api::{ControlProxy, Dict, GaugeTable, dict_bool, dict_f64, dict_str, dict_u64};
use headroom_profile::{APP_SETTINGS, Kind, decimal};
use serde_json::{Value, json};

use crate::{
    args::{AppAction, JsonArgs},
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, HEADING, NOTE, Printer, dict_json, number, round_db},
    settings::Form,
    streams,
};

/// What is shown of what a stream's chain does, with its column.
const GAUGES: [(&str, &str); 4] = [
    ("loudness-in-lufs", "IN LUFS"),
    ("agc-gain-db", "GAIN dB"),
    ("compressor-db", "COMP dB"),
    ("loudness-out-lufs", "OUT LUFS"),
];

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
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn list(
    control: &ControlProxy<'_>,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let streams = streams::read(control).await?;
    let gauges = streams::gauges(control).await?;
    let choices: BTreeMap<_, _> = call(control.app_settings()).await?.into_iter().collect();
    if args.json {
        let streams: Value = streams.iter().map(|stream| stream_json(stream, &gauges)).collect();
        let choices: BTreeMap<_, _> =
            choices.iter().map(|(app, choice)| (app, dict_json(choice))).collect();
        printer.json(&json!({"choices": choices, "streams": streams}));
        return Ok(());
    }
    if streams.is_empty() {
        printer.styled_line("Nothing is playing.", FAINT);
    } else {
        let rows: Vec<_> = streams.iter().map(|stream| row(stream, &gauges)).collect();
        let mut heading = vec!["ID", "APPLICATION", "CHAIN", "OFFSET dB", "STRENGTH"];
        heading.extend(GAUGES.map(|(_, column)| column));
        printer.table(&heading, &rows);
    }
    printer.line("");
    if choices.is_empty() {
        printer.styled_line("Nothing of your own for any application.", FAINT);
        return Ok(());
    }
    let rows: Vec<_> = choices.iter().flat_map(|(app, choice)| choice_rows(app, choice)).collect();
    printer.table(&["YOURS FOR", "SETTING", "VALUE"], &rows);
    Ok(())
}

fn row(stream: &Dict, gauges: &HashMap<u64, GaugeTable>) -> Vec<Cell> {
    let id = dict_u64(stream, "id").unwrap_or_default();
    let wanted = |key| dict_f64(stream, key).map_or_else(|| "-".to_owned(), number_text);
    let mut row = vec![
        Cell::new(id.to_string()).right(),
        Cell::new(dict_str(stream, "app").unwrap_or_default()),
        Cell::new(chain_text(stream)),
        Cell::new(wanted("offset-db")).right(),
        Cell::new(wanted("strength")).right(),
    ];
    row.extend(GAUGES.map(|(name, _)| {
        let cell = Cell::new(streams::gauge_text(gauges.get(&id), name)).right();
        if name.ends_with("-lufs") { cell.styled(HEADING) } else { cell.styled(FAINT) }
    }));
    row
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

fn stream_json(stream: &Dict, gauges: &HashMap<u64, GaugeTable>) -> Value {
    let id = dict_u64(stream, "id").unwrap_or_default();
    let wanted = |key| dict_f64(stream, key).map_or(Value::Null, number);
    let mut entry = json!({
        "id": id,
        "app": dict_str(stream, "app"),
        "chain": dict_str(stream, "chain"),
        "offset-db": wanted("offset-db"),
        "strength": wanted("strength"),
        "own-chain": dict_bool(stream, "own-chain"),
    });
    for (name, _) in GAUGES {
        let gauge = gauges.get(&id).and_then(|gauges| gauges.get(name));
        entry[name] = gauge.map_or(Value::Null, |db| number(*db));
    }
    entry
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

fn on_text(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
