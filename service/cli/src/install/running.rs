//! `headroom install start`, `stop` and `restart`: of the person's own session, whatever the scope.

use std::process::ExitCode;

use headroom_api::dict_str;

use super::{
    Site,
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
    let manifest = match find_wanted(args)? {
        Some((site, manifest)) => {
            if let Some((path, what)) = faults(&manifest, &site.disk)?.first() {
                return Err(Failure::Refused(format!(
                    "{} is {what}: `headroom install apply` repairs it.",
                    site.short(path)
                )));
            }
            Some(manifest)
        }
        None => None,
    };
    let text = start_now(&Session::open().await?, manifest.as_ref()).await?;
    say(&text)
}

/// Ends the service.
pub(crate) async fn stop(args: &TargetArgs) -> Result<ExitCode, Failure> {
    find_wanted(args)?;
    let end = Session::open().await?.stop().await?;
    say(end_text(end))
}

/// Ends the service and starts it.
pub(crate) async fn restart(args: &TargetArgs) -> Result<ExitCode, Failure> {
    let found = find_wanted(args)?;
    let session = Session::open().await?;
    let end = session.stop().await?;
    let text = start_now(&session, found.as_ref().map(|(_, manifest)| manifest)).await?;
    say(&format!("{} {text}", end_text(end)))
}

/// Returns the deployment; without one, what a package has installed is meant, unless one was asked for.
fn find_wanted(args: &TargetArgs) -> Result<Option<(Site, Manifest)>, Failure> {
    let found = find(args)?;
    if found.is_none() && (args.name.is_some() || args.scope.is_some()) {
        return Err(nothing_installed());
    }
    Ok(found)
}

/// Starts the service unless it runs; returns what was done, in a sentence.
///
/// # Errors
/// When it does not start, or another Headroom has its place.
pub(crate) async fn start_now(
    session: &Session,
    manifest: Option<&Manifest>,
) -> Result<String, Failure> {
    let expected = manifest.map(|manifest| manifest.deployment().to_string());
    if let Some(owner) = session.owner().await? {
        if let Some(other) = other_deployment(session, &owner, expected.as_deref()).await {
            return Err(Failure::Refused(format!(
                "Another Headroom runs already ({other}, process {}): `headroom install restart` ends it and starts this \
                 one.",
                owner.pid
            )));
        }
        return Ok(format!("The service runs already, as process {}.", owner.pid));
    }
    let timer = manifest.is_some_and(|manifest| manifest.preset == Preset::Watchdog);
    let owner = session.start(timer).await?;
    if let Some(other) = other_deployment(session, &owner, expected.as_deref()).await {
        return Err(Failure::Refused(format!(
            "What was started is another Headroom ({other}, process {}): the session found its files first.",
            owner.pid
        )));
    }
    Ok(format!("The service runs, as process {}.", owner.pid))
}

/// Returns the deployment that an owner names as its own, when that is another one.
async fn other_deployment(
    session: &Session,
    owner: &Owner,
    expected: Option<&str>,
) -> Option<String> {
    let expected = expected?;
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

fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut printer = Printer::new();
    printer.line(text);
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
