//! Settings of the pretended service: one of each kind, an overlay for each profile.

use std::collections::HashMap;

use headroom_api::{Dict, Error, Result};
use zbus::{OwnedVariant, Variant};

/// Changed settings by profile and key.
#[derive(Default)]
pub(super) struct Overlays(HashMap<(String, String), OwnedVariant>);

/// Key, the profile's own value, range and unit, words.
type Known =
    (&'static str, Variant<'static>, Option<(f64, f64, &'static str)>, &'static [&'static str]);

fn known() -> [Known; 5] {
    [
        ("compressor.detector", Variant::new("rms"), None, &["peak", "rms"]),
        ("compressor.enabled", Variant::new(true), None, &[]),
        ("compressor.makeup_db", Variant::new("auto"), Some((-12.0, 24.0, "dB")), &["auto"]),
        ("compressor.ratio", Variant::new(2.0), Some((1.0, 20.0, "")), &[]),
        ("limiter.ceiling_dbtp", Variant::new(-0.1), Some((-12.0, -0.1, "dBTP")), &[]),
    ]
}

fn find(key: &str) -> Result<Known> {
    let found = known().into_iter().find(|(known, ..)| *known == key);
    found.ok_or_else(|| Error::NoSuchSetting(format!("no setting has the key '{key}'")))
}

impl Overlays {
    pub(super) fn list(&self, profile: &str) -> Dict {
        let boxed = |value: Variant<'static>| Variant::Variant(Box::new(value));
        known()
            .into_iter()
            .map(|(key, default, range, words)| {
                let changed = self.0.get(&(profile.to_owned(), key.to_owned()));
                let value = changed.map_or_else(
                    || default.try_clone().unwrap(),
                    |value| Variant::from(value.try_clone().unwrap()),
                );
                let mut entry: HashMap<String, Variant<'_>> = HashMap::from([
                    ("value".to_owned(), boxed(value)),
                    ("default".to_owned(), boxed(default)),
                    ("changed".to_owned(), Variant::new(changed.is_some())),
                    ("description".to_owned(), Variant::new("What it does")),
                ]);
                if let Some((min, max, unit)) = range {
                    entry.insert("min".to_owned(), Variant::new(min));
                    entry.insert("max".to_owned(), Variant::new(max));
                    entry.insert("unit".to_owned(), Variant::new(unit));
                }
                if !words.is_empty() {
                    entry.insert("options".to_owned(), Variant::new(words.to_vec()));
                }
                (key.to_owned(), Variant::new(entry).try_into_owned().unwrap())
            })
            .collect()
    }

    pub(super) fn get(&self, profile: &str, key: &str) -> Result<OwnedVariant> {
        let (_, default, ..) = find(key)?;
        let changed = self.0.get(&(profile.to_owned(), key.to_owned()));
        Ok(changed
            .map_or_else(|| default.try_into_owned().unwrap(), |value| value.try_clone().unwrap()))
    }

    pub(super) fn set(&mut self, profile: &str, key: &str, value: &Variant<'_>) -> Result<()> {
        let (_, default, range, words) = find(key)?;
        let is_fine = match (value, range) {
            (Variant::F64(number), Some((min, max, _))) => (min..=max).contains(number),
            (Variant::Str(word), _) => words.contains(&word.as_str()),
            (Variant::Bool(_), _) => matches!(default, Variant::Bool(_)),
            _ => false,
        };
        if !is_fine {
            return Err(Error::InvalidValue(format!("{key} does not take this value")));
        }
        let value = value.try_clone().unwrap().try_into_owned().unwrap();
        self.0.insert((profile.to_owned(), key.to_owned()), value);
        Ok(())
    }

    pub(super) fn reset(&mut self, profile: &str, key: &str) -> Result<()> {
        find(key)?;
        self.0.remove(&(profile.to_owned(), key.to_owned()));
        Ok(())
    }
}
