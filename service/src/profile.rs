//! The profile in force: so far the one that is built in.

use std::{collections::HashMap, fmt::Write};

use headroom_api::{Dict, Error, Result, Route};
use headroom_dsp::{ChainParams, Detector, Lookahead, Makeup, range};
use zbus::{OwnedVariant, Variant};

/// Name of the built-in profile.
pub const DEFAULT_NAME: &str = "default";
const DESCRIPTION: &str =
    "Everyday listening: every application at a comfortable loudness, no sudden blasts";

/// A value of a setting.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Switch(bool),
    Number(f32),
    Word(&'static str),
}

/// Returns the parameters of the built-in profile.
pub fn params() -> ChainParams {
    ChainParams::default()
}

/// What the built-in profile does with a stream that no route names.
pub const DEFAULT_ROUTE: Route = Route::Processed;

/// Returns every profile with its description.
pub fn descriptions() -> HashMap<String, String> {
    HashMap::from([(DEFAULT_NAME.to_owned(), DESCRIPTION.to_owned())])
}

/// Checks that a profile exists.
///
/// # Errors
/// When it does not.
pub fn check_name(name: &str) -> Result<()> {
    if name == DEFAULT_NAME {
        return Ok(());
    }
    let shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
    Err(Error::NoSuchProfile(format!("there is no profile '{shown}': there is '{DEFAULT_NAME}'")))
}

/// Returns a profile as TOML.
///
/// # Errors
/// When it does not exist.
pub fn show(name: &str) -> Result<String> {
    check_name(name)?;
    let mut text = format!("name = \"{DEFAULT_NAME}\"\ndescription = \"{DESCRIPTION}\"\n");
    let mut section = "";
    let settings = settings(&params());
    // Writing into a string cannot fail. Tables come after the keys of their parent, as TOML wants it.
    for (key, value) in &settings {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        if table != section {
            section = table;
            let _ = writeln!(text, "\n[{table}]");
        }
        let value = match value {
            Value::Switch(on) => on.to_string(),
            Value::Number(number) => format!("{number:?}"),
            Value::Word(word) => format!("\"{word}\""),
        };
        let _ = writeln!(text, "{name} = {value}");
    }
    let _ = writeln!(text, "\n[default_route]\nroute = \"{DEFAULT_ROUTE}\"");
    Ok(text)
}

/// Returns every setting with its value, default, range and unit.
pub fn list_settings() -> Dict {
    settings(&params())
        .into_iter()
        .filter_map(|(key, value)| {
            let mut entry: HashMap<&str, Variant<'_>> =
                HashMap::from([("value", variant(&value)), ("default", variant(&value))]);
            if let Some(range) = range(key) {
                entry.insert("min", decimal(range.min).into());
                entry.insert("max", decimal(range.max).into());
                entry.insert("unit", range.unit.into());
            }
            Some((key.to_owned(), OwnedVariant::try_from(Variant::from(entry)).ok()?))
        })
        .collect()
}

/// Returns the value of a setting.
///
/// # Errors
/// When there is no such setting.
pub fn get_setting(key: &str) -> Result<OwnedVariant> {
    let settings = settings(&params());
    let found = settings.iter().find(|(known, _)| *known == key);
    found.and_then(|(_, value)| OwnedVariant::try_from(variant(value)).ok()).ok_or_else(|| {
        let shown: String = key.chars().take(80).flat_map(char::escape_debug).collect();
        let known: Vec<_> = settings.iter().map(|(key, _)| *key).collect();
        Error::NoSuchSetting(format!(
            "there is no setting '{shown}': there are {}",
            known.join(", ")
        ))
    })
}

fn variant(value: &Value) -> Variant<'static> {
    match value {
        Value::Switch(on) => Variant::from(*on),
        Value::Number(number) => Variant::from(decimal(*number)),
        Value::Word(word) => Variant::from(*word),
    }
}

/// Widens a number as it is written: -0.1 does not become -0.10000000149011612.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

fn settings(params: &ChainParams) -> Vec<(&'static str, Value)> {
    use Value::{Number, Switch, Word};
    let ChainParams { agc, compressor, limiter, .. } = params;
    vec![
        ("agc.enabled", Switch(agc.enabled)),
        ("agc.target_lufs", Number(agc.target_lufs)),
        ("agc.max_boost_db", Number(agc.max_boost_db)),
        ("agc.max_cut_db", Number(agc.max_cut_db)),
        ("agc.up_db_per_s", Number(agc.up_db_per_s)),
        ("agc.down_db_per_s", Number(agc.down_db_per_s)),
        ("agc.gate_lufs", Number(agc.gate_lufs)),
        ("compressor.enabled", Switch(compressor.enabled)),
        (
            "compressor.detector",
            Word(match compressor.detector {
                Detector::Peak => "peak",
                Detector::Rms => "rms",
            }),
        ),
        ("compressor.threshold_db", Number(compressor.threshold_db)),
        ("compressor.ratio", Number(compressor.ratio)),
        ("compressor.knee_db", Number(compressor.knee_db)),
        ("compressor.attack_ms", Number(compressor.attack_ms)),
        ("compressor.release_ms", Number(compressor.release_ms)),
        (
            "compressor.makeup_db",
            match compressor.makeup {
                Makeup::Auto => Word("auto"),
                Makeup::Db(gain_db) => Number(gain_db),
            },
        ),
        ("limiter.ceiling_dbtp", Number(limiter.ceiling_dbtp)),
        (
            "limiter.lookahead",
            Word(match limiter.lookahead {
                Lookahead::Standard => "standard",
                Lookahead::Low => "low",
            }),
        ),
        ("limiter.hold_ms", Number(limiter.hold_ms)),
        ("limiter.release_ms", Number(limiter.release_ms)),
        ("limiter.soft.enabled", Switch(limiter.soft.enabled)),
        ("limiter.soft.max_psr_db", Number(limiter.soft.max_psr_db)),
        ("limiter.soft.attack_ms", Number(limiter.soft.attack_ms)),
        ("limiter.soft.release_ms", Number(limiter.soft.release_ms)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_profile_is_toml_with_every_setting() {
        let shown: toml::Table = show(DEFAULT_NAME).unwrap().parse().unwrap();
        for (key, _) in settings(&params()) {
            let mut at = toml::Value::Table(shown.clone());
            for part in key.split('.') {
                at = at.get(part).unwrap_or_else(|| panic!("{key} is missing")).clone();
            }
        }
        assert_eq!(shown["default_route"]["route"].as_str(), Some("processed"));
    }

    #[test]
    fn every_ranged_setting_is_listed_within_its_range() {
        let settings = settings(&params());
        for (key, range) in headroom_dsp::RANGES {
            let value = settings.iter().find(|(known, _)| *known == key);
            match value {
                Some((_, Value::Number(value))) => assert!(range.contains(*value), "{key}"),
                Some((_, Value::Word("auto"))) => {}
                other => panic!("{key}: {other:?}"),
            }
        }
        assert_eq!(list_settings().len(), settings.len());
    }

    #[test]
    fn numbers_are_shown_as_they_are_meant() {
        let ceiling = get_setting("limiter.ceiling_dbtp").unwrap();
        assert_eq!(ceiling.downcast_ref::<f64>().unwrap().to_string(), "-0.1");
    }

    #[test]
    fn an_unknown_key_or_profile_is_refused_with_what_there_is() {
        let error = get_setting("limiter.ceiling").unwrap_err();
        assert!(error.message().contains("limiter.ceiling_dbtp"), "{}", error.message());
        assert!(show("loud").unwrap_err().message().contains("'default'"));
    }
}
