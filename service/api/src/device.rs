//! What the user has chosen for a device, as a row of `DeviceSettings`.

use crate::{
    types::{CalibratedBy, FailurePolicy, JumpGuard},
    wire::{Word, row},
};

/// Every key that a device can have a value of.
pub const DEVICE_SETTINGS: &[&str] = DeviceRow::KEYS;

row! {
    /// An entry of `DeviceSettings`, by `node.name`; what is not chosen is missing.
    pub DeviceRow {
        /// The profile that is put in force when it becomes the default device.
        profile: Option<String> = "profile",
        /// The highest momentary loudness before its volume, in LUFS, in place of the profile's cap.
        cap_lufs: Option<f64> = "cap-lufs",
        /// How much louder or softer than elsewhere all that is processed comes out, in dB.
        offset_db: Option<f64> = "offset-db",
        /// The highest momentary loudness behind its volume, in LUFS.
        maximum_lufs: Option<f64> = "maximum-lufs",
        /// The level at the ear of an A-weighted mean square of 0 dBFS at full volume, in dB(A).
        calibration_db: Option<f64> = "calibration-db",
        /// How that is known.
        calibrated_by: Option<Word<CalibratedBy>> = "calibrated-by",
        /// What meets a jump of its volume.
        guard: Option<Word<JumpGuard>> = "guard",
        /// What becomes of sound there that cannot be protected for a failure, in place of the profile's policy.
        failure: Option<Word<FailurePolicy>> = "failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_survives_the_wire_with_what_is_chosen_alone() {
        let row = DeviceRow {
            profile: Some("night".into()),
            maximum_lufs: Some(-31.5),
            guard: Some(JumpGuard::Hold.into()),
            ..DeviceRow::default()
        };
        let dict = row.to_dict();
        assert_eq!((DeviceRow::from_dict(&dict), dict.len()), (row, 3));
    }
}
