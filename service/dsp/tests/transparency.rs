//! While no stage acts, the output is the input, delayed by the reported latency, bit for bit.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{hard_tier_only, prepared, process};
use headroom_dsp::{Chain, ChainParams, Lookahead};
use headroom_testkit::meter;
use headroom_testkit::signals;

fn assert_delayed(input: &[f32], output: &[f32], latency: usize, what: &str) {
    assert!(output[..latency].iter().all(|&x| x == 0.0), "{what}");
    // What is below -300 dBFS counts as zero.
    let audible = |x: f32| if x.abs() < 1e-15 { 0.0_f32 } else { x };
    let differs = input
        .iter()
        .zip(&output[latency..])
        .position(|(a, b)| audible(*a).to_bits() != b.to_bits());
    assert_eq!(differs, None, "{what}");
}

#[test]
fn an_idle_limiter_delays_and_nothing_else() {
    for rate_hz in [44_100, 48_000, 64_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let frames = rate_hz as usize / 2;
            for (what, audio) in [
                ("noise", signals::gaussian_noise(frames, 0.08, 1)),
                ("voice", signals::speech_like(rate_hz, frames, -28.0, 2)),
                ("tone", signals::sine(rate_hz, frames, 997.0, 0.9)),
            ] {
                let mut params = hard_tier_only();
                params.limiter.lookahead = lookahead;
                let mut chain = prepared(params, rate_hz, 2);
                let latency = chain.latency_frames();
                assert_eq!(Some(latency), Chain::latency_frames_for(rate_hz, lookahead));
                let output = process(&mut chain, &[audio.clone(), audio.clone()], 333);
                assert_delayed(&audio, &output[0], latency, what);
                assert_delayed(&audio, &output[1], latency, what);
            }
        }
    }
}

#[test]
fn a_quiet_programme_passes_a_compressor_below_its_threshold_bit_for_bit() {
    let mut params = ChainParams::default();
    params.agc.enabled = false;
    params.compressor.makeup = headroom_dsp::Makeup::Db(0.0);
    let audio = signals::gaussian_noise(48_000, 0.01, 3);
    let mut chain = prepared(params, 48_000, 1);
    let latency = chain.latency_frames();
    let output = process(&mut chain, std::slice::from_ref(&audio), 100);
    assert_delayed(&audio, &output[0], latency, "noise");
}

#[test]
fn the_limiter_becomes_bit_exact_again_after_it_has_acted() {
    let mut audio = signals::gaussian_noise(96_000, 0.05, 4);
    audio[5000..5200].fill(3.0);
    let mut chain = prepared(hard_tier_only(), 48_000, 1);
    let latency = chain.latency_frames();
    let output = process(&mut chain, std::slice::from_ref(&audio), 256);
    assert!(audio[72_000..90_000] == output[0][72_000 + latency..90_000 + latency]);
    assert!(meter::sample_peak_dbfs(&output[0]) <= -0.1);
}

#[test]
fn latency_is_at_most_two_milliseconds() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let frames = Chain::latency_frames_for(rate_hz, lookahead).unwrap();
            assert!(frames as f64 * 500.0 < f64::from(rate_hz), "{rate_hz} {frames}");
        }
    }
    assert_eq!(Chain::latency_frames_for(44_099, Lookahead::Standard), None);
    assert_eq!(Chain::latency_frames_for(192_001, Lookahead::Standard), None);
}
