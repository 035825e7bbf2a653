//! Worlds of the pretended service, with the settings and profiles that are shipped.

use headroom_api::{
    BusGauges, By, ChainGauges, Error, Held, OutputRow, Problem, Reason, Route, StreamGauges,
    TapGauges,
};
use headroom_profile::{Kind, Library, SettingInfo, Settings, Value};
use headroom_testkit::pretended::{Profile, Readings, Setting, Stream, World, value};
use zbus::OwnedVariant;

/// A service in good health, to which nothing plays.
pub(crate) fn idle() -> World {
    let library = Library::load(None);
    let shipped = library.get(headroom_profile::DEFAULT).expect("the default profile is shipped");
    let setting = |info: &SettingInfo| (info.key.to_owned(), setting(info, &shipped.settings));
    let profile = |profile: &headroom_profile::Profile| {
        let own = |info: &SettingInfo| (info.key.to_owned(), own(info, &profile.settings));
        let own = headroom_profile::settings().iter().map(own).collect();
        (profile.name.clone(), Profile { own, ..Profile::of(&profile.description) })
    };
    let mut world = World {
        settings: headroom_profile::settings().iter().map(setting).collect(),
        profiles: library.iter().map(profile).collect(),
        readings: Some(readings),
        ..World::default()
    };
    for output in world.outputs.iter_mut().chain([&mut world.output]) {
        "alsa_output.pci-0000_00_1f.3.analog-stereo".clone_into(&mut output.name);
        "Built-in Audio Analogue Stereo".clone_into(&mut output.description);
    }
    world.health.late_cycles = 3;
    world
}

/// Plays as many streams as an evening has, or more.
pub(crate) fn with_streams(count: u64) -> World {
    World { streams: (1..=count).map(|id| (id, some_stream(id))).collect(), ..idle() }
}

/// Has a problem, in a state.
pub(crate) fn in_trouble(state: &'static str, problem: Problem) -> World {
    let mut world = World { state, problems: vec![problem.into()], ..with_streams(1) };
    if state == "waiting" {
        world.output = OutputRow::default();
        world.outputs.clear();
    }
    world
}

/// The same world, set up in another way.
pub(crate) fn deployed(deployment: &str, mut world: World) -> World {
    deployment.clone_into(&mut world.health.deployment);
    world
}

/// Every change is refused with this.
pub(crate) fn refusals(sentence: &str) -> Vec<(String, Error)> {
    vec![(String::new(), Error::Failed(sentence.to_owned()))]
}

/// Streams of an evening: several of one browser, music that is left alone, one that cannot be protected.
fn some_stream(id: u64) -> Stream {
    let mut stream = match id {
        1 => Stream::of("Firefox", "Cats at sunrise, 4K"),
        2 => Stream::of("Discord", "Voice call"),
        3 => Stream::of(
            "Firefox",
            "A very long title of a video that does not fit into any row of any window",
        ),
        4 => Stream::of("Spotify", "Clair de lune"),
        5 => Stream::of("mpv", "film.mkv"),
        6 => Stream::of("<b>Evil</b>\u{1b}[2J", "100 % & \"quoted\" <i>markup</i>"),
        _ => Stream::of(&format!("Game {}", id - 6), "Explosions"),
    };
    match id {
        1 | 3 => stream.icon = String::from("firefox-esr"),
        2 => stream.level = true,
        4 => {
            stream.route = "bypass";
            let by = By::Rule { profile: "default".to_owned(), line: 12, shipped: true };
            stream.why = Reason { by: Some(by), route: Some(Route::Bypass), ..Reason::default() };
        }
        5 => {
            stream.route = "unmanaged";
            stream.why = Reason::held(Held::Encoded);
        }
        8 => stream.playing = false,
        _ => {}
    }
    stream
}

fn setting(info: &SettingInfo, shipped: &Settings) -> Setting {
    let setting = Setting { description: info.description.to_owned(), ..Setting::of(false) };
    let setting = Setting { default: own(info, shipped), ..setting };
    let (range, words): (_, &[&str]) = match info.kind {
        Kind::Switch => (None, &[]),
        Kind::Number(range) => (Some(range), &[]),
        Kind::Words(words) => (None, words),
        Kind::NumberOrWords(range, words) => (Some(range), words),
    };
    let decimal = headroom_profile::decimal;
    let setting = setting.one_of(words);
    match range {
        Some(range) => setting.within(decimal(range.min), decimal(range.max), range.unit),
        None => setting,
    }
}

fn own(info: &SettingInfo, settings: &Settings) -> OwnedVariant {
    match settings.get(info.key).expect("every known setting has a value") {
        Value::Switch(on) => value(on),
        Value::Number(number) => value(number),
        Value::Word(word) => value(word),
    }
}

/// Readings at a time: every stream has a pulse of its own.
fn readings(world: &World, time_s: f64) -> Readings {
    let slow = (time_s * 0.7).sin();
    let bus = BusGauges {
        input_peak_dbfs: -3.0 + 2.5 * slow,
        true_peak_dbtp: -1.5 + slow,
        true_peak_max_dbtp: -0.1,
        gain_db: -3.9 + 5.4 * slow,
        leveller_db: 2.0 * slow,
        compressor_db: -2.5 + 2.0 * slow,
        limiter_soft_db: -1.0 + slow,
        limiter_hard_db: -0.4 + 0.4 * slow,
        momentary_lufs: -20.0 + 3.0 * slow,
        short_term_lufs: -19.5 + 1.5 * slow,
        integrated_lufs: -18.9,
        ..BusGauges::default()
    };
    let streams = world.streams.iter();
    (bus, streams.map(|(id, stream)| (*id, gauges_of(world, *id, stream, time_s))).collect())
}

fn gauges_of(world: &World, id: u64, stream: &Stream, time_s: f64) -> StreamGauges {
    let pulse = (time_s * (2.0 + id as f64 * 0.37)).sin();
    let rms_dbfs = if stream.playing { -24.0 + 8.0 * pulse } else { -120.0 };
    let peak_dbfs = if stream.playing { (rms_dbfs + 10.0).min(-0.5) } else { -120.0 };
    let level_db = if world.is_levelled(stream) { -3.0 + pulse } else { 0.0 };
    let offset_db = world.tuning(stream).0;
    let chain = ChainGauges {
        loudness_in_lufs: -9.0,
        gain_db: -10.0 + offset_db,
        leveller_db: -9.5,
        surge_db: 0.0,
        compressor_db: -0.5,
        loudness_out_lufs: -19.0 + offset_db,
    };
    let chain = world.is_in_chain(stream).then_some(chain);
    StreamGauges { own: TapGauges { peak_dbfs, rms_dbfs, level_db }, chain }
}
