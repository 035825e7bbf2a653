//! What was done, so that it can be undone: one TOML file for each deployment.
//!
//! It is written before anything else is touched, with what is about to be, and once more when that is done. What a
//! crash has left half-way is told from what stands on the disk.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    deployment::{Deployment, Name, Preset, Scope},
    disk::{Content, Disk},
    places::Places,
    standing::Standing,
};

/// Of the file's form.
const VERSION: u32 = 1;
/// It names what a person has at home.
const MODE_USER: u32 = 0o600;
/// Everybody may ask for the status of what everybody has.
const MODE_SYSTEM: u32 = 0o644;

/// What was done for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the file's form.
    pub version: u32,
    /// Version of Headroom that was installed.
    pub headroom: String,
    /// How the service comes to life.
    pub preset: Preset,
    /// For whom.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
    /// How far it went.
    pub progress: Progress,
    /// Folders that were made, in that order.
    pub folders: Vec<PathBuf>,
    /// Files and links that were put somewhere.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// Lines that were put into files.
    #[serde(default)]
    pub edits: Vec<EditEntry>,
}

/// How far it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Begun, and not known to have ended.
    Applying,
    /// Done.
    Applied,
    /// Being taken back, or taken back but for what the user changed.
    Removing,
}

/// What a file is for; it decides whether a later `apply` may take it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Belongs to the preset.
    Preset,
    /// Belongs to the panel, which may not be beside the next `apply`.
    Panel,
}

/// A file or a link that was put somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where.
    pub path: PathBuf,
    /// What for.
    pub part: Part,
    /// What was put there.
    pub after: Standing,
    /// What an earlier `apply` had put there, until this one is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Standing>,
    /// What stood there at first.
    pub before: Standing,
    /// The file that holds its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
}

/// Lines that were put into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditEntry {
    /// The file.
    pub path: PathBuf,
    /// With its markers.
    pub block: String,
    /// What an earlier `apply` had put there, until this one is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<String>,
    /// The last line before it had no end and got one.
    pub glued: bool,
    /// There was no file.
    pub made: bool,
}

impl Manifest {
    /// Returns one that says nothing yet.
    pub(crate) fn new(deployment: &Deployment) -> Self {
        Self {
            version: VERSION,
            headroom: env!("CARGO_PKG_VERSION").to_owned(),
            preset: deployment.preset,
            scope: deployment.scope,
            name: deployment.name.clone(),
            progress: Progress::Applying,
            folders: Vec::new(),
            files: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// Returns what it is about.
    pub fn deployment(&self) -> Deployment {
        Deployment { preset: self.preset, scope: self.scope, name: self.name.clone() }
    }

    /// Returns the entry of a path.
    pub(crate) fn file(&self, path: &Path) -> Option<&FileEntry> {
        self.files.iter().find(|entry| entry.path == path)
    }

    /// Returns the file's text.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub(crate) fn to_text(&self) -> Result<String, toml::ser::Error> {
        let text = toml::to_string(self)?;
        Ok(format!(
            "# What `headroom install apply` has done; `headroom install remove` needs it to take it back.\n{text}"
        ))
    }

    /// Writes it to its place.
    pub(crate) fn save(&self, places: &Places, disk: &Disk) -> io::Result<()> {
        let text = self.to_text().map_err(io::Error::other)?;
        let mode = match self.scope {
            Scope::User => MODE_USER,
            Scope::System => MODE_SYSTEM,
        };
        let path = places.manifest(self.name.as_str());
        disk.write(&path, &Content::Bytes(text.into_bytes()), mode)
    }

    /// Reads a deployment's manifest; `None` when it is not installed.
    ///
    /// # Errors
    /// When it cannot be read or understood: then nothing may be touched.
    pub(crate) fn load(places: &Places, name: &Name, disk: &Disk) -> Result<Option<Self>, Error> {
        let path = places.manifest(name.as_str());
        let refuse = |why: &str| {
            Error::Refused(format!(
                "{} cannot be read: {why}. Without it nobody knows what belongs to this deployment, and nothing was \
                 touched.",
                disk.at(&path).display()
            ))
        };
        let Some(bytes) = disk.read(&path).map_err(|error| refuse(&error.to_string()))? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| refuse("it is no text"))?;
        let manifest: Self = toml::from_str(&text).map_err(|error| refuse(error.message()))?;
        if manifest.version != VERSION {
            return Err(refuse(&format!(
                "it is of version {}, and this is a headroom that knows version {VERSION}",
                manifest.version
            )));
        }
        if manifest.name != *name || manifest.scope != places.scope {
            return Err(refuse("it is the record of another deployment"));
        }
        Ok(Some(manifest))
    }

    /// Returns the names of the deployments that there are, sorted.
    pub(crate) fn names(places: &Places, disk: &Disk) -> io::Result<Vec<Name>> {
        let names = disk.names(&places.deployments)?;
        Ok(names
            .iter()
            .filter_map(|file| file.strip_suffix(".toml"))
            .filter_map(|name| name.parse().ok())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn example() -> Manifest {
        let deployment =
            Deployment { preset: Preset::Watchdog, scope: Scope::System, name: Name::default() };
        let mut manifest = Manifest::new(&deployment);
        manifest.folders.push("/usr/local/libexec".into());
        manifest.files.push(FileEntry {
            path: "/usr/local/bin/headroom".into(),
            part: Part::Preset,
            after: Standing::file(b"new", 0o755),
            earlier: Some(Standing::Nothing),
            before: Standing::Link { to: "../x".into() },
            backup: None,
        });
        manifest.edits.push(EditEntry {
            path: "/home/a/.profile".into(),
            block: "# >>>\nline \"1\"\n# <<<\n".into(),
            earlier: None,
            glued: true,
            made: false,
        });
        manifest
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::below(Some(folder.path().to_owned()));
        let places = Places::system();
        std::fs::create_dir_all(disk.at(&places.deployments)).unwrap();
        let manifest = example();
        assert_eq!(Manifest::load(&places, &manifest.name, &disk).unwrap(), None);
        manifest.save(&places, &disk).unwrap();
        assert_eq!(Manifest::load(&places, &manifest.name, &disk).unwrap(), Some(manifest));
        assert_eq!(Manifest::names(&places, &disk).unwrap(), [Name::default()]);
    }

    #[test]
    fn a_record_that_is_not_understood_is_not_acted_upon() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::below(Some(folder.path().to_owned()));
        let places = Places::system();
        std::fs::create_dir_all(disk.at(&places.deployments)).unwrap();
        let good = example().to_text().unwrap();
        let path = disk.at(&places.manifest("default"));
        for bad in [
            good.replace("version = 1", "version = 2"),
            good.replace("name = \"default\"", "name = \"other\""),
            good.replace("scope = \"system\"", "scope = \"user\""),
            good.replace("progress", "progres"),
            good[..good.len() / 2].to_owned(),
            "\u{0}".to_owned(),
        ] {
            assert_ne!(bad, good);
            std::fs::write(&path, &bad).unwrap();
            assert!(Manifest::load(&places, &Name::default(), &disk).is_err(), "{bad}");
        }
        std::fs::write(&path, &good).unwrap();
        assert!(Manifest::load(&places, &Name::default(), &disk).unwrap().is_some());
    }
}
