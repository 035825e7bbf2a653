//! What was warned of: judged and remembered in one transaction, so that two services of one home tell it once.

use rusqlite::{Connection, Result, TransactionBehavior};

use super::{query, signed, unsigned};
use crate::{
    minute::MINUTE_USEC,
    warning::{Dose, LEVEL_AGAIN_USEC, WINDOW_USEC, stands, whole},
};

pub(super) fn of_dose(
    connection: &mut Connection,
    calibration_db: &impl Fn(&str) -> Option<f64>,
    now_usec: u64,
) -> Result<Dose> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let range_usec = (now_usec.saturating_sub(WINDOW_USEC), now_usec.saturating_add(MINUTE_USEC));
    let rows = query::exposure(&change, range_usec, range_usec.1 - range_usec.0, usize::MAX)?;
    let calibrated = rows.iter().filter_map(|row| Some(row.dose(calibration_db(&row.device)?)));
    let dose = calibrated.sum();
    let mut told = 0;
    let standing: Vec<u32> = change
        .prepare_cached("SELECT hundreds FROM warnings WHERE stands AND hundreds > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for hundreds in standing {
        if stands(dose, hundreds) {
            told = told.max(hundreds);
        } else {
            change.execute("UPDATE warnings SET stands = 0 WHERE hundreds = ?", [hundreds])?;
        }
    }
    let reached = whole(dose);
    let is_new = reached > told;
    if is_new {
        remember(&change, now_usec, reached)?;
        told = reached;
    }
    change.commit()?;
    Ok(Dose { dose, told, is_new })
}

pub(super) fn of_level(connection: &mut Connection, now_usec: u64) -> Result<bool> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let times: Vec<i64> = change
        .prepare_cached("SELECT at_usec FROM warnings WHERE hundreds = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    // One of a clock that was set back since counts as well.
    let is_recent = |at: &i64| unsigned(*at).abs_diff(now_usec) < LEVEL_AGAIN_USEC;
    let is_new = !times.iter().any(is_recent);
    if is_new {
        remember(&change, now_usec, 0)?;
    }
    change.commit()?;
    Ok(is_new)
}

fn remember(change: &Connection, now_usec: u64, hundreds: u32) -> Result<()> {
    change.execute("INSERT INTO warnings VALUES (?, ?, 1)", (signed(now_usec), hundreds)).map(drop)
}
