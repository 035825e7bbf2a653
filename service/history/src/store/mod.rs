//! The file: one SQLite database, for its owner's eyes alone.
//!
//! A rollback journal and not a WAL: it needs no shared memory, so that a home on the network works, and a few writes
//! an hour gain nothing from one. Two services of one home wait for each other's writes.

mod query;
mod salvage;
mod schema;
mod warn;

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use headroom_api::{CatchRow, HistoryRow};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, named_params};
use thiserror::Error;
use tracing::warn;

use crate::{exposure::Exposure, judge::News, minute::MINUTE_USEC, warning::Dose};

/// For how long anything is kept, in days.
pub const MOST_DAYS: u64 = 400;
/// How large the file may be, in bytes.
pub const MOST_BYTES: u64 = 50 << 20;
/// When it is this full, the oldest goes.
const FULL_BYTES: u64 = 45 << 20;
const DAY_USEC: u64 = 86_400_000_000;
/// Most days that one pass takes away: a clock that is wrong for a day costs a week and not a year.
const PASS_DAYS: u64 = 7;
/// How long another service's write is waited for.
const BUSY: Duration = Duration::from_secs(10);
/// Most news that wait for a disk that is full or gone.
const MOST_WAITING: usize = 4096;

/// Failed to keep or to tell what was caught and played.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be used.
    #[error("the history in {} cannot be used: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file or its directory cannot be made.
    #[error("the history in {} cannot be kept: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Keeps catches and minutes.
///
/// The file is opened by the first call that needs it, and made by the first that writes.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Option<Connection>,
    /// What could not be written yet.
    waiting: News,
    /// The day of the last pass over what is old.
    pruned_day: Option<u64>,
}

impl Store {
    /// Uses a file that may be missing.
    pub fn new(path: PathBuf) -> Self {
        Self { path, connection: None, waiting: News::default(), pruned_day: None }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps news; `now_usec` is the wall clock.
    ///
    /// # Errors
    /// When they cannot be written; they are tried again with the next ones.
    pub fn keep(&mut self, news: News, now_usec: u64) -> Result<(), StoreError> {
        self.waiting.catches.extend(news.catches);
        self.waiting.minutes.extend(news.minutes);
        self.waiting.exposure.extend(news.exposure);
        keep_newest(&mut self.waiting.catches);
        keep_newest(&mut self.waiting.minutes);
        keep_newest(&mut self.waiting.exposure);
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let outcome = self.change(|connection| write(connection, &waiting));
        if outcome.is_err() {
            self.waiting = waiting;
        }
        outcome?;
        self.prune(now_usec)
    }

    /// Returns catches that began at a time or later, the newest first, at most so many.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn catches(&mut self, since_usec: u64, limit: usize) -> Result<Vec<CatchRow>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        self.change(|connection| query::catches(connection, since_usec, limit))
    }

    /// Returns what was played from a time up to another, in steps, at most so many rows: in order of time, then by how
    /// long it played.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn history(
        &mut self,
        (from_usec, to_usec): (u64, u64),
        step_usec: u64,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        self.change(|connection| query::history(connection, (from_usec, to_usec), step_usec, limit))
    }

    /// Returns how much sound reached each device from a time up to another, in steps, at most so many rows: in order of
    /// time, then of names. Their numbers are those of the steps.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn exposure(
        &mut self,
        range_usec: (u64, u64),
        step_usec: u64,
        limit: usize,
    ) -> Result<Vec<Exposure>, StoreError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        self.change(|connection| query::exposure(connection, range_usec, step_usec, limit))
    }

    /// Judges the dose of the seven days before a time, of all devices with a calibration together, and remembers what is
    /// told of it: each whole hundred per cent is new once, until the dose has fallen well below it.
    ///
    /// # Errors
    /// When it cannot be read or remembered; nothing is to be told then.
    pub fn warn_of_dose(
        &mut self,
        calibration_db: impl Fn(&str) -> Option<f64>,
        now_usec: u64,
    ) -> Result<Dose, StoreError> {
        if !self.path.exists() {
            return Ok(Dose::default());
        }
        self.change(|connection| warn::of_dose(connection, &calibration_db, now_usec))
    }

    /// Says whether a level may be told at a time, and remembers that it is: once in 20 hours.
    ///
    /// # Errors
    /// When it cannot be read or remembered; nothing is to be told then.
    pub fn warn_of_level(&mut self, now_usec: u64) -> Result<bool, StoreError> {
        self.change(|connection| warn::of_level(connection, now_usec))
    }

    /// Forgets everything: the file goes, and with it those that were set aside.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.waiting = News::default();
        if self.path.exists() {
            // Another service may have the file open: for it as well, nothing is left.
            self.change(|connection| {
                connection.execute_batch(
                    "PRAGMA secure_delete = ON;
                     BEGIN IMMEDIATE; DELETE FROM catches; DELETE FROM minutes;
                     DELETE FROM exposure; DELETE FROM warnings; DELETE FROM names; COMMIT;
                     VACUUM;",
                )
            })?;
        }
        self.connection = None;
        for broken in salvage::set_aside_before(&self.path) {
            fs::remove_file(&broken)
                .map_err(|source| StoreError::File { path: broken.clone(), source })?;
        }
        Ok(())
    }

    /// Does something with the file; one that is damaged is set aside, and what can be read of it is kept.
    fn change<T>(
        &mut self,
        mut act: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let first = self.connect().and_then(|()| self.act(&mut act));
        let Err(StoreError::Database { source, .. }) = &first else { return first };
        if !is_damage(source) {
            self.connection = None;
            return first;
        }
        self.connection = None;
        let aside = salvage::set_aside(&self.path)
            .map_err(|source| StoreError::File { path: self.path.clone(), source })?;
        self.connect()?;
        let kept = self.connection.as_mut().map_or(0, |new| salvage::copy(&aside, new));
        warn!(
            file = %aside.display(), kept,
            "the history was damaged: it is set aside, and what could be read of it is kept"
        );
        self.act(&mut act)
    }

    fn act<T>(
        &mut self,
        act: &mut impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_mut().ok_or(rusqlite::Error::InvalidQuery);
        connection
            .and_then(act)
            .map_err(|source| StoreError::Database { path: self.path.clone(), source })
    }

    fn connect(&mut self) -> Result<(), StoreError> {
        // A file that somebody has removed is not written to.
        if self.connection.is_some() && self.path.exists() {
            return Ok(());
        }
        self.connection = None;
        make(&self.path).map_err(|source| StoreError::File { path: self.path.clone(), source })?;
        let connection = open(&self.path)
            .map_err(|source| StoreError::Database { path: self.path.clone(), source })?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Takes away what is too old or too much, once a day.
    fn prune(&mut self, now_usec: u64) -> Result<(), StoreError> {
        let day = now_usec / DAY_USEC;
        if self.pruned_day == Some(day) {
            return Ok(());
        }
        self.change(|connection| prune(connection, now_usec))?;
        self.pruned_day = Some(day);
        Ok(())
    }
}

/// Makes an empty file that nobody else may read, where there is none.
fn make(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata = fs::symlink_metadata(path)?;
            if !metadata.is_file() {
                return Err(io::Error::other("it is no regular file"));
            }
            if metadata.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = TRUNCATE", [], |row| row.get(0))?;
    if mode != "truncate" {
        warn!(mode, "the history has another kind of journal");
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let page_bytes: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.query_row(
        &format!("PRAGMA max_page_count = {}", MOST_BYTES / page_bytes.max(512)),
        [],
        |_| Ok(()),
    )?;
    let known = schema::version(&connection)?;
    if known < schema::MIGRATIONS.len() {
        schema::migrate(&mut connection, schema::MIGRATIONS)?;
    } else if known > schema::MIGRATIONS.len() {
        // Set aside like a damaged one: what can be read of it is kept.
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
            Some("it is of a later version of Headroom".into()),
        ));
    }
    Ok(connection)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let broken = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    let code = error.sqlite_error_code();
    // Tables that are missing or others, values of another type.
    code.is_some_and(|code| broken.contains(&code) || code == ErrorCode::Unknown)
        || matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        )
}

/// Writes news, all or nothing.
fn write(connection: &mut Connection, news: &News) -> rusqlite::Result<()> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for row in &news.catches {
        let (app, device) = (name(&change, &row.app)?, name(&change, &row.device)?);
        change
            .prepare_cached(
                "INSERT INTO catches (begin_usec, end_usec, held_ms, app, device, loudness_in, \
                 loudness_out, peak_in, gain, stage) VALUES (:begin, :end, :held, :app, :device, \
                 :in, :out, :peak, :gain, :stage)",
            )?
            .execute(named_params! {
                ":begin": signed(row.begin_usec), ":end": signed(row.end_usec),
                ":held": (row.held_s * 1000.0).round() as i64, ":app": app, ":device": device,
                ":in": hundredths(row.loudness_in_lufs), ":out": hundredths(row.loudness_out_lufs),
                ":peak": hundredths(row.peak_in_dbfs), ":gain": hundredths(row.gain_db),
                ":stage": row.by.as_str(),
            })?;
    }
    for minute in &news.minutes {
        let (app, device) = (name(&change, &minute.app)?, name(&change, &minute.device)?);
        change
            .prepare_cached(
                "INSERT INTO minutes VALUES (:minute, :app, :device, :played, :ein, :eout, :in, \
                 :out, :gain) ON CONFLICT DO UPDATE SET played_ms = played_ms + excluded.played_ms, \
                 energy_in = energy_in + excluded.energy_in, \
                 energy_out = energy_out + excluded.energy_out, \
                 loudest_in = max(loudest_in, excluded.loudest_in), \
                 loudest_out = max(loudest_out, excluded.loudest_out), \
                 gain = min(gain, excluded.gain)",
            )?
            .execute(named_params! {
                ":minute": signed(minute.number), ":app": app, ":device": device,
                ":played": (minute.played_s * 1000.0).round() as i64,
                ":ein": minute.energy_in, ":eout": minute.energy_out,
                ":in": hundredths(minute.loudest_in_lufs.into()),
                ":out": hundredths(minute.loudest_out_lufs.into()),
                ":gain": hundredths(minute.gain_db.into()),
            })?;
    }
    for minute in &news.exposure {
        let device = name(&change, &minute.device)?;
        change
            .prepare_cached(
                "INSERT INTO exposure VALUES (:minute, :device, :played, :energy) ON CONFLICT DO UPDATE SET \
                 played_ms = played_ms + excluded.played_ms, energy = energy + excluded.energy",
            )?
            .execute(named_params! {
                ":minute": signed(minute.number), ":device": device,
                ":played": (minute.played_s * 1000.0).round() as i64, ":energy": minute.energy,
            })?;
    }
    change.commit()
}

/// Leaves the newest of what waits, [`MOST_WAITING`] at most.
fn keep_newest<T>(waiting: &mut Vec<T>) {
    drop(waiting.drain(..waiting.len().saturating_sub(MOST_WAITING)));
}

/// Returns the number of a name.
fn name(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let name: String = name.chars().take(headroom_api::MAX_NAME_BYTES).collect();
    connection.prepare_cached("INSERT OR IGNORE INTO names (name) VALUES (?)")?.execute([&name])?;
    connection
        .prepare_cached("SELECT id FROM names WHERE name = ?")?
        .query_row([&name], |row| row.get(0))
}

fn prune(connection: &mut Connection, now_usec: u64) -> rusqlite::Result<()> {
    let sizes = "SELECT (SELECT page_count - freelist_count FROM pragma_page_count, \
                 pragma_freelist_count) * (SELECT page_size FROM pragma_page_size)";
    let oldest = "SELECT min(t) FROM (SELECT min(begin_usec) AS t FROM catches UNION ALL \
                  SELECT min(minute) * 60000000 FROM minutes UNION ALL \
                  SELECT min(minute) * 60000000 FROM exposure)";
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let oldest_usec = |change: &Connection| {
        change
            .query_row(oldest, [], |row| row.get::<_, Option<i64>>(0))
            .map(|it| unsigned(it.unwrap_or(0)))
    };
    let first = oldest_usec(&change)?;
    let too_old = now_usec.saturating_sub(MOST_DAYS * DAY_USEC);
    let mut until = too_old.min(first.saturating_add(PASS_DAYS * DAY_USEC));
    loop {
        change.execute("DELETE FROM catches WHERE begin_usec < ?", [signed(until)])?;
        change.execute("DELETE FROM minutes WHERE minute < ?", [signed(until / MINUTE_USEC)])?;
        change.execute("DELETE FROM exposure WHERE minute < ?", [signed(until / MINUTE_USEC)])?;
        change.execute("DELETE FROM warnings WHERE at_usec < ?", [signed(until)])?;
        let bytes: i64 = change.query_row(sizes, [], |row| row.get(0))?;
        let left = oldest_usec(&change)?;
        if unsigned(bytes) <= FULL_BYTES || left == 0 {
            break;
        }
        until = left.saturating_add(PASS_DAYS * DAY_USEC);
    }
    change.execute(
        "DELETE FROM names WHERE id NOT IN (SELECT app FROM catches UNION SELECT device FROM \
         catches UNION SELECT app FROM minutes UNION SELECT device FROM minutes UNION SELECT device \
         FROM exposure)",
        [],
    )?;
    change.commit()
}

fn hundredths(db: f64) -> i64 {
    (db.clamp(-200.0, 200.0) * 100.0).round() as i64
}

/// SQLite's numbers have a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests;
