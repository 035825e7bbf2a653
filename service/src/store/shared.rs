//! The file of what the user chose, which several services may write: one in each session of one home.
//!
//! A change is made on top of what stands in the file at that moment, under a lock that is held until it is written. So
//! no acknowledged choice is ever lost, and each service gets to know those of the others.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use headroom_profile::read_regular;
use rustix::fs::OFlags;
use tracing::warn;

use super::{Changes, MOST_BYTES, Remembered, StoreError, durable::Stamp, read_state, write};

/// How long another service may hold the lock: its disk may be slow.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_POLL: Duration = Duration::from_millis(1);

/// The file, in the hands of whoever writes it: the writer thread.
#[derive(Debug)]
pub struct ChoicesFile {
    path: PathBuf,
    /// The version of the file that was read or written last.
    seen: Option<Stamp>,
    /// What stood in it.
    known: Remembered,
}

impl ChoicesFile {
    pub(super) fn new(path: PathBuf, seen: Option<Stamp>, known: Remembered) -> Self {
        Self { path, seen, known }
    }

    /// Keeps changes on top of what stands in the file by now; returns all of it.
    ///
    /// # Errors
    /// When the lock cannot be had, or the file cannot be replaced; the old one is then still there.
    pub fn keep(&mut self, changes: &Changes) -> Result<Remembered, StoreError> {
        let path = self.path.with_extension("lock");
        let _lock = lock(&path).map_err(|source| StoreError { path, source })?;
        self.follow();
        let remembered = changes.on(&self.known);
        write(&self.path, &remembered)?;
        self.seen = Stamp::of(&self.path);
        self.known.clone_from(&remembered);
        Ok(remembered)
    }

    /// Returns what the user chose if the file is another one than was last read or written here.
    ///
    /// A file that is gone, or cannot be read, changes nothing: what is known stays, and is in the next one.
    pub fn follow(&mut self) -> Option<Remembered> {
        let stamp = Stamp::of(&self.path);
        if stamp == self.seen {
            return None;
        }
        self.seen = stamp;
        stamp?;
        let path = self.path.display();
        match read_regular(&self.path, MOST_BYTES).map(|bytes| read_state(&bytes)) {
            Ok((remembered, None)) => {
                self.known.clone_from(&remembered);
                Some(remembered)
            }
            Ok((_, Some(damage))) => {
                warn!(%path, damage, "ignoring what somebody else has written");
                None
            }
            Err(error) => {
                warn!(%path, %error, "cannot read what somebody else has written");
                None
            }
        }
    }
}

/// Takes a lock that goes with the file that is returned; `None` on a file system that knows no locks.
pub(crate) fn lock(path: &Path) -> io::Result<Option<File>> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    // Whatever stands there is not waited for.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if begin.elapsed() < LOCK_PATIENCE => {
                thread::sleep(LOCK_POLL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "the Headroom service of another session has held its lock for 2 s",
                ));
            }
            Err(TryLockError::Error(error)) => {
                warn!(path = %path.display(), %error, "two services could lose choices: no locks here");
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use headroom_api::Treatment;

    use super::*;
    use crate::store::Store;

    /// A service: the file in its hands, and what it knows.
    fn service(home: &Path) -> (ChoicesFile, Remembered) {
        let mut store = Store::new(home, None, None);
        let found = store.load();
        (store.choices_file(&found.remembered), found.remembered)
    }

    /// Sets a route as the daemon does.
    fn set((file, known): &mut (ChoicesFile, Remembered), app: &str) {
        let mut wanted = known.clone();
        wanted.treatments.choose(app, Treatment::LeaveAlone.into()).unwrap();
        *known = file.keep(&Changes::between(known, &wanted)).unwrap();
    }

    #[test]
    fn two_services_on_one_home_lose_no_choice() {
        const EACH: usize = 150;
        let home = tempfile::tempdir().unwrap();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for service in 0..2 {
                let (home, start) = (home.path(), &start);
                scope.spawn(move || {
                    let mut own = self::service(home);
                    start.wait();
                    for number in 0..EACH {
                        set(&mut own, &format!("app {service} {number}"));
                        let known = own
                            .1
                            .treatments
                            .iter()
                            .filter(|(app, _)| app.starts_with(&format!("app {service} ")));
                        assert_eq!(known.count(), number + 1);
                    }
                });
            }
        });
        let found = Store::new(home.path(), None, None).load();
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        assert_eq!(found.remembered.treatments.iter().count(), 2 * EACH);
    }

    #[test]
    fn choices_of_another_service_are_followed_and_own_ones_are_not() {
        let home = tempfile::tempdir().unwrap();
        let mut services = [(); 2].map(|()| service(home.path()));
        set(&mut services[0], "mpv");
        let kept = services[0].1.clone();
        assert_eq!(services[0].0.follow(), None);
        assert_eq!(services[1].0.follow(), Some(kept));
        assert_eq!(services[1].0.follow(), None);
        fs::write(&services[1].0.path, "no [ toml").unwrap();
        assert_eq!(services[1].0.follow(), None, "damage is not followed");
        fs::remove_file(&services[1].0.path).unwrap();
        assert_eq!(services[0].0.follow(), None, "what is known stays");
        set(&mut services[0], "vlc");
        assert_eq!(service(home.path()).1.treatments.iter().count(), 2);
    }

    #[test]
    fn lock_that_is_held_too_long_is_an_error_and_loses_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (mut file, _) = service(home.path());
        let held = lock(&file.path.with_extension("lock")).unwrap();
        let error = file.keep(&Changes::default()).unwrap_err();
        assert!(error.to_string().contains("another session"), "{error}");
        drop(held);
        assert!(file.keep(&Changes::default()).is_ok());
    }
}
