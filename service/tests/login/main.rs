//! Under systemd: the real unit in a real user manager, with the sound that it is for.
//!
//! Needs namespaces: `scripts/test login`.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod activation;
mod recovery;
mod rig;
mod sandbox;
mod zone;
