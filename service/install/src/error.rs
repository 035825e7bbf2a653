//! What can go wrong, as a sentence.

/// Why an installation was not changed, or not looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system or a file said no.
    #[error("{0}")]
    Refused(String),
    /// What is asked for makes no sense together.
    #[error("{0}")]
    Usage(String),
    /// The session's bus or the service is not there, or does not answer.
    #[error(transparent)]
    Bus(#[from] headroom_client::Error),
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        headroom_client::Error::from(error).into()
    }
}

impl From<zbus::fdo::Error> for Error {
    fn from(error: zbus::fdo::Error) -> Self {
        headroom_client::Error::from(error).into()
    }
}
