//! Worlds of the mock service, with the settings and profiles that are shipped.
//!
//! Owns what tests of the panel meet, and what `headroom-mock` shows to those who work on panel and applets. Pure: a
//! world and the time give every reading.

mod readings;

use std::time::Duration;

use headroom_api::{
    By, CatchRow, CaughtBy, Error, Held, OutputRow, Problem, Reason, Route, SafeModeCause,
};
use headroom_profile::{Kind, Library, SettingInfo, Settings, Value};
use zbus::OwnedVariant;

use crate::mock::{Profile, Setting, Stream, World, value};

/// Catches that a world keeps, at most.
const KEPT_CATCHES: usize = 100;

/// What a service may be found doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Nothing plays.
    Idle,
    /// One voice, levelled.
    Speech,
    /// A voice, and every ten seconds a blast that is caught.
    Blast,
    /// Out of the way after repeated failures.
    SafeMode,
    /// Several things are wrong, and sound is processed all the same.
    Troubles,
    /// Forty streams play.
    FortyStreams,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::Speech, Self::Blast, Self::SafeMode, Self::Troubles, Self::FortyStreams];

    /// Returns its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Speech => "speech",
            Self::Blast => "blast",
            Self::SafeMode => "safe-mode",
            Self::Troubles => "troubles",
            Self::FortyStreams => "forty-streams",
        }
    }

    /// Returns how often something is caught, if anything is.
    pub fn catches_every(self) -> Option<Duration> {
        (self == Self::Blast).then_some(Duration::from_secs_f64(readings::BLAST_EVERY_S))
    }

    /// Has a world catch what is caught in this scenario; `end_usec` is in microseconds of `CLOCK_REALTIME`.
    pub fn catch(self, world: &mut World, end_usec: u64) {
        if self == Self::Blast {
            world.catches.insert(0, blast(end_usec));
            world.catches.truncate(KEPT_CATCHES);
        }
    }

    /// Returns its world.
    pub fn world(self) -> World {
        match self {
            Self::Idle => idle(),
            Self::Speech => voice(),
            Self::Blast => {
                let mut world = World { readings: Some(readings::blast), ..voice() };
                world.streams.insert(2, Stream::of("Firefox", "An advertisement"));
                world
            }
            Self::SafeMode => {
                let problem = Problem::SafeMode { cause: SafeModeCause::Crashes };
                World { bypass: true, ..in_trouble("safe-mode", problem) }
            }
            Self::Troubles => {
                let problems = troubles().into_iter().map(Into::into).collect();
                World { problems, ..with_streams(6) }
            }
            Self::FortyStreams => with_streams(40),
        }
    }
}

/// A blast of an advertisement that is over now; `end_usec` is in microseconds of `CLOCK_REALTIME`.
fn blast(end_usec: u64) -> CatchRow {
    CatchRow {
        begin_usec: end_usec.saturating_sub((readings::BLAST_LASTS_S * 1e6) as u64),
        end_usec,
        held_s: readings::BLAST_LASTS_S,
        app: "Firefox".to_owned(),
        device: "Built-in Audio Analogue Stereo".to_owned(),
        loudness_in_lufs: -5.0,
        loudness_out_lufs: -18.0,
        peak_in_dbfs: -0.3,
        gain_db: -13.0,
        by: CaughtBy::Surge.into(),
    }
}

/// One voice.
fn voice() -> World {
    let stream = Stream { level: true, ..Stream::of("Discord", "Voice call") };
    World { streams: [(1, stream)].into(), readings: Some(readings::speech), ..idle() }
}

/// Problems that leave the chains at work.
fn troubles() -> Vec<Problem> {
    let error =
        "loud.toml, line 3: 'leveller.loud' is unknown. The last good version stays in force.";
    vec![
        Problem::ProfileBroken { file: "/config/loud.toml".to_owned(), error: error.to_owned() },
        Problem::StateFileDamaged {
            file: "/state/state.toml".to_owned(),
            error: "state.toml could not be read and was set aside.".to_owned(),
        },
        Problem::ProfileMissing { profile: "evening".to_owned(), in_force: "default".to_owned() },
        Problem::RealtimePriority,
    ]
}

/// A service in good health, to which nothing plays.
///
/// # Panics
/// When a profile that is shipped cannot be read.
pub fn idle() -> World {
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
        readings: Some(readings::pulse),
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
pub fn with_streams(count: u64) -> World {
    World { streams: (1..=count).map(|id| (id, some_stream(id))).collect(), ..idle() }
}

/// Has a problem, in a state.
pub fn in_trouble(state: &'static str, problem: Problem) -> World {
    let mut world = World { state, problems: vec![problem.into()], ..with_streams(1) };
    if state == "waiting" {
        world.output = OutputRow::default();
        world.outputs.clear();
    }
    world
}

/// The same world, set up in another way.
pub fn deployed(deployment: &str, mut world: World) -> World {
    deployment.clone_into(&mut world.health.deployment);
    world
}

/// Every change is refused with this.
pub fn refusals(sentence: &str) -> Vec<(String, Error)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_move_in_every_scenario_with_streams() {
        for scenario in Scenario::ALL {
            let world = scenario.world();
            let read = world.readings.expect("every scenario has readings");
            let (early, late) = (read(&world, 1.0), read(&world, 1.3));
            assert_eq!(early.1.len(), world.streams.len(), "{}", scenario.name());
            assert_ne!(early, late, "{}", scenario.name());
        }
    }

    #[test]
    fn blast_is_caught_while_it_lasts() {
        let world = Scenario::Blast.world();
        let surge = |time_s| {
            let (_, streams) = readings::blast(&world, time_s);
            let chains = streams.into_iter().filter_map(|(_, gauges)| gauges.chain);
            chains.map(|chain| chain.surge_db).fold(0.0, f64::min)
        };
        assert!(surge(3.0) > -0.5 && surge(9.0) < -12.0, "{} {}", surge(3.0), surge(9.0));
    }
}
