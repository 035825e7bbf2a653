//! What the mock service says of itself, made up by the test.

use std::collections::{BTreeMap, HashMap};

use headroom_api::{
    BusGauges, By, CatchRow, ChainKind, Dict, Error, Explanation, ExposureRow, Health, HistoryRow,
    OutputRow, ProblemRow, ProfileBy, Reason, Route, ScheduleRow, StreamGauges, Treatment,
    TreatmentRow,
};
use zbus::{OwnedVariant, Variant};

use super::{Profile, Setting};

/// Gauges of the bus, then those of each stream.
pub type Readings = (BusGauges, Vec<(u64, StreamGauges)>);

/// All that the mock service says of itself; what the user's own choices come to is worked out.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that a test turns one by one")]
pub struct World {
    /// Version of the service.
    pub version: String,
    /// What the service is doing.
    pub state: &'static str,
    /// What is wrong.
    pub problems: Vec<ProblemRow>,
    /// Whether everything goes straight to the device.
    pub bypass: bool,
    /// When that ends by itself, in microseconds of the wall clock; 0 without an end.
    pub bypass_until_usec: u64,
    /// When a comparison ends, as above.
    pub compare_until_usec: u64,
    /// Whether the person has been told.
    pub introduced: bool,
    /// Name of the profile in force.
    pub active_profile: String,
    /// Who has decided that.
    pub profile_by: ProfileBy,
    /// When a schedule changes that, in microseconds of the wall clock; 0 while none does.
    pub profile_until_usec: u64,
    /// When profiles are scheduled, by name.
    pub schedules: BTreeMap<String, ScheduleRow>,
    /// What can be activated, by name.
    pub profiles: BTreeMap<String, Profile>,
    /// What is wrong with the files of profiles, but told only when they are read anew.
    pub profile_faults: Vec<ProblemRow>,
    /// Every setting, by its dotted key.
    pub settings: BTreeMap<String, Setting>,
    /// What the user chose for applications, by application.
    pub treatments: BTreeMap<String, TreatmentRow>,
    /// What the user chose for devices, by `node.name`.
    pub device_settings: HashMap<String, Dict>,
    /// Whether exposure is counted.
    pub exposure_enabled: bool,
    /// Whether a full dose and a high level are notified of.
    pub exposure_warnings: bool,
    /// How much sound reached devices.
    pub exposure: Vec<ExposureRow>,
    /// How loud applications play, in LUFS, as far as it is remembered.
    pub learned: BTreeMap<String, f64>,
    /// What plays, by id.
    pub streams: BTreeMap<u64, Stream>,
    /// The device that is played to; none while it is the default row.
    pub output: OutputRow,
    /// Every device in use, the default one first.
    pub outputs: Vec<OutputRow>,
    /// The vital signs.
    pub health: Health,
    /// What gauges show, so many seconds after a subscription began; without it no reading is sent but by
    /// [`Service::send_meters`](super::Service::send_meters).
    pub readings: Option<fn(&Self, f64) -> Readings>,
    /// What changes are refused with that begin like this, as in [`Seen::asked`](super::Seen::asked); the
    /// first that fits counts.
    pub refusals: Vec<(String, Error)>,
    /// Whether changes wait: what is asked for is noted, and neither done nor answered until this is over.
    pub held: bool,
    /// Whether what is caught and played is kept.
    pub history_enabled: bool,
    /// What was caught, the newest first.
    pub catches: Vec<CatchRow>,
    /// What was played, in order of time; steps are not summed up.
    pub played: Vec<HistoryRow>,
    /// Whether nothing is answered; what came meanwhile is answered when this ends.
    pub silent: bool,
}

/// A stream without its id, and without what the user chose for its application.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Name of the application.
    pub app: String,
    /// What it says it is playing.
    pub media: String,
    /// Icon name.
    pub icon: String,
    /// Name of the process's binary.
    pub binary: String,
    /// Its role.
    pub role: String,
    /// Route that the profile gives it.
    pub route: &'static str,
    /// Why.
    pub why: Reason,
    /// node.name of the device that its sound reaches.
    pub device: String,
    /// Whether it plays now.
    pub playing: bool,
    /// Whether the profile has app volume control act on it.
    pub level: bool,
    /// Offset that the profile wants, in dB.
    pub offset_db: f64,
    /// Strength that the profile wants, 0 to 1.
    pub strength: f64,
    /// What a rule of the profile says that it gets.
    pub treatment: Treatment,
    /// Its own volume, in percent as mixers show it; `None` where it has none.
    pub volume_percent: Option<f64>,
    /// Whether it is muted.
    pub muted: bool,
    /// What `Explain` says beyond what the stream itself says, where the test has something to say.
    pub explanation: Option<Explanation>,
}

impl Stream {
    /// Returns a processed stream of an application that plays by a binary of its name.
    pub fn of(app: &str, media: &str) -> Self {
        Self {
            app: app.to_owned(),
            media: media.to_owned(),
            icon: String::new(),
            binary: app.to_lowercase().replace(' ', "-"),
            role: String::new(),
            route: "processed",
            why: Reason {
                by: Some(By::Profile),
                route: Some(Route::Processed),
                ..Reason::default()
            },
            device: String::new(),
            playing: true,
            level: false,
            offset_db: 0.0,
            strength: 1.0,
            treatment: Treatment::Automatic,
            volume_percent: Some(100.0),
            muted: false,
            explanation: None,
        }
    }

    /// Returns whether a choice for `app` is one for this stream.
    pub(super) fn is_of(&self, app: &str) -> bool {
        [&self.app, &self.binary].iter().any(|name| name.eq_ignore_ascii_case(app))
    }
}

impl Default for World {
    /// A service in good health with two profiles and a device, to which nothing plays, and with nothing to set.
    fn default() -> Self {
        let device = OutputRow {
            name: "alsa_output.pci".to_owned(),
            description: "Speakers".to_owned(),
            rate_hz: 48_000,
            channels: 2,
            latency_ms: 1.4375,
            chain: ChainKind::Bus.into(),
            ..OutputRow::default()
        };
        let output = OutputRow {
            quantum_frames: Some(1_024),
            latency_frames: Some(69),
            device_rate_hz: Some(48_000),
            ..device.clone()
        };
        let profiles = [("default", "For every day"), ("night", "For late hours")];
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: "running",
            problems: Vec::new(),
            bypass: false,
            bypass_until_usec: 0,
            compare_until_usec: 0,
            introduced: true,
            active_profile: "default".to_owned(),
            profile_by: ProfileBy::User,
            profile_until_usec: 0,
            schedules: BTreeMap::new(),
            profiles: profiles.map(|(name, line)| (name.to_owned(), Profile::of(line))).into(),
            profile_faults: Vec::new(),
            settings: BTreeMap::new(),
            treatments: BTreeMap::new(),
            device_settings: HashMap::new(),
            exposure_enabled: false,
            exposure_warnings: false,
            exposure: Vec::new(),
            learned: BTreeMap::new(),
            streams: BTreeMap::new(),
            output,
            outputs: vec![device],
            health: health(),
            readings: None,
            refusals: Vec::new(),
            held: false,
            history_enabled: true,
            catches: Vec::new(),
            played: Vec::new(),
            silent: false,
        }
    }
}

fn health() -> Health {
    Health {
        uptime_s: 3_725.5,
        pipewire_version: "1.4.2".to_owned(),
        wireplumber_version: "0.5.8".to_owned(),
        cycles: 174_000,
        unready_cycles: 1,
        worst_cycle_us: 212.4,
        busy_us: 9_800_000.0,
        frames: 178_176_000,
        realtime: Some(true),
        deployment: "service/user/default".to_owned(),
        supervisor: "systemd".to_owned(),
        watchdog: Some(true),
        responding: Some(true),
        ..Health::default()
    }
}

/// Returns a value as it goes over the bus.
///
/// # Panics
/// When it holds a file descriptor that cannot be had twice.
pub fn value<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
    value.into().try_into_owned().expect("no value holds a file descriptor")
}

/// Returns a dictionary of the bus.
pub fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries.into_iter().map(|(key, entry)| (key.to_owned(), value(entry))).collect()
}
