//! The report that a person can paste into a bug: one Markdown text, redacted.
//!
//! Pure. Everything stands in fenced blocks, so that nothing in it is taken for markup.

use std::fmt::Write as _;

use headroom_api::{
    Blocked, By, Dict, Health, Held, OutputRow, Problem, ProblemRow, Reason, StreamRow, Word,
};
use headroom_client::Told;
use serde_json::Value;

use super::{
    check::{Check, Severity},
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
    pub(super) health: Told<Health>,
    pub(super) output: Told<OutputRow>,
    pub(super) streams: Vec<Told<StreamRow>>,
    pub(super) active_profile: String,
    /// Names of all profiles, with whether each is shipped.
    pub(super) profiles: Vec<(String, bool)>,
    /// Changed settings: key, value, the profile's value.
    pub(super) settings: Vec<[String; 3]>,
    pub(super) problems: Vec<Told<ProblemRow>>,
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
        ("Health", dict(&mut redactor, &material.health.dict)),
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
    let OutputRow { name, description, .. } = &material.output.row;
    let device = [name.clone(), description.clone()];
    let device: Vec<String> = device.into_iter().filter(|name| !name.is_empty()).collect();
    redactor.know_all(Kind::Device, &device);
    for stream in &material.streams {
        learn_one(redactor, Kind::Title, &stream.media);
        for name in [&stream.app, &stream.binary] {
            learn_application(redactor, name);
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
        lines.push(format!("{:<4} {}: {found}", check.severity.as_str(), check.name));
        if check.severity != Severity::Ok && !check.advice.is_empty() {
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

fn output(redactor: &mut Redactor, output: &Told<OutputRow>) -> Vec<String> {
    if output.dict.is_empty() {
        return Vec::new();
    }
    let row = &output.row;
    let mut lines = vec![
        format!("kind: {}", device_kind(&row.name)),
        format!("name: {}", redactor.hide(Kind::Device, &row.name)),
        format!("description: {}", redactor.hide(Kind::Device, &row.description)),
        format!("chain: {}", word(redactor, &row.chain)),
    ];
    lines.extend(figures(redactor, &output.dict));
    lines
}

/// Returns what is no text, line by line: a text that this version does not know could say anything.
fn figures(redactor: &mut Redactor, told: &Dict) -> Vec<String> {
    let figures = entries(told)
        .into_iter()
        .filter(|(_, value)| !(value.is_string() || value.is_object() || value.is_array()));
    figures.map(|(key, value)| entry(redactor, &key, &value)).collect()
}

/// Returns a word of an enumeration; one that is not known could say anything.
fn word<T: Copy + AsRef<str>>(redactor: &mut Redactor, word: &Word<T>) -> String {
    match word.known() {
        Some(known) => known.as_ref().to_owned(),
        None => redactor.word(Kind::Text, word.as_str()),
    }
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

fn streams(redactor: &mut Redactor, streams: &[Told<StreamRow>]) -> Vec<String> {
    let mut lines = Vec::new();
    for stream in streams {
        let mut parts = Vec::new();
        let texts = [
            ("app", application(redactor, &stream.app)),
            ("binary", application(redactor, &stream.binary)),
            ("media", redactor.hide(Kind::Title, &stream.media)),
            ("role", redactor.text(&stream.role)),
            ("device", redactor.hide(Kind::Device, &stream.device)),
            ("route", word(redactor, &stream.route)),
            ("chain", word(redactor, &stream.chain)),
            ("reason", reason(redactor, &stream.row)),
        ];
        let told = texts.into_iter().filter(|(_, text)| !text.is_empty());
        parts.extend(told.map(|(key, text)| format!("{key}: {text}")));
        parts.extend(figures(redactor, &stream.dict));
        lines.push(format!("- {}", parts.join("; ")));
    }
    lines
}

/// Returns the name of an application, unless it says who its user is.
fn application(redactor: &mut Redactor, name: &str) -> String {
    if is_program_name(name) { redactor.text(name) } else { redactor.hide(Kind::Application, name) }
}

/// Returns the name of a profile, hidden where it is a person's own.
fn profile(redactor: &mut Redactor, name: &str, is_shipped: bool) -> String {
    if is_shipped { name.to_owned() } else { redactor.word(Kind::Profile, name) }
}

/// Returns why a stream has its route: the service's sentence, with placeholders for its arguments.
fn reason(redactor: &mut Redactor, stream: &StreamRow) -> String {
    let Some(why) = stream.why.clone() else { return redactor.text(&stream.reason) };
    let by = why.by.map(|by| match by {
        By::User { app } => By::User { app: application(redactor, &app) },
        By::Rule { profile: name, line, shipped } => {
            By::Rule { profile: profile(redactor, &name, shipped), line, shipped }
        }
        By::Profile => By::Profile,
    });
    let held = why.held.map(|held| match held {
        Held::Pinned { device, blocked } => Held::Pinned {
            device: device.map(|device| redactor.hide(Kind::Device, &device)),
            blocked: blocked.map(|it| blocked_by(redactor, it)),
        },
        Held::DeviceTail { device, blocked } => Held::DeviceTail {
            device: device.map(|device| redactor.hide(Kind::Device, &device)),
            blocked: blocked.map(|it| blocked_by(redactor, it)),
        },
        Held::Remembered { device, absent, node } => {
            let device = device.map(|device| redactor.hide(Kind::Device, &device));
            Held::Remembered { device, absent, node }
        }
        Held::OtherEffects { program } => {
            Held::OtherEffects { program: application(redactor, &program) }
        }
        other => other,
    });
    let device = why.device.map(|device| redactor.hide(Kind::Device, &device));
    Reason { by, held, device, ..why }.to_string()
}

fn blocked_by(redactor: &mut Redactor, blocked: Blocked) -> Blocked {
    match blocked {
        Blocked::Bypassed { app } => Blocked::Bypassed { app: application(redactor, &app) },
        other => other,
    }
}

fn profiles(redactor: &mut Redactor, material: &Material) -> Vec<String> {
    let mut shown = |name: &str, is_shipped: bool| profile(redactor, name, is_shipped);
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

fn problems(redactor: &mut Redactor, problems: &[Told<ProblemRow>]) -> Vec<String> {
    let line = |told: &Told<ProblemRow>| {
        if let Some(known) = told.known.clone() {
            let problem = hidden(redactor, known);
            return format!("- {}: {problem}", problem.code());
        }
        let ProblemRow { code, subject, text, .. } = &told.row;
        let subject = redactor.hide(Kind::Text, subject);
        let subject = if subject.is_empty() { subject } else { format!(" [{subject}]") };
        format!("- {}{subject}: {}", redactor.text(code), redactor.text(text))
    };
    problems.iter().map(line).collect()
}

/// Returns a problem with placeholders for what is a person's own.
fn hidden(redactor: &mut Redactor, problem: Problem) -> Problem {
    match problem {
        Problem::PipewireAway { error } => {
            Problem::PipewireAway { error: error.map(|error| redactor.text(&error)) }
        }
        Problem::SessionManagerTooOld { version } => {
            Problem::SessionManagerTooOld { version: redactor.text(&version) }
        }
        Problem::FilterFailed { error } => Problem::FilterFailed { error: redactor.text(&error) },
        Problem::DeviceUnprotected { node, device, blocked } => Problem::DeviceUnprotected {
            node: redactor.hide(Kind::Device, &node),
            device: redactor.hide(Kind::Device, &device),
            blocked: blocked_by(redactor, blocked),
        },
        Problem::DeviceAmplified { node, device, percent, held } => Problem::DeviceAmplified {
            node: redactor.hide(Kind::Device, &node),
            device: redactor.hide(Kind::Device, &device),
            percent,
            held,
        },
        Problem::SumClips { node, device } => Problem::SumClips {
            node: redactor.hide(Kind::Device, &node),
            device: redactor.hide(Kind::Device, &device),
        },
        Problem::OtherEffects { program, apps, count } => {
            let apps = apps.iter().map(|app| application(redactor, app)).collect();
            Problem::OtherEffects { program, apps, count }
        }
        Problem::KeptQuiet { apps, count } => {
            let apps = apps.iter().map(|app| application(redactor, app)).collect();
            Problem::KeptQuiet { apps, count }
        }
        Problem::StalePins { program, apps, count } => {
            let apps = apps.iter().map(|app| application(redactor, app)).collect();
            Problem::StalePins { program, apps, count }
        }
        Problem::ChainsFull { apps, count, chain_limit, file_limit } => {
            let apps = apps.iter().map(|app| application(redactor, app)).collect();
            Problem::ChainsFull { apps, count, chain_limit, file_limit }
        }
        Problem::ProfileBroken { file, error } => {
            Problem::ProfileBroken { file: redactor.text(&file), error: redactor.text(&error) }
        }
        Problem::ProfileMissing { profile, in_force } => Problem::ProfileMissing {
            profile: redactor.word(Kind::Profile, &profile),
            in_force: redactor.text(&in_force),
        },
        Problem::StateFileDamaged { file, error } => {
            Problem::StateFileDamaged { file: redactor.text(&file), error: redactor.text(&error) }
        }
        Problem::SessionNotSaved { file, error } => {
            Problem::SessionNotSaved { file: redactor.text(&file), error: redactor.text(&error) }
        }
        known @ (Problem::NoSessionManager
        | Problem::SafeMode { .. }
        | Problem::Starved
        | Problem::RealtimePriority
        | Problem::SandboxSocket { .. }
        | Problem::NotResponding) => known,
    }
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
