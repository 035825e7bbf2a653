//! Calls that are marked safe for the audio thread do not allocate or free.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use common::prepared;
use headroom_dsp::{
    ChainParams, CompressorParams, Dynamics, Layout, LevellerParams, Limiter, LimiterParams,
    Loudness, Makeup, Spec, TruePeak,
};
use headroom_testkit::signals;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn the_chain_never_allocates_after_prepare() {
    let audio = signals::gaussian_noise(48_000, 1.0, 1);
    let silence = vec![0.0_f32; 48_000];
    for (rate_hz, channels) in [(44_100, 1), (48_000, 2), (96_000, 6), (192_000, 8)] {
        let mut chain = prepared(ChainParams::default(), rate_hz, channels);
        let mut output = vec![vec![0.0_f32; 1024]; channels];
        let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
        let mut params = ChainParams::default();
        assert_no_alloc(|| {
            for source in [&audio, &silence, &audio] {
                for (k, piece) in source.chunks(1024).enumerate() {
                    let inputs = [piece; 8];
                    chain.process(&inputs[..channels], &mut outputs);
                    if k % 7 == 0 {
                        params.dynamics_bypassed = !params.dynamics_bypassed;
                        params.leveller.enabled = !params.leveller.enabled;
                        params.compressor.makeup = Makeup::Db(k as f32 * 0.1);
                        params.limiter.ceiling_dbtp = -0.1 - k as f32 * 0.1;
                        params.limiter.soft.enabled = !params.limiter.soft.enabled;
                        params.trim_db = k as f32 * 0.1;
                        chain.set_params(&params);
                        let state = chain.dynamics_state();
                        chain.take_over(&state);
                        chain.flush();
                    }
                    let _ = chain.take_meters();
                }
                chain.reset();
            }
        });
    }
}

#[test]
fn stages_and_meters_never_allocate_after_they_are_made() {
    let spec = Spec { rate_hz: 48_000, layout: Layout::stereo() };
    let audio = signals::gaussian_noise(48_000, 1.0, 2);
    let mut dynamics = Dynamics::new(LevellerParams::default(), CompressorParams::default());
    dynamics.prepare(spec).unwrap();
    let mut limiter = Limiter::new(LimiterParams::default());
    limiter.prepare(spec).unwrap();
    let mut loudness = Loudness::new(spec).unwrap();
    let mut true_peak = TruePeak::new(2);
    let (mut left, mut right) = (audio.clone(), audio);
    assert_no_alloc(|| {
        dynamics.process_in_place(&mut [&mut left, &mut right]);
        limiter.process_in_place(&mut [&mut left, &mut right]);
        loudness.process(&[&left, &right]);
        true_peak.process(&[&left[..4800], &right[..4800]]);
        let _ = (dynamics.take_meters(), limiter.take_meters(), loudness.integrated_lufs());
        dynamics.reset();
        limiter.reset();
        loudness.reset();
        true_peak.reset();
    });
}
