//! What the user has chosen, application by application.

use std::collections::BTreeMap;

use headroom_api::{MAX_NAME_BYTES, Route, quotable};
use headroom_profile::{AppChoice, SettingError, Value};
use thiserror::Error;

use super::identity::{Identity, fold};

/// Most choices of a kind that a user can make; a limit only against a caller gone wild.
const MAX_CHOICES: usize = 1000;

/// Why a choice was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ChoiceError {
    /// The application's name cannot be one.
    #[error("{0}")]
    BadName(String),
    /// There are too many.
    #[error(
        "there are {MAX_CHOICES} applications with a choice of their own already: unset one \
         before you set another"
    )]
    TooMany,
    /// There is none to remove; the application.
    #[error("nothing is set for '{0}'")]
    Unknown(String),
    /// There is none under this key; the application and the key.
    #[error("'{1}' is not set for '{0}'")]
    UnknownKey(String, String),
    /// There is no such key, or it does not take this.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// The user's choices by application: its binary, name or id.
///
/// They are found by the name without its case, which is folded once for each request and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices<T>(BTreeMap<String, Choice<T>>);

/// A choice, and the application as the user named it first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice<T> {
    app: String,
    value: T,
}

/// The user's routes.
pub type Routes = Choices<Route>;
/// App volume control on or off, by the user's own choice.
pub type LevelChoices = Choices<bool>;

/// What the user wants of applications' own chains.
pub type AppChoices = Choices<AppChoice>;

/// A choice that applies to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The application as the user named it.
    pub app: String,
    /// What was chosen.
    pub value: T,
    /// The property by which the application was recognised, and its value.
    pub matched: (&'static str, String),
}

impl From<ChoiceError> for headroom_api::Error {
    fn from(error: ChoiceError) -> Self {
        match error {
            ChoiceError::BadName(sentence) => Self::InvalidValue(sentence),
            ChoiceError::TooMany => Self::LimitExceeded(error.to_string()),
            ChoiceError::Setting(SettingError::NoSuchSetting(text)) => Self::NoSuchSetting(text),
            ChoiceError::Setting(SettingError::InvalidValue(text)) => Self::InvalidValue(text),
            ChoiceError::Unknown(_) | ChoiceError::UnknownKey(..) => {
                Self::Failed(error.to_string())
            }
        }
    }
}

impl<T> Default for Choices<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Copy + PartialEq> Choices<T> {
    /// Makes a choice; returns whether anything changed.
    ///
    /// # Errors
    /// When the name is empty, longer than [`MAX_NAME_BYTES`], holds control characters, or there
    /// are too many choices. Nothing has changed then.
    pub fn set(&mut self, app: &str, value: T) -> Result<bool, ChoiceError> {
        check_name(app)?;
        let folded = fold(app);
        if let Some(known) = self.0.get_mut(&folded) {
            return Ok(std::mem::replace(&mut known.value, value) != value);
        }
        if self.0.len() >= MAX_CHOICES {
            return Err(ChoiceError::TooMany);
        }
        self.0.insert(folded, Choice { app: app.to_owned(), value });
        Ok(true)
    }

    /// Takes a choice back.
    ///
    /// # Errors
    /// When there is none for this application.
    pub fn unset(&mut self, app: &str) -> Result<(), ChoiceError> {
        // No name of such a length can have been set.
        let known = (app.len() <= MAX_NAME_BYTES).then(|| self.0.remove(&fold(app)));
        match known.flatten() {
            Some(_) => Ok(()),
            None => Err(ChoiceError::Unknown(quotable(app))),
        }
    }

    /// Returns every choice, by application.
    pub fn iter(&self) -> impl Iterator<Item = (&str, T)> {
        self.0.values().map(|choice| (choice.app.as_str(), choice.value))
    }

    /// Returns the choice for an application, by its binary, name or id.
    pub fn find(&self, identity: &Identity) -> Option<Chosen<T>> {
        self.find_all(identity).next()
    }

    /// Returns every choice for an application: one can be named in several ways.
    pub fn find_all(&self, identity: &Identity) -> impl Iterator<Item = Chosen<T>> {
        let mut found: BTreeMap<&str, (&Choice<T>, (&'static str, &str))> = BTreeMap::new();
        for (key, value) in identity.names() {
            if let Some((folded, choice)) = self.0.get_key_value(&fold(value)) {
                found.entry(folded).or_insert((choice, (key, value)));
            }
        }
        found.into_values().map(|(choice, (key, value))| Chosen {
            app: choice.app.clone(),
            value: choice.value,
            matched: (key, value.to_owned()),
        })
    }

    fn named(&self, app: &str) -> Option<T> {
        self.0.get(&fold(app)).map(|choice| choice.value)
    }
}

impl AppChoices {
    /// Makes a choice under one key; returns whether anything changed.
    ///
    /// # Errors
    /// As [`set`](Self::set); when there is no such key, or it does not take the value. Nothing has changed
    /// then.
    pub fn set_key(&mut self, app: &str, key: &str, value: &Value) -> Result<bool, ChoiceError> {
        check_name(app)?;
        let mut choice = self.named(app).unwrap_or_default();
        choice.set(key, value)?;
        self.set(app, choice)
    }

    /// Takes the choice under one key back, or under all of them when `key` is empty.
    ///
    /// # Errors
    /// When there is no such key, or nothing was chosen under it for this application.
    pub fn unset_key(&mut self, app: &str, key: &str) -> Result<(), ChoiceError> {
        if key.is_empty() {
            return self.unset(app);
        }
        if app.len() > MAX_NAME_BYTES {
            return Err(ChoiceError::Unknown(quotable(app)));
        }
        let mut choice = self.named(app).unwrap_or_default();
        if !choice.reset(key)? {
            return Err(ChoiceError::UnknownKey(quotable(app), quotable(key)));
        }
        if choice.is_empty() { self.unset(app) } else { self.set(app, choice).map(|_| ()) }
    }
}

fn check_name(app: &str) -> Result<(), ChoiceError> {
    if app.trim().is_empty() {
        return Err(ChoiceError::BadName(
            "the application's name is empty: give its binary, name or application id".into(),
        ));
    }
    if app.len() > MAX_NAME_BYTES {
        return Err(ChoiceError::BadName(format!(
            "the application's name is {} bytes long: at most {MAX_NAME_BYTES} are accepted",
            app.len()
        )));
    }
    if app.chars().any(char::is_control) {
        return Err(ChoiceError::BadName(format!(
            "the application's name '{}' holds control characters: give plain text",
            quotable(app)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_names_the_property_that_it_applies_by() {
        let firefox =
            Identity { app: "Firefox".into(), binary: "firefox-bin".into(), ..Identity::default() };
        let mut routes = Routes::default();
        assert_eq!(routes.find(&firefox), None);
        assert_eq!(routes.set("firefox", Route::Bypass), Ok(true));
        let chosen = routes.find(&firefox).unwrap();
        assert_eq!((chosen.app.as_str(), chosen.value), ("firefox", Route::Bypass));
        assert_eq!(chosen.matched, ("application.name", "Firefox".into()));
    }

    #[test]
    fn application_is_found_by_each_of_its_names_in_any_case() {
        let identity = Identity {
            app: "Firefox".into(),
            app_id: "org.mozilla.Firefox".into(),
            ..Identity::default()
        };
        let mut routes = Routes::default();
        for name in ["FIREFOX", "org.mozilla.firefox", "fire", "Ünrelated"] {
            routes.set(name, Route::Bypass).unwrap();
        }
        let found: Vec<_> =
            routes.find_all(&identity).map(|chosen| (chosen.app, chosen.matched.0)).collect();
        let expected = [("FIREFOX", "application.name"), ("org.mozilla.firefox", "application.id")];
        assert_eq!(found, expected.map(|(app, key)| (app.to_owned(), key)));
        assert_eq!(routes.set("ünrelated", Route::Bypass), Ok(false));
        assert_eq!(routes.find_all(&Identity::default()).count(), 0);
    }

    #[test]
    fn an_equal_choice_changes_nothing() {
        let mut routes = Routes::default();
        assert_eq!(routes.set("mpv", Route::Bypass), Ok(true));
        assert_eq!(routes.set("MPV", Route::Bypass), Ok(false));
        assert_eq!(routes.iter().count(), 1);
    }

    #[test]
    fn bad_names_are_refused_and_leave_everything_as_it_was() {
        let mut routes = Routes::default();
        for bad in ["", "  ", "a\nb", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert!(routes.set(bad, Route::Bypass).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(routes, Routes::default());
        assert_eq!(routes.unset("mpv"), Err(ChoiceError::Unknown("mpv".into())));
    }

    #[test]
    fn the_number_of_choices_has_an_end() {
        let mut routes = Routes::default();
        for number in 0..MAX_CHOICES {
            assert_eq!(routes.set(&format!("app{number}"), Route::Bypass), Ok(true));
        }
        assert_eq!(routes.set("one more", Route::Bypass), Err(ChoiceError::TooMany));
        assert_eq!(routes.set("app0", Route::Processed), Ok(true));
    }

    #[test]
    fn what_is_chosen_for_an_applications_chain_is_kept_key_by_key() {
        let mut apps = AppChoices::default();
        assert_eq!(apps.set_key("mpv", "offset_db", &Value::Number(-3.0)), Ok(true));
        assert_eq!(apps.set_key("MPV", "chain", &Value::Switch(false)), Ok(true));
        assert_eq!(apps.set_key("mpv", "chain", &Value::Switch(false)), Ok(false));
        let (app, choice) = apps.iter().next().unwrap();
        assert_eq!((app, choice.iter().count()), ("mpv", 2));
        assert_eq!(apps.unset_key("Mpv", "offset_db"), Ok(()));
        let unset = Err(ChoiceError::UnknownKey("mpv".into(), "offset_db".into()));
        assert_eq!(apps.unset_key("mpv", "offset_db"), unset);
        assert_eq!(apps.unset_key("mpv", "chain"), Ok(()));
        assert_eq!(apps, AppChoices::default(), "an empty choice was kept");
        assert_eq!(apps.unset_key("mpv", ""), Err(ChoiceError::Unknown("mpv".into())));
    }

    #[test]
    fn a_refused_key_or_value_leaves_everything_as_it_was() {
        let mut apps = AppChoices::default();
        for (app, key, value) in [
            ("mpv", "offset", Value::Number(1.0)),
            ("mpv", "offset_db", Value::Number(13.0)),
            ("mpv", "chain", Value::Number(1.0)),
            ("", "chain", Value::Switch(true)),
        ] {
            assert!(apps.set_key(app, key, &value).is_err(), "{app:?} {key}");
        }
        assert!(apps.unset_key("mpv", "offset").is_err());
        assert_eq!(apps, AppChoices::default());
    }
}
