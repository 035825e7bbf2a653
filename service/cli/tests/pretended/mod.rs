//! A private bus and a service that only pretends, for tests of the command line.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![allow(clippy::unused_self, clippy::unused_async, reason = "the bus decides the signatures")]

mod bus;
mod control;
mod gauges;
pub(crate) mod running;
mod service;
mod settings;
mod tables;

use std::time::Duration;

pub(crate) use self::{
    bus::PrivateBus,
    service::{FakeService, Manner},
};

/// Longest wait for anything that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
