//! Errors of the bus and of the service, as the model knows them.

use std::io::ErrorKind;

use zbus::fdo;

use headroom_api::visible_lines;

use crate::model::Failure;

/// Why a call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) why: Failure,
    /// What was said, safe to show; empty when nothing was.
    pub(super) sentence: String,
}

impl Refusal {
    pub(super) fn no_answer() -> Self {
        Self { why: Failure::NoAnswer, sentence: String::new() }
    }

    pub(super) fn not_running() -> Self {
        Self { why: Failure::NotRunning, sentence: String::new() }
    }

    pub(super) fn refused(sentence: &str) -> Self {
        Self { why: Failure::Refused, sentence: visible_lines(sentence) }
    }
}

impl From<headroom_api::Error> for Refusal {
    fn from(error: headroom_api::Error) -> Self {
        match error {
            headroom_api::Error::ZBus(error) => error.into(),
            refusal => Self::refused(&refusal.message()),
        }
    }
}

impl From<zbus::Error> for Refusal {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::InputOutput(error) if error.kind() == ErrorKind::TimedOut => {
                Self::no_answer()
            }
            zbus::Error::InputOutput(error) => {
                let sentence = visible_lines(&error.to_string());
                Self { why: Failure::NotRunning, sentence }
            }
            zbus::Error::FDO(error) => (*error).into(),
            // Property setters speak in errors of the bus; the interface's own are among them.
            error @ zbus::Error::MethodError(..) => match headroom_api::Error::from(error) {
                headroom_api::Error::ZBus(zbus::Error::MethodError(name, text, _)) => {
                    Self::refused(&text.unwrap_or_else(|| name.to_string()))
                }
                headroom_api::Error::ZBus(error) => Self::refused(&error.to_string()),
                refusal => Self::refused(&refusal.message()),
            },
            error => Self::refused(&error.to_string()),
        }
    }
}

impl From<fdo::Error> for Refusal {
    fn from(error: fdo::Error) -> Self {
        use fdo::Error as E;
        match error {
            E::ServiceUnknown(_)
            | E::NameHasNoOwner(_)
            | E::Disconnected(_)
            | E::NoServer(_)
            // Said by the bus when the service left before it answered.
            | E::NoReply(_) => Self::not_running(),
            E::Timeout(_) | E::TimedOut(_) => Self::no_answer(),
            E::ZBus(error) => error.into(),
            error => Self::refused(&error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_service_keeps_its_sentence() {
        let error = headroom_api::Error::NoSuchProfile("there is no profile 'x'".to_owned());
        assert_eq!(
            Refusal::from(error),
            Refusal { why: Failure::Refused, sentence: "there is no profile 'x'".to_owned() }
        );
    }

    #[test]
    fn a_service_that_is_gone_is_told_from_one_that_is_slow() {
        let gone = fdo::Error::ServiceUnknown(String::new());
        assert_eq!(Refusal::from(gone), Refusal::not_running());
        let left = zbus::Error::FDO(Box::new(fdo::Error::NoReply(String::new())));
        assert_eq!(Refusal::from(left), Refusal::not_running());
        let slow = zbus::Error::from(std::io::Error::from(ErrorKind::TimedOut));
        assert_eq!(Refusal::from(slow), Refusal::no_answer());
    }

    #[test]
    fn what_is_said_is_safe_to_show() {
        let error = headroom_api::Error::InvalidValue("bad '\u{202e}'\nsecond".to_owned());
        assert_eq!(Refusal::from(error).sentence, "bad '\\u{202e}'\nsecond");
    }
}
