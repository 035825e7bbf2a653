//! The compressor follows its static curve and its times.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{prepared, process};
use headroom_dsp::{ChainParams, CompressorParams, Detector, Dynamics, Layout, Makeup, Spec};
use headroom_testkit::signals;

const RATE_HZ: u32 = 48_000;

fn dynamics(compressor: CompressorParams) -> Dynamics {
    dynamics_at(RATE_HZ, compressor)
}

fn dynamics_at(rate_hz: u32, compressor: CompressorParams) -> Dynamics {
    let leveller = headroom_dsp::LevellerParams { enabled: false, ..Default::default() };
    let mut dynamics = Dynamics::new(leveller, compressor);
    dynamics.prepare(Spec { rate_hz, layout: Layout::mono() }).unwrap();
    dynamics
}

fn run(dynamics: &mut Dynamics, input: &[f32]) -> Vec<f32> {
    let mut output = input.to_vec();
    dynamics.process_in_place(&mut [&mut output]);
    output
}

/// Alternating samples of one magnitude, whose level any detector reads at once.
fn square(level_dbfs: f32, frames: usize) -> Vec<f32> {
    let gain = headroom_dsp::db_to_gain(level_dbfs);
    (0..frames).map(|n| if n % 2 == 0 { gain } else { -gain }).collect()
}

/// The textbook curve: output level for an input level, all in dB.
fn curve(level: f32, params: &CompressorParams) -> f32 {
    let over = level - params.threshold_db;
    let half = params.knee_db / 2.0;
    let slope = 1.0 / params.ratio - 1.0;
    if over <= -half {
        level
    } else if over >= half {
        level + slope * over
    } else {
        level + slope * (over + half).powi(2) / (2.0 * params.knee_db)
    }
}

#[test]
fn steady_levels_follow_the_static_curve() {
    for detector in [Detector::Peak, Detector::Rms] {
        for (threshold_db, ratio, knee_db) in
            [(-20.0, 2.0, 10.0), (-30.0, 4.0, 0.0), (-12.0, 20.0, 24.0), (-40.0, 1.0, 6.0)]
        {
            let params = CompressorParams {
                detector,
                threshold_db,
                ratio,
                knee_db,
                attack_ms: 1.0,
                release_ms: 20.0,
                makeup: Makeup::Db(0.0),
                ..CompressorParams::default()
            };
            for level in (-50..=0).step_by(5).map(|l| l as f32) {
                let mut dynamics = dynamics(params);
                let output = run(&mut dynamics, &square(level, 24_000));
                let reached = headroom_dsp::gain_to_db(*output.last().unwrap());
                let expected = curve(level, &params);
                assert!((reached - expected).abs() < 0.05, "{params:?} {level}: {reached}");
                let reduction = dynamics.take_meters().compressor_db;
                assert!((reduction - (expected - level)).abs() < 0.05);
            }
        }
    }
}

#[test]
fn attack_and_release_reach_63_percent_in_their_times() {
    for (rate_hz, attack_ms, release_ms) in [
        (48_000, 5.0, 100.0),
        (48_000, 20.0, 250.0),
        (48_000, 100.0, 1000.0),
        (44_100, 2.0, 60.0),
        (96_000, 20.0, 250.0),
        (192_000, 10.0, 150.0),
    ] {
        let frames_per_ms = rate_hz as f32 / 1000.0;
        let params = CompressorParams {
            detector: Detector::Peak,
            threshold_db: -30.0,
            ratio: 4.0,
            knee_db: 0.0,
            attack_ms,
            release_ms,
            makeup: Makeup::Db(0.0),
            ..CompressorParams::default()
        };
        let mut dynamics = dynamics_at(rate_hz, params);
        let quiet = square(-40.0, 4800);
        let loud = square(-10.0, 2 * rate_hz as usize);
        run(&mut dynamics, &quiet);
        let gain_db = |input: &[f32], output: &[f32]| -> Vec<f32> {
            input.iter().zip(output).map(|(a, b)| headroom_dsp::gain_to_db(b / a)).collect()
        };
        let attack = gain_db(&loud, &run(&mut dynamics, &loud));
        let full = -15.0;
        assert!((attack.last().unwrap() - full).abs() < 0.05);
        let crossing = attack.iter().position(|&g| g <= full * 0.632).unwrap();
        let expected = attack_ms * frames_per_ms;
        assert!((crossing as f32 / expected - 1.0).abs() < 0.05, "{crossing} {expected}");
        let long = square(-40.0, 10 * rate_hz as usize);
        let release = gain_db(&long, &run(&mut dynamics, &long));
        let crossing = release.iter().position(|&g| g >= full * 0.368).unwrap();
        let expected = release_ms * frames_per_ms;
        assert!((crossing as f32 / expected - 1.0).abs() < 0.05, "{crossing} {expected}");
        assert!(release.last().unwrap().abs() < 0.01);
    }
}

#[test]
fn the_rms_detector_reads_a_sine_3_db_below_its_peak() {
    let params = CompressorParams {
        detector: Detector::Rms,
        threshold_db: -20.0,
        ratio: 20.0,
        knee_db: 0.0,
        attack_ms: 50.0,
        release_ms: 50.0,
        makeup: Makeup::Db(0.0),
        ..CompressorParams::default()
    };
    let mut dynamics = dynamics(params);
    let sine = signals::sine(RATE_HZ, 48_000, 1000.0, 10_f64.powf(-10.0 / 20.0));
    let output = run(&mut dynamics, &sine);
    let peak = output[40_000..].iter().fold(0.0_f32, |p, x| p.max(x.abs()));
    // RMS -13.01, 6.99 over, less 19/20 of that.
    let expected = -10.0 - 6.99 * 0.95;
    assert!((headroom_dsp::gain_to_db(peak) - expected).abs() < 0.1);
}

#[test]
fn automatic_make_up_restores_the_reference_level() {
    for (threshold_db, ratio) in [(-20.0, 2.0), (-40.0, 4.0), (-10.0, 8.0)] {
        let params = CompressorParams { threshold_db, ratio, ..CompressorParams::default() };
        let mut dynamics = dynamics(params);
        let output = run(&mut dynamics, &square(-18.0, 96_000));
        let level = headroom_dsp::gain_to_db(*output.last().unwrap());
        assert!((level + 18.0).abs() < 0.05, "{threshold_db} {ratio}: {level}");
    }
}

#[test]
fn below_the_threshold_it_changes_no_bit() {
    let params = CompressorParams { makeup: Makeup::Db(0.0), ..CompressorParams::default() };
    let quiet = signals::gaussian_noise(48_000, 0.01, 1);
    assert_eq!(run(&mut dynamics(params), &quiet), quiet);
}

#[test]
fn all_channels_get_the_gain_of_the_loudest() {
    let mut params = ChainParams::default();
    params.leveller.enabled = false;
    params.limiter.soft.enabled = false;
    params.compressor.threshold_db = -30.0;
    let loud = signals::gaussian_noise(48_000, 0.1, 2);
    let quiet: Vec<f32> = loud.iter().map(|x| x * 0.125).collect();
    let mut chain = prepared(params, RATE_HZ, 2);
    let output = process(&mut chain, &[loud, quiet], 512);
    assert!(chain.take_meters().compressor_db < -3.0);
    for (l, q) in output[0].iter().zip(&output[1]) {
        assert!((l * 0.125 - q).abs() < 1e-7);
    }
}
