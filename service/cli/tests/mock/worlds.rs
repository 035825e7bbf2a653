//! What the mock service is like: well, or with one or another trouble.

use std::collections::{BTreeMap, HashMap};

use headroom_api::{Dict, Error, ProblemRow};
use headroom_testkit::mock::{Profile, Readings, Setting, Stream, World, dict, gauge_table, value};
use zbus::Variant;

/// As it should be: Firefox plays through a chain of its own, and another through the bus alone.
pub(crate) fn healthy() -> World {
    let firefox = Stream {
        level: true,
        offset_db: -3.0,
        own_chain: true,
        explanation: explained(),
        ..stream("Firefox")
    };
    let profiles =
        [("broken", "For tests"), ("default", "For every day"), ("night", "For late hours")];
    let full = "the route could not be saved: the disk is full";
    World {
        profiles: profiles.map(|(name, line)| (name.to_owned(), Profile::of(line))).into(),
        settings: settings(),
        streams: BTreeMap::from([(9, stream("Other")), (7, firefox)]),
        readings: Some(readings),
        refusals: vec![("SetRoute Other ".to_owned(), Error::Failed(full.to_owned()))],
        ..World::default()
    }
}

/// With a profile of the user's that it cannot read.
pub(crate) fn with_a_broken_profile() -> World {
    World { problems: vec![broken()], profile_faults: vec![broken()], ..healthy() }
}

/// Everything that `doctor` can complain about.
pub(crate) fn ill() -> World {
    let too_old = problem("wireplumber-too-old", "WirePlumber 0.4.17", "WirePlumber is too old.");
    let mut world = World {
        state: "waiting",
        problems: vec![too_old, broken()],
        outputs: Vec::new(),
        ..healthy()
    };
    world.output.extend(dict([
        ("name", Variant::new("")),
        ("description", Variant::new("")),
        ("device-rate", Variant::new(44_100_u32)),
    ]));
    world.health.extend(dict([
        ("wireplumber-version", Variant::new("0.4.17")),
        ("cycles", Variant::new(1_000_u64)),
        ("late-cycles", Variant::new(500_u64)),
        ("clamp-activations", Variant::new(3_u64)),
        ("realtime", Variant::new(false)),
    ]));
    world
}

/// For somebody who was not told yet what it does.
pub(crate) fn new() -> World {
    World { introduced: false, ..healthy() }
}

/// Out of the way after repeated failures.
pub(crate) fn in_safe_mode() -> World {
    let sentence = "The service ended uncleanly three times within 60 s.";
    let problems = vec![problem("safe-mode", "", sentence)];
    World { state: "safe-mode", bypass: true, problems, ..healthy() }
}

/// Takes every call and never answers.
pub(crate) fn wedged() -> World {
    World { silent: true, ..healthy() }
}

/// What is wrong with a profile that cannot be read.
pub(crate) fn broken() -> ProblemRow {
    let sentence =
        "loud.toml, line 3: 'leveller.loud' is unknown. The last good version stays in force.";
    problem("profile-broken", "/config/loud.toml", sentence)
}

/// A stream that plays through the bus alone.
pub(crate) fn stream(app: &str) -> Stream {
    Stream {
        binary: "fox-bin".to_owned(),
        role: "Music".to_owned(),
        reason: "the profile processes everything".to_owned(),
        own_chain: false,
        ..Stream::of(app, "Evil\u{1b}[2J 東京 song")
    }
}

fn problem(code: &str, subject: &str, sentence: &str) -> ProblemRow {
    (code.to_owned(), subject.to_owned(), sentence.to_owned())
}

/// One setting of each kind.
fn settings() -> BTreeMap<String, Setting> {
    let settings = [
        ("compressor.detector", Setting::of("rms").one_of(&["peak", "rms"])),
        ("compressor.enabled", Setting::of(true)),
        ("compressor.makeup_db", Setting::of("auto").within(-12.0, 24.0, "dB").one_of(&["auto"])),
        ("compressor.ratio", Setting::of(2.0).within(1.0, 20.0, "")),
        ("limiter.ceiling_dbtp", Setting::of(-0.1).within(-12.0, -0.1, "dBTP")),
    ];
    settings.map(|(key, setting)| (key.to_owned(), setting)).into()
}

/// Why Firefox has its route, and what becomes of its sound.
fn explained() -> Dict {
    let table = |entries: &[(&str, &str)]| {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        value(entries.iter().map(owned).collect::<HashMap<String, String>>()).into()
    };
    let sources =
        [("offset_db", "the user's choice for 'firefox'"), ("strength", "a rule (x.toml:3)")];
    dict([
        ("reason", Variant::new("you set it")),
        ("rule", Variant::new("your route for 'firefox'")),
        ("file", Variant::new("/state/routes.toml")),
        ("line", Variant::new(12_u32)),
        ("level-reason", Variant::new("the profile asks for it")),
        ("matched", table(&[("application.name", "Fire\u{7}fox")])),
        ("patterns", table(&[("application.name", "fire*")])),
        ("level-db", Variant::new(-3.25)),
        ("strength", Variant::new(0.5)),
        ("app-settings-from", table(&sources)),
        ("loudness-in-lufs", Variant::new(-9.04)),
        ("gain-db", Variant::new(-12.0)),
        ("leveller-db", Variant::new(-11.5)),
        ("surge-db", Variant::new(0.0)),
        ("doing", Variant::new("leveller")),
        ("doing-db", Variant::new(-12.0)),
        ("compressor-db", Variant::new(-0.5)),
        ("loudness-out-lufs", Variant::new(-21.04)),
    ])
}

/// The same at every reading, whatever plays.
fn readings(_: &World, _: f64) -> Readings {
    let bus = gauge_table(&[
        ("input-peak-dbfs", 2.4),
        ("true-peak-dbtp", -0.53),
        ("true-peak-max-dbtp", -0.51),
        ("gain-db", -6.1),
        ("leveller-db", 0.0),
        ("surge-db", 0.0),
        ("compressor-db", 0.0),
        ("cap-db", -1.3),
        ("limiter-soft-db", -0.6),
        ("limiter-hard-db", -4.2),
        ("momentary-lufs", -14.2),
        ("short-term-lufs", -15.3),
        ("integrated-lufs", -16.4),
    ]);
    let firefox = gauge_table(&[
        ("level-db", -3.25),
        ("peak-dbfs", -3.1),
        ("rms-dbfs", -12.5),
        ("loudness-in-lufs", -9.04),
        ("gain-db", -12.0),
        ("leveller-db", -11.5),
        ("surge-db", 0.0),
        ("compressor-db", -0.5),
        ("loudness-out-lufs", -21.04),
    ]);
    let other = gauge_table(&[("level-db", 0.0), ("peak-dbfs", -120.0), ("rms-dbfs", -120.0)]);
    (bus, vec![(7, firefox), (9, other)])
}
