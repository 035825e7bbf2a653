//! A chain that goes on for another starts where that one stands; a trim is a plain gain.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use headroom_dsp::{
    Chain, ChainParams, DynamicsState, Layout, ProgrammeState, Role, Spec, SurgeState,
};
use headroom_testkit::{layout, meter, signals};

const RATE_HZ: u32 = 48_000;
const SECOND: usize = RATE_HZ as usize;
const BLOCK: usize = 1_024;

fn prepared(role: Role, params: ChainParams) -> Chain {
    let mut chain = Chain::with_role(role, params);
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    chain
}

fn bypassed(params: ChainParams) -> ChainParams {
    ChainParams { dynamics_bypassed: true, ..params }
}

/// Passes a programme through a row of chains; `between` acts before the block that starts at a frame.
fn run(
    input: &[f32],
    chains: &mut [Chain],
    mut between: impl FnMut(usize, &mut [Chain]),
) -> Vec<f32> {
    let (mut left, mut right) = (input.to_vec(), input.to_vec());
    for (number, (left, right)) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)).enumerate() {
        between(number * BLOCK, chains);
        for chain in chains.iter_mut() {
            chain.process_in_place(&mut [left, right]);
        }
    }
    left
}

/// Momentary loudness, every 100 ms.
fn momentary(samples: &[f32]) -> Vec<f64> {
    let window = |from: usize| {
        let piece = &samples[from..from + SECOND * 2 / 5];
        meter::loudness(&[piece], RATE_HZ, &layout::usual_layout(1)).integrated_lufs
    };
    (0..=samples.len() - SECOND * 2 / 5).step_by(SECOND / 10).map(window).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn steady(lufs: f64) -> Vec<f32> {
    let noise = signals::pink_noise(RATE_HZ, 30 * SECOND, 1);
    let now = meter::loudness(&[&noise, &noise], RATE_HZ, &layout::usual_layout(2));
    signals::amplified(&[noise], lufs - now.integrated_lufs).remove(0)
}

/// The programme through a bus that levels all the time, and through one that gives the levelling to
/// the chain of an application after 14 s and takes it back after 22 s.
fn alone_and_handed_over(input: &[f32]) -> [Vec<f32>; 2] {
    let params = ChainParams::default();
    let alone = run(input, &mut [prepared(Role::Bus, params)], |_, _| {});
    let mut chains = [prepared(Role::App, bypassed(params)), prepared(Role::Bus, params)];
    let (there, back) = (14 * SECOND / BLOCK * BLOCK, 22 * SECOND / BLOCK * BLOCK);
    let handed = run(input, &mut chains, |frame, chains| {
        let [app, bus] = chains else { panic!("two chains") };
        if frame == there {
            let state = bus.dynamics_state();
            assert!(state.gain_db.abs() > 2.0, "there is nothing to hand over: {state:?}");
            app.set_params(&params);
            app.take_over(&state);
            bus.set_params(&params.for_bus());
        } else if frame == back {
            let state = app.dynamics_state();
            assert!(state.gain_db.abs() > 2.0, "there is nothing to hand back: {state:?}");
            bus.set_params(&params);
            bus.take_over(&state);
            app.set_params(&bypassed(params));
        }
    });
    [alone, handed]
}

#[test]
fn levelling_that_moves_to_another_chain_and_back_is_not_heard() {
    let speech = signals::speech_like(RATE_HZ, 30 * SECOND, -26.0, 3);
    for (name, input, bound_lu) in [
        ("loud", steady(-8.0), 0.02),
        ("soft", steady(-30.0), 0.02),
        // Readings of a programme that varies differ a little, for they began at other times.
        ("speech", speech, 0.2),
    ] {
        let [alone, handed] = alone_and_handed_over(&input);
        let (alone, handed) = (momentary(&alone), momentary(&handed));
        let from = 140;
        let difference = largest_difference(&alone[from - 10..], &handed[from - 10..]);
        println!("{name}: {difference:.3} LU from what it is without");
        assert!(difference < bound_lu, "{name}: {difference} LU");
    }
}

#[test]
fn without_taking_over_the_same_move_is_heard() {
    let params = ChainParams::default();
    // One is heard louder, the other softer, until a level is found again.
    for (input, sign, bound_lu) in [(steady(-8.0), 1.0, 0.5), (steady(-30.0), -1.0, 1.0)] {
        let mut chains = [prepared(Role::App, bypassed(params)), prepared(Role::Bus, params)];
        let heard = run(&input, &mut chains, |frame, chains| {
            if frame == 14 * SECOND / BLOCK * BLOCK {
                chains[0].reset();
                chains[0].set_params(&params);
                chains[1].set_params(&params.for_bus());
            }
        });
        let readings = momentary(&heard);
        let moved_lu = sign * (readings[145] - readings[135]);
        assert!(moved_lu > bound_lu, "{} {}", readings[135], readings[145]);
    }
}

#[test]
fn what_is_taken_over_stays_while_the_programme_does() {
    let (input, params) = (steady(-8.0), ChainParams::default());
    let mut old = [prepared(Role::App, params)];
    run(&input, &mut old, |_, _| {});
    let state = old[0].dynamics_state();
    let mut new = prepared(Role::App, params);
    new.take_over(&state);
    let mut new = [new];
    run(&input, &mut new, |_, chains| {
        let gain_db = chains[0].dynamics_state().gain_db;
        assert!((gain_db - state.gain_db).abs() < 0.3, "{gain_db} after {}", state.gain_db);
    });
}

#[test]
fn absurd_states_are_held_and_stages_that_are_off_take_nothing() {
    let noise = signals::gaussian_noise(SECOND, 0.3, 2);
    for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
        let absurd = DynamicsState {
            gain_db: number,
            compressor_db: number,
            input_lufs: number,
            programme_lufs: Some(number),
            surge: SurgeState {
                gains_db: [number; 3],
                depth_db: number,
                largest_db: number,
                room_db: number,
            },
            programme: ProgrammeState {
                age_s: number,
                is_tentative: false,
                rests_db: number,
                known_lufs: [Some(number); 2],
            },
        };
        let mut chains = [prepared(Role::Bus, ChainParams::default())];
        chains[0].take_over(&absurd);
        let heard = run(&noise, &mut chains, |_, _| {});
        let state = chains[0].dynamics_state();
        assert!((-200.0..=40.0).contains(&state.gain_db), "{number}: {state:?}");
        assert!((-200.0..=0.0).contains(&state.compressor_db), "{number}: {state:?}");
        assert!(heard.iter().all(|sample| sample.abs() <= 0.989), "{number}");
    }
    let mut off = [prepared(Role::Bus, ChainParams::default().for_bus())];
    let state = DynamicsState { gain_db: -9.0, compressor_db: -3.0, ..DynamicsState::default() };
    off[0].take_over(&state);
    let untouched =
        run(&noise, &mut [prepared(Role::Bus, ChainParams::default().for_bus())], |_, _| {});
    assert_eq!(run(&noise, &mut off, |_, _| {}), untouched);
}

#[test]
fn a_flush_keeps_what_a_reset_forgets() {
    let (input, params) = (steady(-8.0), ChainParams::default());
    let mut chains = [prepared(Role::Bus, params)];
    run(&input, &mut chains, |_, _| {});
    let [mut chain] = chains;
    let before = chain.dynamics_state();
    chain.flush();
    assert_eq!(chain.dynamics_state(), before);
    let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
    chain.process_in_place(&mut [&mut left, &mut right]);
    assert!(left.iter().all(|sample| *sample == 0.0), "what was held back was heard");
    chain.reset();
    assert_eq!(chain.dynamics_state(), DynamicsState::default());
}

#[test]
fn a_trim_is_a_plain_gain_whatever_the_stages_before_it_do() {
    let input = steady(-14.0);
    let mut without = ChainParams::default();
    without.leveller.max_boost_db = 0.0;
    without.leveller.max_cut_db = 0.0;
    without.compressor.ratio = 1.0;
    let off = ChainParams::default().for_bus();
    for (name, params) in [("all", ChainParams::default()), ("none", without), ("off", off)] {
        let plain = momentary(&run(&input, &mut [prepared(Role::App, params)], |_, _| {}));
        for trim_db in [-3.0, -12.0, -24.0, 6.0] {
            let trimmed = ChainParams { trim_db, ..params };
            let heard = momentary(&run(&input, &mut [prepared(Role::App, trimmed)], |_, _| {}));
            let off_by = plain.iter().zip(&heard).map(|(plain, heard)| heard - plain);
            let off_by = off_by.map(|by| (by - f64::from(trim_db)).abs()).fold(0.0, f64::max);
            assert!(off_by < 0.01, "{name}, {trim_db} dB: {off_by} LU off");
        }
    }
}

#[test]
fn a_trim_ramps_and_a_bypass_takes_it_away() {
    let tone: Vec<f32> = (0..2 * SECOND)
        .map(|n| 0.5 * (n as f32 * 440.0 * std::f32::consts::TAU / RATE_HZ as f32).sin())
        .collect();
    let mut params = ChainParams::default().for_bus();
    let mut chains = [prepared(Role::App, params)];
    let heard = run(&tone, &mut chains, |frame, chains| match frame / BLOCK {
        20 => {
            params.trim_db = -12.0;
            chains[0].set_params(&params);
        }
        40 => chains[0].set_params(&bypassed(params)),
        _ => {}
    });
    // A 440 Hz tone at this level moves by 0.029 a frame at most.
    let steepest = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.031, "{steepest}");
    let peak = |from: usize, to: usize| heard[from..to].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    assert!((peak(30 * BLOCK, 39 * BLOCK) - 0.125_6).abs() < 0.001);
    assert_eq!(heard[50 * BLOCK..], tone[50 * BLOCK..], "bypassed, every bit passes");
}
