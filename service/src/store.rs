//! What is remembered: the user's routes for good, and for this session what a crash must not lose.
//!
//! Runs on the control thread. Files are replaced whole, never edited; a file that cannot be read
//! is set aside, and what can be read of it is kept.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use headroom_api::{Route, names::DIRECTORY};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::warn;

use crate::state::{Journal, Routes};

/// Failed to keep something.
#[derive(Debug, Error)]
#[error("failed to write {}: {source}", path.display())]
pub struct StoreError {
    path: PathBuf,
    source: io::Error,
}

/// Where things are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    state_file: PathBuf,
    session_file: Option<PathBuf>,
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct Found {
    /// The user's routes.
    pub routes: Routes,
    /// What an earlier run in this session left.
    pub session: Session,
    /// What could not be read: the file and a sentence for each.
    pub damage: Vec<(PathBuf, String)>,
}

/// What lasts until logout, and over a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Everything straight to the device.
    pub bypass: bool,
    /// Targets that were written and not yet taken back.
    pub targets: Journal,
}

#[derive(Serialize)]
struct StateFile<'a> {
    version: u32,
    routes: BTreeMap<&'a str, &'static str>,
}

const STATE_VERSION: u32 = 1;

impl Store {
    /// Finds the places by the XDG base directories of this process.
    ///
    /// # Errors
    /// When neither `XDG_STATE_HOME` nor `HOME` names an absolute directory.
    pub fn from_environment() -> io::Result<Self> {
        let absolute =
            |key: &str| std::env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
            .ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set")
            })?;
        Ok(Self::new(&state, absolute("XDG_RUNTIME_DIR").as_deref()))
    }

    /// Uses these base directories; without the second, nothing outlasts a crash.
    pub fn new(state_home: &Path, runtime_dir: Option<&Path>) -> Self {
        Self {
            state_file: state_home.join(DIRECTORY).join("state.toml"),
            session_file: runtime_dir.map(|dir| dir.join(DIRECTORY).join("session.toml")),
        }
    }

    /// Returns the file that holds the user's routes.
    pub fn state_file(&self) -> &Path {
        &self.state_file
    }

    /// Reads everything; what is damaged is set aside and told.
    pub fn load(&self) -> Found {
        let mut found = Found::default();
        match fs::read(&self.state_file) {
            Ok(bytes) => {
                let (routes, damage) = read_routes(&bytes);
                found.routes = routes;
                if let Some(damage) = damage {
                    found.damage.push(self.set_aside(&damage, &found.routes));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let sentence = format!("it cannot be read: {error}; the user's routes are unknown");
                found.damage.push((self.state_file.clone(), sentence));
            }
        }
        if let Some(path) = &self.session_file
            && let Ok(text) = fs::read_to_string(path)
        {
            found.session = toml::from_str(&text).unwrap_or_else(|error| {
                warn!(path = %path.display(), %error, "ignoring what an earlier run left");
                Session::default()
            });
        }
        found
    }

    /// Keeps the user's routes.
    ///
    /// # Errors
    /// When the file cannot be replaced; the old one is then still there.
    pub fn save_routes(&self, routes: &Routes) -> Result<(), StoreError> {
        let file = StateFile {
            version: STATE_VERSION,
            routes: routes.iter().map(|(app, route)| (app, route.as_str())).collect(),
        };
        replace(&self.state_file, "# Written by Headroom: set with `headroom route`.\n", &file)
    }

    /// Keeps what lasts until logout; nothing is kept where there is no runtime directory.
    ///
    /// # Errors
    /// When the file cannot be replaced.
    pub fn save_session(&self, session: &Session) -> Result<(), StoreError> {
        let Some(path) = &self.session_file else {
            return Ok(());
        };
        if *session == Session::default() {
            return match fs::remove_file(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    Err(StoreError { path: path.clone(), source })
                }
                _ => Ok(()),
            };
        }
        replace(path, "", session)
    }

    fn set_aside(&self, damage: &str, salvaged: &Routes) -> (PathBuf, String) {
        let seconds =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        let aside = self.state_file.with_file_name(format!("state.toml.broken-{seconds}"));
        let kept = salvaged.iter().count();
        let outcome = fs::rename(&self.state_file, &aside)
            .map_err(|error| error.to_string())
            .and_then(|()| self.save_routes(salvaged).map_err(|error| error.to_string()));
        let sentence = match outcome {
            Ok(()) => format!(
                "{damage}; {kept} routes of it could be read and are in force, the file is kept as {}",
                aside.display()
            ),
            Err(error) => format!(
                "{damage}; {kept} routes of it could be read and are in force, but it could not \
                 be set aside: {error}"
            ),
        };
        (self.state_file.clone(), sentence)
    }
}

/// Reads the routes, and says what is wrong with the rest, if anything is.
fn read_routes(bytes: &[u8]) -> (Routes, Option<String>) {
    let text = String::from_utf8_lossy(bytes);
    let mut routes = Routes::default();
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // Line by line: one that is whole says the same as before.
            let mut in_routes = false;
            for line in text.lines() {
                let line = line.trim();
                if line.starts_with('[') {
                    in_routes = line == "[routes]";
                } else if let (true, Ok(table)) = (in_routes, line.parse::<toml::Table>()) {
                    add_routes(&mut routes, &table);
                }
            }
            let damage = error.message().trim().to_owned();
            return (routes, Some(format!("it is not valid TOML ({damage})")));
        }
    };
    let refused = match table.get("routes") {
        None => 0,
        Some(toml::Value::Table(entries)) => add_routes(&mut routes, entries),
        Some(_) => return (routes, Some("its 'routes' is not a table".into())),
    };
    let damage = (refused > 0).then(|| format!("{refused} of its routes make no sense"));
    (routes, damage)
}

/// Adds what makes sense, and returns how many entries do not.
fn add_routes(routes: &mut Routes, entries: &toml::Table) -> usize {
    let set = |routes: &mut Routes, app: &str, value: &toml::Value| -> Option<()> {
        let route: Route = value.as_str()?.parse().ok()?;
        routes.set(app, route).ok().map(|_| ())
    };
    entries.iter().filter(|(app, value)| set(routes, app, value).is_none()).count()
}

/// Replaces a file whole: nobody ever sees half of it, and a power cut leaves the old or the new.
fn replace(path: &Path, header: &str, content: &impl Serialize) -> Result<(), StoreError> {
    let attempt = || -> io::Result<()> {
        let text = toml::to_string(content).map_err(io::Error::other)?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)?;
        let draft = path.with_extension("toml.new");
        let mut file = File::create(&draft)?;
        file.write_all(header.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(directory)?.sync_all()
    };
    attempt().map_err(|source| StoreError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::JournalEntry;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(&dir.path().join("state"), Some(&dir.path().join("run")));
        (dir, store)
    }

    fn routes(entries: &[(&str, Route)]) -> Routes {
        let mut routes = Routes::default();
        for (app, route) in entries {
            routes.set(app, *route).unwrap();
        }
        routes
    }

    #[test]
    fn routes_survive_a_restart_whatever_their_names() {
        let (_dir, store) = store();
        let names = ["firefox", "a \"b\" = c", "[routes]", "ünï", "x.y.z", "#"];
        let saved = routes(&names.map(|name| (name, Route::Bypass)));
        store.save_routes(&saved).unwrap();
        let found = store.load();
        assert_eq!(found.routes, saved);
        assert!(found.damage.is_empty(), "{:?}", found.damage);
    }

    #[test]
    fn nothing_there_is_not_a_damage() {
        let (_dir, store) = store();
        let found = store.load();
        assert!(found.damage.is_empty());
        assert_eq!(found.session, Session::default());
    }

    #[test]
    fn a_broken_file_is_set_aside_and_what_can_be_read_of_it_is_kept() {
        let (_dir, store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        let broken = "version = 1\n[routes]\nmpv = \"bypass\"\n\"half a li\nvlc = \"processed\"\n";
        fs::write(store.state_file(), broken).unwrap();
        let found = store.load();
        let expected = routes(&[("mpv", Route::Bypass), ("vlc", Route::Processed)]);
        assert_eq!(found.routes, expected);
        assert_eq!(found.damage.len(), 1);
        let kept: Vec<_> = fs::read_dir(store.state_file().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("broken"))
            .collect();
        assert_eq!(fs::read_to_string(&kept[0]).unwrap(), broken);
        assert!(store.load().damage.is_empty(), "the damage was told twice");
        assert_eq!(store.load().routes, expected);
    }

    #[test]
    fn a_route_that_makes_no_sense_costs_only_itself() {
        let (_dir, store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        fs::write(store.state_file(), "[routes]\nmpv = \"bypass\"\nvlc = \"loud\"\nfoo = 7\n")
            .unwrap();
        let found = store.load();
        assert_eq!(found.routes, routes(&[("mpv", Route::Bypass)]));
        assert!(found.damage[0].1.contains("2 of its routes"), "{}", found.damage[0].1);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_start() {
        let (_dir, store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        fs::write(store.state_file(), [0xff, 0x00, 0xfe]).unwrap();
        assert_eq!(store.load().damage.len(), 1);
    }

    #[test]
    fn the_session_is_kept_until_there_is_nothing_to_keep() {
        let (_dir, store) = store();
        let session = Session {
            bypass: true,
            targets: vec![JournalEntry { serial: 7, target: "hw".into() }],
        };
        store.save_session(&session).unwrap();
        assert_eq!(store.load().session, session);
        store.save_session(&Session::default()).unwrap();
        assert_eq!(
            fs::read_dir(store.session_file.as_ref().unwrap().parent().unwrap()).unwrap().count(),
            0
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let blocker = dir.path().join("file");
        fs::write(&blocker, "").unwrap();
        let error = Store::new(&blocker, None).save_routes(&Routes::default()).unwrap_err();
        assert!(error.to_string().contains("state.toml"), "{error}");
    }
}
