//! The tables, and how those of an earlier version become those of today.

use rusqlite::{Connection, Result};

/// What makes a version of the one before it; the first of nothing. Levels are hundredths of a dB.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE catches (
        id INTEGER PRIMARY KEY,
        begin_usec INTEGER NOT NULL, end_usec INTEGER NOT NULL, held_ms INTEGER NOT NULL,
        app INTEGER NOT NULL, device INTEGER NOT NULL,
        loudness_in INTEGER NOT NULL, loudness_out INTEGER NOT NULL,
        peak_in INTEGER NOT NULL, gain INTEGER NOT NULL, stage TEXT NOT NULL
    );
    CREATE INDEX catches_by_begin ON catches (begin_usec);
    CREATE TABLE minutes (
        minute INTEGER NOT NULL, app INTEGER NOT NULL, device INTEGER NOT NULL,
        played_ms INTEGER NOT NULL, energy_in REAL NOT NULL, energy_out REAL NOT NULL,
        loudest_in INTEGER NOT NULL, loudest_out INTEGER NOT NULL, gain INTEGER NOT NULL,
        PRIMARY KEY (minute, app, device)
    ) WITHOUT ROWID;
    ", "
    CREATE TABLE exposure (
        minute INTEGER NOT NULL, device INTEGER NOT NULL, played_ms INTEGER NOT NULL, energy REAL NOT NULL,
        PRIMARY KEY (minute, device)
    ) WITHOUT ROWID;
    ", "
    -- Of a level where `hundreds` is 0, else of a dose.
    CREATE TABLE warnings (
        at_usec INTEGER NOT NULL, hundreds INTEGER NOT NULL, stands INTEGER NOT NULL
    );
    "];

/// Returns the version of the tables in a file; 0 of an empty one.
pub(super) fn version(connection: &Connection) -> Result<usize> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables those of today, or leaves all as it is.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<()> {
    // Another service may be at it.
    let change = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let known = version(&change)?;
    for (number, sql) in migrations.iter().enumerate().skip(known) {
        change.execute_batch(sql)?;
        change.pragma_update(None, "user_version", number + 1)?;
    }
    change.commit()
}
