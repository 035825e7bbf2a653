//! Prints the cost of the chain and its stages in nanoseconds per stereo frame: the least disturbed
//! of many blocks, which means something on a busy machine too. `benches/chain.rs` has the spread.

use std::time::Instant;

use headroom_dsp::{AgcParams, Chain, ChainParams, Dynamics, Layout, Limiter, Loudness, Spec};

const BLOCK_FRAMES: usize = 1024;
const BLOCKS: usize = 64;
const ROUNDS: usize = 60;

/// Noise with a slow swell.
fn noise(gain: f32, mut seed: u32) -> Vec<f32> {
    (0..BLOCK_FRAMES * BLOCKS)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            gain * white * (0.6 + 0.4 * (n as f32 * 1e-3).sin())
        })
        .collect()
}

fn print_cost(name: &str, gain: f32, mut work: impl FnMut(&[&[f32]], &mut [&mut [f32]])) {
    let (left, right) = (noise(gain, 1), noise(gain, 2));
    let (mut a, mut b) = ([0.0; BLOCK_FRAMES], [0.0; BLOCK_FRAMES]);
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        for (l, r) in left.chunks(BLOCK_FRAMES).zip(right.chunks(BLOCK_FRAMES)) {
            let start = Instant::now();
            work(&[l, r], &mut [&mut a, &mut b]);
            best = best.min(start.elapsed().as_nanos() as f64 / BLOCK_FRAMES as f64);
        }
    }
    println!("{name:<44}{best:6.1}");
}

fn main() -> Result<(), headroom_dsp::PrepareError> {
    let params = ChainParams::default();
    let spec = |rate_hz| Spec { rate_hz, layout: Layout::stereo() };
    let chain = |rate_hz| {
        let mut chain = Chain::new(params);
        chain.prepare(spec(rate_hz)).map(|()| chain)
    };
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        let mut chain = chain(rate_hz)?;
        print_cost(&format!("chain, {rate_hz} Hz"), 0.3, |i, o| chain.process(i, o));
    }
    let mut overdriven = chain(48_000)?;
    print_cost("chain, overdriven", 4.0, |i, o| overdriven.process(i, o));
    let mut baseline = chain(48_000)?;
    baseline.use_portable_kernels();
    print_cost("chain, baseline instructions", 0.3, |i, o| baseline.process(i, o));
    print_cost("chain, baseline instructions, overdriven", 4.0, |i, o| baseline.process(i, o));

    let mut hard = params.limiter;
    hard.soft.enabled = false;
    let mut limiter = Limiter::new(hard);
    limiter.prepare(spec(48_000))?;
    print_cost("hard tier, idle", 0.3, |i, o| limiter.process(i, o));
    print_cost("hard tier, overdriven", 4.0, |i, o| limiter.process(i, o));
    let mut dynamics = Dynamics::new(params.agc, params.compressor);
    dynamics.prepare(spec(48_000))?;
    print_cost("AGC and compressor", 0.3, |i, o| dynamics.process(i, o));
    let off = AgcParams { enabled: false, ..params.agc };
    let mut compressor = Dynamics::new(off, params.compressor);
    compressor.prepare(spec(48_000))?;
    print_cost("compressor", 0.3, |i, o| compressor.process(i, o));
    let mut loudness = Loudness::new(spec(48_000))?;
    print_cost("loudness meter", 0.3, |i, _| loudness.process(i));
    Ok(())
}
