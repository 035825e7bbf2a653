//! No change of a setting, at any moment, makes a click.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{prepared, process};
use headroom_dsp::{Cap, ChainParams, Detector, Makeup, Surge};
use headroom_testkit::{meter::residue_db, signals};

const RATE_HZ: u32 = 48_000;

/// Plays a tone, applies `change` in the middle, and returns the residue around the change.
fn change_residue(
    before: ChainParams,
    after: ChainParams,
    frequency_hz: f64,
    amplitude: f64,
) -> f64 {
    let seconds = 6;
    let tone = signals::sine(RATE_HZ, seconds * RATE_HZ as usize, frequency_hz, amplitude);
    let mut chain = prepared(before, RATE_HZ, 1);
    let middle = 4 * RATE_HZ as usize + 37;
    let mut output = process(&mut chain, &[tone[..middle].to_vec()], 256).remove(0);
    chain.set_params(&after);
    output.extend(process(&mut chain, &[tone[middle..].to_vec()], 256).remove(0));
    residue_db(&output[middle - 2000..middle + 10_000], RATE_HZ, frequency_hz)
}

/// Each pair of settings that a user may switch between.
fn changes() -> Vec<(&'static str, ChainParams, ChainParams)> {
    let base = ChainParams::default();
    let change = |edit: &dyn Fn(&mut ChainParams)| {
        let mut params = base;
        edit(&mut params);
        params
    };
    vec![
        ("bypass", base, change(&|p| p.dynamics_bypassed = true)),
        ("bypass off", change(&|p| p.dynamics_bypassed = true), base),
        ("leveller off", base, change(&|p| p.leveller.enabled = false)),
        ("leveller on", change(&|p| p.leveller.enabled = false), base),
        ("leveller target", base, change(&|p| p.leveller.target_lufs = -30.0)),
        ("leveller cut", base, change(&|p| p.leveller.max_cut_db = 0.0)),
        ("compressor off", base, change(&|p| p.compressor.enabled = false)),
        ("compressor on", change(&|p| p.compressor.enabled = false), base),
        ("threshold", base, change(&|p| p.compressor.threshold_db = -40.0)),
        ("ratio", base, change(&|p| p.compressor.ratio = 10.0)),
        ("knee", base, change(&|p| p.compressor.knee_db = 0.0)),
        ("make-up", base, change(&|p| p.compressor.makeup = Makeup::Db(6.0))),
        ("detector", base, change(&|p| p.compressor.detector = Detector::Peak)),
        ("ceiling", base, change(&|p| p.limiter.ceiling_dbtp = -12.0)),
        ("soft off", base, change(&|p| p.limiter.soft.enabled = false)),
        ("soft on", change(&|p| p.limiter.soft.enabled = false), base),
        ("soft distance", base, change(&|p| p.limiter.soft.max_psr_db = 6.0)),
        ("release", base, change(&|p| p.limiter.release_ms = 1000.0)),
        ("hold", base, change(&|p| p.limiter.hold_ms = 0.0)),
        (
            "compressor times",
            base,
            change(&|p| {
                p.compressor.attack_ms = 1.0;
                p.compressor.release_ms = 20.0;
            }),
        ),
        (
            "soft times",
            base,
            change(&|p| {
                p.limiter.soft.attack_ms = 0.5;
                p.limiter.soft.release_ms = 20.0;
            }),
        ),
        ("leveller boost", base, change(&|p| p.leveller.max_boost_db = 0.0)),
        ("surge", base, change(&|p| p.leveller.surge = Surge::Strict)),
        ("surge off", base, change(&|p| p.leveller.surge = Surge::Off)),
        ("cap", base, change(&|p| p.cap = Cap::Lufs(-30.0))),
        ("cap off", base, change(&|p| p.cap = Cap::Off)),
        ("stream volume", base, change(&|p| p.stream_volume_db = -9.0)),
    ]
}

#[test]
fn changes_make_no_click_on_a_tone() {
    for (name, before, after) in changes() {
        for amplitude in [0.05, 0.5, 2.0] {
            let residue = change_residue(before, after, 1000.0, amplitude);
            // The gains of leveller and cap go from one millisecond to the next in straight lines, so they have a kink
            // each millisecond, whether a setting changes or not.
            let in_lines = ["bypass", "leveller", "surge", "cap", "stream volume"];
            let is_in_lines = in_lines.iter().any(|start| name.starts_with(start));
            let bound_db = if is_in_lines { -90.0 } else { -110.0 };
            assert!(residue < bound_db, "{name} at {amplitude}: {residue:.1} dB");
        }
    }
}

#[test]
fn the_measure_sees_a_click() {
    let mut tone = signals::sine(RATE_HZ, 12_000, 1000.0, 0.5);
    let steady = residue_db(&tone, RATE_HZ, 1000.0);
    for x in &mut tone[6012..] {
        *x *= 0.99;
    }
    let stepped = residue_db(&tone, RATE_HZ, 1000.0);
    assert!(steady < -110.0, "{steady}");
    assert!(stepped > -60.0, "{stepped}");
}
