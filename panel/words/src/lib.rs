//! What the service says in codes, in words of the person's own language: those that window, tray and service share.
//!
//! Owns the catalogue ([`i18n`]), the names of profiles and problems, and the texts of notifications. Runs on the caller's thread, after the locale is
//! set. Pure but for the catalogue; must not know of GTK or the bus.

mod codes;
pub mod i18n;
mod notices;

pub use self::{
    codes::{problem_title, profile_name, profile_rank},
    notices::{NoticeWords, safe_mode, turn_on},
};
