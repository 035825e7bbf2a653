//! The panel of Headroom as a library, so that examples and tests can use its parts.

pub mod ballistics;
pub mod i18n;
pub mod link;
pub mod model;
pub mod widgets;
