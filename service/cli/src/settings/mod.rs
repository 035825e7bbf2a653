//! `headroom set`, `get` and `reset`: the settings in force, on top of the active profile.

mod get;
mod input;
mod list;
mod reset;
mod set;

pub(crate) use get::run as get;
pub(crate) use input::{Form, Input};
pub(crate) use list::{Setting, Settings, count_text, near};
pub(crate) use reset::run as reset;
pub(crate) use set::run as set;
