//! `headroom history`: what was caught, and how loud it was.

mod chart;
mod csv;
mod time;

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{CatchRow, ControlProxy, HistoryRow};
use jiff::{Timestamp, Zoned};
use serde_json::json;

use crate::{
    args::{HistoryAction, HistoryArgs},
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, NOTE, Printer, dict_json, print_json},
};
use time::{Edge, moment, usec, zoned};

/// Columns of an application's name: the table fits a narrow terminal.
const NAME_COLUMNS: usize = 22;
/// Most catches that a table shows; the rest is counted.
const SHOWN: usize = 40;
const MINUTE_USEC: u64 = 60_000_000;
const HOUR_USEC: u64 = 60 * MINUTE_USEC;
const DAY_USEC: u64 = 24 * HOUR_USEC;

/// What was asked for, and what came.
struct Answer {
    now: Zoned,
    range_usec: (u64, u64),
    /// The newest first.
    catches: Vec<CatchRow>,
    steps: Vec<HistoryRow>,
    enabled: bool,
}

/// Shows the history, switches it or clears it.
pub(crate) async fn run(args: HistoryArgs) -> Result<ExitCode, Failure> {
    if let Some(action) = args.action {
        return act(action).await;
    }
    let now = Zoned::now();
    let at = |text: &str, edge| moment(text, edge, &now).map_err(Failure::Usage);
    let range = (at(&args.since, Edge::Begin)?, at(&args.until, Edge::End)?.min(now.timestamp()));
    if range.1 <= range.0 {
        return Err(Failure::Usage("--until is not after --since".to_owned()));
    }
    let control = control().await?;
    let answer = ask(&control, now, range, args.app.as_deref()).await?;
    let mut printer = Printer::new();
    if args.json {
        print_json(&answer.json())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.csv {
        Printer::verbatim(csv::catches(&answer.catches, &answer.now))?;
        return Ok(ExitCode::SUCCESS);
    }
    match args.plot {
        Some(Some(file)) => {
            chart::svg(&answer, &file)?;
            printer.line(format!("Drawn: {}", file.display()));
        }
        Some(None) => chart::print(&answer, &mut printer),
        None => answer.print(&mut printer),
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn act(action: HistoryAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        HistoryAction::On => {
            call(control.set_history_enabled(true)).await?;
            printer.line("on: what is caught and played is kept for 400 days");
        }
        HistoryAction::Off => {
            call(control.set_history_enabled(false)).await?;
            printer.line("off: nothing more is kept; `headroom history clear` forgets what was");
        }
        HistoryAction::Clear => {
            call(control.clear_history()).await?;
            printer.line("Forgotten: all that was caught and played.");
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for catches and steps, as long as a chart has use for.
async fn ask(
    control: &ControlProxy<'_>,
    now: Zoned,
    (since, until): (Timestamp, Timestamp),
    app: Option<&str>,
) -> Result<Answer, Failure> {
    let (since_usec, until_usec) = (usec(since), usec(until));
    let step_usec = match until_usec - since_usec {
        0..=HOUR_USEC => MINUTE_USEC,
        length if length <= 3 * DAY_USEC => HOUR_USEC,
        _ => DAY_USEC,
    };
    let is_asked = |name: &str| app.is_none_or(|app| name.to_lowercase() == app.to_lowercase());
    let catches = call(control.catches(since_usec, 0)).await?;
    let catches = catches.iter().map(CatchRow::from_dict);
    let catches = catches.filter(|row| row.begin_usec < until_usec && is_asked(&row.app));
    let steps = call(control.history(since_usec, until_usec, step_usec)).await?;
    let steps = steps.iter().map(HistoryRow::from_dict).filter(|row| is_asked(&row.app));
    Ok(Answer {
        range_usec: (since_usec, until_usec),
        catches: catches.collect(),
        steps: steps.collect(),
        enabled: call(control.history_enabled()).await?,
        now,
    })
}

/// One application over the whole time.
#[derive(Default)]
struct Total {
    played_s: f64,
    energy: [f64; 2],
    catches: u32,
}

fn power(lufs: f64) -> f64 {
    10.0_f64.powf(lufs * 0.1)
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        json!({
            "enabled": self.enabled,
            "since-usec": self.range_usec.0,
            "until-usec": self.range_usec.1,
            "catches": self.catches.iter().map(|row| dict_json(&row.to_dict())).collect::<Vec<_>>(),
            "steps": self.steps.iter().map(|row| dict_json(&row.to_dict())).collect::<Vec<_>>(),
        })
    }

    /// Returns each application, the one that was caught most often first.
    fn totals(&self) -> Vec<(&str, Total)> {
        let mut totals = BTreeMap::<&str, Total>::new();
        for row in &self.steps {
            let total = totals.entry(&row.app).or_default();
            total.played_s += row.played_s;
            total.catches += row.catches;
            for (sum, lufs) in
                total.energy.iter_mut().zip([row.loudness_in_lufs, row.loudness_out_lufs])
            {
                *sum += power(lufs) * row.played_s;
            }
        }
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_by(|(_, a), (_, b)| {
            b.catches.cmp(&a.catches).then(b.played_s.total_cmp(&a.played_s))
        });
        totals
    }

    fn print(&self, printer: &mut Printer) {
        let (since, until) =
            (zoned(self.range_usec.0, &self.now), zoned(self.range_usec.1, &self.now));
        let played_s: f64 = self.steps.iter().map(|row| row.played_s).sum();
        let caught = match self.catches.len() {
            0 => "Nothing was caught".to_owned(),
            1 => "1 catch".to_owned(),
            count => format!("{count} catches"),
        };
        printer.line(format!(
            "{caught} from {} to {}; {} played.",
            since.strftime("%Y-%m-%d %H:%M"),
            until.strftime("%Y-%m-%d %H:%M"),
            length(played_s)
        ));
        if !self.enabled {
            printer.styled_line(
                "The history is off: nothing new is kept. `headroom history on` turns it on.",
                NOTE,
            );
        }
        if !self.catches.is_empty() {
            printer.line("");
            let one_day = since.date() == until.date();
            let rows: Vec<_> =
                self.catches.iter().take(SHOWN).map(|row| self.row(row, one_day)).collect();
            printer.table(&["WHEN", "APP", "IN LUFS", "OUT LUFS", "LESS BY", "HELD", "BY"], &rows);
            if self.catches.len() > SHOWN {
                let more = self.catches.len() - SHOWN;
                printer.styled_line(format!("and {more} before; --csv and --json have all"), FAINT);
            }
        }
        // What was heard for less than a second and never caught has nothing to tell.
        let mut totals = self.totals();
        totals.retain(|(_, total)| total.played_s >= 1.0 || total.catches > 0);
        if totals.is_empty() {
            return;
        }
        printer.line("");
        let rows: Vec<_> = totals.iter().map(|(app, total)| total_row(app, total)).collect();
        printer.table(&["APP", "PLAYED", "IN LUFS", "OUT LUFS", "CATCHES"], &rows);
    }

    fn row(&self, row: &CatchRow, one_day: bool) -> Vec<Cell> {
        let form = if one_day { "%H:%M:%S" } else { "%m-%d %H:%M" };
        vec![
            Cell::new(zoned(row.begin_usec, &self.now).strftime(form).to_string()),
            Cell::new(name(&row.app)),
            level(row.loudness_in_lufs),
            level(row.loudness_out_lufs),
            level(row.saved_lu()),
            Cell::new(format!("{:.1} s", row.held_s)).right(),
            Cell::new(row.by.as_str()),
        ]
    }
}

fn total_row(app: &str, total: &Total) -> Vec<Cell> {
    let mean = |energy: f64| {
        if total.played_s > 0.0 && energy > 0.0 {
            level(10.0 * (energy / total.played_s).log10())
        } else {
            Cell::new("-").right()
        }
    };
    vec![
        Cell::new(name(app)),
        Cell::new(length(total.played_s)).right(),
        mean(total.energy[0]),
        mean(total.energy[1]),
        Cell::new(total.catches.to_string()).right(),
    ]
}

fn name(app: &str) -> String {
    if app.is_empty() {
        return "several at once".to_owned();
    }
    headroom_client::text::shorten(&headroom_api::visible(app), NAME_COLUMNS).into_owned()
}

fn level(lufs: f64) -> Cell {
    Cell::new(format!("{lufs:.1}")).right()
}

fn length(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
