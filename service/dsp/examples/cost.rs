//! Prints the cost of the chain and its stages in nanoseconds per stereo frame, by rate and block: the
//! least disturbed of many blocks, which means something on a busy machine too. `benches/chain.rs` has
//! the spread.

use std::time::Instant;

use headroom_dsp::{Chain, ChainParams, Dynamics, Layout, LevellerParams, Limiter, Loudness, Spec};

const RATES_HZ: [u32; 4] = [44_100, 48_000, 96_000, 192_000];
const BLOCKS: [usize; 3] = [64, 256, 1024];
const FRAMES: usize = 1 << 16;
const ROUNDS: usize = 30;

/// Noise with a slow swell.
fn noise(gain: f32, mut seed: u32) -> Vec<f32> {
    (0..FRAMES)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            gain * white * (0.6 + 0.4 * (n as f32 * 1e-3).sin())
        })
        .collect()
}

fn cost_ns(gain: f32, block: usize, mut work: impl FnMut(&[&[f32]], &mut [&mut [f32]])) -> f64 {
    let (left, right) = (noise(gain, 1), noise(gain, 2));
    let (mut a, mut b) = (vec![0.0; block], vec![0.0; block]);
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        for (l, r) in left.chunks_exact(block).zip(right.chunks_exact(block)) {
            let start = Instant::now();
            work(&[l, r], &mut [&mut a, &mut b]);
            best = best.min(start.elapsed().as_nanos() as f64 / block as f64);
        }
    }
    best
}

/// Prints a row; `make` prepares the stage for a rate.
fn print_row<W: FnMut(&[&[f32]], &mut [&mut [f32]])>(
    name: &str,
    gain: f32,
    make: impl Fn(Spec) -> W,
) {
    print!("{name:<36}");
    for rate_hz in RATES_HZ {
        for block in BLOCKS {
            let spec = Spec { rate_hz, layout: Layout::stereo() };
            print!("{:6.1}", cost_ns(gain, block, make(spec)));
        }
        print!("  ");
    }
    println!();
}

fn chain(spec: Spec, baseline: bool) -> Chain {
    let mut chain = Chain::new(ChainParams::default());
    chain.prepare(spec).expect("the rate is served");
    if baseline {
        chain.use_portable_kernels();
    }
    chain
}

fn main() {
    print!("{:<36}", "ns per stereo frame");
    for rate_hz in RATES_HZ {
        print!("{:<20}", format!("{:>10.1} kHz", f64::from(rate_hz) / 1000.0));
    }
    print!("\n{:<36}", "blocks of");
    for _ in RATES_HZ {
        for block in BLOCKS {
            print!("{block:6}");
        }
        print!("  ");
    }
    println!();
    for (name, gain, baseline) in [
        ("chain", 0.3, false),
        ("chain, overdriven", 4.0, false),
        ("chain, baseline", 0.3, true),
        ("chain, overdriven, baseline", 4.0, true),
    ] {
        print_row(name, gain, |spec| {
            let mut chain = chain(spec, baseline);
            move |i: &[&[f32]], o: &mut [&mut [f32]]| chain.process(i, o)
        });
    }
    let params = ChainParams::default();
    for (name, gain, soft) in [
        ("both tiers, overdriven", 4.0, true),
        ("hard tier, overdriven", 4.0, false),
        ("hard tier, idle", 0.3, false),
    ] {
        print_row(name, gain, |spec| {
            let mut params = params.limiter;
            params.soft.enabled = soft;
            let mut limiter = Limiter::new(params);
            limiter.prepare(spec).expect("the rate is served");
            move |i: &[&[f32]], o: &mut [&mut [f32]]| limiter.process(i, o)
        });
    }
    for (name, enabled) in [("leveller and compressor", true), ("compressor", false)] {
        print_row(name, 0.3, |spec| {
            let leveller = LevellerParams { enabled, ..params.leveller };
            let mut dynamics = Dynamics::new(leveller, params.compressor);
            dynamics.prepare(spec).expect("the rate is served");
            move |i: &[&[f32]], o: &mut [&mut [f32]]| dynamics.process(i, o)
        });
    }
    print_row("loudness meter", 0.3, |spec| {
        let mut loudness = Loudness::new(spec).expect("the rate is served");
        move |i: &[&[f32]], _: &mut [&mut [f32]]| loudness.process(i)
    });
}
