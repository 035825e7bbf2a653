//! How gauges move: up at once, down at a steady pace, with the peak held for a while.
//!
//! Pure: time is handed in, as seconds since the last step or as the time since the start.

use std::time::Duration;

use headroom_api::FLOOR_DB;

/// How fast a gauge falls, in dB/s: a full scale of 60 dB in 3 s.
pub(crate) const FALL_DB_PER_S: f64 = 20.0;
/// How long a peak stays.
pub(crate) const HOLD: Duration = Duration::from_millis(1500);
/// What the eye cannot tell apart, in dB.
const SAME_DB: f64 = 0.005;

/// A level that rises at once and falls at [`FALL_DB_PER_S`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Level {
    target_db: f64,
    shown_db: f64,
}

impl Default for Level {
    fn default() -> Self {
        Self { target_db: FLOOR_DB, shown_db: FLOOR_DB }
    }
}

impl Level {
    /// Takes a reading.
    pub(crate) fn set(&mut self, db: f64) {
        self.target_db = finite(db);
        self.shown_db = self.shown_db.max(self.target_db);
    }

    /// Moves on in time; returns whether it moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let before_db = self.shown_db;
        let fallen_db = self.shown_db - FALL_DB_PER_S * elapsed.as_secs_f64();
        self.shown_db = fallen_db.max(self.target_db);
        before_db - self.shown_db > 0.0
    }

    /// Returns the level to show, in dB.
    pub(crate) fn db(&self) -> f64 {
        self.shown_db
    }

    /// Returns whether time alone will change it.
    pub(crate) fn is_moving(&self) -> bool {
        self.shown_db - self.target_db > SAME_DB
    }
}

/// A peak that stays for [`HOLD`] and then falls like a level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Peak {
    level: Level,
    held_for: Duration,
}

impl Peak {
    /// Takes a reading.
    pub(crate) fn set(&mut self, db: f64) {
        if finite(db) >= self.level.shown_db {
            self.held_for = Duration::ZERO;
        }
        self.level.set(db);
    }

    /// Moves on in time; returns whether it moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        if !self.level.is_moving() {
            self.held_for = Duration::ZERO;
            return false;
        }
        let before = self.held_for;
        self.held_for = self.held_for.saturating_add(elapsed);
        let falling = self.held_for.saturating_sub(before.max(HOLD));
        self.level.advance(falling)
    }

    /// Returns the peak to show, in dB.
    pub(crate) fn db(&self) -> f64 {
        self.level.db()
    }

    /// Returns whether time alone will change it.
    pub(crate) fn is_moving(&self) -> bool {
        self.level.is_moving()
    }
}

/// A gain in dB that keeps its largest reduction for as long as a fall takes; boosts follow at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Gain {
    target_db: f64,
    shown_db: f64,
}

impl Gain {
    /// Takes a reading.
    pub(crate) fn set(&mut self, db: f64) {
        self.target_db = finite(db);
        if self.target_db < self.shown_db || self.target_db > 0.0 {
            self.shown_db = self.target_db;
        }
    }

    /// Moves on in time; returns whether it moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let before_db = self.shown_db;
        let risen_db = self.shown_db + FALL_DB_PER_S * elapsed.as_secs_f64();
        self.shown_db = risen_db.min(self.target_db);
        self.shown_db - before_db > 0.0
    }

    /// Returns the gain to show, in dB.
    pub(crate) fn db(&self) -> f64 {
        self.shown_db
    }

    /// Returns whether time alone will change it.
    pub(crate) fn is_moving(&self) -> bool {
        self.target_db - self.shown_db > SAME_DB
    }
}

/// Returns a level of the bus within what gauges take, whoever sent it.
fn finite(db: f64) -> f64 {
    if db.is_nan() { FLOOR_DB } else { db.clamp(FLOOR_DB, -FLOOR_DB) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_level_rises_at_once_and_falls_at_its_pace() {
        let mut level = Level::default();
        level.set(-6.0);
        assert!(near(level.db(), -6.0));
        level.set(-60.0);
        assert!(near(level.db(), -6.0) && level.is_moving());
        assert!(level.advance(Duration::from_millis(500)));
        assert!(near(level.db(), -16.0));
        assert!(level.advance(Duration::from_mins(1)));
        assert!(near(level.db(), -60.0), "it stops at the reading");
        assert!(!level.advance(Duration::from_secs(1)) && !level.is_moving());
    }

    #[test]
    fn the_pace_does_not_depend_on_the_number_of_steps() {
        let (mut fine, mut coarse) = (Level::default(), Level::default());
        let (mut fine_peak, mut coarse_peak) = (Peak::default(), Peak::default());
        for level in [&mut fine, &mut coarse] {
            level.set(0.0);
            level.set(-100.0);
        }
        for peak in [&mut fine_peak, &mut coarse_peak] {
            peak.set(0.0);
            peak.set(-100.0);
        }
        for _ in 0..200 {
            fine.advance(Duration::from_millis(10));
            fine_peak.advance(Duration::from_millis(10));
        }
        coarse.advance(Duration::from_secs(2));
        coarse_peak.advance(Duration::from_secs(2));
        assert!((fine.db() - coarse.db()).abs() < 1e-6);
        assert!((fine_peak.db() - coarse_peak.db()).abs() < 1e-6);
        assert!((coarse_peak.db() + 10.0).abs() < 1e-6, "half a second of fall: {coarse_peak:?}");
    }

    #[test]
    fn a_peak_is_held_and_then_falls() {
        let mut peak = Peak::default();
        peak.set(-1.0);
        peak.set(-30.0);
        peak.advance(Duration::from_millis(1400));
        assert!(near(peak.db(), -1.0));
        peak.set(-1.0);
        peak.set(-30.0);
        peak.advance(Duration::from_millis(1400));
        assert!(near(peak.db(), -1.0), "an equal peak begins the hold anew");
        peak.advance(Duration::from_millis(600));
        assert!(near(peak.db(), -11.0), "{peak:?}");
        peak.set(-5.0);
        assert!(near(peak.db(), -5.0));
    }

    #[test]
    fn a_reduction_shows_at_once_and_lets_go_slowly() {
        let mut gain = Gain::default();
        gain.set(-6.0);
        assert!(near(gain.db(), -6.0));
        gain.set(0.0);
        gain.advance(Duration::from_millis(100));
        assert!(near(gain.db(), -4.0));
        gain.set(9.0);
        assert!(near(gain.db(), 9.0));
        gain.set(3.0);
        assert!(near(gain.db(), 3.0));
    }

    #[test]
    fn nothing_that_the_bus_sends_leaves_the_range() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            let (mut level, mut peak, mut gain) =
                (Level::default(), Peak::default(), Gain::default());
            level.set(bad);
            peak.set(bad);
            gain.set(bad);
            for db in [level.db(), peak.db(), gain.db()] {
                assert!((FLOOR_DB..=-FLOOR_DB).contains(&db), "{bad}: {db}");
            }
        }
    }
}
