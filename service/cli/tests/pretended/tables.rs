//! The tables that the pretended service answers with.

use std::collections::HashMap;

use headroom_api::{Dict, ProblemRow};
use zbus::Variant;

pub(super) const PROFILES: [(&str, &str); 3] =
    [("broken", "For tests"), ("default", "For every day"), ("night", "For late hours")];

const TOO_OLD: (&str, &str, &str) =
    ("wireplumber-too-old", "WirePlumber 0.4.17", "WirePlumber is too old.");
const BROKEN: (&str, &str, &str) = (
    "profile-broken",
    "/config/loud.toml",
    "loud.toml, line 3: 'agc.loud' is unknown. The last good version stays in force.",
);
const SAFE_MODE: (&str, &str, &str) =
    ("safe-mode", "", "The service ended uncleanly three times within 60 s.");

fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.try_into_owned().unwrap()))
        .collect()
}

/// A stream, with the user's own route for it if there is one.
pub(super) fn stream(id: u64, app: &str, own_route: Option<&str>) -> Dict {
    let reason =
        if own_route.is_some() { "you set it" } else { "the profile processes everything" };
    dict([
        ("id", Variant::new(id)),
        ("app", Variant::new(app)),
        ("media", Variant::new("Evil\u{1b}[2J 東京 song")),
        ("icon", Variant::new("")),
        ("binary", Variant::new("fox-bin")),
        ("role", Variant::new("Music")),
        ("channels", Variant::new(2_u32)),
        ("rate", Variant::new(48_000_u32)),
        ("route", Variant::new(own_route.unwrap_or("processed"))),
        ("reason", Variant::new(reason)),
        ("level", Variant::new(id == 7)),
        ("chain", Variant::new(if id == 7 { "app" } else { "bus" })),
        ("offset-db", Variant::new(if id == 7 { -3.0 } else { 0.0 })),
        ("strength", Variant::new(1.0)),
        ("own-chain", Variant::new(id == 7)),
    ])
}

/// Why a stream has its route.
pub(super) fn explained(stream: u64) -> Dict {
    let sources =
        [("offset_db", "the user's choice for 'firefox'"), ("strength", "a rule (x.toml:3)")];
    let sources = sources.map(|(key, from)| (key.to_owned(), from.to_owned()));
    let sources = HashMap::from(sources);
    let named = |text: &str| HashMap::from([("application.name".to_owned(), text.to_owned())]);
    dict([
        ("stream", Variant::new(stream)),
        ("app", Variant::new("Firefox")),
        ("route", Variant::new("processed")),
        ("reason", Variant::new("you set it")),
        ("rule", Variant::new("your route for 'firefox'")),
        ("file", Variant::new("/state/routes.toml")),
        ("line", Variant::new(12_u32)),
        ("level", Variant::new(true)),
        ("level-reason", Variant::new("the profile asks for it")),
        ("matched", Variant::new(named("Fire\u{7}fox"))),
        ("patterns", Variant::new(named("fire*"))),
        ("level-db", Variant::new(-3.25)),
        ("since-usec", Variant::new(1_u64)),
        ("chain", Variant::new("app")),
        ("offset-db", Variant::new(-3.0)),
        ("strength", Variant::new(0.5)),
        ("own-chain", Variant::new(true)),
        ("app-settings-from", Variant::new(sources)),
        ("loudness-in-lufs", Variant::new(-9.04)),
        ("agc-gain-db", Variant::new(-11.5)),
        ("compressor-db", Variant::new(-0.5)),
        ("loudness-out-lufs", Variant::new(-21.04)),
    ])
}

/// Vital signs, good ones or bad ones.
pub(super) fn health(ill: bool) -> Dict {
    dict([
        ("uptime-s", Variant::new(12.5)),
        ("pipewire-version", Variant::new("1.4.2")),
        ("wireplumber-version", Variant::new(if ill { "0.4.17" } else { "0.5.8" })),
        ("cycles", Variant::new(1000_u64)),
        ("late-cycles", Variant::new(if ill { 500_u64 } else { 0 })),
        ("clamp-activations", Variant::new(if ill { 3_u64 } else { 0 })),
        ("worst-cycle-us", Variant::new(210.0)),
        ("realtime", Variant::new(!ill)),
        ("deployment", Variant::new("service/user/default")),
        ("supervisor", Variant::new("systemd")),
        ("watchdog", Variant::new(true)),
        ("responding", Variant::new(true)),
        ("failures", Variant::new(0_u32)),
        ("starved-cycles", Variant::new(0_u64)),
    ])
}

/// The device that is played to; an ill service has none.
pub(super) fn output(ill: bool) -> Dict {
    dict([
        ("name", Variant::new(if ill { "" } else { "alsa_output.pci" })),
        ("description", Variant::new(if ill { "" } else { "Speakers" })),
        ("rate", Variant::new(48_000_u32)),
        ("quantum", Variant::new(1024_u32)),
        ("channels", Variant::new(2_u32)),
        ("latency-ms", Variant::new(1.4375)),
        ("latency-frames", Variant::new(69_u32)),
        ("device-rate", Variant::new(if ill { 44_100_u32 } else { 48_000 })),
    ])
}

/// What is wrong.
pub(super) fn problems(is_too_old: bool, is_broken: bool, in_safe_mode: bool) -> Vec<ProblemRow> {
    [(is_too_old, TOO_OLD), (is_broken, BROKEN), (in_safe_mode, SAFE_MODE)]
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, (code, subject, text))| (code.to_owned(), subject.to_owned(), text.to_owned()))
        .collect()
}
