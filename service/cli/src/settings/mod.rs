//! `headroom set`, `get` and `reset`: the settings in force, on top of the active profile.

mod get;
mod reset;
mod set;

pub(crate) use headroom_client::settings::{
    Form, Input, Setting, Settings, count_text, near, value_text,
};

pub(crate) use get::run as get;
pub(crate) use reset::run as reset;
pub(crate) use set::run as set;
