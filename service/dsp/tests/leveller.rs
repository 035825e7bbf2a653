//! The leveller finds the programme's level and keeps it, holds what jumps out of it, and leaves the volume to people.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{prepared, process};
use headroom_dsp::{Cap, Chain, ChainParams, DynamicsState, LevellerParams, Surge};
use headroom_testkit::{layout, meter, signals};

const RATE_HZ: u32 = 48_000;
const SECOND: usize = RATE_HZ as usize;

/// Settings with the leveller alone before the limiter.
fn params(leveller: LevellerParams) -> ChainParams {
    let mut params = ChainParams { leveller, cap: Cap::Off, ..ChainParams::default() };
    params.compressor.enabled = false;
    params.limiter.soft.enabled = false;
    params
}

fn usual() -> ChainParams {
    params(LevellerParams::default())
}

fn lufs(planes: &[Vec<f32>], from_s: f64, to_s: f64) -> f64 {
    let at = |s: f64| (s * f64::from(RATE_HZ)) as usize;
    let pieces: Vec<&[f32]> =
        planes.iter().map(|p| &p[at(from_s)..at(to_s).min(p.len())]).collect();
    meter::loudness(&pieces, RATE_HZ, &layout::usual_layout(2)).integrated_lufs
}

/// Two equal channels of noise at a loudness.
fn noise(level_lufs: f64, seconds: f64, seed: u64) -> Vec<Vec<f32>> {
    let raw = signals::pink_noise(RATE_HZ, (seconds * f64::from(RATE_HZ)) as usize, seed);
    let planes = vec![raw.clone(), raw];
    let loudness = lufs(&planes, 0.0, seconds);
    signals::amplified(&planes, level_lufs - loudness)
}

fn speech(level_lufs: f64, seconds: usize, seed: u64) -> Vec<Vec<f32>> {
    let voice = signals::speech_like(RATE_HZ, seconds * SECOND, level_lufs, seed);
    let planes = vec![voice.clone(), voice];
    let loudness = lufs(&planes, 0.0, seconds as f64);
    signals::amplified(&planes, level_lufs - loudness)
}

fn chained(parts: &[Vec<Vec<f32>>]) -> Vec<Vec<f32>> {
    (0..2).map(|channel| parts.iter().flat_map(|part| part[channel].clone()).collect()).collect()
}

/// Processes in blocks of 10 ms; `between` acts before each. Returns the output and the slow gain after each block.
fn run(
    chain: &mut Chain,
    input: &[Vec<f32>],
    mut between: impl FnMut(usize, &mut Chain),
) -> (Vec<Vec<f32>>, Vec<f32>) {
    let (mut output, mut gains) = (vec![Vec::new(); input.len()], Vec::new());
    let block = SECOND / 100;
    for (number, start) in (0..input[0].len()).step_by(block).enumerate() {
        between(number, chain);
        let end = (start + block).min(input[0].len());
        let piece: Vec<Vec<f32>> = input.iter().map(|c| c[start..end].to_vec()).collect();
        for (all, new) in output.iter_mut().zip(process(chain, &piece, block)) {
            all.extend(new);
        }
        gains.push(chain.take_chain_meters().leveller_db);
    }
    (output, gains)
}

fn gains(chain: &mut Chain, input: &[Vec<f32>]) -> (Vec<Vec<f32>>, Vec<f32>) {
    run(chain, input, |_, _| {})
}

#[test]
fn programme_within_reach_comes_to_the_target_in_seconds() {
    for (level, expected) in [(-29.0, -18.0), (-20.0, -18.0), (-8.0, -18.0), (-40.0, -34.0)] {
        let (output, _) = gains(&mut prepared(usual(), RATE_HZ, 2), &noise(level, 8.0, 1));
        let (soon, later) = (lufs(&output, 2.0, 4.0), lufs(&output, 5.0, 8.0));
        assert!(
            (soon - expected).abs() < 1.0 && (later - expected).abs() < 0.6,
            "{level}: {soon}, {later}"
        );
    }
}

#[test]
fn steady_level_settles_within_a_third_of_a_db() {
    for (level_dbfs, target_lufs) in [(-30.0, -24.0), (-12.0, -18.0), (-24.0, -20.0)] {
        let leveller = LevellerParams { target_lufs, ..LevellerParams::default() };
        let tone = signals::tone_steps(RATE_HZ, &[(level_dbfs, 20.0)]);
        let (output, _) = gains(&mut prepared(params(leveller), RATE_HZ, 2), &[tone.clone(), tone]);
        let loudness = lufs(&output, 16.0, 20.0);
        assert!((loudness - f64::from(target_lufs)).abs() < 0.3, "{level_dbfs}: {loudness}");
    }
}

#[test]
fn short_blast_is_held_and_leaves_the_slow_gain_alone() {
    for (above, seconds) in [(12.0, 0.3), (20.0, 0.3), (20.0, 2.0), (12.0, 2.0)] {
        let talk = speech(-26.0, 16, 2);
        let cut = |from: usize, to: usize| {
            talk.iter().map(|c| c[from * SECOND..to * SECOND].to_vec()).collect()
        };
        let input = chained(&[cut(0, 10), noise(-26.0 + above, seconds, 3), cut(10, 16)]);
        let (output, gains) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
        let before = lufs(&output, 4.0, 10.0);
        let blast = lufs(&output, 10.03, 10.0 + seconds);
        assert!(blast - before < 6.0, "{above} LU, {seconds} s: {blast} after {before}");
        let end = 1_000 + (seconds * 100.0) as usize;
        let moved = (gains[end + 20] - gains[990]).abs();
        assert!(moved < 1.5, "{above} LU, {seconds} s: the gain moved by {moved} dB");
        let after = lufs(&output, 10.5 + seconds, 15.5 + seconds);
        assert!(
            (after - before).abs() < 2.0,
            "{above} LU, {seconds} s: speech {before}, then {after}"
        );
    }
}

#[test]
fn long_blast_is_held_and_speech_is_back_in_2500_ms() {
    let talk = speech(-26.0, 18, 4);
    let cut = |from: usize, to: usize| {
        talk.iter().map(|c| c[from * SECOND..to * SECOND].to_vec()).collect()
    };
    let input = chained(&[cut(0, 10), noise(-6.0, 20.0, 5), cut(10, 18)]);
    let (output, _) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
    let before = lufs(&output, 4.0, 10.0);
    for from in (0..19).map(|n| 10.03 + f64::from(n)) {
        let blast = lufs(&output, from, from + 1.0);
        assert!(blast - before < 6.0, "{blast} at {from} s after {before}");
    }
    let after = lufs(&output, 32.5, 37.5);
    assert!((after - before).abs() < 2.5, "{before} before, {after} after");
}

#[test]
fn speech_is_back_a_second_after_a_blast_of_seconds() {
    for (above, seconds) in [(12.0, 3.0), (20.0, 3.0), (20.0, 4.0), (12.0, 5.0)] {
        let talk = speech(-26.0, 16, 9);
        let cut = |from: usize, to: usize| {
            talk.iter().map(|c| c[from * SECOND..to * SECOND].to_vec()).collect()
        };
        let input = chained(&[cut(0, 8), noise(-26.0 + above, seconds, 10), cut(8, 16)]);
        let (_, gains) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
        let end = 800 + (seconds * 100.0) as usize;
        assert!(gains[end - 1] < gains[790] - 3.0, "{above} LU, {seconds} s: it was adopted");
        let after = gains[end + 110] - gains[790];
        assert!(after.abs() < 3.0, "{above} LU, {seconds} s: {after} dB a second later");
    }
}

#[test]
fn what_follows_a_loud_programme_is_heard_however_that_ends() {
    let loud = noise(6.0, 10.0, 11);
    // Where in a block it is cut, in ms, and how long it fades, in s.
    let cuts = (0..7).map(|n| (5 * n, 0.0));
    for (cut_ms, fade_s) in cuts.chain([0.1, 0.3, 1.0, 3.0].map(|fade_s| (0, fade_s))) {
        let frames = 9 * SECOND + cut_ms * SECOND / 1_000;
        let mut blast: Vec<Vec<f32>> = loud.iter().map(|c| c[..frames].to_vec()).collect();
        let fade = (fade_s * f64::from(RATE_HZ)) as usize;
        let faded = blast.iter_mut().flat_map(|c| c[frames - fade..].iter_mut().enumerate());
        for (position, sample) in faded {
            *sample *= 10f32.powf(-2.0 * position as f32 / fade as f32);
        }
        for level in [-24.0, -30.0] {
            for after in [noise(level, 9.0, 12), speech(level, 9, 13)] {
                let input = chained(&[blast.clone(), after]);
                let (_, gains) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
                let goal = (-18.0 - level as f32).min(LevellerParams::default().max_boost_db);
                let left = goal - gains[gains.len() - 1];
                assert!(
                    left.abs() < 3.0,
                    "cut at {cut_ms} ms, fade {fade_s} s, {level}: {left} dB"
                );
            }
        }
    }
}

#[test]
fn first_sound_is_held_from_its_first_sample() {
    for silent_s in [0.0, 1.0] {
        let silence = vec![vec![0.0; (silent_s * f64::from(RATE_HZ)) as usize]; 2];
        let input = chained(&[silence, noise(-4.0, 3.0, 6)]);
        let (output, _) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
        for from in (0..24).map(|n| silent_s + 0.03 + f64::from(n) * 0.1) {
            let loudness = lufs(&output, from, from + 0.4);
            assert!(loudness < -13.0, "{loudness} at {from}");
        }
    }
}

#[test]
fn surge_strength_moves_the_caps_and_off_has_none() {
    let blast = |surge: Surge| {
        let leveller = LevellerParams { surge, ..LevellerParams::default() };
        let input = chained(&[noise(-18.0, 8.0, 7), noise(-6.0, 1.0, 8)]);
        let (output, _) = gains(&mut prepared(params(leveller), RATE_HZ, 2), &input);
        lufs(&output, 8.1, 8.9)
    };
    let [off, gentle, normal, strict] =
        [Surge::Off, Surge::Gentle, Surge::Normal, Surge::Strict].map(blast);
    println!("{off:.1} {gentle:.1} {normal:.1} {strict:.1}");
    // The caps are 3 dB higher and 2 dB lower; a surge that goes less far over them is held by less.
    assert!(
        off > -8.5
            && (3.0..5.5).contains(&(gentle - normal))
            && (2.0..4.0).contains(&(normal - strict))
    );
}

#[test]
fn nothing_moves_in_silence() {
    let mut chain = prepared(usual(), RATE_HZ, 2);
    let (_, before) = gains(&mut chain, &noise(-12.0, 8.0, 5));
    assert!(before[799] < -5.0);
    let (_, silence) = gains(&mut chain, &vec![vec![0.0; 5 * SECOND]; 2]);
    assert!(silence[25..].iter().all(|&g| g == silence[25]), "it moves in silence");
    assert!((silence[499] - before[799]).abs() < 0.5);
}

#[test]
fn noise_in_pauses_is_not_raised() {
    for below in [15.0, 20.0, 30.0] {
        let talk = speech(-24.0, 24, 6);
        let cut = |from: usize, to: usize| {
            talk.iter().map(|c| c[from * SECOND..to * SECOND].to_vec()).collect()
        };
        let rest = vec![vec![0.0; 3 * SECOND]; 2];
        let mut input = chained(&[cut(0, 10), rest.clone(), cut(10, 16), rest, cut(16, 20)]);
        for (channel, floor) in input.iter_mut().zip(noise(-24.0 - below, 26.0, 7)) {
            channel.iter_mut().zip(floor).for_each(|(x, floor)| *x += floor);
        }
        let (_, gains) = gains(&mut prepared(usual(), RATE_HZ, 2), &input);
        for pause in [1_000, 1_900] {
            let rise =
                gains[pause..pause + 300].iter().fold(-99.0_f32, |m, &g| m.max(g)) - gains[pause];
            assert!(rise < 1.0, "{below} LU below: up by {rise} dB");
        }
    }
}

#[test]
fn steady_background_is_raised_by_six_db_at_most() {
    for seed in [8, 9] {
        let (_, gains) = gains(&mut prepared(usual(), RATE_HZ, 2), &noise(-42.0, 15.0, seed));
        let most = gains.iter().copied().fold(-99.0, f32::max);
        assert!(most < 6.1, "{most}");
    }
}

#[test]
fn one_bang_ducks_the_speech_after_it_for_less_than_300_ms() {
    let without = speech(-24.0, 14, 10);
    let mut with = without.clone();
    let bang = signals::gaussian_noise(SECOND / 50, 0.5, 11);
    for channel in &mut with {
        for (x, bang) in channel[10 * SECOND..].iter_mut().zip(&bang) {
            *x += bang;
        }
    }
    let [with, without] =
        [with, without].map(|input| gains(&mut prepared(usual(), RATE_HZ, 2), &input).0);
    for from in (0..12).map(|n| 10.32 + f64::from(n) * 0.25) {
        let (heard, usual) = (lufs(&with, from, from + 0.4), lufs(&without, from, from + 0.4));
        assert!(!usual.is_finite() || heard > usual - 1.0, "{heard} for {usual} at {from}");
    }
}

#[test]
fn switching_it_off_and_on_fades_and_starts_anew() {
    let on = usual();
    let mut off = on;
    off.leveller.enabled = false;
    let mut chain = prepared(on, RATE_HZ, 2);
    let _ = gains(&mut chain, &noise(-10.0, 6.0, 9));
    assert!(chain.take_chain_meters().leveller_db < -6.0);
    chain.set_params(&off);
    let (_, fading) = gains(&mut chain, &noise(-10.0, 0.2, 9));
    assert!(fading[0] < -4.0 && fading[3] > fading[0] && fading[10] == 0.0);
    chain.set_params(&on);
    let (_, anew) = gains(&mut chain, &noise(-10.0, 0.2, 9));
    assert!(anew.iter().all(|&g| g == 0.0), "what it knew is stale");
}

#[test]
fn bypass_keeps_what_it_knows_and_measures_on() {
    let on = usual();
    let bypassed = ChainParams { dynamics_bypassed: true, ..on };
    let mut chain = prepared(on, RATE_HZ, 2);
    let _ = gains(&mut chain, &noise(-10.0, 6.0, 10));
    let before = chain.take_chain_meters().leveller_db;
    chain.set_params(&bypassed);
    let (_, faded) = gains(&mut chain, &noise(-10.0, 1.0, 10));
    assert!(faded[10..].iter().all(|&g| g == 0.0));
    assert!(chain.take_chain_meters().programme_lufs.is_some());
    chain.set_params(&on);
    let (_, back) = gains(&mut chain, &noise(-10.0, 0.2, 10));
    assert!((back[10] - before).abs() < 0.5);
}

/// The output of speech whose volume is turned by `db` at 12 s, told `late` blocks of 10 ms after (or before) that.
fn turned(db: f32, late: isize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>, f32) {
    let plain = speech(-30.0, 32, 12);
    let mut input = plain.clone();
    let gain = 10.0_f32.powf(db / 20.0);
    for channel in &mut input {
        for x in &mut channel[12 * SECOND..] {
            *x *= gain;
        }
    }
    // So soft that the limiter has nothing to do.
    let soft = params(LevellerParams { target_lufs: -34.0, ..LevellerParams::default() });
    let (heard_plain, _) = gains(&mut prepared(soft, RATE_HZ, 2), &plain);
    let (told, mut surge_db) = ((1_200 + late) as usize, 0.0_f32);
    let (heard, _) = run(&mut prepared(soft, RATE_HZ, 2), &input, |block, chain| {
        if block == told {
            chain.set_params(&ChainParams { stream_volume_db: db, ..soft });
        }
        if block == told + 2 {
            let _ = chain.take_chain_meters();
        }
        if (told + 3..told + 40).contains(&block) {
            surge_db = surge_db.min(chain.take_chain_meters().surge_db);
        }
    });
    (heard_plain, heard, surge_db)
}

#[test]
fn move_of_the_volume_is_heard_in_full_and_for_good() {
    for (db, late) in [(-9.3, 0), (-9.3, 2), (-9.3, -2), (9.3, 0), (9.3, 2), (9.3, -2), (-20.0, 1)]
    {
        let (plain, heard, _) = turned(db, late);
        for (from, to) in [(12.2, 16.0), (16.0, 24.0), (24.0, 32.0)] {
            let moved = lufs(&heard, from, to) - lufs(&plain, from, to);
            assert!(
                (moved - f64::from(db)).abs() < 1.0,
                "{db} dB, {late} late: {moved} from {from} s"
            );
        }
    }
}

#[test]
fn move_of_the_volume_starts_no_surge() {
    let (_, _, own_db) = turned(0.0, 0);
    for late in [-3, -1, 0, 1, 2, 4] {
        let (_, _, surge_db) = turned(12.0, late);
        assert!(
            surge_db > own_db - 1.0,
            "{late} late: a surge of {surge_db} dB, {own_db} dB without"
        );
    }
}

#[test]
fn muted_stream_freezes_what_is_known() {
    let mut chain = prepared(usual(), RATE_HZ, 2);
    let _ = gains(&mut chain, &speech(-26.0, 10, 13));
    let before = chain.take_chain_meters();
    chain.set_params(&ChainParams { stream_volume_db: -50.0, ..usual() });
    let quiet = signals::amplified(&speech(-26.0, 5, 14), -50.0);
    let _ = gains(&mut chain, &quiet);
    let muted = chain.take_chain_meters();
    assert_eq!(
        (muted.leveller_db, muted.programme_lufs),
        (before.leveller_db, before.programme_lufs)
    );
    chain.set_params(&usual());
    let (_, after) = gains(&mut chain, &speech(-26.0, 3, 15));
    assert!(after.iter().all(|gain| (gain - before.leveller_db).abs() < 1.0));
}

#[test]
fn remembered_level_makes_the_first_second_right() {
    let input = speech(-28.0, 6, 16);
    let first = |remembered: Option<f32>| {
        let mut chain = prepared(usual(), RATE_HZ, 2);
        if let Some(lufs) = remembered {
            chain.take_over(&DynamicsState::remembered(lufs));
        }
        let (output, _) = gains(&mut chain, &input);
        [lufs(&output, 0.0, 1.0), lufs(&output, 1.0, 3.0)]
    };
    let own = lufs(&input, 0.0, 1.0) + 10.0;
    let right = first(Some(-28.0));
    assert!((right[0] - own).abs() < 1.5, "{right:?}, wanted {own}");
    let own = lufs(&input, 1.0, 3.0) + 10.0;
    for wrong in [-40.0, -10.0, -20.0] {
        let loudness = first(Some(wrong));
        assert!((loudness[1] - own).abs() < 2.5, "{wrong}: {loudness:?}, wanted {own}");
    }
}

#[test]
fn without_boost_and_cut_the_programme_stays_as_it_is() {
    let leveller = LevellerParams {
        max_boost_db: 0.0,
        max_cut_db: 0.0,
        surge: Surge::Gentle,
        ..LevellerParams::default()
    };
    for level in [-30.0, -12.0] {
        let input = noise(level, 8.0, 17);
        let (output, gains) = gains(&mut prepared(params(leveller), RATE_HZ, 2), &input);
        assert!(gains.iter().all(|gain| *gain == 0.0));
        assert!((lufs(&output, 2.0, 8.0) - level).abs() < 0.1);
    }
    let input = chained(&[noise(-30.0, 8.0, 18), noise(-5.0, 0.5, 19)]);
    let (output, _) = gains(&mut prepared(params(leveller), RATE_HZ, 2), &input);
    assert!(lufs(&output, 8.05, 8.5) < -19.0, "{}", lufs(&output, 8.05, 8.5));
}

#[test]
fn programme_is_stable_once_it_has_stood() {
    let mut chain = prepared(usual(), RATE_HZ, 2);
    let _ = gains(&mut chain, &speech(-26.0, 3, 20));
    let young = chain.take_chain_meters();
    assert!(young.programme_lufs.is_some() && !young.programme_is_stable, "{young:?}");
    let _ = gains(&mut chain, &speech(-26.0, 20, 21));
    let old = chain.take_chain_meters();
    assert!(old.programme_is_stable && (old.programme_lufs.unwrap() + 26.0).abs() < 2.5, "{old:?}");
}
