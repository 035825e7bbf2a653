//! What Headroom's tests are made with, and what its demonstration runs.
//!
//! Owns what judges the product and therefore shares no code with it, and what stands in for it:
//! - [`signals`]: the hostile corpus and benign material, generated;
//! - [`meter`]: true peak, loudness and the comparison of a recording with what was played;
//! - `session` (feature `session`): a private bus, PipeWire and session manager, with a
//!   sample-exact player and recorder;
//! - `login` (the same feature): a user who has logged in, with systemd's user manager; the state
//!   of a home, to compare;
//! - `pretended` (feature `pretended`): a service that only pretends, for tests of its clients. It
//!   knows the contract, `headroom-api`; what judges the product must not, and knows nothing of it.
//!
//! [`layout`] holds the channel positions that both use. Nothing here runs in the service.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exact values on purpose"))]

mod fourier;
pub mod layout;
#[cfg(feature = "session")]
pub mod login;
pub mod manual;
pub mod meter;
#[cfg(feature = "pretended")]
pub mod pretended;
#[cfg(feature = "session")]
pub mod session;
pub mod signals;
