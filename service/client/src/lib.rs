//! The way to Headroom's service for programs of a terminal.
//!
//! Owns the connection and calls that end in time ([`link`]), what the service shows of itself ([`Snapshot`],
//! [`settings`]), where a person's files are ([`paths`]), and how wide text is on a terminal ([`text`]). It prints
//! nothing, parses no arguments and decides nothing; it runs on the caller's thread.
#![forbid(unsafe_code)]

mod error;
pub mod json;
pub mod link;
pub mod paths;
pub mod settings;
mod snapshot;
pub mod text;
mod told;

pub use self::{
    error::Error,
    snapshot::{Snapshot, output_text, state_text, streams, treatments},
    told::Told,
};
