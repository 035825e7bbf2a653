//! Starting with the session, as the desktop grants it.

/// Why the service will not start with the session, or not cease to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The person, or the desktop for them, said no.
    Refused,
    /// This desktop has no such portal.
    NoPortal,
    /// It did not answer in time.
    NoAnswer,
    /// What went wrong, as the bus says.
    Failed(String),
}
