//! `headroom install recover`: what the watchdog's timer and the autostart entry run. Standard output is the journal's.

use std::process::ExitCode;

use headroom_install::{Recovery, TRIES, recover};

use super::say;
use crate::{args::RecoverArgs, failure::Failure};

/// Looks after the service once.
pub(crate) async fn run(args: &RecoverArgs) -> Result<ExitCode, Failure> {
    match recover(&args.target.target(), args.deadline).await? {
        Recovery::Started(pid) => {
            say(&format!("The service was gone and was started, as process {pid}."))
        }
        Recovery::Replaced { hung, new } => say(&format!(
            "The service (process {hung}) did not answer {TRIES} times {} s; it was killed and started again, as process {new}.",
            args.deadline.as_secs_f64(),
        )),
        Recovery::SafeMode => say(
            "The service is in safe mode and was left alone; `headroom bypass off` brings the protection back.",
        ),
        Recovery::Answers(_) if args.quiet => Ok(ExitCode::SUCCESS),
        Recovery::Answers(pid) => say(&format!("The service answers, as process {pid}.")),
    }
}
