//! A value as a person types it, read by what its setting accepts.

use std::fmt;

use headroom_profile::{Kind, decimal};
use zbus::Variant;

use super::near;
use crate::json::round_db;

/// What a setting accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// On or off.
    Switch,
    /// A number within `min` to `max`, in `unit`, or one of `words`.
    Number {
        /// Lowest, itself accepted.
        min: f64,
        /// Highest, itself accepted.
        max: f64,
        /// Empty where there is none.
        unit: String,
        /// Such as "auto".
        words: Vec<String>,
    },
    /// One of these.
    Words(Vec<String>),
}

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// On or off.
    Switch(bool),
    /// A number, in the setting's unit.
    Number(f64),
    /// One of the setting's words.
    Word(String),
}

impl Input {
    /// Returns the value as the bus takes it.
    pub fn variant(&self) -> Variant<'_> {
        match self {
            Self::Switch(on) => Variant::new(*on),
            Self::Number(number) => Variant::new(*number),
            Self::Word(word) => Variant::new(word.as_str()),
        }
    }
}

impl Form {
    /// Reads a value.
    ///
    /// A number may carry the setting's unit; "dB" will do for any level. Words and units count without
    /// case. The range is left to whoever keeps the setting.
    ///
    /// # Errors
    /// What is wrong and what is accepted, as the rest of a sentence about the setting.
    pub fn parse(&self, text: &str) -> Result<Input, String> {
        let text = text.trim();
        match self {
            Self::Switch => match text.to_lowercase().as_str() {
                "true" | "on" | "yes" => Ok(Input::Switch(true)),
                "false" | "off" | "no" => Ok(Input::Switch(false)),
                _ => Err(format!("'{text}' is not accepted; it takes {self}")),
            },
            Self::Words(words) => word(words, text).ok_or_else(|| {
                let near = near(text, words.iter().map(String::as_str));
                let hint = near.map_or(String::new(), |near| format!(" Did you mean {near}?"));
                format!("'{text}' is not accepted; it takes {self}.{hint}")
            }),
            Self::Number { unit, words, .. } => word(words, text)
                .or_else(|| number(text, unit).map(Input::Number))
                .ok_or_else(|| format!("'{text}' is not accepted; it takes {self}")),
        }
    }
}

impl From<&Kind> for Form {
    fn from(kind: &Kind) -> Self {
        let words = kind.words().iter().map(|word| (*word).to_owned()).collect();
        match (kind, kind.range()) {
            (Kind::Switch, _) => Self::Switch,
            (_, Some(range)) => Self::Number {
                min: decimal(range.min),
                max: decimal(range.max),
                unit: range.unit.to_owned(),
                words,
            },
            (_, None) => Self::Words(words),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("on or off"),
            Self::Words(words) => f.write_str(&words.join(", ")),
            Self::Number { min, max, unit, words } => {
                write!(f, "{} to {}", round_db(*min, 5), round_db(*max, 5))?;
                if !unit.is_empty() {
                    write!(f, " {unit}")?;
                }
                words.iter().try_for_each(|word| write!(f, ", or {word}"))
            }
        }
    }
}

fn word(words: &[String], text: &str) -> Option<Input> {
    words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| Input::Word(word.clone()))
}

/// Reads a number with or without its unit; never one that is not finite.
fn number(text: &str, unit: &str) -> Option<f64> {
    // The minus of typeset text, from a page that somebody copied.
    let text = text.replace('\u{2212}', "-");
    let digits =
        text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '%').trim_end();
    let suffix = text[digits.len()..].trim_start();
    let is_unit = suffix.is_empty()
        || suffix.eq_ignore_ascii_case(unit)
        || (suffix.eq_ignore_ascii_case("dB") && unit.starts_with("dB") && !unit.contains('/'));
    digits.parse().ok().filter(|number: &f64| is_unit && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceiling() -> Form {
        Form::Number { min: -12.0, max: -0.1, unit: "dBTP".to_owned(), words: Vec::new() }
    }

    fn makeup() -> Form {
        let words = vec!["auto".to_owned()];
        Form::Number { min: -12.0, max: 24.0, unit: "dB".to_owned(), words }
    }

    #[test]
    fn a_switch_takes_the_usual_words() {
        for (text, on) in [
            ("true", true),
            ("ON", true),
            ("yes", true),
            ("false", false),
            ("Off", false),
            ("no", false),
        ] {
            assert_eq!(Form::Switch.parse(text), Ok(Input::Switch(on)), "{text}");
        }
        for bad in ["", "1", "perhaps", "onn"] {
            assert!(Form::Switch.parse(bad).unwrap_err().contains("on or off"), "{bad}");
        }
    }

    #[test]
    fn a_number_may_carry_its_own_unit_and_no_other() {
        for text in ["-1.5", "-1.5dBTP", "-1.5 dbtp", " -1.5dB ", "\u{2212}1.5"] {
            assert_eq!(ceiling().parse(text), Ok(Input::Number(-1.5)), "{text}");
        }
        for bad in ["", "dB", "-1.5 ms", "-1,5", "loud", "nan", "inf", "-inf", "1e999", "-1.5dBx"] {
            let error = ceiling().parse(bad).unwrap_err();
            assert!(error.contains("-12 to -0.1 dBTP"), "{bad}: {error}");
        }
        let slew = Form::Number { min: 0.1, max: 20.0, unit: "dB/s".to_owned(), words: Vec::new() };
        assert_eq!(slew.parse("4dB/s"), Ok(Input::Number(4.0)));
        assert!(slew.parse("4dB").is_err());
        let ratio = Form::Number { min: 1.0, max: 20.0, unit: String::new(), words: Vec::new() };
        assert_eq!(ratio.parse("2"), Ok(Input::Number(2.0)));
        assert!(ratio.parse("2dB").is_err());
    }

    #[test]
    fn a_number_or_a_word_takes_both() {
        assert_eq!(makeup().parse("Auto"), Ok(Input::Word("auto".to_owned())));
        assert_eq!(makeup().parse("+3 dB"), Ok(Input::Number(3.0)));
        assert!(makeup().parse("aut").unwrap_err().contains("-12 to 24 dB, or auto"));
    }

    #[test]
    fn a_word_that_is_nearly_right_gets_a_hint() {
        let form = Form::Words(vec!["peak".to_owned(), "rms".to_owned()]);
        assert_eq!(form.parse("RMS"), Ok(Input::Word("rms".to_owned())));
        let error = form.parse("peek").unwrap_err();
        assert!(error.contains("peak, rms") && error.contains("Did you mean 'peak'?"), "{error}");
        assert!(!form.parse("42").unwrap_err().contains("Did you mean"));
    }
}
