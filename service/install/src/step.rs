//! Single changes of the disk: each of them happens whole or not at all, and can be done again.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    disk::{Content, Disk},
    fence,
    manifest::{EditEntry, FileEntry, Manifest},
    places::Places,
    standing::Standing,
};

/// Permissions of a login shell's file that is made.
const EDITED: u32 = 0o644;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Makes a folder.
    MakeFolder {
        /// Where.
        path: PathBuf,
        /// Permissions.
        mode: u32,
    },
    /// Copies what stands at a path, before it is replaced.
    Keep {
        /// Where.
        path: PathBuf,
        /// The copy.
        backup: PathBuf,
    },
    /// Saves the record.
    Record(Box<Manifest>),
    /// Writes a file.
    Write {
        /// Where.
        path: PathBuf,
        /// What is in it.
        content: Content,
        /// Permissions.
        mode: u32,
        /// What it is for, in a few words.
        purpose: &'static str,
        /// What stands there.
        was: Standing,
    },
    /// Makes a link.
    Link {
        /// Where.
        path: PathBuf,
        /// Where it leads.
        to: PathBuf,
        /// What it is for, in a few words.
        purpose: &'static str,
        /// What stands there.
        was: Standing,
    },
    /// Puts lines into a file, or exchanges those that are there.
    Edit(EditEntry),
    /// Puts back what stood at a path.
    Restore(FileEntry),
    /// Takes lines out of a file.
    Cut(EditEntry),
    /// Removes everything in a folder of our own but for one thing in it, and the folder when nothing is left.
    RemoveOwn {
        /// Where.
        path: PathBuf,
        /// What stays.
        except: PathBuf,
    },
    /// Removes a folder if it is empty.
    RemoveFolder(PathBuf),
    /// Removes the record, and what was kept for it.
    Forget {
        /// The record.
        manifest: PathBuf,
        /// What was kept.
        backups: PathBuf,
    },
}

impl Step {
    /// Changes the disk.
    ///
    /// # Errors
    /// With the path that could not be changed.
    pub(crate) fn perform(&self, disk: &Disk, places: &Places) -> io::Result<()> {
        self.try_perform(disk, places).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{}: {error}", disk.at(self.path(places)).display()),
            )
        })
    }

    fn try_perform(&self, disk: &Disk, places: &Places) -> io::Result<()> {
        match self {
            Self::MakeFolder { path, mode } => disk.make_folder(path, *mode),
            Self::Keep { path, backup } => disk.copy(path, backup),
            Self::Record(manifest) => manifest.save(places, disk),
            Self::Write { path, content, mode, .. } => disk.write(path, content, *mode),
            Self::Link { path, to, .. } => disk.link(path, to),
            Self::Edit(edit) => insert(disk, edit),
            Self::Restore(entry) => restore(disk, entry),
            Self::Cut(edit) => cut(disk, edit),
            Self::RemoveOwn { path, except } => {
                for name in disk.names(path)? {
                    let inner = path.join(name);
                    if inner != *except {
                        disk.remove_tree(&inner)?;
                    }
                }
                disk.remove_empty(path).map(drop)
            }
            Self::RemoveFolder(path) => disk.remove_empty(path).map(drop),
            Self::Forget { manifest, backups } => {
                disk.remove(manifest)?;
                disk.remove_tree(backups)
            }
        }
    }

    /// Returns the path that it is about.
    fn path<'a>(&'a self, places: &'a Places) -> &'a Path {
        match self {
            Self::MakeFolder { path, .. }
            | Self::Write { path, .. }
            | Self::Link { path, .. }
            | Self::RemoveOwn { path, .. }
            | Self::RemoveFolder(path)
            | Self::Forget { manifest: path, .. }
            | Self::Keep { backup: path, .. } => path,
            Self::Record(_) => &places.deployments,
            Self::Edit(edit) | Self::Cut(edit) => &edit.path,
            Self::Restore(entry) => &entry.path,
        }
    }
}

fn insert(disk: &Disk, edit: &EditEntry) -> io::Result<()> {
    let text = disk.read(&edit.path)?.unwrap_or_default();
    let exchanged =
        edit.earlier.as_ref().and_then(|earlier| fence::exchange(&text, earlier, &edit.block));
    let new = exchanged.unwrap_or_else(|| fence::append(&text, &edit.block));
    disk.rewrite(&edit.path, new, EDITED)
}

fn cut(disk: &Disk, edit: &EditEntry) -> io::Result<()> {
    let text = disk.read(&edit.path)?.unwrap_or_default();
    let cut = [Some(&edit.block), edit.earlier.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|block| fence::cut(&text, block, edit.glued));
    match cut {
        Some(rest) if rest.is_empty() && edit.made => disk.remove(&edit.path),
        Some(rest) => disk.rewrite(&edit.path, rest, EDITED),
        None => disk.sweep(&edit.path),
    }
}

fn restore(disk: &Disk, entry: &FileEntry) -> io::Result<()> {
    if disk.standing(&entry.path)? == entry.before {
        return disk.sweep(&entry.path);
    }
    match (&entry.before, &entry.backup) {
        (Standing::Link { to }, _) => disk.link(&entry.path, to),
        (Standing::File { .. }, Some(backup)) => disk.copy(backup, &entry.path),
        _ => disk.remove(&entry.path),
    }
}
