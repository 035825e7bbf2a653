//! What reaches the device never exceeds the ceiling, and is not turned down more than is meant.

use crate::rig::*;
use headroom_testkit::{
    meter,
    signals::{self, corpus},
};

const RATE_HZ: u32 = 48_000;
const SECOND: usize = RATE_HZ as usize;
/// Long enough for every signal of the corpus to do its worst.
const SIGNAL_FRAMES: usize = 24_000;
const PAD_FRAMES: usize = 4_800;

#[test]
fn hostile_material_stays_under_the_ceiling_at_the_device() {
    let rig = Rig::start();
    let mut material = vec![Vec::new(), Vec::new()];
    for signal in corpus() {
        let planar = signal.planar(RATE_HZ, SIGNAL_FRAMES, 2, 1);
        for (channel, new) in
            material.iter_mut().zip(signals::padded_planar(&planar, PAD_FRAMES, PAD_FRAMES))
        {
            channel.extend(new);
        }
    }
    let hottest = meter::true_peak_dbtp_planar(&material);
    assert!(hottest > 6.0, "the material is tame: {hottest:+.1} dBTP");

    let recording = rig.pass("Firefox", "headroom", &material).recording;
    assert_under_ceiling(&recording, "the corpus, levelled");
    rig.limit_only();
    let recording = rig.pass("Chromium", "headroom", &material).recording;
    assert_under_ceiling(&recording, "the corpus");
    assert!(
        meter::true_peak_dbtp_planar(&recording.channels) > -1.0,
        "the limiter had nothing to do"
    );
    assert_eq!(rig.health("clamp-activations"), 0);
    assert_eq!(rig.health("unready-cycles"), 0);
}

#[test]
fn the_first_sample_of_a_stream_is_under_the_ceiling() {
    let rig = Rig::start();
    for (index, signal) in corpus().iter().take(6).enumerate() {
        let recorder = rig.session.record(DEVICE).unwrap();
        // Not held: the material begins with the stream's very first frame.
        let material = signals::padded_planar(&signal.planar(RATE_HZ, 12_000, 2, 7), 0, 4_800);
        let player = rig
            .session
            .player(material)
            .app(&format!("new app {index}"))
            .at_once()
            .start()
            .unwrap();
        player.wait_drained(PATIENCE).unwrap();
        recorder.wait_more(8_192, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        assert!(recording.first_sound(0, 0.01).is_some(), "{}: nothing was heard", signal.name);
        assert_under_ceiling(&recording, signal.name);
    }
}

#[test]
fn three_hostile_apps_at_once_stay_under_the_ceiling() {
    let rig = Rig::start();
    rig.limit_only();
    let recorder = rig.session.record(DEVICE).unwrap();
    let players: Vec<_> = three_hostile(SECOND)
        .into_iter()
        .zip(["one", "two", "three"])
        .map(|(material, app)| rig.session.player(material).app(app).start().unwrap())
        .collect();
    for player in &players {
        player.wait_drained(PATIENCE).unwrap();
    }
    recorder.wait_more(8_192, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "three apps");
}

#[test]
fn a_moderate_programme_comes_out_at_the_profiles_target() {
    const TARGET_LUFS: f64 = -18.0;
    let rig = Rig::start();
    // Already at the target: nothing may be taken or given that a listener would notice.
    let speech = signals::speech_like(RATE_HZ, 12 * RATE_HZ as usize, TARGET_LUFS, 5);
    let recording = rig.pass("Call", "headroom", &[speech.clone(), speech.clone()]).recording;
    let played = meter::loudness(&[&speech, &speech], RATE_HZ, &recording.positions);
    let heard = meter::loudness(&recording.channels, recording.rate_hz, &recording.positions);
    let change = heard.integrated_lufs - played.integrated_lufs;
    let expected = TARGET_LUFS - played.integrated_lufs;
    assert!(
        (change - expected).abs() <= 2.0,
        "played at {:.1} LUFS, heard at {:.1} LUFS",
        played.integrated_lufs,
        heard.integrated_lufs
    );
}

#[test]
fn added_latency_is_the_published_one_alone() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let bypassed = travel(&rig, "Direct", DEVICE);
    let processed = travel(&rig, "Firefox", "headroom");
    let published = rig.published_latency_frames();
    assert_eq!(processed - bypassed, published, "{processed} - {bypassed} frames");
    assert!(published > 0 && published <= i64::from(RATE_HZ) * 2 / 1000, "{published} frames");
}

/// Frames of the graph's clock from the player to the device.
fn travel(rig: &Rig, app: &str, target: &str) -> i64 {
    // Short: few cycles that a busy machine could drop.
    let noise = signals::gaussian_noise(SECOND / 4, 0.05, 11);
    let passage = rig.pass(app, target, &[noise.clone(), noise.clone()]);
    let delay = passage.delay(&noise, 0).expect("the noise was heard");
    passage.travel_frames(delay.frames).expect("its cycles were logged")
}
