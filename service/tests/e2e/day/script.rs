//! The script: who comes and goes, what changes, and what is to be said of every stream.

use headroom_api::names;
use headroom_testkit::session::{Device, wait_for};

use super::{Day, HEADSET, LEFT_ALONE, LEVELLED, Said, Step, Stream, UNKNOWN, noise, quiet};
use crate::rig::*;

const RATE_HZ: usize = 48_000;
/// The cap of the default profile, and of `night`.
const CAP_LUFS: f64 = -12.0;
const NIGHT_CAP_LUFS: f64 = -19.0;

const fn step(name: &'static str, run: fn(&mut Day)) -> Step {
    Step { name, cause: "", cap_lufs: CAP_LUFS, run }
}

const fn silencing(name: &'static str, cause: &'static str, run: fn(&mut Day)) -> Step {
    Step { name, cause, cap_lufs: CAP_LUFS, run }
}

pub(super) const STEPS: &[Step] = &[
    step("radio", radio),
    step("music", music),
    step("mail", mail),
    step("page and blast", browser),
    step("page alone", |day| day.leave(&["mail 1", "mail 2", "mail 3", "blast"])),
    step("call", call),
    step("games", games),
    step("one game even", even_game),
    step("games end", |day| day.leave(&["hades", "celeste", "voice", "video"])),
    step("slider down", |day| slide(day, "0.5")),
    step("slider up", |day| slide(day, "1.0")),
    step("immovable", immovable),
    step("film at headset", film),
    step("headset away", headset_away),
    step("headset back", headset_back),
    Step { cap_lufs: NIGHT_CAP_LUFS, ..step("night", night) },
    step("everyday", everyday),
    step("a setting", setting),
    step("eight at once", eight),
    step("screen recorder", recorder),
    step("they leave", eight_leave),
    step("studio", studio),
    step("volume down", |day| day.rig.volume(DEVICE, "0.5")),
    step("volume up", |day| day.rig.volume(DEVICE, "1.0")),
    silencing("protection off", "every stream is re-linked", protection_off),
    silencing("protection on", "every stream is re-linked", protection_on),
    silencing("headphones", "the sound is at the headphones", headphones),
    silencing("loudspeakers", "the sound comes back from the headphones", loudspeakers),
    step("music even", even_music),
    step("evening", |day| day.leave(&["speech", "music", "page"])),
];

fn radio(day: &mut Day) {
    day.play("radio", ("Radio", "radio"), noise(0.05, 1), UNKNOWN);
}

fn music(day: &mut Day) {
    day.play("music", ("Music Player Daemon", "mpd"), quiet(3), LEFT_ALONE);
}

fn mail(day: &mut Day) {
    let [one, ..] = three_hostile(RATE_HZ);
    for name in ["mail 1", "mail 2", "mail 3"] {
        let ping = day.player("Mail", "mail", one.clone()).role("Notification").start().unwrap();
        day.add(name, Stream::Player(ping), LEVELLED);
    }
}

fn browser(day: &mut Day) {
    let [_, two, _] = three_hostile(RATE_HZ);
    day.play("page", ("Firefox", "firefox"), noise(0.03, 5), LEVELLED);
    day.play("blast", ("Firefox", "firefox"), two, LEVELLED);
}

fn call(day: &mut Day) {
    day.play("voice", ("WEBRTC VoiceEngine", "Discord"), noise(0.1, 7), LEVELLED);
    day.play("video", ("Zoom", "zoom"), noise(0.02, 9), LEVELLED);
}

/// Two games behind one loader are two applications.
fn games(day: &mut Day) {
    day.play("hades", ("Hades.exe", "wine64-preloader"), quiet(11), LEFT_ALONE);
    day.play("celeste", ("Celeste.exe", "wine64-preloader"), quiet(12), LEFT_ALONE);
}

fn even_game(day: &mut Day) {
    day.rig.block(day.rig.control().set_treatment("Hades.exe", "even-out", 0.0)).unwrap();
    day.expect("hades", |said| *said = Said { treatment: "even-out", by: "user", ..LEVELLED });
}

fn slide(day: &mut Day, volume: &str) {
    let id = day.node_id("page").to_string();
    day.rig.session.run("wpctl", &["set-volume", &id, volume]).unwrap();
}

fn immovable(day: &mut Day) {
    let old = day.player("Old", "old", quiet(13)).prop("node.dont-reconnect", "true");
    let old = old.start().unwrap();
    let said =
        Said { route: "unmanaged", chain: "none", held: "immovable", by: "nothing", ..UNKNOWN };
    day.add("old", Stream::Player(old), said);
}

fn film(day: &mut Day) {
    day.leave(&["old"]);
    let [_, _, three] = three_hostile(RATE_HZ);
    let film = day.player("VLC", "vlc", three).target(HEADSET).start().unwrap();
    day.add("film", Stream::Player(film), Said { chain: "device", device: HEADSET, ..LEVELLED });
    let recorder = day.rig.session.record(HEADSET).unwrap();
    recorder.wait_sound(0, 0.1, PATIENCE).unwrap();
    recorder.wait_more(RATE_HZ, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "the film at its device");
}

fn headset_away(day: &mut Day) {
    day.rig.session.remove_device(HEADSET).unwrap();
    // No target is written over its own, so it gets no chain of its own meanwhile: it is limited.
    day.expect("film", |said| *said = Said { chain: "bus", ..LEVELLED });
}

fn headset_back(day: &mut Day) {
    day.rig.session.create_device(Device::new(HEADSET)).unwrap();
    day.expect("film", |said| *said = Said { chain: "device", device: HEADSET, ..LEVELLED });
}

fn night(day: &mut Day) {
    day.rig.block(day.rig.control().set_active_profile("night")).unwrap();
}

fn everyday(day: &mut Day) {
    day.rig.block(day.rig.control().set_active_profile("default")).unwrap();
}

fn setting(day: &mut Day) {
    let target = &(-20.0).into();
    day.rig.block(day.rig.control().set_setting("leveller.target_lufs", target)).unwrap();
}

const EIGHT: [(&str, &str, &str); 8] = [
    ("mpv", "mpv", "mpv"),
    ("totem", "Videos", "totem"),
    ("chromium", "Chromium", "chromium"),
    ("slack", "Slack", "slack"),
    ("telegram", "Telegram", "telegram-desktop"),
    ("steam", "Steam", "steamwebhelper"),
    ("kde", "plasmashell", "plasmashell"),
    ("lecture", "Lecture", "lecture"),
];

fn eight(day: &mut Day) {
    day.rig.block(day.rig.control().reset_setting("leveller.target_lufs")).unwrap();
    let hostile = three_hostile(RATE_HZ);
    for (number, (name, app, binary)) in EIGHT.into_iter().enumerate() {
        let said = if name == "lecture" { UNKNOWN } else { LEVELLED };
        day.play(name, (app, binary), hostile[number % 3].clone(), said);
    }
}

/// What records the screen hears the output.
fn recorder(day: &mut Day) {
    let mut command = day.rig.session.command("pw-record");
    let path = day.rig.session.runtime_dir().join("screen.wav");
    command.args(["-P", "{ node.name = screen stream.capture.sink = true }"]).arg(path);
    let process = day.rig.session.spawn(&command, "pw-record").unwrap();
    let serial = wait_for("the recorder", PATIENCE, || {
        Some(day.rig.session.dump().ok()?.node("screen")?.serial)
    });
    let said = Said {
        route: "unmanaged",
        held: "listener",
        by: "nothing",
        // It plays nowhere.
        device: "",
        ..LEFT_ALONE
    };
    day.apps.insert("pw-record".to_owned());
    day.add("recorder", Stream::Program { _process: process, serial: serial.unwrap() }, said);
}

fn eight_leave(day: &mut Day) {
    day.leave(&EIGHT.map(|(name, ..)| name));
    day.leave(&["recorder", "film"]);
}

fn studio(day: &mut Day) {
    day.play("speech", ("speech-dispatcher-espeak", "sd_espeak-ng"), noise(0.1, 15), LEVELLED);
    day.play("studio", ("Audacity", "audacity"), quiet(17), LEFT_ALONE);
    day.play("cinema", ("Kodi", "kodi.bin"), quiet(18), LEFT_ALONE);
}

fn protection_off(day: &mut Day) {
    day.leave(&["studio", "cinema"]);
    day.rig.block(day.rig.control().set_bypass(true)).unwrap();
    day.protected = day.streams.iter().map(|(name, it)| (*name, it.said.clone())).collect();
    day.expect_all(|said| {
        // Nothing had to be decided.
        (said.route, said.chain, said.held, said.by) = ("bypass", "none", "bypass-all", "nothing");
    });
}

fn protection_on(day: &mut Day) {
    day.rig.block(day.rig.control().set_bypass(false)).unwrap();
    for (name, said) in std::mem::take(&mut day.protected) {
        day.expect(name, |shown| *shown = said);
    }
}

fn move_default(day: &mut Day, device: &'static str) {
    day.rig.session.set_default_device(device).unwrap();
    day.rig
        .session
        .wait_for_graph("the bus at the device", PATIENCE, |graph| {
            let output = graph.node(names::OUTPUT_NODE)?;
            (graph.target_names(output.id) == [device]).then_some(())
        })
        .unwrap();
    day.expect_all(|said| said.device = device);
}

fn headphones(day: &mut Day) {
    move_default(day, HEADSET);
}

fn loudspeakers(day: &mut Day) {
    move_default(day, DEVICE);
}

fn even_music(day: &mut Day) {
    day.rig.block(day.rig.control().set_treatment("mpd", "even-out", 0.0)).unwrap();
    day.expect("music", |said| *said = Said { treatment: "even-out", by: "user", ..LEVELLED });
}
