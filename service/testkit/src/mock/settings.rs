//! Settings and profiles that the test makes up.

use std::collections::BTreeMap;

use headroom_api::{Chains, Devices, Dict, Error, Result, SettingRow};
use zbus::{OwnedVariant, Variant};

use super::{World, value};

/// A setting: what it is where no profile says otherwise, and what it accepts.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value where no profile has one of its own.
    pub default: OwnedVariant,
    /// The numbers that are accepted.
    pub range: Option<Range>,
    /// The words that are accepted.
    pub options: Vec<String>,
    /// For a person, one line.
    pub description: String,
}

/// From where to where a number is accepted, and in which unit.
#[derive(Clone, Debug)]
pub struct Range {
    /// Smallest accepted value.
    pub min: f64,
    /// Greatest accepted value.
    pub max: f64,
    /// The unit; empty for a pure number.
    pub unit: String,
}

/// A profile: values that differ from the settings' defaults, and what the user changed on top.
#[derive(Clone, Debug)]
pub struct Profile {
    /// For a person, one line.
    pub description: String,
    /// Where it levels and compresses.
    pub chains: Chains,
    /// Which devices it protects.
    pub devices: Devices,
    /// The values that it has itself, by key.
    pub own: BTreeMap<String, OwnedVariant>,
    /// What the user put in their place, by key.
    pub changed: BTreeMap<String, OwnedVariant>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            description: String::new(),
            chains: Chains::PerApp,
            devices: Devices::All,
            own: BTreeMap::new(),
            changed: BTreeMap::new(),
        }
    }
}

impl Profile {
    /// Returns a profile without values of its own.
    pub fn of(description: &str) -> Self {
        Self { description: description.to_owned(), ..Self::default() }
    }
}

impl Setting {
    /// Returns a setting that accepts nothing but on and off, when it is one of those.
    pub fn of<'a>(default: impl Into<Variant<'a>>) -> Self {
        let description = "What it does".to_owned();
        Self { default: value(default), range: None, options: Vec::new(), description }
    }

    /// Accepts numbers from `min` to `max`.
    #[must_use]
    pub fn within(self, min: f64, max: f64, unit: &str) -> Self {
        Self { range: Some(Range { min, max, unit: unit.to_owned() }), ..self }
    }

    /// Accepts words.
    #[must_use]
    pub fn one_of(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    fn accepts(&self, value: &Variant<'_>) -> bool {
        match value {
            Variant::Bool(_) => matches!(*self.default, Variant::Bool(_)),
            Variant::F64(number) => {
                self.range.as_ref().is_some_and(|range| (range.min..=range.max).contains(number))
            }
            Variant::Str(word) => self.options.iter().any(|known| known == word.as_str()),
            _ => false,
        }
    }

    fn describe(&self, own: &OwnedVariant, changed: Option<&OwnedVariant>) -> OwnedVariant {
        let range = self.range.as_ref();
        let row = SettingRow {
            value: Some(changed.unwrap_or(own).clone()),
            default: Some(own.clone()),
            changed: Some(changed.is_some()),
            min: range.map(|range| range.min),
            max: range.map(|range| range.max),
            unit: range.map(|range| range.unit.clone()),
            options: self.options.clone(),
            description: self.description.clone(),
        };
        value(row.to_dict())
    }
}

impl World {
    /// Where the profile in force levels and compresses.
    pub(super) fn chaining(&self) -> Chains {
        self.profiles.get(&self.active_profile).map_or(Chains::PerApp, |profile| profile.chains)
    }

    /// Which devices the profile in force protects.
    pub(super) fn protection(&self) -> Devices {
        self.profiles.get(&self.active_profile).map_or(Devices::All, |profile| profile.devices)
    }

    /// What the user changed on top of the profile in force, by key.
    pub fn changed_settings(&self) -> BTreeMap<String, OwnedVariant> {
        let active = self.profiles.get(&self.active_profile);
        active.map(|profile| profile.changed.clone()).unwrap_or_default()
    }

    pub(super) fn list_settings(&self) -> Dict {
        let changed = self.changed_settings();
        let describe = |(key, setting): (&String, &Setting)| {
            (key.clone(), setting.describe(self.own_value(key, setting), changed.get(key)))
        };
        self.settings.iter().map(describe).collect()
    }

    /// The values in force, by key.
    pub(super) fn values(&self) -> BTreeMap<String, OwnedVariant> {
        let changed = self.changed_settings();
        let value = |(key, setting): (&String, &Setting)| {
            let value = changed.get(key).unwrap_or_else(|| self.own_value(key, setting));
            (key.clone(), value.clone())
        };
        self.settings.iter().map(value).collect()
    }

    pub(super) fn set_setting(&mut self, key: &str, value: OwnedVariant) -> Result<()> {
        if !self.setting(key)?.accepts(&value) {
            return Err(Error::InvalidValue(format!("{key} does not take this value")));
        }
        self.active().changed.insert(key.to_owned(), value);
        Ok(())
    }

    pub(super) fn reset_setting(&mut self, key: &str) -> Result<()> {
        self.setting(key)?;
        self.active().changed.remove(key);
        Ok(())
    }

    fn active(&mut self) -> &mut Profile {
        self.profiles.entry(self.active_profile.clone()).or_default()
    }

    fn own_value<'a>(&'a self, key: &str, setting: &'a Setting) -> &'a OwnedVariant {
        let active = self.profiles.get(&self.active_profile);
        active.and_then(|profile| profile.own.get(key)).unwrap_or(&setting.default)
    }

    fn setting(&self, key: &str) -> Result<&Setting> {
        let found = self.settings.get(key);
        found.ok_or_else(|| Error::NoSuchSetting(format!("no setting has the key '{key}'")))
    }
}
