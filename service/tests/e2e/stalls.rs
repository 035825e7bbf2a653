//! An application that hangs or dies takes nobody else's sound along.

use std::time::Duration;

use headroom_api::dict_str;
use headroom_testkit::{
    meter,
    session::{Player, Process, Recorder, Signal},
    signals,
};

use crate::{chains::*, programs::program, rig::*};

/// How often it is done: the shortest silence is that of a machine that has time.
const TRIES: usize = 5;
/// Two cycles, and a little.
const LOST: Duration = Duration::from_millis(50);
/// What is listened to after each, in frames.
const HEARD: usize = 3 * SECOND / 2;
/// What a sample counts as silent below.
const SILENCE: f32 = 1e-4;

/// An application that hangs, beside one that plays a tone in the right channel alone.
struct Stage {
    other: Player,
    recorder: Recorder,
    rig: Rig,
}

impl Stage {
    fn start() -> Self {
        let rig = Rig::start();
        let recorder = rig.session.record(DEVICE).unwrap();
        let tone = in_channel(1, signals::sine(RATE_HZ, SECOND, 1_499.0, 0.2));
        let other = rig.session.player(tone).binary("other").looping().at_once().start().unwrap();
        rig.wait_chain(&other, "app");
        Self { other, recorder, rig }
    }

    /// Starts an application, in a process of its own, that plays soft noise on its data thread, and waits until it is
    /// heard through a chain of its own.
    fn spawn(&self) -> Process {
        let mut command = self.rig.session.command(program("renamer"));
        command.args(["1", "1"]);
        let process = self.rig.session.spawn(&command, "renamer").unwrap();
        eventually("a chain of its own", || {
            let is_it = |row: &headroom_api::Dict| dict_str(row, "app") == Some("Renamer");
            let streams = self.rig.streams();
            streams.iter().filter(|row| is_it(row)).any(|row| dict_str(row, "chain") == Some("app"))
        });
        self.wait_heard();
        process
    }

    fn wait_heard(&self) {
        eventually("sound in the left channel", || {
            self.silence(0, SECOND / 4) < Duration::from_millis(100)
        });
    }

    /// Returns the longest silence of a channel over the next `frames`.
    fn silence(&self, channel: usize, frames: usize) -> Duration {
        let start = self.recorder.frames();
        self.recorder.wait_more(frames, PATIENCE).unwrap();
        let recording = self.recorder.snapshot();
        let heard = &recording.channels[channel];
        let gap = meter::max_gap(&[heard], start..heard.len(), SILENCE);
        Duration::from_secs_f64(gap.frames as f64 / f64::from(RATE_HZ))
    }
}

/// Asserts that the other application went on at once, in the best try, and before long in each.
fn assert_went_on(what: &str, silences: &[Duration]) {
    println!("{what}: the other one was silent for {silences:?}");
    assert!(silences.iter().any(|silence| *silence <= LOST), "{silences:?}");
    assert!(silences.iter().all(|silence| *silence < Duration::from_secs(1)), "{silences:?}");
}

#[test]
fn others_do_not_wait_for_an_app_that_hangs() {
    let stage = Stage::start();
    let app = stage.spawn();
    let mut silences = Vec::new();
    for _ in 0..TRIES {
        app.signal(Signal::STOP).unwrap();
        silences.push(stage.silence(1, HEARD));
        // Not its last block over and over.
        assert!(stage.silence(0, SECOND / 2) >= Duration::from_millis(400));
        app.signal(Signal::CONT).unwrap();
        stage.wait_heard();
    }
    assert_went_on("stopped", &silences);
    assert!(stage.other.error().is_none());
}

#[test]
fn others_do_not_wait_for_an_app_that_was_killed() {
    let stage = Stage::start();
    let mut silences = Vec::new();
    for _ in 0..TRIES {
        let app = stage.spawn();
        app.kill();
        silences.push(stage.silence(1, HEARD));
    }
    assert_went_on("killed", &silences);
    let app = stage.spawn();
    app.signal(Signal::STOP).unwrap();
    stage.silence(1, SECOND / 2);
    app.kill();
    assert!(stage.silence(1, HEARD) < Duration::from_secs(1), "killed while it hung");
    stage.spawn();
}
