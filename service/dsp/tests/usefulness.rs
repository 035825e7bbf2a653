//! The limiter takes no more than it must, and nothing from one channel only.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{PAD_FRAMES, hard_tier_only, prepared, process, with_ceiling};
use headroom_dsp::{ChainParams, Lookahead};
use headroom_testkit::meter::{self, GainCurve};
use headroom_testkit::signals::{self, padded_planar};

#[test]
fn a_steady_overdriven_tone_settles_just_below_the_ceiling() {
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        for frequency_hz in [60.0, 997.0, 7000.0, 15_000.0] {
            for lookahead in [Lookahead::Standard, Lookahead::Low] {
                let frames = rate_hz as usize;
                let tone = signals::sine(rate_hz, frames, frequency_hz, 4.0);
                let mut chain = prepared(with_ceiling(-1.0, lookahead), rate_hz, 1);
                let output = process(&mut chain, &[tone], 512);
                // Cut out of the middle with its own fade, so that the cut adds nothing.
                let settled: Vec<f32> = output[0][frames / 2..frames * 9 / 10]
                    .iter()
                    .enumerate()
                    .map(|(n, x)| {
                        let length = frames * 4 / 10;
                        let edge = n.min(length - 1 - n) as f32 / 2000.0;
                        x * (0.5 - 0.5 * (edge.min(1.0) * std::f32::consts::PI).cos())
                    })
                    .collect();
                let level = meter::true_peak_dbtp(&settled);
                println!("{frequency_hz} Hz at {rate_hz}, {lookahead:?}: {level:.3} dBTP");
                assert!(
                    (-1.2..=-1.0).contains(&level),
                    "{frequency_hz} Hz at {rate_hz}, {lookahead:?}: {level}"
                );
            }
        }
    }
}

#[test]
fn steady_overdriven_noise_keeps_its_peaks_near_the_ceiling() {
    for rate_hz in [44_100, 48_000] {
        let noise = signals::gaussian_noise(rate_hz as usize, 2.0, 1);
        let input = padded_planar(&[noise], PAD_FRAMES, PAD_FRAMES);
        let mut chain = prepared(hard_tier_only(), rate_hz, 1);
        let output = process(&mut chain, &input, 512);
        let level = meter::true_peak_dbtp_planar(&output);
        assert!((-0.3..=-0.1).contains(&level), "{rate_hz}: {level}");
    }
}

#[test]
fn a_steady_tone_3_db_over_is_not_distorted() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000] {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            // Round frequencies, and odd ones, whose crests never meet the same sample twice.
            for frequency_hz in [
                60.0, 100.0, 997.0, 10_000.0, 61.7, 123.4, 997.3, 3456.7, 9000.3, 13_333.3,
                15_999.0,
            ] {
                let amplitude = meter::db_to_amplitude(2.9);
                let tone = signals::sine(rate_hz, 2 * rate_hz as usize, frequency_hz, amplitude);
                let mut chain = prepared(with_ceiling(-0.1, lookahead), rate_hz, 1);
                let output = process(&mut chain, &[tone], 512);
                let settled = &output[0][rate_hz as usize..];
                let distortion_db = meter::tone(settled, rate_hz, frequency_hz).distortion_db;
                println!("{frequency_hz} Hz at {rate_hz}, {lookahead:?}: {distortion_db:.0} dB");
                assert!(
                    distortion_db <= -100.0,
                    "{frequency_hz} Hz at {rate_hz}, {lookahead:?}: {distortion_db}"
                );
            }
        }
    }
}

/// A soft tone of 3 kHz under drum hits 6 dB over the ceiling; the first hit after a second.
fn tone_under_hits(hits: &[f32]) -> Vec<f32> {
    let hits = signals::padded(hits, 48_000, 0);
    let tone = signals::sine(48_000, hits.len(), 3000.0, 0.05);
    hits.iter().zip(&tone).map(|(a, b)| a + b).collect()
}

fn gain_of_the_tone(input: Vec<f32>, lookahead: Lookahead) -> GainCurve {
    let mut chain = prepared(with_ceiling(-0.1, lookahead), 48_000, 1);
    let output = process(&mut chain, &[input], 512);
    GainCurve::of_tone(&output[0], 48_000, 3000.0, 0.05)
}

#[test]
fn hits_in_a_rhythm_do_not_pump() {
    for lookahead in [Lookahead::Standard, Lookahead::Low] {
        // A release of one speed moves the gain by 4.1 and 4.6 dB here (examples/pumping.rs).
        for (per_minute, most_db) in [(100.0, 2.0), (160.0, 1.2)] {
            let hits = signals::kicks(48_000, 48_000 * 23, per_minute, 1.97);
            let curve = gain_of_the_tone(tone_under_hits(&hits), lookahead);
            let depth_db = curve.depth_db(12.0, 23.0);
            assert!(depth_db < most_db, "{per_minute} {lookahead:?}: {depth_db}");
            // It takes what the hits need, not more.
            assert!(curve.mean_db(12.0, 23.0) > -6.1);
        }
    }
}

#[test]
fn a_single_hit_is_soon_forgotten() {
    for lookahead in [Lookahead::Standard, Lookahead::Low] {
        let hit = signals::kicks(48_000, 48_000, 60.0, 1.97);
        let input = signals::padded(&tone_under_hits(&hit)[..90_000], 0, 48_000);
        let tone = signals::sine(48_000, input.len(), 3000.0, 0.05);
        let input = [&input[..90_000], &tone[90_000..]].concat();
        let curve = gain_of_the_tone(input, lookahead);
        let seconds = curve.recovery_seconds(1.0, 1.0);
        assert!((0.02..0.3).contains(&seconds), "{lookahead:?}: {seconds}");
        assert!(curve.recovery_seconds(1.0, 0.01) < 1.5, "all of it is given back");
    }
}

#[test]
fn what_is_above_the_band_is_taken_away_evenly() {
    // Peaks of a low tone come every 5 ms; what they take from a high one must not come back between.
    for lookahead in [Lookahead::Standard, Lookahead::Low] {
        for rate_hz in [44_100, 48_000] {
            let frequency_hz = 20_500.0;
            let loud = signals::sine(rate_hz, rate_hz as usize, 100.0, 2.0);
            let soft = signals::sine(rate_hz, rate_hz as usize, frequency_hz, 0.05);
            let sum = loud.iter().zip(&soft).map(|(a, b)| a + b).collect();
            let mut chain = prepared(with_ceiling(-0.1, lookahead), rate_hz, 2);
            let output = process(&mut chain, &[sum, loud], 512);
            // The second channel has the gain without the soft tone.
            let rest: Vec<f32> = output[0].iter().zip(&output[1]).map(|(a, b)| a - b).collect();
            let settled = &rest[rate_hz as usize / 2..];
            let distortion_db = meter::tone(settled, rate_hz, frequency_hz).distortion_db;
            println!("{rate_hz} {lookahead:?}: {distortion_db:.1} dB");
            assert!(distortion_db < -55.0, "{rate_hz} {lookahead:?}: {distortion_db}");
        }
    }
}

#[test]
fn the_release_takes_its_time() {
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        for (hold_ms, release_ms) in [(0.0, 20.0), (0.0, 80.0), (0.0, 500.0), (20.0, 300.0)] {
            let mut params = with_ceiling(-0.1, Lookahead::Standard);
            params.limiter.hold_ms = hold_ms;
            params.limiter.release_ms = release_ms;
            let mut chain = prepared(params, rate_hz, 2);
            let frames = 2 * rate_hz as usize;
            // The second channel shows the gain.
            let mut burst = vec![0.0; frames];
            burst[2000..2008].fill(3.0);
            let output = process(&mut chain, &[burst, vec![0.01; frames]], 512);
            // From where the delay is over.
            let octaves: Vec<f64> =
                output[1][1000..].iter().map(|&x| (f64::from(x) / 0.01).log2().min(0.0)).collect();
            let deepest = octaves.iter().copied().fold(0.0, f64::min);
            // It rests at its deepest for the hold, and has fallen to 37 % after the release.
            let held = octaves.iter().filter(|&&g| g < deepest * 0.999).count();
            let held_ms = held as f64 * 1000.0 / f64::from(rate_hz);
            // The filter rings and the gain moves for a moment longer.
            let longer_ms = held_ms - f64::from(hold_ms);
            assert!((0.0..2.0).contains(&longer_ms), "{hold_ms} at {rate_hz}: {held_ms}");
            let last = octaves.iter().rposition(|&g| g < deepest * 0.999).unwrap();
            let back = octaves.iter().rposition(|&g| g < deepest * 0.999 / 1.0_f64.exp()).unwrap();
            let ms = (back - last) as f64 * 1000.0 / f64::from(rate_hz);
            // What is held long is released towards a base of its own.
            if hold_ms > 0.0 {
                continue;
            }
            assert!(
                (ms / f64::from(release_ms) - 1.0).abs() < 0.05,
                "{hold_ms} {release_ms} at {rate_hz}: {ms}"
            );
        }
    }
}

#[test]
fn channels_keep_their_balance() {
    let left = signals::sine(48_000, 48_000, 997.0, 3.0);
    let right: Vec<f32> = left.iter().map(|x| x * 0.25).collect();
    let mut chain = prepared(ChainParams::default(), 48_000, 2);
    let output = process(&mut chain, &[left, right], 256);
    for (l, r) in output[0].iter().zip(&output[1]) {
        assert!((l * 0.25 - r).abs() < 1e-6);
    }
}

#[test]
fn the_low_frequency_channel_is_limited_with_the_others() {
    let mut input = vec![vec![0.0; 48_000]; 6];
    input[0] = signals::sine(48_000, 48_000, 997.0, 0.25);
    input[3] = signals::sine(48_000, 48_000, 60.0, 4.0);
    let mut chain = prepared(hard_tier_only(), 48_000, 6);
    let output = process(&mut chain, &input, 256);
    let settled = |channel: usize| meter::sample_peak_dbfs(&output[channel][24_000..]);
    assert!((settled(3) + 0.15).abs() < 0.05, "{}", settled(3));
    // 12 dB over with the left channel 24 dB below the low one.
    assert!((settled(0) - settled(3) + 24.08).abs() < 0.05, "{}", settled(0));
}

#[test]
fn a_moderate_programme_comes_out_as_the_preset_intends() {
    for (lufs, seed) in [(-21.0, 1), (-18.0, 2), (-16.0, 3)] {
        // Two equal channels measure 3 LU more than one.
        let voice = signals::speech_like(48_000, 48_000 * 20, lufs - 3.01, seed);
        let input = vec![voice.clone(), voice];
        let mut chain = prepared(ChainParams::default(), 48_000, 2);
        let latency = chain.latency_frames();
        let output = process(&mut chain, &input, 1024);
        let tail: Vec<&[f32]> = output.iter().map(|c| &c[48_000 * 10..]).collect();
        let positions = headroom_testkit::layout::usual_layout(2);
        let loudness = meter::loudness(&tail, 48_000, &positions).integrated_lufs;
        assert!((loudness + 18.0).abs() < 1.5, "{lufs} in, {loudness} out");
        assert!(chain.take_meters().limiter_hard_db > -1.0, "the limiter must hardly act");
        // Unpumped: from one 400 ms piece to the next the gain moves less than 3 dB: the surge may touch a loud
        // syllable.
        let gains: Vec<f64> = (25..49)
            .filter_map(|k| {
                let (from, to) = (k * 19_200, (k + 1) * 19_200);
                let energy = |samples: &[f32]| -> f64 {
                    samples.iter().map(|x| f64::from(*x).powi(2)).sum()
                };
                let before = energy(&input[0][from..to]);
                let after = energy(&output[0][from + latency..to + latency]);
                (before > 1e-3).then(|| 10.0 * (after / before).log10())
            })
            .collect();
        assert!(gains.len() > 15);
        let moves = gains.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        println!("{lufs} in, {loudness:.2} out, the gain moves by {moves:.2} dB");
        assert!(moves < 3.0, "{lufs}: {gains:?}");
    }
}
