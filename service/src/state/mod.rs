//! What is, what is wanted, and what follows from both.
//!
//! Pure: no PipeWire, no bus, no clock, no files. [`Graph`] is what the events say; [`Desired`] is
//! what the user and the profile want; [`plan()`] yields the commands that close the gap, and
//! [`streams()`] says what is true of every stream, by the links that exist.

mod graph;
mod identity;
mod plan;
mod routes;
mod streams;

pub use graph::{Graph, PairInfo, SessionManager};
pub use identity::Identity;
pub use plan::{Desired, Journal, JournalEntry, Ownership, nudge, plan};
pub use routes::{Decision, RouteError, Routes};
pub use streams::{StreamStatus, streams};
