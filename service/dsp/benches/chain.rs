//! Cost of the chain and of its stages, per block of stereo frames at 48 kHz.
//!
//! Criterion reports elements (frames) per second; nanoseconds per frame are their inverse.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headroom_dsp::{Chain, ChainParams, Dynamics, Layout, Limiter, Loudness, Spec};

/// Frames of the programme that the blocks are cut from.
const PROGRAMME_FRAMES: usize = 1 << 16;

fn spec() -> Spec {
    Spec { rate_hz: 48_000, layout: Layout::stereo() }
}

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

fn run(
    criterion: &mut Criterion,
    name: &str,
    gain: f32,
    mut work: impl FnMut(&[&[f32]], &mut [&mut [f32]]),
) {
    let [left, right] = programme(gain);
    let mut group = criterion.benchmark_group(name);
    for block in [64_usize, 256, 1024] {
        group.throughput(Throughput::Elements(block as u64));
        group.bench_function(BenchmarkId::from_parameter(block), |bencher| {
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
    group.finish();
}

fn chain(params: ChainParams) -> Chain {
    let mut chain = Chain::new(params);
    chain.prepare(spec()).expect("48 kHz is served");
    chain
}

fn benches(criterion: &mut Criterion) {
    let params = ChainParams::default();

    let mut whole = chain(params);
    run(criterion, "chain, default preset", 0.3, |i, o| whole.process(i, o));
    let mut driven = chain(params);
    run(criterion, "chain, default preset, overdriven", 4.0, |i, o| driven.process(i, o));
    let mut portable = chain(params);
    portable.use_portable_kernels();
    run(criterion, "chain, default preset, baseline instructions", 0.3, |i, o| {
        portable.process(i, o);
    });

    let mut limiter = Limiter::new(params.limiter);
    limiter.prepare(spec()).expect("48 kHz is served");
    run(criterion, "limiter", 4.0, |i, o| limiter.process(i, o));
    let mut hard = params.limiter;
    hard.soft.enabled = false;
    let mut limiter = Limiter::new(hard);
    limiter.prepare(spec()).expect("48 kHz is served");
    run(criterion, "limiter, hard tier only", 4.0, |i, o| limiter.process(i, o));
    let mut limiter = Limiter::new(hard);
    limiter.prepare(spec()).expect("48 kHz is served");
    run(criterion, "limiter, hard tier only, idle", 0.3, |i, o| limiter.process(i, o));
    let mut dynamics = Dynamics::new(params.agc, params.compressor);
    dynamics.prepare(spec()).expect("48 kHz is served");
    run(criterion, "dynamics", 0.3, |i, o| dynamics.process(i, o));
    let mut loudness = Loudness::new(spec()).expect("48 kHz is served");
    run(criterion, "loudness", 0.3, |i, _| loudness.process(i));
}

criterion_group!(chain_benches, benches);
criterion_main!(chain_benches);
