//! How a needle moves and a peak holds between two readings.
//!
//! Pure arithmetic on decibels and seconds, run on the main thread by the widgets' frame callbacks. Every step
//! gives the same movement whether it comes as one long frame or as many short ones. Nothing here draws or
//! knows a toolkit.
#![forbid(unsafe_code)]

/// How near, in decibels, a needle has to be to its target to stand still.
const REST_DB: f64 = 0.05;

/// Fall of a level needle in dB/s: 20 dB in 1.7 s, the return of IEC 60268-10 type I.
pub const LEVEL_FALL_DB_PER_S: f64 = 20.0 / 1.7;

/// Time that a peak stays up before it falls, in seconds.
pub const PEAK_HOLD_S: f64 = 1.5;

/// A needle follows its target: up along an exponential, down at a steady rate in decibels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needle {
    floor_db: f64,
    shown_db: f64,
    target_db: f64,
    rise_s: f64,
    fall_db_per_s: f64,
}

impl Needle {
    /// Makes a needle that rests at `floor_db`, rises with the time constant `rise_s` and falls by `fall_db_per_s`.
    #[must_use]
    pub const fn new(floor_db: f64, rise_s: f64, fall_db_per_s: f64) -> Self {
        Self { floor_db, shown_db: floor_db, target_db: floor_db, rise_s, fall_db_per_s }
    }

    /// Aims at a new reading in decibels; what is below the floor, or is no number, is the floor.
    pub fn aim(&mut self, target_db: f64) {
        self.target_db = target_db.max(self.floor_db);
    }

    /// Moves by `elapsed_s` seconds and tells whether the needle moved.
    pub fn advance(&mut self, elapsed_s: f64) -> bool {
        if self.at_rest() {
            return false;
        }
        let gap_db = self.target_db - self.shown_db;
        let next_db = if gap_db > 0.0 {
            self.target_db - gap_db * (-elapsed_s.max(0.0) / self.rise_s).exp()
        } else {
            (self.shown_db - self.fall_db_per_s * elapsed_s.max(0.0)).max(self.target_db)
        };
        self.shown_db =
            if (self.target_db - next_db).abs() < REST_DB { self.target_db } else { next_db };
        true
    }

    /// Jumps to the target.
    pub fn settle(&mut self) {
        self.shown_db = self.target_db;
    }

    /// Tells whether the needle stands at its target.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        (self.shown_db - self.target_db).abs() <= f64::EPSILON
    }

    /// Returns where the needle stands, in decibels.
    #[must_use]
    pub fn shown_db(&self) -> f64 {
        self.shown_db
    }

    /// Returns the last reading, in decibels.
    #[must_use]
    pub fn target_db(&self) -> f64 {
        self.target_db
    }
}

/// A peak that stays up for a while and then falls to the level below it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakHold {
    held_db: f64,
    age_s: f64,
    hold_s: f64,
    fall_db_per_s: f64,
}

impl PeakHold {
    /// Makes a hold that stands at `floor_db`, stays for `hold_s` seconds and falls by `fall_db_per_s`.
    #[must_use]
    pub const fn new(floor_db: f64, hold_s: f64, fall_db_per_s: f64) -> Self {
        Self { held_db: floor_db, age_s: 0.0, hold_s, fall_db_per_s }
    }

    /// Takes a new peak in decibels; one that is as high as the held one holds anew.
    pub fn observe(&mut self, peak_db: f64) {
        if peak_db >= self.held_db {
            self.held_db = peak_db;
            self.age_s = 0.0;
        }
    }

    /// Lets `elapsed_s` seconds pass above a level of `level_db` and tells whether the held peak moved.
    pub fn advance(&mut self, elapsed_s: f64, level_db: f64) -> bool {
        if self.at_rest(level_db) {
            self.age_s = 0.0;
            return false;
        }
        let before_s = self.age_s;
        self.age_s += elapsed_s.max(0.0);
        let falling_s = (self.age_s - self.hold_s.max(before_s)).max(0.0);
        if falling_s <= 0.0 {
            return false;
        }
        self.held_db = (self.held_db - self.fall_db_per_s * falling_s).max(level_db);
        true
    }

    /// Drops to `level_db` at once.
    pub fn drop_to(&mut self, level_db: f64) {
        self.held_db = level_db;
        self.age_s = 0.0;
    }

    /// Tells whether nothing is held above `level_db`.
    #[must_use]
    pub fn at_rest(&self, level_db: f64) -> bool {
        self.held_db <= level_db
    }

    /// Returns the held peak in decibels.
    #[must_use]
    pub fn held_db(&self) -> f64 {
        self.held_db
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle() -> Needle {
        Needle::new(-60.0, 0.04, LEVEL_FALL_DB_PER_S)
    }

    #[test]
    fn a_needle_at_its_target_stands_still() {
        let mut needle = needle();
        assert!(needle.at_rest());
        assert!(!needle.advance(1.0));
        needle.aim(-12.0);
        assert!(!needle.at_rest());
        let mut frames = 0;
        while needle.advance(1.0 / 60.0) {
            frames += 1;
            assert!(frames < 60, "a needle comes to rest within a second of rising");
        }
        assert!((needle.shown_db() + 12.0).abs() < 1e-12);
    }

    #[test]
    fn needle_falls_20_db_in_1_7_s() {
        let mut needle = needle();
        needle.aim(-10.0);
        needle.settle();
        needle.aim(-60.0);
        needle.advance(1.7);
        assert!((needle.shown_db() + 30.0).abs() < 1e-9);
    }

    #[test]
    fn one_long_frame_moves_as_far_as_many_short_ones() {
        for target_db in [-3.0, -60.0] {
            let (mut long, mut short) = (needle(), needle());
            for needle in [&mut long, &mut short] {
                needle.aim(-30.0);
                needle.settle();
                needle.aim(target_db);
            }
            long.advance(0.1);
            for _ in 0..10 {
                short.advance(0.01);
            }
            assert!((long.shown_db() - short.shown_db()).abs() < 1e-9, "towards {target_db}");
        }
    }

    #[test]
    fn a_needle_never_passes_its_target() {
        let mut needle = needle();
        for target_db in [-5.0, -40.0, 3.0, -60.0] {
            let from_db = needle.shown_db();
            needle.aim(target_db);
            for _ in 0..500 {
                needle.advance(0.013);
                let (low, high) = (from_db.min(target_db), from_db.max(target_db));
                assert!((low..=high).contains(&needle.shown_db()));
            }
            assert!(needle.at_rest());
        }
    }

    #[test]
    fn what_is_no_number_is_the_floor() {
        let mut needle = needle();
        for reading in [f64::NAN, f64::NEG_INFINITY, -200.0] {
            needle.aim(reading);
            assert!((needle.target_db() + 60.0).abs() < 1e-12);
        }
    }

    #[test]
    fn time_that_runs_backwards_moves_nothing() {
        let mut needle = needle();
        needle.aim(-6.0);
        needle.advance(-1.0);
        assert!((needle.shown_db() + 60.0).abs() < 1e-12);
    }

    #[test]
    fn a_peak_holds_then_falls_to_the_level() {
        let mut hold = PeakHold::new(-60.0, 1.5, 10.0);
        hold.observe(-3.0);
        assert!(!hold.advance(1.4, -20.0));
        assert!((hold.held_db() + 3.0).abs() < 1e-12);
        assert!(hold.advance(0.6, -20.0));
        assert!((hold.held_db() + 8.0).abs() < 1e-9, "half a second of falling");
        assert!(hold.advance(10.0, -20.0));
        assert!((hold.held_db() + 20.0).abs() < 1e-12);
        assert!(hold.at_rest(-20.0));
        assert!(!hold.advance(1.0, -20.0));
    }

    #[test]
    fn a_peak_as_high_as_the_held_one_holds_anew() {
        let mut hold = PeakHold::new(-60.0, 1.5, 10.0);
        hold.observe(-3.0);
        hold.advance(1.4, -20.0);
        hold.observe(-3.0);
        assert!(!hold.advance(1.4, -20.0));
        hold.observe(-4.0);
        assert!(hold.advance(1.4, -20.0), "a lower peak does not");
    }

    #[test]
    fn a_peak_that_is_no_number_is_not_held() {
        let mut hold = PeakHold::new(-60.0, 1.5, 10.0);
        hold.observe(f64::NAN);
        assert!((hold.held_db() + 60.0).abs() < 1e-12);
    }
}
