//! The settings in force, as the service lists them, and a value as a person types it.

mod input;
mod list;

pub use self::{
    input::{Form, Input},
    list::{Setting, Settings, count_text, near, value_text},
};
