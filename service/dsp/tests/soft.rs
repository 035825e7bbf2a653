//! The soft tier caps what stands out of the programme, and only that.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{hard_tier_only, prepared, process};
use headroom_dsp::ChainParams;
use headroom_testkit::layout::Position;
use headroom_testkit::meter;
use headroom_testkit::signals;

const RATE_HZ: u32 = 48_000;

fn soft_tier(max_psr_db: f32) -> ChainParams {
    let mut params = hard_tier_only();
    params.limiter.soft.enabled = true;
    params.limiter.soft.max_psr_db = max_psr_db;
    params
}

/// A quiet tone of about -30 LUFS, with a loud one of half a second in the middle.
fn tone_with_a_blast(blast: f64) -> Vec<f32> {
    let mut audio = signals::sine(RATE_HZ, 240_000, 1000.0, 0.045);
    let loud = signals::sine(RATE_HZ, 24_000, 1000.0, blast);
    audio[120_000..144_000].copy_from_slice(&loud);
    audio
}

fn peak_db(samples: &[f32]) -> f32 {
    headroom_dsp::gain_to_db(samples.iter().fold(0.0, |p, x| p.max(x.abs())))
}

#[test]
fn a_blast_is_held_near_the_cap() {
    let mut chain = prepared(soft_tier(10.0), RATE_HZ, 1);
    let latency = chain.latency_frames();
    let output = process(&mut chain, &[tone_with_a_blast(0.6)], 480).remove(0);
    // The programme reads about -30 LUFS, so the cap stands at -20 dBFS; the tone is at -4.4. The
    // most that the tier takes is 12 dB.
    let held = peak_db(&output[latency + 123_000..latency + 124_500]);
    assert!((held + 16.4).abs() < 0.7, "{held}");
    assert!(chain.take_meters().limiter_soft_db < -11.0);
    // The attack is a few milliseconds long, and everything before it is untouched.
    let before = peak_db(&output[100_000..119_000]);
    assert!((before - peak_db(&tone_with_a_blast(0.6)[100_000..119_000])).abs() < 1e-3);
}

#[test]
fn nothing_goes_deeper_behind_a_click() {
    let mut params = soft_tier(10.0);
    params.limiter.soft.attack_ms = 5.0;
    let mut chain = prepared(params, RATE_HZ, 1);
    let mut audio = signals::sine(RATE_HZ, 240_000, 1000.0, 0.045);
    audio[120_000..120_096].copy_from_slice(&signals::sine(RATE_HZ, 96, 1000.0, 0.6));
    let reductions: Vec<f32> = audio
        .chunks(48)
        .map(|piece| {
            process(&mut chain, &[piece.to_vec()], 48);
            chain.take_meters().limiter_soft_db
        })
        .collect();
    let deepest = reductions.iter().copied().fold(0.0, f32::min);
    let click = &reductions[2_500..2_504];
    assert!(deepest < -1.0, "the click is touched: {deepest}");
    assert!(click.contains(&deepest), "{deepest} is not in {click:?}");
}

#[test]
fn the_cap_follows_a_programme_that_stays_loud() {
    let mut chain = prepared(soft_tier(10.0), RATE_HZ, 1);
    let mut audio = signals::sine(RATE_HZ, 192_000, 1000.0, 0.045);
    audio.extend(signals::sine(RATE_HZ, 288_000, 1000.0, 0.6));
    let output = process(&mut chain, &[audio], 480).remove(0);
    let settled = peak_db(&output[460_000..]);
    assert!((settled + 4.44).abs() < 0.05, "{settled}");
}

#[test]
fn a_programme_within_the_cap_passes_bit_for_bit() {
    let mut chain = prepared(soft_tier(18.0), RATE_HZ, 1);
    let latency = chain.latency_frames();
    let audio = signals::gaussian_noise(240_000, 0.05, 1);
    let output = process(&mut chain, std::slice::from_ref(&audio), 480).remove(0);
    assert!(audio[..239_000] == output[latency..239_000 + latency]);
    assert_eq!(chain.take_meters().limiter_soft_db, 0.0);
}

#[test]
fn there_is_no_cap_before_there_is_a_programme() {
    let mut chain = prepared(soft_tier(6.0), RATE_HZ, 1);
    let latency = chain.latency_frames();
    let mut audio = vec![0.0; 48_000];
    audio.extend(signals::sine(RATE_HZ, 14_000, 997.0, 0.5));
    let output = process(&mut chain, std::slice::from_ref(&audio), 480).remove(0);
    assert!(audio[..61_000] == output[latency..61_000 + latency]);
}

#[test]
fn stages_alone_give_what_the_chain_gives() {
    use headroom_dsp::{Dynamics, Layout, Limiter, Spec};
    let params = ChainParams::default();
    let spec = Spec { rate_hz: RATE_HZ, layout: Layout::stereo() };
    let voice = signals::speech_like(RATE_HZ, 240_000, -14.0, 1);
    let audio = vec![voice.clone(), voice.iter().map(|x| -0.5 * x).collect()];
    let whole = process(&mut prepared(params, RATE_HZ, 2), &audio, 512);
    let mut dynamics = Dynamics::new(params.leveller, params.compressor);
    dynamics.prepare(spec).unwrap();
    let mut limiter = Limiter::new(params.limiter);
    limiter.prepare(spec).unwrap();
    let (mut left, mut right) = (audio[0].clone(), audio[1].clone());
    dynamics.process_in_place(&mut [&mut left, &mut right]);
    limiter.process_in_place(&mut [&mut left, &mut right]);
    assert!(whole[0] == left && whole[1] == right);
}

/// A quarter of the rate, all samples of one magnitude: any peak follower reads it at once.
fn even(level_dbfs: f64, frames: usize) -> Vec<f32> {
    let magnitude = meter::db_to_amplitude(level_dbfs) as f32;
    (0..frames).map(|n| if n % 4 < 2 { magnitude } else { -magnitude }).collect()
}

/// Reduction, in dB, every 12 frames after a programme of -34 dBFS has jumped to a level that asks for
/// `reduction_db`; the jump lasts for 100 ms, in which the tier's reading of the programme stands.
fn reductions(reduction_db: f64, attack_ms: f32, release_ms: f32) -> Vec<f32> {
    let mut params = soft_tier(10.0);
    params.limiter.soft.attack_ms = attack_ms;
    params.limiter.soft.release_ms = release_ms;
    let quiet = even(-34.0, 240_000);
    let lufs = meter::loudness(&[&quiet], RATE_HZ, &[Position::Mono]).integrated_lufs;
    let mut chain = prepared(params, RATE_HZ, 1);
    process(&mut chain, &[quiet], 480);
    chain.take_meters();
    let jump = even(lufs + 10.0 + reduction_db, 4800);
    [jump, even(-34.0, 240_000)]
        .concat()
        .chunks(12)
        .map(|piece| {
            process(&mut chain, &[piece.to_vec()], 12);
            chain.take_meters().limiter_soft_db
        })
        .collect()
}

#[test]
fn the_cap_is_exact_to_a_tenth_of_a_db() {
    for expected in [1.0, 4.0, 8.0, 11.5] {
        let reached = reductions(expected, 5.0, 250.0)[390];
        assert!((f64::from(reached) + expected).abs() < 0.1, "{expected}: {reached}");
    }
}

#[test]
fn attack_and_release_take_their_times_within_5_percent() {
    for attack_ms in [5.0, 20.0, 40.0] {
        let reductions = reductions(8.0, attack_ms, 250.0);
        let crossing = reductions.iter().position(|&g| g <= -8.0 * 0.632).unwrap() + 1;
        let ms = crossing as f32 * 12.0 / 48.0;
        assert!((ms / attack_ms - 1.0).abs() <= 0.05, "{attack_ms}: {ms}");
    }
    for release_ms in [1000.0, 2000.0] {
        let reductions = reductions(8.0, 5.0, release_ms);
        let end = 400;
        let crossing = reductions[end..].iter().position(|&g| g >= -8.0 * 0.368).unwrap();
        let ms = crossing as f32 * 12.0 / 48.0;
        // The peak follower lets go in 30 ms.
        assert!((ms / release_ms - 1.0).abs() <= 0.05, "{release_ms}: {ms}");
    }
}
