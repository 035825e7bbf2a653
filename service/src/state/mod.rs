//! What is, what is wanted, and what follows from both.
//!
//! Pure: no PipeWire, no bus, no clock, no files. [`Graph`] is what the events say; [`Desired`] is
//! what the user and the profile want; [`plan()`] yields the commands that close the gap, and
//! [`streams()`] says what is true of every stream, by the links that exist.

mod choices;
mod decision;
mod graph;
mod identity;
mod plan;
mod streams;

pub(crate) use choices::quotable;
pub use choices::{ChoiceError, Choices, Chosen, LevelChoices, Routes};
pub use decision::{Authority, Decision};
pub use graph::{Graph, PairInfo, SessionManager};
pub use identity::Identity;
pub use plan::{Desired, Journal, JournalEntry, Ownership, nudge, plan};
pub use streams::{StreamStatus, streams};
