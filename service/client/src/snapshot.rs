//! Everything that the service shows of itself, read once.

use std::collections::HashMap;

use headroom_api::{ControlProxy, Dict, ProblemRow, dict_f64, dict_str, dict_u32, dict_u64};

use crate::{Error, link::call, settings::Settings};

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
    pub problems: Vec<ProblemRow>,
    /// Everything goes straight to the device.
    pub bypass: bool,
    /// Name of the profile in force.
    pub active_profile: String,
    /// Every profile with its description.
    pub profiles: HashMap<String, String>,
    /// Keys of the settings that were changed on top of the profile.
    pub changed_settings: Vec<String>,
    /// Every setting.
    pub settings: Settings,
    /// The user's own routes.
    pub routes: HashMap<String, String>,
    /// The user's own choices of app volume control.
    pub level_control: HashMap<String, bool>,
    /// Streams that play, by id.
    pub streams: Vec<Dict>,
    /// The default device.
    pub output: Dict,
    /// Every device in use, the default one first.
    pub outputs: Vec<Dict>,
}

impl Snapshot {
    /// Reads the properties of the service; streams come sorted by id.
    ///
    /// # Errors
    /// When it refuses or does not answer.
    pub async fn read(control: &ControlProxy<'_>) -> Result<Self, Error> {
        let settings = Settings::read(control).await?;
        let mut streams = call(control.streams()).await?;
        streams.sort_by_key(|stream| dict_u64(stream, "id"));
        Ok(Self {
            version: call(control.version()).await?,
            api_version: call(control.api_version()).await?,
            state: call(control.state()).await?,
            problems: call(control.problems()).await?,
            bypass: call(control.bypass()).await?,
            active_profile: call(control.active_profile()).await?,
            profiles: call(control.profiles()).await?,
            changed_settings: settings.changed().map(|setting| setting.key.clone()).collect(),
            settings,
            routes: call(control.routes()).await?,
            level_control: call(control.level_control()).await?,
            streams,
            output: call(control.output()).await?,
            // A service before this property protects the default device alone.
            outputs: call(control.outputs()).await.unwrap_or_default(),
        })
    }
}

/// Returns whether a problem is about profiles.
pub fn is_of_profiles((code, _, _): &ProblemRow) -> bool {
    code.starts_with("profile-")
}

/// Returns what a state means, for a person.
pub fn state_text(state: &str) -> String {
    let meaning = match state {
        "running" => "processed streams are protected",
        "bypassed" => "everything goes straight to the device, as you asked",
        "waiting" => "PipeWire, its session manager or a device is away; sound is not processed",
        "safe-mode" => {
            "bypassed after repeated failures; `headroom bypass off` brings protection back"
        }
        _ => "unknown to this version; do not count on protection",
    };
    format!("{state}: {meaning}")
}

/// Returns the output in one line.
pub fn output_text(output: &Dict) -> String {
    let name = dict_str(output, "description")
        .filter(|text| !text.is_empty())
        .or_else(|| dict_str(output, "name"))
        .filter(|text| !text.is_empty());
    let Some(name) = name else { return "none".to_owned() };
    let mut parts = vec![name.to_owned()];
    if let Some(rate) = dict_u32(output, "rate").filter(|rate| *rate > 0) {
        parts.push(format!("{rate} Hz"));
    }
    if let Some(channels) = dict_u32(output, "channels").filter(|channels| *channels > 0) {
        parts.push(format!("{channels} channels"));
    }
    if let Some(quantum) = dict_u32(output, "quantum").filter(|quantum| *quantum > 0) {
        parts.push(format!("quantum {quantum}"));
    }
    // Zero before anything was played: the graph's rate is not known yet.
    if let Some(latency_ms) = dict_f64(output, "latency-ms").filter(|ms| *ms > 0.0) {
        parts.push(format!("adds {latency_ms:.2} ms"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use zbus::{OwnedVariant, Variant};

    use super::*;

    fn owned(value: Variant<'_>) -> OwnedVariant {
        value.try_into_owned().unwrap()
    }

    #[test]
    fn an_output_without_a_device_is_none() {
        assert_eq!(output_text(&Dict::new()), "none");
        let empty = Dict::from([("name".to_owned(), owned(Variant::new("")))]);
        assert_eq!(output_text(&empty), "none");
    }

    #[test]
    fn an_output_is_told_with_what_is_known_of_it() {
        let output = Dict::from([
            ("name".to_owned(), owned(Variant::new("alsa_output.x"))),
            ("rate".to_owned(), owned(Variant::new(48_000_u32))),
            ("quantum".to_owned(), owned(Variant::new(0_u32))),
            ("latency-ms".to_owned(), owned(Variant::new(1.4375))),
        ]);
        assert_eq!(output_text(&output), "alsa_output.x, 48000 Hz, adds 1.44 ms");
    }

    #[test]
    fn an_unknown_state_is_shown_and_not_trusted() {
        assert!(state_text("dancing").starts_with("dancing: unknown"));
    }
}
