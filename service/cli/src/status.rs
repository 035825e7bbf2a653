//! `headroom status`: the whole state, once.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use headroom_api::{ControlProxy, Dict, Done, ProblemRow, dict_f64, dict_str, dict_u32, dict_u64};
use serde_json::{Value, json};

use crate::{
    args::JsonArgs,
    failure::Failure,
    link::{call, control},
    output::{BAD, Cell, FAINT, GOOD, HEADING, NOTE, Printer, dict_json, print_json},
    settings::{Settings, count_text},
    streams::{self, Gauges},
};

/// What somebody reads who was not told yet what Headroom does to the system.
const HINT: &str =
    "New here? `headroom welcome` says what Headroom does to your system, and how to take it back.";

/// Everything that the service shows of itself.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) version: String,
    pub(crate) api_version: u32,
    pub(crate) state: String,
    pub(crate) problems: Vec<ProblemRow>,
    bypass: bool,
    pub(crate) active_profile: String,
    pub(crate) profiles: HashMap<String, String>,
    pub(crate) changed_settings: Vec<String>,
    pub(crate) settings: Settings,
    routes: HashMap<String, String>,
    level_control: HashMap<String, bool>,
    pub(crate) streams: Vec<Dict>,
    gauges: Gauges,
    pub(crate) output: Dict,
    /// Every device in use, the default one first.
    outputs: Vec<Dict>,
}

impl Snapshot {
    /// Reads the properties of the service; streams come sorted by id.
    pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        let settings = Settings::read(control).await?;
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
            streams: streams::read(control).await?,
            gauges: Gauges::read(control).await?,
            output: call(control.output()).await?,
            // A service before this property protects the default device alone.
            outputs: call(control.outputs()).await.unwrap_or_default(),
        })
    }

    fn json(&self) -> Value {
        json!({
            "version": self.version,
            "api-version": self.api_version,
            "state": self.state,
            "problems": problems_json(&self.problems),
            "bypass": self.bypass,
            "active-profile": self.active_profile,
            "changed-settings": self.changed_settings,
            "routes": self.routes,
            "level-control": self.level_control,
            "streams": self.streams.iter().map(|stream| self.stream_json(stream)).collect::<Value>(),
            "output": dict_json(&self.output),
            "outputs": self.outputs.iter().map(dict_json).collect::<Value>(),
        })
    }

    fn stream_json(&self, stream: &Dict) -> Value {
        let mut entry = dict_json(stream);
        streams::add_done(&mut entry, self.gauges.done(stream));
        entry
    }

    fn print(&self, printer: &mut Printer) {
        let style = match self.state.as_str() {
            "running" => GOOD,
            "bypassed" => NOTE,
            _ => BAD,
        };
        let mut rows = vec![
            vec![
                Cell::new("State").styled(HEADING),
                Cell::sentence(state_text(&self.state)).styled(style),
            ],
            vec![Cell::new("Profile").styled(HEADING), Cell::sentence(self.profile_text())],
            vec![Cell::new("Output").styled(HEADING), Cell::sentence(output_text(&self.output))],
        ];
        let default = dict_str(&self.output, "name");
        for other in self.outputs.iter().filter(|output| dict_str(output, "name") != default) {
            rows.push(vec![Cell::new("Also").styled(HEADING), Cell::sentence(other_text(other))]);
        }
        rows.push(vec![Cell::new("Version").styled(HEADING), Cell::new(&self.version)]);
        printer.table(&[], &rows);
        for (_, _, sentence) in &self.problems {
            printer.styled_line(format!("Problem: {sentence}"), BAD);
        }
        printer.line("");
        if self.streams.is_empty() {
            printer.styled_line("Nothing is playing.", FAINT);
            return;
        }
        let rows: Vec<_> = self
            .streams
            .iter()
            .map(|stream| stream_row(stream, self.gauges.done(stream)))
            .collect();
        printer.table(&["ID", "APPLICATION", "ROUTE", "NOW", "FORMAT", "MEDIA", "WHY"], &rows);
    }

    fn profile_text(&self) -> String {
        match self.changed_settings.len() {
            0 => self.active_profile.clone(),
            count => format!("{}, {}", self.active_profile, count_text(count)),
        }
    }
}

/// Prints the state of the service.
pub(crate) async fn run(args: &JsonArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let snapshot = Snapshot::read(&control).await?;
    if args.json {
        print_json(&snapshot.json())?;
    } else {
        let mut printer = Printer::new();
        snapshot.print(&mut printer);
        // For a person at a terminal; a program that reads the text is not to find more in it.
        if io::stdout().is_terminal()
            && call(control.introduced()).await.is_ok_and(|introduced| !introduced)
        {
            printer.line("");
            printer.styled_line(HINT, NOTE);
        }
        printer.finish()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns problems as JSON objects.
pub(crate) fn problems_json(problems: &[ProblemRow]) -> Value {
    problems
        .iter()
        .map(|(code, subject, sentence)| json!({"code": code, "subject": subject, "sentence": sentence}))
        .collect()
}

/// Returns what a state means, for a person.
pub(crate) fn state_text(state: &str) -> String {
    let meaning = match state {
        "running" => "processed streams are protected",
        "bypassed" => "everything goes straight to the device, as you asked",
        "waiting" => "PipeWire or its session manager is away; sound is not processed",
        "safe-mode" => {
            "bypassed after repeated failures; `headroom bypass off` brings protection back"
        }
        _ => "unknown to this version; do not count on protection",
    };
    format!("{state}: {meaning}")
}

/// Returns the output in one line.
pub(crate) fn output_text(output: &Dict) -> String {
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

/// Returns a device that is not the default one in one line.
fn other_text(output: &Dict) -> String {
    let protected = dict_str(output, "chain") == Some("device");
    let word = if protected { "protected" } else { "not protected" };
    format!("{}, {word}", output_text(output))
}

fn stream_row(stream: &Dict, done: Option<Done>) -> Vec<Cell> {
    let text = |key| dict_str(stream, key).unwrap_or_default();
    let route = text("route");
    let style = match route {
        "processed" => GOOD,
        "bypass" => NOTE,
        _ => FAINT,
    };
    let id = dict_u64(stream, "id").map(|id| id.to_string()).unwrap_or_default();
    vec![
        Cell::new(id).right(),
        Cell::new(text("app")),
        Cell::new(route).styled(style),
        Cell::sentence(streams::done_text(done)),
        Cell::new(format_text(stream)),
        Cell::new(text("media")),
        Cell::sentence(text("reason")).styled(FAINT),
    ]
}

fn format_text(stream: &Dict) -> String {
    match (dict_u32(stream, "channels"), dict_u32(stream, "rate")) {
        (Some(channels @ 1..), Some(rate @ 1..)) => format!("{channels} ch, {rate} Hz"),
        (Some(channels @ 1..), _) => format!("{channels} ch"),
        _ => "-".to_owned(),
    }
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

    #[test]
    fn a_stream_without_a_format_has_a_dash() {
        assert_eq!(format_text(&Dict::new()), "-");
    }
}
