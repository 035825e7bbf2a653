//! What is left of a tone when the tone is taken out: clicks.

use std::f64::consts::TAU;

use crate::fourier;

/// Bins on each side of a tone that belong to it: the main lobe of the window, and two more.
const LOBE_BINS: usize = 6;
/// From where on something beside a tone is looked at: is it a cycle that was lost?
const AUDIBLE_DB: f64 = -90.0;
/// How far the notches reach.
const NOTCH_FRAMES: usize = 6;
/// What a phase is read from, and what must be calm behind a place for it to end.
const PHASE_FRAMES: usize = 192;
/// By how much a phase may be off, in turns: a gain that moves bends it a little.
const PHASE_TURNS: f64 = 0.011;
/// How many cycles in a row count as lost; more than these would pass for any phase.
const MOST_CYCLES: i32 = 4;

/// Returns the highest value of what is left when a tone and its slow changes are taken out,
/// relative to the tone, in dB.
///
/// Three notches at the tone's frequency, one behind the other, which pass the highest frequencies
/// at 0 dB: a step of the gain remains, a gain that changes slowly does not. The tone must sound
/// through the whole of `channel`: an onset is a click as well.
pub fn residue_db(channel: &[f32], rate_hz: u32, frequency_hz: f64) -> f64 {
    residue(channel, rate_hz, frequency_hz).into_iter().fold(f64::NEG_INFINITY, f64::max)
}

/// Returns what [`residue_db`] returns, of all places but those where whole cycles were lost.
///
/// A cycle of `quantum_frames` that somebody did not deliver in time is silence, or moves the tone's
/// phase by that of whole cycles; a step of the gain does neither, and a step of the delay moves it
/// otherwise. Also returns how many such places there were.
pub fn residue_beside_lost_cycles_db(
    channel: &[f32],
    rate_hz: u32,
    frequency_hz: f64,
    quantum_frames: usize,
) -> (f64, usize) {
    let turn = TAU * frequency_hz / f64::from(rate_hz);
    let residue = residue(channel, rate_hz, frequency_hz);
    let (mut highest, mut lost, mut frame) = (f64::NEG_INFINITY, 0, 0);
    while frame < residue.len() {
        if residue[frame] < AUDIBLE_DB {
            highest = highest.max(residue[frame]);
            frame += 1;
            continue;
        }
        let end = place_end(channel, &residue, frame);
        let jump = phase(channel, end + NOTCH_FRAMES, turn)
            - phase(channel, frame.saturating_sub(PHASE_FRAMES), turn);
        let is_whole = |cycles: i32| {
            let turns = (jump - f64::from(cycles) * quantum_frames as f64 * turn) / TAU;
            (turns - turns.round()).abs() < PHASE_TURNS
        };
        let silent = channel[frame..end].iter().filter(|x| **x == 0.0).count();
        if silent + NOTCH_FRAMES >= quantum_frames
            || (1..=MOST_CYCLES).any(|n| is_whole(n) || is_whole(-n))
        {
            lost += 1;
        } else {
            let here = residue[frame..end].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            highest = highest.max(here);
        }
        frame = end;
    }
    (highest, lost)
}

/// Returns where the place ends that begins at `first`: the last frame that is heard beside the tone,
/// or before silence that ends later.
fn place_end(channel: &[f32], residue: &[f64], first: usize) -> usize {
    let (mut end, mut calm) = (first + 1, 0);
    for frame in first..residue.len() {
        if residue[frame] >= AUDIBLE_DB || channel[frame] == 0.0 && channel[frame + 1] == 0.0 {
            (end, calm) = (frame + 1, 0);
        } else {
            calm += 1;
        }
        if calm == PHASE_FRAMES {
            break;
        }
    }
    end
}

/// Returns the phase of the tone that turns by `turn` a frame, in what begins at `first`, as if it
/// were the recording's beginning.
fn phase(channel: &[f32], first: usize, turn: f64) -> f64 {
    let (mut cosine, mut sine) = (0.0, 0.0);
    let end = channel.len().min(first + PHASE_FRAMES);
    for (frame, x) in channel.iter().enumerate().take(end).skip(first) {
        let angle = turn * frame as f64;
        cosine += f64::from(*x) * angle.cos();
        sine += f64::from(*x) * angle.sin();
    }
    cosine.atan2(sine)
}

/// Returns, for each frame, what three notches leave of the tone, relative to its peak, in dB.
fn residue(channel: &[f32], rate_hz: u32, frequency_hz: f64) -> Vec<f64> {
    let cosine = (TAU * frequency_hz / f64::from(rate_hz)).cos();
    let mut x: Vec<f64> = channel.iter().map(|&x| f64::from(x)).collect();
    let tone = x.iter().map(|x| x * x).fold(0.0, f64::max);
    for _ in 0..3 {
        x = x.windows(3).map(|s| 0.25 * (s[0] - 2.0 * cosine * s[1] + s[2])).collect();
    }
    x.into_iter().map(|x| 10.0 * (x * x / tone).log10()).collect()
}

/// Returns the energy outside a tone in the window where there is most of it, relative to the tone's
/// in the window where that is strongest, in dB.
///
/// Blackman-Harris windows (four terms, side lobes at -92 dB) of `window_frames`, a power of two, each a
/// quarter after the one before. What a gap, a step or a repeated block spills over the spectrum
/// counts, a gain that changes slowly does not. Below about -85 dB the window itself is read.
/// A recording shorter than one window reads as minus infinity.
pub fn outside_tone_db(
    channel: &[f32],
    rate_hz: u32,
    frequency_hz: f64,
    window_frames: usize,
) -> f64 {
    let window: Vec<f64> = (0..window_frames)
        .map(|n| {
            let phase = TAU * n as f64 / window_frames as f64;
            0.358_75 - 0.488_29 * phase.cos() + 0.141_28 * (2.0 * phase).cos()
                - 0.011_68 * (3.0 * phase).cos()
        })
        .collect();
    let centre = (frequency_hz * window_frames as f64 / f64::from(rate_hz)).round() as usize;
    let lobe = centre.saturating_sub(LOBE_BINS)..=centre + LOBE_BINS;
    let (mut most, mut tone) = (0.0_f64, f64::MIN_POSITIVE);
    for block in channel.windows(window_frames).step_by((window_frames / 4).max(1)) {
        let weighted: Vec<f32> =
            block.iter().zip(&window).map(|(x, w)| (f64::from(*x) * w) as f32).collect();
        let (mut inside, mut outside) = (0.0, 0.0);
        for (bin, value) in fourier::forward(&weighted, window_frames).iter().enumerate() {
            *(if lobe.contains(&bin) { &mut inside } else { &mut outside }) += value.norm_sqr();
        }
        most = most.max(outside);
        tone = tone.max(inside);
    }
    10.0 * (most / tone).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals;

    #[test]
    fn a_gap_spills_energy_and_a_slow_change_does_not() {
        let tone = signals::sine(48_000, 24_000, 997.0, 0.5);
        let read = |channel: &[f32]| outside_tone_db(channel, 48_000, 997.0, 1_024);
        assert!(read(&tone) < -85.0, "{}", read(&tone));
        let mut cut = tone.clone();
        cut[12_012..13_036].fill(0.0);
        assert!((-30.0..-10.0).contains(&read(&cut)), "{}", read(&cut));
        let mut lost = tone.clone();
        lost[12_024] = 0.0;
        assert!(read(&lost) > -40.0, "one sample: {}", read(&lost));
        let mut faded = tone;
        for (n, x) in faded.iter_mut().enumerate() {
            *x *= 1.0 - 0.5 * n as f32 / 24_000.0;
        }
        assert!(read(&faded) < -85.0, "{}", read(&faded));
        assert_eq!(read(&faded[..100]), f64::NEG_INFINITY);
    }

    #[test]
    fn lost_cycles_are_told_from_clicks() {
        const QUANTUM: usize = 1_024;
        let read = |channel: &[f32]| residue_beside_lost_cycles_db(channel, 48_000, 997.0, QUANTUM);
        let tone = signals::sine(48_000, 48_000, 997.0, 0.5);
        assert!(matches!(read(&tone), (db, 0) if db < -120.0));
        for cycles in 1..=4 {
            let mut skipped = tone.clone();
            skipped.drain(12_012..12_012 + cycles * QUANTUM);
            assert!(
                matches!(read(&skipped), (db, 1) if db < -120.0),
                "{cycles}: {:?}",
                read(&skipped)
            );
            let mut waited = tone.clone();
            waited.splice(12_012..12_012, vec![0.0; cycles * QUANTUM]);
            assert!(
                matches!(read(&waited), (db, 1) if db < -120.0),
                "{cycles}: {:?}",
                read(&waited)
            );
        }
        let mut silent = tone.clone();
        silent[12_012..12_012 + QUANTUM].fill(0.0);
        assert!(matches!(read(&silent), (db, 1) if db < -120.0), "{:?}", read(&silent));
        // What a setting does wrong is heard, beside lost cycles too.
        let mut stepped = silent.clone();
        stepped[30_012..].iter_mut().for_each(|x| *x *= 0.89);
        assert!(matches!(read(&stepped), (db, 1) if db > -60.0), "{:?}", read(&stepped));
        let mut short = tone.clone();
        short[12_012..12_112].fill(0.0);
        assert!(matches!(read(&short), (db, 0) if db > -60.0), "{:?}", read(&short));
        for frames in [16, 53, 69] {
            let mut delayed = tone.clone();
            delayed.splice(12_012..12_012, tone[12_012 - frames..12_012].to_vec());
            assert!(
                matches!(read(&delayed), (db, 0) if db > -60.0),
                "{frames}: {:?}",
                read(&delayed)
            );
        }
    }

    #[test]
    fn a_step_of_the_gain_is_seen_and_a_slow_change_is_not() {
        let tone = signals::sine(48_000, 24_000, 997.0, 0.5);
        assert!(residue_db(&tone, 48_000, 997.0) < -120.0);
        let mut stepped = tone.clone();
        stepped[12_012..].iter_mut().for_each(|x| *x *= 0.89);
        assert!(residue_db(&stepped, 48_000, 997.0) > -60.0);
        let mut faded = tone;
        for (n, x) in faded.iter_mut().enumerate() {
            *x *= 1.0 - 0.5 * n as f32 / 24_000.0;
        }
        assert!(residue_db(&faded, 48_000, 997.0) < -110.0);
    }
}
