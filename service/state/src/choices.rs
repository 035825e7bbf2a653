//! What the user has chosen, application by application.

use std::collections::BTreeMap;

use headroom_api::{MAX_NAME_BYTES, Treatment, quotable};
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
    #[error("nothing is chosen for '{0}'")]
    Unknown(String),
    /// The value is none that is accepted.
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

/// What the user chose for applications.
pub type Treatments = Choices<TreatmentChoice>;

/// What the user chose for an application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreatmentChoice {
    /// What it gets; with [`Treatment::Automatic`] the profile decides.
    pub treatment: Treatment,
    /// How much louder or softer than the others it comes out, in dB, -12 to 12. It acts where the
    /// application has a chain of its own.
    pub offset_db: f64,
}

impl Default for TreatmentChoice {
    fn default() -> Self {
        Self { treatment: Treatment::Automatic, offset_db: 0.0 }
    }
}

impl From<Treatment> for TreatmentChoice {
    fn from(treatment: Treatment) -> Self {
        Self { treatment, ..Self::default() }
    }
}

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
            ChoiceError::Unknown(_) => Self::NoSuchTreatment(format!(
                "{error}: the property Treatments has those that are"
            )),
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

    /// Returns the choice that goes by this very name, in any case.
    pub fn named(&self, app: &str) -> Option<T> {
        self.0.get(&fold(app)).map(|choice| choice.value)
    }
}

impl Treatments {
    /// Chooses what an application gets; returns whether anything changed.
    ///
    /// What leaves everything to the profile is kept as no choice.
    ///
    /// # Errors
    /// As [`set`](Self::set), and when the offset is out of range. Nothing has changed then.
    pub fn choose(&mut self, app: &str, choice: TreatmentChoice) -> Result<bool, ChoiceError> {
        check_name(app)?;
        AppChoice::default().set("offset_db", &Value::Number(choice.offset_db))?;
        if choice == TreatmentChoice::default() {
            return Ok(self.unset(app).is_ok());
        }
        self.set(app, choice)
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
        let mut treatments = Treatments::default();
        assert_eq!(treatments.find(&firefox), None);
        assert_eq!(treatments.set("firefox", Treatment::LeaveAlone.into()), Ok(true));
        let chosen = treatments.find(&firefox).unwrap();
        assert_eq!((chosen.app.as_str(), chosen.value), ("firefox", Treatment::LeaveAlone.into()));
        assert_eq!(chosen.matched, ("application.name", "Firefox".into()));
    }

    #[test]
    fn application_is_found_by_each_of_its_names_in_any_case() {
        let identity = Identity {
            app: "Firefox".into(),
            app_id: "org.mozilla.Firefox".into(),
            ..Identity::default()
        };
        let mut treatments = Treatments::default();
        for name in ["FIREFOX", "org.mozilla.firefox", "fire", "Ünrelated"] {
            treatments.set(name, Treatment::LeaveAlone.into()).unwrap();
        }
        let found: Vec<_> =
            treatments.find_all(&identity).map(|chosen| (chosen.app, chosen.matched.0)).collect();
        let expected = [("FIREFOX", "application.name"), ("org.mozilla.firefox", "application.id")];
        assert_eq!(found, expected.map(|(app, key)| (app.to_owned(), key)));
        assert_eq!(treatments.set("ünrelated", Treatment::LeaveAlone.into()), Ok(false));
        assert_eq!(treatments.find_all(&Identity::default()).count(), 0);
    }

    #[test]
    fn an_equal_choice_changes_nothing() {
        let mut treatments = Treatments::default();
        assert_eq!(treatments.set("mpv", Treatment::LeaveAlone.into()), Ok(true));
        assert_eq!(treatments.set("MPV", Treatment::LeaveAlone.into()), Ok(false));
        assert_eq!(treatments.iter().count(), 1);
    }

    #[test]
    fn bad_names_are_refused_and_leave_everything_as_it_was() {
        let mut treatments = Treatments::default();
        for bad in ["", "  ", "a\nb", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert!(
                treatments.set(bad, Treatment::LeaveAlone.into()).is_err(),
                "{bad:?} was accepted"
            );
        }
        assert_eq!(treatments, Treatments::default());
        assert_eq!(treatments.unset("mpv"), Err(ChoiceError::Unknown("mpv".into())));
    }

    #[test]
    fn the_number_of_choices_has_an_end() {
        let mut treatments = Treatments::default();
        for number in 0..MAX_CHOICES {
            assert_eq!(
                treatments.set(&format!("app{number}"), Treatment::LeaveAlone.into()),
                Ok(true)
            );
        }
        assert_eq!(
            treatments.set("one more", Treatment::LeaveAlone.into()),
            Err(ChoiceError::TooMany)
        );
        assert_eq!(treatments.set("app0", Treatment::EvenOut.into()), Ok(true));
    }

    #[test]
    fn choice_that_leaves_all_to_the_profile_is_none() {
        let mut treatments = Treatments::default();
        let softer = TreatmentChoice { offset_db: -3.0, ..TreatmentChoice::default() };
        assert_eq!(treatments.choose("mpv", softer), Ok(true));
        assert_eq!(treatments.choose("MPV", softer), Ok(false));
        assert_eq!(treatments.named("Mpv"), Some(softer));
        assert_eq!(treatments.choose("mpv", TreatmentChoice::default()), Ok(true));
        assert_eq!(treatments.choose("mpv", TreatmentChoice::default()), Ok(false));
        assert_eq!(treatments, Treatments::default(), "an empty choice was kept");
        assert_eq!(treatments.unset("mpv"), Err(ChoiceError::Unknown("mpv".into())));
    }

    #[test]
    fn refused_offset_leaves_everything_as_it_was() {
        let mut treatments = Treatments::default();
        for offset_db in [12.1, -13.0, f64::NAN, f64::INFINITY] {
            let choice = TreatmentChoice { treatment: Treatment::EvenOut, offset_db };
            let error = treatments.choose("mpv", choice).unwrap_err().to_string();
            assert!(error.contains("-12 to 12 dB"), "{error}");
        }
        assert!(treatments.choose("", Treatment::EvenOut.into()).is_err());
        assert_eq!(treatments, Treatments::default());
    }
}
