//! Headroom as an installed Flatpak: started by the bus, heard at the device, seen on a screen.
//!
//! Not a test of every day: it needs the app built and installed as a Flatpak, and a `/run` of its own.
//! `scripts/test flatpak` makes both and runs it; started in any other way, it fails and says so.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[allow(dead_code, reason = "these tests take no pictures to be looked at")]
#[path = "../desktop/desktop.rs"]
mod desktop;
#[path = "../desktop/fake/portal.rs"]
mod portal;
mod sandbox;
mod service;
#[allow(dead_code, reason = "these tests press little")]
#[path = "../desktop/tree.rs"]
mod tree;
mod window;

use headroom_testkit::asking as bus;
