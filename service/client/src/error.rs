//! What can go wrong on the way to the service, as a sentence.

use std::io::ErrorKind;

use headroom_api::Error as Api;
use zbus::fdo;

use crate::link::CALL_TIMEOUT;

/// Why the service did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It said no, or something that makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The bus or the service is not there, or does not answer.
    #[error("{0}")]
    Unreachable(String),
}

impl Error {
    /// Returns the error for a call that got no answer in time.
    pub(crate) fn no_answer() -> Self {
        Self::Unreachable(format!(
            "The service does not answer: it took the call and said nothing for {} s.",
            CALL_TIMEOUT.as_secs()
        ))
    }
}

impl From<Api> for Error {
    fn from(error: Api) -> Self {
        match error {
            Api::ZBus(error) => error.into(),
            refusal => Self::Refused(refusal.message()),
        }
    }
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::InputOutput(error) if error.kind() == ErrorKind::TimedOut => {
                Self::no_answer()
            }
            zbus::Error::InputOutput(error) => {
                Self::Unreachable(format!("The connection to the session bus broke: {error}."))
            }
            zbus::Error::FDO(error) => (*error).into(),
            // Property setters speak in errors of the bus; the interface's own are among them.
            error @ zbus::Error::MethodError(..) => match Api::from(error) {
                Api::ZBus(zbus::Error::MethodError(name, text, _)) => Self::Refused(format!(
                    "The service refused: {} ({name}).",
                    text.unwrap_or_else(|| "it gave no reason".to_owned()),
                )),
                Api::ZBus(error) => Self::Refused(error.to_string()),
                refusal => Self::Refused(refusal.message()),
            },
            error => Self::Refused(format!("The service's answer makes no sense: {error}.")),
        }
    }
}

impl From<fdo::Error> for Error {
    fn from(error: fdo::Error) -> Self {
        use fdo::Error as E;
        match error {
            E::ServiceUnknown(_) | E::NameHasNoOwner(_) => {
                Self::Unreachable("The service is not running and not installed.".to_owned())
            }
            E::NoReply(_) | E::Timeout(_) | E::TimedOut(_) => Self::no_answer(),
            E::Disconnected(_) | E::NoServer(_) => {
                Self::Unreachable("The session bus went away.".to_owned())
            }
            E::ZBus(error) => error.into(),
            E::UnknownMethod(text) | E::UnknownProperty(text) | E::UnknownInterface(text) => {
                Self::Refused(format!(
                    "The service is of another version than this command: {text}"
                ))
            }
            error if is_start_failure(&error) => {
                Self::Unreachable(format!("The service could not be started: {error}."))
            }
            error => Self::Refused(error.to_string()),
        }
    }
}

fn is_start_failure(error: &fdo::Error) -> bool {
    use fdo::Error as E;
    matches!(
        error,
        E::SpawnExecFailed(_)
            | E::SpawnForkFailed(_)
            | E::SpawnChildExited(_)
            | E::SpawnChildSignaled(_)
            | E::SpawnFailed(_)
            | E::SpawnFailedToSetup(_)
            | E::SpawnConfigInvalid(_)
            | E::SpawnServiceNotValid(_)
            | E::SpawnServiceNotFound(_)
            | E::SpawnPermissionsInvalid(_)
            | E::SpawnFileInvalid(_)
            | E::SpawnNoMemory(_)
    )
}
