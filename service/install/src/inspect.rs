//! What `headroom doctor` is told of the deployments that there are.

use std::path::PathBuf;

use crate::{
    Error,
    deployment::{Name, Scope},
    manifest::{Manifest, Progress},
    site::Site,
    status::faults,
};

/// A deployment, and whether it is as it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Preset, scope and name, as the service is told them.
    pub name: String,
    /// Version of Headroom that was installed.
    pub version: String,
    /// An `apply` has not ended.
    pub is_applying: bool,
    /// A `remove` has not ended, or left something.
    pub is_removing: bool,
    /// Number of files that belong to it.
    pub files: usize,
    /// Paths, and what is wrong with them.
    pub faults: Vec<(PathBuf, &'static str)>,
}

/// Looks at every deployment of both scopes; a sentence stands for one that cannot be looked at.
pub fn installed() -> Vec<Result<Installed, String>> {
    let mut all = Vec::new();
    for scope in [Scope::User, Scope::System] {
        // Without a home there is no deployment in it.
        let Ok(site) = Site::new(scope, None) else { continue };
        match site.names() {
            Ok(names) => {
                let looked = names.iter().map(|name| look_at(&site, name));
                all.extend(looked.filter_map(Result::transpose).map(told));
            }
            Err(failure) => all.push(Err(failure.to_string())),
        }
    }
    all
}

fn told(looked: Result<Installed, Error>) -> Result<Installed, String> {
    looked.map_err(|failure| failure.to_string())
}

/// Looks at one; `None` when it has gone meanwhile.
fn look_at(site: &Site, name: &Name) -> Result<Option<Installed>, Error> {
    let Some(manifest) = Manifest::load(&site.places, name, &site.disk)? else { return Ok(None) };
    Ok(Some(Installed {
        name: manifest.deployment().to_string(),
        version: manifest.headroom.clone(),
        is_applying: manifest.progress == Progress::Applying,
        is_removing: manifest.progress == Progress::Removing,
        files: manifest.files.len(),
        faults: faults(&manifest, &site.disk)?,
    }))
}
