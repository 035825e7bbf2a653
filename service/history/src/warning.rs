//! When a sound dose, or a level, is worth a warning; pure.
//!
//! [`Watcher`] says of each second whether the file is to be asked; what was told before, the file knows ([`Store`]), so
//! that a restart tells nothing twice.
//!
//! [`Store`]: crate::Store

use std::collections::HashMap;

use crate::exposure::{Exposure, Heard};

/// A level at the ear that is worth a warning as soon as a second of it was heard, in dB(A): what IEC 62368-1 and
/// EN 50332-3 call the momentary exposure level, and what Android warns of.
pub const LOUD_DBA: f64 = 100.0;
/// How long nobody is warned of a level again, in microseconds: 20 hours, as with Android.
pub(crate) const LEVEL_AGAIN_USEC: u64 = 20 * HOUR_USEC;
/// What a dose is of: the last seven days, in microseconds.
pub(crate) const WINDOW_USEC: u64 = 7 * 24 * HOUR_USEC;
const HOUR_USEC: u64 = 3_600_000_000;
/// A whole hundred counts as told until so much of it is left. A day is a seventh of the window: who listens alike every
/// day is told once, and not every evening.
const LEFT: f64 = 0.75;
/// A second as it is read: in whole cycles, about once a second.
const SECOND_S: f64 = 0.9;
/// How long the file is not asked again whether a level may be told, in microseconds.
const ASK_AGAIN_USEC: u64 = HOUR_USEC;

/// The dose of the last seven days of all calibrated devices together, and what is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dose {
    /// 1.0 for an adult's week.
    pub dose: f64,
    /// Up to which whole hundred per cent it is told, 1 for 100 %.
    pub told: u32,
    /// Whether that is to be told now.
    pub is_new: bool,
}

/// Returns how many whole hundred per cent a dose has.
pub(crate) fn whole(dose: f64) -> u32 {
    // Not a number is none.
    dose.clamp(0.0, 1e6) as u32
}

/// Says whether a whole hundred that was told still counts as told.
pub(crate) fn stands(dose: f64, told: u32) -> bool {
    dose >= LEFT * f64::from(told)
}

/// Follows what is heard of calibrated devices between two looks into the file.
#[derive(Debug, Default)]
pub struct Watcher {
    /// Each device's second so far: energy, and its length in seconds.
    seconds: HashMap<String, (f64, f64)>,
    /// As the file had it last.
    known: Option<Dose>,
    /// The dose that came since.
    since: f64,
    /// Whether the file is being asked.
    asked: bool,
    /// When it was asked for a level, by the wall clock in microseconds.
    level_asked_usec: Option<u64>,
}

impl Watcher {
    /// Takes in what a device was heard to play, where 0 dBFS is `calibration_db` dB(A) at the ear; `now_usec` is the wall
    /// clock. Returns its level in dB(A) where the file is to be asked whether that may be told.
    pub fn hear(&mut self, heard: &Heard<'_>, calibration_db: f64, now_usec: u64) -> Option<f64> {
        let reading = Exposure::of(heard, 0);
        self.since += reading.as_ref().map_or(0.0, |reading| reading.dose(calibration_db));
        if !self.seconds.contains_key(heard.device) {
            self.seconds.insert(heard.device.to_owned(), (0.0, 0.0));
        }
        let (energy, length_s) = self.seconds.get_mut(heard.device)?;
        *energy += reading.map_or(0.0, |reading| reading.energy);
        *length_s += heard.played_s;
        if *length_s < SECOND_S {
            return None;
        }
        let level_dba = 10.0 * (*energy / *length_s).log10() + calibration_db;
        (*energy, *length_s) = (0.0, 0.0);
        let is_due = self.level_asked_usec.is_none_or(|at| now_usec.abs_diff(at) >= ASK_AGAIN_USEC);
        if level_dba <= LOUD_DBA || !is_due {
            return None;
        }
        self.level_asked_usec = Some(now_usec);
        Some(level_dba)
    }

    /// Says whether the file is to be asked for the dose: it is not known, or may have reached the next whole hundred.
    pub fn is_due(&self) -> bool {
        let has_reached =
            |known: Dose| known.dose + self.since >= f64::from(known.told.saturating_add(1));
        self.since > 0.0 && !self.asked && self.known.is_none_or(has_reached)
    }

    /// Takes in that the file is asked, and has all that was heard so far.
    pub fn ask(&mut self) {
        self.asked = true;
        self.since = 0.0;
    }

    /// Takes in what the file had.
    pub fn take(&mut self, known: Dose) {
        self.asked = false;
        self.known = Some(known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where -20 dBFS are 80 dB(A).
    const CALIBRATION_DB: f64 = 100.0;
    const NOON_USEC: u64 = 1_800_000_000_000_000;

    fn heard(level_dbfs: f64, played_s: f64) -> Heard<'static> {
        let mean_square = 10.0_f64.powf(level_dbfs / 10.0);
        Heard { device: "phones", mean_square, played_s, volume_db: 0.0 }
    }

    /// Hears seconds of a level; returns those at which the file would be asked for a level.
    fn levels(watcher: &mut Watcher, level_dbfs: f64, played_s: f64, seconds: u64) -> Vec<u64> {
        let mut asked = Vec::new();
        for s in 0..seconds {
            let now_usec = NOON_USEC + s * 1_000_000;
            if watcher.hear(&heard(level_dbfs, played_s), CALIBRATION_DB, now_usec).is_some() {
                asked.push(s);
            }
        }
        asked
    }

    #[test]
    fn level_is_asked_for_above_a_hundred_and_once_an_hour() {
        assert_eq!(levels(&mut Watcher::default(), -0.1, 1.0, 7200), []);
        assert_eq!(levels(&mut Watcher::default(), 0.5, 1.0, 7200), [0, 3600]);
        let mut watcher = Watcher::default();
        let level_dba = watcher.hear(&heard(3.0, 1.0), CALIBRATION_DB, NOON_USEC).unwrap();
        assert!((level_dba - 103.0).abs() < 1e-9);
    }

    #[test]
    fn level_is_that_of_a_second_however_it_is_read() {
        // A tenth of a second at 106 dB(A) is 96 of a second.
        let mut watcher = Watcher::default();
        assert_eq!(watcher.hear(&heard(6.0, 0.1), CALIBRATION_DB, NOON_USEC), None);
        assert_eq!(levels(&mut watcher, -200.0, 0.1, 20), []);
        assert_eq!(levels(&mut Watcher::default(), 6.0, 0.25, 8), [3]);
        let endless = Heard { mean_square: f64::INFINITY, ..heard(0.0, 1.0) };
        assert_eq!(Watcher::default().hear(&endless, CALIBRATION_DB, NOON_USEC), None);
    }

    #[test]
    fn file_is_asked_at_first_and_at_each_whole_hundred() {
        let mut watcher = Watcher::default();
        assert!(!watcher.is_due(), "nothing was heard");
        watcher.hear(&heard(-20.0, 1.0), CALIBRATION_DB, NOON_USEC);
        assert!(watcher.is_due(), "nothing is known");
        watcher.ask();
        watcher.hear(&heard(-20.0, 1.0), CALIBRATION_DB, NOON_USEC);
        assert!(!watcher.is_due(), "it is being asked");
        let mut dose = Dose::default();
        watcher.take(dose);
        let mut asked_h = Vec::new();
        for hour in 1..=100 {
            let hour_of = heard(-20.0, 3600.0);
            watcher.hear(&hour_of, CALIBRATION_DB, NOON_USEC + hour * HOUR_USEC);
            dose.dose += 1.0 / 40.0;
            if watcher.is_due() {
                asked_h.push(hour);
                watcher.ask();
                dose.told = whole(dose.dose + 1e-9);
                watcher.take(dose);
            }
        }
        assert_eq!(asked_h, [40, 80]);
    }

    #[test]
    fn hundred_stands_until_more_than_a_day_of_it_is_gone() {
        for told in 1..9 {
            let day = f64::from(told) / 7.0;
            assert!(stands(f64::from(told) - day, told), "{told}");
            assert!(!stands(f64::from(told) - 2.0 * day, told), "{told}");
        }
        let wholes = [-1.0, 0.99, 1.0, 3.7, f64::NAN, f64::INFINITY].map(whole);
        assert_eq!(wholes, [0, 0, 1, 3, 0, 1_000_000]);
    }
}
