//! Another look-ahead while audio goes on: under the ceiling, without a click, nothing starts anew.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{PAD_FRAMES, hard_tier_only, prepared, process, with_ceiling};
use headroom_dsp::{Chain, ChainParams, Layout, Lookahead, LookaheadChange, Spec};
use headroom_testkit::{
    meter::{self, residue_db},
    signals,
};

const RATE_HZ: u32 = 48_000;
const BOTH: [Lookahead; 2] = [Lookahead::Standard, Lookahead::Low];

fn other(lookahead: Lookahead) -> Lookahead {
    match lookahead {
        Lookahead::Standard => Lookahead::Low,
        Lookahead::Low => Lookahead::Standard,
    }
}

fn change(chain: &Chain, rate_hz: u32, channels: usize, lookahead: Lookahead) -> LookaheadChange {
    let layout = Layout::from_count(channels).unwrap();
    let mut params = chain.params().limiter;
    params.lookahead = lookahead;
    LookaheadChange::prepare(Spec { rate_hz, layout }, &params).unwrap()
}

/// Plays `input`, and goes from one look-ahead to the other and back every `hop` frames.
fn alternate(
    params: ChainParams,
    rate_hz: u32,
    input: &[Vec<f32>],
    hop: usize,
) -> (Chain, Vec<Vec<f32>>) {
    let mut chain = prepared(params, rate_hz, input.len());
    let mut lookahead = params.limiter.lookahead;
    let mut output = vec![Vec::new(); input.len()];
    for start in (0..input[0].len()).step_by(hop) {
        if start > 0 {
            let retired = chain.take_retired();
            assert!(retired.is_some() || start == hop, "a change takes less than {hop} frames");
            lookahead = other(lookahead);
            let change = change(&chain, rate_hz, input.len(), lookahead);
            assert!(chain.change_lookahead(change).is_none());
        }
        let end = (start + hop).min(input[0].len());
        let piece: Vec<Vec<f32>> = input.iter().map(|c| c[start..end].to_vec()).collect();
        for (all, new) in output.iter_mut().zip(process(&mut chain, &piece, 256)) {
            all.extend(new);
        }
    }
    (chain, output)
}

#[test]
fn the_ceiling_holds_while_the_look_ahead_changes() {
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        let frames = rate_hz as usize;
        let mut worst = (f64::NEG_INFINITY, "");
        for signal in signals::corpus() {
            let material = signal.planar(rate_hz, frames, 2, 11);
            let input = signals::padded_planar(&material, PAD_FRAMES, PAD_FRAMES);
            let params = with_ceiling(-0.1, Lookahead::Standard);
            let (mut chain, output) = alternate(params, rate_hz, &input, frames / 33 + 7);
            let over_db = meter::true_peak_dbtp_planar(&output) + 0.1;
            assert!(over_db <= 0.01, "{} at {rate_hz} Hz: {over_db:+.3} dB", signal.name);
            assert!(meter::sample_peak_dbfs_planar(&output) <= -0.1, "{}", signal.name);
            assert_eq!(chain.take_meters().clamp_activations, 0, "{}", signal.name);
            if over_db > worst.0 {
                worst = (over_db, signal.name);
            }
        }
        println!("{rate_hz} Hz: {:+.3} dB over the ceiling at worst ({})", worst.0, worst.1);
    }
}

/// Runs `params` on `input`, with a change to the other look-ahead after `at` frames.
fn change_once(
    params: ChainParams,
    input: &[Vec<f32>],
    at: usize,
    block: usize,
) -> (Chain, Vec<Vec<f32>>) {
    let mut chain = prepared(params, RATE_HZ, input.len());
    let pieces = |from: usize, to: usize| -> Vec<Vec<f32>> {
        input.iter().map(|c| c[from..to].to_vec()).collect()
    };
    let mut output = process(&mut chain, &pieces(0, at), block);
    let next = change(&chain, RATE_HZ, input.len(), other(params.limiter.lookahead));
    assert!(chain.change_lookahead(next).is_none());
    let rest = process(&mut chain, &pieces(at, input[0].len()), block);
    for (all, new) in output.iter_mut().zip(rest) {
        all.extend(new);
    }
    (chain, output)
}

#[test]
fn the_change_makes_no_click_on_a_tone() {
    for lookahead in BOTH {
        for (amplitude, dynamics) in [(0.05, true), (0.5, true), (0.5, false), (2.0, false)] {
            let mut params = if dynamics { ChainParams::default() } else { hard_tier_only() };
            params.limiter.lookahead = lookahead;
            let tone = signals::sine(RATE_HZ, 6 * RATE_HZ as usize, 997.0, amplitude);
            let middle = 4 * RATE_HZ as usize + 37;
            let output = change_once(params, &[tone], middle, 256).1.remove(0);
            let residue = residue_db(&output[middle - 2000..middle + 10_000], RATE_HZ, 997.0);
            println!("{lookahead:?}, {amplitude}, dynamics {dynamics}: {residue:.1} dB");
            assert!(residue < -130.0, "{lookahead:?} at {amplitude}: {residue:.1} dB");
        }
    }
}

#[test]
fn after_the_change_the_output_is_that_of_the_new_look_ahead() {
    let signal = signals::find("mixture").unwrap();
    let mut input = signal.planar(RATE_HZ, 5 * RATE_HZ as usize, 2, 12);
    // Quieter after a while, so that all of the limiter's release can end.
    for x in input.iter_mut().flat_map(|channel| &mut channel[3 * RATE_HZ as usize / 2..]) {
        *x *= 0.01;
    }
    for lookahead in BOTH {
        let mut params = ChainParams::default();
        params.limiter.lookahead = lookahead;
        let middle = RATE_HZ as usize;
        let (mut chain, output) = change_once(params, &input, middle, 480);
        params.limiter.lookahead = other(lookahead);
        let mut fresh = prepared(params, RATE_HZ, 2);
        let expected = process(&mut fresh, &input, 480);
        assert_eq!(chain.latency_frames(), fresh.latency_frames());
        // Levelling, compressor and soft tier have gone on as if nothing had happened, and the
        // limiter's release has met the one that it would have had.
        for (output, expected) in output.iter().zip(&expected) {
            let from = 4 * RATE_HZ as usize;
            let error = output[from..]
                .iter()
                .zip(&expected[from..])
                .map(|(a, b)| f64::from((a - b).abs()))
                .fold(0.0, f64::max);
            assert!(error < 1e-4, "{lookahead:?}: {error}");
        }
        let (now, then) = (chain.take_meters(), fresh.take_meters());
        assert_eq!(now.leveller_db, then.leveller_db);
        // The cross-fade itself is part of these three seconds.
        assert!((now.short_term_lufs - then.short_term_lufs).abs() < 0.1);
        assert_eq!(now.compressor_db, then.compressor_db);
        assert_eq!(now.limiter_soft_db, then.limiter_soft_db);
    }
}

#[test]
fn the_levellers_gain_is_the_same_with_and_without_a_change() {
    let tone = [signals::sine(RATE_HZ, 8 * RATE_HZ as usize, 440.0, 0.02)];
    let params = ChainParams::default();
    let mut plain = prepared(params, RATE_HZ, 1);
    let mut changed = prepared(params, RATE_HZ, 1);
    let mut lookahead = params.limiter.lookahead;
    for (k, start) in (0..tone[0].len()).step_by(512).enumerate() {
        let piece = [tone[0][start..(start + 512).min(tone[0].len())].to_vec()];
        if k % 97 == 50 {
            lookahead = other(lookahead);
            let next = change(&changed, RATE_HZ, 1, lookahead);
            assert!(changed.change_lookahead(next).is_none());
        }
        process(&mut plain, &piece, 512);
        process(&mut changed, &piece, 512);
        drop(changed.take_retired());
        assert_eq!(plain.take_meters().leveller_db, changed.take_meters().leveller_db);
    }
    assert!(plain.take_meters().leveller_db > 3.0, "the levelling was at work");
}

#[test]
fn any_block_size_gives_the_same_bits_through_a_change() {
    let input = signals::find("mixture").unwrap().planar(RATE_HZ, RATE_HZ as usize, 2, 13);
    let expected = change_once(ChainParams::default(), &input, 20_001, 1024).1;
    for block in [1, 63, 64, 333] {
        let output = change_once(ChainParams::default(), &input, 20_001, block).1;
        assert!(output == expected, "blocks of {block} frames");
    }
}

#[test]
fn of_many_changes_at_once_the_last_one_wins() {
    let input = vec![vec![0.1; 4 * RATE_HZ as usize / 10]];
    for last in BOTH {
        let mut chain = prepared(ChainParams::default(), RATE_HZ, 1);
        let mut returned = 0;
        for lookahead in [Lookahead::Low, Lookahead::Standard, Lookahead::Low, last] {
            let next = change(&chain, RATE_HZ, 1, lookahead);
            returned += usize::from(chain.change_lookahead(next).is_some());
        }
        let expected = Chain::latency_frames_for(RATE_HZ, last);
        assert_eq!(Some(chain.latency_frames()), expected, "the latency is the coming one");
        for _ in 0..3 {
            process(&mut chain, &input, 64);
            returned += usize::from(chain.take_retired().is_some());
        }
        process(&mut chain, &input, 64);
        assert_eq!(Some(chain.latency_frames()), expected);
        assert_eq!(returned, 4, "every change or what it has replaced comes back");
    }
}

#[test]
fn a_reset_ends_a_change_and_one_for_another_format_is_refused() {
    let mut chain = prepared(hard_tier_only(), RATE_HZ, 2);
    let wrong = change(&chain, 96_000, 2, Lookahead::Low);
    assert!(chain.change_lookahead(wrong).is_some(), "prepared for another rate");
    let wrong = change(&chain, RATE_HZ, 1, Lookahead::Low);
    assert!(chain.change_lookahead(wrong).is_some(), "prepared for another layout");
    let next = change(&chain, RATE_HZ, 2, Lookahead::Low);
    assert!(chain.change_lookahead(next).is_none());
    chain.reset();
    assert!(chain.take_retired().is_some(), "silence needs no cross-fade");
    assert_eq!(Some(chain.latency_frames()), Chain::latency_frames_for(RATE_HZ, Lookahead::Low));
    let mut impulse = vec![vec![0.0; 256]; 2];
    impulse[0][0] = 0.5;
    let output = process(&mut chain, &impulse, 256);
    let arrived = output[0].iter().position(|x| *x == 0.5);
    assert_eq!(arrived, Some(chain.latency_frames()));
}
