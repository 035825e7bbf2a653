//! Starts and ends the service of the person's own session, whatever the scope.

use headroom_client::link::CALL_TIMEOUT;

use crate::{
    Error,
    deployment::Preset,
    manifest::Manifest,
    session::{End, Owner, Session},
    site::{Site, Target, find, nothing_installed},
    status::faults,
};

/// The service that runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its process.
    pub pid: u32,
    /// It was not started for this.
    pub was_running: bool,
}

/// Starts what is stopped; what runs is left alone.
///
/// # Errors
/// When files are not as installed, when it does not start, or another Headroom has its place.
pub async fn start(target: &Target) -> Result<Started, Error> {
    let manifest = match find_wanted(target)? {
        Some((site, manifest)) => {
            if let Some((path, what)) = faults(&manifest, &site.disk)?.first() {
                return Err(Error::Refused(format!(
                    "{} is {what}: `headroom install apply` repairs it.",
                    site.short(path)
                )));
            }
            Some(manifest)
        }
        None => None,
    };
    start_now(&Session::open().await?, manifest.as_ref()).await
}

/// Ends the service.
///
/// # Errors
/// When there is no such deployment, or the service does not end.
pub async fn stop(target: &Target) -> Result<End, Error> {
    find_wanted(target)?;
    Session::open().await?.stop().await
}

/// Ends the service and starts it.
///
/// # Errors
/// As [`start`] and [`stop`].
pub async fn restart(target: &Target) -> Result<(End, Started), Error> {
    let found = find_wanted(target)?;
    let session = Session::open().await?;
    let end = session.stop().await?;
    Ok((end, start_now(&session, found.as_ref().map(|(_, manifest)| manifest)).await?))
}

/// Returns the deployment; without one, what a package has installed is meant, unless one was asked for.
fn find_wanted(target: &Target) -> Result<Option<(Site, Manifest)>, Error> {
    let found = find(target)?;
    if found.is_none() && (target.name.is_some() || target.scope.is_some()) {
        return Err(nothing_installed());
    }
    Ok(found)
}

/// Starts the service unless it runs.
///
/// # Errors
/// When it does not start, or another Headroom has its place.
pub(crate) async fn start_now(
    session: &Session,
    manifest: Option<&Manifest>,
) -> Result<Started, Error> {
    let expected = manifest.map(|manifest| manifest.deployment().to_string());
    if let Some(owner) = session.owner().await? {
        if let Some(other) = other_deployment(session, &owner, expected.as_deref()).await {
            return Err(Error::Refused(format!(
                "Another Headroom runs already ({other}, process {}): `headroom install restart` ends it and starts this \
                 one.",
                owner.pid
            )));
        }
        return Ok(Started { pid: owner.pid, was_running: true });
    }
    let timer = manifest.is_some_and(|manifest| manifest.preset == Preset::Watchdog);
    let owner = session.start(timer).await?;
    if let Some(other) = other_deployment(session, &owner, expected.as_deref()).await {
        return Err(Error::Refused(format!(
            "What was started is another Headroom ({other}, process {}): the session found its files first.",
            owner.pid
        )));
    }
    Ok(Started { pid: owner.pid, was_running: false })
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
    let told = if health.deployment.is_empty() { "none" } else { &health.deployment };
    (told != expected).then(|| told.to_owned())
}
