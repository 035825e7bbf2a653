//! Takes a deployment back: prepared first, then carried out.

use std::{fs::File, path::PathBuf};

use crate::{
    Error,
    apply::perform,
    deployment::{Name, Scope},
    manifest::Manifest,
    session::{End, Session},
    site::Site,
    undo::{Removal, own_folders, removal},
};

/// A `remove` that is ready to be carried out; until it is dropped, no other command changes anything.
#[derive(Debug)]
pub struct Remove {
    /// Where it works.
    pub site: Site,
    /// What is taken back.
    pub manifest: Manifest,
    /// The changes, and what is left.
    pub removal: Removal,
    _lock: Option<File>,
}

impl Remove {
    /// Looks at what is there and plans the changes; touches nothing unless nothing is installed: then what an `apply`
    /// has left that died before it wrote its record is swept away, and there is nothing to carry out.
    ///
    /// With `force` what the user changed is replaced; with `looks_only` nothing is touched at all.
    ///
    /// # Errors
    /// When something cannot be looked at.
    pub fn prepare(
        scope: Scope,
        root: Option<PathBuf>,
        name: Option<&Name>,
        force: bool,
        keep_settings: bool,
        looks_only: bool,
    ) -> Result<Option<Self>, Error> {
        let site = Site::new(scope, root)?;
        let Some(manifest) = site.manifest(name)? else {
            if !looks_only {
                sweep(&site, &name.cloned().unwrap_or_default())?;
            }
            return Ok(None);
        };
        let lock = if looks_only { None } else { Some(site.lock()?) };
        let removal = removal(&manifest, &site.places, &site.disk, force, keep_settings)?;
        Ok(Some(Self { site, manifest, removal, _lock: lock }))
    }

    /// Ends the service and makes the changes; returns how it ended, `None` where there is no session.
    ///
    /// # Errors
    /// At the first change that fails, with what to do then; when the service cannot be ended.
    pub async fn carry_out(&self) -> Result<Option<End>, Error> {
        // Root has no session, or not the one that matters.
        let session = match self.site.places.scope {
            Scope::User => Session::open().await.ok(),
            Scope::System => None,
        };
        let end = match &session {
            Some(session) => Some(session.stop().await?),
            None => None,
        };
        perform(&self.removal.steps, &self.site)?;
        if let Some(session) = &session {
            session.reload().await?;
        }
        Ok(end)
    }
}

/// Removes what an `apply` has left that died before it wrote its record: what it had copied aside, and the draft of the
/// record.
fn sweep(site: &Site, name: &Name) -> Result<(), Error> {
    let backups = site.disk.remove_tree(&site.places.backups(name.as_str()));
    let swept = backups.and_then(|()| site.disk.sweep(&site.record(name)));
    swept.map_err(|error| Error::Refused(error.to_string()))?;
    for folder in own_folders(&site.places) {
        // One that is not empty, or not ours to remove, stays.
        let _ = site.disk.remove_empty(&folder);
    }
    Ok(())
}
