//! `headroom install start`, `stop` and `restart`: of the person's own session, whatever the scope.

use std::process::ExitCode;

use headroom_api::dict_str;

use super::{
    deployment::Preset,
    find,
    manifest::Manifest,
    nothing_installed,
    session::{End, Owner, Session},
    status::faults,
};
use crate::{args::TargetArgs, failure::Failure, link::CALL_TIMEOUT, output::Printer};

/// Starts what is stopped; what runs is left alone.
pub(crate) async fn start(args: &TargetArgs) -> Result<ExitCode, Failure> {
    let (site, manifest) = find(args)?.ok_or_else(nothing_installed)?;
    if let Some((path, what)) = faults(&manifest, &site.disk)?.first() {
        return Err(Failure::Refused(format!(
            "{} is {what}: `headroom install apply` repairs it.",
            site.short(path)
        )));
    }
    let text = start_now(&Session::open().await?, &manifest).await?;
    say(&text)
}

/// Ends the service.
pub(crate) async fn stop(args: &TargetArgs) -> Result<ExitCode, Failure> {
    let (_, manifest) = find(args)?.ok_or_else(nothing_installed)?;
    let end = Session::open().await?.stop().await?;
    say(&format!("{} {}", end_text(end), next_start(manifest.preset)))
}

/// Ends the service and starts it.
pub(crate) async fn restart(args: &TargetArgs) -> Result<ExitCode, Failure> {
    let (_, manifest) = find(args)?.ok_or_else(nothing_installed)?;
    let session = Session::open().await?;
    let end = session.stop().await?;
    let text = start_now(&session, &manifest).await?;
    say(&format!("{} {text}", end_text(end)))
}

/// Starts the service unless it runs; returns what was done, in a sentence.
///
/// # Errors
/// When it does not start, or another Headroom has its place.
pub(crate) async fn start_now(session: &Session, manifest: &Manifest) -> Result<String, Failure> {
    let expected = manifest.deployment().to_string();
    if let Some(owner) = session.owner().await? {
        if let Some(other) = other_deployment(session, &owner, &expected).await {
            return Err(Failure::Refused(format!(
                "Another Headroom runs already ({other}, process {}): `headroom install restart` ends it and starts this \
                 one.",
                owner.pid
            )));
        }
        return Ok(format!("The service runs already, as process {}.", owner.pid));
    }
    let owner = session.start(manifest.preset == Preset::Watchdog).await?;
    if let Some(other) = other_deployment(session, &owner, &expected).await {
        return Err(Failure::Refused(format!(
            "What was started is another Headroom ({other}, process {}): the session found its files first.",
            owner.pid
        )));
    }
    Ok(format!("The service runs, as process {}.", owner.pid))
}

/// Returns the deployment that an owner names as its own, when that is another one.
async fn other_deployment(session: &Session, owner: &Owner, expected: &str) -> Option<String> {
    // One that does not answer is not the other one for sure; `recover` judges that.
    if !session.answers(owner, CALL_TIMEOUT).await {
        return None;
    }
    let (_, health) = session.ask(owner).await.ok()?;
    let told = dict_str(&health, "deployment").unwrap_or("none");
    (told != expected).then(|| told.to_owned())
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

fn next_start(preset: Preset) -> &'static str {
    match preset {
        Preset::OnDemand => "It starts again when something calls it.",
        _ => "It starts again at the next login, and when something calls it.",
    }
}

fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut printer = Printer::new();
    printer.line(text);
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
