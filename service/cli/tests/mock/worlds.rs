//! What the mock service is like: well, or with one or another trouble.

use std::collections::BTreeMap;

use headroom_api::{
    BusGauges, By, ChainGauges, Doing, Error, Explanation, ExplanationRow, OutputRow, Problem,
    ProblemRow, SafeModeCause, StreamGauges, TapGauges, Treatment,
};
use headroom_testkit::mock::{Profile, Readings, Setting, Stream, World};

/// As it should be: Firefox plays through a chain of its own, and another through the bus alone.
pub(crate) fn healthy() -> World {
    let firefox = Stream {
        level: true,
        offset_db: -3.0,
        strength: 0.5,
        treatment: Treatment::Automatic,
        explanation: Some(explained()),
        ..stream("Firefox")
    };
    let profiles =
        [("broken", "For tests"), ("default", "For every day"), ("night", "For late hours")];
    let full = "the choice could not be saved: the disk is full";
    World {
        profiles: profiles.map(|(name, line)| (name.to_owned(), Profile::of(line))).into(),
        settings: settings(),
        streams: BTreeMap::from([(9, stream("Other")), (7, firefox)]),
        readings: Some(readings),
        refusals: vec![("SetTreatment Other ".to_owned(), Error::Failed(full.to_owned()))],
        ..World::default()
    }
}

/// With a profile of the user's that it cannot read.
pub(crate) fn with_a_broken_profile() -> World {
    World { problems: vec![broken()], profile_faults: vec![broken()], ..healthy() }
}

/// Everything that `doctor` can complain about.
pub(crate) fn ill() -> World {
    let too_old = Problem::SessionManagerTooOld { version: "0.4.17".to_owned() };
    let mut world = World {
        state: "waiting",
        problems: vec![too_old.into(), broken()],
        outputs: Vec::new(),
        ..healthy()
    };
    world.output = OutputRow {
        name: String::new(),
        description: String::new(),
        device_rate_hz: Some(44_100),
        ..world.output
    };
    "0.4.17".clone_into(&mut world.health.wireplumber_version);
    world.health.cycles = 1_000;
    world.health.late_cycles = 500;
    world.health.clamp_activations = 3;
    world.health.realtime = Some(false);
    world
}

/// For somebody who was not told yet what it does.
pub(crate) fn new() -> World {
    World { introduced: false, ..healthy() }
}

/// Out of the way after repeated failures.
pub(crate) fn in_safe_mode() -> World {
    let problems = vec![Problem::SafeMode { cause: SafeModeCause::Crashes }.into()];
    World { state: "safe-mode", bypass: true, problems, ..healthy() }
}

/// Takes every call and never answers.
pub(crate) fn wedged() -> World {
    World { silent: true, ..healthy() }
}

/// What is wrong with a profile that cannot be read.
pub(crate) fn broken() -> ProblemRow {
    let error =
        "loud.toml, line 3: 'leveller.loud' is unknown. The last good version stays in force.";
    let (file, error) = ("/config/loud.toml".to_owned(), error.to_owned());
    Problem::ProfileBroken { file, error }.into()
}

/// A stream that plays through the bus alone.
pub(crate) fn stream(app: &str) -> Stream {
    Stream {
        binary: "fox-bin".to_owned(),
        role: "Music".to_owned(),
        treatment: Treatment::LimitOnly,
        ..Stream::of(app, "Evil\u{1b}[2J 東京 song")
    }
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

/// Why Firefox gets what it does, and what becomes of its sound.
fn explained() -> Explanation {
    let table = |value: &str| BTreeMap::from([("application.name".to_owned(), value.to_owned())]);
    let rule = By::Rule { profile: "x".to_owned(), line: 3, shipped: false };
    let more = ExplanationRow {
        rule: "your choice for 'firefox'".to_owned(),
        file: "/state/state.toml".to_owned(),
        line: 12,
        level_reason: "the profile asks for it".to_owned(),
        level_db: -3.25,
        matched: table("Fire\u{7}fox"),
        patterns: table("fire*"),
        app_settings_by: BTreeMap::from([
            ("offset_db".to_owned(), By::User { app: "firefox".to_owned() }),
            ("strength".to_owned(), rule),
        ]),
        doing: Doing::Leveller.into(),
        doing_db: -12.0,
        ..ExplanationRow::default()
    };
    Explanation { more, gauges: Some(CHAIN), ..Explanation::default() }
}

/// What Firefox's own chain does.
const CHAIN: ChainGauges = ChainGauges {
    loudness_in_lufs: -9.04,
    gain_db: -12.0,
    leveller_db: -11.5,
    surge_db: 0.0,
    compressor_db: -0.5,
    loudness_out_lufs: -21.04,
};

/// The same at every reading, whatever plays.
fn readings(_: &World, _: f64) -> Readings {
    let bus = BusGauges {
        input_peak_dbfs: 2.4,
        true_peak_dbtp: -0.53,
        true_peak_max_dbtp: -0.51,
        gain_db: -6.1,
        cap_db: -1.3,
        limiter_soft_db: -0.6,
        limiter_hard_db: -4.2,
        momentary_lufs: -14.2,
        short_term_lufs: -15.3,
        integrated_lufs: -16.4,
        ..BusGauges::default()
    };
    let own = TapGauges { peak_dbfs: -3.1, rms_dbfs: -12.5, level_db: -3.25 };
    (
        bus,
        vec![
            (7, StreamGauges { own, chain: Some(CHAIN), device: None }),
            (9, StreamGauges::default()),
        ],
    )
}
