//! Tells when a file in a directory may have changed: a profile of the user's, a device chosen.
//!
//! The library's own thread sleeps in inotify until something happens; it wakes the control thread,
//! which looks for itself. Nothing is created: as long as the directory does not exist, the nearest
//! one above it is watched. A profile that is a symbolic link is watched where it leads to.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, warn};

/// Most links that are followed; the system's number of watches is limited.
const MOST_LINKS: usize = 256;

/// The watch on one directory; dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches `directory`, whether or not it exists; `changed` is sent to after each change.
    ///
    /// # Errors
    /// When the system refuses: its number of watches is limited.
    pub fn new(directory: PathBuf, changed: UnboundedSender<()>) -> io::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let matters = match event {
                Ok(event) => is_change(event.kind),
                // Too much happened to tell it one by one.
                Err(error) => {
                    debug!(%error, "the file watch lost something");
                    true
                }
            };
            if matters {
                let _ = changed.send(());
            }
        })
        .map_err(io::Error::other)?;
        let mut watch = Self { directory, watcher, watched: BTreeSet::new() };
        watch.follow();
        Ok(watch)
    }

    /// Watches what is there now: to be called after each change, before the files are read.
    pub fn follow(&mut self) {
        let wanted = places(&self.directory);
        for gone in self.watched.difference(&wanted) {
            // Fails for one that was deleted, whose watch went with it.
            let _ = self.watcher.unwatch(gone);
        }
        // A directory that was made anew under its old name is another one: watch it again.
        for place in &wanted {
            if let Err(error) = self.watcher.watch(place, RecursiveMode::NonRecursive) {
                warn!(place = %place.display(), %error, "cannot watch for changes");
            }
        }
        self.watched = wanted;
    }
}

/// Says whether this is more than opening, reading, or closing after reading.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(mode)) => mode == AccessMode::Write,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Returns the directories in which a change matters.
fn places(directory: &Path) -> BTreeSet<PathBuf> {
    let nearest = directory.ancestors().find(|place| place.is_dir());
    let mut places: BTreeSet<PathBuf> = nearest.map(Path::to_owned).into_iter().collect();
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let links = entries.map(|entry| entry.path()).filter(|path| {
        path.is_symlink() && path.extension().is_some_and(|extension| extension == "toml")
    });
    for link in links.take(MOST_LINKS) {
        let target = fs::canonicalize(&link);
        places.extend(target.ok().and_then(|file| file.parent().map(Path::to_owned)));
    }
    places
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, time::Duration};

    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    /// How long a busy machine may take to tell a change.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn told(changes: &mut UnboundedReceiver<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(PATIENCE, changes.recv()).await })
            .expect("the change was told")
            .expect("the watch lives");
        while changes.try_recv().is_ok() {}
    }

    #[test]
    fn a_directory_that_appears_later_is_followed_down() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("headroom/profiles");
        let (changed, mut changes) = unbounded_channel();
        let mut watch = Watch::new(directory.clone(), changed).unwrap();
        fs::create_dir(home.path().join("headroom")).unwrap();
        told(&mut changes);
        watch.follow();
        fs::create_dir(&directory).unwrap();
        told(&mut changes);
        watch.follow();
        fs::write(directory.join("mine.toml"), "").unwrap();
        told(&mut changes);
    }

    #[test]
    fn a_directory_that_is_made_anew_is_watched_anew() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("profiles");
        fs::create_dir(&directory).unwrap();
        let (changed, mut changes) = unbounded_channel();
        let mut watch = Watch::new(directory.clone(), changed).unwrap();
        fs::remove_dir(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        told(&mut changes);
        watch.follow();
        while changes.try_recv().is_ok() {}
        fs::write(directory.join("mine.toml"), "").unwrap();
        told(&mut changes);
    }

    #[test]
    fn a_profile_that_is_a_link_is_watched_where_it_leads_to() {
        let home = tempfile::tempdir().unwrap();
        let (directory, elsewhere) = (home.path().join("profiles"), home.path().join("dotfiles"));
        fs::create_dir(&directory).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("mine.toml"), "").unwrap();
        symlink(elsewhere.join("mine.toml"), directory.join("mine.toml")).unwrap();
        let (changed, mut changes) = unbounded_channel();
        let _watch = Watch::new(directory, changed).unwrap();
        fs::write(elsewhere.join("mine.toml"), "name = \"mine\"").unwrap();
        told(&mut changes);
    }

    #[test]
    fn reading_is_no_change() {
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!is_change(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
    }
}
