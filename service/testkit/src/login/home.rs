//! What is in a home, to compare it before and after.

use std::{
    collections::BTreeMap,
    fmt, fs,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// One thing in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Directory {
        mode: u32,
    },
    File {
        mode: u32,
        bytes: Vec<u8>,
    },
    Symlink {
        target: PathBuf,
    },
    /// A socket, a pipe or a device.
    Other {
        mode: u32,
        kind: &'static str,
    },
}

/// Everything in a folder at one moment: names, contents, modes, where symbolic links lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeState {
    entries: BTreeMap<PathBuf, Entry>,
}

/// One difference between two states; the path is relative to the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HomeChange {
    /// It was not there before.
    Added(PathBuf),
    /// It is there no more.
    Removed(PathBuf),
    /// It is something else now; the text says what differs.
    Changed(PathBuf, String),
}

impl HomeChange {
    /// Returns what has changed, relative to the folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Added(path) | Self::Removed(path) | Self::Changed(path, _) => path,
        }
    }
}

impl fmt::Display for HomeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(path) => write!(f, "added {}", path.display()),
            Self::Removed(path) => write!(f, "removed {}", path.display()),
            Self::Changed(path, how) => write!(f, "changed {}: {how}", path.display()),
        }
    }
}

impl HomeState {
    /// Reads a folder with all that is in it; symbolic links are not followed.
    ///
    /// # Errors
    /// When something in it cannot be read, other than because it has just gone.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut state = Self::default();
        state.read_into(folder, Path::new(""))?;
        Ok(state)
    }

    fn read_into(&mut self, folder: &Path, below: &Path) -> Result<()> {
        let here = folder.join(below);
        let Some(entries) = unless_gone(&here, fs::read_dir(&here))? else { return Ok(()) };
        for entry in entries {
            let name = entry.with_context(|| here.display().to_string())?.file_name();
            let (path, full) = (below.join(&name), here.join(&name));
            let Some(data) = unless_gone(&full, full.symlink_metadata())? else { continue };
            let (mode, kind) = (data.permissions().mode() & 0o7777, data.file_type());
            let found = if kind.is_dir() {
                self.read_into(folder, &path)?;
                Entry::Directory { mode }
            } else if kind.is_symlink() {
                let Some(target) = unless_gone(&full, fs::read_link(&full))? else { continue };
                Entry::Symlink { target }
            } else if kind.is_file() {
                let Some(bytes) = unless_gone(&full, fs::read(&full))? else { continue };
                Entry::File { mode, bytes }
            } else {
                Entry::Other {
                    mode,
                    kind: if kind.is_socket() { "socket" } else { "special file" },
                }
            };
            self.entries.insert(path, found);
        }
        Ok(())
    }

    /// Leaves out a file or folder and all that is in it; `path` is relative to the folder read.
    #[must_use]
    pub fn without(mut self, path: impl AsRef<Path>) -> Self {
        self.entries.retain(|entry, _| !entry.starts_with(path.as_ref()));
        self
    }

    /// Returns the paths of everything there is, relative to the folder, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// Returns what a file held.
    pub fn file(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        match self.entries.get(path.as_ref()) {
            Some(Entry::File { bytes, .. }) => Some(bytes),
            _ => None,
        }
    }

    /// Returns what is different in `later`, in the order of the paths.
    pub fn diff(&self, later: &Self) -> Vec<HomeChange> {
        let gone = self.entries.keys().filter(|path| !later.entries.contains_key(*path));
        let mut changes: Vec<_> = gone.cloned().map(HomeChange::Removed).collect();
        changes.extend(later.entries.iter().filter_map(
            |(path, now)| match self.entries.get(path) {
                None => Some(HomeChange::Added(path.clone())),
                Some(before) if before == now => None,
                Some(before) => {
                    Some(HomeChange::Changed(path.clone(), format!("{before} -> {now}")))
                }
            },
        ));
        changes.sort_by(|a, b| a.path().cmp(b.path()));
        changes
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_BYTES: usize = 200;
        match self {
            Self::Directory { mode } => write!(f, "folder {mode:03o}"),
            Self::File { mode, bytes } => {
                let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]);
                write!(f, "file {mode:03o}, {} bytes, {start:?}", bytes.len())
            }
            Self::Symlink { target } => write!(f, "link to {}", target.display()),
            Self::Other { mode, kind } => write!(f, "{kind} {mode:03o}"),
        }
    }
}

/// Something may go while a folder is being read.
fn unless_gone<T>(path: &Path, read: std::io::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/b")).unwrap();
        fs::write(home.path().join("a/b/file"), "text").unwrap();
        symlink("b/file", home.path().join("a/link")).unwrap();
        home
    }

    fn changes(home: &Path, before: &HomeState) -> Vec<String> {
        before.diff(&HomeState::read(home).unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_untouched_home_has_no_difference() {
        let home = home();
        let before = HomeState::read(home.path()).unwrap();
        let paths: Vec<_> = before.paths().collect();
        assert_eq!(paths, ["a", "a/b", "a/b/file", "a/link"].map(Path::new));
        assert_eq!(before.file("a/b/file"), Some(&b"text"[..]));
        assert_eq!(changes(home.path(), &before), [""; 0]);
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let home = home();
        let before = HomeState::read(home.path()).unwrap();
        let at = |path: &str| home.path().join(path);
        fs::write(at("a/b/file"), "Text").unwrap();
        fs::set_permissions(at("a/b"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::remove_file(at("a/link")).unwrap();
        symlink("elsewhere", at("a/link")).unwrap();
        fs::create_dir(at("new")).unwrap();
        let told = changes(home.path(), &before);
        let starts = ["changed a/b: folder", "changed a/b/file: file", "changed a/link: link"];
        assert_eq!(told.len(), 4, "{told:?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
        assert_eq!(told[3], "added new");
        fs::remove_dir_all(at("a")).unwrap();
        assert_eq!(changes(home.path(), &before).len(), 5);
    }

    #[test]
    fn a_folder_that_is_left_out_counts_with_nothing_in_it() {
        let home = home();
        let before = HomeState::read(home.path()).unwrap().without("a/b");
        fs::write(home.path().join("a/b/more"), "").unwrap();
        fs::write(home.path().join("a/bb"), "").unwrap();
        let after = HomeState::read(home.path()).unwrap().without("a/b");
        assert_eq!(before.diff(&after), [HomeChange::Added("a/bb".into())]);
    }
}
