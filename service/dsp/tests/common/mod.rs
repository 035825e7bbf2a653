//! What the integration tests share: limiter-only settings and whole-file processing.
#![allow(dead_code, unreachable_pub, reason = "every test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare must fail")]

use headroom_dsp::{Cap, Chain, ChainParams, Layout, Lookahead, Spec};
use headroom_testkit::meter;
use headroom_testkit::signals::{Signal, padded_planar};

/// Silence before and after hostile material, so that no pre-ringing and no tail is cut off.
pub const PAD_FRAMES: usize = 512;

/// Settings with everything but the hard tier switched off.
pub fn hard_tier_only() -> ChainParams {
    let mut params = ChainParams::default();
    params.leveller.enabled = false;
    params.compressor.enabled = false;
    params.limiter.soft.enabled = false;
    params.cap = Cap::Off;
    params
}

/// A chain that is ready for a rate and a number of channels.
pub fn prepared(params: ChainParams, rate_hz: u32, channels: usize) -> Chain {
    let mut chain = Chain::new(params);
    let layout = Layout::from_count(channels).unwrap();
    chain.prepare(Spec { rate_hz, layout }).unwrap();
    chain
}

/// Processes planar audio in blocks of `block` frames.
pub fn process(chain: &mut Chain, input: &[Vec<f32>], block: usize) -> Vec<Vec<f32>> {
    let frames = input[0].len();
    let mut output = vec![vec![0.0; frames]; input.len()];
    for start in (0..frames).step_by(block) {
        let end = (start + block).min(frames);
        let pieces: Vec<&[f32]> = input.iter().map(|c| &c[start..end]).collect();
        let mut out: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[start..end]).collect();
        chain.process(&pieces, &mut out);
    }
    output
}

/// How far a limited signal of the corpus stays below (negative) or rises above its ceiling.
#[derive(Debug)]
pub struct Reading {
    pub true_peak_over_db: f64,
    pub sample_peak_over_db: f64,
    pub clamp_activations: u64,
}

/// Limits one signal of the corpus, padded, and reads what comes out.
pub fn limit(
    signal: &Signal,
    params: ChainParams,
    rate_hz: u32,
    channels: usize,
    frames: usize,
    seed: u64,
) -> Reading {
    let material = signal.planar(rate_hz, frames, channels, seed);
    let input = padded_planar(&material, PAD_FRAMES, PAD_FRAMES);
    let mut chain = prepared(params, rate_hz, channels);
    let output = process(&mut chain, &input, 1024);
    let ceiling = f64::from(params.limiter.ceiling_dbtp);
    Reading {
        true_peak_over_db: meter::true_peak_dbtp_planar(&output) - ceiling,
        sample_peak_over_db: meter::sample_peak_dbfs_planar(&output) - ceiling,
        clamp_activations: chain.take_meters().clamp_activations,
    }
}

/// Hard-tier settings with a ceiling and look-ahead.
pub fn with_ceiling(ceiling_dbtp: f32, lookahead: Lookahead) -> ChainParams {
    let mut params = hard_tier_only();
    params.limiter.ceiling_dbtp = ceiling_dbtp;
    params.limiter.lookahead = lookahead;
    params
}
