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

/// Frequencies from 20 Hz, at most a third of an octave apart, and the edge of the band.
fn frequencies(edge_hz: f64) -> impl Iterator<Item = f64> {
    let thirds = (0..).map(|k| 20.0 * 2_f64.powf(f64::from(k) / 3.0));
    thirds.take_while(move |&f| f < edge_hz).chain([edge_hz])
}

#[test]
fn tones_below_the_ceiling_keep_their_level_up_to_18_khz() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let mut largest = 0.0_f64;
            for frequency_hz in frequencies(18_000.0) {
                let amplitude = meter::db_to_amplitude(-0.5);
                let frames = rate_hz as usize / 2;
                let mut tone = signals::sine(rate_hz, frames, frequency_hz, amplitude);
                // Faded in: a sudden start has a crest over the ceiling.
                let fade = rate_hz as usize / 20;
                for (n, x) in tone[..fade].iter_mut().enumerate() {
                    let share = n as f32 / fade as f32;
                    *x *= share * share * (3.0 - 2.0 * share);
                }
                let mut params = hard_tier_only();
                params.limiter.lookahead = lookahead;
                let mut chain = prepared(params, rate_hz, 1);
                let output = process(&mut chain, &[tone], 512);
                let found = meter::tone(&output[0][rate_hz as usize / 8..], rate_hz, frequency_hz);
                let gain_db = meter::amplitude_to_db(found.amplitude / amplitude);
                largest = if gain_db.abs() > largest.abs() { gain_db } else { largest };
            }
            println!("{rate_hz} {lookahead:?}: {largest:+.4} dB");
            assert!(largest.abs() <= 0.1, "{rate_hz} {lookahead:?}: {largest}");
        }
    }
}

#[test]
fn while_it_limits_the_response_is_flat_up_to_18_khz() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let mut largest = 0.0_f64;
            // Below 200 Hz a soft tone cannot be told from the loud one's settling.
            for frequency_hz in frequencies(18_000.0).filter(|&f| f > 200.0) {
                let frames = rate_hz as usize;
                let loud = signals::sine(rate_hz, frames, 100.0, 2.0);
                let soft = signals::sine(rate_hz, frames, frequency_hz, 0.02);
                let mut params = hard_tier_only();
                params.limiter.lookahead = lookahead;
                let mut chain = prepared(params, rate_hz, 2);
                let sum = loud.iter().zip(&soft).map(|(a, b)| a + b).collect();
                let output = process(&mut chain, &[sum, loud], 512);
                // The second channel has the gain without the soft tone.
                let settled = |c: usize| &output[c][frames / 2..];
                let gain = meter::tone(settled(1), rate_hz, 100.0).amplitude / 2.0;
                let rest: Vec<f32> =
                    settled(0).iter().zip(settled(1)).map(|(a, b)| a - b).collect();
                let found = meter::tone(&rest, rate_hz, frequency_hz).amplitude / 0.02;
                let relative_db = meter::amplitude_to_db(found / gain);
                largest = if relative_db.abs() > largest.abs() { relative_db } else { largest };
            }
            println!("{rate_hz} {lookahead:?}: {largest:+.4} dB");
            assert!(largest.abs() <= 0.1, "{rate_hz} {lookahead:?}: {largest}");
        }
    }
}

#[test]
fn a_tone_6_db_below_full_scale_is_not_distorted() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let tone =
                signals::sine(rate_hz, rate_hz as usize, 1000.0, meter::db_to_amplitude(-6.0));
            let mut params = hard_tier_only();
            params.limiter.lookahead = lookahead;
            let mut chain = prepared(params, rate_hz, 1);
            let output = process(&mut chain, &[tone], 512);
            let settled = &output[0][rate_hz as usize / 2..];
            let distortion_db = meter::tone(settled, rate_hz, 1000.0).distortion_db;
            println!("{rate_hz} {lookahead:?}: {distortion_db:.1} dB");
            assert!(distortion_db <= -145.0, "{rate_hz} {lookahead:?}: {distortion_db}");
        }
    }
}

#[test]
fn a_quiet_programme_passes_a_compressor_below_its_threshold_bit_for_bit() {
    let mut params = ChainParams::default();
    params.leveller.enabled = false;
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
fn latency_is_at_most_one_and_a_half_milliseconds() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for (lookahead, most_ms) in [(Lookahead::Standard, 1.5), (Lookahead::Low, 1.21)] {
            let frames = Chain::latency_frames_for(rate_hz, lookahead).unwrap();
            let ms = frames as f64 * 1000.0 / f64::from(rate_hz);
            assert!(ms <= most_ms, "{rate_hz} {lookahead:?}: {ms} ms");
        }
    }
    assert_eq!(Chain::latency_frames_for(48_000, Lookahead::Standard), Some(69));
    assert_eq!(Chain::latency_frames_for(48_000, Lookahead::Low), Some(53));
    assert_eq!(Chain::latency_frames_for(44_099, Lookahead::Standard), None);
    assert_eq!(Chain::latency_frames_for(192_001, Lookahead::Standard), None);
}
