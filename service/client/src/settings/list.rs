//! The settings as the service lists them.

use headroom_api::{ControlProxy, Dict, Field as _, SettingRow};
use headroom_profile::{no_such_setting, successor};
use serde_json::Value;
use zbus::OwnedVariant;

use super::Form;
use crate::{
    Error,
    json::{dict_json, round_db, variant_json},
    link::call,
};

/// One setting, as listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Dotted key.
    pub key: String,
    /// Value in force: a truth value, a number or a word.
    pub value: Value,
    /// The profile's own value.
    pub default: Value,
    /// Whether it was changed on top of the profile.
    pub is_changed: bool,
    /// What it accepts.
    pub form: Form,
    /// What it does, in one line.
    pub description: String,
}

impl Setting {
    fn new(key: String, row: SettingRow) -> Self {
        let json =
            |value: &Option<OwnedVariant>| value.as_deref().map_or(Value::Null, variant_json);
        let (value, default, is_changed) = (json(&row.value), json(&row.default), row.is_changed());
        let words = row.options;
        let form = match (row.min, row.max) {
            (Some(min), Some(max)) => {
                Form::Number { min, max, unit: row.unit.unwrap_or_default(), words }
            }
            _ if value.is_boolean() => Form::Switch,
            _ => Form::Words(words),
        };
        Self { key, value, default, is_changed, form, description: row.description }
    }

    /// Returns the part of the key before its last dot.
    pub fn section(&self) -> &str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Returns the unit; empty where there is none.
    pub fn unit(&self) -> &str {
        match &self.form {
            Form::Number { unit, .. } => unit,
            Form::Switch | Form::Words(_) => "",
        }
    }

    /// Returns a value of this setting with its unit.
    pub fn with_unit(&self, value: &Value) -> String {
        match self.unit() {
            "" => value_text(value),
            _ if !value.is_number() => value_text(value),
            unit => format!("{} {unit}", value_text(value)),
        }
    }
}

/// Every setting, section by section.
#[derive(Clone, Debug)]
pub struct Settings {
    all: Vec<Setting>,
    listed: Value,
}

impl Settings {
    /// Asks the service.
    ///
    /// # Errors
    /// When it refuses or does not answer.
    pub async fn read(control: &ControlProxy<'_>) -> Result<Self, Error> {
        Ok(Self::new(&call(control.list_settings()).await?))
    }

    fn new(listed: &Dict) -> Self {
        let row = |(key, entry): (&String, &OwnedVariant)| {
            Some(Setting::new(key.clone(), SettingRow::read(entry)?))
        };
        let mut all: Vec<Setting> = listed.iter().filter_map(row).collect();
        let listed = dict_json(listed);
        all.sort_by_cached_key(|setting| {
            let section = setting.section().to_owned();
            let known = headroom_profile::settings();
            let place = known.iter().position(|known| known.key == setting.key);
            // What this version does not know comes last within its section.
            (section, place.unwrap_or(usize::MAX), setting.key.clone())
        });
        Self { all, listed }
    }

    /// Returns what the service listed, as JSON by key.
    pub fn json(&self) -> &Value {
        &self.listed
    }

    /// Iterates, section by section.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.all.iter()
    }

    /// Iterates over those that were changed on top of the profile.
    pub fn changed(&self) -> impl Iterator<Item = &Setting> {
        self.iter().filter(|setting| setting.is_changed)
    }

    /// Returns one setting.
    ///
    /// # Errors
    /// `Refused`, with the nearest key, when there is none of this key.
    pub fn get(&self, key: &str) -> Result<&Setting, Error> {
        self.iter().find(|setting| setting.key == key).ok_or_else(|| self.unknown(key))
    }

    /// Returns the setting of a key, or all those of a section.
    ///
    /// # Errors
    /// `Refused`, with the nearest key, when there is neither.
    pub fn select(&self, word: &str) -> Result<Vec<&Setting>, Error> {
        if let Some(setting) = self.iter().find(|setting| setting.key == word) {
            return Ok(vec![setting]);
        }
        let within = |setting: &&Setting| {
            setting.key.strip_prefix(word).is_some_and(|rest| rest.starts_with('.'))
        };
        let section: Vec<_> = self.iter().filter(within).collect();
        if section.is_empty() { Err(self.unknown(word)) } else { Ok(section) }
    }

    fn unknown(&self, key: &str) -> Error {
        if successor(key).is_some() {
            return Error::Refused(format!("{}.", no_such_setting(key)));
        }
        let hint = near(key, self.iter().map(|setting| setting.key.as_str())).map_or_else(
            || " `headroom get` lists them all.".to_owned(),
            |near| format!(" Did you mean {near}?"),
        );
        Error::Refused(format!("No setting has the key '{key}'.{hint}"))
    }
}

/// Returns the known word that `word` most likely stands for, in quotes; several that are as near.
pub fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    const LEAST: f64 = 0.75;
    let word = word.to_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let whole = strsim::normalized_damerau_levenshtein(&word, &candidate);
        // Somebody who leaves the section out, or the unit, means it all the same.
        let tail = candidate.rsplit('.').next().unwrap_or(&candidate);
        let part = strsim::normalized_damerau_levenshtein(&word, tail);
        let start = if word.len() > 3 && candidate.contains(&word) { 0.9 } else { 0.0 };
        whole.max(part).max(start)
    };
    let scored: Vec<(f64, &str)> = known.map(|candidate| (score(candidate), candidate)).collect();
    let best = scored.iter().map(|(score, _)| *score).fold(LEAST, f64::max);
    let best: Vec<String> = scored
        .iter()
        .filter(|(score, _)| *score >= best - 1e-9)
        .take(4)
        .map(|(_, name)| format!("'{name}'"))
        .collect();
    (!best.is_empty()).then(|| best.join(" or "))
}

/// Returns a value as it can be typed: on or off, or without the digits that single precision does not have.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) => round_db(number, 5).to_string(),
            None => number.to_string(),
        },
        value => value.to_string(),
    }
}

/// Returns "1 changed setting" or "3 changed settings".
pub fn count_text(count: usize) -> String {
    format!("{count} changed setting{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value<'a>(value: impl Into<zbus::Variant<'a>>) -> Option<OwnedVariant> {
        value.into().try_into_owned().ok()
    }

    /// A number of decibels, or a word.
    fn number(min: f64, max: f64) -> SettingRow {
        SettingRow {
            value: value("auto"),
            min: Some(min),
            max: Some(max),
            unit: Some("dB".to_owned()),
            options: vec!["auto".to_owned()],
            ..SettingRow::default()
        }
    }

    #[test]
    fn numbers_are_shown_as_they_were_written() {
        assert_eq!(value_text(&json!(-0.100_000_001_490_116_12)), "-0.1");
        assert_eq!(value_text(&json!(-12.0)), "-12");
        assert_eq!(value_text(&json!(true)), "on");
        assert_eq!(value_text(&json!("auto")), "auto");
    }

    #[test]
    fn what_a_setting_accepts_is_read_from_its_entry() {
        let form = |row| Setting::new("a.b".to_owned(), row).form;
        let switch = SettingRow { value: value(true), ..SettingRow::default() };
        assert_eq!(form(switch), Form::Switch);
        let words = vec!["peak".to_owned(), "rms".to_owned()];
        let options = words.clone();
        let word = SettingRow { value: value("rms"), options, ..SettingRow::default() };
        assert_eq!(form(word), Form::Words(words));
        let words = vec!["auto".to_owned()];
        assert_eq!(
            form(number(-1.0, 2.0)),
            Form::Number { min: -1.0, max: 2.0, unit: "dB".to_owned(), words }
        );
    }

    #[test]
    fn a_typo_finds_the_nearest_key_and_nonsense_finds_none() {
        let known = ["limiter.ceiling_dbtp", "limiter.release_ms", "compressor.release_ms"];
        let near = |word| near(word, known.into_iter());
        assert_eq!(near("limiter.cieling_dbtp").as_deref(), Some("'limiter.ceiling_dbtp'"));
        assert_eq!(near("ceiling").as_deref(), Some("'limiter.ceiling_dbtp'"));
        assert_eq!(near("limiter.ceiling").as_deref(), Some("'limiter.ceiling_dbtp'"));
        assert_eq!(
            near("release_ms").as_deref(),
            Some("'limiter.release_ms' or 'compressor.release_ms'")
        );
        assert_eq!(near("banana"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn a_unit_stands_beside_numbers_and_not_beside_words() {
        let makeup = Setting::new("compressor.makeup_db".to_owned(), number(-12.0, 24.0));
        assert_eq!(makeup.with_unit(&json!(3.0)), "3 dB");
        assert_eq!(makeup.with_unit(&json!("auto")), "auto");
        assert_eq!(makeup.section(), "compressor");
    }
}
