//! What the ear is owed: no blast passes, the person's volume is theirs, and a known application is right
//! from its first second on.

use std::{fs, time::Instant};

use headroom_api::{dict_bool, dict_f64, dict_str};
use headroom_testkit::{
    layout::usual_layout,
    meter,
    session::{Device, Player, Recorder, Session},
    signals,
};

use crate::{
    chains::{RATE_HZ, SECOND, session_with_shared_profile},
    rig::*,
};

/// What the profile `default` levels to.
const TARGET_LUFS: f64 = -18.0;
/// What the slider takes in the tests of it.
const SLIDER_DB: f64 = -9.3;
/// Hops of the curves: 10 ms.
const HOPS_PER_SECOND: usize = 100;

/// Loudness of a recording over time, read every 10 ms.
struct Curve {
    lufs: Vec<f64>,
    window_ms: usize,
}

impl Curve {
    fn of(channels: &[Vec<f32>], window_ms: usize) -> Self {
        let positions = usual_layout(channels.len());
        let lufs = meter::loudness_curve(channels, RATE_HZ, &positions, window_ms);
        Self { lufs, window_ms }
    }

    /// Highest loudness of the windows that lie between two times, in s.
    fn max(&self, from_s: f64, to_s: f64) -> f64 {
        let hop = |s: f64| (s * HOPS_PER_SECOND as f64).round() as usize;
        let last = hop(to_s).saturating_sub(self.window_ms / 10).min(self.lufs.len() - 1);
        self.lufs[hop(from_s)..=last].iter().copied().fold(-200.0, f64::max)
    }
}

/// Loudness of a part of a recording in stereo, between two times in s.
fn loudness(channels: &[Vec<f32>], from_s: f64, to_s: f64) -> f64 {
    let frame = |s: f64| (s * f64::from(RATE_HZ)) as usize;
    let parts: Vec<_> = channels.iter().map(|it| &it[frame(from_s)..frame(to_s)]).collect();
    meter::loudness(&parts, RATE_HZ, &usual_layout(channels.len())).integrated_lufs
}

/// The same in both channels, at this loudness in stereo.
fn stereo(samples: Vec<f32>, lufs: f64) -> Vec<Vec<f32>> {
    let both = vec![samples.clone(), samples];
    let now = loudness(&both, 0.0, both[0].len() as f64 / f64::from(RATE_HZ));
    signals::amplified(&both, lufs - now)
}

pub(crate) fn noise(lufs: f64, seconds: usize, seed: u64) -> Vec<Vec<f32>> {
    stereo(signals::pink_noise(RATE_HZ, seconds * SECOND, seed), lufs)
}

fn speech(lufs: f64, seconds: usize, seed: u64) -> Vec<Vec<f32>> {
    stereo(signals::speech_like(RATE_HZ, seconds * SECOND, -23.0, seed), lufs)
}

fn joined(parts: &[Vec<Vec<f32>>]) -> Vec<Vec<f32>> {
    let channel = |number: usize| parts.iter().flat_map(|part| part[number].clone()).collect();
    vec![channel(0), channel(1)]
}

/// Waits until the device has recorded so much more, in s; returns what it has by then.
pub(crate) fn heard_after(recorder: &Recorder, seconds: f64) -> Vec<Vec<f32>> {
    recorder.wait_more((seconds * f64::from(RATE_HZ)) as usize, PATIENCE * 2).unwrap();
    recorder.snapshot().channels
}

/// Loudness of the next seconds of noise in which a busy machine loses no cycle: these are silent, and make all softer.
pub(crate) fn last_lufs(recorder: &Recorder, seconds: f64) -> f64 {
    let deadline = Instant::now() + 3 * PATIENCE;
    loop {
        let heard = heard_after(recorder, seconds);
        let frames = (seconds * f64::from(RATE_HZ)) as usize;
        let lost = silent_frames(&heard[0][heard[0].len() - frames..], RATE_HZ);
        if lost * 100 < frames {
            let end_s = heard[0].len() as f64 / f64::from(RATE_HZ);
            return loudness(&heard, end_s - seconds, end_s);
        }
        println!("{lost} of {frames} frames lost");
        assert!(Instant::now() < deadline, "cycles are lost all the time");
    }
}

impl Rig {
    /// Plays material once through the chain of its application; returns what the device got from its
    /// first sound on.
    fn hear(&self, app: &str, material: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
        let recorder = self.session.record(DEVICE).unwrap();
        let player = self.session.player(material).app(app).binary(app).start().unwrap();
        player.wait_drained(PATIENCE * 2).unwrap();
        let recording = recorder.stop().unwrap();
        let onset = recording.first_sound(0, 1e-4).unwrap();
        recording.part(onset..recording.frames()).channels
    }

    pub(crate) fn settle_player(&self, app: &str, material: Vec<Vec<f32>>) -> Player {
        let player = self.session.player(material).app(app).binary(app).looping().start().unwrap();
        self.wait_chain(&player, "app");
        player
    }
}

/// Has the person move a slider as PulseAudio's clients do.
pub(crate) fn pulse_volume(session: &Session, player: &Player, linear: f64) {
    let input = player.serial().to_string();
    // PulseAudio's volumes are cubic.
    let percent = format!("{:.4}%", linear.cbrt() * 100.0);
    session.run("pactl", &["set-sink-input-volume", &input, &percent]).unwrap();
}

/// Has the person move a slider as PipeWire's own clients do.
pub(crate) fn props(session: &Session, player: &Player, props: &str) {
    session.run("pw-cli", &["set-param", &player.node_id().to_string(), "Props", props]).unwrap();
}

pub(crate) fn session_with_pulse() -> Session {
    Session::builder().pulse(true).device(Device::new(DEVICE)).start().unwrap()
}

#[test]
fn blast_stays_near_the_speech_before_it() {
    const BEFORE_S: usize = 12;
    const BLAST_S: usize = 2;
    const BACK_WITHIN_S: f64 = 0.5;
    let rig = Rig::start();
    let material = [speech(-23.0, BEFORE_S, 1), noise(-3.0, BLAST_S, 2), speech(-23.0, 5, 3)];
    let heard = rig.hear("Talk", joined(&material));
    let (onset, end) = (BEFORE_S as f64, (BEFORE_S + BLAST_S) as f64);
    let before = loudness(&heard, onset - 5.0, onset - 0.1);
    let short = Curve::of(&heard, 100).max(onset + 0.03, end + 0.1) - before;
    let momentary = Curve::of(&heard, 400).max(onset - 0.37, end + 0.4) - before;
    let back = end + BACK_WITHIN_S;
    let after = loudness(&heard, back, back + 3.0) - before;
    println!("blast: 100 ms {short:+.1}, momentary {momentary:+.1}, after it {after:+.1} LU");
    assert!(short <= 7.5, "100 ms loudness {short:+.2} LU above the speech before");
    assert!(momentary <= 5.2, "momentary loudness {momentary:+.2} LU above");
    assert!(after.abs() <= 3.0, "speech {after:+.2} LU off after {BACK_WITHIN_S} s");
}

#[test]
fn first_sound_of_a_loud_application_is_met() {
    let rig = Rig::start();
    let heard = rig.hear("Shouter", noise(-3.0, 5, 4));
    let momentary = Curve::of(&heard, 400).max(0.0, 4.5) - TARGET_LUFS;
    println!("cold start at -3 LUFS: momentary {momentary:+.1} LU above the target");
    assert!(momentary <= 5.0, "momentary loudness {momentary:+.2} LU above the target");
}

#[test]
fn slider_of_one_stream_is_heard_in_full_for_good() {
    let rig = Rig::in_session(session_with_pulse());
    let player = rig.settle_player("Music", noise(-22.0, 10, 5));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    pulse_volume(&rig.session, &player, meter::db_to_amplitude(SLIDER_DB));
    let moved = heard_after(&recorder, 1.0);
    let at_once = last_lufs(&recorder, 1.0) - before;
    heard_after(&recorder, 26.0);
    let after = last_lufs(&recorder, 3.0) - before;
    println!("slider {SLIDER_DB} dB: {at_once:+.2} dB after 1 s, {after:+.2} dB after 30 s");
    assert!((at_once - SLIDER_DB).abs() <= 1.0, "{at_once:+.2} dB after a second");
    assert!((after - SLIDER_DB).abs() <= 1.0, "{after:+.2} dB after half a minute");
    let told = rig.explain(&player);
    assert!((dict_f64(&told, "volume-db").unwrap() - SLIDER_DB).abs() < 0.1, "{told:?}");
    assert_eq!(dict_bool(&told, "volume-known"), Some(true));
    // Back up: no surge, and the old level.
    let frames = moved[0].len();
    pulse_volume(&rig.session, &player, 1.0);
    heard_after(&recorder, 1.0);
    let back = last_lufs(&recorder, 2.0) - before;
    assert!(back.abs() <= 1.0, "{back:+.2} dB when it is back");
    let recording = recorder.stop().unwrap();
    let highest = Curve::of(&recording.part(frames..recording.frames()).channels, 400);
    let highest = highest.lufs.iter().copied().fold(-200.0, f64::max) - before;
    assert!(highest <= 1.5, "{highest:+.2} dB over the level before");
}

#[test]
fn slider_of_two_streams_of_one_application_is_heard_in_full() {
    let rig = Rig::start();
    let players = [6, 7].map(|seed| rig.settle_player("Browser", noise(-25.0, 10, seed)));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    let volume = meter::db_to_amplitude(SLIDER_DB);
    for player in &players {
        props(&rig.session, player, &format!("{{ channelVolumes: [{volume}, {volume}] }}"));
    }
    heard_after(&recorder, 26.0);
    let after = last_lufs(&recorder, 3.0) - before;
    println!("slider {SLIDER_DB} dB on two streams: {after:+.2} dB after half a minute");
    assert!((after - SLIDER_DB).abs() <= 1.0, "{after:+.2} dB after half a minute");
}

#[test]
fn slider_above_100_percent_is_heard_in_full() {
    let rig = Rig::in_session(session_with_pulse());
    let player = rig.settle_player("Music", noise(-22.0, 10, 8));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    pulse_volume(&rig.session, &player, meter::db_to_amplitude(3.0));
    heard_after(&recorder, 10.0);
    let after = last_lufs(&recorder, 3.0) - before;
    println!("slider +3 dB: {after:+.2} dB after 13 s");
    assert!((after - 3.0).abs() <= 1.0, "{after:+.2} dB");
}

#[test]
fn muting_freezes_what_was_learned() {
    let rig = Rig::start();
    let player = rig.settle_player("Music", noise(-26.0, 10, 9));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    props(&rig.session, &player, "{ mute: true }");
    let muted = heard_after(&recorder, 6.0)[0].len();
    props(&rig.session, &player, "{ mute: false }");
    recorder.wait_sound(muted, 1e-3, PATIENCE).unwrap();
    heard_after(&recorder, 1.5);
    let recording = recorder.stop().unwrap();
    let onset = recording.first_sound(muted, 1e-3).unwrap() as f64 / f64::from(RATE_HZ);
    let after = loudness(&recording.channels, onset, onset + 1.0) - before;
    println!("after a mute of 6 s: {after:+.2} dB in the first second");
    assert!(after.abs() <= 1.0, "{after:+.2} dB in the first second after the mute");
}

#[test]
fn shared_chain_says_that_it_cannot_know_the_volume() {
    let rig = Rig::in_session(session_with_shared_profile());
    rig.block(rig.control().set_active_profile("together")).unwrap();
    let player = rig.session.player(noise(-22.0, 2, 10)).app("Music").looping().start().unwrap();
    rig.wait_chain(&player, "bus");
    props(&rig.session, &player, "{ channelVolumes: [0.5, 0.5] }");
    eventually("the volume", || {
        dict_f64(&rig.explain(&player), "volume-db").is_some_and(|db| (db + 6.02).abs() < 0.1)
    });
    assert_eq!(dict_bool(&rig.explain(&player), "volume-known"), Some(false));
    // Where no leveller works there is nothing to be known.
    rig.block(rig.control().set_route("Music", "bypass")).unwrap();
    rig.wait_chain(&player, "none");
    assert_eq!(dict_bool(&rig.explain(&player), "volume-known"), None);
}

#[test]
fn sum_of_applications_stays_under_the_cap() {
    const CAP_LUFS: f64 = -16.0;
    let rig = Rig::start();
    rig.block(rig.control().set_setting("leveller.cap_lufs", &CAP_LUFS.into())).unwrap();
    let recorder = rig.session.record(DEVICE).unwrap();
    let play = |seed: u64| {
        let app = format!("app{seed}");
        let player = rig.session.player(noise(-14.0, 8, seed)).app(&app).binary(&app);
        player.looping().start().unwrap()
    };
    let players: Vec<_> = (1..=4).map(play).collect();
    for player in &players {
        rig.wait_chain(player, "app");
    }
    heard_after(&recorder, 6.0);
    let recording = recorder.stop().unwrap();
    let onset = recording.first_sound(0, 1e-4).unwrap();
    let heard = recording.part(onset..recording.frames()).channels;
    let curve = Curve::of(&heard, 400);
    let highest = curve.lufs.iter().copied().fold(-200.0, f64::max);
    println!("four applications under a cap of {CAP_LUFS} LUFS: momentary {highest:.1} LUFS");
    assert!(highest <= CAP_LUFS + 1.0, "{highest:.2} LUFS");
}

#[test]
fn known_application_is_right_from_its_first_second_on() {
    let mut rig = Rig::start();
    let player = rig.settle_player("Shouter", noise(-5.0, 10, 11));
    let file = rig.session.state_home().join("headroom/levels.toml");
    let remembered = |rig: &Rig| dict_f64(&rig.explain(&player), "remembered-lufs");
    eventually("the level to be remembered", || {
        remembered(&rig).is_some_and(|lufs| (lufs + 5.0).abs() < 1.5)
    });
    // Cycles that a busy machine lost make it softer than what was played.
    let missed_lu = (-5.0 - remembered(&rig).unwrap()).max(0.0);
    eventually("its file", || fs::read_to_string(&file).is_ok_and(|it| it.contains("shouter")));
    drop(player);
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    rig.restart();
    let heard = rig.hear("Shouter", noise(-5.0, 3, 12));
    let first = loudness(&heard, 0.0, 1.0) - TARGET_LUFS;
    let momentary = Curve::of(&heard, 400).max(0.0, 2.5) - TARGET_LUFS;
    println!(
        "known application, {missed_lu:.1} LU too soft: {first:+.1} LU in its first second, \
         momentary {momentary:+.1} LU"
    );
    assert!(first.abs() <= 1.5, "{first:+.2} LU off the target in the first second");
    let most = 2.0 + missed_lu;
    assert!(momentary <= most, "momentary {momentary:+.2} LU above the target, not {most:.2}");
    rig.block(rig.control().forget_levels("SHOUTER")).unwrap();
    assert!(!file.exists());
    rig.block(rig.control().forget_levels("")).unwrap();
    rig.block(rig.control().forget_levels("shouter")).unwrap_err();
}

/// App volume control on, levelling off.
const LOW: &str = "extends = \"default\"\n[leveller]\nenabled = false\n[app_volume]\nenabled = true\n\
                   target_dbfs = -40\nmax_cut_db = 30\n";

#[test]
fn leveller_takes_over_from_app_volume_control() {
    let session = Session::start().unwrap();
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("low.toml"), LOW).unwrap();
    let rig = Rig::in_session(session);
    rig.block(rig.control().set_active_profile("low")).unwrap();
    let player = rig.settle_player("Shouter", noise(-14.0, 10, 13));
    let level = |rig: &Rig| {
        let told = rig.explain(&player);
        (dict_bool(&told, "level").unwrap(), dict_f64(&told, "level-db").unwrap())
    };
    eventually("app volume control", || level(&rig).1 < -18.0);
    assert!(level(&rig).0);
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 0.5);
    let lowered = last_lufs(&recorder, 1.0);
    rig.block(rig.control().set_active_profile("night")).unwrap();
    eventually("the volume to be given back", || level(&rig) == (false, 0.0));
    let told = rig.explain(&player);
    let why = dict_str(&told, "level-reason").unwrap();
    println!("from {lowered:.1} LUFS: {why}");
    heard_after(&recorder, 2.0);
    let after = last_lufs(&recorder, 2.0);
    let highest = Curve::of(&recorder.snapshot().channels, 400);
    let highest = highest.lufs.iter().copied().fold(-200.0, f64::max);
    println!("night takes over: {after:.1} LUFS, momentary {highest:.1} LUFS at most");
    assert!((after + 23.0).abs() <= 3.0, "{after:.2} LUFS where -23 is wanted");
    assert!(highest <= -23.0 + 5.2, "momentary {highest:.2} LUFS");
}

#[test]
fn bypassed_blast_is_caught_by_app_volume_control() {
    let rig = Rig::start();
    let control = rig.control();
    rig.block(async {
        control.set_active_profile("bypass-all").await.unwrap();
        control.set_setting("app_volume.enabled", &true.into()).await.unwrap();
        control.set_setting("app_volume.target_dbfs", &(-26.0).into()).await.unwrap();
        control.set_setting("app_volume.max_cut_db", &(30.0).into()).await.unwrap();
    });
    let material = joined(&[noise(-26.0, 4, 14), noise(-3.0, 4, 15)]);
    let heard = rig.hear("Game", material);
    let curve = Curve::of(&heard, 100);
    let before = loudness(&heard, 1.0, 3.9);
    let time_to = |over_lu: f64| {
        let late = |hop: &usize| curve.lufs[*hop] > before + over_lu;
        let last = (400..700).rev().find(late).unwrap_or(400);
        (last + 1 - 400) as f64 / HOPS_PER_SECOND as f64
    };
    println!(
        "bypassed blast of 23 LU: under +12 LU after {:.2} s, under +9 after {:.2} s, +6 after {:.2} s",
        time_to(12.0),
        time_to(9.0),
        time_to(6.0)
    );
    assert!(time_to(12.0) <= 0.6, "{:.2} s", time_to(12.0));
    assert!(time_to(9.0) <= 1.5, "{:.2} s", time_to(9.0));
}
