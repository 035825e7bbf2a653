//! What is a catch: the thresholds, each once, and how readings become one.

use std::time::Duration;

use headroom_api::{CatchRow, CaughtBy};

/// A stage that takes more than this holds something, in dB: what the data thread counts as held. Laughter and loud
/// syllables stay above it.
pub const HELD_DB: f32 = -3.0;
/// A surge this deep is a catch, in dB. Over real speech, music and films at their own level the surge stays above -6;
/// something 12 LU above what one listens to takes -8 and more.
const SURGE_DB: f32 = -7.0;
/// A cap this deep is a catch: loud programme in `night` touches its cap by 1 to 3 dB all the time.
const CAP_DB: f32 = -6.0;
/// The soft tier rounds peaks of everyday programme by a few dB.
const SOFT_DB: f32 = -9.0;
/// The hard tier as well; at this depth something came in at least so far above full scale.
const HARD_DB: f32 = -9.0;
/// Softer than this, in LUFS, nothing hurts, however far it jumps: a notification over silence is no blast.
const LOUD_LUFS: f32 = -30.0;
/// What surge or cap caught comes out softer than it was sent by at least this, in LU: when a soft programme that is
/// raised gets louder, the surge takes back a part of the raising, and nobody was saved from anything.
const SAVED_LU: f32 = 3.0;
/// A catch is over when nothing was held for so long: the beeps of an alarm are one.
const QUIET: Duration = Duration::from_secs(3);
/// One that goes on for so long is told, and what follows is another.
const LONGEST: Duration = Duration::from_mins(2);

/// What the chains of an application did since the last reading; levels in dB, reductions zero or negative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The application; empty where several play as one.
    pub app: String,
    /// The device's name for people.
    pub device: String,
    /// For how long something was processed, in seconds.
    pub played_s: f32,
    /// For how long a stage took more than [`HELD_DB`], in seconds.
    pub held_s: f32,
    /// Highest sample of the input, in dBFS.
    pub peak_in_dbfs: f32,
    /// Highest momentary loudness of the input, in LUFS.
    pub momentary_in_lufs: f32,
    /// Highest momentary loudness of the output, in LUFS.
    pub momentary_out_lufs: f32,
    /// Short-term loudness of the input at the end, in LUFS.
    pub short_in_lufs: f32,
    /// Short-term loudness of the output at the end, in LUFS.
    pub short_out_lufs: f32,
    /// Deepest reduction of the surge catcher, in dB.
    pub surge_db: f32,
    /// Deepest reduction of the cap, in dB.
    pub cap_db: f32,
    /// Deepest reduction of the limiter's soft tier, in dB.
    pub soft_db: f32,
    /// Deepest reduction of the limiter's hard tier, in dB.
    pub hard_db: f32,
}

impl Reading {
    /// Returns the reduction of each stage with what makes it a catch; of two that do as much, the first counts.
    fn stages(&self) -> [(CaughtBy, f32, f32); 4] {
        [
            (CaughtBy::Surge, self.surge_db, SURGE_DB),
            (CaughtBy::Cap, self.cap_db, CAP_DB),
            (CaughtBy::Soft, self.soft_db, SOFT_DB),
            (CaughtBy::Hard, self.hard_db, HARD_DB),
        ]
    }

    /// Returns the deepest reduction of any stage, in dB.
    pub(crate) fn deepest_db(&self) -> f32 {
        self.stages().iter().fold(0.0, |deepest, (_, db, _)| deepest.min(*db))
    }

    /// Returns the stage that takes most, and how much, if any takes as much as a catch needs.
    fn catcher(&self) -> Option<(CaughtBy, f32)> {
        if self.momentary_in_lufs.max(self.peak_in_dbfs - 20.0) < LOUD_LUFS {
            return None;
        }
        let saves = self.momentary_in_lufs - self.momentary_out_lufs >= SAVED_LU;
        let counts = |by| saves || !matches!(by, CaughtBy::Surge | CaughtBy::Cap);
        let caught = self.stages().into_iter().filter(|(by, db, least)| db <= least && counts(*by));
        caught.map(|(by, db, _)| (by, db)).reduce(|a, b| if b.1 < a.1 { b } else { a })
    }

    /// Says whether what was caught goes on.
    fn holds(&self) -> bool {
        self.deepest_db() <= HELD_DB
    }
}

/// A catch that may go on.
#[derive(Debug)]
pub(crate) struct Open {
    row: CatchRow,
    began: Duration,
    /// When something was held last.
    held: Duration,
}

impl Open {
    /// Begins one, if the reading that was taken at `now` is one of a catch; `now_usec` is the same by the wall clock.
    pub(crate) fn begin(reading: &Reading, now: Duration, now_usec: u64) -> Option<Self> {
        let (by, _) = reading.catcher()?;
        let length_s = f64::from(reading.held_s.max(0.0));
        let row = CatchRow {
            begin_usec: now_usec.saturating_sub((length_s * 1e6) as u64),
            app: reading.app.clone(),
            device: reading.device.clone(),
            by: by.into(),
            ..CatchRow::default()
        };
        let mut open = Self { row, began: now, held: now };
        open.add(reading, now, now_usec);
        Some(open)
    }

    /// Takes in the next reading of the same application.
    pub(crate) fn add(&mut self, reading: &Reading, now: Duration, now_usec: u64) {
        if !reading.holds() {
            return;
        }
        let row = &mut self.row;
        self.held = now;
        row.end_usec = now_usec.max(row.begin_usec);
        row.held_s += f64::from(reading.held_s);
        row.loudness_in_lufs = row.loudness_in_lufs.max(reading.momentary_in_lufs.into());
        row.loudness_out_lufs = row.loudness_out_lufs.max(reading.momentary_out_lufs.into());
        row.peak_in_dbfs = row.peak_in_dbfs.max(reading.peak_in_dbfs.into());
        if let Some((by, gain_db)) = reading.catcher()
            && f64::from(gain_db) < row.gain_db
        {
            row.gain_db = gain_db.into();
            row.by = by.into();
        }
    }

    /// Says whether it is over.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.held) >= QUIET || now.saturating_sub(self.began) >= LONGEST
    }

    /// Returns it as it is kept and told: to hundredths of a dB, and milliseconds.
    pub(crate) fn close(self) -> CatchRow {
        let row = self.row;
        let hundredths = |db: f64| (db * 100.0).round() / 100.0;
        CatchRow {
            held_s: (row.held_s * 1000.0).round() / 1000.0,
            loudness_in_lufs: hundredths(row.loudness_in_lufs),
            loudness_out_lufs: hundredths(row.loudness_out_lufs),
            peak_in_dbfs: hundredths(row.peak_in_dbfs),
            gain_db: hundredths(row.gain_db),
            ..row
        }
    }
}
