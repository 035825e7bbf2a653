//! Settings and profiles that the test makes up.

use std::collections::{BTreeMap, HashMap};

use headroom_api::{Dict, Error, Result};
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
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// For a person, one line.
    pub description: String,
    /// What it levels: `per-app` or `shared`; nothing is said of it while empty.
    pub chains: String,
    /// The values that it has itself, by key.
    pub own: BTreeMap<String, OwnedVariant>,
    /// What the user put in their place, by key.
    pub changed: BTreeMap<String, OwnedVariant>,
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
        let boxed = |value: &OwnedVariant| Variant::Variant(Box::new(value.clone().into()));
        let mut entry: HashMap<&str, Variant<'_>> = HashMap::from([
            ("value", boxed(changed.unwrap_or(own))),
            ("default", boxed(own)),
            ("changed", Variant::new(changed.is_some())),
            ("description", Variant::new(self.description.as_str())),
        ]);
        if let Some(range) = &self.range {
            entry.extend([
                ("min", Variant::new(range.min)),
                ("max", Variant::new(range.max)),
                ("unit", Variant::new(range.unit.as_str())),
            ]);
        }
        if !self.options.is_empty() {
            let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
            entry.insert("options", Variant::new(options));
        }
        value(Variant::new(entry))
    }
}

impl World {
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
