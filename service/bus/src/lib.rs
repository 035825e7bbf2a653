//! `org.headroom.Control` as an object on the bus, over whatever stands behind it: the service, or the
//! mock service.
//!
//! Owns the members, their arguments' names and what is acceptable in them, lengths first. What is done
//! about a call is its [`Backend`]'s.

#![forbid(unsafe_code)]

mod backend;
mod change;
mod check;
mod control;
mod reply;

pub use backend::{Backend, Call, Properties};
pub use change::Change;
pub use control::Control;
