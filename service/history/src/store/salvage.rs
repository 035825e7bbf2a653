//! Sets a damaged file aside, and reads of it what can be read.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OpenFlags, Result, Row, params};
use tracing::debug;

use super::{hundredths, name, query, signed};

/// What follows the name of a file that was set aside.
const BROKEN: &str = ".broken-";

/// Returns a path whose name has another end.
fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Renames a file, and its journal with it; returns its new name.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let aside = (seconds..seconds.saturating_add(1000))
        .map(|number| with(path, &format!("{BROKEN}{number}")))
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| with(path, BROKEN));
    fs::rename(path, &aside)?;
    // It belongs to the damaged file, and would be played back into the new one.
    let _ = fs::rename(with(path, "-journal"), with(&aside, "-journal"));
    Ok(aside)
}

/// Returns the files that were set aside.
pub(super) fn set_aside_before(path: &Path) -> Vec<PathBuf> {
    let mut beginning = path.file_name().unwrap_or_default().to_owned();
    beginning.push(BROKEN);
    let entries = path.parent().into_iter().flat_map(fs::read_dir).flatten().flatten();
    let ours = entries.filter(|entry| {
        entry.file_name().as_encoded_bytes().starts_with(beginning.as_encoded_bytes())
    });
    ours.map(|entry| entry.path()).collect()
}

/// Copies every row that can be read; returns how many.
pub(super) fn copy(broken: &Path, new: &mut Connection) -> usize {
    let old = Connection::open_with_flags(
        broken,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    );
    let Ok(old) = old else { return 0 };
    let Ok(change) = new.transaction() else { return 0 };
    let mut kept = 0;
    // From both ends: a page that is broken stops a reader in the middle of the table.
    for order in ["", " DESC"] {
        let catches = format!("{} ORDER BY catches.rowid{order}", query::CATCHES);
        kept += each(&old, &catches, |row| {
            let row = query::catch(row)?;
            let (app, device) = (name(&change, &row.app)?, name(&change, &row.device)?);
            change.execute(
                "INSERT INTO catches (begin_usec, end_usec, held_ms, app, device, loudness_in, loudness_out, peak_in, \
                 gain, stage) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 \
                 WHERE NOT EXISTS (SELECT 1 FROM catches WHERE begin_usec = ?1 AND app = ?4 AND gain = ?9)",
                params![
                    signed(row.begin_usec),
                    signed(row.end_usec),
                    (row.held_s * 1000.0) as i64,
                    app,
                    device,
                    hundredths(row.loudness_in_lufs),
                    hundredths(row.loudness_out_lufs),
                    hundredths(row.peak_in_dbfs),
                    hundredths(row.gain_db),
                    row.by.as_str()
                ],
            )
        });
        let minutes = format!(
            "SELECT minute, a.name, d.name, played_ms, energy_in, energy_out, loudest_in, loudest_out, gain \
             FROM minutes JOIN names a ON a.id = app JOIN names d ON d.id = device ORDER BY minute{order}"
        );
        kept += each(&old, &minutes, |row| {
            let app = name(&change, &row.get::<_, String>(1)?)?;
            let device = name(&change, &row.get::<_, String>(2)?)?;
            change.execute(
                "INSERT OR IGNORE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    row.get::<_, i64>(0)?,
                    app,
                    device,
                    row.get::<_, i64>(3)?,
                    row.get::<_, f64>(4)?,
                    row.get::<_, f64>(5)?,
                    row.get::<_, i64>(6)?,
                    row.get::<_, i64>(7)?,
                    row.get::<_, i64>(8)?
                ],
            )
        });
        let exposure = format!(
            "SELECT minute, d.name, played_ms, energy FROM exposure JOIN names d ON d.id = device ORDER BY minute{order}"
        );
        kept += each(&old, &exposure, |row| {
            let device = name(&change, &row.get::<_, String>(1)?)?;
            change.execute(
                "INSERT OR IGNORE INTO exposure VALUES (?, ?, ?, ?)",
                params![
                    row.get::<_, i64>(0)?,
                    device,
                    row.get::<_, i64>(2)?,
                    row.get::<_, f64>(3)?
                ],
            )
        });
        let warnings =
            format!("SELECT at_usec, hundreds, stands FROM warnings ORDER BY rowid{order}");
        kept += each(&old, &warnings, |row| {
            change.execute(
                "INSERT INTO warnings SELECT ?1, ?2, ?3 \
                 WHERE NOT EXISTS (SELECT 1 FROM warnings WHERE at_usec = ?1 AND hundreds = ?2)",
                params![row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?],
            )
        });
    }
    if change.commit().is_ok() { kept } else { 0 }
}

/// Takes every row up to the first that cannot be read; returns how many were taken.
fn each(old: &Connection, sql: &str, mut take: impl FnMut(&Row<'_>) -> Result<usize>) -> usize {
    let mut kept = 0;
    let outcome = (|| -> Result<()> {
        let mut statement = old.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            kept += take(row).unwrap_or(0);
        }
        Ok(())
    })();
    if let Err(error) = outcome {
        debug!(%error, "the rest of a table cannot be read");
    }
    kept
}
