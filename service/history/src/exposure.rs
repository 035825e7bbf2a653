//! How much sound reached a device: A-weighted energy by minutes, and what of it is a dose; pure.
//!
//! Energy is the A-weighted mean square behind the device's volume times seconds, where 0 dBFS at a volume of 0 dB has
//! the power 1. What pressure that is at an ear only a calibration says.

use headroom_api::FLOOR_DB;

use crate::minute::MINUTE_USEC;

/// Square of the reference pressure of 20 micropascal, in Pa^2.
const REFERENCE_PA2: f64 = 4e-10;
/// What a week may bring an adult by ITU-T H.870 (mode 1), in Pa^2 h: 80 dB(A) for 40 hours.
pub const ADULTS_WEEK_PA2H: f64 = 1.6;
/// A mean square below this (-90 dBFS) is silence: a stream that plays nothing exposes nobody.
const SILENCE: f64 = 1e-9;

/// What reached a device within one minute of the wall clock, or within one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// Minutes since the epoch, or the number of the step.
    pub number: u64,
    /// The device's `node.name`.
    pub device: String,
    /// For how long sound reached it, in seconds.
    pub played_s: f64,
    /// Energy, in seconds of 0 dBFS at a volume of 0 dB.
    pub energy: f64,
}

/// What a device was heard to play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard<'a> {
    /// The device's `node.name`.
    pub device: &'a str,
    /// A-weighted mean square before the device's volume.
    pub mean_square: f64,
    /// For how long, in seconds.
    pub played_s: f64,
    /// The device's volume, in dB.
    pub volume_db: f64,
}

impl Exposure {
    /// Begins with one reading in a minute; `None` for silence.
    pub(crate) fn of(heard: &Heard<'_>, number: u64) -> Option<Self> {
        let mean_square = heard.mean_square * power(heard.volume_db);
        (heard.mean_square > SILENCE && mean_square.is_finite()).then(|| Self {
            number,
            device: heard.device.to_owned(),
            played_s: heard.played_s,
            energy: mean_square * heard.played_s,
        })
    }

    /// Adds what is of the same minute and device to a list.
    pub(crate) fn add_to(self, minutes: &mut Vec<Self>) {
        let is_it = |it: &&mut Self| (it.number, &it.device) == (self.number, &self.device);
        match minutes.iter_mut().find(is_it) {
            Some(known) => {
                known.played_s += self.played_s;
                known.energy += self.energy;
            }
            None => minutes.push(self),
        }
    }

    /// Returns the minute that a time of the wall clock is in.
    pub(crate) fn minute(now_usec: u64) -> u64 {
        now_usec / MINUTE_USEC
    }

    /// Returns the energy mean of the level behind the volume, in dBFS: a full-scale sine of 1 kHz has -3.01.
    pub fn level_dbfs(&self) -> f64 {
        let mean = self.energy / self.played_s.max(f64::MIN_POSITIVE);
        if mean > 0.0 { (10.0 * mean.log10()).max(FLOOR_DB) } else { FLOOR_DB }
    }

    /// Returns the part of an adult's week that this is, 1.0 for all of it, where 0 dBFS is `calibration_db` dB(A) at the
    /// ear (ITU-T H.870, 7.2).
    pub fn dose(&self, calibration_db: f64) -> f64 {
        REFERENCE_PA2 * power(calibration_db) * self.energy / 3600.0 / ADULTS_WEEK_PA2H
    }
}

fn power(db: f64) -> f64 {
    10.0_f64.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_S: f64 = 3600.0;

    fn reached(level_dbfs: f64, hours: f64) -> Exposure {
        let played_s = hours * HOUR_S;
        Exposure {
            number: 0,
            device: String::new(),
            played_s,
            energy: power(level_dbfs) * played_s,
        }
    }

    #[test]
    fn dose_is_that_of_the_standard() {
        // ITU-T H.870: 80 dB(A) for 40 h are all of a week, and 3 dB more halve the time. Here -20 dBFS are 80 dB(A).
        for (level_dbfs, hours, dose) in [
            (-20.0, 40.0, 1.0),
            (-17.0, 20.0, 1.0),
            (-14.0, 10.0, 1.0),
            (-11.0, 5.0, 1.0),
            (-20.0, 4.0, 0.1),
            (-25.0, 40.0, 0.316),
        ] {
            let found = reached(level_dbfs, hours).dose(100.0);
            assert!((found - dose).abs() < 0.01 * dose, "{level_dbfs} dB for {hours} h: {found}");
        }
        // 80 dB(A) are 0.2 Pa within 0.01 %: 0.04 Pa^2 for 40 h are 1.6 Pa^2 h.
        let exact = reached(-20.0, 40.0).dose(100.0) * ADULTS_WEEK_PA2H;
        assert!((exact - 0.2 * 0.2 * 40.0).abs() < 1e-9, "{exact}");
        // A second at 100 dB(A) as Android counts it: 4e-10 * 10^(MEL / 10) / 5760.
        let second = reached(0.0, 1.0 / HOUR_S).dose(100.0);
        assert!((second / (4e-10 * 1e10 / 5760.0) - 1.0).abs() < 1e-9, "{second}");
    }

    #[test]
    fn minutes_add_up_behind_the_volume_without_silence() {
        let mut minutes = Vec::new();
        let mut hear = |device: &str, mean_square: f64, volume_db: f64, number: u64| {
            let heard = Heard { device, mean_square, played_s: 1.0, volume_db };
            if let Some(reading) = Exposure::of(&heard, number) {
                reading.add_to(&mut minutes);
            }
        };
        for second in 0..90 {
            hear("speakers", 0.1, -20.0, second / 60);
            hear("speakers", 0.0, -20.0, second / 60);
            hear("speakers", f64::INFINITY, -20.0, second / 60);
        }
        hear("headset", 0.1, 0.0, 1);
        let found: Vec<_> = minutes
            .iter()
            .map(|it| (it.number, it.played_s.round(), it.level_dbfs().round()))
            .collect();
        assert_eq!(found, [(0, 60.0, -30.0), (1, 30.0, -30.0), (1, 1.0, -10.0)]);
        assert!((reached(-200.0, 0.0).level_dbfs() + 120.0).abs() < 0.5);
    }
}
