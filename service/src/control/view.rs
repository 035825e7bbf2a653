//! Everything the bus shows, at one moment.

use std::{collections::HashMap, path::Path, time::Duration};

use headroom_api::{
    ChainGauges, Chains, Devices, Explanation, ExplanationRow, Gains, Health, OutputRow, Problem,
    ProfileBy, Route, ServiceState, Sources, StreamRow, TreatmentRow, quoted,
};
use headroom_dsp::ChainMeters;
use headroom_profile::{APP_SETTINGS, Settings};

use super::wire::level_db as finite_db;
use crate::{
    data_thread::DataThread,
    rt::Vitals,
    schedules::Schedules,
    state::{Authority, DeviceSettings, Graph, SessionManager, StreamStatus, TreatmentChoice},
    supervision::Supervision,
};

/// What the properties show; two of them are compared to find what has changed.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct View {
    /// `State`.
    pub state: ServiceState,
    /// `Problems`.
    pub problems: Vec<Problem>,
    /// `Bypass`.
    pub bypass: bool,
    /// `BypassUntil`.
    pub bypass_until_usec: u64,
    /// `CompareUntil`.
    pub compare_until_usec: u64,
    /// `Introduced`.
    pub introduced: bool,
    /// `HistoryEnabled`.
    pub history_enabled: bool,
    /// `ExposureEnabled`.
    pub exposure_enabled: bool,
    /// `ExposureWarnings`.
    pub exposure_warnings: bool,
    /// `ActiveProfile`.
    pub active_profile: String,
    /// `ProfileBy`.
    pub profile_by: ProfileBy,
    /// `ProfileUntil`.
    pub profile_until_usec: u64,
    /// `Schedules`.
    pub schedules: Schedules,
    /// `Chains`.
    pub chains: Chains,
    /// `Devices`.
    pub devices: Devices,
    /// `Profiles`.
    pub profiles: HashMap<String, String>,
    /// What `GetSetting` and `ListSettings` tell of.
    pub settings: Settings,
    /// `Treatments`.
    pub treatments: HashMap<String, TreatmentChoice>,
    /// `DeviceSettings`.
    pub device_settings: DeviceSettings,
    /// `Streams`.
    pub streams: Vec<StreamStatus>,
    /// `Output`; `None` without a device.
    pub output: Option<OutputRow>,
    /// `Outputs`.
    pub outputs: Vec<OutputRow>,
}

/// Returns a stream as `Streams` and the stream signals show it.
pub(super) fn stream_row(stream: &StreamStatus) -> StreamRow {
    let (identity, app) = (&stream.identity, &stream.decision.app);
    StreamRow {
        id: stream.id,
        app: identity.app.clone(),
        media: identity.media.clone(),
        icon: identity.icon.clone(),
        binary: identity.binary.clone(),
        role: identity.role.clone(),
        channels: stream.channels,
        rate_hz: stream.rate_hz,
        route: stream.route.into(),
        reason: stream.reason.to_string(),
        why: Some(stream.reason.clone()),
        chain: stream.chain_kind().into(),
        device: stream.device.clone(),
        playing: stream.playing,
        level: stream.has_app_volume(),
        offset_db: app.offset_db,
        strength: app.strength,
        treatment: app.treatment.into(),
        volume_percent: stream.volume.map(|volume| volume.percent),
        muted: stream.volume.map(|volume| volume.muted),
    }
}

/// Returns what the user chose for an application, as `Treatments` shows it.
pub(super) fn treatment_row(choice: TreatmentChoice) -> TreatmentRow {
    TreatmentRow { treatment: choice.treatment.into(), offset_db: choice.offset_db }
}

/// Returns, for those of [`APP_SETTINGS`] that somebody has decided, who has.
fn app_sources(stream: &StreamStatus) -> Sources {
    let keys = APP_SETTINGS.iter().map(|info| info.key.to_owned());
    let decided = keys.zip(&stream.decision.app_by);
    decided.filter_map(|(key, by)| Some((key, by.as_ref()?.into()))).collect()
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
    /// Gain of its device's volume above 100 %, in dB, if there is any.
    pub device_gain_db: Option<f32>,
    /// What is remembered of its application's programme, in LUFS.
    pub remembered_lufs: Option<f32>,
    /// What its application's own chain does, where it plays through one.
    pub app: Option<ChainMeters>,
    /// What the last chain before its device does: another device's all, the bus its guard, and while somebody reads its
    /// meters the rest.
    pub last: Gains,
}

/// Returns what `Explain` says of a stream.
pub fn explain(
    stream: &StreamStatus,
    (profile, profile_by): (&str, ProfileBy),
    state_file: &Path,
    since_usec: u64,
    loudness: StreamLoudness,
) -> Explanation {
    let decision = &stream.decision;
    let treatment = decision.app.treatment;
    let (rule, file, line) = match &decision.by {
        Authority::User { app } => (
            format!("the user's choice for {}: {treatment}", quoted(app)),
            state_file.display().to_string(),
            0,
        ),
        Authority::Rule { origin } => {
            (format!("a rule of the profile: {treatment}"), origin.file.clone(), origin.line)
        }
        Authority::Profile { origin } => {
            let rule = match decision.route {
                Route::Processed => "the profile's default: what no rule names is processed",
                Route::Bypass => "the profile's default: what no rule names is bypassed",
            };
            (rule.to_owned(), origin.file.clone(), origin.line)
        }
    };
    let matched = |(key, _, value): &(String, String, String)| (key.clone(), value.clone());
    let pattern = |(key, pattern, _): &(String, String, String)| (key.clone(), pattern.clone());
    let own = Gains {
        total_db: finite_db(loudness.app.map_or(0.0, |app| app.gain_db))
            + f64::from(loudness.level_db),
        app_volume_db: f64::from(loudness.level_db),
        ..loudness.app.map_or_else(Gains::default, gains)
    };
    let last = if stream.is_in_a_chain() { loudness.last } else { Gains::default() };
    let done = own.then(last).done();
    let more = ExplanationRow {
        profile: profile.to_owned(),
        profile_by: profile_by.into(),
        rule,
        file,
        line: u32::try_from(line).unwrap_or(0),
        matched: decision.matched.iter().map(matched).collect(),
        patterns: decision.matched.iter().map(pattern).collect(),
        level_reason: stream.level_reason.to_string(),
        level_why: Some(stream.level_reason.clone()),
        level_db: f64::from(loudness.level_db),
        since_usec,
        app_settings_by: app_sources(stream),
        volume_db: loudness.volume_db.map(finite_db),
        volume_known: loudness.volume_known,
        device_gain_db: loudness.device_gain_db.map(finite_db),
        remembered_lufs: loudness.remembered_lufs.map(finite_db),
        doing: done.doing.into(),
        doing_db: done.gain_db,
    };
    let gauges = loudness.app.map(|app| ChainGauges {
        loudness_in_lufs: finite_db(app.loudness_in_lufs),
        gain_db: finite_db(app.gain_db),
        leveller_db: finite_db(app.leveller_db),
        surge_db: finite_db(app.surge_db),
        compressor_db: finite_db(app.compressor_db),
        loudness_out_lufs: finite_db(app.loudness_out_lufs),
    });
    Explanation { stream: stream_row(stream), more, gauges }
}

fn gains(app: ChainMeters) -> Gains {
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
pub fn health(graph: &Graph, vitals: &Vitals, standing: &Standing<'_>) -> Health {
    let devices = vitals.device_snapshot();
    let (vitals, apps) = (vitals.snapshot(), vitals.app_snapshot());
    let session_manager = match graph.session_manager() {
        SessionManager::Absent => String::new(),
        SessionManager::TooOld { version }
        | SessionManager::Starting { version }
        | SessionManager::Ready { version } => version,
    };
    let us = |ns: u64| ns as f64 / 1000.0;
    Health {
        uptime_s: standing.uptime.as_secs_f64(),
        pipewire_version: graph.pipewire_version.clone().unwrap_or_default(),
        wireplumber_version: session_manager,
        cycles: vitals.cycles,
        late_cycles: vitals.late_cycles,
        unready_cycles: vitals.unready_cycles,
        worst_cycle_us: us(vitals.worst_ns),
        busy_us: us(vitals.busy_ns),
        frames: vitals.frames,
        graph_us: us(vitals.graph_ns),
        app_cycles: apps.cycles,
        app_frames: apps.frames,
        app_busy_us: us(apps.busy_ns),
        app_late_cycles: apps.late_cycles,
        app_unready_cycles: apps.unready_cycles,
        clamp_activations: vitals.clamp_activations + devices.clamp_activations,
        realtime: Some(DataThread::find().and_then(|t| t.is_realtime()) == Some(true)),
        starved_cycles: standing.starved_cycles,
        failures: standing.failures,
        responding: Some(standing.responding),
        deployment: standing.supervision.deployment.to_string(),
        supervisor: standing.supervision.supervisor.as_str().to_owned(),
        watchdog: Some(standing.supervision.watchdog.is_some()),
    }
}
