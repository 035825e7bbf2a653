//! The settings of a profile, and the way to reach each by its dotted key.

use headroom_api::FailurePolicy;
use headroom_dsp::{Cap, ChainParams, Detector, Lookahead, Makeup, Surge};
use thiserror::Error;

use crate::{
    app_volume::AppVolumeParams,
    keys::{self, CAPS, DETECTORS, Kind, LOOKAHEADS, MAKEUPS, SURGES, settings},
    near::{near, quoted, shown},
    renamed,
};

/// Everything that a profile sets; the default is what a file starts from that says nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The signal chain.
    pub chain: ChainParams,
    /// App volume control.
    pub app_volume: AppVolumeParams,
    /// Whether the ceiling goes down by what a device amplifies.
    pub hold_at_device: bool,
    /// Whether what rules and the profile leave alone is limited all the same.
    pub limits_left_alone: bool,
    /// What becomes of sound that cannot be protected for a failure.
    pub failure: FailurePolicy,
}

impl Default for Settings {
    fn default() -> Self {
        let mut chain = ChainParams::default();
        // The leveller does what most people want of a compressor; the rest is a matter of taste.
        chain.compressor.enabled = false;
        let app_volume = AppVolumeParams::default();
        Self {
            chain,
            app_volume,
            hold_at_device: true,
            limits_left_alone: false,
            failure: FailurePolicy::default(),
        }
    }
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A number in the setting's unit, as a person would write it (see [`decimal`]).
    Number(f64),
    /// One of the setting's words.
    Word(String),
}

/// Why a setting was not changed; each is one sentence that stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// There is no such key.
    #[error("{0}")]
    NoSuchSetting(String),
    /// The value is of the wrong type, out of range, or not one of the words.
    #[error("{0}")]
    InvalidValue(String),
}

/// One setting's place.
enum Slot<'a> {
    Switch(&'a mut bool),
    Number(&'a mut f32),
    Surge(&'a mut Surge),
    Cap(&'a mut Cap),
    Detector(&'a mut Detector),
    Lookahead(&'a mut Lookahead),
    Makeup(&'a mut Makeup),
    Failure(&'a mut FailurePolicy),
}

impl Settings {
    /// Returns the value of a setting, if there is one of that key.
    pub fn get(&self, key: &str) -> Option<Value> {
        // A copy: the slots are made for writing.
        let mut copy = *self;
        Some(match copy.slot(key)? {
            Slot::Switch(on) => Value::Switch(*on),
            Slot::Number(number) => Value::Number(decimal(*number)),
            Slot::Surge(surge) => Value::Word(SURGES[surge_index(*surge)].to_owned()),
            Slot::Cap(Cap::Off) => Value::Word(CAPS[0].to_owned()),
            Slot::Cap(Cap::Lufs(lufs)) => Value::Number(decimal(*lufs)),
            Slot::Detector(Detector::Peak) => Value::Word(DETECTORS[0].to_owned()),
            Slot::Detector(Detector::Rms) => Value::Word(DETECTORS[1].to_owned()),
            Slot::Lookahead(Lookahead::Standard) => Value::Word(LOOKAHEADS[0].to_owned()),
            Slot::Lookahead(Lookahead::Low) => Value::Word(LOOKAHEADS[1].to_owned()),
            Slot::Makeup(Makeup::Auto) => Value::Word(MAKEUPS[0].to_owned()),
            Slot::Makeup(Makeup::Db(gain_db)) => Value::Number(decimal(*gain_db)),
            Slot::Failure(policy) => Value::Word(policy.as_str().to_owned()),
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// When there is no such key, or the value is not one that it accepts; nothing is changed then.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        let Some((info, slot)) = keys::find(key).zip(self.slot(key)) else {
            return Err(SettingError::NoSuchSetting(no_such_setting(key)));
        };
        let refused = || SettingError::InvalidValue(refusal(key, value, &info.kind));
        let number = |value: f64| {
            let number = value as f32;
            let range = info.kind.range().filter(|range| range.contains(number));
            range.map(|_| number).ok_or_else(refused)
        };
        match (slot, value) {
            (Slot::Switch(slot), Value::Switch(on)) => *slot = *on,
            (Slot::Number(slot), Value::Number(value)) => *slot = number(*value)?,
            (Slot::Surge(slot), Value::Word(word)) => {
                let values = [Surge::Off, Surge::Gentle, Surge::Normal, Surge::Strict];
                *slot = choose(word, SURGES, &values).ok_or_else(refused)?;
            }
            (Slot::Cap(slot), Value::Number(value)) => *slot = Cap::Lufs(number(*value)?),
            (Slot::Cap(slot), Value::Word(word)) if word == CAPS[0] => *slot = Cap::Off,
            (Slot::Makeup(slot), Value::Number(value)) => *slot = Makeup::Db(number(*value)?),
            (Slot::Makeup(slot), Value::Word(word)) if word == MAKEUPS[0] => *slot = Makeup::Auto,
            (Slot::Detector(slot), Value::Word(word)) => {
                *slot = choose(word, DETECTORS, &[Detector::Peak, Detector::Rms])
                    .ok_or_else(refused)?;
            }
            (Slot::Lookahead(slot), Value::Word(word)) => {
                let values = [Lookahead::Standard, Lookahead::Low];
                *slot = choose(word, LOOKAHEADS, &values).ok_or_else(refused)?;
            }
            (Slot::Failure(slot), Value::Word(word)) => {
                *slot = word.parse().map_err(|_| refused())?;
            }
            _ => return Err(refused()),
        }
        Ok(())
    }

    fn slot(&mut self, key: &str) -> Option<Slot<'_>> {
        use Slot::{Number, Switch};
        let Self { chain, app_volume, hold_at_device, limits_left_alone, failure } = self;
        let ChainParams { leveller, compressor, limiter, cap, .. } = chain;
        Some(match key {
            "leveller.enabled" => Switch(&mut leveller.enabled),
            "leveller.target_lufs" => Number(&mut leveller.target_lufs),
            "leveller.max_boost_db" => Number(&mut leveller.max_boost_db),
            "leveller.max_cut_db" => Number(&mut leveller.max_cut_db),
            "leveller.surge" => Slot::Surge(&mut leveller.surge),
            "leveller.cap_lufs" => Slot::Cap(cap),
            "compressor.enabled" => Switch(&mut compressor.enabled),
            "compressor.detector" => Slot::Detector(&mut compressor.detector),
            "compressor.threshold_db" => Number(&mut compressor.threshold_db),
            "compressor.ratio" => Number(&mut compressor.ratio),
            "compressor.knee_db" => Number(&mut compressor.knee_db),
            "compressor.attack_ms" => Number(&mut compressor.attack_ms),
            "compressor.release_ms" => Number(&mut compressor.release_ms),
            "compressor.makeup_db" => Slot::Makeup(&mut compressor.makeup),
            "limiter.ceiling_dbtp" => Number(&mut limiter.ceiling_dbtp),
            "limiter.lookahead" => Slot::Lookahead(&mut limiter.lookahead),
            "limiter.hold_ms" => Number(&mut limiter.hold_ms),
            "limiter.release_ms" => Number(&mut limiter.release_ms),
            "limiter.hold_at_device" => Switch(hold_at_device),
            "limiter.left_alone" => Switch(limits_left_alone),
            "limiter.soft.enabled" => Switch(&mut limiter.soft.enabled),
            "limiter.soft.max_psr_db" => Number(&mut limiter.soft.max_psr_db),
            "limiter.soft.attack_ms" => Number(&mut limiter.soft.attack_ms),
            "limiter.soft.release_ms" => Number(&mut limiter.soft.release_ms),
            "app_volume.enabled" => Switch(&mut app_volume.enabled),
            "app_volume.target_dbfs" => Number(&mut app_volume.target_dbfs),
            "app_volume.max_cut_db" => Number(&mut app_volume.max_cut_db),
            "app_volume.attack_ms" => Number(&mut app_volume.attack_ms),
            "app_volume.release_ms" => Number(&mut app_volume.release_ms),
            "failure.policy" => Slot::Failure(failure),
            _ => return None,
        })
    }
}

fn surge_index(surge: Surge) -> usize {
    match surge {
        Surge::Off => 0,
        Surge::Gentle => 1,
        Surge::Normal => 2,
        Surge::Strict => 3,
    }
}

/// Widens a number as it is written: -0.1 does not become -0.10000000149011612.
pub fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

fn choose<T: Copy>(word: &str, words: &[&str], values: &[T]) -> Option<T> {
    words.iter().zip(values).find(|(known, _)| **known == word).map(|(_, value)| *value)
}

/// Says what a key takes that was given something else.
pub(crate) fn refusal(key: &str, value: &Value, kind: &Kind) -> String {
    let found = match value {
        Value::Switch(on) => on.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Word(word) => format!("\"{}\"", shown(word)),
    };
    format!("{key} cannot be {found}: it takes {}", kind.accepted())
}

/// Says that there is no such setting, and which one may be meant.
pub fn no_such_setting(key: &str) -> String {
    if let Some(told) = renamed::told(key) {
        return told;
    }
    let known = || settings().iter().map(|info| info.key);
    let near = near(key, known());
    if near.is_empty() {
        format!(
            "there is no setting '{}': there are {}",
            shown(key),
            known().collect::<Vec<_>>().join(", ")
        )
    } else {
        format!("there is no setting '{}': near it is {}", shown(key), quoted(near))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_read_and_written() {
        let mut settings = Settings::default();
        for info in crate::settings() {
            let value = settings.get(info.key).unwrap_or_else(|| panic!("{}", info.key));
            settings.set(info.key, &value).unwrap();
            let changed = match (&info.kind, value) {
                (Kind::Switch, Value::Switch(on)) => Value::Switch(!on),
                (Kind::Words(words), Value::Word(word)) => {
                    let other = words.iter().find(|other| **other != word).unwrap();
                    Value::Word((*other).to_owned())
                }
                (kind, _) => Value::Number(decimal(kind.range().unwrap().min)),
            };
            settings.set(info.key, &changed).unwrap();
            assert_eq!(settings.get(info.key), Some(changed), "{}", info.key);
        }
        // Every key reaches a place of its own.
        for info in crate::settings() {
            let default = Settings::default().get(info.key).unwrap();
            settings.set(info.key, &default).unwrap();
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn numbers_are_shown_as_they_are_meant() {
        assert_eq!(Settings::default().get("limiter.ceiling_dbtp"), Some(Value::Number(-0.1)));
    }

    #[test]
    fn the_ends_of_a_range_are_in_it_and_nothing_beyond() {
        for info in settings() {
            let Some(range) = info.kind.range() else { continue };
            let mut settings = Settings::default();
            for end in [range.min, range.max] {
                settings.set(info.key, &Value::Number(decimal(end))).unwrap();
            }
            let before = settings;
            let beyond = [f64::from(range.min) - 1e-3, f64::from(range.max) + 1e-3];
            for bad in beyond.into_iter().chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300])
            {
                let error = settings.set(info.key, &Value::Number(bad)).unwrap_err();
                let text = error.to_string();
                assert!(matches!(error, SettingError::InvalidValue(_)));
                assert!(text.contains(info.key) && text.contains(range.unit), "{text}");
            }
            assert_eq!(settings, before, "{}", info.key);
        }
    }

    #[test]
    fn a_refusal_names_key_value_and_what_is_accepted() {
        let mut settings = Settings::default();
        let mut refuse = |key, value| settings.set(key, &value).unwrap_err().to_string();
        assert_eq!(
            refuse("limiter.ceiling_dbtp", Value::Number(0.5)),
            "limiter.ceiling_dbtp cannot be 0.5: it takes a number from -12 to -0.1 dBTP"
        );
        assert_eq!(
            refuse("compressor.detector", Value::Word("RMS".into())),
            "compressor.detector cannot be \"RMS\": it takes \"peak\" or \"rms\""
        );
        assert_eq!(
            refuse("leveller.enabled", Value::Number(1.0)),
            "leveller.enabled cannot be 1: it takes true or false"
        );
        assert_eq!(
            refuse("leveller.target", Value::Number(1.0)),
            "there is no setting 'leveller.target': near it is 'leveller.target_lufs', 'app_volume.target_dbfs'"
        );
        assert_eq!(
            refuse("agc.target_lufs", Value::Number(1.0)),
            "agc.target_lufs is now leveller.target_lufs"
        );
        assert!(refuse("xyz", Value::Switch(true)).contains("app_volume.release_ms"));
    }
}
