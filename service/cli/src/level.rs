//! `headroom level`: app volume control, stream by stream.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::ControlProxy;
use serde_json::json;

use crate::{
    args::{JsonArgs, LevelAction},
    failure::Failure,
    link::{call, control},
    listing::{Choices, Listing},
    output::{Cell, FAINT, GOOD, HEADING, Printer, on_text},
    streams,
};

/// Lists, switches or resets app volume control.
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
    let choices: BTreeMap<_, _> = call(control.level_control()).await?.into_iter().collect();
    let row = |(app, on): (&String, &bool)| vec![Cell::new(app), Cell::new(on_text(*on))];
    let listing = Listing {
        columns: &[("LEVEL", |stream| {
            Cell::new(on_text(stream.level)).styled(if stream.level { GOOD } else { FAINT })
        })],
        members: &[("level", |stream| stream.level.into())],
        gauges: &[
            ("level-db", "GAIN dB", HEADING, |gauges| Some(gauges.own.level_db)),
            ("peak-dbfs", "PEAK dBFS", FAINT, |gauges| Some(gauges.own.peak_dbfs)),
            ("rms-dbfs", "RMS dBFS", FAINT, |gauges| Some(gauges.own.rms_dbfs)),
        ],
        has_done: false,
        choices: Choices {
            heading: &["YOUR CHOICE FOR", "LEVEL"],
            rows: choices.iter().map(row).collect(),
            none: "No choices of your own; the profile decides.",
            json: json!(choices),
        },
    };
    listing.print(control, args.json, printer).await
}

async fn switch(
    control: &ControlProxy<'_>,
    app: &str,
    on: bool,
    printer: &mut Printer,
) -> Result<(), Failure> {
    call(control.set_level_control(app, on)).await?;
    printer.line(format!("{app}: app volume control {}", on_text(on)));
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
    for stream in streams.iter().filter(|stream| ids.contains(&stream.id)) {
        let (id, app, on) = (stream.id, &stream.app, on_text(stream.level));
        printer.line(format!("{id} {app}: app volume control {on}, as the profile has it"));
    }
    Ok(())
}
