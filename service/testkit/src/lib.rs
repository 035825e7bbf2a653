//! What Headroom's tests are made with, and what its demonstration runs.
//!
//! Owns two things that judge the product and therefore share no code with it:
//! - [`signals`]: the hostile corpus and benign material, generated;
//! - [`meter`]: true peak, loudness and the comparison of a recording with what was played.
//!
//! [`layout`] holds the channel positions that both use. Nothing here runs in the service.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exact values on purpose"))]

mod fourier;
pub mod layout;
pub mod meter;
pub mod signals;
