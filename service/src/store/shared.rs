//! The file of what the user chose, which several services may write: one in each session of one home.
//!
//! A change is made on top of what stands in the file at that moment, under a lock that is held until it is written. So
//! no acknowledged choice is ever lost, and each service gets to know those of the others.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use headroom_profile::read_regular;
use rustix::fs::OFlags;
use tracing::warn;

use super::{MOST_BYTES, Remembered, Store, StoreError, durable::Stamp, read_state};

/// How long another service may hold the lock: its disk may be slow.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_POLL: Duration = Duration::from_millis(1);

/// A change that is being made; while it lives, no other service writes.
#[derive(Debug)]
pub struct Draft<'a> {
    /// What is remembered, to be changed.
    pub remembered: Remembered,
    store: &'a mut Store,
    /// `None` on a file system that knows no locks.
    _lock: Option<File>,
}

impl Draft<'_> {
    /// Keeps the change; returns what is remembered now.
    ///
    /// # Errors
    /// When the file cannot be replaced; the old one is then still there.
    pub fn keep(self) -> Result<Remembered, StoreError> {
        let Self { remembered, store, _lock } = self;
        store.write(&remembered)?;
        Ok(remembered)
    }

    /// Leaves everything as it is; returns what is remembered, others' changes included.
    pub fn discard(self) -> Remembered {
        self.remembered
    }
}

impl Store {
    /// Begins a change of what the user chose: of `known`, or of what another service has made of it meanwhile.
    ///
    /// # Errors
    /// When the lock cannot be had.
    pub fn change(&mut self, known: &Remembered) -> Result<Draft<'_>, StoreError> {
        let path = self.state_file.with_extension("lock");
        let lock = lock(&path).map_err(|source| StoreError { path, source })?;
        let remembered = self.follow().unwrap_or_else(|| known.clone());
        Ok(Draft { remembered, store: self, _lock: lock })
    }

    /// Returns what the user chose if the file is another one than was last read or written here.
    ///
    /// A file that is gone, or cannot be read, changes nothing: what is known stays, and is in the next one.
    pub fn follow(&mut self) -> Option<Remembered> {
        let stamp = Stamp::of(&self.state_file);
        if stamp == self.seen {
            return None;
        }
        self.seen = stamp;
        stamp?;
        let path = self.state_file.display();
        match read_regular(&self.state_file, MOST_BYTES).map(|bytes| read_state(&bytes)) {
            Ok((remembered, None)) => Some(remembered),
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

    /// Sets a route as the daemon does.
    fn set(store: &mut Store, known: &mut Remembered, app: &str) {
        let mut draft = store.change(known).unwrap();
        draft.remembered.treatments.choose(app, Treatment::LeaveAlone.into()).unwrap();
        *known = draft.keep().unwrap();
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
                    let mut store = Store::new(home, None, None);
                    let mut known = store.load().remembered;
                    start.wait();
                    for number in 0..EACH {
                        set(&mut store, &mut known, &format!("app {service} {number}"));
                        let own = known
                            .treatments
                            .iter()
                            .filter(|(app, _)| app.starts_with(&format!("app {service} ")));
                        assert_eq!(own.count(), number + 1);
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
        let mut stores = [(); 2].map(|()| Store::new(home.path(), None, None));
        let mut known = stores.each_mut().map(|store| store.load().remembered);
        set(&mut stores[0], &mut known[0], "mpv");
        assert_eq!(stores[0].follow(), None);
        assert_eq!(stores[1].follow().as_ref(), Some(&known[0]));
        assert_eq!(stores[1].follow(), None);
        fs::write(stores[1].state_file(), "no [ toml").unwrap();
        assert_eq!(stores[1].follow(), None, "damage is not followed");
        fs::remove_file(stores[1].state_file()).unwrap();
        assert_eq!(stores[0].follow(), None, "what is known stays");
        set(&mut stores[0], &mut known[0], "vlc");
        assert_eq!(stores[1].load().remembered.treatments.iter().count(), 2);
    }

    #[test]
    fn lock_that_is_held_too_long_is_an_error_and_loses_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (mut first, mut second) =
            (Store::new(home.path(), None, None), Store::new(home.path(), None, None));
        let known = Remembered::default();
        let held = first.change(&known).unwrap();
        let error = second.change(&known).unwrap_err();
        assert!(error.to_string().contains("another session"), "{error}");
        drop(held);
        assert!(second.change(&known).is_ok());
    }
}
