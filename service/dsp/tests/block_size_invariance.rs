//! Any division of a stream into blocks gives the same bits, on any processor.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{prepared, process};
use headroom_dsp::{ChainParams, Detector, MeterFrame};
use headroom_testkit::signals::{self, Rng};

/// Loud, quiet and silent passages that make every stage act and rest.
fn programme(channels: usize) -> Vec<Vec<f32>> {
    (0..channels as u64)
        .map(|channel| {
            let mut audio = signals::speech_like(48_000, 48_000, -20.0, 10 + channel);
            audio.extend(signals::gaussian_noise(30_000, 1.5, 20 + channel));
            audio.extend(vec![0.0; 25_000]);
            audio.extend(signals::speech_like(48_000, 48_000, -30.0, 30 + channel));
            audio
        })
        .collect()
}

fn params() -> ChainParams {
    let mut params = ChainParams::default();
    params.limiter.soft.max_psr_db = 8.0;
    params
}

/// Processes in blocks given by `next`, with the settings changed at fixed frames.
fn run(
    input: &[Vec<f32>],
    portable: bool,
    mut next: impl FnMut() -> usize,
) -> (Vec<Vec<f32>>, MeterFrame) {
    let mut chain = prepared(params(), 48_000, input.len());
    if portable {
        chain.use_portable_kernels();
    }
    let frames = input[0].len();
    let mut output = vec![Vec::new(); input.len()];
    let mut start = 0;
    let changes = [40_001, 60_003, 90_007, usize::MAX];
    let mut changed = 0;
    while start < frames {
        if start == changes[changed] {
            let mut params = params();
            params.dynamics_bypassed = changed == 0;
            params.limiter.ceiling_dbtp = -2.0;
            params.compressor.detector = Detector::Peak;
            params.compressor.ratio = 4.0;
            params.leveller.enabled = changed < 2;
            chain.set_params(&params);
            changed += 1;
        }
        let end = (start + next()).min(frames).min(changes[changed]);
        let piece: Vec<Vec<f32>> = input.iter().map(|c| c[start..end].to_vec()).collect();
        for (all, new) in output.iter_mut().zip(process(&mut chain, &piece, usize::MAX / 2)) {
            all.extend(new);
        }
        start = end;
    }
    (output, chain.take_meters())
}

#[test]
fn every_block_size_gives_the_same_bits() {
    let input = programme(2);
    let reference = run(&input, false, || 1024);
    for block in [1, 2, 3, 15, 16, 17, 63, 64, 65, 100, 256, 441, 960, 8192] {
        assert!(run(&input, false, || block) == reference, "{block}");
    }
}

#[test]
fn random_block_sizes_give_the_same_bits() {
    for channels in [1, 3, 6, 8] {
        let input = programme(channels);
        let reference = run(&input, false, || 1024);
        let mut rng = Rng::new(channels as u64);
        assert!(run(&input, false, || 1 + rng.below(8192)) == reference, "{channels}");
        assert!(run(&input, false, || 1 + rng.below(150)) == reference, "{channels}");
    }
}

#[test]
fn baseline_instructions_give_the_same_bits() {
    for channels in [1, 2, 6] {
        let input = programme(channels);
        assert!(run(&input, true, || 512) == run(&input, false, || 512), "{channels}");
    }
}

#[test]
fn a_reset_chain_behaves_as_a_new_one() {
    let input = programme(2);
    let mut chain = prepared(params(), 48_000, 2);
    let first = process(&mut chain, &input, 500);
    let first_meters = chain.take_meters();
    chain.reset();
    let second = process(&mut chain, &input, 700);
    assert!(first == second);
    assert_eq!(chain.take_meters(), first_meters);
}

#[test]
fn in_place_and_out_of_place_are_the_same() {
    let input = programme(2);
    let reference = process(&mut prepared(params(), 48_000, 2), &input, 512);
    let mut io = input;
    let mut chain = prepared(params(), 48_000, 2);
    let (left, right) = io.split_at_mut(1);
    for (l, r) in left[0].chunks_mut(512).zip(right[0].chunks_mut(512)) {
        chain.process_in_place(&mut [l, r]);
    }
    assert!(io == reference);
}

#[test]
fn wrong_shapes_give_silence_and_no_panic() {
    let mut chain = prepared(ChainParams::default(), 48_000, 2);
    let loud = [0.5_f32; 100];
    let mut a = [9.0_f32; 100];
    let mut b = [9.0_f32; 80];
    let mut c = [9.0_f32; 120];
    chain.process(&[&loud], &mut [&mut a, &mut b, &mut c]);
    assert!(c.iter().all(|&x| x == 0.0), "a channel too many is silent");
    assert!(b.iter().all(|&x| x == 0.0), "a channel without input is silent");
    assert!(a.iter().all(|x| x.is_finite() && x.abs() <= 1.0));
    chain.process(&[], &mut []);
    chain.process(&[&loud, &loud, &loud], &mut []);
    chain.process(&[&[], &[]], &mut [&mut a, &mut b]);
    let mut unprepared = headroom_dsp::Chain::new(ChainParams::default());
    unprepared.process(&[&loud], &mut [&mut a]);
    assert!(a.iter().all(|&x| x == 0.0), "an unprepared chain is silent");
    assert_eq!(unprepared.take_meters(), MeterFrame::default());
}

#[test]
fn a_rate_that_is_not_served_leaves_the_chain_silent_and_says_so() {
    let mut chain = prepared(ChainParams::default(), 48_000, 2);
    let spec =
        headroom_dsp::Spec { rate_hz: 8000, layout: headroom_dsp::Layout::from_count(2).unwrap() };
    let error = chain.prepare(spec).unwrap_err();
    assert!(error.to_string().contains("8000") && error.to_string().contains("44100"));
    assert_eq!(chain.latency_frames(), 0);
    let output = process(&mut chain, &[vec![0.5; 500], vec![0.5; 500]], 100);
    assert!(output.iter().flatten().all(|&x| x == 0.0));
}
