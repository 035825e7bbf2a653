//! The report that a person can paste into a bug: one Markdown text, redacted.
//!
//! Pure. Everything stands in fenced blocks, so that nothing in it is taken for markup.

use std::fmt::Write as _;

use headroom_api::{Dict, ProblemRow};
use serde_json::Value;

use super::{
    check::{Check, Level},
    facts::{graph::Named, journal::Line},
    redact::{Kind, Person, Redactor, is_program_name},
};
use headroom_client::json::dict_json;

/// Everything that goes into a report, as it was found.
#[derive(Debug, Default)]
pub(super) struct Material {
    pub(super) person: Person,
    /// Names and titles in the graph.
    pub(super) names: Vec<Named>,
    pub(super) versions: Vec<(&'static str, String)>,
    pub(super) checks: Vec<Check>,
    pub(super) health: Dict,
    pub(super) output: Dict,
    pub(super) streams: Vec<Dict>,
    pub(super) active_profile: String,
    /// Names of all profiles, with whether each is shipped.
    pub(super) profiles: Vec<(String, bool)>,
    /// Changed settings: key, value, the profile's value.
    pub(super) settings: Vec<[String; 3]>,
    pub(super) problems: Vec<ProblemRow>,
    /// `None` without a journal.
    pub(super) journal: Option<Vec<Line>>,
}

/// Composes the report.
pub(super) fn compose(material: &Material) -> String {
    let mut redactor = Redactor::new(material.person.clone());
    learn(&mut redactor, material);
    let sections = [
        ("Versions", versions(&mut redactor, material)),
        ("Checks", checks(&mut redactor, &material.checks)),
        ("Health", dict(&mut redactor, &material.health)),
        ("Output", output(&mut redactor, &material.output)),
        ("Streams", streams(&mut redactor, &material.streams)),
        ("Profiles", profiles(&mut redactor, material)),
        ("Settings that differ from the profile", settings(&mut redactor, &material.settings)),
        ("Problems", problems(&mut redactor, &material.problems)),
        ("Journal", journal(&mut redactor, material.journal.as_deref())),
    ];
    let mut report = format!("# Headroom report\n\n{}", preface(&redactor));
    for (title, lines) in sections {
        let text = if lines.is_empty() { "none".to_owned() } else { lines.join("\n") };
        let fence = fence(&text);
        let _ = write!(report, "\n## {title}\n\n{fence}text\n{text}\n{fence}\n");
    }
    report
}

/// Learns every name first, so that it is hidden also where it stands in a sentence.
fn learn(redactor: &mut Redactor, material: &Material) {
    let text =
        |dict: &Dict, key: &str| headroom_api::dict_str(dict, key).unwrap_or_default().to_owned();
    let device = [text(&material.output, "name"), text(&material.output, "description")];
    let device: Vec<String> = device.into_iter().filter(|name| !name.is_empty()).collect();
    redactor.know_all(Kind::Device, &device);
    for stream in &material.streams {
        learn_one(redactor, Kind::Title, &text(stream, "media"));
        for key in ["app", "binary"] {
            learn_application(redactor, &text(stream, key));
        }
    }
    for named in &material.names {
        match named {
            Named::Device(names) => redactor.know_all(Kind::Device, names),
            Named::Application(name) => learn_application(redactor, name),
            Named::Media(title) => learn_one(redactor, Kind::Title, title),
        }
    }
    for (name, is_shipped) in &material.profiles {
        if !is_shipped {
            redactor.word(Kind::Profile, name);
        }
    }
}

fn learn_one(redactor: &mut Redactor, kind: Kind, value: &str) {
    if !value.trim().is_empty() {
        redactor.know(kind, value);
    }
}

fn learn_application(redactor: &mut Redactor, name: &str) {
    if !is_program_name(name) {
        learn_one(redactor, Kind::Application, name);
    }
}

fn preface(redactor: &Redactor) -> String {
    let hidden: Vec<String> = redactor
        .counts()
        .into_iter()
        .map(|(kind, count)| format!("{} ({count})", kind.plural()))
        .collect();
    let what =
        if hidden.is_empty() { "nothing was found to hide".to_owned() } else { hidden.join(", ") };
    format!(
        "Redacted: {what}. The same placeholder stands for the same value throughout.\n\
         Made by `headroom doctor --report`, which sends nothing anywhere. Read it once before you paste it.\n"
    )
}

fn versions(redactor: &mut Redactor, material: &Material) -> Vec<String> {
    material
        .versions
        .iter()
        .map(|(name, value)| format!("{name}: {}", redactor.text(value)))
        .collect()
}

fn checks(redactor: &mut Redactor, checks: &[Check]) -> Vec<String> {
    let mut lines = Vec::new();
    for check in checks {
        let found = redactor.text(&check.found);
        lines.push(format!("{:<4} {}: {found}", check.level.as_str(), check.name));
        if check.level != Level::Ok && !check.advice.is_empty() {
            lines.push(format!("     to do: {}", redactor.text(&check.advice)));
        }
    }
    lines
}

/// Returns a dictionary line by line, sorted; text in it is redacted as a sentence is.
fn dict(redactor: &mut Redactor, dict: &Dict) -> Vec<String> {
    entries(dict).into_iter().map(|(key, value)| entry(redactor, &key, &value)).collect()
}

fn entries(dict: &Dict) -> Vec<(String, Value)> {
    match dict_json(dict) {
        Value::Object(entries) => entries.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn entry(redactor: &mut Redactor, key: &str, value: &Value) -> String {
    let value = match value {
        Value::String(text) => redactor.text(text),
        other => redactor.text(&other.to_string()),
    };
    format!("{}: {value}", redactor.text(key))
}

fn output(redactor: &mut Redactor, output: &Dict) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, value) in entries(output) {
        match (key.as_str(), value.as_str()) {
            ("name", Some(name)) => {
                lines.push(format!("kind: {}", device_kind(name)));
                lines.push(format!("name: {}", redactor.hide(Kind::Device, name)));
            }
            ("description", Some(text)) => {
                lines.push(format!("description: {}", redactor.hide(Kind::Device, text)));
            }
            // A text that this version does not know could say anything.
            (_, Some(text)) => {
                lines.push(format!("{}: {}", redactor.text(&key), redactor.word(Kind::Text, text)));
            }
            _ => lines.push(entry(redactor, &key, &value)),
        }
    }
    lines
}

/// Says how a device is connected, by the name that PipeWire gave it.
fn device_kind(name: &str) -> &'static str {
    let begins = |prefix: &str| name.starts_with(prefix);
    match () {
        () if name.is_empty() => "none",
        () if begins("alsa_output.usb-") => "ALSA, USB",
        () if begins("alsa_output.pci-") => "ALSA, PCI",
        () if begins("alsa_output.platform-") => "ALSA, platform",
        () if begins("alsa_output.") => "ALSA",
        () if begins("bluez_output.") => "Bluetooth",
        () => "other",
    }
}

fn streams(redactor: &mut Redactor, streams: &[Dict]) -> Vec<String> {
    let mut lines = Vec::new();
    for stream in streams {
        let mut parts = Vec::new();
        for (key, value) in entries(stream) {
            let shown = match (key.as_str(), value.as_str()) {
                (_, Some("")) | ("icon", _) => continue,
                ("media", Some(title)) => redactor.hide(Kind::Title, title),
                ("app" | "binary", Some(name)) if is_program_name(name) => redactor.text(name),
                ("app" | "binary", Some(name)) => redactor.hide(Kind::Application, name),
                ("reason" | "role", Some(text)) => redactor.text(text),
                (_, Some(text)) => redactor.word(Kind::Text, text),
                (_, None) => redactor.text(&value.to_string()),
            };
            parts.push(format!("{}: {shown}", redactor.text(&key)));
        }
        lines.push(format!("- {}", parts.join("; ")));
    }
    lines
}

fn profiles(redactor: &mut Redactor, material: &Material) -> Vec<String> {
    let mut shown = |name: &str, is_shipped: bool| {
        if is_shipped { name.to_owned() } else { redactor.word(Kind::Profile, name) }
    };
    let is_shipped =
        |name: &str| material.profiles.iter().any(|(known, shipped)| known == name && *shipped);
    let mut lines = Vec::new();
    if !material.active_profile.is_empty() {
        let active = &material.active_profile;
        lines.push(format!("active: {}", shown(active, is_shipped(active))));
    }
    for (title, wanted) in [("shipped", true), ("own", false)] {
        let names: Vec<String> = material
            .profiles
            .iter()
            .filter(|(_, shipped)| *shipped == wanted)
            .map(|(name, shipped)| shown(name, *shipped))
            .collect();
        if !names.is_empty() {
            lines.push(format!("{title}: {}", names.join(", ")));
        }
    }
    lines
}

fn settings(redactor: &mut Redactor, settings: &[[String; 3]]) -> Vec<String> {
    settings
        .iter()
        .map(|[key, value, default]| {
            redactor.text(&format!("{key}: {value} (the profile has {default})"))
        })
        .collect()
}

fn problems(redactor: &mut Redactor, problems: &[ProblemRow]) -> Vec<String> {
    problems
        .iter()
        .map(|(code, subject, sentence)| {
            let subject = match subject.as_str() {
                "" => String::new(),
                path if path.starts_with('/') => redactor.text(path),
                name if is_program_name(name) => redactor.text(name),
                other => redactor.hide(Kind::Text, other),
            };
            let subject = if subject.is_empty() { subject } else { format!(" [{subject}]") };
            format!("- {}{subject}: {}", redactor.text(code), redactor.text(sentence))
        })
        .collect()
}

/// Returns the journal with the seconds before its last entry.
fn journal(redactor: &mut Redactor, journal: Option<&[Line]>) -> Vec<String> {
    let Some(journal) = journal else {
        return vec!["There is no journal, or it cannot be read.".to_owned()];
    };
    let last = journal.last().map_or(0, |line| line.usec);
    journal
        .iter()
        .map(|line| {
            let seconds = last.saturating_sub(line.usec) as f64 / 1e6;
            format!("-{seconds:.3} s  {}", redactor.text(&line.message))
        })
        .collect()
}

/// Returns a fence that nothing in the text can end.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests;
