//! What the service says in codes, in words of the person's own language: those that window and tray share.
//!
//! Owns the catalogue ([`i18n`]) and the names of profiles and problems. Runs on the caller's thread, after the locale is
//! set. Pure but for the catalogue; must not know of GTK or the bus.

mod codes;
pub mod i18n;

pub use self::codes::{problem_title, profile_name};
