//! Another rate for a whole recording, by its spectrum.

use realfft::num_complex::Complex;

use crate::fourier;

/// Returns a channel at another rate; everything below half the lower rate stays as it is.
///
/// The recording is taken for one period: silence at its ends keeps them apart.
///
/// # Panics
/// When a rate is 0.
pub fn resampled(channel: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    assert!(from_hz > 0 && to_hz > 0, "a rate is more than 0 Hz");
    if from_hz == to_hz || channel.is_empty() {
        return channel.to_vec();
    }
    let (from, to) = (from_hz as usize, to_hz as usize);
    let divisor = greatest_common_divisor(from, to);
    // Both lengths are even and last for as long as each other.
    let step = 2 * from / divisor;
    let size = channel.len().div_ceil(step) * step;
    let size_after = size / from * to + size % from * to / from;
    let mut spectrum = fourier::forward(channel, size);
    let kept = size.min(size_after) / 2;
    spectrum.truncate(kept);
    spectrum.resize(size_after / 2 + 1, Complex::default());
    let frames = channel.len() * to / from;
    let scale = 1.0 / size as f64;
    fourier::inverse(spectrum).iter().take(frames).map(|x| (x * scale) as f32).collect()
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::sine;

    #[test]
    fn tone_keeps_level_and_pitch_at_another_rate() {
        for (from, to) in [(22_050, 48_000), (8_000, 48_000), (48_000, 44_100)] {
            let tone = sine(from, from as usize, 440.0, 0.5);
            let heard = resampled(&tone, from, to);
            assert_eq!(heard.len(), to as usize);
            let expected = sine(to, to as usize, 440.0, 0.5);
            let inner = to as usize / 10..to as usize * 9 / 10;
            let off = heard[inner.clone()].iter().zip(&expected[inner]);
            let off = off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-3, "{from} to {to}: {off}");
        }
    }
}
