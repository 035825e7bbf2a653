//! The answer to a write of a property.

use headroom_api::Error;
use zbus::{DBusError, Message, message::Header, names::ErrorName};

/// The answer to a write of a property.
///
/// After a setter that succeeds, zbus announces a change of its own accord, also when the value is
/// the old one. Changes are announced where they happen, by the backend; so a setter here always
/// hands its answer over as an error, and the answer to a success is an ordinary reply.
#[derive(Debug)]
pub(super) enum WriteReply {
    /// The value is in force.
    Done,
    /// It is not, and why.
    Refused(Error),
}

impl WriteReply {
    /// Turns the outcome of a write into what zbus is told.
    pub(super) fn to(outcome: headroom_api::Result<()>) -> Result<(), Self> {
        Err(outcome.map_or_else(Self::Refused, |()| Self::Done))
    }
}

impl DBusError for WriteReply {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        match self {
            Self::Done => Message::method_return(call).build(&()),
            Self::Refused(error) => error.create_reply(call),
        }
    }

    fn name(&self) -> ErrorName<'_> {
        match self {
            Self::Done => ErrorName::from_static_str_unchecked("org.headroom.Error.None"),
            Self::Refused(error) => error.name(),
        }
    }

    fn description(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Refused(error) => error.description(),
        }
    }
}
