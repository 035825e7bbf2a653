//! Whatever a broken application sends, the output is finite, under the ceiling, and recovers.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{PAD_FRAMES, hard_tier_only, prepared, process};
use headroom_dsp::{ChainParams, Lookahead};
use headroom_testkit::meter;
use headroom_testkit::signals::{self, padded_planar};

#[test]
fn samples_that_are_no_numbers_come_out_finite_and_under_the_ceiling() {
    let signal = signals::non_finite();
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let mut params = ChainParams::default();
            params.limiter.lookahead = lookahead;
            let input = padded_planar(
                &signal.planar(rate_hz, rate_hz as usize, 2, 1),
                PAD_FRAMES,
                PAD_FRAMES,
            );
            let mut chain = prepared(params, rate_hz, 2);
            let output = process(&mut chain, &input, 256);
            assert!(output.iter().flatten().all(|x| x.is_finite()));
            assert!(meter::true_peak_dbtp_planar(&output) <= -0.09);
            let meters = chain.take_meters();
            assert_eq!(meters.clamp_activations, 0);
            for level in [
                meters.input_peak_dbfs,
                meters.true_peak_dbtp,
                meters.leveller_db,
                meters.momentary_lufs,
                meters.short_term_lufs,
                meters.integrated_lufs,
            ] {
                assert!(level.is_finite() && level >= -120.0);
            }
        }
    }
}

#[test]
fn what_is_no_number_is_forgotten_after_the_latency_and_the_filter() {
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, -1e-45] {
        let clean = signals::gaussian_noise(20_000, 0.05, 1);
        let mut spoiled = clean.clone();
        spoiled[5000..5100].fill(poison);
        let mut chain = prepared(hard_tier_only(), 48_000, 1);
        let latency = chain.latency_frames();
        let output = process(&mut chain, &[spoiled], 128);
        assert!(clean[5100..19_900] == output[0][5100 + latency..19_900 + latency], "{poison}");
    }
}

#[test]
fn what_is_no_number_is_silence_to_every_stage() {
    let poisoned = signals::non_finite();
    for (rate_hz, channels) in [(44_100, 1), (48_000, 2), (192_000, 6)] {
        let audio = poisoned.planar(rate_hz, rate_hz as usize, channels, 4);
        // The largest floats are numbers; what is left of them is tested elsewhere.
        let audio: Vec<Vec<f32>> = audio
            .iter()
            .map(|c| c.iter().map(|&x| if x.abs() == f32::MAX { f32::NAN } else { x }).collect())
            .collect();
        let silenced: Vec<Vec<f32>> = audio
            .iter()
            .map(|c| c.iter().map(|&x| if x.is_normal() { x } else { 0.0 }).collect())
            .collect();
        let mut params = ChainParams::default();
        params.limiter.soft.max_psr_db = 6.0;
        let one = process(&mut prepared(params, rate_hz, channels), &audio, 256);
        let other = process(&mut prepared(params, rate_hz, channels), &silenced, 256);
        assert!(one == other, "{rate_hz}");
    }
}

/// Every number that a chain remembers is finite.
fn assert_state_is_finite(chain: &headroom_dsp::Chain, when: &str) {
    let state = format!("{chain:?}");
    let words = state.split(|c: char| !c.is_alphanumeric());
    let broken = words.filter(|word| ["NaN", "inf"].contains(word)).count();
    assert_eq!(broken, 0, "{when}");
    assert!(state.contains("compressor") && state.len() > 10_000, "the state is shown");
}

#[test]
fn the_state_of_every_stage_is_finite_at_all_times() {
    let signal = signals::non_finite();
    for (rate_hz, channels) in [(44_100, 2), (192_000, 1)] {
        let mut audio = signal.planar(rate_hz, rate_hz as usize / 4, channels, 5);
        for channel in &mut audio {
            channel.extend([f32::MAX; 300]);
            channel.extend([f32::NAN; 300]);
            channel.extend([f32::INFINITY; 300]);
            channel.extend([f32::MIN_POSITIVE / 8.0; 300]);
            channel.extend(vec![0.0; 5000]);
            channel.extend([f32::MIN; 3]);
        }
        let mut params = ChainParams::default();
        params.limiter.soft.max_psr_db = 6.0;
        let mut chain = prepared(params, rate_hz, channels);
        assert_state_is_finite(&chain, "new");
        for start in (0..audio[0].len()).step_by(777) {
            let end = (start + 777).min(audio[0].len());
            let piece: Vec<Vec<f32>> = audio.iter().map(|c| c[start..end].to_vec()).collect();
            process(&mut chain, &piece, 100);
            assert_state_is_finite(&chain, &format!("{start} at {rate_hz}"));
        }
        // Settings that are no numbers leave no trace either.
        params.limiter.release_ms = f32::NAN;
        params.limiter.ceiling_dbtp = f32::INFINITY;
        params.compressor.threshold_db = f32::NEG_INFINITY;
        params.compressor.ratio = f32::NAN;
        params.leveller.target_lufs = f32::NAN;
        chain.set_params(&params);
        process(&mut chain, &audio, 1000);
        assert_state_is_finite(&chain, "bad settings");
    }
}

#[test]
fn a_blast_is_forgotten_when_the_release_is_over() {
    for blast in [f32::MAX, 1e30, -1000.0] {
        let clean = signals::gaussian_noise(200_000, 0.05, 2);
        let mut spoiled = clean.clone();
        spoiled[5000..5010].fill(blast);
        let mut chain = prepared(hard_tier_only(), 48_000, 1);
        let latency = chain.latency_frames();
        let output = process(&mut chain, &[spoiled], 128);
        assert!(meter::true_peak_dbtp(&output[0]) <= -0.09);
        assert!(clean[100_000..199_000] == output[0][100_000 + latency..199_000 + latency]);
    }
}

#[test]
fn an_offset_passes_without_pumping_and_silence_returns_to_exact_zero() {
    let mut audio = vec![0.5_f32; 48_000];
    audio.extend(vec![0.0; 96_000]);
    let mut chain = prepared(ChainParams::default(), 48_000, 2);
    let output = process(&mut chain, &[audio.clone(), audio], 256);
    assert!(output.iter().flatten().all(|x| x.is_finite() && x.abs() <= 0.99));
    assert!(output[0][96_000..].iter().all(|&x| x == 0.0));
    let steady = &output[0][30_000..47_000];
    let (low, high) = steady.iter().fold((1.0_f32, 0.0_f32), |(l, h), &x| (l.min(x), h.max(x)));
    assert!(high / low < 1.001, "{low} {high}");
}

#[test]
fn very_quiet_audio_makes_no_subnormal_output() {
    for level in [1e-20_f32, 1e-30, 1e-37, 1e-40] {
        let audio: Vec<f32> =
            signals::gaussian_noise(20_000, 1.0, 3).iter().map(|x| x * level).collect();
        let mut chain = prepared(ChainParams::default(), 48_000, 1);
        let output = process(&mut chain, &[audio], 64);
        assert!(output[0].iter().all(|x| !x.is_subnormal()));
    }
}
