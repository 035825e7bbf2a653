//! `headroom install`: Headroom without a package, and without a trace once it is removed.
//!
//! What a preset consists of (`items`), what has to change for it (`plan`, `undo`) and each change (`step`) are apart:
//! the first two only look. What was done stands in a `manifest`, written before anything is touched. `session` is the
//! bus and the systemd on it.

mod apply;
mod binaries;
mod deployment;
mod disk;
mod documents;
mod fence;
mod inspect;
mod items;
mod manifest;
mod places;
mod plan;
mod recover;
mod remove;
mod running;
mod session;
mod standing;
mod status;
mod step;
#[cfg(test)]
mod tests;
mod undo;
mod words;

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub(crate) use self::{
    deployment::{Name, Preset, Scope},
    inspect::{Installed, installed},
};
use self::{disk::Disk, manifest::Manifest, places::Places};
use crate::{
    args::{InstallAction, TargetArgs},
    failure::Failure,
};

/// Installs, looks, starts, stops or removes.
pub(crate) async fn run(action: InstallAction) -> Result<ExitCode, Failure> {
    match action {
        InstallAction::Apply(args) => apply::run(&args).await,
        InstallAction::Status(args) => status::run(&args).await,
        InstallAction::Start(args) => running::start(&args).await,
        InstallAction::Stop(args) => running::stop(&args).await,
        InstallAction::Restart(args) => running::restart(&args).await,
        InstallAction::Remove(args) => remove::run(&args).await,
        InstallAction::Recover(args) => recover::run(&args).await,
    }
}

/// Where a command works.
#[derive(Debug)]
struct Site {
    places: Places,
    disk: Disk,
    home: Option<PathBuf>,
    /// Not on the running system.
    is_staged: bool,
}

impl Site {
    fn new(scope: Scope, root: Option<PathBuf>) -> Result<Self, Failure> {
        let places = match scope {
            Scope::User if root.is_some() => {
                return Err(Failure::Usage(
                    "--root is for the system scope: add `--scope system`".to_owned(),
                ));
            }
            Scope::User => Places::user(|key| std::env::var_os(key))?,
            Scope::System => Places::system(),
        };
        let root = match root {
            Some(root) if root.is_dir() => Some(std::path::absolute(root)?),
            Some(root) => {
                return Err(Failure::Usage(format!("--root {}: no such folder", root.display())));
            }
            None => None,
        };
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        Ok(Self { places, is_staged: root.is_some(), disk: Disk::below(root), home })
    }

    /// Returns a path as a person is told it.
    fn short(&self, path: &Path) -> String {
        places::short(&self.disk.at(path), self.home.as_deref())
    }

    /// Returns the deployments that there are.
    fn names(&self) -> Result<Vec<Name>, Failure> {
        Manifest::names(&self.places, &self.disk).map_err(|error| {
            let folder = self.short(&self.places.deployments);
            Failure::Refused(format!("{folder}: cannot be read: {error}"))
        })
    }

    /// Returns the deployment of this name, or the only one.
    fn manifest(&self, name: Option<&Name>) -> Result<Option<Manifest>, Failure> {
        let name = match name {
            Some(name) => name.clone(),
            None => match self.names()?.as_slice() {
                [] => return Ok(None),
                [only] => only.clone(),
                several => {
                    let names: Vec<_> = several.iter().map(Name::as_str).collect();
                    return Err(Failure::Usage(format!(
                        "There are several deployments: say --name and one of {}.",
                        names.join(", ")
                    )));
                }
            },
        };
        Manifest::load(&self.places, &name, &self.disk)
    }

    /// Keeps other commands from changing anything until the lock is dropped.
    ///
    /// The lock is on a folder that is there anyway, so that it leaves nothing behind.
    fn lock(&self) -> Result<File, Failure> {
        let mut above = self.places.deployments.ancestors();
        let folder = above.find(|folder| self.disk.is_folder(folder)).unwrap_or(Path::new("/"));
        let refuse = |error: &dyn std::fmt::Display| {
            Failure::Refused(format!("{} cannot be locked: {error}", self.short(folder)))
        };
        let file = File::open(self.disk.at(folder)).map_err(|error| refuse(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(Failure::Refused(
                "Another `headroom install` is at work; nothing was done.".to_owned(),
            )),
            Err(std::fs::TryLockError::Error(error)) => Err(refuse(&error)),
        }
    }
}

/// Returns the deployment that is meant, with its place: the user's, else the computer's.
fn find(target: &TargetArgs) -> Result<Option<(Site, Manifest)>, Failure> {
    let scopes = match target.scope {
        Some(scope) => vec![scope],
        None => vec![Scope::User, Scope::System],
    };
    for scope in scopes {
        let site = Site::new(scope, None)?;
        if let Some(manifest) = site.manifest(target.name.as_ref())? {
            return Ok(Some((site, manifest)));
        }
    }
    Ok(None)
}

/// The failure of a command that needs something installed.
fn nothing_installed() -> Failure {
    Failure::Refused(
        "No deployment is installed; `headroom install apply` does that, and what a package brought is not counted here.".to_owned(),
    )
}
