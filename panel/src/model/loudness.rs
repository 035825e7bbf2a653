//! Loudness before and after Headroom, over the last minutes.
//!
//! The bus has gauges for the loudness of the *output* only. The loudness that came in is derived from it and
//! from the gains: output over 3 s, minus the mean gain of leveller and compressor over the same 3 s, minus the
//! make-up gain that the settings say, minus the gain of surge catcher, cap and limiter. That is known only as
//! the least since the reading before, which a single peak brings down; so its *median* over the 3 s is taken:
//! what they take away all the time counts, single peaks do not. It is an estimate, good where gains are steady
//! within seconds; it needs some ten readings per second, and says too much for the input with fewer.

use std::collections::VecDeque;

use headroom_api::FLOOR_DB;

use super::{Meters, Setting, Value, setting::find};

/// Window of the short-term loudness, in microseconds (EBU Tech 3341).
const WINDOW_USEC: u64 = 3_000_000;
/// Time between two points, in microseconds.
const POINT_USEC: u64 = 500_000;
/// Points that are kept: three minutes.
const POINTS: usize = 360;
/// Below this, loudness is silence (absolute gate of ITU-R BS.1770-5), in LUFS.
const SILENCE_LUFS: f64 = -70.0;
/// The level that `makeup_db = "auto"` gives back what the compressor takes of it, in dBFS; the service's own.
const AUTO_LEVEL_DBFS: f64 = -18.0;

/// A point of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoudnessPoint {
    /// Time of the reading, in microseconds of `CLOCK_MONOTONIC`.
    pub usec: u64,
    /// Estimated loudness before Headroom, in LUFS; the floor in silence.
    pub in_lufs: f64,
    /// Short-term loudness after Headroom, in LUFS; the floor in silence.
    pub out_lufs: f64,
}

/// The history of loudness: two points per second, for three minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loudness {
    points: VecDeque<LoudnessPoint>,
    gains: VecDeque<Gains>,
    makeup_db: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Gains {
    usec: u64,
    slow_db: f64,
    fast_db: f64,
}

impl Loudness {
    /// Returns every point, oldest first.
    pub fn points(&self) -> impl ExactSizeIterator<Item = LoudnessPoint> + '_ {
        self.points.iter().copied()
    }

    /// Returns the newest point.
    pub fn last(&self) -> Option<LoudnessPoint> {
        self.points.back().copied()
    }

    pub(super) fn set_makeup_db(&mut self, makeup_db: f64) {
        self.makeup_db = makeup_db;
    }

    /// Takes a reading; says whether there is a new point.
    pub(super) fn push(&mut self, meters: &Meters) -> bool {
        let Meters { usec, bus, .. } = meters;
        // A clock that went back is another machine's or a restarted one: nothing before counts.
        if self.last().is_some_and(|last| last.usec > *usec) {
            self.points.clear();
            self.gains.clear();
        }
        while self.gains.front().is_some_and(|old| usec.saturating_sub(old.usec) > WINDOW_USEC) {
            self.gains.pop_front();
        }
        self.gains.push_back(Gains {
            usec: *usec,
            slow_db: bus.leveller_db + bus.compressor_db,
            fast_db: bus.surge_db + bus.cap_db + bus.limiter_soft_db + bus.limiter_hard_db,
        });
        if self.last().is_some_and(|last| usec - last.usec < POINT_USEC) {
            return false;
        }
        let out_lufs = bus.short_term_lufs;
        let in_lufs = if out_lufs < SILENCE_LUFS { FLOOR_DB } else { out_lufs - self.gain_db() };
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        let out_lufs = if out_lufs < SILENCE_LUFS { FLOOR_DB } else { out_lufs };
        self.points.push_back(LoudnessPoint { usec: *usec, in_lufs, out_lufs });
        true
    }

    fn gain_db(&self) -> f64 {
        let count = self.gains.len().max(1) as f64;
        let slow_db = self.gains.iter().map(|gains| gains.slow_db).sum::<f64>() / count;
        let mut fast: Vec<f64> = self.gains.iter().map(|gains| gains.fast_db).collect();
        fast.sort_by(f64::total_cmp);
        let median = fast.get(fast.len() / 2).copied().unwrap_or(0.0);
        slow_db + median + self.makeup_db
    }
}

/// Returns the make-up gain that settings ask for, in dB; 0 where the compressor is off or not known.
///
/// `auto` gives back what the static curve takes of a level of -18 dBFS: the quadratic soft knee of
/// Giannoulis, Massberg and Reiss (JAES 60/6, 2012, equation 4).
pub fn makeup_db(settings: &[Setting]) -> f64 {
    let number = |key| match find(settings, key)?.value {
        Value::Number(number) => Some(number),
        Value::Bool(_) | Value::Text(_) => None,
    };
    let is_on =
        find(settings, "compressor.enabled").is_some_and(|on| on.value == Value::Bool(true));
    let Some(makeup) = find(settings, "compressor.makeup_db").filter(|_| is_on) else {
        return 0.0;
    };
    match makeup.value {
        Value::Number(db) => db,
        Value::Bool(_) => 0.0,
        Value::Text(_) => {
            let curve = [
                number("compressor.threshold_db"),
                number("compressor.ratio"),
                number("compressor.knee_db"),
            ];
            let [Some(threshold_db), Some(ratio), Some(knee_db)] = curve else {
                return 0.0;
            };
            let slope = 1.0 - 1.0 / ratio.max(1.0);
            let over_db = AUTO_LEVEL_DBFS - threshold_db;
            if over_db <= -knee_db / 2.0 {
                0.0
            } else if over_db < knee_db / 2.0 {
                slope * (over_db + knee_db / 2.0).powi(2) / (2.0 * knee_db)
            } else {
                slope * over_db
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        BusGauges,
        setting::tests::{number, switch},
    };

    fn reading(usec: u64, short_term_lufs: f64, leveller_db: f64, limiter_hard_db: f64) -> Meters {
        let bus =
            BusGauges { leveller_db, limiter_hard_db, short_term_lufs, ..BusGauges::default() };
        Meters { usec, bus, streams: Vec::new() }
    }

    fn play(
        loudness: &mut Loudness,
        from: u64,
        seconds: u64,
        at: impl Fn(u64) -> (f64, f64, f64),
    ) -> usize {
        (0..seconds * 20)
            .filter(|n| {
                let (lufs, leveller, hard) = at(*n);
                loudness.push(&reading(from + n * 50_000, lufs, leveller, hard))
            })
            .count()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn what_came_in_is_what_goes_out_without_the_gains() {
        let mut loudness = Loudness::default();
        loudness.set_makeup_db(2.0);
        play(&mut loudness, 0, 10, |_| (-18.0, 5.0, 0.0));
        let last = loudness.last().unwrap();
        assert!(near(last.in_lufs, -25.0) && near(last.out_lufs, -18.0), "{last:?}");
    }

    #[test]
    fn two_points_a_second_for_three_minutes() {
        let mut loudness = Loudness::default();
        assert_eq!(play(&mut loudness, 0, 10, |_| (-18.0, 0.0, 0.0)), 20);
        play(&mut loudness, 10_000_000, 300, |_| (-18.0, 0.0, 0.0));
        assert_eq!(loudness.points().len(), POINTS);
        let times: Vec<_> = loudness.points().map(|point| point.usec).collect();
        assert!(times.is_sorted());
        assert_eq!(times[POINTS - 1] - times[0], 500_000 * (POINTS as u64 - 1));
    }

    #[test]
    fn single_peaks_of_the_limiter_do_not_count_and_steady_reduction_does() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 0, 10, |n| (-20.0, 0.0, if n % 5 == 0 { -9.0 } else { 0.0 }));
        assert!(near(loudness.last().unwrap().in_lufs, -20.0));
        play(&mut loudness, 10_000_000, 10, |_| (-10.0, 0.0, -9.0));
        assert!(near(loudness.last().unwrap().in_lufs, -1.0));
    }

    #[test]
    fn a_gain_counts_for_as_long_as_the_loudness_hears_it() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 0, 10, |_| (-18.0, 10.0, 0.0));
        play(&mut loudness, 10_000_000, 2, |_| (-18.0, 0.0, 0.0));
        let half_way = loudness.last().unwrap().in_lufs;
        assert!(half_way > -28.0 && half_way < -18.0, "{half_way}");
        play(&mut loudness, 12_000_000, 4, |_| (-18.0, 0.0, 0.0));
        assert!(near(loudness.last().unwrap().in_lufs, -18.0));
    }

    #[test]
    fn silence_is_silence_on_both_sides_whatever_the_gain() {
        let mut loudness = Loudness::default();
        loudness.push(&reading(1, -75.0, 8.0, 0.0));
        let last = loudness.last().unwrap();
        assert!(near(last.in_lufs, FLOOR_DB) && near(last.out_lufs, FLOOR_DB));
    }

    #[test]
    fn a_clock_that_goes_back_begins_anew() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 50_000_000, 5, |_| (-18.0, 9.0, 0.0));
        assert!(loudness.push(&reading(1000, -18.0, 0.0, 0.0)));
        assert_eq!(loudness.points().len(), 1);
        assert!(near(loudness.last().unwrap().in_lufs, -18.0));
    }

    fn compressor(makeup: Value, threshold_db: f64, ratio: f64, knee_db: f64) -> Vec<Setting> {
        let mut setting = number("compressor.makeup_db", 0.0, -12.0, 24.0);
        setting.value = makeup;
        vec![
            switch("compressor.enabled", true),
            setting,
            number("compressor.threshold_db", threshold_db, -60.0, 0.0),
            number("compressor.ratio", ratio, 1.0, 20.0),
            number("compressor.knee_db", knee_db, 0.0, 24.0),
        ]
    }

    #[test]
    fn make_up_is_the_number_or_what_the_curve_takes_of_minus_18() {
        let auto = || Value::Text("auto".to_owned());
        assert!(near(makeup_db(&compressor(Value::Number(3.0), -16.0, 2.0, 10.0)), 3.0));
        // In the knee, above it, and below it.
        assert!(near(makeup_db(&compressor(auto(), -16.0, 2.0, 10.0)), 0.5 * 9.0 / 20.0));
        assert!(near(makeup_db(&compressor(auto(), -38.0, 4.0, 10.0)), 15.0));
        assert!(near(makeup_db(&compressor(auto(), -6.0, 4.0, 10.0)), 0.0));
        assert!(near(makeup_db(&compressor(auto(), -6.0, 4.0, 0.0)), 0.0));
    }

    #[test]
    fn a_compressor_that_is_off_has_no_make_up() {
        let mut settings = compressor(Value::Number(3.0), -16.0, 2.0, 10.0);
        settings[0].value = Value::Bool(false);
        assert!(near(makeup_db(&settings), 0.0));
        assert!(near(makeup_db(&[]), 0.0));
    }
}
