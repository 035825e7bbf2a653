//! `headroom monitor`: follows the service, line by line or on the whole screen.

mod args;
mod json;

pub(crate) use args::MonitorArgs;
pub(crate) use json::run;
