//! Looks after the service: what the watchdog's timer and the autostart entry do.
//!
//! Absent: started. Hung: killed and started. In safe mode: left alone, because what put it there would only happen
//! again.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use headroom_api::names::SERVICE_BINARY;
use headroom_client::Error::Unreachable;

use crate::{
    Error,
    deployment::Preset,
    manifest::Manifest,
    session::{Owner, Session},
    site::{Site, Target, find},
};

/// How often the service is asked before it counts as hung: one answer may be late on a computer that swaps.
pub const TRIES: usize = 2;

/// What was found, and done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It was gone and was started, as this process.
    Started(u32),
    /// It was hung and was replaced.
    Replaced {
        /// The process that did not answer and was killed.
        hung: u32,
        /// The process that was started.
        new: u32,
    },
    /// It is in safe mode and was left alone.
    SafeMode,
    /// It answers, as this process.
    Answers(u32),
}

/// Looks after the service once; without an answer within `deadline`, [`TRIES`] times, it counts as hung.
///
/// # Errors
/// When it cannot be ended or started.
pub async fn recover(target: &Target, deadline: Duration) -> Result<Recovery, Error> {
    let found = find(target)?;
    let session = Session::open().await?;
    let Some(owner) = session.owner().await? else {
        return Ok(Recovery::Started(start(&session, found.as_ref()).await?.pid));
    };
    if is_hung(&session, &owner, deadline).await {
        session.kill(&owner).await?;
        let new = start(&session, found.as_ref()).await?;
        return Ok(Recovery::Replaced { hung: owner.pid, new: new.pid });
    }
    match session.ask(&owner).await {
        Ok((state, _)) if state == "safe-mode" => Ok(Recovery::SafeMode),
        _ => Ok(Recovery::Answers(owner.pid)),
    }
}

async fn is_hung(session: &Session, owner: &Owner, deadline: Duration) -> bool {
    for _ in 0..TRIES {
        if session.answers(owner, deadline).await {
            return false;
        }
    }
    // It may have ended meanwhile, which is another case.
    matches!(session.owner().await, Ok(Some(now)) if now == *owner)
}

/// Starts the service: by the session, and where that does not know it yet, as a process of its own.
async fn start(session: &Session, found: Option<&(Site, Manifest)>) -> Result<Owner, Error> {
    let timer = found.is_some_and(|(_, manifest)| manifest.preset == Preset::Watchdog);
    match (session.start(timer).await, found) {
        // A bus that is older than the file in a place of the user's own: it does not look there.
        (Err(Error::Bus(Unreachable(_))), Some((site, manifest)))
            if !manifest.preset.has_unit() =>
        {
            spawn(&site.disk.at(&site.places.libexec.join(SERVICE_BINARY)), manifest)?;
            session.wait_for_owner().await
        }
        (started, _) => started,
    }
}

/// Starts the service as a process that outlives this one.
fn spawn(binary: &Path, manifest: &Manifest) -> Result<(), Error> {
    use std::os::unix::process::CommandExt as _;
    Command::new(binary)
        .args(["--deployment", &manifest.deployment().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map(drop)
        .map_err(|error| {
            Error::Refused(format!("{}: cannot be started: {error}", binary.display()))
        })
}
