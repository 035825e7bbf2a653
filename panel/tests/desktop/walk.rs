//! A new user's walk: install, first start, a blast, what was caught, an app turned down, music left alone, off for half an
//! hour, removed. What was done and what was then to be read is written down beside the pictures, in `walk.md`.

use std::{fmt::Write as _, fs};

use headroom_api::names;
use headroom_testkit::{
    login::{HomeChange, HomeState},
    meter,
    session::{Player, Session},
    signals,
};

use crate::{
    bus::{block, eventually, wait_for},
    desktop::{Desktop, gallery},
    panel::Panel,
    real::{command_line, control, wait_linked, wait_running},
    tree::Role,
};

const RATE_HZ: usize = 48_000;
const BROWSER: &str = "Noisy Browser";
const MUSIC: &str = "Rhythmbox";
/// As loud as speech is recorded, and 20 dB louder.
const USUAL: f64 = 0.05;
const BLAST: f64 = 0.5;

/// What was done and seen so far.
struct Walk<'d> {
    desktop: &'d Desktop,
    told: String,
    steps: usize,
}

impl<'d> Walk<'d> {
    fn begin(desktop: &'d Desktop) -> Self {
        let told = "# A new user's walk\n\n| step | done | seen |\n|---|---|---|\n".to_owned();
        Self { desktop, told, steps: 0 }
    }

    /// Writes a step down.
    fn note(&mut self, done: &str, seen: &str) {
        self.steps += 1;
        writeln!(self.told, "| {} | {done} | {seen} |", self.steps).unwrap();
    }

    /// Waits until each of these can be read in the panel, takes a picture and writes the step down.
    fn see(&mut self, panel: &Panel<'_>, done: &str, seen: &[&str]) {
        for text in seen {
            panel.wait_says(text);
        }
        let texts: Vec<_> = seen.iter().map(|text| format!("“{text}”")).collect();
        panel.picture(&format!("walk-{}", self.steps + 1));
        self.note(done, &texts.join(", "));
    }

    /// Runs the command line, and writes down its first line.
    fn run(&mut self, arguments: &[&str]) {
        let printed = self.desktop.run(&command_line().to_string_lossy(), arguments);
        let first = printed.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        self.note(&format!("`headroom {}`", arguments.join(" ")), first.trim());
    }

    /// Measures what the device gets, in LUFS.
    fn heard_lufs(&self) -> f64 {
        let recorder = self.desktop.session.record("device").unwrap();
        recorder.wait_frames(4 * RATE_HZ, crate::bus::PATIENCE).unwrap();
        let heard = recorder.stop().unwrap();
        let (channels, positions) = (&heard.channels, &heard.positions);
        meter::loudness(channels, heard.rate_hz, positions).integrated_lufs
    }
}

fn play(desktop: &Desktop, app: &str, media: &str, amplitude: f64) -> Player {
    let noise = [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, amplitude, seed)).to_vec();
    let player = desktop.session.player(noise).app(app).binary(&app.to_lowercase()).media(media);
    player.looping().start().unwrap()
}

#[test]
fn new_user_walks_from_installing_to_removing() {
    let desktop = Desktop::over(Session::start().unwrap());
    let home = desktop.session.home();
    let before = HomeState::read(&home).unwrap();
    let mut walk = Walk::begin(&desktop);

    walk.run(&["install", "apply", "on-demand", "--yes"]);
    let browser = play(&desktop, BROWSER, "A talk", USUAL);
    let panel = Panel::start(&desktop);
    wait_running(&desktop);
    walk.see(&panel, "open the panel", &["No more sudden loud sound", "Continue"]);
    panel.press(Role::PUSH_BUTTON, "Continue");
    panel.wait_seen("A talk");
    wait_linked(&desktop, &browser, names::SINK_NODE);
    walk.see(&panel, "press Continue", &[BROWSER, "A talk"]);

    let talk_lufs = walk.heard_lufs();
    let blast = play(&desktop, BROWSER, "An advertisement", BLAST);
    let blast_lufs = walk.heard_lufs();
    walk.see(&panel, "an advertisement shouts, 20 dB above the talk", &["An advertisement"]);
    blast.stop(&desktop.session).unwrap();
    walk.note("listen", &format!("the talk at {talk_lufs:.1} LUFS, both at {blast_lufs:.1} LUFS"));
    assert!(blast_lufs < talk_lufs + 6.0, "{talk_lufs} LUFS, then {blast_lufs} LUFS");
    panel.turn_to("history");
    walk.see(&panel, "turn to History", &["1 blast was caught", "came from Noisy Browser"]);

    panel.turn_to("apps");
    panel.press(Role::PUSH_BUTTON, &format!("Options for {BROWSER}"));
    let usual_lufs = walk.heard_lufs();
    panel.set_value(Role::SPIN_BUTTON, "Louder or softer", -6.0);
    eventually("the offset", || {
        block(control(&desktop).treatments()).is_ok_and(|rows| !rows.is_empty())
    });
    let softer_lufs = wait_for("6 dB less", || {
        let heard_lufs = walk.heard_lufs();
        ((usual_lufs - heard_lufs - 6.0).abs() < 1.0).then_some(heard_lufs)
    });
    walk.see(&panel, "open its row, set Louder or softer to -6 dB", &["Louder or softer"]);
    walk.note("listen", &format!("{usual_lufs:.1} LUFS became {softer_lufs:.1} LUFS"));

    let music = play(&desktop, MUSIC, "A song", USUAL);
    wait_linked(&desktop, &music, "device");
    walk.see(&panel, "start a music player", &[MUSIC, "Left alone"]);

    panel.turn_to("protection");
    panel.press(Role::PUSH_BUTTON, "Turn Off");
    wait_linked(&desktop, &browser, "device");
    walk.see(
        &panel,
        "turn to Protection, press Turn Off at Off for 30 minutes",
        &["Protection is off"],
    );
    panel.turn_to("apps");
    panel.press(Role::PUSH_BUTTON, "Turn On");
    wait_linked(&desktop, &browser, names::SINK_NODE);
    walk.see(&panel, "press Turn On", &[BROWSER]);

    drop(panel);
    walk.run(&["install", "remove", "--yes"]);
    wait_linked(&desktop, &browser, "device");
    let left = before.diff(&HomeState::read(&home).unwrap());
    // What the session manager and the graphics driver write is theirs.
    let ours: Vec<_> = left.iter().filter(|it| is_ours(it)).map(ToString::to_string).collect();
    assert!(ours.is_empty(), "{ours:?}");
    walk.note("look into the home folder", "as before");
    fs::write(gallery().join("walk.md"), &walk.told).unwrap();
    println!("{}", walk.told);
    drop(music);
}

fn is_ours(change: &HomeChange) -> bool {
    change.path().to_string_lossy().to_lowercase().contains("headroom")
}
