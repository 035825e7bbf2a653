//! "Never louder than": the momentary loudness of all that a chain passes.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on must fail the test")]

mod common;

use common::{prepared, process};
use headroom_dsp::{Cap, Chain, ChainParams, Layout, Loudness, Role, Spec};
use headroom_testkit::{layout, meter, signals};

const RATE_HZ: u32 = 48_000;
const SECOND: usize = RATE_HZ as usize;

fn capped(lufs: f32) -> ChainParams {
    let mut params = ChainParams { cap: Cap::Lufs(lufs), ..ChainParams::default() }.for_bus();
    params.limiter.soft.enabled = false;
    params
}

/// Sound at one loudness after another, each of an equal length.
fn steps(levels: &[f64], seconds: usize, voice: bool) -> Vec<Vec<f32>> {
    let mut all = vec![Vec::new(); 2];
    for (seed, level) in levels.iter().enumerate() {
        let raw = if voice {
            signals::speech_like(RATE_HZ, seconds * SECOND, -23.0, seed as u64)
        } else {
            signals::pink_noise(RATE_HZ, seconds * SECOND, seed as u64)
        };
        let planes = vec![raw.clone(), raw];
        let own = meter::loudness(&planes, RATE_HZ, &layout::usual_layout(2)).integrated_lufs;
        for (all, new) in all.iter_mut().zip(signals::amplified(&planes, level - own)) {
            all.extend(new);
        }
    }
    all
}

/// Momentary loudness every 20 ms.
fn momentary(planes: &[Vec<f32>]) -> Vec<f32> {
    let mut loudness = Loudness::new(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    let step = SECOND / 50;
    let read = |start: usize| {
        loudness.process(&[&planes[0][start..start + step], &planes[1][start..start + step]]);
        loudness.momentary_lufs()
    };
    (0..planes[0].len() / step * step).step_by(step).map(read).collect()
}

#[test]
fn output_is_not_above_the_cap_for_longer_than_100_ms() {
    for voice in [false, true] {
        for cap in [-12.0_f32, -19.0, -9.0] {
            let levels = [-40.0, 3.0, 6.0, 12.0, 20.0, -30.0, 30.0, 1.0, 0.0]
                .map(|above| (f64::from(cap) + above).min(-3.0));
            let input = steps(&levels, 3, voice);
            let output = process(&mut prepared(capped(cap), RATE_HZ, 2), &input, 512);
            let (mut row, mut longest, mut highest) = (0, 0, -99.0_f32);
            for reading in momentary(&output) {
                row = if reading > cap { row + 1 } else { 0 };
                longest = longest.max(row);
                highest = highest.max(reading);
            }
            println!("voice {voice}, cap {cap}: {} ms above, highest {highest:.2}", longest * 20);
            assert!(longest <= 5, "cap {cap}, voice {voice}: {} ms", longest * 20);
        }
    }
}

#[test]
fn steady_sound_over_the_cap_is_held_within_three_lu_below_it() {
    for above in [1.0, 4.0, 9.0] {
        let input = steps(&[-12.0 + above], 6, false);
        let output = process(&mut prepared(capped(-12.0), RATE_HZ, 2), &input, 512);
        let held = f64::from(*momentary(&output).last().unwrap());
        println!("{above} LU over: {held:.2}");
        assert!((-15.2..=-12.0).contains(&held), "{above} over: {held}");
    }
}

#[test]
fn programme_below_the_cap_passes_bit_for_bit() {
    let input = steps(&[-24.0, -20.0], 4, false);
    let off = ChainParams { cap: Cap::Off, ..capped(-12.0) };
    let with = process(&mut prepared(capped(-12.0), RATE_HZ, 2), &input, 512);
    assert_eq!(with, process(&mut prepared(off, RATE_HZ, 2), &input, 512));
}

#[test]
fn cap_meters_tell_and_a_bypass_fades_it_out() {
    let input = steps(&[-9.0], 2, false);
    let mut chain = prepared(capped(-16.0), RATE_HZ, 2);
    process(&mut chain, &input, 512);
    assert!(chain.take_meters().cap_db < -6.0);
    chain.set_params(&ChainParams { dynamics_bypassed: true, ..capped(-16.0) });
    let output = process(&mut chain, &input, 512);
    process(&mut chain, &input, 512);
    let _ = chain.take_meters();
    assert!(chain.take_meters().cap_db > -1e-3);
    assert!(*momentary(&output).last().unwrap() > -10.0);
}

#[test]
fn fixed_gain_to_compare_with_leaves_the_cap_in_force() {
    let input = steps(&[-30.0, -9.0], 4, false);
    let levels = ChainParams { cap: Cap::Lufs(-16.0), ..ChainParams::default() };
    let mut chain = prepared(ChainParams { without_db: Some(4.0), ..levels }, RATE_HZ, 2);
    let output = process(&mut chain, &input, 512);
    let readings = momentary(&output);
    let (soft, loud) = (f64::from(readings[150]), f64::from(readings[390]));
    println!("{soft:.2}, {loud:.2} LUFS");
    assert!((soft - -26.0).abs() < 0.3, "neither levelled nor compressed: {soft}");
    assert!((-19.5..=-16.0).contains(&loud), "capped: {loud}");
    // With levelling again, within its fade and what it measured meanwhile.
    chain.set_params(&levels);
    let again = process(&mut chain, &steps(&[-30.0], 4, false), 512);
    assert!(*momentary(&again).last().unwrap() > -24.0);
}

#[test]
fn chain_of_an_application_ignores_the_cap() {
    let input = steps(&[-4.0], 2, false);
    let mut chain = Chain::with_role(Role::App, capped(-20.0));
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    assert_eq!(process(&mut chain, &input, 512), input);
}
