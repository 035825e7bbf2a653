//! Tells when the system's zone may be another.
//!
//! Woken when an entry is made, replaced or written in the directories in question, and by nothing that reads there. Runs on
//! the control thread.

use std::{
    future::pending,
    io,
    mem::MaybeUninit,
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
};

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
use tracing::debug;

use crate::ready::Ready;

/// Where the zone is told; the second within a Flatpak.
const DIRECTORIES: [&str; 2] = ["/etc", "/run/host/monitor"];
/// The entry of these directories that tells it.
const ENTRY: &[u8] = b"localtime";

/// The watch; dropping it ends it.
#[derive(Debug)]
pub(crate) struct ZoneWatch(Ready);

impl ZoneWatch {
    /// Watches from now on; needs a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses: its number of watches is limited.
    pub(crate) fn new() -> io::Result<Self> {
        Self::of(&DIRECTORIES.map(PathBuf::from))
    }

    fn of(directories: &[impl AsRef<Path>]) -> io::Result<Self> {
        let watched = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE;
        for directory in directories.iter().map(AsRef::as_ref).filter(|it| it.is_dir()) {
            add_watch(&watched, directory, flags)?;
        }
        Ok(Self(Ready::new(watched)?))
    }

    /// Waits until the zone may be another.
    pub(crate) async fn changed(&self) {
        if let Err(error) = self.0.read(find_entry).await {
            debug!(%error, "the zone cannot be followed");
            pending::<()>().await;
        }
    }
}

/// Reads events up to one of the entry.
fn find_entry(watched: BorrowedFd<'_>) -> io::Result<()> {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut events = Reader::new(watched, &mut buffer);
    loop {
        if events.next()?.file_name().is_some_and(|name| name.to_bytes() == ENTRY) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, time::Duration};

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn zone_is_noticed_when_its_entry_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("localtime");
        symlink("Berlin", &link).unwrap();
        let watch =
            ZoneWatch::of(&[folder.path().to_owned(), folder.path().join("missing")]).unwrap();
        fs::write(folder.path().join("hosts"), "").unwrap();
        symlink("Tokyo", folder.path().join("new")).unwrap();
        assert!(timeout(Duration::from_millis(50), watch.changed()).await.is_err());
        fs::rename(folder.path().join("new"), &link).unwrap();
        timeout(Duration::from_secs(20), watch.changed()).await.unwrap();
        assert!(timeout(Duration::from_millis(50), watch.changed()).await.is_err(), "once");
    }
}
