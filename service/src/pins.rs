//! Where WirePlumber remembers the devices that a person has chosen for applications.
//!
//! Asked before each plan whether the file is another one: that costs a microsecond and leaves no
//! time in which an old answer counts. A watch tells when there is something to plan anew; while
//! nothing is chosen, nothing wakes up. The file is never written.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use headroom_profile::read_regular;
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use crate::{state::Pins, store::durable::Stamp, watch::Watch};

/// Under the state directory; WirePlumber replaces it whole.
const FILE: &str = "wireplumber/stream-properties";
/// Larger than any that a person comes to: some hundred bytes for each application.
const MAX_BYTES: u64 = 16 << 20;

/// WirePlumber's file, and what stood in it when it was read last.
#[derive(Debug)]
pub struct PinFile {
    path: Option<PathBuf>,
    seen: Option<Stamp>,
    watch: Option<Watch>,
    pins: Pins,
}

impl PinFile {
    /// Looks where WirePlumber writes, outside of the sandbox that this process may be in; `changed` is
    /// sent to when the file may be another one.
    pub fn from_environment(changed: UnboundedSender<()>) -> Self {
        let mut file = Self::found();
        let directory = file.path.as_deref().and_then(Path::parent);
        file.watch = directory.and_then(|directory| {
            Watch::new(directory.to_owned(), changed)
                .inspect_err(|error| warn!(%error, "a device that is let go is noticed late"))
                .ok()
        });
        file
    }

    /// Looks there once: what changes later is not noticed.
    pub fn read_once() -> Self {
        let mut file = Self::found();
        file.follow();
        file
    }

    fn found() -> Self {
        let absolute =
            |key: &str| env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let own =
            if headroom_api::is_in_flatpak() { "HOST_XDG_STATE_HOME" } else { "XDG_STATE_HOME" };
        let state =
            absolute(own).or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        Self::new(state.as_deref())
    }

    /// Looks under this state directory; without one, nothing is ever remembered.
    pub fn new(state_home: Option<&Path>) -> Self {
        let path = state_home.map(|home| home.join(FILE));
        Self { path, seen: None, watch: None, pins: Pins::default() }
    }

    /// Returns what was read last.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Reads the file if it is another one than before; says whether it was.
    ///
    /// No file means that nobody has chosen anything. One that cannot be read changes nothing.
    pub fn follow(&mut self) -> bool {
        let Some(path) = &self.path else {
            return false;
        };
        let stamp = Stamp::of(path);
        if stamp == self.seen {
            return false;
        }
        self.seen = stamp;
        if let Some(watch) = &mut self.watch {
            watch.follow();
        }
        let read = match stamp {
            None => Ok(Vec::new()),
            Some(_) => read_regular(path, MAX_BYTES),
        };
        match read {
            Ok(bytes) => self.pins = Pins::parse(&String::from_utf8_lossy(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.pins = Pins::default(),
            Err(error) => {
                warn!(path = %path.display(), %error, "cannot read which devices were chosen");
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PIN: &str =
        "[stream-properties]\nOutput/Audio:media.role:Movie={\"target\":\"second\"}\n";

    #[test]
    fn the_file_is_read_when_it_is_another_one_and_only_then() {
        let home = tempfile::tempdir().unwrap();
        let mut file = PinFile::new(Some(home.path()));
        assert!(!file.follow(), "there is none");
        fs::create_dir(home.path().join("wireplumber")).unwrap();
        fs::write(home.path().join(FILE), PIN).unwrap();
        assert!(file.follow() && !file.pins().is_empty());
        assert!(!file.follow(), "read twice");
        // As WirePlumber does: beside it, and then in its place.
        let beside = home.path().join("new");
        fs::write(&beside, "[stream-properties]\n").unwrap();
        fs::rename(&beside, home.path().join(FILE)).unwrap();
        assert!(file.follow() && file.pins().is_empty());
        fs::write(home.path().join(FILE), PIN).unwrap();
        assert!(file.follow() && !file.pins().is_empty());
        fs::remove_file(home.path().join(FILE)).unwrap();
        assert!(file.follow() && file.pins().is_empty());
    }

    #[test]
    fn without_a_state_directory_nothing_is_remembered() {
        let mut file = PinFile::new(None);
        assert!(!file.follow() && file.pins().is_empty());
    }
}
