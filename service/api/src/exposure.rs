//! How much sound reached a device: rows of `Exposure`.

use crate::{
    types::{CalibratedBy, FLOOR_DB},
    wire::{Word, row},
};

row! {
    /// What reached a device in one step of time. The name is the device's own and **not** safe to show.
    pub ExposureRow {
        /// When the step begins, in microseconds of `CLOCK_REALTIME`.
        begin_usec: u64 = "begin",
        /// `node.name` of the device.
        device: String = "device",
        /// For how long sound reached it, in seconds.
        played_s: f64 = "played-s",
        /// Energy mean of the A-weighted level behind the device's volume, in dBFS.
        level_dbfs: f64 = "level-dbfs" or FLOOR_DB,
        /// The same at the ear, in dB(A), where the device is calibrated.
        level_dba: Option<f64> = "level-dba",
        /// How the device was calibrated.
        calibrated_by: Option<Word<CalibratedBy>> = "calibrated-by",
        /// Sound dose by ITU-T H.870, 1.0 for an adult's week, where the device is calibrated.
        dose: Option<f64> = "dose",
    }
}

impl ExposureRow {
    /// Returns the energy of the step, in dB of a second of 0 dBFS: by it, two steps compare.
    pub fn energy_db(&self) -> f64 {
        self.level_dbfs + 10.0 * self.played_s.max(1.0).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposure_survives_the_wire_calibrated_or_not() {
        let row = ExposureRow { played_s: 60.0, level_dbfs: -31.5, ..ExposureRow::default() };
        let calibrated = ExposureRow {
            level_dba: Some(71.0),
            calibrated_by: Some(CalibratedBy::Ear.into()),
            dose: Some(0.02),
            ..row.clone()
        };
        for row in [row, calibrated] {
            assert_eq!(ExposureRow::from_dict(&row.to_dict()), row);
        }
    }
}
