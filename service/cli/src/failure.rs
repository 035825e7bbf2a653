//! What can go wrong, as a sentence and an exit code.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use headroom_api::names::SERVICE_BINARY;
use thiserror::Error as ThisError;

use headroom_api::visible_lines;

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
        let _ = writeln!(io::stderr(), "headroom: {}", visible_lines(&self.to_string()));
        ExitCode::from(code)
    }
}

/// Prints help to standard output, or what is wrong with the arguments to standard error, as [`Failure::report`] does.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help and version, coloured as the terminal likes it.
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) };
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let _ = writeln!(io::stderr(), "headroom: {}", visible_lines(text.trim_end()));
    ExitCode::from(2)
}

impl From<headroom_client::Error> for Failure {
    fn from(error: headroom_client::Error) -> Self {
        match error {
            headroom_client::Error::Refused(sentence) => Self::Refused(sentence),
            headroom_client::Error::Unreachable(sentence) => Self::Unreachable(sentence),
        }
    }
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        headroom_client::Error::from(error).into()
    }
}

impl From<headroom_install::Error> for Failure {
    fn from(error: headroom_install::Error) -> Self {
        match error {
            headroom_install::Error::Refused(sentence) => Self::Refused(sentence),
            headroom_install::Error::Usage(sentence) => Self::Usage(sentence),
            headroom_install::Error::Bus(error) => error.into(),
        }
    }
}
