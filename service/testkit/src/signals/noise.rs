//! Noise: white, pink, and cut to a band.

use std::f64::consts::TAU;

use realfft::num_complex::Complex64;

use super::Rng;
use crate::fourier;

/// Makes white noise of normal distribution and the given RMS amplitude.
pub fn gaussian_noise(frames: usize, rms: f64, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    (0..frames).map(|_| (rms * rng.gaussian()) as f32).collect()
}

/// Makes pink noise of RMS amplitude 1 between 10 Hz and the highest frequency.
///
/// A sum of first-order noises of equal power whose corners lie half an octave apart: their
/// Lorentzian spectra add up to 1/f. The sum of that many is close to a normal distribution.
pub fn pink_noise(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let rate = f64::from(rate_hz);
    let corners: Vec<f64> = (0..32)
        .map(|half_octave| 10.0 * 2f64.powf(f64::from(half_octave) / 2.0))
        .take_while(|corner| *corner < rate / 2.0)
        .collect();
    let poles: Vec<f64> = corners.iter().map(|corner| (-TAU * corner / rate).exp()).collect();
    let drives: Vec<f64> = poles.iter().map(|pole| (1.0 - pole * pole).sqrt()).collect();
    // Start in the stationary state, not at zero.
    let mut states: Vec<f64> = poles.iter().map(|_| rng.gaussian()).collect();
    let scale = 1.0 / (poles.len() as f64).sqrt();
    (0..frames)
        .map(|_| {
            let mut sum = 0.0;
            for ((state, pole), drive) in states.iter_mut().zip(&poles).zip(&drives) {
                *state = pole * *state + drive * rng.unit_variance();
                sum += *state;
            }
            (scale * sum) as f32
        })
        .collect()
}

/// Makes noise of the given RMS amplitude with nothing outside `low_hz` to `high_hz`.
///
/// Made in the frequency domain over the next power of two, then cut to length.
pub fn band_noise(
    rate_hz: u32,
    frames: usize,
    low_hz: f64,
    high_hz: f64,
    rms: f64,
    seed: u64,
) -> Vec<f32> {
    let size = frames.next_power_of_two().max(2);
    let mut rng = Rng::new(seed);
    let mut spectrum = vec![Complex64::default(); size / 2 + 1];
    let mut power = 0.0;
    for (bin, slot) in spectrum.iter_mut().enumerate().take(size / 2).skip(1) {
        let frequency_hz = bin as f64 * f64::from(rate_hz) / size as f64;
        if (low_hz..=high_hz).contains(&frequency_hz) {
            slot.re = rng.gaussian();
            slot.im = rng.gaussian();
            power += 2.0 * slot.norm_sqr();
        }
    }
    let time = fourier::inverse(spectrum);
    let scale = if power > 0.0 { rms / power.sqrt() } else { 0.0 };
    time[..frames].iter().map(|x| (scale * x) as f32).collect()
}
