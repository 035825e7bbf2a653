//! A desktop's day: twenty applications come and go, with calls, music, games, devices, volumes and profiles, while the
//! device is recorded. What the service says of every stream is held against a script, and what the device got is judged.
//!
//! In the usual run each step is short. `scripts/test day` makes it ten minutes (`HEADROOM_DAY_S`), and has picture and
//! figures written (`HEADROOM_DAY_FOLDER`).

mod judge;
mod script;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use headroom_api::{By, StreamRow, dict_f64};
use headroom_testkit::{
    session::{Device, Player, PlayerBuilder, Process, Recorder, Recording, wait_until},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
const HEADSET: &str = "headset";
/// What is left alone plays at this amplitude: so quiet that the sum with the rest is under the ceiling all the same.
const QUIET: f64 = 1e-3;
/// How long a step is heard in the usual run.
const SHORT_STEP_S: f64 = 0.5;
/// A step so long is longer than a leveller needs to find any level, in seconds.
const LONG_STEP_S: usize = 10;
/// What plays steadily, and what a chain of it is louder than in every step, in LUFS.
const STEADY: [&str; 5] = ["radio", "page", "voice", "video", "speech"];
const HEARD_LUFS: f64 = -42.0;

/// A step of the script.
struct Step {
    name: &'static str,
    /// Why the device may be silent for a while in it; empty where nothing may silence it.
    cause: &'static str,
    /// The cap of what is protected in it, in LUFS.
    cap_lufs: f64,
    run: fn(&mut Day),
}

/// A step that has been lived through: its frames in the recording, and since when its changes were complete.
struct Lived {
    step: &'static Step,
    from: usize,
    settled: usize,
    /// Cycles for which the data thread did not get the processor, by the service's own count.
    starved: u64,
    /// Whether something played past every chain, on the right channel.
    left_alone: bool,
}

/// What the service says of a stream, in codes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    route: &'static str,
    chain: &'static str,
    treatment: &'static str,
    device: &'static str,
    /// What decided.
    by: &'static str,
    /// What keeps the stream from it.
    held: &'static str,
}

/// A stream that is there, and what is to be said of it.
struct Playing {
    stream: Stream,
    said: Said,
}

enum Stream {
    Player(Player),
    /// A program of its own, and the number of its node.
    Program {
        _process: Process,
        serial: u64,
    },
}

impl Stream {
    fn serial(&self) -> u64 {
        match self {
            Self::Player(player) => player.serial(),
            Self::Program { serial, .. } => *serial,
        }
    }
}

struct Day {
    rig: Rig,
    recorder: Recorder,
    lived: Vec<Lived>,
    step_frames: usize,
    streams: BTreeMap<&'static str, Playing>,
    /// What was said of them before protection was turned off.
    protected: Vec<(&'static str, Said)>,
    /// Every application that was ever there.
    apps: BTreeSet<String>,
}

/// What is protected in a chain of its own.
const LEVELLED: Said = Said {
    route: "processed",
    chain: "app",
    treatment: "automatic",
    device: DEVICE,
    by: "rule",
    held: "",
};
/// The same, where no rule knows the application.
const UNKNOWN: Said = Said { by: "profile", ..LEVELLED };
/// What a rule leaves alone.
const LEFT_ALONE: Said =
    Said { route: "bypass", chain: "none", treatment: "leave-alone", ..LEVELLED };

/// Returns a row in codes; what decided is one of the shipped rules, the profile, or the user's choice.
fn said(row: &StreamRow) -> [String; 6] {
    let why = row.why.clone().unwrap_or_default();
    let by = match &why.by {
        Some(By::Rule { shipped: true, line: 1.., .. }) => "rule".to_owned(),
        Some(by) => by.code().to_owned(),
        None => "nothing".to_owned(),
    };
    let lag = why.lag.map(|lag| format!("late: {}", lag.as_str()));
    let held = why.held.map(|held| held.code().to_owned());
    [
        row.route.as_str().to_owned(),
        row.chain.as_str().to_owned(),
        row.treatment.as_str().to_owned(),
        row.device.clone(),
        by,
        lag.or(held).unwrap_or_default(),
    ]
}

impl Said {
    fn codes(&self) -> [String; 6] {
        [self.route, self.chain, self.treatment, self.device, self.by, self.held]
            .map(ToOwned::to_owned)
    }
}

impl Day {
    fn begin() -> Self {
        let rig = Rig::start();
        rig.session.create_device(Device::new(HEADSET)).unwrap();
        rig.session.set_default_device(DEVICE).unwrap();
        let recorder = rig.session.record(DEVICE).unwrap();
        let whole_s: Option<f64> =
            std::env::var("HEADROOM_DAY_S").ok().map(|text| text.parse().unwrap());
        let step_s = whole_s.map_or(SHORT_STEP_S, |whole_s| whole_s / script::STEPS.len() as f64);
        Self {
            rig,
            recorder,
            lived: Vec::new(),
            step_frames: (step_s * RATE_HZ as f64) as usize,
            streams: BTreeMap::new(),
            protected: Vec::new(),
            apps: BTreeSet::new(),
        }
    }

    /// Lives through a step: changes, looks, listens, looks again.
    fn live(&mut self, step: &'static Step) {
        let from = self.recorder.frames();
        let starved = self.rig.health("starved-cycles");
        (step.run)(self);
        self.wait_said(step.name);
        let settled = self.recorder.frames();
        let patience = PATIENCE + Duration::from_secs((self.step_frames / RATE_HZ) as u64);
        self.recorder.wait_more(self.step_frames, patience).unwrap();
        assert_eq!(self.differences(), Vec::<String>::new(), "at the end of '{}'", step.name);
        if self.step_frames >= LONG_STEP_S * RATE_HZ {
            assert_eq!(self.unheard(), Vec::<String>::new(), "at the end of '{}'", step.name);
        }
        let starved = self.rig.health("starved-cycles") - starved;
        let left_alone = self.streams.values().any(|it| it.said.treatment == "leave-alone");
        self.lived.push(Lived { step, from, settled, starved, left_alone });
    }

    fn player(&mut self, app: &str, binary: &str, material: Vec<Vec<f32>>) -> PlayerBuilder<'_> {
        self.apps.insert(app.to_owned());
        self.rig.session.player(material).app(app).binary(binary).looping()
    }

    /// Has an application play; `name` is the script's for the stream.
    fn play(
        &mut self,
        name: &'static str,
        (app, binary): (&str, &str),
        material: Vec<Vec<f32>>,
        said: Said,
    ) {
        let player = self.player(app, binary, material).start().unwrap();
        self.add(name, Stream::Player(player), said);
    }

    fn add(&mut self, name: &'static str, stream: Stream, said: Said) {
        let known = self.streams.insert(name, Playing { stream, said });
        assert!(known.is_none(), "'{name}' plays already");
    }

    /// Streams end.
    fn leave(&mut self, names: &[&str]) {
        for name in names {
            assert!(self.streams.remove(*name).is_some(), "'{name}' does not play");
        }
    }

    /// From now on something else is to be said of a stream.
    fn expect(&mut self, name: &str, change: impl FnOnce(&mut Said)) {
        change(&mut self.streams.get_mut(name).unwrap_or_else(|| panic!("no '{name}'")).said);
    }

    fn expect_all(&mut self, change: impl Fn(&mut Said)) {
        self.streams.values_mut().for_each(|playing| change(&mut playing.said));
    }

    fn node_id(&self, name: &str) -> u32 {
        match &self.streams[name].stream {
            Stream::Player(player) => player.node_id(),
            Stream::Program { serial, .. } => {
                self.rig.session.dump().unwrap().node_by_serial(*serial).unwrap().id
            }
        }
    }

    /// Returns what the service says otherwise than the script, with streams that one of them does not know.
    fn differences(&self) -> Vec<String> {
        let rows = self.rig.streams().into_iter().map(|row| StreamRow::from_dict(&row));
        let mut rows: BTreeMap<u64, StreamRow> = rows.map(|row| (row.id, row)).collect();
        let mut differences = Vec::new();
        for (name, playing) in &self.streams {
            let shown = rows.remove(&playing.stream.serial());
            let (wanted, shown) = (playing.said.codes(), shown.as_ref().map(said));
            if shown.as_ref() != Some(&wanted) {
                differences.push(format!("{name}: {shown:?} instead of {wanted:?}"));
            }
        }
        // What records the device for the test is no part of the day.
        let others = rows.values().filter(|row| !row.app.starts_with("testkit"));
        differences.extend(others.map(|row| format!("{}: unknown to the script", row.app)));
        differences
    }

    /// Returns what plays steadily and does not come out of its chain.
    fn unheard(&self) -> Vec<String> {
        let steady = self.streams.iter().filter(|(name, playing)| {
            STEADY.contains(name) && playing.said.chain == LEVELLED.chain
        });
        let explained = steady.filter_map(|(name, playing)| match &playing.stream {
            Stream::Player(player) => Some((name, self.rig.explain(player))),
            Stream::Program { .. } => None,
        });
        let heard = explained.map(|(name, row)| (name, dict_f64(&row, "loudness-out-lufs")));
        let unheard = heard.filter(|(_, lufs)| lufs.is_none_or(|lufs| lufs < HEARD_LUFS));
        unheard.map(|(name, lufs)| format!("{name}: {lufs:?} LUFS")).collect()
    }

    fn wait_said(&self, step: &str) {
        wait_until("what the script says", PATIENCE, || self.differences().is_empty())
            .unwrap_or_else(|error| {
                panic!("'{step}': {error}: {:#?}\n{}", self.differences(), self.rig.service.log())
            });
    }
}

fn noise(amplitude: f64, seed: u64) -> Vec<Vec<f32>> {
    [seed, seed + 1].map(|seed| signals::gaussian_noise(2 * RATE_HZ, amplitude, seed)).to_vec()
}

/// What is left alone plays on the right alone.
fn quiet(seed: u64) -> Vec<Vec<f32>> {
    vec![vec![0.0; 2 * RATE_HZ], signals::gaussian_noise(2 * RATE_HZ, QUIET, seed)]
}

#[test]
fn day_on_a_desktop_keeps_every_promise() {
    let mut day = Day::begin();
    for step in script::STEPS {
        day.live(step);
    }
    assert_eq!((day.rig.state().as_str(), day.rig.problems()), ("running", Vec::new()));
    let Day { rig, recorder, lived, step_frames, apps, streams, .. } = day;
    let recording: Recording = recorder.stop().unwrap();
    drop(streams);
    assert!(apps.len() >= 20, "{apps:?}");
    let alone = step_frames >= LONG_STEP_S * RATE_HZ;
    let figures = judge::Figures::of(&recording, &lived, alone);
    print!("{} applications, {figures}", apps.len());
    if let Some(folder) = std::env::var_os("HEADROOM_DAY_FOLDER").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("day.svg"), judge::draw(&recording, &lived)).unwrap();
        std::fs::write(folder.join("day.txt"), figures.to_string()).unwrap();
    }
    assert!(recording.frames() >= step_frames * script::STEPS.len());
    figures.assert_kept();
    assert_under_ceiling(&recording, "the day");
    drop(rig);
}
