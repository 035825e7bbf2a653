//! What is left of a tone when the tone is taken out: clicks.

use std::f64::consts::TAU;

use crate::fourier;

/// Bins on each side of a tone that belong to it: the main lobe of the window, and two more.
const LOBE_BINS: usize = 6;

/// Returns the highest value of what is left when a tone and its slow changes are taken out,
/// relative to the tone, in dB.
///
/// Three notches at the tone's frequency, one behind the other, which pass the highest frequencies
/// at 0 dB: a step of the gain remains, a gain that changes slowly does not. The tone must sound
/// through the whole of `channel`: an onset is a click as well.
pub fn residue_db(channel: &[f32], rate_hz: u32, frequency_hz: f64) -> f64 {
    let cosine = (TAU * frequency_hz / f64::from(rate_hz)).cos();
    let mut x: Vec<f64> = channel.iter().map(|&x| f64::from(x)).collect();
    let tone = x.iter().map(|x| x * x).fold(0.0, f64::max);
    for _ in 0..3 {
        x = x.windows(3).map(|s| 0.25 * (s[0] - 2.0 * cosine * s[1] + s[2])).collect();
    }
    let residue = x.iter().map(|x| x * x).fold(0.0, f64::max);
    10.0 * (residue / tone).log10()
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
