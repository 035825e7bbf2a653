//! A service that plays along, and a terminal that can be read.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![allow(clippy::unused_self, clippy::unused_async, reason = "the bus decides the signatures")]

mod service;
mod terminal;

pub(crate) use service::Service;
pub(crate) use terminal::Terminal;
