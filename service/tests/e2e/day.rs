//! A desktop's day in short: seventeen applications come and go, with calls, music, games, devices, volumes and profiles,
//! while the device is recorded. Each stream is where the script says; what the device got is judged by figures.
//!
//! `HEADROOM_DAY_STEP_S=24` makes it more than seven minutes long, and `HEADROOM_DAY_PLOT=day.svg` draws it.

use std::{fmt::Write as _, time::Duration};

use headroom_api::{StreamRow, names};
use headroom_testkit::{
    meter,
    session::{Device, Player, PlayerBuilder, Recorder, Recording},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
const HEADSET: &str = "headset";
/// What is left alone plays at this amplitude: so quiet that the sum with the rest is under the ceiling all the same.
const QUIET: f64 = 1e-3;
/// The cap of the profiles that are used, and what a window that begins in a blast may read above it.
const CAP_LUFS: f64 = -12.0;
const CAP_TOLERANCE_LU: f64 = 0.5;
/// The left channel belongs to what is protected. Ducked it is louder than this, cut it is not.
const SILENCE: f32 = 1e-5;
/// A shorter silence is a cycle or a few that a busy machine has dropped.
const GAP_MS: usize = 150;

/// What a step is called, where its recording begins, and whether the bed is re-linked in it.
struct Step {
    name: &'static str,
    from: usize,
    relinks: bool,
}

struct Day {
    rig: Rig,
    recorder: Recorder,
    steps: Vec<Step>,
    step_frames: usize,
}

impl Day {
    fn begin() -> Self {
        let rig = Rig::start();
        rig.session.create_device(Device::new(HEADSET)).unwrap();
        rig.session.set_default_device(DEVICE).unwrap();
        let recorder = rig.session.record(DEVICE).unwrap();
        let seconds = std::env::var("HEADROOM_DAY_STEP_S").ok().and_then(|s| s.parse().ok());
        let step_frames = (seconds.unwrap_or(1.5) * RATE_HZ as f64) as usize;
        Self { rig, recorder, steps: Vec::new(), step_frames }
    }

    /// Begins a step.
    fn step(&mut self, name: &'static str, relinks: bool) {
        self.steps.push(Step { name, from: self.recorder.frames(), relinks });
    }

    /// Lets a step be heard.
    fn listen(&self) {
        self.recorder.wait_more(self.step_frames, PATIENCE + PATIENCE).unwrap();
    }

    fn player(&self, app: &str, binary: &str, material: Vec<Vec<f32>>) -> PlayerBuilder<'_> {
        self.rig.session.player(material).app(app).binary(binary).looping()
    }

    /// Waits until a stream has its route and its chain.
    fn expect(&self, player: &Player, route: &str, chain: &str, treatment: &str) {
        let row = || self.rig.stream(player).map(|row| StreamRow::from_dict(&row));
        let is = |row: StreamRow| {
            (row.route.as_str(), row.chain.as_str(), row.treatment.as_str())
                == (route, chain, treatment)
        };
        let what = format!("{route} by {chain}, {treatment}");
        headroom_testkit::session::wait_until(&what, PATIENCE, || row().is_some_and(is))
            .unwrap_or_else(|error| panic!("{error}: {:?}", row()));
    }
}

fn noise(amplitude: f64, seed: u64) -> Vec<Vec<f32>> {
    [seed, seed + 1].map(|seed| signals::gaussian_noise(2 * RATE_HZ, amplitude, seed)).to_vec()
}

/// What is left alone plays on the right alone.
fn quiet(seed: u64) -> Vec<Vec<f32>> {
    vec![vec![0.0; 2 * RATE_HZ], signals::gaussian_noise(2 * RATE_HZ, QUIET, seed)]
}

/// What plays from the morning to the evening: the radio, the music, a page.
type Bed = [Player; 3];

/// Applications come and go.
fn morning(day: &mut Day) -> Bed {
    let [one, two, _] = three_hostile(RATE_HZ);
    day.step("radio", true);
    let radio = day.player("Radio", "radio", noise(0.05, 1)).start().unwrap();
    day.expect(&radio, "processed", "app", "automatic");
    day.listen();
    day.step("music", false);
    let music = day.player("Music Player Daemon", "mpd", quiet(3)).start().unwrap();
    day.expect(&music, "bypass", "none", "leave-alone");
    day.listen();
    day.step("notifications", false);
    for _ in 0..3 {
        let ping = day.player("Mail", "mail", one.clone()).role("Notification").start().unwrap();
        day.expect(&ping, "processed", "app", "automatic");
    }
    day.listen();
    day.step("browser with a blast", false);
    let tab = day.player("Firefox", "firefox", noise(0.03, 5)).start().unwrap();
    let advertisement = day.player("Firefox", "firefox", two.clone()).start().unwrap();
    for stream in [&tab, &advertisement] {
        day.expect(stream, "processed", "app", "automatic");
    }
    day.listen();
    drop(advertisement);
    day.step("call", false);
    let voice = day.player("WEBRTC VoiceEngine", "Discord", noise(0.1, 7)).start().unwrap();
    let video = day.player("Chromium", "Discord", noise(0.02, 9)).start().unwrap();
    for stream in [&voice, &video] {
        day.expect(stream, "processed", "app", "automatic");
    }
    day.listen();
    day.step("games", false);
    let games = ["Hades.exe", "Celeste.exe"]
        .map(|game| day.player(game, "wine64-preloader", quiet(11)).start().unwrap());
    for game in &games {
        day.expect(game, "bypass", "none", "leave-alone");
    }
    // Two games behind one loader are two applications.
    day.rig.block(day.rig.control().set_treatment("Hades.exe", "even-out", 0.0)).unwrap();
    day.expect(&games[0], "processed", "app", "even-out");
    day.expect(&games[1], "bypass", "none", "leave-alone");
    day.listen();
    drop(games);
    [radio, music, tab]
}

/// Volumes, devices, profiles and settings change.
fn noon(day: &mut Day, [_, _, tab]: &Bed) {
    let [one, two, three] = three_hostile(RATE_HZ);
    day.step("volumes", false);
    let id = tab.node_id().to_string();
    for volume in ["0.5", "1.0"] {
        day.rig.session.run("wpctl", &["set-volume", &id, volume]).unwrap();
        day.listen();
    }
    day.step("an immovable stream", false);
    let fixed = day.player("Old", "old", quiet(13)).prop("node.dont-reconnect", "true");
    let fixed = fixed.start().unwrap();
    day.expect(&fixed, "unmanaged", "none", "automatic");
    day.listen();
    drop(fixed);
    day.step("another device", false);
    let pinned = day.player("Film", "vlc", three.clone()).target(HEADSET).start().unwrap();
    day.expect(&pinned, "processed", "device", "automatic");
    let headset = day.rig.record_second(HEADSET);
    assert_under_ceiling(&faded(headset), "the film at its device");
    day.listen();
    day.step("night", true);
    day.rig.block(day.rig.control().set_active_profile("night")).unwrap();
    day.listen();
    day.rig.block(day.rig.control().set_active_profile("default")).unwrap();
    day.listen();
    day.step("a setting", false);
    let target = &(-20.0).into();
    day.rig.block(day.rig.control().set_setting("leveller.target_lufs", target)).unwrap();
    day.listen();
    day.rig.block(day.rig.control().reset_setting("leveller.target_lufs")).unwrap();
    day.step("many at once", false);
    let many: Vec<Player> = (0..8)
        .map(|n| {
            let material = [&one, &two, &three][n % 3].clone();
            day.player(&format!("App {n}"), &format!("app-{n}"), material).start().unwrap()
        })
        .collect();
    for stream in &many {
        day.expect(stream, "processed", "app", "automatic");
    }
    day.listen();
    drop(many);
    drop(pinned);
}

/// Protection goes off and on, headphones come and go. Nothing hostile plays: it would be heard as it is.
fn evening(day: &mut Day, [radio, music, _]: &Bed) {
    day.step("protection off and on", true);
    day.rig.block(day.rig.control().set_bypass(true)).unwrap();
    day.expect(radio, "bypass", "none", "automatic");
    day.rig.block(day.rig.control().set_bypass(false)).unwrap();
    day.expect(radio, "processed", "app", "automatic");
    day.listen();
    day.step("headphones", true);
    day.rig.session.set_default_device(HEADSET).unwrap();
    day.rig
        .session
        .wait_for_graph("the bus at the headset", PATIENCE, |graph| {
            let output = graph.node(names::OUTPUT_NODE)?;
            (graph.target_names(output.id) == [HEADSET]).then_some(())
        })
        .unwrap();
    day.rig.session.set_default_device(DEVICE).unwrap();
    day.rig
        .session
        .wait_for_graph("the bus at the device", PATIENCE, |graph| {
            let output = graph.node(names::OUTPUT_NODE)?;
            (graph.target_names(output.id) == [DEVICE]).then_some(())
        })
        .unwrap();
    day.expect(radio, "processed", "app", "automatic");
    day.listen();
    day.step("music evened out", true);
    day.rig.block(day.rig.control().set_treatment("mpd", "even-out", 0.0)).unwrap();
    day.expect(music, "processed", "app", "even-out");
    day.listen();
    day.step("evening", true);
    assert_eq!(day.rig.problems(), Vec::<String>::new());
    assert_eq!(day.rig.state(), "running");
}

impl Rig {
    fn record_second(&self, device: &str) -> Recording {
        let recorder = self.session.record(device).unwrap();
        recorder.wait_sound(0, 0.1, PATIENCE).unwrap();
        recorder.wait_more(RATE_HZ, PATIENCE).unwrap();
        recorder.stop().unwrap()
    }
}

/// Returns each silence of what is protected that is longer than a dropped cycle, with the step in which it begins.
fn gaps<'a>(recording: &Recording, steps: &'a [Step]) -> Vec<(&'a Step, usize)> {
    let frames = recording.frames();
    let first = recording.first_sound(0, SILENCE).expect("the day is heard");
    let is_silent = |frame: &usize| recording.channels[0][*frame].abs() < SILENCE;
    let (mut found, mut at) = (Vec::new(), first);
    while at < frames {
        let silent = (at..frames).take_while(is_silent).count();
        if silent * 1000 > GAP_MS * RATE_HZ {
            let step = steps.iter().rfind(|step| step.from <= at).unwrap_or(&steps[0]);
            found.push((step, silent * 1000 / RATE_HZ));
        }
        at += silent.max(1);
    }
    found
}

fn plot(curve: &[f64], steps: &[Step]) -> String {
    let width = curve.len();
    let y = |lufs: f64| 10.0 - 5.0 * lufs.clamp(-60.0, 0.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"360\" font-size=\"9\">\
         <line x2=\"{width}\" y1=\"{0}\" y2=\"{0}\" stroke=\"grey\"/><polyline fill=\"none\" stroke=\"navy\" points=\"",
        y(CAP_LUFS)
    );
    // Writing to a string cannot fail.
    for (x, lufs) in curve.iter().enumerate() {
        let _ = write!(svg, "{x},{:.1} ", y(*lufs));
    }
    svg.push_str("\"/>");
    for (row, step) in steps.iter().enumerate() {
        let (x, y) = (step.from * 10 / RATE_HZ, 320 + row % 4 * 10);
        let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\">{}</text>", step.name);
    }
    svg + "</svg>"
}

#[test]
fn day_on_a_desktop_keeps_every_promise() {
    let mut day = Day::begin();
    let bed = morning(&mut day);
    noon(&mut day, &bed);
    evening(&mut day, &bed);
    let Day { rig, recorder, steps, .. } = day;
    let recording = recorder.stop().unwrap();
    let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
    let first = recording.first_sound(0, 1e-5).unwrap();
    // Momentary loudness.
    let curve =
        meter::loudness_curve(&recording.channels, recording.rate_hz, &recording.positions, 400);
    let loudest = curve.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let gaps = gaps(&recording, &steps);
    let seconds = Duration::from_secs((recording.frames() / RATE_HZ) as u64);
    println!("{seconds:?} at the device: {true_peak:+.3} dBTP, {loudest:.2} LUFS at the loudest");
    for (step, ms) in &gaps {
        println!("silent for {ms} ms in '{}', re-linked there: {}", step.name, step.relinks);
    }
    if let Some(path) = std::env::var_os("HEADROOM_DAY_PLOT") {
        std::fs::write(path, plot(&curve.iter().copied().step_by(10).collect::<Vec<_>>(), &steps))
            .unwrap();
    }
    assert!(recording.frames() > first + 20 * RATE_HZ);
    assert_under_ceiling(&faded(recording), "the day");
    assert!(loudest <= CAP_LUFS + CAP_TOLERANCE_LU, "{loudest} LUFS");
    let unlisted: Vec<_> =
        gaps.iter().filter(|(step, _)| !step.relinks).map(|(s, _)| s.name).collect();
    assert!(unlisted.is_empty(), "silent without a cause: {unlisted:?}");
    drop(rig);
}
