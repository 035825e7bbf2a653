//! What is in force: the active profile, and what was changed on top of it.
//!
//! Runs on the control thread. Every profile keeps its own changes: another profile puts them aside,
//! and they come back with it. A profile's file that breaks or goes leaves the last good version in
//! force until another profile is chosen.

use std::collections::{BTreeMap, HashMap};

use headroom_api::{Dict, Error, Field as _, MAX_KEY_BYTES, Problem, Result, SettingRow, quotable};
use headroom_profile::{DEFAULT, Kind, Library, Profile, SettingInfo, Settings, Value, to_toml};
use zbus::{OwnedVariant, Variant};

/// Most profiles that an error names.
const MOST_NAMED: usize = 20;

/// Changed settings by key.
pub type Overlay = BTreeMap<String, Value>;
/// The changed settings of each profile, by its name.
pub type Overlays = BTreeMap<String, Overlay>;

/// The active profile, and every other that there is.
#[derive(Debug)]
pub struct Policy {
    library: Library,
    active: Profile,
    /// The profile that the user chose; not the active one while its file has never been there.
    wanted: String,
    /// Why the remembered or active profile is not what its file says, if it is not.
    missing: Option<Problem>,
    overlays: Overlays,
    settings: Settings,
}

impl Policy {
    /// Puts the profile `wanted` in force, or the default one when there is none of that name.
    ///
    /// # Panics
    /// Never: the default profile is compiled in.
    pub fn new(library: Library, wanted: &str, overlays: Overlays) -> Self {
        let found = library.get(wanted);
        let missing = found.is_none().then(|| problem_missing(wanted, DEFAULT));
        let active = found.or_else(|| library.get(DEFAULT)).cloned();
        let active = active.expect("the default profile is compiled in");
        let (wanted, settings) = (wanted.to_owned(), Settings::default());
        let mut policy = Self { library, active, wanted, missing, overlays, settings };
        policy.compute();
        policy
    }

    /// Returns the profile in force.
    pub fn profile(&self) -> &Profile {
        &self.active
    }

    /// Returns the name of the profile that the user chose.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// Says whether there is a profile of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn check_profile(&self, name: &str) -> Result<()> {
        self.find(name).map(drop)
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Returns what was changed on top of each profile.
    pub fn overlays(&self) -> &Overlays {
        &self.overlays
    }

    /// Puts what was changed on top of each profile in place of what is known of that.
    pub fn adopt(&mut self, overlays: &Overlays) {
        if self.overlays != *overlays {
            self.overlays.clone_from(overlays);
            self.compute();
        }
    }

    /// Switches to another profile; returns whether anything changed.
    ///
    /// # Errors
    /// When there is no such profile; the one in force stays.
    pub fn use_profile(&mut self, name: &str) -> Result<bool> {
        let profile = self.find(name)?;
        let changed = *profile != self.active;
        // A schedule asks for its profile with every settle.
        if !changed && self.wanted == name && self.missing.is_none() {
            return Ok(false);
        }
        self.active = profile.clone();
        self.missing = None;
        name.clone_into(&mut self.wanted);
        self.compute();
        Ok(changed)
    }

    /// Reads the user's files again; returns whether anything changed.
    pub fn reload(&mut self) -> bool {
        if !self.library.reload() {
            return false;
        }
        if let Some(profile) = self.library.get(&self.wanted) {
            self.active = profile.clone();
            self.missing = None;
        } else if let Some(profile) = self.library.get(&self.active.name) {
            self.active = profile.clone();
        } else if self.missing.is_none() {
            self.missing = Some(problem_missing(&self.wanted, &self.active.name));
        }
        self.compute();
        true
    }

    /// Changes a setting on top of the active profile; returns whether anything changed.
    ///
    /// # Errors
    /// When there is no such setting, or the value is not acceptable. Nothing has changed then.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<bool> {
        info(key)?;
        let mut settings = self.settings;
        settings.set(key, value).map_err(|error| Error::InvalidValue(error.to_string()))?;
        if settings == self.settings {
            return Ok(false);
        }
        let overlay = self.overlays.entry(self.active.name.clone()).or_default();
        // A change back to what the profile says is none.
        match settings.get(key) {
            Some(value) if self.active.settings.get(key).as_ref() != Some(&value) => {
                overlay.insert(key.to_owned(), value);
            }
            _ => drop(overlay.remove(key)),
        }
        self.compute();
        Ok(true)
    }

    /// Gives a setting back to the profile; returns whether anything changed.
    ///
    /// # Errors
    /// When there is no such setting.
    pub fn reset(&mut self, key: &str) -> Result<bool> {
        info(key)?;
        let overlay = self.overlays.get_mut(&self.active.name);
        let changed = overlay.and_then(|overlay| overlay.remove(key)).is_some();
        self.compute();
        Ok(changed)
    }

    /// Returns every profile's description, by its name.
    pub fn descriptions(&self) -> HashMap<String, String> {
        let mut all: HashMap<_, _> = self
            .library
            .iter()
            .map(|profile| (profile.name.clone(), profile.description.clone()))
            .collect();
        // One whose file is gone is in force all the same.
        all.entry(self.active.name.clone()).or_insert_with(|| self.active.description.clone());
        all
    }

    /// Returns a profile as TOML; the active one with what was changed on top of it.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn show(&self, name: &str) -> Result<String> {
        if name == self.active.name {
            return Ok(to_toml(&self.active, &self.settings));
        }
        let profile = self.find(name)?;
        Ok(to_toml(profile, &self.with_overlay(profile)))
    }

    /// Returns every setting with its value, the profile's own, and what is accepted.
    pub fn list_settings(&self) -> Dict {
        headroom_profile::settings()
            .iter()
            .filter_map(|info| Some((info.key.to_owned(), self.describe(info)?.write()?)))
            .collect()
    }

    fn describe(&self, info: &SettingInfo) -> Option<SettingRow> {
        let (value, default) = (self.settings.get(info.key)?, self.active.settings.get(info.key)?);
        let (range, words): (_, &[&str]) = match info.kind {
            Kind::Switch => (None, &[]),
            Kind::Number(range) => (Some(range), &[]),
            Kind::Words(words) => (None, words),
            Kind::NumberOrWords(range, words) => (Some(range), words),
        };
        Some(SettingRow {
            changed: Some(value != default),
            value: OwnedVariant::try_from(variant(value)).ok(),
            default: OwnedVariant::try_from(variant(default)).ok(),
            min: range.map(|range| headroom_profile::decimal(range.min)),
            max: range.map(|range| headroom_profile::decimal(range.max)),
            unit: range.map(|range| range.unit.to_owned()),
            options: words.iter().map(|word| (*word).to_owned()).collect(),
            description: info.description.to_owned(),
        })
    }

    /// Returns the value of a setting.
    ///
    /// # Errors
    /// When there is no such setting.
    pub fn get_setting(&self, key: &str) -> Result<OwnedVariant> {
        info(key)?;
        let value = self.settings.get(key).map(variant);
        value.and_then(|value| OwnedVariant::try_from(value).ok()).ok_or_else(|| no_such(key))
    }

    /// Returns the settings that differ from `before`, with their values.
    pub fn changes(before: &Settings, now: &Settings) -> Dict {
        headroom_profile::settings()
            .iter()
            .filter(|info| before.get(info.key) != now.get(info.key))
            .filter_map(|info| {
                let value = OwnedVariant::try_from(variant(now.get(info.key)?)).ok()?;
                Some((info.key.to_owned(), value))
            })
            .collect()
    }

    /// Returns what is wrong with the profiles.
    pub fn problems(&self) -> Vec<Problem> {
        let broken = self.library.faults_in_short().into_iter();
        broken
            .map(|fault| Problem::ProfileBroken { file: fault.file, error: fault.sentence })
            .chain(self.missing.clone())
            .collect()
    }

    fn find(&self, name: &str) -> Result<&Profile> {
        self.library.get(name).ok_or_else(|| {
            let known = self.library.iter().map(|p| p.name.as_str());
            let first: Vec<_> = known.clone().take(MOST_NAMED).collect();
            let more = match known.count() - first.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Error::NoSuchProfile(format!(
                "there is no profile '{}': there are {}{more}",
                quotable(name),
                first.join(", ")
            ))
        })
    }

    fn with_overlay(&self, profile: &Profile) -> Settings {
        let mut settings = profile.settings;
        for (key, value) in self.overlays.get(&profile.name).into_iter().flatten() {
            // One that is not accepted any more was refused when it was read.
            let _ = settings.set(key, value);
        }
        settings
    }

    fn compute(&mut self) {
        self.overlays.retain(|_, overlay| !overlay.is_empty());
        self.settings = self.with_overlay(&self.active);
    }
}

fn problem_missing(profile: &str, in_force: &str) -> Problem {
    Problem::ProfileMissing { profile: profile.to_owned(), in_force: in_force.to_owned() }
}

fn info(key: &str) -> Result<&'static SettingInfo> {
    headroom_profile::settings().iter().find(|info| info.key == key).ok_or_else(|| no_such(key))
}

fn no_such(key: &str) -> Error {
    Error::NoSuchSetting(headroom_profile::no_such_setting(key))
}

/// Reads a value from the bus: truth values, numbers of any kind, words.
///
/// # Errors
/// When it is of another type, or a word that is longer than any.
pub fn value_of(variant: &Variant<'_>) -> Result<Value> {
    let number = match variant {
        Variant::Bool(on) => return Ok(Value::Switch(*on)),
        Variant::Str(word) if word.len() > MAX_KEY_BYTES => {
            return Err(Error::InvalidValue(format!(
                "the value is {} bytes long: words of at most {MAX_KEY_BYTES} are accepted",
                word.len()
            )));
        }
        Variant::Str(word) => return Ok(Value::Word(word.to_string())),
        Variant::U8(number) => f64::from(*number),
        Variant::I16(number) => f64::from(*number),
        Variant::U16(number) => f64::from(*number),
        Variant::I32(number) => f64::from(*number),
        Variant::U32(number) => f64::from(*number),
        Variant::I64(number) => *number as f64,
        Variant::U64(number) => *number as f64,
        Variant::F64(number) => *number,
        Variant::Variant(inner) => return value_of(inner),
        other => {
            return Err(Error::InvalidValue(format!(
                "a value of type '{}' is no setting: a truth value (b), a number (d) or a word (s) \
                 is accepted",
                other.value_signature()
            )));
        }
    };
    Ok(Value::Number(number))
}

pub(crate) fn variant(value: Value) -> Variant<'static> {
    match value {
        Value::Switch(on) => on.into(),
        Value::Number(number) => number.into(),
        Value::Word(word) => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> (tempfile::TempDir, Policy) {
        let dir = tempfile::tempdir().unwrap();
        let policy = Policy::new(Library::load(Some(dir.path())), DEFAULT, Overlays::new());
        (dir, policy)
    }

    const KEY: &str = "limiter.ceiling_dbtp";

    #[test]
    fn a_changed_setting_is_in_force_until_it_is_reset() {
        let (_dir, mut policy) = policy();
        let before = policy.settings();
        assert!(policy.set(KEY, &Value::Number(-3.0)).unwrap());
        assert!(
            !policy.set(KEY, &Value::Number(-3.0)).unwrap(),
            "an equal value changed something"
        );
        assert_eq!(policy.settings().get(KEY), Some(Value::Number(-3.0)));
        assert_eq!(Policy::changes(&before, &policy.settings()).len(), 1);
        assert!(policy.reset(KEY).unwrap());
        assert!(!policy.reset(KEY).unwrap());
        assert_eq!(policy.settings(), before);
    }

    #[test]
    fn a_change_back_to_the_profiles_own_value_leaves_no_overlay() {
        let (_dir, mut policy) = policy();
        let own = policy.profile().settings.get(KEY).unwrap();
        policy.set(KEY, &Value::Number(-3.0)).unwrap();
        policy.set(KEY, &own).unwrap();
        assert!(policy.overlays().is_empty());
    }

    #[test]
    fn changes_stay_with_their_profile_and_come_back_with_it() {
        let (_dir, mut policy) = policy();
        policy.set(KEY, &Value::Number(-3.0)).unwrap();
        assert!(policy.use_profile("night").unwrap());
        let night = policy.settings();
        assert_eq!(night, policy.profile().settings);
        policy.use_profile(DEFAULT).unwrap();
        assert_eq!(policy.settings().get(KEY), Some(Value::Number(-3.0)));
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let (_dir, mut policy) = policy();
        let before = policy.settings();
        let sentence = policy.set(KEY, &Value::Number(1.0)).unwrap_err().message();
        assert!(sentence.contains("-12") && sentence.contains("-0.1"), "{sentence}");
        assert!(policy.set(KEY, &Value::Switch(true)).is_err());
        assert!(policy.set("limiter.ceiling", &Value::Number(-3.0)).is_err());
        assert!(policy.use_profile("party").unwrap_err().message().contains("night"));
        assert_eq!(policy.settings(), before);
        assert!(policy.overlays().is_empty());
    }

    #[test]
    fn the_active_profile_outlives_its_file() {
        let (dir, mut policy) = policy();
        let file = dir.path().join("mine.toml");
        std::fs::write(&file, "extends = \"default\"\n[limiter]\nceiling_dbtp = -2.0\n").unwrap();
        assert!(policy.reload());
        policy.use_profile("mine").unwrap();
        let mine = policy.settings();
        std::fs::remove_file(&file).unwrap();
        assert!(policy.reload());
        assert_eq!(policy.settings(), mine);
        assert_eq!(policy.problems()[0].code(), "profile-missing");
        assert!(policy.descriptions().contains_key("mine"));
        std::fs::write(&file, "extends = \"default\"\n[limiter]\nceiling_dbtp = -4.0\n").unwrap();
        assert!(policy.reload());
        assert_ne!(policy.settings(), mine);
        assert!(policy.problems().is_empty(), "{:?}", policy.problems());
    }

    #[test]
    fn a_broken_file_is_told_and_changes_nothing() {
        let (dir, mut policy) = policy();
        let file = dir.path().join("mine.toml");
        std::fs::write(&file, "extends = \"default\"\n[limiter]\nceiling_dbtp = -2.0\n").unwrap();
        policy.reload();
        policy.use_profile("mine").unwrap();
        let mine = policy.settings();
        std::fs::write(&file, "extends = \"default\"\n[limiter]\nceiling_dbtp = 5\n").unwrap();
        assert!(policy.reload());
        assert_eq!(policy.settings(), mine);
        let problem = policy.problems().remove(0);
        let (code, subject, sentence) = (problem.code(), problem.subject(), problem.to_string());
        assert_eq!(code, "profile-broken");
        assert!(subject.ends_with("mine.toml"), "{subject}");
        assert!(sentence.contains("ceiling_dbtp") && sentence.contains('3'), "{sentence}");
    }

    #[test]
    fn missing_remembered_profile_gives_way_until_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let library = Library::load(Some(dir.path()));
        let mut policy = Policy::new(library, "gone", Overlays::new());
        assert_eq!((policy.profile().name.as_str(), policy.wanted()), (DEFAULT, "gone"));
        assert_eq!(policy.problems()[0].subject(), "gone");
        std::fs::write(dir.path().join("gone.toml"), "extends = \"night\"\n").unwrap();
        assert!(policy.reload());
        assert_eq!(policy.profile().name, "gone");
        assert!(policy.problems().is_empty());
    }

    #[test]
    fn numbers_of_every_kind_are_numbers() {
        assert_eq!(value_of(&Variant::from(-3_i32)).unwrap(), Value::Number(-3.0));
        assert_eq!(value_of(&Variant::from(7_u8)).unwrap(), Value::Number(7.0));
        assert_eq!(value_of(&Variant::from("auto")).unwrap(), Value::Word("auto".into()));
        assert!(value_of(&Variant::from(vec![1_i32])).is_err());
    }
}
