//! The file system, below a staging root or not: looks, and changes that happen whole or not at all.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::SystemTime,
};

use headroom_profile::{open_regular, read_regular};

use crate::standing::{Mode, Standing, hash_file};

/// Longest file that is read as a whole, in bytes: those are records and desktop files.
const MOST_BYTES: u64 = 64 << 20;

/// The file system; paths are those of the running system, and are looked up below the root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    root: Option<PathBuf>,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// From here.
    Bytes(Vec<u8>),
    /// From a file, which is not looked up below the root.
    CopyOf(PathBuf),
}

impl Content {
    /// Returns what a file of this content will be.
    pub(crate) fn standing(&self, mode: u32) -> io::Result<Standing> {
        Ok(match self {
            Self::Bytes(bytes) => Standing::file(bytes, mode),
            Self::CopyOf(path) => Standing::File { sha256: hash_file(path)?.0, mode: Mode(mode) },
        })
    }

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::CopyOf(path) => Ok(fs::metadata(path)?.len()),
        }
    }
}

impl Disk {
    /// Looks up everything below `root`.
    pub(crate) fn below(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// Returns the place on this computer.
    pub(crate) fn at(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// Returns what stands at a path; a link is not followed.
    pub(crate) fn standing(&self, path: &Path) -> io::Result<Standing> {
        let place = self.at(path);
        let metadata = match fs::symlink_metadata(&place) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => return Ok(Standing::Nothing),
            Err(error) => return Err(error),
        };
        let kind = metadata.file_type();
        Ok(if kind.is_symlink() {
            Standing::Link { to: fs::read_link(&place)? }
        } else if kind.is_dir() {
            Standing::Folder
        } else if kind.is_file() {
            let mode = Mode(metadata.permissions().mode() & 0o7777);
            Standing::File { sha256: hash_file(&place)?.0, mode }
        } else {
            Standing::Other
        })
    }

    /// Returns whether a folder is there, perhaps through a link.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        self.at(path).is_dir()
    }

    /// Returns whether anything is there.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        fs::symlink_metadata(self.at(path)).is_ok()
    }

    /// Returns the bytes of a file, through links; `None` when there is none.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match read_regular(&self.at(path), MOST_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the names in a folder, sorted; none when it is not there.
    pub(crate) fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.at(path)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not of ours may be anything.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Puts a file in place of whatever file or link is there.
    pub(crate) fn write(&self, path: &Path, content: &Content, mode: u32) -> io::Result<()> {
        let place = self.at(path);
        replace(&place, |new| write_new(new, content, mode, None))
    }

    /// Puts a link in place of whatever file or link is there.
    pub(crate) fn link(&self, path: &Path, to: &Path) -> io::Result<()> {
        replace(&self.at(path), |new| symlink(to, new))
    }

    /// Copies a file with permissions and time of change, in place of whatever is there.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let from = self.at(from);
        let metadata = fs::symlink_metadata(&from)?;
        let mode = metadata.permissions().mode() & 0o7777;
        let modified = metadata.modified().ok();
        replace(&self.at(to), |new| write_new(new, &Content::CopyOf(from.clone()), mode, modified))
    }

    /// Writes through a link into the file that it leads to, which keeps its permissions; a new file gets `mode`.
    pub(crate) fn rewrite(&self, path: &Path, bytes: Vec<u8>, mode: u32) -> io::Result<()> {
        let place = self.at(path);
        let (place, mode) = match fs::canonicalize(&place) {
            Ok(real) => {
                let mode = fs::metadata(&real)?.permissions().mode() & 0o7777;
                (real, mode)
            }
            Err(error) if is_absence(&error) => (place, mode),
            Err(error) => return Err(error),
        };
        replace(&place, |new| write_new(new, &Content::Bytes(bytes), mode, None))
    }

    /// Makes one folder; one that is there is fine.
    pub(crate) fn make_folder(&self, path: &Path, mode: u32) -> io::Result<()> {
        let place = self.at(path);
        match fs::create_dir(&place) {
            Ok(()) => fs::set_permissions(&place, Permissions::from_mode(mode)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && place.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes a file or a link, and what an interrupted write has left beside it.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        let place = self.at(path);
        for path in [beside(&place), place] {
            match fs::remove_file(&path) {
                Err(error) if !is_absence(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes what an interrupted write has left beside a path.
    pub(crate) fn sweep(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(beside(&self.at(path))) {
            Err(error) if !is_absence(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes a folder when it is empty; returns whether it is gone.
    pub(crate) fn remove_empty(&self, path: &Path) -> io::Result<bool> {
        match fs::remove_dir(self.at(path)) {
            Ok(()) => Ok(true),
            Err(error) if is_absence(&error) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a folder with all that is in it; a link to one is only unlinked.
    pub(crate) fn remove_tree(&self, path: &Path) -> io::Result<()> {
        let place = self.at(path);
        match fs::symlink_metadata(&place) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(place),
            Ok(_) => fs::remove_file(place),
            Err(error) if is_absence(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Returns the name under which a file is written before it takes its place: always the same, so that what a crash
/// left is found.
fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.headroom-new"))
}

/// Makes something new beside a place and moves it there in one step.
fn replace(place: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let new = beside(place);
    match fs::remove_file(&new) {
        Err(error) if !is_absence(&error) => return Err(error),
        _ => {}
    }
    let done = make(&new).and_then(|()| fs::rename(&new, place));
    if done.is_err() {
        // The first error is the one that counts.
        let _ = fs::remove_file(&new);
    }
    done
}

fn write_new(
    place: &Path,
    content: &Content,
    mode: u32,
    modified: Option<SystemTime>,
) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
    match content {
        Content::Bytes(bytes) => file.write_all(bytes)?,
        Content::CopyOf(source) => {
            io::copy(&mut open_regular(source)?, &mut file)?;
        }
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    if let Some(modified) = modified {
        file.set_modified(modified)?;
    }
    // A file that is there after a power cut must be there with its content.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn bytes(text: &str) -> Content {
        Content::Bytes(text.into())
    }

    #[test]
    fn a_root_holds_everything() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::below(Some(folder.path().to_owned()));
        disk.make_folder(Path::new("/etc"), 0o755).unwrap();
        disk.write(Path::new("/etc/a"), &bytes("x"), 0o640).unwrap();
        assert_eq!(fs::read(folder.path().join("etc/a")).unwrap(), b"x");
        assert_eq!(disk.standing(Path::new("/etc/a")).unwrap(), Standing::file(b"x", 0o640));
        assert_eq!(disk.names(Path::new("/etc")).unwrap(), ["a"]);
    }

    #[test]
    fn a_link_is_replaced_and_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "mine").unwrap();
        symlink(&real, &link).unwrap();
        disk.write(&link, &bytes("ours"), 0o600).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"mine");
        assert_eq!(disk.standing(&link).unwrap(), Standing::file(b"ours", 0o600));
    }

    #[test]
    fn an_edit_goes_through_a_link_and_keeps_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        disk.write(&real, &bytes("mine"), 0o604).unwrap();
        symlink("real", &link).unwrap();
        disk.rewrite(&link, b"edited".to_vec(), 0o644).unwrap();
        assert_eq!(disk.standing(&real).unwrap(), Standing::file(b"edited", 0o604));
        assert_eq!(disk.standing(&link).unwrap(), Standing::Link { to: "real".into() });
    }

    #[test]
    fn a_copy_has_permissions_and_time_of_its_original() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        disk.write(&from, &bytes("x"), 0o751).unwrap();
        let earlier = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::options().write(true).open(&from).unwrap().set_modified(earlier).unwrap();
        disk.copy(&from, &to).unwrap();
        assert_eq!(disk.standing(&to).unwrap(), Standing::file(b"x", 0o751));
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), earlier);
    }

    #[test]
    fn what_an_interrupted_write_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let path = folder.path().join("a");
        fs::write(beside(&path), "half").unwrap();
        disk.write(&path, &bytes("whole"), 0o600).unwrap();
        assert_eq!(disk.names(folder.path()).unwrap(), ["a"]);
        fs::write(beside(&path), "half").unwrap();
        disk.remove(&path).unwrap();
        assert!(disk.names(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn only_an_empty_folder_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let inner = folder.path().join("inner");
        disk.make_folder(&inner, 0o700).unwrap();
        fs::write(inner.join("kept"), "").unwrap();
        assert!(!disk.remove_empty(&inner).unwrap());
        fs::remove_file(inner.join("kept")).unwrap();
        assert!(disk.remove_empty(&inner).unwrap() && disk.remove_empty(&inner).unwrap());
    }

    #[test]
    fn a_tree_behind_a_link_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        fs::write(real.join("kept"), "").unwrap();
        symlink(&real, &link).unwrap();
        Disk::default().remove_tree(&link).unwrap();
        assert!(real.join("kept").exists() && !link.is_symlink());
    }
}
