//! `headroom app`: what each application gets, and how much louder or softer than the others.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{
    Chains, ControlProxy, Explanation, StreamRow, Treatment, TreatmentRow, Word, dict_str,
};
use headroom_client::{json::dict_json, treatments};
use headroom_profile::{APP_SETTINGS, decimal};
use serde_json::json;

use crate::{
    args::{AppAction, JsonArgs},
    failure::Failure,
    link::{call, control},
    listing::{Choices, Listing},
    output::{Cell, FAINT, HEADING, NOTE, Printer, number, print_json, round_db},
    settings::{Form, Input, near},
    streams,
};

/// Lists, chooses, shows or forgets what one application gets.
pub(crate) async fn run(action: AppAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        AppAction::List(args) => list(&control, &args, &mut printer).await?,
        AppAction::Set { app, treatment, offset } => {
            set(&control, &app, &treatment, offset.as_deref(), &mut printer).await?;
        }
        AppAction::Show { app, json } => show(&control, &app, &json, &mut printer).await?,
        AppAction::Unset { app } => {
            let chosen = treatments(&control).await?;
            if find(&chosen, &app).is_none()
                && let Some(near) = near(&app, chosen.keys().map(String::as_str))
            {
                return Err(Failure::Refused(format!(
                    "Nothing is chosen for '{app}'. Did you mean {near}?"
                )));
            }
            call(control.unset_treatment(&app)).await?;
            printer.line(format!("{app}: the profile decides again"));
        }
        AppAction::ForgetEffects => {
            call(control.forget_effects()).await?;
            printer.line("Forgotten: the devices of effects programs that are gone.");
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
    let chosen = treatments(control).await?;
    let listing = Listing {
        columns: &[
            ("GETS", |stream| Cell::new(gets(stream))),
            ("OFFSET dB", |stream| Cell::new(number_text(stream.offset_db)).right()),
        ],
        members: &[
            ("treatment", |stream| stream.treatment.as_str().into()),
            ("offset-db", |stream| number(stream.offset_db)),
            ("strength", |stream| number(stream.strength)),
            ("chain", |stream| stream.chain.as_str().into()),
        ],
        gauges: &[
            ("loudness-in-lufs", "IN LUFS", HEADING, |gauges| Some(gauges.chain?.loudness_in_lufs)),
            ("loudness-out-lufs", "OUT LUFS", HEADING, |gauges| {
                Some(gauges.chain?.loudness_out_lufs)
            }),
        ],
        has_done: true,
        choices: Some(Choices {
            heading: &["YOU CHOSE FOR", "TREATMENT", "OFFSET dB"],
            rows: chosen.iter().map(|(app, row)| choice_row(app, row)).collect(),
            none: "Nothing chosen for any application; the profile decides.",
            json: chosen
                .iter()
                .map(|(app, row)| (app.clone(), dict_json(&row.to_dict())))
                .collect(),
        }),
    };
    listing.print(control, args.json, printer).await?;
    if !args.json && chosen.values().any(wants_chain) {
        tell_what_waits(control, printer).await?;
    }
    Ok(())
}

fn gets(stream: &StreamRow) -> &str {
    match stream.treatment.as_str() {
        "" => "-",
        treatment => treatment,
    }
}

fn choice_row(app: &str, row: &TreatmentRow) -> Vec<Cell> {
    vec![
        Cell::new(app),
        Cell::new(row.treatment.as_str()),
        Cell::new(number_text(row.offset_db)).right(),
    ]
}

/// Says whether a choice acts in a chain of the application's own.
fn wants_chain(row: &TreatmentRow) -> bool {
    let is_in_chain =
        matches!(row.treatment.known(), Some(Treatment::EvenOut | Treatment::LimitOnly));
    is_in_chain || row.offset_db != 0.0
}

/// Says so when the active profile has no chains for single applications.
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

/// Returns what was chosen for an application under this name, in any case.
fn find<'a>(
    chosen: &'a BTreeMap<String, TreatmentRow>,
    app: &str,
) -> Option<(&'a str, &'a TreatmentRow)> {
    let is_same =
        |(known, _): &(&String, &TreatmentRow)| known.to_lowercase() == app.to_lowercase();
    chosen.iter().find(is_same).map(|(known, row)| (known.as_str(), row))
}

async fn set(
    control: &ControlProxy<'_>,
    app: &str,
    treatment: &str,
    offset: Option<&str>,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let offset_db = match offset {
        Some(text) => parse_offset(text)?,
        None => find(&treatments(control).await?, app).map_or(0.0, |(_, row)| row.offset_db),
    };
    call(control.set_treatment(app, treatment, offset_db)).await?;
    let row = TreatmentRow { treatment: Word::of(treatment), offset_db };
    printer.line(format!("{app}: {}", choice_text(&row)));
    let playing = streams::read(control).await?;
    if streams::matching(&playing, app).is_empty() {
        printer.styled_line("Nothing of that name plays now; it counts when it does.", FAINT);
        let names = playing.iter().flat_map(|stream| [&*stream.app, &*stream.binary]);
        if let Some(near) = near(app, names) {
            printer.styled_line(format!("What plays is called {near}."), NOTE);
        }
    } else if wants_chain(&row) {
        tell_what_waits(control, printer).await?;
    }
    Ok(())
}

async fn show(
    control: &ControlProxy<'_>,
    app: &str,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let chosen = treatments(control).await?;
    let chosen = find(&chosen, app);
    let all = streams::read(control).await?;
    let ids = streams::matching(&all, app);
    if chosen.is_none() && ids.is_empty() {
        let text = format!("nothing is chosen for '{app}', and nothing of that name plays");
        return Err(Failure::Refused(text));
    }
    let mut told = Vec::new();
    for id in ids {
        told.push(call(control.explain(id)).await?);
    }
    if args.json {
        let streams: Vec<_> = told.iter().map(dict_json).collect();
        let chosen = chosen.map(|(_, row)| dict_json(&row.to_dict()));
        return Ok(print_json(&json!({ "chosen": chosen, "streams": streams }))?);
    }
    let text = chosen.map_or_else(
        || "nothing: the profile decides".to_owned(),
        |(known, row)| format!("{} (for '{known}')", choice_text(row)),
    );
    let mut rows = vec![vec![Cell::new("You chose").styled(HEADING), Cell::sentence(text)]];
    for told in &told {
        let why = dict_str(told, "reason").unwrap_or_default();
        let Explanation { stream, .. } = Explanation::from_dict(told);
        let row = TreatmentRow { treatment: stream.treatment.clone(), offset_db: stream.offset_db };
        let name = Cell::new(format!("Stream {}", stream.id)).styled(HEADING);
        rows.push(vec![name, Cell::sentence(format!("{}: {why}", choice_text(&row)))]);
    }
    printer.table(&[], &rows);
    Ok(())
}

/// Returns a treatment in words, such as `even-out, 3 dB softer`.
fn choice_text(row: &TreatmentRow) -> String {
    let treatment = row.treatment.as_str();
    let db = round_db(row.offset_db.abs(), 2);
    match row.offset_db {
        offset_db if offset_db < 0.0 => format!("{treatment}, {db} dB softer"),
        offset_db if offset_db > 0.0 => format!("{treatment}, {db} dB louder"),
        _ => treatment.to_owned(),
    }
}

/// Reads an offset as it is typed, with its unit or without.
fn parse_offset(text: &str) -> Result<f64, Failure> {
    let refused = |why: &str| Failure::Refused(format!("--offset: {}.", why.trim_end_matches('.')));
    let info = APP_SETTINGS.iter().find(|info| info.key == "offset_db");
    let range = info.and_then(|info| info.kind.range());
    let range = range.ok_or_else(|| refused("it has no range"))?;
    let form = Form::Number {
        min: decimal(range.min),
        max: decimal(range.max),
        unit: range.unit.to_owned(),
        words: Vec::new(),
    };
    match form.parse(text).map_err(|why| refused(&why))? {
        Input::Number(offset_db) => Ok(offset_db),
        Input::Switch(_) | Input::Word(_) => Err(refused("it takes a number")),
    }
}

fn number_text(number: f64) -> String {
    round_db(number, 2).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choice_is_told_in_words() {
        for (treatment, offset_db, text) in [
            ("even-out", 0.0, "even-out"),
            ("automatic", -3.0, "automatic, 3 dB softer"),
            ("of-tomorrow", 1.5, "of-tomorrow, 1.5 dB louder"),
        ] {
            let row = TreatmentRow { treatment: Word::of(treatment), offset_db };
            assert_eq!(choice_text(&row), text);
        }
    }

    #[test]
    fn only_what_a_chain_does_waits_for_one() {
        for (treatment, offset_db, waits) in [
            (Treatment::Automatic, 0.0, false),
            (Treatment::Automatic, 1.0, true),
            (Treatment::EvenOut, 0.0, true),
            (Treatment::LimitOnly, 0.0, true),
            (Treatment::LeaveAlone, 0.0, false),
        ] {
            let row = TreatmentRow { treatment: treatment.into(), offset_db };
            assert_eq!(wants_chain(&row), waits, "{treatment}");
        }
    }
}
