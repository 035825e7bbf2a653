//! What can go wrong, as a sentence and an exit code.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use headroom_api::{Error, names::SERVICE_BINARY};
use thiserror::Error as ThisError;
use zbus::fdo;

use crate::{escape::escape_lines, link::CALL_TIMEOUT};

/// Why a command ends before its time.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    /// The service, the system or a file said no.
    #[error("{0}")]
    Refused(String),
    /// The arguments make no sense together.
    #[error("{0}")]
    Usage(String),
    /// The bus or the service is not there, or does not answer.
    #[error(
        "{0}\nThe service starts by itself when it is installed and something calls it; to start it by hand, run {SERVICE_BINARY}. `headroom doctor` says more."
    )]
    Unreachable(String),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Io(#[from] io::Error),
}

impl Failure {
    /// Returns the failure for a call that got no answer in time.
    pub(crate) fn no_answer() -> Self {
        Self::Unreachable(format!(
            "The service does not answer: it took the call and said nothing for {} s.",
            CALL_TIMEOUT.as_secs()
        ))
    }

    /// Returns whether the service or the bus is the cause, and not this side's output.
    pub(crate) fn is_of_bus(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Refused(_))
    }

    /// Prints the sentence to standard error and returns the exit code.
    ///
    /// A reader who closed the pipe has what he wanted: that is no failure.
    pub(crate) fn report(&self) -> ExitCode {
        let code = match self {
            Self::Io(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Self::Refused(_) | Self::Io(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
        };
        // Nobody is left to tell when standard error is gone as well.
        let _ = writeln!(io::stderr(), "headroom: {}", escape_lines(&self.to_string()));
        ExitCode::from(code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::ZBus(error) => error.into(),
            refusal => Self::Refused(refusal.message()),
        }
    }
}

impl From<zbus::Error> for Failure {
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
            error @ zbus::Error::MethodError(..) => match Error::from(error) {
                Error::ZBus(zbus::Error::MethodError(name, text, _)) => Self::Refused(format!(
                    "The service refused: {} ({name}).",
                    text.unwrap_or_else(|| "it gave no reason".to_owned()),
                )),
                Error::ZBus(error) => Self::Refused(error.to_string()),
                refusal => Self::Refused(refusal.message()),
            },
            error => Self::Refused(format!("The service's answer makes no sense: {error}.")),
        }
    }
}

impl From<fdo::Error> for Failure {
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
