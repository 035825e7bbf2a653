//! What an application played in a minute, gathered from readings a second apart.

use crate::catch::Reading;

/// Length of a minute, in microseconds.
pub(crate) const MINUTE_USEC: u64 = 60_000_000;

/// What an application played to a device within one minute of the wall clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Minute {
    /// Minutes since the epoch.
    pub number: u64,
    /// The application; empty where several play as one.
    pub app: String,
    /// The device's name for people.
    pub device: String,
    /// For how long it played, in seconds.
    pub played_s: f64,
    /// Power of the input times seconds, where 0 LUFS has the power 1.
    pub energy_in: f64,
    /// The same of the output.
    pub energy_out: f64,
    /// Highest momentary loudness of the input, in LUFS.
    pub loudest_in_lufs: f32,
    /// Highest momentary loudness of the output, in LUFS.
    pub loudest_out_lufs: f32,
    /// Deepest reduction, in dB.
    pub gain_db: f32,
}

impl Minute {
    /// Begins with one reading.
    pub(crate) fn of(reading: &Reading, number: u64) -> Self {
        let played_s = f64::from(reading.played_s);
        Self {
            number,
            app: reading.app.clone(),
            device: reading.device.clone(),
            played_s,
            energy_in: power(reading.short_in_lufs) * played_s,
            energy_out: power(reading.short_out_lufs) * played_s,
            loudest_in_lufs: reading.momentary_in_lufs,
            loudest_out_lufs: reading.momentary_out_lufs,
            gain_db: reading.deepest_db(),
        }
    }

    /// Says whether it is of the same application, device and minute.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        (self.number, &self.app, &self.device) == (other.number, &other.app, &other.device)
    }

    /// Adds what is of the same application, device and minute.
    pub(crate) fn add(&mut self, other: &Self) {
        self.played_s += other.played_s;
        self.energy_in += other.energy_in;
        self.energy_out += other.energy_out;
        self.loudest_in_lufs = self.loudest_in_lufs.max(other.loudest_in_lufs);
        self.loudest_out_lufs = self.loudest_out_lufs.max(other.loudest_out_lufs);
        self.gain_db = self.gain_db.min(other.gain_db);
    }
}

fn power(lufs: f32) -> f64 {
    10.0_f64.powf(f64::from(lufs) * 0.1)
}
