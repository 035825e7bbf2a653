//! Everything the bus shows, at one moment.

use std::{collections::HashMap, path::Path, time::Duration};

use headroom_api::{Dict, Gains, ProblemRow, Route, ServiceState};
use headroom_dsp::AppMeters;
use headroom_profile::{APP_SETTINGS, AppChoice, Settings, Value};

use super::outputs::DeviceInUse;
use super::wire::{DictBuilder, level_db as finite_db};
use crate::{
    data_thread::DataThread,
    rt::{Vitals, VitalsSnapshot},
    state::{Authority, ChainInUse, Graph, SessionManager, StreamStatus},
    supervision::Supervision,
};

/// What the properties show; two of them are compared to find what has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// `State`.
    pub state: ServiceState,
    /// `Problems`.
    pub problems: Vec<ProblemRow>,
    /// `Bypass`.
    pub bypass: bool,
    /// `Introduced`.
    pub introduced: bool,
    /// `ActiveProfile`.
    pub active_profile: String,
    /// `Profiles`.
    pub profiles: HashMap<String, String>,
    /// What `GetSetting` and `ListSettings` tell of.
    pub settings: Settings,
    /// `Routes`.
    pub routes: HashMap<String, String>,
    /// `LevelControl`.
    pub levels: HashMap<String, bool>,
    /// `AppSettings`.
    pub apps: HashMap<String, AppChoice>,
    /// `Streams`.
    pub streams: Vec<StreamStatus>,
    /// `Output`; `None` without a device.
    pub output: Option<Output>,
    /// `Outputs`.
    pub outputs: Vec<DeviceInUse>,
}

/// The device that is played to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// `node.name`.
    pub name: String,
    /// What a person calls it.
    pub description: String,
    /// Rate of the graph, in Hz; 0 before anything was played.
    pub rate_hz: u32,
    /// Length of a cycle, in frames; 0 before anything was played.
    pub quantum_frames: u32,
    /// Number of channels.
    pub channels: u32,
    /// Delay of the chain, in frames.
    pub latency_frames: u32,
    /// The device's own rate, in Hz; 0 while unknown.
    pub device_rate_hz: u32,
}

impl Output {
    /// Describes the default device, if there is one.
    pub fn read(graph: &Graph, vitals: VitalsSnapshot) -> Option<Self> {
        let (id, node) = graph.default_device()?;
        let prop = |keys: &[&str]| keys.iter().find_map(|key| node.props.get(*key));
        let name = prop(&["node.name"])?.clone();
        let pair = graph.pair.as_ref();
        Some(Self {
            description: prop(&["node.description", "node.nick"]).unwrap_or(&name).clone(),
            name,
            rate_hz: pair.map_or(0, |pair| pair.rate_hz),
            quantum_frames: vitals.quantum_frames,
            channels: u32::try_from(graph.input_ports(id)).unwrap_or(u32::MAX),
            latency_frames: pair
                .and_then(|pair| pair.latency_frames)
                .map_or(0, |frames| u32::try_from(frames).unwrap_or(u32::MAX)),
            device_rate_hz: prop(&["audio.rate"]).and_then(|rate| rate.parse().ok()).unwrap_or(0),
        })
    }

    /// Returns the delay of the chain, in ms.
    pub fn latency_ms(&self) -> f64 {
        match self.rate_hz {
            0 => 0.0,
            rate => f64::from(self.latency_frames) * 1000.0 / f64::from(rate),
        }
    }

    pub(super) fn dict(&self) -> Dict {
        DictBuilder::default()
            .with("name", self.name.as_str())
            .with("description", self.description.as_str())
            .with("rate", self.rate_hz)
            .with("quantum", self.quantum_frames)
            .with("channels", self.channels)
            .with("latency-ms", self.latency_ms())
            .with("latency-frames", self.latency_frames)
            .with("device-rate", self.device_rate_hz)
            .build()
    }
}

/// Returns a stream as `Streams` and the stream signals show it.
pub(super) fn stream_dict(stream: &StreamStatus) -> Dict {
    DictBuilder::default()
        .with("id", stream.id)
        .with("app", stream.identity.app.as_str())
        .with("media", stream.identity.media.as_str())
        .with("icon", stream.identity.icon.as_str())
        .with("binary", stream.identity.binary.as_str())
        .with("role", stream.identity.role.as_str())
        .with("channels", stream.channels)
        .with("rate", stream.rate_hz)
        .with("route", stream.route.as_str())
        .with("reason", stream.reason.as_str())
        .with("chain", stream.chain.as_str())
        .with("device", stream.device.as_str())
        .with("playing", stream.playing)
        .with("level", stream.has_app_volume())
        .with("offset-db", stream.decision.app.offset_db)
        .with("strength", stream.decision.app.strength)
        .with("own-chain", stream.decision.app.chain)
        .build()
}

/// Returns what the user wants of an application's own chain, as `AppSettings` shows it.
pub(super) fn choice_dict(choice: AppChoice) -> Dict {
    choice
        .iter()
        .fold(DictBuilder::default(), |dict, (key, value)| match value {
            Value::Switch(on) => dict.with(key, on),
            Value::Number(number) => dict.with(key, number),
            Value::Word(word) => dict.with(key, word),
        })
        .build()
}

/// Returns, for each of [`APP_SETTINGS`], where the value in force comes from.
fn app_sources(stream: &StreamStatus) -> HashMap<&'static str, String> {
    let source = |by: &Option<Authority>| match by {
        Some(Authority::User { app }) => format!("the user's choice for '{app}'"),
        Some(Authority::Rule { origin } | Authority::Profile { origin }) => {
            format!("a rule of the profile ({origin})")
        }
        None => "the default".to_owned(),
    };
    let keys = APP_SETTINGS.iter().map(|info| info.key);
    keys.zip(stream.decision.app_by.iter().map(source)).collect()
}

/// What is known of how loud a stream is, besides the stream itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamLoudness {
    /// Gain of app volume control, in dB, zero or less.
    pub level_db: f32,
    /// Gain of the stream's own volume, in dB, once it is known.
    pub volume_db: Option<f32>,
    /// Whether the leveller that works on it knows that volume; `None` without a leveller.
    pub volume_known: Option<bool>,
    /// What is remembered of its application's programme, in LUFS.
    pub remembered_lufs: Option<f32>,
    /// What its application's own chain does, where it plays through one.
    pub app: Option<AppMeters>,
    /// What the bus does, while somebody reads its meters.
    pub bus: Option<Gains>,
}

/// Returns what `Explain` says of a stream.
pub fn explain(
    stream: &StreamStatus,
    state_file: &Path,
    since_usec: u64,
    loudness: StreamLoudness,
) -> Dict {
    let decision = &stream.decision;
    let route = decision.route;
    let (rule, file, line) = match &decision.by {
        Authority::User { app } => {
            (format!("the user's route: '{app}' is {route}"), state_file.display().to_string(), 0)
        }
        Authority::Rule { origin } => {
            (format!("a rule of the profile: {route}"), origin.file.clone(), origin.line)
        }
        Authority::Profile { origin } => {
            let rule = match route {
                Route::Processed => "the profile's default: what no rule names is processed",
                Route::Bypass => "the profile's default: what no rule names is bypassed",
            };
            (rule.to_owned(), origin.file.clone(), origin.line)
        }
    };
    let matched: HashMap<String, String> =
        decision.matched.iter().map(|(key, _, value)| (key.clone(), value.clone())).collect();
    let patterns: HashMap<String, String> =
        decision.matched.iter().map(|(key, pattern, _)| (key.clone(), pattern.clone())).collect();
    let told = DictBuilder::default()
        .with("stream", stream.id)
        .with("app", stream.identity.app.as_str())
        .with("route", stream.route.as_str())
        .with("reason", stream.reason.as_str())
        .with("rule", rule)
        .with("file", file)
        .with("line", u32::try_from(line).unwrap_or(0))
        .with("matched", matched)
        .with("patterns", patterns)
        .with("level", stream.has_app_volume())
        .with("level-reason", stream.level_reason.as_str())
        .with("level-db", f64::from(loudness.level_db))
        .with("since-usec", since_usec)
        .with("offset-db", decision.app.offset_db)
        .with("strength", decision.app.strength)
        .with("own-chain", decision.app.chain)
        .with("app-settings-from", app_sources(stream))
        .with("chain", stream.chain.as_str())
        .with("device", stream.device.as_str());
    let numbers =
        [("volume-db", loudness.volume_db), ("remembered-lufs", loudness.remembered_lufs)];
    let told = numbers.into_iter().fold(told, |told, (key, value)| match value {
        Some(value) => told.with(key, finite_db(value)),
        None => told,
    });
    let told = match loudness.volume_known {
        Some(known) => told.with("volume-known", known),
        None => told,
    };
    let own = Gains {
        total_db: finite_db(loudness.app.map_or(0.0, |app| app.gain_db))
            + f64::from(loudness.level_db),
        app_volume_db: f64::from(loudness.level_db),
        ..loudness.app.map_or_else(Gains::default, gains)
    };
    let passes_bus = matches!(stream.chain, ChainInUse::App(_) | ChainInUse::Bus);
    let done =
        own.then(loudness.bus.filter(|_| passes_bus && stream.playing).unwrap_or_default()).done();
    let told = told.with("doing", done.doing.as_str()).with("doing-db", done.gain_db);
    let Some(app) = loudness.app else { return told.build() };
    told.with("loudness-in-lufs", finite_db(app.loudness_in_lufs))
        .with("gain-db", finite_db(app.gain_db))
        .with("leveller-db", finite_db(app.leveller_db))
        .with("surge-db", finite_db(app.surge_db))
        .with("compressor-db", finite_db(app.compressor_db))
        .with("loudness-out-lufs", finite_db(app.loudness_out_lufs))
        .build()
}

fn gains(app: AppMeters) -> Gains {
    Gains {
        leveller_db: finite_db(app.leveller_db),
        surge_db: finite_db(app.surge_db),
        compressor_db: finite_db(app.compressor_db),
        ..Gains::default()
    }
}

/// How the service itself stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Since it started.
    pub uptime: Duration,
    /// Who started it and watches it.
    pub supervision: &'a Supervision,
    /// Unclean ends that count now.
    pub failures: u32,
    /// Cycles that were late or left out for want of a processor.
    pub starved_cycles: u64,
    /// Whether the loop thread has just answered.
    pub responding: bool,
}

/// Returns what `Health` says.
pub fn health(graph: &Graph, vitals: &Vitals, standing: &Standing<'_>) -> Dict {
    let devices = vitals.device_snapshot();
    let (vitals, apps) = (vitals.snapshot(), vitals.app_snapshot());
    let session_manager = match graph.session_manager() {
        SessionManager::Absent => String::new(),
        SessionManager::TooOld { version }
        | SessionManager::Starting { version }
        | SessionManager::Ready { version } => version,
    };
    DictBuilder::default()
        .with("uptime-s", standing.uptime.as_secs_f64())
        .with("pipewire-version", graph.pipewire_version.clone().unwrap_or_default())
        .with("wireplumber-version", session_manager)
        .with("cycles", vitals.cycles)
        .with("late-cycles", vitals.late_cycles)
        .with("unready-cycles", vitals.unready_cycles)
        .with("worst-cycle-us", vitals.worst_ns as f64 / 1000.0)
        .with("busy-us", vitals.busy_ns as f64 / 1000.0)
        .with("frames", vitals.frames)
        .with("graph-us", vitals.graph_ns as f64 / 1000.0)
        .with("app-cycles", apps.cycles)
        .with("app-frames", apps.frames)
        .with("app-busy-us", apps.busy_ns as f64 / 1000.0)
        .with("app-late-cycles", apps.late_cycles)
        .with("app-unready-cycles", apps.unready_cycles)
        .with("clamp-activations", vitals.clamp_activations + devices.clamp_activations)
        .with("realtime", DataThread::find().and_then(|t| t.is_realtime()) == Some(true))
        .with("starved-cycles", standing.starved_cycles)
        .with("failures", standing.failures)
        .with("responding", standing.responding)
        .with("deployment", standing.supervision.deployment.to_string())
        .with("supervisor", standing.supervision.supervisor.as_str())
        .with("watchdog", standing.supervision.watchdog.is_some())
        .build()
}
