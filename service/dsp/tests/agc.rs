//! The leveller converges, keeps to its speed, and does not move on silence or noise.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{prepared, process};
use headroom_dsp::{Chain, ChainParams, LevellerParams};
use headroom_testkit::{layout, meter, signals};

const RATE_HZ: u32 = 48_000;

/// Settings with the leveller alone before the limiter.
fn params(leveller: LevellerParams) -> ChainParams {
    let mut params = ChainParams { leveller, ..ChainParams::default() };
    params.compressor.enabled = false;
    params.limiter.soft.enabled = false;
    params
}

/// Two equal channels of noise at a loudness.
fn noise(lufs: f64, seconds: f64, seed: u64) -> Vec<Vec<f32>> {
    let frames = (seconds * f64::from(RATE_HZ)) as usize;
    let raw = signals::pink_noise(RATE_HZ, frames, seed);
    let planes = vec![raw.clone(), raw];
    let loudness = meter::loudness(&planes, RATE_HZ, &layout::usual_layout(2)).integrated_lufs;
    signals::amplified(&planes, lufs - loudness)
}

/// Processes in blocks of 10 ms and returns the output and the gain after each block.
fn gains(chain: &mut Chain, input: &[Vec<f32>]) -> (Vec<Vec<f32>>, Vec<f32>) {
    let mut output = vec![Vec::new(); input.len()];
    let mut gains = Vec::new();
    let block = RATE_HZ as usize / 100;
    for start in (0..input[0].len()).step_by(block) {
        let end = (start + block).min(input[0].len());
        let piece: Vec<Vec<f32>> = input.iter().map(|c| c[start..end].to_vec()).collect();
        for (all, new) in output.iter_mut().zip(process(chain, &piece, block)) {
            all.extend(new);
        }
        gains.push(chain.take_meters().leveller_db);
    }
    (output, gains)
}

#[test]
fn programmes_within_reach_converge_to_the_target() {
    for (lufs, expected) in [(-25.0, -18.0), (-20.0, -18.0), (-10.0, -18.0), (-40.0, -28.0)] {
        let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
        let (output, gains) = gains(&mut chain, &noise(lufs, 24.0, 1));
        let tail: Vec<&[f32]> = output.iter().map(|c| &c[20 * RATE_HZ as usize..]).collect();
        let loudness = meter::loudness(&tail, RATE_HZ, &layout::usual_layout(2)).integrated_lufs;
        assert!((loudness - expected).abs() < 0.5, "{lufs}: {loudness}");
        assert!(gains.iter().all(|&g| (-24.01..=12.01).contains(&g)));
    }
}

#[test]
fn the_gain_never_moves_faster_than_its_speeds() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    let mut input = noise(-35.0, 10.0, 2);
    for (all, loud) in input.iter_mut().zip(noise(-8.0, 6.0, 3)) {
        all.extend(loud);
    }
    let (_, gains) = gains(&mut chain, &input);
    for pair in gains.windows(2) {
        let slope = (pair[1] - pair[0]) * 100.0;
        assert!((-4.05..=1.05).contains(&slope), "{slope} dB/s");
    }
    assert!(gains[1000] > 8.0 && *gains.last().unwrap() < -8.0);
}

#[test]
fn nothing_moves_before_400_ms_of_sound() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    let mut input = vec![vec![0.0; RATE_HZ as usize]; 2];
    for (all, sound) in input.iter_mut().zip(noise(-30.0, 2.0, 4)) {
        all.extend(sound);
    }
    let (_, gains) = gains(&mut chain, &input);
    assert!(gains[..139].iter().all(|&g| g == 0.0));
    assert!(*gains.last().unwrap() > 0.3);
}

#[test]
fn the_gain_is_frozen_in_silence_and_for_400_ms_after_it() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    let (_, before) = gains(&mut chain, &noise(-14.0, 8.0, 5));
    assert!(before[799] < -3.0);
    // The last piece of sound may still count for 100 ms.
    let (_, silence) = gains(&mut chain, &vec![vec![0.0; 5 * RATE_HZ as usize]; 2]);
    assert!(silence[20..].iter().all(|&g| (g - silence[20]).abs() < 1e-6));
    assert!((silence[499] - before[799]).abs() < 0.5);
    let (_, after) = gains(&mut chain, &noise(-30.0, 4.0, 6));
    assert!(after[..39].iter().all(|&g| (g - silence[499]).abs() < 1e-6));
    assert!(after[399] > silence[499] + 2.0);
}

#[test]
fn background_noise_below_the_gate_is_not_raised() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    let (_, gains) = gains(&mut chain, &noise(-55.0, 10.0, 7));
    assert!(gains.iter().all(|&g| g == 0.0));
}

#[test]
fn a_pause_within_speech_does_not_pump() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    let speech = signals::speech_like(RATE_HZ, 20 * RATE_HZ as usize, -26.0, 8);
    let (_, gains) = gains(&mut chain, &[speech.clone(), speech]);
    // Once settled the gain stays within 2 dB.
    let settled = &gains[1200..];
    let (low, high) = settled.iter().fold((99.0_f32, -99.0_f32), |(l, h), &g| (l.min(g), h.max(g)));
    assert!(high - low < 2.0, "{low} {high}");
}

#[test]
fn switching_it_off_and_on_fades_and_starts_anew() {
    let on = params(LevellerParams::default());
    let mut off = on;
    off.leveller.enabled = false;
    let mut chain = prepared(on, RATE_HZ, 2);
    let _ = gains(&mut chain, &noise(-10.0, 6.0, 9));
    assert!(chain.take_meters().leveller_db < -3.0);
    chain.set_params(&off);
    let (_, fading) = gains(&mut chain, &noise(-10.0, 0.2, 9));
    assert!(fading[0] < -2.0 && fading[3] > fading[0] && fading[10] == 0.0);
    chain.set_params(&on);
    let (_, anew) = gains(&mut chain, &noise(-10.0, 0.2, 9));
    assert!(anew.iter().all(|&g| g == 0.0), "what it knew is stale");
}

#[test]
fn a_bypass_keeps_what_it_knows() {
    let on = params(LevellerParams::default());
    let bypassed = ChainParams { dynamics_bypassed: true, ..on };
    let mut chain = prepared(on, RATE_HZ, 2);
    let _ = gains(&mut chain, &noise(-10.0, 6.0, 10));
    let before = chain.take_meters().leveller_db;
    chain.set_params(&bypassed);
    let (_, faded) = gains(&mut chain, &noise(-10.0, 1.0, 10));
    assert!(faded[10..].iter().all(|&g| g == 0.0));
    chain.set_params(&on);
    let (_, back) = gains(&mut chain, &noise(-10.0, 0.2, 10));
    assert!(back[10] < before + 0.5);
}

#[test]
fn a_steady_level_settles_within_a_tenth_of_a_db_of_the_target() {
    for (level_dbfs, target_lufs) in [(-30.0, -24.0), (-12.0, -18.0), (-24.0, -20.0)] {
        let leveller = LevellerParams { target_lufs, ..LevellerParams::default() };
        let mut chain = prepared(params(leveller), RATE_HZ, 2);
        let tone = signals::tone_steps(RATE_HZ, &[(level_dbfs, 24.0)]);
        let (output, _) = gains(&mut chain, &[tone.clone(), tone]);
        let tail: Vec<&[f32]> = output.iter().map(|c| &c[21 * RATE_HZ as usize..]).collect();
        let loudness = meter::loudness(&tail, RATE_HZ, &layout::usual_layout(2)).integrated_lufs;
        assert!((loudness - f64::from(target_lufs)).abs() < 0.1, "{level_dbfs}: {loudness}");
    }
}

#[test]
fn far_from_the_target_the_gain_moves_at_its_speeds_within_5_percent() {
    for (level_dbfs, expected) in [(-36.0, 1.0), (-4.0, -4.0)] {
        let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
        let tone = signals::tone_steps(RATE_HZ, &[(level_dbfs, 2.0)]);
        let (_, gains) = gains(&mut chain, &[tone.clone(), tone]);
        // From 0.6 s, when it is moving, for half a second: before it comes within 3 dB.
        let speed = (gains[110] - gains[60]) / 0.5;
        assert!((speed / expected - 1.0).abs() < 0.05, "{level_dbfs}: {speed}, not {expected}");
    }
}

#[test]
fn the_gain_never_rises_in_silence_or_on_noise_below_the_gate_whatever_it_was() {
    for before_lufs in [-35.0, -22.0, -10.0] {
        for after_lufs in [f64::NEG_INFINITY, -80.0, -52.0] {
            let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
            let _ = gains(&mut chain, &noise(before_lufs, 0.7, 11));
            let after = if after_lufs.is_finite() {
                noise(after_lufs, 6.0, 12)
            } else {
                vec![vec![0.0; 6 * RATE_HZ as usize]; 2]
            };
            let (_, quiet) = gains(&mut chain, &after);
            // The step in which the sound ends is 20 ms long, and filters ring for a moment.
            let most = quiet[5..].iter().copied().fold(-99.0, f32::max);
            assert!(most <= quiet[4], "{before_lufs} {after_lufs}: {} then {most}", quiet[4]);
        }
    }
}

#[test]
fn soft_passages_within_a_programme_do_not_raise_it() {
    let mut chain = prepared(params(LevellerParams::default()), RATE_HZ, 2);
    // A second at -20 LUFS and a second 20 LU lower, by turns: the mean of all is 3 LU lower, the
    // gated one is that of the loud passages.
    let tone = signals::tone_steps(RATE_HZ, &[(-20.0, 1.0), (-40.0, 1.0)].repeat(10));
    let (_, gains) = gains(&mut chain, &[tone.clone(), tone]);
    let settled = &gains[1000..];
    let highest = settled.iter().copied().fold(-99.0, f32::max);
    let lowest = settled.iter().copied().fold(99.0, f32::min);
    println!("{lowest} to {highest} dB");
    assert!(lowest > 1.5 && highest < 4.0, "{lowest} to {highest}");
}
