//! `headroom monitor`: follows the service, line by line or on the whole screen.
//!
//! Everything runs on the command's own thread. What happens comes from [`feed`]; the three forms differ
//! only in what they make of it. The screen is cut into what is known ([`model`]), what it looks like
//! ([`view`]), what a key means ([`input`]) and the loop that joins them ([`screen`]).

mod feed;
mod input;
mod json;
mod lines;
mod model;
mod screen;
mod terminal;
mod view;
mod waybar;

use std::process::ExitCode;

use crate::{args::MonitorArgs, failure::Failure};

/// Follows the service until the reader or the user has enough.
pub(crate) async fn run(args: &MonitorArgs) -> Result<ExitCode, Failure> {
    if args.json {
        Box::pin(json::run(args)).await
    } else if args.waybar {
        Box::pin(waybar::run()).await
    } else {
        Box::pin(screen::run(args.meters_hz())).await
    }
}
