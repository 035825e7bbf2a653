//! What Headroom's tests are made with, and what its demonstration runs.
//!
//! Owns what judges the product and therefore shares no code with it, and what stands in for it:
//! - [`signals`]: the hostile corpus and benign material, generated;
//! - [`meter`]: true peak, loudness and the comparison of a recording with what was played;
//! - `session` (feature `session`): a private bus, PipeWire and session manager, with a
//!   sample-exact player and recorder;
//! - `login` (the same feature): a user who has logged in, with systemd's user manager; the state
//!   of a home, to compare;
//! - [`programs`]: the workspace's own programs, built for tests of others;
//! - `plot` (feature `plot`): charts as SVG;
//! - `mock` (feature `mock`): a stand-in for the service, for tests of its clients and work on them. It
//!   knows the contract, `headroom-api`; what judges the product must not, and knows nothing of it;
//! - `asking` (the same feature): the runtime of such tests, and waiting;
//! - `scenarios` (feature `scenarios`): worlds for it, with the shipped settings and profiles.
//!
//! [`layout`] holds the channel positions that both use. Nothing here runs in the service.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exact values on purpose"))]

#[cfg(feature = "mock")]
pub mod asking;
mod fourier;
pub mod layout;
#[cfg(feature = "session")]
pub mod login;
pub mod manual;
pub mod meter;
#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "plot")]
pub mod plot;
pub mod programs;
#[cfg(feature = "scenarios")]
pub mod scenarios;
#[cfg(feature = "session")]
pub mod session;
pub mod signals;
