//! Writes files whole, and knows one again.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

/// What a draft's name ends with.
const DRAFT: &str = ".new";
/// A draft of such an age has been left by a process that died.
const STALE: Duration = Duration::from_mins(10);

/// Replaces a file whole, for its owner's eyes alone: nobody ever sees half of it, and a power cut leaves the old or
/// the new. Its directory is made where it is missing. Each write has a draft of its own beside the file, so that
/// several processes may write.
///
/// # Errors
/// When it cannot be written; the old file is then still there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft(path, bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    File::open(directory_of(path))?.sync_all()
}

/// Replaces a file whole as [`replace`] does, where no power cut is survived anyway, and waits for no disk.
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_in_memory(path: &Path, bytes: &[u8]) -> io::Result<()> {
    draft(path, bytes)?.persist(path)?;
    Ok(())
}

fn draft(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let directory = directory_of(path);
    fs::create_dir_all(directory)?;
    let mut draft =
        tempfile::Builder::new().prefix(&prefix(path)).suffix(DRAFT).tempfile_in(directory)?;
    draft.write_all(bytes)?;
    Ok(draft)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Removes the drafts of a file that dead processes have left beside it.
pub(crate) fn sweep(path: &Path) {
    let prefix = prefix(path);
    let is_draft = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(DRAFT.as_bytes())
    };
    let is_stale = |entry: &fs::DirEntry| {
        let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        age.is_some_and(|age| age > STALE)
    };
    let entries = path.parent().into_iter().flat_map(fs::read_dir).flatten().flatten();
    for entry in entries.filter(|entry| is_draft(&entry.file_name()) && is_stale(entry)) {
        // Another may be faster, or it lies where nothing can be removed: it does no harm.
        let _ = fs::remove_file(entry.path());
    }
}

/// Returns what the drafts of a file begin with: nothing that is looked for by its ending finds them.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    place: (u64, u64),
    bytes: u64,
    changed_ns: (i64, i64),
}

impl Stamp {
    /// Returns `None` where there is no regular file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            place: (file.dev(), file.ino()),
            bytes: file.len(),
            changed_ns: (file.ctime(), file.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn file_is_replaced_whole_and_no_draft_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/state.toml");
        replace(&path, b"one").unwrap();
        let before = Stamp::of(&path);
        replace(&path, b"two").unwrap();
        assert_ne!(Stamp::of(&path), before);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"three").is_err());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a draft was left");
    }

    #[test]
    fn only_old_drafts_of_the_same_file_are_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.toml");
        let names = ["state.toml", ".state.toml.a.new", ".state.toml.b.new", ".other.toml.a.new"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
            if !name.contains(".b.") {
                let file = File::options().write(true).open(folder.path().join(name)).unwrap();
                file.set_modified(SystemTime::now() - 2 * STALE).unwrap();
            }
        }
        sweep(&path);
        let left = |name: &&str| folder.path().join(name).exists();
        assert_eq!(names.iter().filter(|name| left(name)).count(), 3);
        assert!(!folder.path().join(names[1]).exists());
    }
}
