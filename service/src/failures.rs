//! Ends that were no clean ones, and safe mode, which is what too many of them lead to.
//!
//! A small file in the runtime directory says that a run has begun; a clean end takes that back. A
//! run that finds it knows that the one before did not end well. The file is locked as long as the
//! process lives, so that a second start does not take the first for dead. With the session, all of
//! it goes.
//!
//! Runs on the control thread.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::clock::boot_msec;

/// So many unclean ends ...
const LIMIT: usize = 3;
/// ... within so long lead to safe mode.
const WINDOW_MS: u64 = 60_000;
/// Longest record that is read, in bytes.
const MOST_BYTES: u64 = 64 << 10;

/// Why the service has taken itself out of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It ended uncleanly again and again.
    Crashes,
    /// Its real-time thread was starved again and again.
    Starved,
}

/// What the runs of one session have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// True from the start of a run to its clean end.
    running: bool,
    /// When the unclean ends were found, in ms of `CLOCK_BOOTTIME`.
    unclean_ends_ms: Vec<u64>,
    safe_mode: Option<Cause>,
    /// Whether the person has been told of safe mode.
    told: bool,
}

impl Record {
    /// Begins a run, and judges the one before it.
    fn begin(&mut self, now_ms: u64) {
        if self.running {
            self.unclean_ends_ms.push(now_ms);
        }
        self.running = true;
        // What lies in the future is of another boot.
        self.unclean_ends_ms.retain(|end| *end <= now_ms && now_ms - end < WINDOW_MS);
        if self.safe_mode.is_none() && self.unclean_ends_ms.len() >= LIMIT {
            self.safe_mode = Some(Cause::Crashes);
        }
    }

    fn forget(&mut self) {
        *self = Self { running: self.running, ..Self::default() };
    }
}

/// The record, and the file that it is kept in.
#[derive(Debug)]
pub struct Failures {
    record: Record,
    place: Option<(PathBuf, File)>,
    led_to_safe_mode: usize,
}

impl Failures {
    /// Begins a run: from now on, an end without [`close`](Self::close) is an unclean one.
    ///
    /// Without a directory, or when it cannot be used, nothing is counted.
    pub fn begin(runtime_directory: Option<&Path>) -> Self {
        Self::begin_at(runtime_directory, boot_msec())
    }

    fn begin_at(runtime_directory: Option<&Path>, now_ms: u64) -> Self {
        let place = runtime_directory.and_then(|directory| {
            let path = directory.join("run.toml");
            match lock(&path) {
                Ok(Some(file)) => Some((path, file)),
                // Another instance runs: it counts.
                Ok(None) => None,
                Err(error) => {
                    warn!(path = %path.display(), %error, "crashes are not counted");
                    None
                }
            }
        });
        let mut failures = Self { record: Record::default(), place, led_to_safe_mode: 0 };
        failures.record = failures.read();
        failures.record.begin(now_ms);
        failures.led_to_safe_mode = failures.record.unclean_ends_ms.len();
        failures.save();
        failures
    }

    /// Returns why the service keeps out of the way; `None` when it does not.
    pub fn safe_mode(&self) -> Option<Cause> {
        self.record.safe_mode
    }

    /// Returns how many unclean ends count now; in safe mode, those that were found at the start.
    pub fn count(&self) -> u32 {
        let now_ms = boot_msec();
        let recent = self.record.unclean_ends_ms.iter();
        let recent = recent.filter(|end| now_ms.saturating_sub(**end) < WINDOW_MS).count();
        let count = match self.record.safe_mode {
            Some(Cause::Crashes) => self.led_to_safe_mode.max(LIMIT),
            _ => recent,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Enters safe mode.
    pub fn enter_safe_mode(&mut self, cause: Cause) {
        self.record.safe_mode = Some(cause);
        self.save();
    }

    /// Says whether the person is still to be told of safe mode; once.
    pub fn take_untold(&mut self) -> bool {
        let untold = self.record.safe_mode.is_some() && !self.record.told;
        if untold {
            self.record.told = true;
            self.save();
        }
        untold
    }

    /// Leaves safe mode and forgets what led to it.
    pub fn forget(&mut self) {
        self.record.forget();
        self.save();
    }

    /// Ends the run cleanly.
    pub fn close(mut self) {
        self.record.running = false;
        let now_ms = boot_msec();
        self.record.unclean_ends_ms.retain(|end| now_ms.saturating_sub(*end) < WINDOW_MS);
        if self.record == Record::default()
            && let Some((path, _file)) = &self.place
        {
            // Still locked: nobody else can have begun with it.
            if let Err(error) = fs::remove_file(path) {
                warn!(path = %path.display(), %error, "failed to remove the record of this run");
            }
            return;
        }
        self.save();
    }

    fn read(&mut self) -> Record {
        let Some((path, file)) = &mut self.place else {
            return Record::default();
        };
        let mut text = String::new();
        let read = file.take(MOST_BYTES).read_to_string(&mut text);
        let read = read.map_err(|error| error.to_string());
        let record = read.and_then(|_| toml::from_str(&text).map_err(|error| error.to_string()));
        record.unwrap_or_else(|error| {
            warn!(path = %path.display(), error, "ignoring a damaged record of earlier runs");
            Record::default()
        })
    }

    /// Writes in place: a new file would not be the one that is locked.
    fn save(&mut self) {
        let Some((path, file)) = &mut self.place else {
            return;
        };
        let written = toml::to_string(&self.record).map_err(io::Error::other).and_then(|text| {
            file.rewind()?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())
        });
        if let Err(error) = written {
            warn!(path = %path.display(), %error, "failed to count this run");
        }
    }
}

/// Opens and locks the file; `None` when another process holds it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    loop {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        // Whatever stands there is not waited for.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // A run that has just ended may have removed it between opening and locking.
        if fs::metadata(path).is_ok_and(|there| {
            file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
        }) {
            return Ok(Some(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1000;

    /// Begins runs at these times, each ended by a crash before the next one.
    fn crash_between(starts_s: &[u64]) -> Record {
        let mut record = Record::default();
        for start in starts_s {
            record.begin(start * SECOND);
        }
        record
    }

    #[test]
    fn three_unclean_ends_within_a_minute_lead_to_safe_mode() {
        assert_eq!(crash_between(&[100, 110, 120]).safe_mode, None);
        assert_eq!(crash_between(&[100, 110, 120, 130]).safe_mode, Some(Cause::Crashes));
        assert_eq!(crash_between(&[100, 110, 139, 169]).safe_mode, Some(Cause::Crashes));
    }

    #[test]
    fn a_run_that_lasted_long_makes_up_for_those_before_it() {
        assert_eq!(crash_between(&[100, 110, 120, 181]).safe_mode, None);
        assert_eq!(crash_between(&[100, 110, 120, 181]).unclean_ends_ms, [181 * SECOND]);
        assert_eq!(crash_between(&[100, 140, 180, 220, 260, 300]).safe_mode, None);
    }

    #[test]
    fn safe_mode_lasts_however_the_next_runs_end() {
        let mut record = crash_between(&[100, 110, 120, 130]);
        record.running = false;
        record.begin(9000 * SECOND);
        assert_eq!(record.safe_mode, Some(Cause::Crashes));
        record.forget();
        assert_eq!(record, Record { running: true, ..Record::default() });
    }

    #[test]
    fn times_of_another_boot_count_for_nothing() {
        let mut record = crash_between(&[5000, 5001, 5002]);
        record.begin(10 * SECOND);
        assert_eq!(record.safe_mode, None);
        assert_eq!(record.unclean_ends_ms, [10 * SECOND]);
    }

    #[test]
    fn a_clean_end_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        for start_ms in 1..10 {
            let failures = Failures::begin_at(Some(dir.path()), start_ms);
            assert_eq!(failures.safe_mode(), None);
            failures.close();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn an_end_without_a_farewell_is_found_by_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        for expected in 0..3 {
            let failures = Failures::begin(Some(dir.path()));
            assert_eq!((failures.count(), failures.safe_mode()), (expected, None));
        }
        let mut failures = Failures::begin(Some(dir.path()));
        assert_eq!((failures.count(), failures.safe_mode()), (3, Some(Cause::Crashes)));
        assert!(failures.take_untold());
        assert!(!failures.take_untold(), "told twice");
        failures.close();
        let mut failures = Failures::begin(Some(dir.path()));
        assert_eq!(failures.safe_mode(), Some(Cause::Crashes));
        assert!(!failures.take_untold(), "told again after a restart");
        failures.forget();
        assert_eq!((failures.count(), failures.safe_mode()), (0, None));
        drop(failures);
        assert_eq!(Failures::begin(Some(dir.path())).count(), 1);
    }

    #[test]
    fn a_second_start_does_not_take_the_first_for_dead() {
        let dir = tempfile::tempdir().unwrap();
        let first = Failures::begin(Some(dir.path()));
        for _ in 0..5 {
            let second = Failures::begin(Some(dir.path()));
            assert_eq!((second.count(), second.safe_mode()), (0, None));
            second.close();
        }
        first.close();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_record_and_a_missing_directory_stop_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("run.toml"), [0xff, 0x00]).unwrap();
        assert_eq!(Failures::begin(Some(dir.path())).safe_mode(), None);
        assert_eq!(Failures::begin(None).count(), 0);
        let pipe = dir.path().join("pipe");
        fs::create_dir(&pipe).unwrap();
        let made = std::process::Command::new("mkfifo").arg(pipe.join("run.toml")).status();
        assert!(made.unwrap().success());
        assert_eq!(Failures::begin(Some(&pipe)).count(), 0);
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let mut failures = Failures::begin(Some(&file));
        failures.enter_safe_mode(Cause::Starved);
        assert_eq!(failures.safe_mode(), Some(Cause::Starved));
        failures.close();
    }
}
