//! What is asked of the file.

use std::collections::HashMap;

use headroom_api::{CatchRow, FLOOR_DB, HistoryRow, Word};
use rusqlite::{Connection, Result, Row, named_params};

use super::{signed, unsigned};
use crate::{exposure::Exposure, minute::MINUTE_USEC};

/// Reads the columns of `catches` with both names in their places.
pub(super) fn catch(row: &Row<'_>) -> Result<CatchRow> {
    Ok(CatchRow {
        begin_usec: unsigned(row.get(0)?),
        end_usec: unsigned(row.get(1)?),
        held_s: row.get::<_, i64>(2)? as f64 / 1000.0,
        app: row.get(3)?,
        device: row.get(4)?,
        loudness_in_lufs: level(row, 5)?,
        loudness_out_lufs: level(row, 6)?,
        peak_in_dbfs: level(row, 7)?,
        gain_db: level(row, 8)?,
        by: Word::of(&row.get::<_, String>(9)?),
    })
}

/// Reads a column of levels, which are kept in hundredths of a dB.
fn level(row: &Row<'_>, column: usize) -> Result<f64> {
    Ok(row.get::<_, i64>(column)? as f64 / 100.0)
}

/// The columns that [`catch`] reads.
pub(super) const CATCHES: &str = "SELECT begin_usec, end_usec, held_ms, a.name, d.name, loudness_in, loudness_out, \
                                  peak_in, gain, stage FROM catches JOIN names a ON a.id = app JOIN names d ON d.id = device";

pub(super) fn catches(
    connection: &Connection,
    since_usec: u64,
    limit: usize,
) -> Result<Vec<CatchRow>> {
    let sql = format!("{CATCHES} WHERE begin_usec >= ? ORDER BY begin_usec DESC LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((signed(since_usec), signed(limit as u64)), catch)?;
    rows.collect()
}

pub(super) fn exposure(
    connection: &Connection,
    (from_usec, to_usec): (u64, u64),
    step_usec: u64,
    limit: usize,
) -> Result<Vec<Exposure>> {
    let mut minutes = connection.prepare_cached(
        "SELECT (minute * 60000000 - :from) / :step AS number, d.name, sum(played_ms), sum(energy) FROM exposure \
         JOIN names d ON d.id = device WHERE minute >= :first AND minute < :end GROUP BY number, device \
         ORDER BY number, d.name LIMIT :limit",
    )?;
    let times = named_params! {
        ":from": signed(from_usec), ":step": signed(step_usec.max(1)),
        ":first": signed(from_usec.div_ceil(MINUTE_USEC)),
        ":end": signed(to_usec.div_ceil(MINUTE_USEC)), ":limit": signed(limit as u64),
    };
    let rows = minutes.query_map(times, |row| {
        Ok(Exposure {
            number: unsigned(row.get(0)?),
            device: row.get(1)?,
            played_s: row.get::<_, i64>(2)? as f64 / 1000.0,
            energy: row.get(3)?,
        })
    })?;
    rows.collect()
}

pub(super) fn history(
    connection: &Connection,
    (from_usec, to_usec): (u64, u64),
    step_usec: u64,
    limit: usize,
) -> Result<Vec<HistoryRow>> {
    let step_usec = step_usec.max(1);
    let mut minutes = connection.prepare_cached(
        "SELECT (minute * 60000000 - :from) / :step AS number, a.name, d.name, sum(played_ms), sum(energy_in), \
         sum(energy_out), max(loudest_in), max(loudest_out), min(gain) FROM minutes \
         JOIN names a ON a.id = app JOIN names d ON d.id = device \
         WHERE minute >= :first AND minute < :end GROUP BY number, app, device \
         ORDER BY number, sum(played_ms) DESC LIMIT :limit",
    )?;
    let times = named_params! {
        ":from": signed(from_usec), ":step": signed(step_usec),
        ":first": signed(from_usec.div_ceil(MINUTE_USEC)),
        ":end": signed(to_usec.div_ceil(MINUTE_USEC)), ":limit": signed(limit as u64),
    };
    let step = |number: i64| from_usec.saturating_add(unsigned(number).saturating_mul(step_usec));
    let rows = minutes.query_map(times, |row| {
        let played_s = row.get::<_, i64>(3)? as f64 / 1000.0;
        let mean = |energy: f64| {
            if energy > 0.0 && played_s > 0.0 {
                (10.0 * (energy / played_s).log10()).max(FLOOR_DB)
            } else {
                FLOOR_DB
            }
        };
        Ok(HistoryRow {
            begin_usec: step(row.get(0)?),
            app: row.get(1)?,
            device: row.get(2)?,
            played_s,
            loudness_in_lufs: mean(row.get(4)?),
            loudness_out_lufs: mean(row.get(5)?),
            loudest_in_lufs: level(row, 6)?,
            loudest_out_lufs: level(row, 7)?,
            gain_db: level(row, 8)?,
            catches: 0,
        })
    })?;
    let mut rows = rows.collect::<Result<Vec<HistoryRow>>>()?;
    let key = |row: &HistoryRow| (row.begin_usec, row.app.clone(), row.device.clone());
    let mut places: HashMap<_, usize> = rows.iter().map(key).zip(0..).collect();
    let mut catches = connection.prepare_cached(
        "SELECT (begin_usec - :from) / :step AS number, a.name, d.name, count(*), max(loudness_in), \
         max(loudness_out), min(gain) FROM catches JOIN names a ON a.id = app JOIN names d ON d.id = device \
         WHERE begin_usec >= :from AND begin_usec < :to GROUP BY number, app, device",
    )?;
    let times = named_params! {
        ":from": signed(from_usec), ":to": signed(to_usec), ":step": signed(step_usec),
    };
    let mut found = catches.query(times)?;
    while let Some(row) = found.next()? {
        let key = (step(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?);
        // A catch is written as it ends, its minute a little later.
        let place = *places.entry(key.clone()).or_insert_with(|| {
            let (begin_usec, app, device) = key;
            rows.push(HistoryRow { begin_usec, app, device, ..HistoryRow::default() });
            rows.len() - 1
        });
        let known = &mut rows[place];
        known.catches = row.get::<_, i64>(3)?.try_into().unwrap_or(u32::MAX);
        known.loudest_in_lufs = known.loudest_in_lufs.max(level(row, 4)?);
        known.loudest_out_lufs = known.loudest_out_lufs.max(level(row, 5)?);
        known.gain_db = known.gain_db.min(level(row, 6)?);
    }
    rows.sort_by(|a, b| a.begin_usec.cmp(&b.begin_usec).then(b.played_s.total_cmp(&a.played_s)));
    rows.truncate(limit);
    Ok(rows)
}
