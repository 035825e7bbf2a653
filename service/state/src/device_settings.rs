//! What the user has chosen, device by device.

use std::collections::BTreeMap;

use headroom_api::{
    CalibratedBy, DEVICE_SETTINGS, DeviceRow, Error, FailurePolicy, JumpGuard, MAX_NAME_BYTES,
    Result, quoted,
};
use headroom_dsp::{Cap, ChainParams};
use headroom_profile::{Value, range};

/// Most devices that a user can choose something for; a limit only against a caller gone wild.
const MAX_DEVICES: usize = 1000;
/// What an offset may be, in dB.
const OFFSET_DB: (f64, f64) = (-12.0, 12.0);
/// What a maximum may be, in LUFS behind the device's volume.
const MAXIMUM_LUFS: (f64, f64) = (-90.0, 0.0);

/// What a calibration may be, in dB(A).
const CALIBRATION_DB: (f64, f64) = (60.0, 160.0);

/// What the user chose for devices, by `node.name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceSettings(BTreeMap<String, DeviceSetting>);

/// What the user chose for a device; what is not chosen is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceSetting {
    /// The profile that is put in force when it becomes the default device.
    pub profile: Option<String>,
    /// The highest momentary loudness before its volume, in LUFS, in place of the profile's cap.
    pub cap_lufs: Option<f64>,
    /// How much louder or softer than elsewhere all that is processed comes out, in dB.
    pub offset_db: Option<f64>,
    /// The highest momentary loudness behind its volume, in LUFS.
    pub maximum_lufs: Option<f64>,
    /// The level at the ear of an A-weighted mean square of 0 dBFS at full volume, in dB(A).
    pub calibration_db: Option<f64>,
    /// How that is known.
    pub calibrated_by: Option<CalibratedBy>,
    /// What meets a jump of its volume.
    pub guard: Option<JumpGuard>,
    /// What becomes of sound there that cannot be protected for a failure, in place of the profile's policy.
    pub failure: Option<FailurePolicy>,
}

impl DeviceSettings {
    /// Returns what was chosen for a device.
    pub fn of(&self, device: &str) -> DeviceSetting {
        self.0.get(device).cloned().unwrap_or_default()
    }

    /// Returns every device that something was chosen for, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DeviceSetting)> {
        self.0.iter().map(|(device, setting)| (device.as_str(), setting))
    }

    /// Chooses something; returns whether anything changed.
    ///
    /// # Errors
    /// When the name cannot be a device's, the key is not known, the value is not acceptable, or there are too many. Nothing
    /// has changed then.
    pub fn set(&mut self, device: &str, key: &str, value: &Value) -> Result<bool> {
        if device.is_empty()
            || device.len() > MAX_NAME_BYTES
            || device.chars().any(char::is_control)
        {
            return Err(Error::InvalidValue(format!(
                "no device has the name {}: give its node.name, 1 to {MAX_NAME_BYTES} bytes",
                quoted(device)
            )));
        }
        let before = self.of(device);
        let mut setting = before.clone();
        setting.set(key, value)?;
        if !self.0.contains_key(device) && self.0.len() >= MAX_DEVICES {
            return Err(Error::LimitExceeded(format!(
                "there are {MAX_DEVICES} devices with a choice of their own already: reset one before you set another"
            )));
        }
        let changed = setting != before;
        self.0.insert(device.to_owned(), setting);
        Ok(changed)
    }

    /// Forgets what was chosen under a key, or all of it with an empty one; returns whether anything changed.
    ///
    /// # Errors
    /// When the key is not known, or nothing is chosen for this device.
    pub fn reset(&mut self, device: &str, key: &str) -> Result<bool> {
        let nothing =
            || Error::NoSuchSetting(format!("nothing is chosen for the device {}", quoted(device)));
        let before = self.0.get(device).ok_or_else(nothing)?.clone();
        let mut setting = if key.is_empty() { DeviceSetting::default() } else { before.clone() };
        match key {
            "" => {}
            "profile" => setting.profile = None,
            "cap-lufs" => setting.cap_lufs = None,
            "offset-db" => setting.offset_db = None,
            "maximum-lufs" => setting.maximum_lufs = None,
            "calibration-db" => setting.calibration_db = None,
            "calibrated-by" => setting.calibrated_by = None,
            "guard" => setting.guard = None,
            "failure" => setting.failure = None,
            _ => return Err(no_such_key(key)),
        }
        let changed = setting != before;
        if setting == DeviceSetting::default() {
            self.0.remove(device);
        } else {
            self.0.insert(device.to_owned(), setting);
        }
        Ok(changed)
    }
}

impl DeviceSetting {
    fn set(&mut self, key: &str, value: &Value) -> Result<()> {
        let cap = range("leveller.cap_lufs")
            .map_or((-30.0, -3.0), |range| (f64::from(range.min), f64::from(range.max)));
        match (key, value) {
            ("profile", Value::Word(name)) if !name.is_empty() && name.len() <= MAX_NAME_BYTES => {
                self.profile = Some(name.clone());
            }
            ("profile", _) => return Err(refused(key, "the name of a profile")),
            ("cap-lufs", value) => self.cap_lufs = Some(within(key, value, cap, "LUFS")?),
            ("offset-db", value) => self.offset_db = Some(within(key, value, OFFSET_DB, "dB")?),
            ("maximum-lufs", value) => {
                self.maximum_lufs = Some(within(key, value, MAXIMUM_LUFS, "LUFS")?);
            }
            ("calibration-db", value) => {
                self.calibration_db = Some(within(key, value, CALIBRATION_DB, "dB")?);
            }
            ("calibrated-by", Value::Word(word)) => {
                self.calibrated_by = Some(word.parse().map_err(|_| calibrated_by_refused())?);
            }
            ("calibrated-by", _) => return Err(calibrated_by_refused()),
            ("guard", Value::Word(word)) => {
                self.guard = Some(word.parse().map_err(|_| guard_refused())?);
            }
            ("guard", _) => return Err(guard_refused()),
            ("failure", Value::Word(word)) => {
                self.failure = Some(word.parse().map_err(|_| failure_refused())?);
            }
            ("failure", _) => return Err(failure_refused()),
            _ => return Err(no_such_key(key)),
        }
        Ok(())
    }

    /// Returns what is chosen, by key.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let number = |key, number: Option<f64>| number.map(|number| (key, Value::Number(number)));
        let word = |key, word: Option<&str>| word.map(|word| (key, Value::Word(word.to_owned())));
        let all = [
            word("profile", self.profile.as_deref()),
            number("cap-lufs", self.cap_lufs),
            number("offset-db", self.offset_db),
            number("maximum-lufs", self.maximum_lufs),
            number("calibration-db", self.calibration_db),
            word("calibrated-by", self.calibrated_by.map(CalibratedBy::as_str)),
            word("guard", self.guard.map(JumpGuard::as_str)),
            word("failure", self.failure.map(FailurePolicy::as_str)),
        ];
        all.into_iter().flatten()
    }

    /// Returns how many dB(A) 0 dBFS has at the ear at full volume, and how that is known.
    pub fn calibration(&self) -> Option<(f64, Option<CalibratedBy>)> {
        Some((self.calibration_db?, self.calibrated_by))
    }

    /// Returns it as `DeviceSettings` shows it.
    pub fn to_row(&self) -> DeviceRow {
        DeviceRow {
            profile: self.profile.clone(),
            cap_lufs: self.cap_lufs,
            offset_db: self.offset_db,
            maximum_lufs: self.maximum_lufs,
            calibration_db: self.calibration_db,
            calibrated_by: self.calibrated_by.map(Into::into),
            guard: self.guard.map(Into::into),
            failure: self.failure.map(Into::into),
        }
    }

    /// Returns the parameters of the last chain before the device, whose volume is at `volume_db`.
    ///
    /// A cap holds where the profile has none, and where it leaves everything to the limiter; `bypass`, which a person asks
    /// for, comes first.
    #[must_use]
    pub fn in_force(&self, params: ChainParams, volume_db: f32, bypass: bool) -> ChainParams {
        let is_own = self.cap_lufs.or(self.offset_db).or(self.maximum_lufs).is_some();
        if bypass || !is_own {
            return params;
        }
        let mut params = params;
        if params.dynamics_bypassed {
            params = params.for_bus();
            (params.cap, params.trim_db) = (Cap::Off, 0.0);
            params.limiter.soft.enabled = false;
            params.dynamics_bypassed = false;
        }
        params.trim_db += self.offset_db.unwrap_or(0.0) as f32;
        if let Some(cap_lufs) = self.cap_lufs {
            params.cap = Cap::Lufs(cap_lufs as f32);
        }
        if let Some(maximum_lufs) = self.maximum_lufs {
            let most_lufs = maximum_lufs as f32 - volume_db;
            params.cap = match params.cap {
                // What no cap can be is above what there is.
                Cap::Off if most_lufs > 0.0 => Cap::Off,
                Cap::Off => Cap::Lufs(most_lufs),
                Cap::Lufs(cap_lufs) => Cap::Lufs(cap_lufs.min(most_lufs)),
            };
        }
        params
    }
}

fn within(key: &str, value: &Value, (min, max): (f64, f64), unit: &str) -> Result<f64> {
    match value {
        Value::Number(number) if (min..=max).contains(number) => Ok(*number),
        _ => Err(refused(key, &format!("a number from {min} to {max} {unit}"))),
    }
}

fn calibrated_by_refused() -> Error {
    refused("calibrated-by", &CalibratedBy::ALL.join(", "))
}

fn guard_refused() -> Error {
    refused("guard", &JumpGuard::ALL.join(", "))
}

fn failure_refused() -> Error {
    refused("failure", &FailurePolicy::ALL.join(", "))
}

fn refused(key: &str, accepted: &str) -> Error {
    Error::InvalidValue(format!("{key} does not take this value: it takes {accepted}"))
}

fn no_such_key(key: &str) -> Error {
    Error::NoSuchSetting(format!(
        "a device has no setting {}: there are {}",
        quoted(key),
        DEVICE_SETTINGS.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: &str = "alsa_output.headphones";

    fn with(values: &[(&str, Value)]) -> DeviceSetting {
        let mut settings = DeviceSettings::default();
        for (key, value) in values {
            assert!(settings.set(DEVICE, key, value).unwrap(), "{key}");
            assert!(!settings.set(DEVICE, key, value).unwrap(), "{key}");
        }
        settings.of(DEVICE)
    }

    fn cap_lufs(params: ChainParams) -> f32 {
        match params.cap {
            Cap::Lufs(lufs) => lufs,
            Cap::Off => panic!("there is none"),
        }
    }

    #[test]
    fn every_key_is_set_told_and_reset() {
        let values = [
            ("profile", Value::Word("night".into())),
            ("cap-lufs", Value::Number(-20.0)),
            ("offset-db", Value::Number(-3.0)),
            ("maximum-lufs", Value::Number(-41.0)),
            ("calibration-db", Value::Number(112.5)),
            ("calibrated-by", Value::Word("trim".into())),
            ("guard", Value::Word("hold".into())),
            ("failure", Value::Word("quiet".into())),
        ];
        let setting = with(&values);
        assert_eq!(setting.values().collect::<Vec<_>>(), values);
        assert_eq!(setting.to_row().to_dict().len(), DEVICE_SETTINGS.len());
        let mut settings = DeviceSettings(BTreeMap::from([(DEVICE.to_owned(), setting)]));
        for key in DEVICE_SETTINGS {
            assert!(settings.reset(DEVICE, key).unwrap(), "{key}");
        }
        assert_eq!(settings, DeviceSettings::default());
        assert!(settings.reset(DEVICE, "").is_err());
    }

    #[test]
    fn value_that_is_not_acceptable_is_refused_with_what_is() {
        let mut settings = DeviceSettings::default();
        for (device, key, value, accepted) in [
            (DEVICE, "cap-lufs", Value::Number(-31.0), "-30 to -3"),
            (DEVICE, "offset-db", Value::Number(f64::NAN), "-12 to 12"),
            (DEVICE, "maximum-lufs", Value::Switch(true), "-90 to 0"),
            (DEVICE, "guard", Value::Word("loud".into()), "slow, hold, off"),
            (DEVICE, "calibration-db", Value::Number(59.0), "60 to 160"),
            (DEVICE, "calibrated-by", Value::Word("guess".into()), "sensitivity, trim, ear"),
            (DEVICE, "volume", Value::Number(1.0), "maximum-lufs"),
            ("", "offset-db", Value::Number(1.0), "node.name"),
            ("a\nb", "offset-db", Value::Number(1.0), "node.name"),
        ] {
            let error = settings.set(device, key, &value).unwrap_err().to_string();
            assert!(error.contains(accepted), "{error}");
        }
        assert_eq!(settings, DeviceSettings::default());
    }

    #[test]
    fn maximum_holds_behind_the_volume_and_cap_before_it() {
        let params = ChainParams::default();
        let maximum = with(&[("maximum-lufs", Value::Number(-40.0))]);
        for (volume_db, expected_lufs) in [(-20.0, -20.0), (0.0, -40.0), (-35.0, -12.0)] {
            let held = cap_lufs(maximum.in_force(params, volume_db, false));
            assert!((held - expected_lufs).abs() < 1e-4, "{volume_db}: {held}");
        }
        let cap = with(&[("cap-lufs", Value::Number(-5.0))]);
        assert!((cap_lufs(cap.in_force(params, -30.0, false)) + 5.0).abs() < 1e-4);
        assert_eq!(cap.in_force(params, 0.0, true), params, "a person's bypass comes first");
        assert_eq!(DeviceSetting::default().in_force(params, 0.0, false), params);
    }

    #[test]
    fn cap_holds_where_profile_leaves_all_to_the_limiter() {
        let params = ChainParams { dynamics_bypassed: true, ..ChainParams::default() };
        let held = with(&[("maximum-lufs", Value::Number(-30.0))]).in_force(params, 0.0, false);
        assert!(!held.dynamics_bypassed && !held.leveller.enabled && !held.compressor.enabled);
        assert!((cap_lufs(held) + 30.0).abs() < 1e-4 && !held.limiter.soft.enabled);
        let softer = with(&[("offset-db", Value::Number(-6.0))]).in_force(params, 0.0, false);
        assert_eq!(softer.cap, Cap::Off);
        assert!((softer.trim_db + 6.0).abs() < 1e-4);
    }
}
