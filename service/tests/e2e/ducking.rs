//! Ducking: what plays makes room for a call, and comes back after it.

use std::fs;

use headroom_testkit::{layout::usual_layout, meter, session::Session};

use crate::{
    chains::{RATE_HZ, SECOND},
    rig::*,
};

/// How much softer the rule makes everything else, in dB.
const DUCKED_DB: f64 = 12.0;

/// Loudness of pieces of 100 ms, one every 10 ms, in LUFS.
fn curve(channels: &[Vec<f32>]) -> Vec<f64> {
    meter::loudness_curve(channels, RATE_HZ, &usual_layout(2), 100)
}

fn median(mut lufs: Vec<f64>) -> f64 {
    lufs.sort_by(f64::total_cmp);
    lufs[lufs.len() / 2]
}

#[test]
fn music_is_ducked_while_a_call_plays_and_comes_back() {
    let session = Session::start().unwrap();
    let file = session.config_home().join("headroom/profiles/calls.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let profile = format!(
        "extends = \"default\"\n[[rules]]\nmatch.media_role = [\"communication\"]\n\
         treatment = \"automatic\"\nducks_others_db = {DUCKED_DB}\n"
    );
    fs::write(&file, profile).unwrap();
    let rig = Rig::in_session(session);
    rig.block(rig.control().set_active_profile("calls")).unwrap();
    // A steady tone: what changes is the ducking's alone.
    let step = std::f32::consts::TAU * 1000.0 / RATE_HZ as f32;
    let tone: Vec<f32> = (0..SECOND).map(|n| 0.05 * (n as f32 * step).sin()).collect();
    let music = rig.session.player(vec![tone; 2]).app("Music").binary("music").looping();
    let music = music.start().unwrap();
    rig.wait_route(&music, "processed");
    let recorder = rig.session.record(DEVICE).unwrap();
    // Until the leveller has found its gain.
    recorder.wait_frames(12 * SECOND, 2 * PATIENCE).unwrap();
    // A call in which nobody speaks: what is heard is the music alone.
    let silence = vec![vec![0.0; SECOND]; 2];
    let before = recorder.frames();
    let call = rig.session.player(silence).app("Call").binary("call").role("Communication");
    let call = call.looping().start().unwrap();
    rig.wait_route(&call, "processed");
    recorder.wait_frames(recorder.frames() + 5 * SECOND, PATIENCE).unwrap();
    let during = recorder.frames();
    call.stop(&rig.session).unwrap();
    let stopped = recorder.frames();
    recorder.wait_frames(stopped + 5 * SECOND, PATIENCE).unwrap();
    let heard = recorder.stop().unwrap();
    let part = |from: usize, to: usize| curve(&heard.part(from..to).channels);
    let usual = median(part(before - 3 * SECOND, before));
    let ducked = median(part(during - 3 * SECOND, during));
    let again = median(part(stopped + 2 * SECOND, stopped + 5 * SECOND));
    println!("usual {usual:.2}, ducked {ducked:.2}, again {again:.2} LUFS");
    assert!((usual - ducked - DUCKED_DB).abs() < 1.0, "by what the rule says");
    assert!((again - usual).abs() < 1.0, "as before");
    // The ramp lasts 50 ms, and each piece 100 ms: they are read every 10 ms.
    let between = part(before, during);
    let between = between.into_iter().filter(|lufs| (ducked + 1.0..usual - 1.0).contains(lufs));
    let between: Vec<f64> = between.collect();
    assert!(between.len() <= 20, "by a ramp, and not a slope: {between:.1?}");
    // A cycle that a busy machine loses is in ten pieces, and moves them by some tenths.
    let falls = between.is_sorted_by(|earlier, later| *later < earlier + 1.0);
    assert!(falls, "once, and not to and fro: {between:.1?}");
}
