//! What is remembered: the user's choices for good, and for this session what a crash must not lose.
//!
//! Read on the control thread, before anything else runs. What the user chose is written by the writer
//! thread ([`writer`](crate::writer)), the journal of this session on the control thread: it is in memory, and
//! stands before what it covers. Files are replaced whole, never edited; a file that cannot be read is set
//! aside, and what can be read of it is kept. Another session's service may keep its choices in the same
//! file: see `shared`.

mod changes;
pub(crate) mod durable;
mod migrate;
mod shared;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use headroom_api::{
    ScheduleRow,
    names::{self, DIRECTORY},
};
use headroom_profile::{DEFAULT, Settings, Value, read_regular, read_regular_text};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::warn;

use crate::{
    policy::{Overlay, Overlays},
    schedules::{Schedule, Schedules},
    state::{DeviceSettings, Journal, TreatmentChoice, Treatments},
};
pub use changes::Changes;
use durable::Stamp;
pub use shared::ChoicesFile;
pub(crate) use shared::lock;

/// Longest file that is read, in bytes: all choices that there may be are shorter.
const MOST_BYTES: u64 = 8 << 20;

/// Failed to keep something.
#[derive(Debug, Error)]
#[error("failed to write {}: {source}", path.display())]
pub struct StoreError {
    path: PathBuf,
    source: io::Error,
}

impl StoreError {
    /// Says what the system said of a file.
    #[cfg(test)]
    pub(crate) fn of(path: &str, source: io::Error) -> Self {
        Self { path: path.into(), source }
    }
}

/// Where things are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    state_file: PathBuf,
    session_file: Option<PathBuf>,
    profiles: Option<PathBuf>,
    /// The version of the state file that was read or written last.
    seen: Option<Stamp>,
}

/// What is remembered for good.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the user's own")]
pub struct Remembered {
    /// Whether the person has been told what Headroom does to the system.
    pub introduced: bool,
    /// Whether what is caught and played is kept.
    pub history: bool,
    /// Whether how much sound reaches devices is counted.
    pub exposure: bool,
    /// Whether a full sound dose and a high level are notified of.
    pub exposure_warnings: bool,
    /// The profile that the user chose.
    pub profile: String,
    /// What the user chose for applications.
    pub treatments: Treatments,
    /// What the user changed on top of each profile.
    pub overlays: Overlays,
    /// What the user chose for devices.
    pub devices: DeviceSettings,
    /// When profiles are scheduled.
    pub schedules: Schedules,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            introduced: false,
            history: true,
            exposure: false,
            exposure_warnings: false,
            profile: DEFAULT.to_owned(),
            treatments: Treatments::default(),
            overlays: Overlays::new(),
            devices: DeviceSettings::default(),
            schedules: Schedules::default(),
        }
    }
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct Found {
    /// What the user chose.
    pub remembered: Remembered,
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
    /// When that ends by itself, in milliseconds of `CLOCK_BOOTTIME`.
    pub bypass_until_msec: Option<u64>,
    /// A scheduled time that runs, and the profile that the person chose meanwhile.
    pub chosen_meanwhile: Option<(String, String)>,
    /// Targets that were written and not yet taken back.
    pub targets: Journal,
    /// Streams whose level was lowered and not yet put back, by `object.serial`.
    pub levelled: Vec<u64>,
}

impl Session {
    /// Forgets a bypass whose time was over at `now_msec` of `CLOCK_BOOTTIME`.
    pub fn end_bypass(&mut self, now_msec: u64) {
        if self.bypass_until_msec.is_some_and(|end| end <= now_msec) {
            self.bypass = false;
            self.bypass_until_msec = None;
        }
    }
}

#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the user's own")]
struct StateFile<'a> {
    version: u32,
    introduced: bool,
    history: bool,
    exposure: bool,
    exposure_warnings: bool,
    profile: &'a str,
    treatments: BTreeMap<&'a str, toml::Table>,
    settings: BTreeMap<&'a str, toml::Table>,
    devices: BTreeMap<&'a str, toml::Table>,
    schedules: BTreeMap<&'a str, toml::Table>,
}

impl<'a> StateFile<'a> {
    fn of(remembered: &'a Remembered) -> Self {
        let Remembered { introduced, history, exposure, exposure_warnings, profile, .. } =
            remembered;
        let Remembered { treatments, overlays, devices, schedules, .. } = remembered;
        Self {
            version: migrate::VERSION,
            introduced: *introduced,
            history: *history,
            exposure: *exposure,
            exposure_warnings: *exposure_warnings,
            profile,
            treatments: treatments.iter().map(|(app, it)| (app, treatment_table(it))).collect(),
            settings: overlays
                .iter()
                .map(|(name, overlay)| (name.as_str(), table(overlay.clone())))
                .collect(),
            devices: devices
                .iter()
                .map(|(name, setting)| (name, table(setting.values())))
                .collect(),
            schedules: schedules
                .iter()
                .map(|(profile, schedule)| (profile, schedule_table(schedule)))
                .collect(),
        }
    }
}

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
        let config = absolute("XDG_CONFIG_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".config")));
        let sandbox = std::env::var("FLATPAK_ID").ok();
        let runtime =
            absolute("XDG_RUNTIME_DIR").map(|dir| lasting_runtime_dir(dir, sandbox.as_deref()));
        Ok(Self::new(&state, runtime.as_deref(), config.as_deref()))
    }

    /// Uses these base directories; without the second, nothing outlasts a crash, and without the
    /// third, there are the shipped profiles only.
    pub fn new(state_home: &Path, runtime_dir: Option<&Path>, config_home: Option<&Path>) -> Self {
        Self {
            state_file: state_home.join(DIRECTORY).join("state.toml"),
            session_file: runtime_dir.map(|dir| dir.join(DIRECTORY).join("session.toml")),
            profiles: config_home.map(|dir| dir.join(DIRECTORY).join("profiles")),
            seen: None,
        }
    }

    /// Returns the file that holds what the user chose.
    pub fn state_file(&self) -> &Path {
        &self.state_file
    }

    /// Returns the file that holds how loud applications play.
    pub fn levels_file(&self) -> PathBuf {
        self.state_file.with_file_name("levels.toml")
    }

    /// Returns the file that holds what was caught and played.
    pub fn history_file(&self) -> PathBuf {
        self.state_file.with_file_name(names::HISTORY_FILE)
    }

    /// Returns our directory for what lasts until logout, which may not exist.
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.session_file.as_ref()?.parent()
    }

    /// Returns the directory of the user's own profiles, which may not exist. Nothing is ever
    /// written to it.
    pub fn profiles_directory(&self) -> Option<&Path> {
        self.profiles.as_deref()
    }

    /// Reads everything; what is damaged is set aside and told.
    pub fn load(&mut self) -> Found {
        let mut found = Found::default();
        for path in self.session_file.iter().chain([&self.state_file]) {
            durable::sweep(path);
        }
        self.seen = Stamp::of(&self.state_file);
        match read_regular(&self.state_file, MOST_BYTES) {
            Ok(bytes) => {
                let (remembered, damage) = read_state(&bytes);
                found.remembered = remembered;
                if let Some(damage) = damage {
                    found.damage.push(self.set_aside(&damage, &found.remembered));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let sentence = format!("it cannot be read: {error}; what you chose is unknown");
                found.damage.push((self.state_file.clone(), sentence));
            }
        }
        found.session = self.load_session();
        found
    }

    /// Reads what an earlier run in this session left; nothing where that cannot be read.
    pub fn load_session(&self) -> Session {
        let Some(path) = &self.session_file else { return Session::default() };
        let Ok(text) = read_regular_text(path, MOST_BYTES) else { return Session::default() };
        toml::from_str(&text).unwrap_or_else(|error| {
            warn!(path = %path.display(), %error, "ignoring what an earlier run left");
            Session::default()
        })
    }

    /// Hands out the file of what the user chose, of which `known` was read.
    pub fn choices_file(&self, known: &Remembered) -> ChoicesFile {
        ChoicesFile::new(self.state_file.clone(), self.seen, known.clone())
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
        // In memory, and after a power cut there is no session that it could be of.
        let text = toml::to_string(session).map_err(io::Error::other);
        text.and_then(|text| durable::replace_in_memory(path, text.as_bytes()))
            .map_err(|source| StoreError { path: path.clone(), source })
    }

    fn set_aside(&mut self, damage: &str, salvaged: &Remembered) -> (PathBuf, String) {
        let seconds =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        let aside = self.state_file.with_file_name(format!("state.toml.broken-{seconds}"));
        let kept = salvaged.count();
        let outcome = fs::rename(&self.state_file, &aside)
            .map_err(|error| error.to_string())
            .and_then(|()| write(&self.state_file, salvaged).map_err(|error| error.to_string()));
        self.seen = Stamp::of(&self.state_file);
        let sentence = match outcome {
            Ok(()) => format!(
                "{damage}; {kept} entries of it could be read and are in force, the file is kept as {}",
                aside.display()
            ),
            Err(error) => format!(
                "{damage}; {kept} entries of it could be read and are in force, but it could not \
                 be set aside: {error}"
            ),
        };
        (self.state_file.clone(), sentence)
    }
}

impl Remembered {
    /// Returns it as the file has it.
    fn to_table(&self) -> toml::Table {
        // Texts, numbers and switches by texts: nothing of it can fail.
        toml::Table::try_from(StateFile::of(self)).unwrap_or_default()
    }

    fn count(&self) -> usize {
        let settings: usize = self.overlays.values().map(Overlay::len).sum();
        let devices: usize = self.devices.iter().map(|(_, setting)| setting.values().count()).sum();
        self.treatments.iter().count() + settings + devices + self.schedules.iter().count()
    }

    /// Adds what of a parsed file makes sense, and returns how many entries do not.
    fn add(&mut self, file: &toml::Table) -> usize {
        let file = migrate::migrated(file);
        let empty = toml::Table::new();
        let mut refused = 0;
        let mut section = |name: &str| match file.get(name) {
            None => &empty,
            Some(toml::Value::Table(entries)) => entries,
            Some(_) => {
                refused += 1;
                &empty
            }
        };
        let (treatments, settings) = (section("treatments"), section("settings"));
        let (devices, schedules) = (section("devices"), section("schedules"));
        let switches = [
            ("introduced", &mut self.introduced),
            ("history", &mut self.history),
            ("exposure", &mut self.exposure),
            ("exposure_warnings", &mut self.exposure_warnings),
        ];
        for (key, known) in switches {
            match file.get(key).map(toml::Value::as_bool) {
                None => {}
                Some(Some(on)) => *known = on,
                Some(None) => refused += 1,
            }
        }
        match file.get("profile").map(toml::Value::as_str) {
            None => {}
            Some(Some(name)) => name.clone_into(&mut self.profile),
            Some(None) => refused += 1,
        }
        for (app, entries) in treatments {
            let Some(entries) = entries.as_table() else {
                refused += 1;
                continue;
            };
            let mut add = |key: &str, value: &toml::Value| {
                add_treatment(&mut self.treatments, app, key, value)
            };
            refused += entries.iter().filter(|(key, value)| add(key, value).is_none()).count();
        }
        for (profile, overlay) in settings {
            let Some(overlay) = overlay.as_table() else {
                refused += 1;
                continue;
            };
            let known = self.overlays.entry(profile.clone()).or_default();
            refused +=
                overlay.iter().filter(|(key, value)| !add_setting(known, key, value)).count();
        }
        for (device, entries) in devices {
            let Some(entries) = entries.as_table() else {
                refused += 1;
                continue;
            };
            let mut add = |key: &str, value: &toml::Value| {
                let value = value_of(value)?;
                self.devices.set(device, key, &value).ok()
            };
            refused += entries.iter().filter(|(key, value)| add(key, value).is_none()).count();
        }
        for (profile, entries) in schedules {
            let row = entries.as_table().and_then(schedule_row);
            if row.is_none_or(|row| self.schedules.set(profile, &row).is_err()) {
                refused += 1;
            }
        }
        refused
    }
}

/// Returns the runtime directory that outlasts a run: inside a Flatpak, the usual one is made anew
/// with every start, and the one below `app` is the same for all of a session.
fn lasting_runtime_dir(runtime: PathBuf, flatpak: Option<&str>) -> PathBuf {
    let shared = flatpak.map(|id| runtime.join("app").join(id)).filter(|dir| dir.is_dir());
    shared.unwrap_or(runtime)
}

/// Reads what was remembered, and says what is wrong with the rest, if anything is.
fn read_state(bytes: &[u8]) -> (Remembered, Option<String>) {
    let text = String::from_utf8_lossy(bytes);
    let mut remembered = Remembered::default();
    match text.parse::<toml::Table>() {
        Ok(table) => {
            if let Some(damage) = migrate::refusal(&table) {
                return (remembered, Some(damage));
            }
            let refused = remembered.add(&table);
            let damage = (refused > 0).then(|| format!("{refused} of its entries make no sense"));
            (remembered, damage)
        }
        Err(error) => {
            // Line by line: one that is whole says the same as before. Together they are read, because what
            // an earlier version said of one application stands in several places.
            let (mut header, mut whole) = (String::new(), toml::Table::new());
            for line in text.lines() {
                if line.trim_start().starts_with('[') {
                    line.clone_into(&mut header);
                } else if let Ok(piece) = format!("{header}\n{line}").parse::<toml::Table>() {
                    merge(&mut whole, piece);
                }
            }
            if let Some(damage) = migrate::refusal(&whole) {
                return (remembered, Some(damage));
            }
            remembered.add(&whole);
            remembered.overlays.retain(|_, overlay| !overlay.is_empty());
            let damage = error.message().trim().to_owned();
            (remembered, Some(format!("it is not valid TOML ({damage})")))
        }
    }
}

/// Adds one key of what was chosen for an application; none when it makes no sense.
fn add_treatment(
    treatments: &mut Treatments,
    app: &str,
    key: &str,
    value: &toml::Value,
) -> Option<bool> {
    let mut choice = treatments.named(app).unwrap_or_default();
    match (key, value_of(value)?) {
        ("treatment", Value::Word(word)) => choice.treatment = word.parse().ok()?,
        ("offset_db", Value::Number(offset_db)) => choice.offset_db = offset_db,
        _ => return None,
    }
    treatments.choose(app, choice).ok()
}

fn treatment_table(choice: TreatmentChoice) -> toml::Table {
    table([
        ("treatment", Value::Word(choice.treatment.to_string())),
        ("offset_db", Value::Number(choice.offset_db)),
    ])
}

/// Reads a schedule, whose parts make sense together only.
fn schedule_row(entries: &toml::Table) -> Option<ScheduleRow> {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let mut row = ScheduleRow::default();
    for (key, value) in entries {
        match key.as_str() {
            "from" => row.from = Some(text(value)?),
            "to" => row.to = Some(text(value)?),
            "days" => row.days = value.as_array()?.iter().map(text).collect::<Option<_>>()?,
            "night_light" => row.night_light = Some(value.as_bool()?),
            _ => return None,
        }
    }
    Some(row)
}

fn schedule_table(schedule: Schedule) -> toml::Table {
    let row = schedule.to_row();
    let text = |key: &str, text: Option<String>| Some((key.to_owned(), text?.into()));
    let days = (!row.days.is_empty()).then(|| ("days".to_owned(), row.days.into()));
    let light = row.night_light.map(|on| ("night_light".to_owned(), on.into()));
    [text("from", row.from), text("to", row.to), days, light].into_iter().flatten().collect()
}

/// Adds a piece of a file; of what is said twice, the first counts.
fn merge(whole: &mut toml::Table, piece: toml::Table) {
    for (key, value) in piece {
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(more)) => merge(known, more),
            (Some(_), _) => {}
            (None, value) => drop(whole.insert(key, value)),
        }
    }
}

/// Adds a changed setting; returns whether it makes sense.
fn add_setting(overlay: &mut Overlay, key: &str, value: &toml::Value) -> bool {
    let Some(value) = value_of(value) else { return false };
    if Settings::default().set(key, &value).is_err() {
        return false;
    }
    overlay.insert(key.to_owned(), value);
    true
}

/// Reads a value of a setting; none of another type.
fn value_of(value: &toml::Value) -> Option<Value> {
    match value {
        toml::Value::Boolean(on) => Some(Value::Switch(*on)),
        toml::Value::Float(number) => Some(Value::Number(*number)),
        toml::Value::Integer(number) => Some(Value::Number(*number as f64)),
        toml::Value::String(word) => Some(Value::Word(word.clone())),
        _ => None,
    }
}

fn table(values: impl IntoIterator<Item = (impl Into<String>, Value)>) -> toml::Table {
    let value = |value| match value {
        Value::Switch(on) => toml::Value::Boolean(on),
        Value::Number(number) => toml::Value::Float(number),
        Value::Word(word) => toml::Value::String(word),
    };
    values.into_iter().map(|(key, known)| (key.into(), value(known))).collect()
}

/// Keeps what the user chose, whatever stands in the file.
fn write(path: &Path, remembered: &Remembered) -> Result<(), StoreError> {
    let header = "# Written by Headroom: use `headroom app`, `set` and `profile use`.\n";
    let text = toml::to_string(&StateFile::of(remembered)).map_err(io::Error::other);
    text.and_then(|text| durable::replace(path, (header.to_owned() + &text).as_bytes()))
        .map_err(|source| StoreError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::JournalEntry;
    use headroom_api::Treatment;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(&dir.path().join("state"), Some(&dir.path().join("run")), None);
        (dir, store)
    }

    fn treatments(entries: &[(&str, Treatment, f64)]) -> Treatments {
        let mut treatments = Treatments::default();
        for (app, treatment, offset_db) in entries {
            let choice = TreatmentChoice { treatment: *treatment, offset_db: *offset_db };
            treatments.choose(app, choice).unwrap();
        }
        treatments
    }

    /// Writes a state file, and reads it.
    fn found_in(text: &str) -> (tempfile::TempDir, Store, Found) {
        let (dir, mut store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        fs::write(store.state_file(), text).unwrap();
        let found = store.load();
        (dir, store, found)
    }

    #[test]
    fn treatments_survive_a_restart_whatever_their_names() {
        let (_dir, mut store) = store();
        let names = ["firefox", "a \"b\" = c", "[treatments]", "ünï", "x.y.z", "#"];
        let all = [Treatment::EvenOut, Treatment::LimitOnly, Treatment::LeaveAlone];
        let entries = names.iter().zip(all.iter().cycle()).zip(0_u32..);
        let entries: Vec<_> =
            entries.map(|((name, it), step)| (*name, *it, f64::from(step) - 2.5)).collect();
        let remembered = Remembered { treatments: treatments(&entries), ..Remembered::default() };
        write(store.state_file(), &remembered).unwrap();
        let found = store.load();
        assert_eq!(found.remembered, remembered);
        assert!(found.damage.is_empty(), "{:?}", found.damage);
    }

    #[test]
    fn everything_that_the_user_chose_survives_a_restart() {
        let (_dir, mut store) = store();
        let mut remembered = Remembered {
            introduced: true,
            history: false,
            exposure: true,
            exposure_warnings: true,
            profile: "my own.one".into(),
            ..Remembered::default()
        };
        for (key, value) in [
            ("profile", Value::Word("night".into())),
            ("maximum-lufs", Value::Number(-33.5)),
            ("guard", Value::Word("hold".into())),
        ] {
            remembered.devices.set("alsa_output.x.y", key, &value).unwrap();
        }
        let times = ScheduleRow {
            from: Some("22:00".into()),
            to: Some("07:00".into()),
            days: vec!["fri".into(), "sat".into()],
            ..ScheduleRow::default()
        };
        let night_light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
        for (profile, row) in [("night", &times), ("my own.one", &night_light)] {
            remembered.schedules.set(profile, row).unwrap();
        }
        remembered.treatments = treatments(&[("mpv", Treatment::Automatic, -3.0)]);
        remembered.overlays.insert(
            "my own.one".into(),
            Overlay::from([
                ("limiter.ceiling_dbtp".into(), Value::Number(-1.5)),
                ("leveller.enabled".into(), Value::Switch(false)),
                ("compressor.makeup_db".into(), Value::Word("auto".into())),
            ]),
        );
        write(store.state_file(), &remembered).unwrap();
        let found = store.load();
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        assert_eq!(found.remembered, remembered);
    }

    #[test]
    fn schedule_that_makes_no_sense_costs_only_itself() {
        let text = "version = 3\n[schedules.night]\nfrom = \"22:00\"\n[schedules.speech]\nfrom = \"9:00\"\n\
                    to = \"17:00\"\n[schedules]\nday = 7\n";
        let (_dir, _store, found) = found_in(text);
        assert!(found.damage[0].1.contains("2 of its entries"), "{}", found.damage[0].1);
        let known: Vec<_> = found.remembered.schedules.iter().map(|(profile, _)| profile).collect();
        assert_eq!(known, ["speech"]);
    }

    #[test]
    fn a_setting_that_is_not_acceptable_costs_only_itself() {
        let (_dir, mut store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        let text =
            "[settings.default]\n\"limiter.ceiling_dbtp\" = 3.0\n\"leveller.enabled\" = false\n";
        fs::write(store.state_file(), text).unwrap();
        let found = store.load();
        assert!(found.damage[0].1.contains("1 of its entries"), "{}", found.damage[0].1);
        assert_eq!(found.remembered.overlays["default"].len(), 1);
    }

    #[test]
    fn earlier_version_is_read_with_its_new_names() {
        let text = "version = 1\n[level]\nmpv = true\n[settings.default]\n\
                    \"agc.max_cut_db\" = 9.0\n\"agc.up_db_per_s\" = 2.0\n";
        let (_dir, mut store, found) = found_in(text);
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        let overlay = &found.remembered.overlays["default"];
        assert_eq!(overlay.get("leveller.max_cut_db"), Some(&Value::Number(9.0)));
        assert_eq!(overlay.len(), 1);
        let expected = treatments(&[("mpv", Treatment::EvenOut, 0.0)]);
        assert_eq!(found.remembered.treatments, expected);
        store.choices_file(&found.remembered).keep(&Changes::default()).unwrap();
        assert!(fs::read_to_string(store.state_file()).unwrap().contains("version = 3"));
        assert_eq!(store.load().remembered, found.remembered);
    }

    #[test]
    fn three_tables_of_the_version_before_become_one() {
        let text = "version = 2\nintroduced = true\nprofile = \"night\"\n\
                    [routes]\nmpv = \"bypass\"\nvlc = \"processed\"\n\
                    [app_volume]\nMPV = true\nspotify = true\n\
                    [apps.Mpv]\noffset_db = -3.0\nchain = false\n[apps.discord]\nstrength = 0.0\n";
        let (_dir, mut store, found) = found_in(text);
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        let expected = treatments(&[
            ("mpv", Treatment::LeaveAlone, -3.0),
            ("vlc", Treatment::EvenOut, 0.0),
            ("spotify", Treatment::EvenOut, 0.0),
            ("discord", Treatment::LimitOnly, 0.0),
        ]);
        assert_eq!(found.remembered.treatments, expected);
        assert_eq!(
            (found.remembered.introduced, found.remembered.profile.as_str()),
            (true, "night")
        );
        store.choices_file(&found.remembered).keep(&Changes::default()).unwrap();
        assert_eq!(store.load().remembered, found.remembered);
    }

    #[test]
    fn later_version_is_set_aside_and_told() {
        let text = "version = 4\n[treatments.mpv]\ntreatment = \"leave-alone\"\n";
        let (_dir, mut store, found) = found_in(text);
        assert_eq!(found.remembered, Remembered::default());
        assert!(found.damage[0].1.contains("later version"), "{}", found.damage[0].1);
        let kept = fs::read_dir(store.state_file().parent().unwrap()).unwrap();
        let kept = kept
            .filter(|entry| fs::read_to_string(entry.as_ref().unwrap().path()).unwrap() == text);
        assert_eq!(kept.count(), 1);
        assert!(store.load().damage.is_empty(), "it was told twice");
    }

    #[test]
    fn only_nonsense_is_lost_of_a_choice() {
        let text = "[treatments.mpv]\ntreatment = \"limit-only\"\noffset_db = -13\nloud = true\n\
                    [treatments.vlc]\ntreatment = \"loud\"\noffset_db = 3\n\
                    [treatments.\"a.b\"]\n\"half a li\ntreatment = \"even-out\"\n";
        let expected = treatments(&[
            ("mpv", Treatment::LimitOnly, 0.0),
            ("vlc", Treatment::Automatic, 3.0),
            ("a.b", Treatment::EvenOut, 0.0),
        ]);
        let (_dir, mut store, found) = found_in(text);
        assert_eq!(found.remembered.treatments, expected);
        assert!(found.damage[0].1.contains("3 entries"), "{}", found.damage[0].1);
        assert!(store.load().damage.is_empty(), "the damage was told twice");
        assert_eq!(store.load().remembered.treatments, expected);
    }

    #[test]
    fn nothing_there_is_not_a_damage() {
        let (_dir, mut store) = store();
        let found = store.load();
        assert!(found.damage.is_empty());
        assert_eq!(found.session, Session::default());
    }

    #[test]
    fn broken_file_is_set_aside_and_its_rest_is_kept() {
        // What was said in two places of one application is one choice all the same.
        let broken = "version = 2\n[routes]\nmpv = \"bypass\"\n\"half a li\nvlc = \"processed\"\n\
                      [apps.mpv]\nchain = false\noffset_db = -6.0\n";
        let (_dir, mut store, found) = found_in(broken);
        let expected =
            treatments(&[("mpv", Treatment::LeaveAlone, -6.0), ("vlc", Treatment::EvenOut, 0.0)]);
        assert_eq!(found.remembered.treatments, expected);
        assert_eq!(found.damage.len(), 1);
        let kept: Vec<_> = fs::read_dir(store.state_file().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("broken"))
            .collect();
        assert_eq!(fs::read_to_string(&kept[0]).unwrap(), broken);
        assert!(store.load().damage.is_empty(), "the damage was told twice");
        assert_eq!(store.load().remembered.treatments, expected);
    }

    #[test]
    fn old_entry_that_makes_no_sense_costs_only_itself() {
        let text = "[routes]\nmpv = \"bypass\"\nvlc = \"loud\"\nfoo = 7\n\
                    [apps]\nbar = 1\n[apps.mpv]\nloud = true\noffset_db = -3\nstrength = 7.0\n";
        let (_dir, _store, found) = found_in(text);
        let expected = treatments(&[("mpv", Treatment::LeaveAlone, -3.0)]);
        assert_eq!(found.remembered.treatments, expected);
        assert!(found.damage[0].1.contains("5 of its entries"), "{}", found.damage[0].1);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_start() {
        let (_dir, mut store) = store();
        fs::create_dir_all(store.state_file().parent().unwrap()).unwrap();
        fs::write(store.state_file(), [0xff, 0x00, 0xfe]).unwrap();
        assert_eq!(store.load().damage.len(), 1);
    }

    #[test]
    fn inside_a_flatpak_the_directory_that_all_runs_share_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().to_owned();
        let id = names::BUS_NAME;
        assert_eq!(lasting_runtime_dir(runtime.clone(), None), runtime);
        assert_eq!(lasting_runtime_dir(runtime.clone(), Some(id)), runtime);
        fs::create_dir_all(runtime.join("app").join(id)).unwrap();
        let shared = lasting_runtime_dir(runtime.clone(), Some(id));
        assert_eq!(shared, runtime.join("app").join(id));
        assert_eq!(lasting_runtime_dir(runtime.clone(), None), runtime);
    }

    #[test]
    fn the_session_is_kept_until_there_is_nothing_to_keep() {
        let (_dir, mut store) = store();
        let session = Session {
            bypass: true,
            bypass_until_msec: Some(8),
            chosen_meanwhile: Some(("2026-11-28 night".into(), "speech".into())),
            targets: vec![JournalEntry { serial: 7, target: "hw".into() }],
            levelled: vec![9],
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
        let store = Store::new(&blocker, None, None);
        let error = write(store.state_file(), &Remembered::default()).unwrap_err();
        assert!(error.to_string().contains("state.toml"), "{error}");
        assert!(store.choices_file(&Remembered::default()).keep(&Changes::default()).is_err());
    }

    #[test]
    fn pipe_in_place_of_a_file_is_told_and_not_waited_for() {
        let (_dir, mut store) = store();
        for path in [store.state_file.clone(), store.session_file.clone().unwrap()] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        }
        let found = store.load();
        assert!(found.damage[0].1.contains("a named pipe"), "{:?}", found.damage);
        assert_eq!(found.session, Session::default());
    }
}
