//! Finds out what is; judges nothing, starts nothing and changes nothing.

pub(super) mod activation;
pub(super) mod files;
pub(super) mod graph;
pub(super) mod journal;
pub(super) mod machine;
pub(super) mod person;
pub(super) mod priority;
pub(super) mod process;
pub(super) mod service;
pub(super) mod unit;
