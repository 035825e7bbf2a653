//! `headroom level`: level control, stream by stream.

use std::{
    collections::{BTreeMap, HashMap},
    process::ExitCode,
};

use headroom_api::{ControlProxy, Dict, GaugeTable, dict_bool, dict_str, dict_u64};
use serde_json::{Value, json};

use crate::{
    args::{JsonArgs, LevelAction},
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, GOOD, HEADING, Printer, number},
    streams,
};

/// What is shown of a stream's gauges.
const GAUGES: [&str; 3] = ["level-db", "peak-dbfs", "rms-dbfs"];

/// Lists, switches or resets level control.
pub(crate) async fn run(action: LevelAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        LevelAction::List(args) => list(&control, &args, &mut printer).await?,
        LevelAction::On(args) => switch(&control, &args.app, true, &mut printer).await?,
        LevelAction::Off(args) => switch(&control, &args.app, false, &mut printer).await?,
        LevelAction::Reset { stream } => reset(&control, &stream, &mut printer).await?,
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
    let choices: BTreeMap<_, _> = call(control.level_control()).await?.into_iter().collect();
    if args.json {
        let streams: Value = streams.iter().map(|stream| stream_json(stream, &gauges)).collect();
        printer.json(&json!({"choices": choices, "streams": streams}));
        return Ok(());
    }
    if streams.is_empty() {
        printer.styled_line("Nothing is playing.", FAINT);
    } else {
        let rows: Vec<_> = streams.iter().map(|stream| row(stream, &gauges)).collect();
        printer.table(&["ID", "APPLICATION", "LEVEL", "GAIN dB", "PEAK dBFS", "RMS dBFS"], &rows);
    }
    printer.line("");
    if choices.is_empty() {
        printer.styled_line("No choices of your own; the profile decides.", FAINT);
        return Ok(());
    }
    let rows: Vec<_> =
        choices.iter().map(|(app, on)| vec![Cell::new(app), Cell::new(on_text(*on))]).collect();
    printer.table(&["YOUR CHOICE FOR", "LEVEL"], &rows);
    Ok(())
}

fn row(stream: &Dict, gauges: &HashMap<u64, GaugeTable>) -> Vec<Cell> {
    let id = dict_u64(stream, "id").unwrap_or_default();
    let is_on = dict_bool(stream, "level").unwrap_or(false);
    let mut row = vec![
        Cell::new(id.to_string()).right(),
        Cell::new(dict_str(stream, "app").unwrap_or_default()),
        Cell::new(on_text(is_on)).styled(if is_on { GOOD } else { FAINT }),
    ];
    row.extend(GAUGES.map(|name| {
        let cell = Cell::new(streams::gauge_text(gauges.get(&id), name)).right();
        if name == "level-db" { cell.styled(HEADING) } else { cell.styled(FAINT) }
    }));
    row
}

fn stream_json(stream: &Dict, gauges: &HashMap<u64, GaugeTable>) -> Value {
    let id = dict_u64(stream, "id").unwrap_or_default();
    let mut entry = json!({
        "id": id,
        "app": dict_str(stream, "app"),
        "level": dict_bool(stream, "level").unwrap_or(false),
    });
    for name in GAUGES {
        let gauge = gauges.get(&id).and_then(|gauges| gauges.get(name));
        entry[name] = gauge.map_or(Value::Null, |db| number(*db));
    }
    entry
}

async fn switch(
    control: &ControlProxy<'_>,
    app: &str,
    on: bool,
    printer: &mut Printer,
) -> Result<(), Failure> {
    call(control.set_level_control(app, on)).await?;
    printer.line(format!("{app}: level control {}", on_text(on)));
    if streams::matching(&streams::read(control).await?, app).is_empty() {
        printer.styled_line("Nothing of that name plays now; it counts when it does.", FAINT);
    }
    Ok(())
}

/// Forgets the user's choice for an application, and gives its streams, or one, back to the profile.
async fn reset(
    control: &ControlProxy<'_>,
    word: &str,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let choices = call(control.level_control()).await?;
    let choice = choices.into_keys().find(|app| app.to_lowercase() == word.to_lowercase());
    if let Some(app) = &choice {
        call(control.unset_level_control(app)).await?;
        printer.line(format!("{app}: no choice of your own any more"));
    }
    let ids = match streams::find(control, word).await {
        Err(Failure::Refused(_)) if choice.is_some() => return Ok(()),
        // A choice may go by a number that no stream has.
        Ok(ids) if choice.is_some() => {
            let streams = streams::read(control).await?;
            ids.into_iter().filter(|id| streams::has(&streams, *id)).collect()
        }
        found => found?,
    };
    for id in &ids {
        call(control.reset_level_control(*id)).await?;
    }
    let streams = streams::read(control).await?;
    for stream in &streams {
        let Some(id) = dict_u64(stream, "id").filter(|id| ids.contains(id)) else { continue };
        let app = dict_str(stream, "app").unwrap_or_default();
        let is_on = dict_bool(stream, "level").unwrap_or(false);
        printer
            .line(format!("{id} {app}: level control {}, as the profile has it", on_text(is_on)));
    }
    Ok(())
}

fn on_text(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
