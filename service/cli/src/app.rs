//! `headroom app`: one application softer, louder or less levelled than the others.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{
    ChainKind, Chains, ControlProxy, Dict, StreamRoute, StreamRow, dict_bool, dict_f64,
};
use headroom_profile::{APP_SETTINGS, Kind, decimal};

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
            ("OFFSET dB", |stream| Cell::new(number_text(stream.offset_db)).right()),
            ("STRENGTH", |stream| Cell::new(number_text(stream.strength)).right()),
        ],
        members: &[
            ("chain", |stream| stream.chain.as_str().into()),
            ("offset-db", |stream| number(stream.offset_db)),
            ("strength", |stream| number(stream.strength)),
            ("own-chain", |stream| stream.own_chain.into()),
        ],
        gauges: &[
            ("loudness-in-lufs", "IN LUFS", HEADING, |gauges| Some(gauges.chain?.loudness_in_lufs)),
            ("loudness-out-lufs", "OUT LUFS", HEADING, |gauges| {
                Some(gauges.chain?.loudness_out_lufs)
            }),
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
    if call(control.chains()).await?.parse() == Ok(Chains::Shared) {
        let name = call(control.active_profile()).await?;
        let note = format!(
            "The profile '{name}' levels all applications together: this counts with one that has \
             chains = \"per-app\"."
        );
        printer.styled_line(&note, NOTE);
    }
    Ok(())
}

/// Returns in a word what works on a stream.
fn chain_text(stream: &StreamRow) -> &str {
    match stream.chain.known() {
        Some(ChainKind::App) => "own",
        Some(ChainKind::Bus) if !stream.own_chain => "limiter",
        Some(ChainKind::Bus) => "shared",
        Some(ChainKind::Device) => "device",
        Some(ChainKind::None) => "-",
        None if stream.chain.as_str().is_empty() => "-",
        None => stream.chain.as_str(),
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
    let mut own = streams.iter().filter(|stream| ids.contains(&stream.id));
    if ids.is_empty() {
        printer.styled_line("Nothing of that name plays now; it counts when it does.", FAINT);
    } else if own.all(|stream| stream.route.known() != Some(StreamRoute::Processed)) {
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
