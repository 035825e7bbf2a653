//! Comparison of a recording with what was played: delay, residual, gaps.

use std::ops::Range;

use crate::fourier;

/// Where a recording best matches its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    /// Frame of the recording at which the reference's first frame stands; may be negative.
    pub frames: i64,
    /// Correlation coefficient of the two at that delay, -1 to 1; 1 is the same shape.
    pub correlation: f64,
    /// One minus the second-best peak over the best; near 0, the delay is ambiguous (a steady tone).
    pub confidence: f64,
}

/// A run of silence inside a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// First silent frame.
    pub start: usize,
    /// Length in frames.
    pub frames: usize,
}

/// Finds the delay of `recording` against `reference`, exact to the frame.
///
/// Full cross-correlation by Fourier transform. Gain changes do not matter, polarity does.
/// Returns `None` when either side is silent or holds a sample that is not finite.
pub fn delay_frames(reference: &[f32], recording: &[f32]) -> Option<Delay> {
    let size = (reference.len() + recording.len()).next_power_of_two().max(2);
    let mut cross = fourier::forward(recording, size);
    for (slot, x) in cross.iter_mut().zip(&fourier::forward(reference, size)) {
        *slot *= x.conj();
    }
    let correlation = fourier::inverse(cross);

    let best = (0..size).max_by(|&a, &b| correlation[a].total_cmp(&correlation[b]))?;
    let value = correlation[best];
    if !value.is_finite() || value <= 0.0 {
        return None;
    }
    // A lag past the recording's end is a negative one, wrapped around.
    let frames = if best < recording.len() { signed(best) } else { signed(best) - signed(size) };
    let overlap = align(recording, frames, reference.len());
    let norm = (energy(reference) * energy(&overlap)).sqrt() * size as f64;
    if norm == 0.0 {
        return None;
    }
    let runner_up = second_peak(&correlation, best);
    Some(Delay { frames, correlation: value / norm, confidence: 1.0 - runner_up / value })
}

fn signed(frames: usize) -> i64 {
    i64::try_from(frames).expect("no recording has 2^63 frames")
}

/// Largest local maximum that is not `best`, at least 0.
fn second_peak(correlation: &[f64], best: usize) -> f64 {
    let size = correlation.len();
    (0..size)
        .filter(|&lag| {
            let here = correlation[lag];
            lag != best
                && here >= correlation[(lag + 1) % size]
                && here >= correlation[(lag + size - 1) % size]
        })
        .map(|lag| correlation[lag])
        .fold(0.0, f64::max)
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|&sample| f64::from(sample).powi(2)).sum()
}

/// Cuts `frames` frames out of `recording`, from frame `delay`; what lies outside is silence.
pub fn align(recording: &[f32], delay: i64, frames: usize) -> Vec<f32> {
    (0..signed(frames))
        .map(|frame| {
            let at = usize::try_from(frame + delay).ok();
            at.and_then(|at| recording.get(at)).copied().unwrap_or(0.0)
        })
        .collect()
}

/// Applies [`align`] to every channel of planar audio.
pub fn aligned_planar<C: AsRef<[f32]>>(
    recording: &[C],
    delay: i64,
    frames: usize,
) -> Vec<Vec<f32>> {
    recording.iter().map(|channel| align(channel.as_ref(), delay, frames)).collect()
}

/// Returns the power of `aligned - reference` relative to the reference's, in dB.
///
/// Minus infinity when both are equal. Frames past the shorter one's end count as silence.
pub fn residual_db(reference: &[f32], aligned: &[f32]) -> f64 {
    let frames = reference.len().max(aligned.len());
    let at = |samples: &[f32], frame: usize| f64::from(samples.get(frame).copied().unwrap_or(0.0));
    let difference: f64 =
        (0..frames).map(|frame| (at(aligned, frame) - at(reference, frame)).powi(2)).sum();
    if difference == 0.0 {
        return f64::NEG_INFINITY;
    }
    10.0 * (difference / energy(reference)).log10()
}

/// Tells whether `recording` holds `reference` from frame `delay` on, bit for bit, and silence
/// before and after it.
pub fn is_bit_exact(reference: &[f32], recording: &[f32], delay: i64) -> bool {
    let Ok(delay) = usize::try_from(delay) else { return false };
    let end = delay + reference.len();
    // Adding zero makes the two zeros one: a mixer may change the sign of a zero.
    let bits = |sample: &f32| (sample + 0.0).to_bits();
    recording.len() >= end
        && recording[..delay].iter().all(|&sample| sample == 0.0)
        && recording[end..].iter().all(|&sample| sample == 0.0)
        && recording[delay..end].iter().map(bits).eq(reference.iter().map(bits))
}

/// Finds the longest run of frames within `range` in which no channel exceeds `threshold`.
///
/// A threshold of 0 finds exact silence. The range is cut to the recording's length.
pub fn max_gap<C: AsRef<[f32]>>(channels: &[C], range: Range<usize>, threshold: f32) -> Gap {
    let frames = channels.iter().map(|channel| channel.as_ref().len()).min().unwrap_or(0);
    let end = range.end.min(frames);
    let mut longest = Gap::default();
    let mut start = range.start;
    for frame in range.start..end {
        if channels.iter().any(|channel| channel.as_ref()[frame].abs() > threshold) {
            start = frame + 1;
        } else if frame + 1 - start > longest.frames {
            longest = Gap { start, frames: frame + 1 - start };
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::{self, Rng};

    fn noise(frames: usize, seed: u64) -> Vec<f32> {
        let mut rng = Rng::new(seed);
        (0..frames).map(|_| 0.2 * rng.gaussian() as f32).collect()
    }

    #[test]
    fn a_delay_is_found_to_the_frame() {
        let reference = noise(20_000, 1);
        for delay in [0, 1, 69, 4_321] {
            let recording = signals::padded(&reference, delay, 777);
            let found = delay_frames(&reference, &recording).unwrap();
            assert_eq!(found.frames, signed(delay));
            assert!(found.correlation > 0.9999 && found.confidence > 0.8, "{found:?}");
            assert!(is_bit_exact(&reference, &recording, found.frames));
        }
        let found = delay_frames(&reference, &reference[50..]).unwrap();
        assert_eq!(found.frames, -50);
    }

    #[test]
    fn gain_and_noise_do_not_move_the_delay() {
        let reference = signals::speech_like(48_000, 48_000, -20.0, 3);
        let disturbance = noise(60_000, 9);
        let recording: Vec<f32> = signals::padded(&reference, 1_024, 10_976)
            .iter()
            .zip(&disturbance)
            .map(|(x, n)| 0.3 * x + 0.001 * n)
            .collect();
        let found = delay_frames(&reference, &recording).unwrap();
        assert_eq!(found.frames, 1_024);
        assert!(!is_bit_exact(&reference, &recording, found.frames));
    }

    #[test]
    fn steady_tone_is_ambiguous_and_silence_is_nothing() {
        let tone = signals::sine(48_000, 48_000, 1_000.0, 0.5);
        let found = delay_frames(&tone, &signals::padded(&tone, 480, 480)).unwrap();
        assert!(found.confidence < 0.05, "{found:?}");
        assert_eq!(delay_frames(&tone, &[0.0; 100]), None);
        assert_eq!(delay_frames(&[f32::NAN; 10], &tone), None);
    }

    #[test]
    fn the_residual_is_that_of_the_difference() {
        let reference = noise(10_000, 4);
        let louder: Vec<f32> = reference.iter().map(|x| x * 1.01).collect();
        assert_eq!(residual_db(&reference, &reference), f64::NEG_INFINITY);
        assert!((residual_db(&reference, &louder) + 40.0).abs() < 0.01);
    }

    #[test]
    fn the_longest_gap_is_where_all_channels_are_silent() {
        let mut left = vec![0.5_f32; 1_000];
        let mut right = left.clone();
        left[100..300].fill(0.0);
        right[200..260].fill(0.0);
        left[500..540].fill(0.0);
        right[500..540].fill(0.0);
        let planar = [left, right];
        assert_eq!(max_gap(&planar, 0..1_000, 0.0), Gap { start: 200, frames: 60 });
        assert_eq!(max_gap(&planar, 300..2_000, 0.0), Gap { start: 500, frames: 40 });
        assert_eq!(max_gap(&planar, 600..700, 0.0).frames, 0);
    }
}
