//! Installs, repairs, upgrades or changes over: prepared first, then carried out.

use std::{fs::File, path::PathBuf};

use crate::{
    Error,
    binaries::Binaries,
    deployment::{Deployment, Name, Preset, Scope},
    documents::Documents,
    items::{items, path_block},
    manifest::{Manifest, Part},
    plan::{Plan, Wanted, plan},
    running::{Started, start_now},
    session::{End, Session},
    site::Site,
    step::Step,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// How the service comes to life; without it, as it is installed, or [`Preset::Service`].
    pub preset: Option<Preset>,
    /// For whom.
    pub scope: Scope,
    /// Without it, the one that is installed, or the default name.
    pub name: Option<Name>,
    /// Work in this folder instead of the running system.
    pub root: Option<PathBuf>,
    /// Replace what was changed since it was installed.
    pub force: bool,
    /// Add the folder of programs to `PATH` in the login shell's file, when it is not there.
    pub path: bool,
    /// Nothing will be carried out: nobody else is kept from changing things meanwhile.
    pub looks_only: bool,
}

/// An `apply` that is ready to be carried out; until it is dropped, no other command changes anything.
#[derive(Debug)]
pub struct Apply {
    /// Where it works.
    pub site: Site,
    /// What will be there.
    pub deployment: Deployment,
    /// What is there.
    pub old: Option<Manifest>,
    /// The changes.
    pub plan: Plan,
    _lock: Option<File>,
}

/// What was done beside the changes of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// How the service ended that made room.
    pub ended: Option<End>,
    /// The service that was started.
    pub started: Option<Started>,
    /// There was a session to start it in.
    pub has_session: bool,
}

impl Apply {
    /// Looks at what is there and plans the changes; touches nothing.
    ///
    /// # Errors
    /// When it cannot be had: no rights, another deployment, something in the way, no programs.
    pub fn prepare(request: &Request, documents: &Documents) -> Result<Self, Error> {
        let site = Site::new(request.scope, request.root.clone())?;
        check_person(&site)?;
        let old = site.manifest(request.name.as_ref())?;
        let deployment = deployment(request, &site, old.as_ref())?;
        let binaries = Binaries::find()?;
        let wanted = Wanted {
            items: items(&deployment, &site.places, &binaries, documents),
            edit: edit(request, &site),
            deployment: deployment.clone(),
        };
        let lock = if request.looks_only { None } else { Some(site.lock()?) };
        let plan = plan(&wanted, old.as_ref(), &site.places, &site.disk, request.force)?;
        Ok(Self { site, deployment, old, plan, _lock: lock })
    }

    /// Makes the changes; ends the service that makes room for the new one, and starts that if `starts`.
    ///
    /// # Errors
    /// At the first change that fails, with what to do then; when the service cannot be ended or started.
    pub async fn carry_out(&self, starts: bool) -> Result<Applied, Error> {
        // Root has no session, or not the one that matters.
        let session = match self.site.places.scope {
            Scope::User => Session::open().await.ok(),
            Scope::System => None,
        };
        let was_running = match &session {
            Some(session) => session.owner().await?.is_some(),
            None => false,
        };
        let mut done = Applied { ended: None, started: None, has_session: session.is_some() };
        // One that is not ours is ended only to make room for ours.
        let may_stop = self.old.is_some() || starts;
        if let (Some(session), true) = (&session, was_running && may_stop)
            && self.needs_restart()
        {
            done.ended = Some(session.stop().await?);
        }
        perform(&self.plan.steps, &self.site)?;
        if let Some(session) = session {
            session.reload().await?;
            if starts && (self.deployment.preset.runs_by_itself() || was_running) {
                let manifest = self.site.manifest(Some(&self.deployment.name))?;
                done.started = Some(start_now(&session, manifest.as_ref()).await?);
            }
        }
        Ok(done)
    }

    /// Returns whether what runs is about to be replaced, or to be run in another way.
    fn needs_restart(&self) -> bool {
        let is_other = self.old.as_ref().is_none_or(|old| old.preset != self.deployment.preset);
        let is_replaced = self.plan.steps.iter().any(|step| match step {
            Step::Record(manifest) => manifest
                .files
                .iter()
                .any(|entry| entry.part == Part::Preset && entry.earlier.is_some()),
            _ => false,
        });
        is_other || is_replaced
    }
}

/// Refuses what would end in somebody else's home, or in a refusal half-way.
fn check_person(site: &Site) -> Result<(), Error> {
    let is_root = rustix::process::geteuid().is_root();
    match site.places.scope {
        Scope::System if !is_root && !site.is_staged => Err(Error::Refused(
            "The system scope needs the rights of the administrator: run it with sudo.".to_owned(),
        )),
        Scope::User if is_root && std::env::var_os("SUDO_USER").is_some() => {
            Err(Error::Refused(
                "With sudo this would be root's installation: run it without sudo, or with `--scope system`."
                    .to_owned(),
            ))
        }
        _ => Ok(()),
    }
}

/// Returns what is wanted, when it can be had beside what is there.
fn deployment(request: &Request, site: &Site, old: Option<&Manifest>) -> Result<Deployment, Error> {
    let name = request.name.clone().or_else(|| old.map(|old| old.name.clone()));
    let name = name.unwrap_or_default();
    let others: Vec<Name> = site.names()?.into_iter().filter(|other| *other != name).collect();
    if let (Some(other), false) = (others.first(), site.is_staged) {
        return Err(Error::Refused(format!(
            "The deployment '{other}' is installed already, and two would fight over one name on the bus: \
             `headroom install apply --name {other}` changes it, `headroom install remove --name {other}` takes it back."
        )));
    }
    let preset = request.preset.or(old.map(|old| old.preset)).unwrap_or(Preset::Service);
    Ok(Deployment { preset, scope: site.places.scope, name })
}

/// Returns the lines for the login shell, when they are wanted and missing.
fn edit(request: &Request, site: &Site) -> Option<(PathBuf, String)> {
    let profile = site.places.profile.clone().filter(|_| request.path)?;
    (!site.is_on_path()).then(|| (profile, path_block()))
}

/// Performs the changes, one after the other.
///
/// # Errors
/// At the first that fails, with what to do then.
pub(crate) fn perform(steps: &[Step], site: &Site) -> Result<(), Error> {
    for step in steps {
        step.perform(&site.disk, &site.places).map_err(|error| {
            Error::Refused(format!(
                "{error}\nWhat was done so far is recorded: `headroom install apply` finishes it, `headroom install remove` \
                 takes it back."
            ))
        })?;
    }
    Ok(())
}
