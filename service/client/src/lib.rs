//! The way to Headroom's service for programs of a terminal.
//!
//! Owns the connection and calls that end in time ([`link`]), what the service shows of itself ([`Snapshot`],
//! [`settings`]), where a person's files are ([`paths`]), and text from outside made safe to print ([`escape`]). It prints
//! nothing, parses no arguments and decides nothing; it runs on the caller's thread.
#![forbid(unsafe_code)]

mod error;
pub mod escape;
pub mod json;
pub mod link;
pub mod paths;
pub mod settings;
mod snapshot;

pub use self::{
    error::Error,
    snapshot::{Snapshot, is_of_profiles, output_text, state_text},
};
