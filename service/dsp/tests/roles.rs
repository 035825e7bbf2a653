//! What a chain does in its role: alone, for one application, or on the bus after those.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use headroom_dsp::{Cap, Chain, ChainParams, Dynamics, FLOOR_DB, Layout, Limiter, Role, Spec};

const RATE_HZ: u32 = 48_000;
const BLOCK: usize = 480;

fn noise(frames: usize, gain: f32, mut seed: u32) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..frames).map(|_| gain * next()).collect()
}

fn prepared(role: Role, params: ChainParams) -> Chain {
    let mut chain = Chain::with_role(role, params);
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    chain
}

fn run(input: &[f32], mut process: impl FnMut(&mut [&mut [f32]])) -> Vec<f32> {
    let (mut left, mut right) = (input.to_vec(), input.to_vec());
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        process(&mut [left, right]);
    }
    left
}

#[test]
fn an_app_chain_is_the_dynamics_alone_and_delays_nothing() {
    let params = ChainParams::default();
    let (mut chain, input) = (prepared(Role::App, params), noise(5 * RATE_HZ as usize, 0.7, 1));
    let mut dynamics = Dynamics::new(params.leveller, params.compressor);
    dynamics.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    let heard = run(&input, |io| chain.process_in_place(io));
    assert_eq!(heard, run(&input, |io| dynamics.process_in_place(io)));
    assert_ne!(heard, input, "it had nothing to do");
    assert_eq!((chain.latency_frames(), chain.clamp_activations()), (0, 0));
}

#[test]
fn bus_chain_without_a_cap_is_the_limiter_alone() {
    let params = ChainParams { cap: Cap::Off, ..ChainParams::default() }.for_bus();
    let (mut chain, input) = (prepared(Role::Bus, params), noise(2 * RATE_HZ as usize, 4.0, 2));
    let mut limiter = Limiter::new(params.limiter);
    limiter.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    let heard = run(&input, |io| chain.process_in_place(io));
    assert_eq!(heard, run(&input, |io| limiter.process_in_place(io)));
    assert_eq!(chain.latency_frames(), limiter.latency_frames());
}

#[test]
fn a_bypassed_app_chain_passes_every_bit() {
    let params = ChainParams { dynamics_bypassed: true, ..ChainParams::default() };
    let mut chain = prepared(Role::App, params);
    let input = noise(3 * RATE_HZ as usize, 1.5, 3);
    assert_eq!(run(&input, |io| chain.process_in_place(io)), input);
}

#[test]
fn an_app_chain_tells_loudness_with_and_without_leveller() {
    for enabled in [true, false] {
        let mut params = ChainParams::default();
        params.leveller.enabled = enabled;
        params.compressor.enabled = false;
        let mut chain = prepared(Role::App, params);
        assert_eq!(chain.take_chain_meters().loudness_in_lufs.to_bits(), FLOOR_DB.to_bits());
        // Uniform noise in two channels at 0.5: about -7.5 LUFS before K weighting adds to it.
        run(&noise(20 * RATE_HZ as usize, 0.5, 4), |io| chain.process_in_place(io));
        let meters = chain.take_chain_meters();
        assert!((-9.0..-3.0).contains(&meters.loudness_in_lufs), "{meters:?}");
        assert!((meters.gain_db - meters.leveller_db).abs() < 1e-3, "{meters:?}");
        let expected = meters.loudness_in_lufs + meters.gain_db;
        assert!((meters.loudness_out_lufs - expected).abs() < 0.05, "{meters:?}");
        assert_eq!(meters.leveller_db < -8.0, enabled, "{meters:?}");
    }
}

#[test]
fn the_bus_gives_its_dynamics_up_and_takes_them_back_without_a_step() {
    let params = ChainParams::default();
    let mut chain = prepared(Role::Bus, params);
    let tone: Vec<f32> = (0..3 * RATE_HZ as usize)
        .map(|n| 0.5 * (n as f32 * 440.0 * std::f32::consts::TAU / RATE_HZ as f32).sin())
        .collect();
    let mut blocks = 0;
    let heard = run(&tone, |io| {
        match blocks {
            150 => chain.set_params(&params.for_bus()),
            225 => chain.set_params(&params),
            _ => {}
        }
        blocks += 1;
        chain.process_in_place(io);
    });
    // A 440 Hz tone at full scale moves by 0.058 a frame at most.
    let steepest = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.06, "{steepest}");
}
