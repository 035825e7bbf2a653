//! Makes room for the program that was installed over this one, when nothing plays.
//!
//! An upgrade replaces the file under a service that runs. To end at once would leave what plays unprotected until another
//! one has started, so this one goes on, as long as sound does; then the bus starts its successor. Who started the service
//! by hand ends it by hand.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::sync::mpsc::UnboundedSender;
use tracing::{info, warn};
use zbus::Connection;

use super::name;
use crate::{
    supervision::{Supervision, Supervisor},
    watch::Watch,
};

/// This program, also after its file was replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// What the kernel adds to the name of a file that is gone.
const GONE: &[u8] = b" (deleted)";
/// How long the files have to be at rest, and everything silent: a package is not installed at once, and the next song
/// begins soon.
const REST: Duration = Duration::from_secs(10);

/// Whether another program lies where this one was started from, and since when nothing plays.
#[derive(Debug, Default)]
pub(super) struct Replacement {
    place: Option<Place>,
    watch: Option<Watch>,
    replaced_at: Option<Instant>,
    silent_since: Option<Instant>,
}

/// Where the program was started from, and which file it was.
#[derive(Debug)]
struct Place {
    program: PathBuf,
    file: (u64, u64),
}

impl Replacement {
    /// Watches the program's place, where somebody can start it again; `changed` is sent to when something happens there.
    pub(super) fn watched(supervision: &Supervision, changed: UnboundedSender<()>) -> Self {
        if supervision.supervisor == Supervisor::None {
            return Self::default();
        }
        let watched = || -> io::Result<(Place, Watch)> {
            let place = Place::own()?;
            let folder = place.program.parent().unwrap_or(Path::new("/")).to_owned();
            Ok((place, Watch::new(folder, changed)?))
        };
        match watched() {
            Ok((place, watch)) => {
                Self { place: Some(place), watch: Some(watch), ..Self::default() }
            }
            Err(error) => {
                warn!(%error, "an upgrade acts only when this service is started again");
                Self::default()
            }
        }
    }

    /// Something has happened where the program lies.
    pub(super) fn look(&mut self, now: Instant) {
        if let Some(watch) = &mut self.watch {
            watch.follow();
        }
        let is_replaced = self.place.as_ref().is_some_and(Place::has_another);
        if is_replaced && self.replaced_at.is_none() {
            info!("another version is installed: it takes over when nothing plays");
        }
        self.replaced_at = is_replaced.then_some(now);
    }

    /// Takes in whether something plays.
    pub(super) fn follow(&mut self, plays: bool, now: Instant) {
        if plays {
            self.silent_since = None;
        } else {
            self.silent_since.get_or_insert(now);
        }
    }

    /// Returns when the other program is to take over; `None` where there is none, or while something plays.
    pub(super) fn due_at(&self) -> Option<Instant> {
        Some(self.replaced_at?.max(self.silent_since?) + REST)
    }

    /// Says whether this service is to end now, which is so where the bus can start the other one.
    pub(super) async fn is_to_take_over(&mut self, connection: &Connection) -> bool {
        // Where nobody would start it, the next change of the files is the next occasion.
        self.replaced_at = None;
        name::is_activatable(connection).await.unwrap_or(false)
    }
}

impl Place {
    fn own() -> io::Result<Self> {
        let program = fs::read_link(OWN_PROGRAM)?;
        let name = program.as_os_str().as_bytes();
        // Replaced since it was started: then the first look finds that.
        let name = name.strip_suffix(GONE).unwrap_or(name);
        let program = PathBuf::from(std::ffi::OsStr::from_bytes(name));
        Ok(Self { program, file: identity(&fs::metadata(OWN_PROGRAM)?) })
    }

    /// Says whether a program lies there, and not the one that was started.
    fn has_another(&self) -> bool {
        fs::metadata(&self.program).is_ok_and(|file| {
            file.is_file() && file.mode() & 0o111 != 0 && identity(&file) != self.file
        })
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A service whose program is a file of the test's own.
    fn started_from(program: &Path) -> Replacement {
        fs::write(program, "old").unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        let file = identity(&fs::metadata(program).unwrap());
        let place = Place { program: program.to_owned(), file };
        Replacement { place: Some(place), ..Replacement::default() }
    }

    /// Installs as packages do: written beside, then moved over it.
    fn install(program: &Path, mode: u32) {
        let beside = program.with_extension("new");
        fs::write(&beside, "new").unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(mode)).unwrap();
        fs::rename(beside, program).unwrap();
    }

    #[test]
    fn replaced_program_takes_over_when_all_is_at_rest() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("headroom-service");
        let mut replacement = started_from(&program);
        let now = Instant::now();
        replacement.follow(false, now);
        replacement.look(now);
        assert_eq!(replacement.due_at(), None, "it is the same program");
        install(&program, 0o755);
        let later = now + Duration::from_secs(1);
        replacement.look(later);
        assert_eq!(replacement.due_at(), Some(later + REST));
        // The package is not done yet.
        replacement.look(later + REST / 2);
        assert_eq!(replacement.due_at(), Some(later + REST / 2 + REST));
    }

    #[test]
    fn service_stays_while_something_plays() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("headroom-service");
        let mut replacement = started_from(&program);
        let now = Instant::now();
        install(&program, 0o755);
        replacement.follow(true, now);
        replacement.look(now);
        assert_eq!(replacement.due_at(), None);
        let end = now + Duration::from_hours(1);
        replacement.follow(false, end);
        replacement.follow(false, end + Duration::from_secs(1));
        assert_eq!(replacement.due_at(), Some(end + REST));
        replacement.follow(true, end + Duration::from_secs(2));
        assert_eq!(replacement.due_at(), None);
    }

    #[test]
    fn nothing_takes_over_where_no_program_lies() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("headroom-service");
        let mut replacement = started_from(&program);
        let now = Instant::now();
        replacement.follow(false, now);
        install(&program, 0o644);
        replacement.look(now);
        assert_eq!(replacement.due_at(), None, "nobody could run it");
        fs::remove_file(&program).unwrap();
        replacement.look(now);
        assert_eq!(replacement.due_at(), None, "it was removed");
    }
}
