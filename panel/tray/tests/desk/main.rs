//! The tray's program on a private bus, with a mock service, and with desktops that come and go.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![allow(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the shape of a member is the bus's to say"
)]

mod host;
mod portal;
mod presence;
mod rig;
mod service;
mod shortcut;
mod words;
