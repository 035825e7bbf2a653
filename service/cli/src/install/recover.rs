//! `headroom install recover`: what the watchdog's timer and the autostart entry run.
//!
//! Absent: started. Hung: killed and started. In safe mode: left alone, because what put it there would only happen
//! again. Standard output is the journal's.

use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use headroom_api::names::SERVICE_BINARY;

use super::{
    Site,
    deployment::Preset,
    find,
    manifest::Manifest,
    session::{Owner, Session},
};
use crate::{args::RecoverArgs, failure::Failure, output::Printer};

/// How often the service is asked before it counts as hung: one answer may be late on a computer that swaps.
const TRIES: usize = 2;

/// Looks after the service once.
pub(crate) async fn run(args: &RecoverArgs) -> Result<ExitCode, Failure> {
    let found = find(&args.target)?;
    let session = Session::open().await?;
    let mut printer = Printer::new();
    match session.owner().await? {
        None => {
            let owner = start(&session, found.as_ref()).await?;
            printer.line(format!("The service was gone and was started, as process {}.", owner.pid));
        }
        Some(owner) if is_hung(&session, &owner, args).await => {
            session.kill(&owner).await?;
            let new = start(&session, found.as_ref()).await?;
            printer.line(format!(
                "The service (process {}) did not answer {TRIES} times {} s; it was killed and started again, as process {}.",
                owner.pid,
                args.deadline.as_secs_f64(),
                new.pid
            ));
        }
        Some(owner) => match session.ask(&owner).await {
            Ok((state, _)) if state == "safe-mode" => printer.line(
                "The service is in safe mode and was left alone; `headroom bypass off` brings the protection back.",
            ),
            _ if args.quiet => {}
            _ => printer.line(format!("The service answers, as process {}.", owner.pid)),
        },
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn is_hung(session: &Session, owner: &Owner, args: &RecoverArgs) -> bool {
    for _ in 0..TRIES {
        if session.answers(owner, args.deadline).await {
            return false;
        }
    }
    // It may have ended meanwhile, which is another case.
    matches!(session.owner().await, Ok(Some(now)) if now == *owner)
}

/// Starts the service: by the session, and where that does not know it yet, as a process of its own.
async fn start(session: &Session, found: Option<&(Site, Manifest)>) -> Result<Owner, Failure> {
    let timer = found.is_some_and(|(_, manifest)| manifest.preset == Preset::Watchdog);
    match (session.start(timer).await, found) {
        // A bus that is older than the file in a place of the user's own: it does not look there.
        (Err(Failure::Unreachable(_)), Some((site, manifest))) if !manifest.preset.has_unit() => {
            spawn(&site.disk.at(&site.places.libexec.join(SERVICE_BINARY)), manifest)?;
            session.wait_for_owner().await
        }
        (started, _) => started,
    }
}

/// Starts the service as a process that outlives this one.
fn spawn(binary: &Path, manifest: &Manifest) -> Result<(), Failure> {
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
            Failure::Refused(format!("{}: cannot be started: {error}", binary.display()))
        })
}
