//! Makes catches and minutes of readings; pure.

use std::{collections::HashMap, time::Duration};

use headroom_api::CatchRow;

use crate::{
    catch::{Open, Reading},
    exposure::{Exposure, Heard},
    minute::{MINUTE_USEC, Minute},
};

/// Minutes are handed out in lots of so many, so that a disk is seldom written to.
const LOT: u64 = 5;
/// Most that wait, of each kind, however many applications there are.
const MOST_WAITING: usize = 512;

/// What is to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Catches that are over.
    pub catches: Vec<CatchRow>,
    /// Minutes, or parts of them.
    pub minutes: Vec<Minute>,
    /// The same of how much sound reached devices.
    pub exposure: Vec<Exposure>,
}

impl News {
    /// Says whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.catches.is_empty() && self.minutes.is_empty() && self.exposure.is_empty()
    }
}

/// Makes catches and minutes of readings.
#[derive(Debug, Default)]
pub struct Judge {
    /// Catches that may go on, by application and device.
    open: HashMap<(String, String), Open>,
    minutes: Vec<Minute>,
    exposure: Vec<Exposure>,
    /// The minute that the first of those began in.
    first: u64,
}

impl Judge {
    /// Takes readings, about a second after the last; returns what is to be kept now.
    ///
    /// `now` is of a clock that is never set and goes on while the machine sleeps; `now_usec` is the wall clock.
    pub fn take(&mut self, readings: &[Reading], now: Duration, now_usec: u64) -> News {
        let minute = now_usec / MINUTE_USEC;
        // Before a reading is taken in: what was held before a sleep is not what is held after it.
        let mut catches = self.close(now);
        for reading in readings {
            self.note(Minute::of(reading, minute));
            let key = (reading.app.clone(), reading.device.clone());
            if let Some(open) = self.open.get_mut(&key) {
                open.add(reading, now, now_usec);
            } else if self.open.len() < MOST_WAITING
                && let Some(open) = Open::begin(reading, now, now_usec)
            {
                self.open.insert(key, open);
            }
        }
        catches.extend(self.close(now));
        // What waits is written with a catch, which is written at once.
        let due = !catches.is_empty() || self.is_due(minute);
        if due { News { catches, ..self.minutes() } } else { News { catches, ..News::default() } }
    }

    /// Takes in what a device was heard to play, about a second after the last; `now_usec` is the wall clock.
    pub fn hear(&mut self, heard: &Heard<'_>, now_usec: u64) {
        let Some(reading) = Exposure::of(heard, Exposure::minute(now_usec)) else { return };
        self.begin_lot(reading.number);
        reading.add_to(&mut self.exposure);
    }

    /// Returns how much sound reached devices alone, where a lot of that is due. Nothing else is to be kept: the rest is
    /// forgotten.
    pub fn exposure_due(&mut self, now_usec: u64) -> News {
        self.open.clear();
        self.minutes.clear();
        let due = self.is_due(now_usec / MINUTE_USEC);
        if due { self.exposure() } else { News::default() }
    }

    /// Returns how much sound reached devices so far alone.
    pub fn exposure(&mut self) -> News {
        News { exposure: std::mem::take(&mut self.exposure), ..News::default() }
    }

    /// Returns what is left, as nothing plays any more.
    pub fn rest(&mut self) -> News {
        let open = std::mem::take(&mut self.open);
        News { catches: sorted(open.into_values()), ..self.minutes() }
    }

    /// Returns the minutes so far, as somebody wants to look at them.
    pub fn minutes(&mut self) -> News {
        News { minutes: std::mem::take(&mut self.minutes), ..self.exposure() }
    }

    /// Forgets all that was not handed out.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn close(&mut self, now: Duration) -> Vec<CatchRow> {
        sorted(self.open.extract_if(|_, open| open.is_over(now)).map(|(_, open)| open))
    }

    fn note(&mut self, minute: Minute) {
        if let Some(known) = self.minutes.iter_mut().find(|known| known.is_alike(&minute)) {
            known.add(&minute);
            return;
        }
        self.begin_lot(minute.number);
        self.minutes.push(minute);
    }

    fn begin_lot(&mut self, minute: u64) {
        if self.minutes.is_empty() && self.exposure.is_empty() {
            self.first = minute;
        }
    }

    fn is_due(&self, minute: u64) -> bool {
        // A clock that was set back makes no lot wait for the past.
        minute.abs_diff(self.first) >= LOT
            || self.minutes.len().max(self.exposure.len()) >= MOST_WAITING
    }
}

fn sorted(closed: impl Iterator<Item = Open>) -> Vec<CatchRow> {
    let mut rows: Vec<CatchRow> = closed.map(Open::close).collect();
    rows.sort_by_key(|row| row.begin_usec);
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "whole seconds and levels that are handed on are exact")]

    use headroom_api::CaughtBy;

    use super::*;

    const NOON_USEC: u64 = 1_800_000_000_000_000;

    fn reading(app: &str, surge_db: f32) -> Reading {
        Reading {
            app: app.into(),
            device: "Speakers".into(),
            played_s: 1.0,
            held_s: if surge_db < -3.0 { 1.0 } else { 0.0 },
            peak_in_dbfs: -1.0,
            momentary_in_lufs: -5.0,
            momentary_out_lufs: -5.0 + surge_db,
            short_in_lufs: -10.0,
            short_out_lufs: -20.0,
            surge_db,
            ..Reading::default()
        }
    }

    /// Takes one reading of an application a second.
    fn run(judge: &mut Judge, from_s: u64, surges_db: &[f32]) -> Vec<CatchRow> {
        let mut catches = Vec::new();
        for (s, surge_db) in (from_s..).zip(surges_db) {
            let readings = [reading("mpv", *surge_db)];
            let now = Duration::from_secs(s);
            catches.extend(judge.take(&readings, now, NOON_USEC + s * 1_000_000).catches);
        }
        catches
    }

    #[test]
    fn one_blast_is_one_catch_with_its_highest_figures() {
        let mut judge = Judge::default();
        let catches = run(&mut judge, 0, &[0.0, -9.0, -16.0, -5.0, 0.0, -8.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(catches.len(), 1);
        let row = &catches[0];
        assert_eq!((row.gain_db, row.by.known()), (-16.0, Some(CaughtBy::Surge)));
        assert_eq!((row.loudness_in_lufs, row.held_s), (-5.0, 4.0));
        assert_eq!(row.begin_usec, NOON_USEC);
        assert_eq!(row.end_usec, NOON_USEC + 5_000_000);
    }

    #[test]
    fn blasts_that_are_apart_are_two_catches() {
        let surges = [-9.0, 0.0, 0.0, 0.0, 0.0, -9.0, 0.0, 0.0, 0.0];
        assert_eq!(run(&mut Judge::default(), 0, &surges).len(), 2);
    }

    #[test]
    fn everyday_levelling_is_no_catch() {
        assert!(run(&mut Judge::default(), 0, &[-6.0; 600]).is_empty());
        let soft =
            Reading { momentary_in_lufs: -40.0, peak_in_dbfs: -30.0, ..reading("mpv", -20.0) };
        let mut judge = Judge::default();
        judge.take(&[soft], Duration::ZERO, NOON_USEC);
        assert!(judge.rest().catches.is_empty(), "what is soft hurts nobody");
    }

    #[test]
    fn blast_without_an_end_is_told_in_pieces() {
        let catches = run(&mut Judge::default(), 0, &[-12.0; 600]);
        assert!((4..=5).contains(&catches.len()), "{}", catches.len());
    }

    #[test]
    fn catch_before_a_sleep_is_not_that_after_it() {
        let mut judge = Judge::default();
        assert!(run(&mut judge, 0, &[-12.0]).is_empty());
        let before = run(&mut judge, 8 * 3600, &[-9.0]);
        assert_eq!(before.len(), 1);
        assert_eq!(before[0].end_usec, NOON_USEC);
        assert_eq!(judge.rest().catches[0].gain_db, -9.0);
    }

    #[test]
    fn clock_that_is_set_back_loses_no_catch_and_no_minute() {
        let mut judge = Judge::default();
        run(&mut judge, 0, &[-12.0]);
        let now = Duration::from_secs(1);
        assert!(judge.take(&[reading("mpv", 0.0)], now, 60_000_000).catches.is_empty());
        let News { catches, minutes, .. } = judge.rest();
        assert!(catches[0].end_usec >= catches[0].begin_usec);
        let played: f64 = minutes.iter().map(|minute| minute.played_s).sum();
        // The lot was handed out as the clock jumped.
        assert!(minutes.is_empty() || played > 0.0);
    }

    #[test]
    fn minutes_come_in_lots_and_lose_no_second() {
        let mut judge = Judge::default();
        let (mut lots, mut played_s, mut energy_out) = (0, 0.0, 0.0);
        let mut add = |minutes: Vec<Minute>| {
            lots += u32::from(!minutes.is_empty());
            played_s += minutes.iter().map(|minute| minute.played_s).sum::<f64>();
            energy_out += minutes.iter().map(|minute| minute.energy_out).sum::<f64>();
        };
        for s in 0..3600 {
            let readings = [reading("mpv", 0.0), reading("vlc", 0.0)];
            let now = Duration::from_secs(s);
            add(judge.take(&readings, now, NOON_USEC + s * 1_000_000).minutes);
        }
        add(judge.rest().minutes);
        assert!(lots <= 13, "{lots} writes an hour");
        assert_eq!(played_s, 7200.0);
        assert!((energy_out / played_s - 0.01).abs() < 1e-6);
    }
    #[test]
    fn exposure_waits_with_the_minutes_and_alone() {
        let mut judge = Judge::default();
        let heard = Heard { device: "a", mean_square: 0.1, played_s: 1.0, volume_db: -20.0 };
        let (mut lots, mut played_s) = (0, 0.0);
        for with_history in [true, false] {
            for s in 0..3600 {
                let passed_s = s + if with_history { 0 } else { 3600 };
                let now_usec = NOON_USEC + passed_s * 1_000_000;
                judge.hear(&heard, now_usec);
                let news = if with_history {
                    judge.take(&[reading("mpv", 0.0)], Duration::from_secs(passed_s), now_usec)
                } else {
                    judge.exposure_due(now_usec)
                };
                assert_eq!(news.minutes.is_empty(), news.exposure.is_empty() || !with_history);
                lots += u32::from(!news.is_empty());
                played_s += news.exposure.iter().map(|minute| minute.played_s).sum::<f64>();
            }
        }
        let rest = judge.rest();
        played_s += rest.exposure.iter().map(|minute| minute.played_s).sum::<f64>();
        assert!(lots <= 26, "{lots} writes in two hours");
        assert_eq!(played_s, 7200.0);
        judge.hear(&heard, NOON_USEC);
        judge.forget();
        assert!(judge.exposure().is_empty());
    }
}
