//! Where a command works, and which deployment it means.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    deployment::{Name, Scope},
    disk::Disk,
    manifest::Manifest,
    places::{self, Places},
};

/// A deployment, as it is named; what is left out is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// For whom; without it, the user's if there is one, else the computer's.
    pub scope: Option<Scope>,
    /// Without it, the one that is installed.
    pub name: Option<Name>,
}

/// Where a command works.
#[derive(Debug)]
pub struct Site {
    /// Its folders, as they are called once the system runs.
    pub places: Places,
    pub(crate) disk: Disk,
    home: Option<PathBuf>,
    /// Not on the running system.
    pub is_staged: bool,
}

impl Site {
    /// Returns the folders of a scope, below a staging root or not.
    ///
    /// # Errors
    /// When there is no such folder, or the scope has none.
    pub(crate) fn new(scope: Scope, root: Option<PathBuf>) -> Result<Self, Error> {
        let places = match scope {
            Scope::User if root.is_some() => {
                return Err(Error::Usage(
                    "--root is for the system scope: add `--scope system`".to_owned(),
                ));
            }
            Scope::User => Places::user(|key| std::env::var_os(key))?,
            Scope::System => Places::system(),
        };
        let root = match root {
            Some(root) if root.is_dir() => {
                let path = std::path::absolute(&root);
                Some(path.map_err(|error| {
                    Error::Refused(format!("--root {}: {error}", root.display()))
                })?)
            }
            Some(root) => {
                return Err(Error::Usage(format!("--root {}: no such folder", root.display())));
            }
            None => None,
        };
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        Ok(Self { places, is_staged: root.is_some(), disk: Disk::below(root), home })
    }

    /// Returns a path as a person is told it.
    pub fn short(&self, path: &Path) -> String {
        places::short(&self.disk.at(path), self.home.as_deref())
    }

    /// Returns whether programs of this place are found by their names.
    pub fn is_on_path(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder == self.places.bin)
    }

    /// Returns where a deployment's record stands.
    pub fn record(&self, name: &Name) -> PathBuf {
        self.places.manifest(name.as_str())
    }

    /// Returns the deployments that there are.
    pub(crate) fn names(&self) -> Result<Vec<Name>, Error> {
        Manifest::names(&self.places, &self.disk).map_err(|error| {
            let folder = self.short(&self.places.deployments);
            Error::Refused(format!("{folder}: cannot be read: {error}"))
        })
    }

    /// Returns the deployment of this name, or the only one.
    pub(crate) fn manifest(&self, name: Option<&Name>) -> Result<Option<Manifest>, Error> {
        let name = match name {
            Some(name) => name.clone(),
            None => match self.names()?.as_slice() {
                [] => return Ok(None),
                [only] => only.clone(),
                several => {
                    let names: Vec<_> = several.iter().map(Name::as_str).collect();
                    return Err(Error::Usage(format!(
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
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let mut above = self.places.deployments.ancestors();
        let folder = above.find(|folder| self.disk.is_folder(folder)).unwrap_or(Path::new("/"));
        let refuse = |error: &dyn std::fmt::Display| {
            Error::Refused(format!("{} cannot be locked: {error}", self.short(folder)))
        };
        let file = File::open(self.disk.at(folder)).map_err(|error| refuse(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::Refused(
                "Another `headroom install` is at work; nothing was done.".to_owned(),
            )),
            Err(std::fs::TryLockError::Error(error)) => Err(refuse(&error)),
        }
    }
}

/// Returns the deployment that is meant, with its place: the user's, else the computer's.
pub(crate) fn find(target: &Target) -> Result<Option<(Site, Manifest)>, Error> {
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
pub fn nothing_installed() -> Error {
    Error::Refused(
        "No deployment is installed; `headroom install apply` does that, and what a package brought is not counted here.".to_owned(),
    )
}
