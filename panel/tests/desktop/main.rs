//! The real panel on a screen of its own, driven through the accessibility tree, against the real service and
//! against a mock.
//!
//! Every test starts what it needs: a virtual screen, a private bus, and where the real service is meant, PipeWire
//! and a session manager. Nothing of the machine's own session is read or changed. Pictures of every page are left
//! in `artifacts/panel/`, to be looked at; none is compared.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod access;
mod desktop;
mod device;
mod fake;
mod figures;
mod history;
mod home;
mod introduction;
mod languages;
mod looks;
mod panel;
mod pictures;
mod real;
mod schedule;
mod session;
mod states;
mod tree;
mod volume;
mod walk;

use headroom_testkit::asking as bus;
