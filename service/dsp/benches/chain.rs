//! Cost of the chain and of its stages, per block of 64, 256 and 1,024 stereo frames, at 48, 96 and
//! 192 kHz.
//!
//! Criterion reports elements (frames) per second; nanoseconds per frame are their inverse.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headroom_dsp::{Chain, ChainParams, Dynamics, Layout, Limiter, Loudness, Spec, TruePeak};

/// Frames of the programme that the blocks are cut from.
const PROGRAMME_FRAMES: usize = 1 << 16;

/// Noise with a slow swell, so that every stage acts some of the time.
fn programme(gain: f32) -> [Vec<f32>; 2] {
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 8_388_608.0 - 1.0
    };
    [0.0_f32, 1.0].map(|phase| {
        (0..PROGRAMME_FRAMES)
            .map(|n| gain * noise() * (0.6 + 0.4 * (n as f32 * 1e-3 + phase).sin()))
            .collect()
    })
}

/// Benches one stage at every rate and block size; `make` prepares it for a rate.
fn run<W: FnMut(&[&[f32]], &mut [&mut [f32]])>(
    criterion: &mut Criterion,
    name: &str,
    gain: f32,
    make: impl Fn(Spec) -> W,
) {
    let [left, right] = programme(gain);
    let mut group = criterion.benchmark_group(name);
    for rate_hz in [48_000, 96_000, 192_000] {
        for block in [64_usize, 256, 1024] {
            group.throughput(Throughput::Elements(block as u64));
            let id = BenchmarkId::new(format!("{} kHz", rate_hz / 1000), block);
            group.bench_function(id, |bencher| {
                let mut work = make(Spec { rate_hz, layout: Layout::stereo() });
                let (mut a, mut b) = (vec![0.0; block], vec![0.0; block]);
                let mut start = 0;
                bencher.iter(|| {
                    let end = start + block;
                    work(&[&left[start..end], &right[start..end]], &mut [&mut a, &mut b]);
                    black_box((&a, &b));
                    start = if end + block > PROGRAMME_FRAMES { 0 } else { end };
                });
            });
        }
    }
    group.finish();
}

fn chain(spec: Spec) -> Chain {
    let mut chain = Chain::new(ChainParams::default());
    chain.prepare(spec).expect("the rate is served");
    chain
}

fn limiter(spec: Spec, soft: bool) -> Limiter {
    let mut params = ChainParams::default().limiter;
    params.soft.enabled = soft;
    let mut limiter = Limiter::new(params);
    limiter.prepare(spec).expect("the rate is served");
    limiter
}

fn benches(criterion: &mut Criterion) {
    for (name, gain) in [("chain", 0.3), ("chain, overdriven", 4.0)] {
        run(criterion, name, gain, |spec| {
            let mut chain = chain(spec);
            move |i: &[&[f32]], o: &mut [&mut [f32]]| chain.process(i, o)
        });
    }
    run(criterion, "chain, overdriven, baseline instructions", 4.0, |spec| {
        let mut chain = chain(spec);
        chain.use_portable_kernels();
        move |i: &[&[f32]], o: &mut [&mut [f32]]| chain.process(i, o)
    });
    run(criterion, "leveller and compressor", 0.3, |spec| {
        let params = ChainParams::default();
        let mut dynamics = Dynamics::new(params.leveller, params.compressor);
        dynamics.prepare(spec).expect("the rate is served");
        move |i: &[&[f32]], o: &mut [&mut [f32]]| dynamics.process(i, o)
    });
    for (name, gain, soft) in
        [("both tiers", 4.0, true), ("hard tier", 4.0, false), ("hard tier, idle", 0.3, false)]
    {
        run(criterion, name, gain, |spec| {
            let mut limiter = limiter(spec, soft);
            move |i: &[&[f32]], o: &mut [&mut [f32]]| limiter.process(i, o)
        });
    }
    run(criterion, "loudness meter", 0.3, |spec| {
        let mut loudness = Loudness::new(spec).expect("the rate is served");
        move |i: &[&[f32]], _: &mut [&mut [f32]]| loudness.process(i)
    });
    run(criterion, "true-peak meter", 0.3, |_| {
        let mut true_peak = TruePeak::new(2);
        move |i: &[&[f32]], _: &mut [&mut [f32]]| true_peak.process(i)
    });
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
}

criterion_group! { name = chain_benches; config = short(); targets = benches }
criterion_main!(chain_benches);
