//! Errors as they cross the bus.

use zbus::DBusError;

/// What the service refuses, and why; each text is one sentence that stands alone.
///
/// The variants are the bus error names below [`ERROR_PREFIX`](crate::names::ERROR_PREFIX).
#[derive(Clone, Debug, DBusError)]
#[zbus(prefix = "org.headroom.Error")]
pub enum Error {
    /// An error of the bus itself: no service, no reply, malformed call.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// A value is of the right type but not acceptable.
    InvalidValue(String),
    /// No stream has this id.
    NoSuchStream(String),
    /// Nothing is chosen for this application.
    NoSuchTreatment(String),
    /// No level is remembered of this application.
    NoSuchLevel(String),
    /// No profile has this name.
    NoSuchProfile(String),
    /// No setting has this key.
    NoSuchSetting(String),
    /// The limit on the number of something is reached.
    LimitExceeded(String),
    /// PipeWire, or its session manager, is away.
    NotReady(String),
    /// The service could not do it; the text says why.
    Failed(String),
}

/// Result of a call on the interface.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns the sentence for a person, without the error's bus name.
    pub fn message(&self) -> String {
        match self {
            Self::ZBus(zbus::Error::MethodError(_, Some(text), _))
            | Self::InvalidValue(text)
            | Self::NoSuchStream(text)
            | Self::NoSuchTreatment(text)
            | Self::NoSuchLevel(text)
            | Self::NoSuchProfile(text)
            | Self::NoSuchSetting(text)
            | Self::LimitExceeded(text)
            | Self::NotReady(text)
            | Self::Failed(text) => text.clone(),
            Self::ZBus(error) => error.to_string(),
        }
    }
}
