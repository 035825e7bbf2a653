//! A private bus with the testkit's mock service on it, for tests of the command line.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod bus;
pub(crate) mod running;
pub(crate) mod worlds;

use std::time::Duration;

use headroom_testkit::mock::{Service, World};

pub(crate) use self::bus::PrivateBus;

/// Longest wait for anything that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Starts a service that is like this.
pub(crate) fn start_mock(bus: &PrivateBus, world: World) -> Service {
    Service::start(&bus.address, world).unwrap()
}
