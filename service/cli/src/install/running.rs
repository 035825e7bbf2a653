//! `headroom install start`, `stop` and `restart`: of the person's own session, whatever the scope.

use std::process::ExitCode;

use headroom_install::{End, Started};

use super::say;
use crate::{args::TargetArgs, failure::Failure};

/// Starts what is stopped; what runs is left alone.
pub(crate) async fn start(args: &TargetArgs) -> Result<ExitCode, Failure> {
    say(&started_text(headroom_install::start(&args.target()).await?))
}

/// Ends the service.
pub(crate) async fn stop(args: &TargetArgs) -> Result<ExitCode, Failure> {
    say(end_text(headroom_install::stop(&args.target()).await?))
}

/// Ends the service and starts it.
pub(crate) async fn restart(args: &TargetArgs) -> Result<ExitCode, Failure> {
    let (end, started) = headroom_install::restart(&args.target()).await?;
    say(&format!("{} {}", end_text(end), started_text(started)))
}

/// Returns that the service runs, in a sentence.
pub(crate) fn started_text(started: Started) -> String {
    let already = if started.was_running { " already" } else { "" };
    format!("The service runs{already}, as process {}.", started.pid)
}

/// Returns how the service ended, in a sentence.
pub(crate) fn end_text(end: End) -> &'static str {
    match end {
        End::WasGone => "The service did not run.",
        End::Asked => "The service has ended; sound goes on, unprocessed.",
        End::Killed => {
            "The service did not end by itself and was killed; sound goes on, unprocessed."
        }
    }
}
