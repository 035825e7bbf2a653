//! What is installed, whether it is whole, whether it runs.

use std::path::PathBuf;

use headroom_api::Health;
use headroom_client::link::CALL_TIMEOUT;

use crate::{
    Error,
    deployment::Scope,
    disk::Disk,
    fence::{self, Fenced},
    manifest::{Manifest, Progress},
    session::Session,
    site::{Site, Target},
    standing::Standing,
};

/// What a deployment's state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Whole, and runs.
    Running,
    /// Whole; it starts when something calls it.
    Ready,
    /// Whole; staged, so that there is nothing to run.
    Staged,
    /// Something is missing or changed.
    Broken,
    /// An `apply` or `remove` has not ended.
    Unfinished,
    /// On the bus, and does not answer.
    Hung,
    /// Another Headroom has its place.
    Displaced,
    /// Whole, and does not run.
    Stopped,
    /// Bypassed after repeated failures.
    SafeMode,
}

impl Condition {
    /// Returns its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Staged => "staged",
            Self::Broken => "broken",
            Self::Unfinished => "unfinished",
            Self::Hung => "hung",
            Self::Displaced => "displaced",
            Self::Stopped => "stopped",
            Self::SafeMode => "safe-mode",
        }
    }
}

/// What owns the service's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// `None` when it does not answer.
    pub state: Option<String>,
    /// Which it says it is: preset, scope and name, or "none".
    pub deployment: String,
    /// What started it, or "none".
    pub supervisor: String,
}

/// A path, and what is wrong with it.
pub type Fault = (PathBuf, &'static str);

/// Returns what is not as it was installed; lines that the user took out of a file are his decision.
///
/// # Errors
/// When something cannot be looked at.
pub(crate) fn faults(manifest: &Manifest, disk: &Disk) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    let unreadable = |path: &PathBuf, error: std::io::Error| {
        Error::Refused(format!("{}: cannot be read: {error}", disk.at(path).display()))
    };
    for entry in &manifest.files {
        let now = disk.standing(&entry.path).map_err(|error| unreadable(&entry.path, error))?;
        let what = match now {
            now if now == entry.after => continue,
            Standing::Nothing => "missing",
            now if now.has_content_of(&entry.after) => "with other permissions",
            _ => "changed",
        };
        faults.push((entry.path.clone(), what));
    }
    for edit in &manifest.edits {
        let text = disk.read(&edit.path).map_err(|error| unreadable(&edit.path, error))?;
        if fence::find(&text.unwrap_or_default(), &edit.block) == Fenced::Changed {
            faults.push((edit.path.clone(), "changed between our markers"));
        }
    }
    Ok(faults)
}

/// Returns what is on the bus, without starting it; `None` when nothing is, or there is no bus.
pub(crate) async fn running() -> Option<Running> {
    let session = Session::open().await.ok()?;
    let owner = session.owner().await.ok()??;
    let answer = if session.answers(&owner, CALL_TIMEOUT).await {
        session.ask(&owner).await.ok()
    } else {
        None
    };
    let told = |word: fn(&Health) -> &String| {
        let word = answer.as_ref().map(|(_, health)| word(health).clone());
        word.filter(|word| !word.is_empty()).unwrap_or_else(|| "none".to_owned())
    };
    Some(Running {
        pid: owner.pid,
        deployment: told(|health| &health.deployment),
        supervisor: told(|health| &health.supervisor),
        state: answer.map(|(state, _)| state),
    })
}

/// Judges a deployment. Pure.
pub(crate) fn judge(
    manifest: &Manifest,
    faults: &[Fault],
    running: Option<&Running>,
    is_staged: bool,
) -> Condition {
    if manifest.progress != Progress::Applied {
        return Condition::Unfinished;
    }
    if !faults.is_empty() {
        return Condition::Broken;
    }
    if is_staged {
        return Condition::Staged;
    }
    let Some(running) = running else {
        let starts = manifest.preset.runs_by_itself();
        return if starts { Condition::Stopped } else { Condition::Ready };
    };
    match running.state.as_deref() {
        None => Condition::Hung,
        Some(_) if running.deployment != manifest.deployment().to_string() => Condition::Displaced,
        Some("safe-mode") => Condition::SafeMode,
        Some(_) => Condition::Running,
    }
}

/// A deployment that was looked at.
#[derive(Debug)]
pub struct Look {
    /// Where it is.
    pub site: Site,
    /// What was done for it.
    pub manifest: Manifest,
    /// What is not as it was installed.
    pub faults: Vec<Fault>,
    /// The sum of it.
    pub condition: Condition,
    /// What is on the bus; `None` when nothing is, or it is staged.
    pub running: Option<Running>,
}

/// Looks at the deployments that are meant; below `root`, at those of the system scope.
///
/// # Errors
/// When something cannot be looked at.
pub async fn look(target: &Target, root: Option<&PathBuf>) -> Result<Vec<Look>, Error> {
    let scopes = match (target.scope, root) {
        (Some(scope), _) => vec![scope],
        (None, Some(_)) => vec![Scope::System],
        (None, None) => vec![Scope::User, Scope::System],
    };
    let mut looks = Vec::new();
    for scope in scopes {
        let site = Site::new(scope, root.cloned())?;
        let names = match &target.name {
            Some(name) => vec![name.clone()],
            None => site.names()?,
        };
        for name in names {
            let Some(manifest) = Manifest::load(&site.places, &name, &site.disk)? else { continue };
            let running = if site.is_staged { None } else { running().await };
            let faults = faults(&manifest, &site.disk)?;
            let condition = judge(&manifest, &faults, running.as_ref(), site.is_staged);
            let site = Site::new(scope, root.cloned())?;
            looks.push(Look { site, manifest, faults, condition, running });
        }
    }
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Deployment, Name, Preset};

    fn manifest(preset: Preset) -> Manifest {
        let deployment = Deployment { preset, scope: Scope::User, name: Name::default() };
        Manifest { progress: Progress::Applied, ..Manifest::new(&deployment) }
    }

    fn running(state: Option<&str>, deployment: &str) -> Running {
        Running {
            pid: 7,
            state: state.map(str::to_owned),
            deployment: deployment.to_owned(),
            supervisor: "systemd".to_owned(),
        }
    }

    #[test]
    fn conditions_are_told_apart() {
        let service = manifest(Preset::Service);
        let at = |running: Option<Running>| judge(&service, &[], running.as_ref(), false);
        let own = "service/user/default";
        let applying = Manifest { progress: Progress::Applying, ..service.clone() };
        for (found, condition) in [
            (at(Some(running(Some("running"), own))), Condition::Running),
            (at(Some(running(Some("bypassed"), own))), Condition::Running),
            (at(None), Condition::Stopped),
            (at(Some(running(None, "none"))), Condition::Hung),
            (at(Some(running(Some("running"), "none"))), Condition::Displaced),
            (at(Some(running(Some("safe-mode"), own))), Condition::SafeMode),
            (judge(&manifest(Preset::OnDemand), &[], None, false), Condition::Ready),
            (judge(&service, &[("/x".into(), "missing")], None, false), Condition::Broken),
            (judge(&applying, &[], None, false), Condition::Unfinished),
            (judge(&service, &[], None, true), Condition::Staged),
        ] {
            assert_eq!(found, condition);
        }
    }
}
