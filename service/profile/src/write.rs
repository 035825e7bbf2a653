//! Writes a profile out in full, as text that parses back to the same.

use std::fmt::Write;

use crate::{
    keys::settings,
    profile::Profile,
    settings::{Settings, Value},
};

/// Returns a profile as complete TOML: everything that it inherits, with `settings` in place of its own.
///
/// The text names no parent, and parses back to the same settings, rules and default treatment.
pub fn to_toml(profile: &Profile, settings: &Settings) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut text, profile, settings);
    text
}

fn write(text: &mut String, profile: &Profile, values: &Settings) -> std::fmt::Result {
    writeln!(text, "name = {}", string(&profile.name))?;
    writeln!(text, "description = {}", string(&profile.description))?;
    writeln!(text, "chains = {}", string(profile.chains.as_str()))?;
    writeln!(text, "devices = {}", string(profile.devices.as_str()))?;
    let mut section = "";
    for info in settings() {
        let (table, name) = info.key.rsplit_once('.').unwrap_or(("", info.key));
        if table != section {
            section = table;
            writeln!(text, "\n[{table}]")?;
        }
        if let Some(value) = values.get(info.key) {
            writeln!(text, "{name} = {}", scalar(&value))?;
        }
    }
    for rule in &profile.rules {
        writeln!(text, "\n[[rules]]")?;
        for (field, patterns) in rule.fields() {
            let patterns: Vec<_> = patterns.into_iter().map(string).collect();
            writeln!(text, "match.{field} = [{}]", patterns.join(", "))?;
        }
        writeln!(text, "treatment = {}", string(rule.treatment.as_str()))?;
        if let Some(on) = rule.app_volume {
            writeln!(text, "app_volume = {on}")?;
        }
        for (key, value) in rule.app.iter() {
            writeln!(text, "{key} = {}", scalar(&value))?;
        }
    }
    writeln!(text, "\n[unmatched]\ntreatment = {}", string(profile.default_treatment.as_str()))
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Switch(on) => on.to_string(),
        Value::Number(number) => format!("{number:?}"),
        Value::Word(word) => string(word),
    }
}

fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
