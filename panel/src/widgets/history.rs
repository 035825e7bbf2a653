//! The readings of the last three minutes.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

/// How much of the past is kept, in microseconds.
pub(super) const SPAN_US: i64 = 180_000_000;

/// Readings further apart than this, in microseconds, are not joined by a line.
const BREAK_US: i64 = 5_000_000;

/// Loudness at which there is nothing to hear: the absolute gate of BS.1770, in LUFS.
pub(super) const SILENCE_LUFS: f64 = -70.0;

/// The most readings that are kept: three minutes at four a second, whoever pushes faster.
const MOST: usize = 720;

/// Loudness of input and output at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    pub(super) at_us: i64,
    pub(super) input_lufs: f64,
    pub(super) output_lufs: f64,
}

/// Readings in the order of time.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Reading>);

impl History {
    /// Takes the latest reading and forgets those that have become too old; one older than the latest is left out.
    pub(super) fn push(&mut self, reading: Reading) {
        if self.0.back().is_some_and(|latest| latest.at_us > reading.at_us) {
            return;
        }
        self.0.push_back(reading);
        while self.0.len() > MOST
            || self.0.front().is_some_and(|oldest| oldest.at_us < reading.at_us - SPAN_US)
        {
            self.0.pop_front();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the latest reading.
    pub(super) fn latest(&self) -> Option<Reading> {
        self.0.back().copied()
    }

    /// Returns the reading nearest to the moment that was `age_us` before the latest, unless that was in a pause.
    pub(super) fn near(&self, age_us: i64) -> Option<Reading> {
        let wanted_us = self.latest()?.at_us - age_us;
        let distance_us = |reading: &Reading| (reading.at_us - wanted_us).abs();
        self.0
            .iter()
            .copied()
            .min_by_key(distance_us)
            .filter(|reading| distance_us(reading) <= BREAK_US / 2)
    }

    /// Returns the time from the oldest reading to the latest, in microseconds.
    pub(super) fn length_us(&self) -> i64 {
        self.0.front().zip(self.0.back()).map_or(0, |(oldest, latest)| latest.at_us - oldest.at_us)
    }

    /// Returns one value of each reading with its age in microseconds, oldest first, in runs without a break.
    ///
    /// A pause is a break, and so is silence.
    pub(super) fn runs(&self, value: impl Fn(&Reading) -> f64) -> Vec<Vec<(i64, f64)>> {
        let latest_us = self.latest().map_or(0, |latest| latest.at_us);
        let mut runs: Vec<Vec<(i64, f64)>> = Vec::new();
        let mut last_us = None;
        for reading in &self.0 {
            let loudness_lufs = value(reading);
            if loudness_lufs.is_nan() || loudness_lufs <= SILENCE_LUFS {
                last_us = None;
                continue;
            }
            let point = (latest_us - reading.at_us, loudness_lufs);
            match runs.last_mut() {
                Some(run) if last_us.is_some_and(|last_us| reading.at_us - last_us <= BREAK_US) => {
                    run.push(point);
                }
                _ => runs.push(vec![point]),
            }
            last_us = Some(reading.at_us);
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at_s: i64) -> Reading {
        Reading { at_us: at_s * 1_000_000, input_lufs: -20.0, output_lufs: -23.0 }
    }

    fn history(at_s: impl IntoIterator<Item = i64>) -> History {
        let mut history = History::default();
        at_s.into_iter().for_each(|at_s| history.push(reading(at_s)));
        history
    }

    #[test]
    fn what_is_older_than_three_minutes_is_forgotten() {
        let history = history([0, 1, 100, 180, 181]);
        assert_eq!(history.length_us(), 180_000_000);
    }

    #[test]
    fn readings_that_come_too_fast_do_not_pile_up() {
        let mut history = History::default();
        for at_us in 0..10_000 {
            history.push(Reading { at_us, ..reading(0) });
        }
        assert_eq!(history.0.len(), MOST);
        assert_eq!(history.latest().map(|latest| latest.at_us), Some(9_999));
    }

    #[test]
    fn a_reading_from_before_the_latest_is_left_out() {
        assert_eq!(history([5, 3]).latest(), Some(reading(5)));
    }

    #[test]
    fn a_pause_breaks_the_line() {
        assert_eq!(ages_s(&history([0, 1, 2, 60, 61])), [vec![61, 60, 59], vec![1, 0]]);
    }

    #[test]
    fn silence_breaks_the_line() {
        let mut history = history([0, 1]);
        history.push(Reading { input_lufs: f64::NEG_INFINITY, ..reading(2) });
        history.push(Reading { input_lufs: f64::NAN, ..reading(3) });
        history.push(reading(4));
        assert_eq!(ages_s(&history), [vec![4, 3], vec![0]]);
    }

    fn ages_s(history: &History) -> Vec<Vec<i64>> {
        let runs = history.runs(|reading| reading.input_lufs);
        runs.iter().map(|run| run.iter().map(|point| point.0 / 1_000_000).collect()).collect()
    }

    #[test]
    fn nearest_reading_answers_for_a_moment_none_for_a_pause() {
        let history = history([0, 4, 8, 60]);
        assert_eq!(history.near(0), Some(reading(60)));
        assert_eq!(history.near(53_000_000), Some(reading(8)));
        assert_eq!(history.near(55_000_000), Some(reading(4)));
        assert_eq!(history.near(30_000_000), None);
        assert_eq!(History::default().near(0), None);
    }
}
