//! `headroom exposure`: how much sound reached each device, week by week, and what of it is a dose.

mod calibration;
mod warnings;

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use headroom_api::{CalibratedBy, ExposureRow};
use headroom_client::json::{dict_json, round_db};
use serde_json::json;

use crate::{
    args::{ExposureAction, ExposureArgs},
    device::Known,
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, NOTE, Printer, print_json},
};

const MINUTE_USEC: u64 = 60_000_000;
const WEEK_USEC: u64 = 7 * 24 * 60 * MINUTE_USEC;
/// A difference that says nothing, in dB.
const ALIKE_DB: f64 = 1.0;

/// Shows exposure, has it counted or not, or calibrates a device.
pub(crate) async fn run(args: ExposureArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match args.action {
        None => {
            let until = now_usec();
            let from = until.saturating_sub(u64::from(args.weeks) * WEEK_USEC);
            let rows = call(control.exposure(from, until, WEEK_USEC)).await?;
            let enabled = call(control.exposure_enabled()).await?;
            if args.json {
                let rows: Vec<_> = rows.iter().map(dict_json).collect();
                let warnings = call(control.exposure_warnings()).await?;
                print_json(&json!({ "enabled": enabled, "warnings": warnings, "weeks": rows }))?;
                return Ok(ExitCode::SUCCESS);
            }
            let rows: Vec<_> = rows.iter().map(ExposureRow::from_dict).collect();
            let devices = Known::read(&control).await?;
            show(&rows, until, enabled, &devices, &mut printer);
        }
        Some(ExposureAction::On) => {
            call(control.set_exposure_enabled(true)).await?;
            printer
                .line("on: how much sound reaches your devices is counted, and kept for 400 days");
        }
        Some(ExposureAction::Off) => {
            call(control.set_exposure_enabled(false)).await?;
            printer.line("off: nothing more is counted; `headroom history clear` forgets what was");
        }
        Some(ExposureAction::Warnings { action }) => {
            let (state, silent) = warnings::run(&control, action).await?;
            printer.line(state);
            if let Some(silent) = silent {
                printer.styled_line(silent, NOTE);
            }
        }
        Some(ExposureAction::Calibrate(args)) => {
            printer.line(calibration::calibrate(&control, &args).await?);
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns now by the wall clock, in microseconds.
fn now_usec() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

fn show(rows: &[ExposureRow], until: u64, enabled: bool, devices: &Known, printer: &mut Printer) {
    if !enabled {
        printer.styled_line("Nothing is counted now: `headroom exposure on` has it counted.", NOTE);
    }
    let mut by_device: BTreeMap<&str, Vec<&ExposureRow>> = BTreeMap::new();
    for row in rows {
        by_device.entry(&row.device).or_default().push(row);
    }
    if rows.is_empty() {
        return printer.line("No sound was counted in this time.");
    }
    let mut cells = Vec::new();
    for (device, weeks) in &by_device {
        for (at, week) in weeks.iter().enumerate() {
            let is_next =
                |before: &&&ExposureRow| week.begin_usec < before.begin_usec + 2 * WEEK_USEC;
            let before = at.checked_sub(1).map(|at| &weeks[at]).filter(is_next);
            cells.push(vec![
                Cell::new(if at == 0 { devices.shown(device) } else { "" }),
                Cell::new(week_text(week, until)),
                Cell::new(format!("{:.1}", week.played_s / 3600.0)).right(),
                Cell::new(dose_text(week)).right(),
                Cell::sentence(before.map_or_else(|| "-".to_owned(), |before| trend(before, week))),
            ]);
        }
    }
    printer.table(&["DEVICE", "WEEK", "HOURS", "DOSE", "BESIDE THE WEEK BEFORE"], &cells);
    for line in footnotes(rows) {
        printer.styled_line(line, FAINT);
    }
}

/// Says how sure what is shown is.
fn footnotes(rows: &[ExposureRow]) -> Vec<&'static str> {
    let mut lines = Vec::new();
    if rows.iter().any(|row| row.dose.is_none()) {
        lines.extend([
            "Without a calibration nobody knows how loud that was at your ear: headphones",
            "and outputs differ by some 15 dB either way. Compare weeks of one device alone,",
            "or see `headroom exposure calibrate --help`.",
        ]);
    }
    if rows.iter().any(|row| row.dose.is_some()) {
        lines.extend([
            "A dose of 100 % is 80 dB(A) for 40 hours in a week (ITU-T H.870, for adults).",
        ]);
    }
    let known = |row: &ExposureRow| row.calibrated_by.as_ref().and_then(headroom_api::Word::known);
    let is_by = |by| rows.iter().any(|row| known(row) == Some(by));
    if is_by(CalibratedBy::Sensitivity) {
        lines.extend([
            "By a sensitivity it is off by what the voltage of the output is off: twice the",
            "voltage is 6 dB, which is four times the dose.",
        ]);
    }
    if is_by(CalibratedBy::Trim) {
        lines.extend([
            "By what is usual for headphones it can be off by some 15 dB, which is 30 times",
            "the dose.",
        ]);
    }
    if is_by(CalibratedBy::Ear) {
        lines.extend([
            "By how loud it sounded to you it can be off by some 10 dB, which is ten times",
            "the dose.",
        ]);
    }
    lines
}

fn week_text(week: &ExposureRow, until: u64) -> String {
    match until.saturating_sub(week.begin_usec).saturating_sub(1) / WEEK_USEC {
        0 => "last 7 days".to_owned(),
        1 => "1 week before".to_owned(),
        n => format!("{n} weeks before"),
    }
}

fn dose_text(week: &ExposureRow) -> String {
    week.dose.map_or_else(
        || "-".to_owned(),
        |dose| {
            let percent = 100.0 * dose;
            format!("{percent:.*} %", usize::from(percent < 10.0))
        },
    )
}

/// Says how the energy of a week compares with that of the one before.
fn trend(before: &ExposureRow, week: &ExposureRow) -> String {
    let change_db = week.energy_db() - before.energy_db();
    let amount = round_db(change_db.abs(), 0);
    if change_db.abs() < ALIKE_DB {
        "about as much".to_owned()
    } else if change_db > 0.0 {
        format!("about {amount} dB more")
    } else {
        format!("about {amount} dB less")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(level_dbfs: f64, played_s: f64) -> ExposureRow {
        ExposureRow { level_dbfs, played_s, ..ExposureRow::default() }
    }

    #[test]
    fn trend_is_told_in_whole_decibels() {
        let before = week(-30.0, 3600.0);
        assert_eq!(trend(&before, &week(-30.2, 3600.0)), "about as much");
        assert_eq!(trend(&before, &week(-30.0, 7200.0)), "about 3 dB more");
        assert_eq!(trend(&before, &week(-40.0, 3600.0)), "about 10 dB less");
    }

    #[test]
    fn uncertainty_is_said_and_no_ear_is_called_safe() {
        let by = |by: CalibratedBy| ExposureRow {
            dose: Some(0.5),
            calibrated_by: Some(by.into()),
            ..week(-30.0, 3600.0)
        };
        let rows = [
            week(-30.0, 60.0),
            by(CalibratedBy::Ear),
            by(CalibratedBy::Trim),
            by(CalibratedBy::Sensitivity),
        ];
        let lines = footnotes(&rows);
        assert_eq!(lines.len(), 10);
        assert!(lines.concat().contains("15 dB either way"));
        assert!(!lines.concat().to_lowercase().contains("safe"));
        assert_eq!(footnotes(&rows[..1]).len(), 3);
    }

    #[test]
    fn weeks_count_back_from_now() {
        let until = 10 * WEEK_USEC;
        let begun =
            |weeks: u64| ExposureRow { begin_usec: until - weeks * WEEK_USEC, ..week(-30.0, 1.0) };
        let texts = [1, 2, 3].map(|weeks| week_text(&begun(weeks), until));
        assert_eq!(texts, ["last 7 days", "1 week before", "2 weeks before"]);
    }
}
