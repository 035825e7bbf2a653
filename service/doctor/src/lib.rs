//! What is wrong with this machine's Headroom: what was found, what it means, what to do.
//!
//! Collects facts from the service and from the system (`facts`), and judges them by pure functions (`judge`). It starts
//! nothing, changes nothing and sends nothing; a report for others (`paste`) has what is a person's own taken out
//! (`redact`). It prints nothing and runs on the caller's thread.
#![forbid(unsafe_code)]

mod check;
mod examine;
mod facts;
mod judge;
mod material;
mod paste;
mod place;
mod redact;
mod tools;

pub use self::{
    check::{Check, Severity},
    examine::Examination,
};
