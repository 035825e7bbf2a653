//! Everything that the service shows of itself, read once.

use std::collections::{BTreeMap, HashMap};

use headroom_api::{
    ControlProxy, Dict, OutputRow, ProblemRow, ProfileBy, Row, StreamRow, TreatmentRow, Word,
};

use crate::{Error, Told, link::call, settings::Settings};

/// Everything that the service shows of itself, but its gauges.
#[derive(Debug)]
pub struct Snapshot {
    /// Of the service.
    pub version: String,
    /// Of the interface.
    pub api_version: u32,
    /// Its `State`.
    pub state: String,
    /// What is the matter.
    pub problems: Vec<Told<ProblemRow>>,
    /// Everything goes straight to the device.
    pub bypass: bool,
    /// When that ends by itself, in microseconds of `CLOCK_REALTIME`; 0 without such an end.
    pub bypass_until_usec: u64,
    /// Name of the profile in force.
    pub active_profile: String,
    /// Who has decided that it is.
    pub profile_by: Word<ProfileBy>,
    /// When a schedule changes that by the clock, in microseconds of `CLOCK_REALTIME`; 0 while none does.
    pub profile_until_usec: u64,
    /// Every profile with its description.
    pub profiles: HashMap<String, String>,
    /// Every setting.
    pub settings: Settings,
    /// What the user chose for applications.
    pub treatments: BTreeMap<String, TreatmentRow>,
    /// Streams that play, by id.
    pub streams: Vec<Told<StreamRow>>,
    /// The default device.
    pub output: Told<OutputRow>,
    /// Every device in use, the default one first.
    pub outputs: Vec<Told<OutputRow>>,
}

impl Snapshot {
    /// Reads the properties of the service; streams come sorted by id.
    ///
    /// # Errors
    /// When it refuses or does not answer.
    pub async fn read(control: &ControlProxy<'_>) -> Result<Self, Error> {
        let settings = Settings::read(control).await?;
        Ok(Self {
            version: call(control.version()).await?,
            api_version: call(control.api_version()).await?,
            state: call(control.state()).await?,
            problems: told(call(control.problems()).await?),
            bypass: call(control.bypass()).await?,
            // A service before this property knows no such end.
            bypass_until_usec: call(control.bypass_until()).await.unwrap_or(0),
            active_profile: call(control.active_profile()).await?,
            // A service before these properties knows no schedules.
            profile_by: Word::of(&call(control.profile_by()).await.unwrap_or_default()),
            profile_until_usec: call(control.profile_until()).await.unwrap_or(0),
            profiles: call(control.profiles()).await?,
            settings,
            treatments: treatments(control).await?,
            streams: streams(control).await?,
            output: call(control.output()).await?.into(),
            // A service before this property protects the default device alone.
            outputs: told(call(control.outputs()).await.unwrap_or_default()),
        })
    }

    /// Returns the keys of the settings that were changed on top of the profile.
    pub fn changed_settings(&self) -> Vec<String> {
        self.settings.changed().map(|setting| setting.key.clone()).collect()
    }
}

/// Returns what the user chose for applications, by application.
///
/// # Errors
/// When the service refuses or does not answer.
pub async fn treatments(
    control: &ControlProxy<'_>,
) -> Result<BTreeMap<String, TreatmentRow>, Error> {
    let rows = call(control.treatments()).await?;
    Ok(rows.into_iter().map(|(app, row)| (app, TreatmentRow::from_dict(&row))).collect())
}

/// Returns every stream, by id.
///
/// # Errors
/// When the service refuses or does not answer.
pub async fn streams(control: &ControlProxy<'_>) -> Result<Vec<Told<StreamRow>>, Error> {
    let mut streams: Vec<Told<StreamRow>> = told(call(control.streams()).await?);
    streams.sort_by_key(|stream| stream.id);
    Ok(streams)
}

fn told<T: Row>(rows: Vec<Dict>) -> Vec<Told<T>> {
    rows.into_iter().map(Told::from).collect()
}

/// Returns what a state means, for a person.
pub fn state_text(state: &str) -> String {
    let meaning = match state {
        "running" => "processed streams are protected",
        "bypassed" => "everything goes straight to the device, as you asked",
        "waiting" => "PipeWire, its session manager or a device is away; sound is not processed",
        "sidelined" => {
            "another program's effects take what plays past Headroom; nothing of it is protected"
        }
        "safe-mode" => {
            "bypassed after repeated failures; `headroom bypass off` brings protection back"
        }
        _ => "unknown to this version; do not count on protection",
    };
    format!("{state}: {meaning}")
}

/// Returns the output in one line.
pub fn output_text(output: &OutputRow) -> String {
    if output.shown().is_empty() {
        return "none".to_owned();
    }
    let mut parts = vec![output.shown().to_owned()];
    let known = |count: u32| (count > 0).then_some(count);
    parts.extend(known(output.rate_hz).map(|rate| format!("{rate} Hz")));
    parts.extend(known(output.channels).map(|channels| format!("{channels} channels")));
    let quantum = output.quantum_frames.and_then(known);
    parts.extend(quantum.map(|quantum| format!("quantum {quantum}")));
    // Zero before anything was played: the graph's rate is not known yet.
    if output.latency_ms > 0.0 {
        parts.push(format!("adds {:.2} ms", output.latency_ms));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_without_a_device_is_none() {
        assert_eq!(output_text(&OutputRow::default()), "none");
    }

    #[test]
    fn an_output_is_told_with_what_is_known_of_it() {
        let output = OutputRow {
            name: "alsa_output.x".to_owned(),
            rate_hz: 48_000,
            quantum_frames: Some(0),
            latency_ms: 1.4375,
            ..OutputRow::default()
        };
        assert_eq!(output_text(&output), "alsa_output.x, 48000 Hz, adds 1.44 ms");
    }

    #[test]
    fn an_unknown_state_is_shown_and_not_trusted() {
        assert!(state_text("dancing").starts_with("dancing: unknown"));
    }
}
