//! The service's own folders and files, looked at and not touched.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use headroom_profile::{read_regular, read_regular_text};
use rustix::fs::{StatVfsMountFlags, statvfs};

/// Longest file that is looked into, in bytes: as much as the service reads.
const MOST_BYTES: u64 = 8 << 20;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Missing,
    Unknown(String),
    Folder(Owned),
    File(Owned),
    /// A device, a socket, a pipe.
    Other,
}

/// Whose a file is, and who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) uid: u32,
    pub(crate) mode: u32,
}

/// One file that the service keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptFile {
    pub(crate) path: PathBuf,
    pub(crate) entry: Entry,
    /// What is wrong with its text.
    pub(crate) damage: Option<String>,
}

/// The disk that a folder is on, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) free_bytes: u64,
    /// `None` on a file system that does not count them.
    pub(crate) free_files: Option<u64>,
    pub(crate) is_read_only: bool,
}

/// One folder of the service's, and what it keeps there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Whom it should belong to.
    pub(crate) uid: u32,
    pub(crate) folder: PathBuf,
    pub(crate) entry: Entry,
    /// The nearest folder above that exists, when the folder itself does not.
    pub(crate) above: Option<(PathBuf, Entry)>,
    pub(crate) files: Vec<KeptFile>,
    /// Files that the service could not read and put aside.
    pub(crate) aside: Vec<String>,
    pub(crate) disk: Option<Disk>,
}

impl Kept {
    /// Looks at a folder and the files named.
    pub(crate) fn read(folder: &Path, names: &[&str]) -> Self {
        let entry = look_at(folder);
        let above = (entry == Entry::Missing)
            .then(|| folder.ancestors().skip(1).find(|path| path.exists()))
            .flatten()
            .map(|path| (path.to_owned(), look_at(path)));
        let disk = disk(above.as_ref().map_or(folder, |(path, _)| path));
        let mut aside: Vec<String> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains(".broken"))
            .collect();
        aside.sort();
        Self {
            uid: rustix::process::getuid().as_raw(),
            folder: folder.to_owned(),
            entry,
            above,
            files: names.iter().map(|name| kept_file(folder.join(name))).collect(),
            aside,
            disk,
        }
    }
}

/// What a dead service has left to take back, by its journal: targets and levelled streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) targets: usize,
    pub(crate) levelled: usize,
}

impl Left {
    /// Reads the journal; one that is damaged or missing says nothing.
    pub(crate) fn read(journal: &Path) -> Self {
        let text = read_regular_text(journal, MOST_BYTES).ok();
        let table: toml::Table = text.and_then(|text| text.parse().ok()).unwrap_or_default();
        let count = |key: &str| match table.get(key) {
            Some(toml::Value::Table(entries)) => entries.len(),
            Some(toml::Value::Array(entries)) => entries.len(),
            _ => 0,
        };
        Self { targets: count("targets"), levelled: count("levelled") }
    }
}

fn look_at(path: &Path) -> Entry {
    match fs::metadata(path) {
        Ok(metadata) => {
            let owned = Owned { uid: metadata.uid(), mode: metadata.mode() & 0o7777 };
            match metadata.file_type() {
                kind if kind.is_dir() => Entry::Folder(owned),
                kind if kind.is_file() => Entry::File(owned),
                _ => Entry::Other,
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Entry::Missing,
        Err(error) => Entry::Unknown(error.to_string()),
    }
}

fn kept_file(path: PathBuf) -> KeptFile {
    let entry = look_at(&path);
    let damage = match entry {
        Entry::File(_) => damage(&path),
        _ => None,
    };
    KeptFile { path, entry, damage }
}

/// Returns what is wrong with a file of TOML; one that may not be read is judged by its mode.
fn damage(path: &Path) -> Option<String> {
    let bytes = match read_regular(path, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => return Some(error.to_string()),
        Err(_) => return None,
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            text.parse::<toml::Table>().err().map(|error| error.message().trim().to_owned())
        }
        Err(_) => Some("it is no text".to_owned()),
    }
}

fn disk(path: &Path) -> Option<Disk> {
    let figures = statvfs(path).ok()?;
    Some(Disk {
        free_bytes: figures.f_bavail.saturating_mul(figures.f_frsize),
        free_files: (figures.f_files > 0).then_some(figures.f_favail),
        is_read_only: figures.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_at_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("good.toml"), "a = 1\n").unwrap();
        fs::write(folder.path().join("bad.toml"), "a = \n").unwrap();
        fs::write(folder.path().join("noise.toml"), [0xff, 0xfe]).unwrap();
        fs::write(folder.path().join("state.toml.broken-7"), "").unwrap();
        let names = ["good.toml", "bad.toml", "noise.toml", "none.toml"];
        let kept = Kept::read(folder.path(), &names);
        assert!(matches!(kept.entry, Entry::Folder(owned) if owned.uid == kept.uid));
        let damaged: Vec<bool> = kept.files.iter().map(|file| file.damage.is_some()).collect();
        assert_eq!(damaged, [false, true, true, false]);
        assert_eq!(kept.files[3].entry, Entry::Missing);
        assert_eq!(kept.aside, ["state.toml.broken-7"]);
        assert!(kept.disk.is_some_and(|disk| !disk.is_read_only));
    }

    #[test]
    fn for_a_missing_folder_the_one_above_counts() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::read(&folder.path().join("a/b"), &[]);
        assert_eq!(kept.entry, Entry::Missing);
        assert_eq!(kept.above.unwrap().0, folder.path());
    }

    #[test]
    fn the_journal_tells_what_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.toml");
        assert_eq!(Left::read(&file), Left::default());
        fs::write(&file, "bypass = false\nlevelled = [7, 9]\n[targets]\n87 = \"alsa\"\n").unwrap();
        assert_eq!(Left::read(&file), Left { targets: 1, levelled: 2 });
        fs::write(&file, "levelled = [").unwrap();
        assert_eq!(Left::read(&file), Left::default());
    }
}
