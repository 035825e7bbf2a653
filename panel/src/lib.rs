//! The panel of Headroom as a library, so that examples and tests can use its parts.

mod app;
pub mod ballistics;
pub mod link;
pub mod model;
mod pages;
pub mod widgets;

pub use app::run;
pub use headroom_words::i18n;
