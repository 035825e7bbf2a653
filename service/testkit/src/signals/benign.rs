//! Material that must pass unharmed.

use std::f64::consts::{PI, TAU};

use super::{Rng, pink_noise};
use crate::{layout::Position, meter};

/// Makes silence.
pub fn silence(frames: usize) -> Vec<f32> {
    vec![0.0; frames]
}

/// Makes a sine of peak amplitude `amplitude`, starting at phase 0.
pub fn sine(rate_hz: u32, frames: usize, frequency_hz: f64, amplitude: f64) -> Vec<f32> {
    let step = TAU * frequency_hz / f64::from(rate_hz);
    (0..frames).map(|n| (amplitude * (step * n as f64).sin()) as f32).collect()
}

/// Makes drum-like hits: a 55 Hz tone that rises in 5 ms and decays by 1/e every 60 ms.
///
/// The first hit is at frame 0; the highest sample is close to `amplitude`.
pub fn kicks(rate_hz: u32, frames: usize, per_minute: f64, amplitude: f64) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let period = 60.0 * rate / per_minute;
    // What the envelope has lost when the tone is at its first crest.
    let crest = (0.25_f64 / 55.0 / 0.06).exp();
    (0..frames)
        .map(|n| {
            let seconds = (n as f64 % period) / rate;
            let rise = 0.5 - 0.5 * (PI * (seconds / 0.005).min(1.0)).cos();
            let envelope = crest * rise * (-seconds / 0.06).exp();
            (amplitude * envelope * (TAU * 55.0 * seconds).sin()) as f32
        })
        .collect()
}

/// Makes pink noise with the envelope of speech, at `lufs` integrated loudness (mono).
///
/// Syllables of 120 to 300 ms with smooth edges, of varying level, and a pause after every few of
/// them. Two channels of the same level measure 3 LU more. A length below 400 ms is returned at
/// an RMS level of `lufs` dB instead, as it has no loudness.
pub fn speech_like(rate_hz: u32, frames: usize, lufs: f64, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed ^ 0x5eec);
    let mut samples = pink_noise(rate_hz, frames, seed);
    let rate = f64::from(rate_hz);
    let mut at = 0;
    let mut until_pause = 4 + rng.below(5);
    while at < frames {
        let syllable = (rate * (0.12 + 0.18 * rng.uniform())) as usize;
        let level = meter::db_to_amplitude(-9.0 * rng.uniform());
        for (n, sample) in samples[at..].iter_mut().take(syllable).enumerate() {
            let rise = (0.5 * TAU * n as f64 / syllable as f64).sin();
            *sample *= (level * rise.powf(0.7)) as f32;
        }
        at += syllable;
        until_pause -= 1;
        let pause_seconds = if until_pause == 0 {
            0.25 + 0.35 * rng.uniform()
        } else {
            0.01 + 0.04 * rng.uniform()
        };
        if until_pause == 0 {
            until_pause = 4 + rng.below(5);
        }
        let pause = ((rate * pause_seconds) as usize).min(frames.saturating_sub(at));
        if at < frames {
            samples[at..at + pause].fill(0.0);
        }
        at += pause;
    }
    let reading = meter::loudness(&[&samples], rate_hz, &[Position::Mono]).integrated_lufs;
    let measured = if reading.is_finite() { reading } else { rms_db(&samples) };
    let gain = if measured.is_finite() { meter::db_to_amplitude(lufs - measured) } else { 1.0 };
    for sample in &mut samples {
        *sample *= gain as f32;
    }
    samples
}

fn rms_db(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    10.0 * (power / samples.len().max(1) as f64).log10()
}
