//! `headroom compare`: what plays, without levelling for some seconds.

use std::{process::ExitCode, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    args::CompareArgs,
    failure::Failure,
    link::{call, control},
    output::Printer,
};

/// How often it is asked whether the comparison is over.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How much later than told the end may be seen.
const LATE: Duration = Duration::from_secs(5);

/// Begins a comparison, and returns when it is over.
pub(crate) async fn run(args: CompareArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    call(control.compare(args.seconds)).await?;
    if args.seconds == 0 {
        return say("with levelling");
    }
    say(&format!("without levelling, as loud as with it, for {} s", args.seconds))?;
    let latest = Instant::now() + Duration::from_secs(args.seconds.into()) + LATE;
    while call(control.compare_until()).await? > 0 && Instant::now() < latest {
        sleep(ASK_EVERY).await;
    }
    say("with levelling again")
}

fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut printer = Printer::new();
    printer.line(text);
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
