//! How each hostile signal is made.

use std::f64::consts::{PI, TAU};

use super::{Rng, band_noise, gaussian_noise, pink_noise};
use crate::meter::db_to_amplitude;

fn seconds(rate_hz: u32, seconds: f64) -> usize {
    (f64::from(rate_hz) * seconds) as usize
}

/// Maps every sample, given its frame number.
fn map(samples: Vec<f32>, f: impl Fn(usize, f64) -> f64) -> Vec<f32> {
    samples.into_iter().enumerate().map(|(n, x)| f(n, f64::from(x)) as f32).collect()
}

fn build(frames: usize, f: impl FnMut(usize) -> f64) -> Vec<f32> {
    (0..frames).map(f).map(|x| x as f32).collect()
}

/// Whether a gate with the given period, in seconds, is open in its first half.
fn is_open(rate_hz: u32, frame: usize, period_seconds: f64) -> bool {
    let period = seconds(rate_hz, period_seconds).max(2);
    frame % period < period / 2
}

pub(super) fn gauss_full_band(_rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    gaussian_noise(frames, 1.0, seed)
}

pub(super) fn gauss_quiet(_rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    gaussian_noise(frames, 0.2, seed)
}

pub(super) fn gauss_below_20k(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    band_noise(rate_hz, frames, 20.0, 20_000.0, 1.0, seed)
}

pub(super) fn noise_60_db(_rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    gaussian_noise(frames, 0.25 * db_to_amplitude(60.0), seed)
}

pub(super) fn random_sign<const AMPLITUDE: u32>(_: u32, frames: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    build(frames, |_| f64::from(AMPLITUDE) * rng.sign())
}

/// Pink noise at an RMS of -3 dBFS, cut at full scale, then times `GAIN`.
pub(super) fn clipped_pink<const GAIN: u32>(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let cut = |_, x: f64| (0.7 * x).clamp(-1.0, 1.0) * f64::from(GAIN);
    map(pink_noise(rate_hz, frames, seed), cut)
}

pub(super) fn soft_clipped_pink(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    map(pink_noise(rate_hz, frames, seed), |_, x| 1.2 * (2.0 * x).tanh())
}

/// Pink noise with beats twice a second, driven into a hard clip, with a quieter half.
pub(super) fn music_like_clip(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let beat = seconds(rate_hz, 0.5).max(1);
    map(pink_noise(rate_hz, frames, seed), |n, x| {
        let hit = 1.0 + 3.0 * (-8.0 * (n % beat) as f64 / beat as f64).exp();
        let section = if (n / (beat * 2)).is_multiple_of(2) { 1.0 } else { 0.25 };
        (section * hit * x).clamp(-1.0, 1.0)
    })
}

/// Bursts of 48 samples that have the sign of a sinc half a sample off the grid.
///
/// All of them add up at the middle: the largest crest that 48 samples of one can make.
pub(super) fn sinc_sign_bursts(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    const BURST: usize = 48;
    let mut rng = Rng::new(seed);
    let period = seconds(rate_hz, 0.02).max(2 * BURST);
    let mut out = vec![0.0; frames];
    let mut start = rng.below(period);
    while start + BURST <= frames {
        let polarity = rng.sign();
        for (n, slot) in out[start..start + BURST].iter_mut().enumerate() {
            let time = n as f64 - BURST as f64 / 2.0 + 0.5;
            *slot = (polarity * ((PI * time).sin() * time).signum()) as f32;
        }
        start += period + rng.below(period);
    }
    out
}

pub(super) fn impulses<const AMPLITUDE: u32>(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let chance = 400.0 / f64::from(rate_hz);
    build(frames, |_| if rng.uniform() < chance { f64::from(AMPLITUDE) * rng.sign() } else { 0.0 })
}

/// A square wave made without any band limit, at +6 dBFS.
pub(super) fn square<const FREQUENCY_HZ: u32>(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let offset = Rng::new(seed).uniform();
    let step = f64::from(FREQUENCY_HZ) / f64::from(rate_hz);
    build(frames, |n| if (step * n as f64 + offset).fract() < 0.5 { 2.0 } else { -2.0 })
}

/// A tone at the rate over `DIVISOR`, samples as far off its crest as can be, gated, +9 dBFS.
pub(super) fn off_grid_tone<const DIVISOR: u32>(rate_hz: u32, frames: usize, _: u64) -> Vec<f32> {
    let step = TAU / f64::from(DIVISOR);
    let phase = PI / 2.0 - step / 2.0;
    let amplitude = db_to_amplitude(9.0);
    build(frames, |n| {
        if is_open(rate_hz, n, 0.1) { amplitude * (step * n as f64 + phase).sin() } else { 0.0 }
    })
}

/// An exponential sweep from 20 Hz to 0.49 of the rate at +6 dBFS.
pub(super) fn sweep(rate_hz: u32, frames: usize, _seed: u64) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let (low, high) = (20.0 / rate, 0.49_f64);
    let growth = (high / low).ln() / frames.max(1) as f64;
    build(frames, |n| {
        let cycles = low * ((growth * n as f64).exp() - 1.0) / growth;
        2.0 * (TAU * cycles).sin()
    })
}

/// A tone switched on and off without a fade, at +12 dBFS; frequency in ten-thousandths of the rate.
pub(super) fn gated_tone<const TEN_THOUSANDTHS: u32>(
    rate_hz: u32,
    frames: usize,
    seed: u64,
) -> Vec<f32> {
    gated(rate_hz, frames, f64::from(TEN_THOUSANDTHS) / 10_000.0, 0.1, seed)
}

pub(super) fn gated_997_hz(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    gated(rate_hz, frames, 997.0 / f64::from(rate_hz), 0.2, seed)
}

pub(super) fn burst_60_hz(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    gated(rate_hz, frames, 60.0 / f64::from(rate_hz), 0.5, seed)
}

fn gated(rate_hz: u32, frames: usize, frequency: f64, period: f64, seed: u64) -> Vec<f32> {
    let offset = TAU * Rng::new(seed).uniform();
    let amplitude = db_to_amplitude(12.0);
    build(frames, |n| {
        let tone = amplitude * (TAU * frequency * n as f64 + offset).sin();
        if is_open(rate_hz, n, period) { tone } else { 0.0 }
    })
}

pub(super) fn dc_steps(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    let longest = seconds(rate_hz, 0.1).max(2);
    let mut left = 0;
    let mut level = 0.0;
    build(frames, |_| {
        if left == 0 {
            left = 1 + rng.below(longest);
            level = [-4.0, 4.0, 0.0][rng.below(3)];
        }
        left -= 1;
        level
    })
}

/// Channels of one stream that have nothing in common: by seed, loud noise, a quiet tone, clicks
/// or a low tone.
pub(super) fn linked_different(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    match seed % 4 {
        0 => gaussian_noise(frames, 1.0, seed),
        1 => super::sine(rate_hz, frames, 440.0, 0.05),
        2 => impulses::<4>(rate_hz, frames, seed),
        _ => super::sine(rate_hz, frames, 55.0, 1.5),
    }
}

/// Short hits of noise with a steep attack and nothing in between.
pub(super) fn hats(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let period = seconds(rate_hz, 0.125).max(1);
    let decay = f64::from(rate_hz) * 0.012;
    map(gaussian_noise(frames, 1.0, seed), |n, x| x * (-((n % period) as f64) / decay).exp())
}

pub(super) fn high_noise(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    band_noise(rate_hz, frames, 0.42 * rate, 0.4999 * rate, 0.7, seed)
}

pub(super) fn high_bursts(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let noise = band_noise(rate_hz, frames, 0.3 * rate, 0.48 * rate, 2.0, seed);
    map(noise, |n, x| if is_open(rate_hz, n, 0.03) { x } else { 0.0 })
}

/// Rises from -40 to +12 dB over the whole length.
fn ramp(samples: Vec<f32>) -> Vec<f32> {
    let frames = samples.len().max(1) as f64;
    map(samples, |n, x| x * db_to_amplitude(-40.0 + 52.0 * n as f64 / frames))
}

pub(super) fn ramp_gauss(_rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    ramp(gaussian_noise(frames, 0.5, seed))
}

pub(super) fn ramp_random_sign(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    ramp(random_sign::<1>(rate_hz, frames, seed))
}

pub(super) fn ramp_tone<const TEN_THOUSANDTHS: u32>(
    _rate_hz: u32,
    frames: usize,
    seed: u64,
) -> Vec<f32> {
    let offset = TAU * Rng::new(seed).uniform();
    let step = TAU * f64::from(TEN_THOUSANDTHS) / 10_000.0;
    ramp(build(frames, |n| (step * n as f64 + offset).sin()))
}

pub(super) fn two_tone_wide(rate_hz: u32, frames: usize, _seed: u64) -> Vec<f32> {
    two_tone(frames, 1_000.0 / f64::from(rate_hz), 0.49)
}

pub(super) fn two_tone_high(_rate_hz: u32, frames: usize, _seed: u64) -> Vec<f32> {
    two_tone(frames, 0.4, 0.475)
}

fn two_tone(frames: usize, low: f64, high: f64) -> Vec<f32> {
    build(frames, |n| (TAU * low * n as f64).sin() + (TAU * high * n as f64).sin())
}

/// Loud passages between near silence, each one starting at a random sample of full level.
pub(super) fn sudden_start(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    let noise = gaussian_noise(frames, 1.0, seed);
    map(noise, |n, x| if is_open(rate_hz, n, 0.5) { 0.001 * x } else { 2.0 * x })
}

/// By turns of 50 ms, one of the other kinds, at a random level up to +18 dB.
pub(super) fn mixture(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    const KINDS: [super::Generator; 6] = [
        gauss_full_band,
        random_sign::<1>,
        clipped_pink::<1>,
        sinc_sign_bursts,
        square::<997>,
        two_tone_high,
    ];
    let mut rng = Rng::new(seed);
    let turn = seconds(rate_hz, 0.05).max(1);
    let mut out = Vec::with_capacity(frames + turn);
    while out.len() < frames {
        let gain = db_to_amplitude(-12.0 + 30.0 * rng.uniform()) as f32;
        let piece = KINDS[rng.below(KINDS.len())](rate_hz, turn, rng.next_u64());
        out.extend(piece.iter().map(|x| x * gain));
    }
    out.truncate(frames);
    out
}

/// Noise with every kind of sample that is no number or hardly one.
pub(super) fn non_finite(_rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
    const POISON: [f32; 7] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1.0e-40, -1.0e-40];
    let mut rng = Rng::new(seed);
    let mut out = gaussian_noise(frames, 0.25, seed);
    for slot in &mut out {
        if rng.below(500) == 0 {
            *slot = POISON[rng.below(POISON.len())];
        }
    }
    out
}
