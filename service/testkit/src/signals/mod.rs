//! The signals that Headroom is judged by: a hostile corpus, and material that must be left alone.
//!
//! Owns every generated signal once, with the reason it is nasty. Everything is deterministic: the
//! same name, rate, length and seed give the same samples. Amplitudes are linear, 1.0 is full
//! scale. Nothing is padded; see [`padded`].

mod benign;
mod corpus;
mod ebu;
mod generators;
mod mutation;
mod noise;
mod resampled;
mod rng;

pub use benign::{kicks, silence, sine, speech_like};
pub use corpus::{corpus, find, non_finite};
pub use ebu::{tone_steps, true_peak_case};
pub use mutation::sequence_mutated;
pub use noise::{band_noise, gaussian_noise, pink_noise};
pub use resampled::resampled;
pub use rng::Rng;

/// Makes one channel: rate in Hz, length in frames, seed.
pub type Generator = fn(rate_hz: u32, frames: usize, seed: u64) -> Vec<f32>;

/// A named signal.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// Name, unique, lower case with dashes.
    pub name: &'static str,
    /// Why it is here.
    pub why: &'static str,
    generator: Generator,
}

impl Signal {
    const fn new(name: &'static str, why: &'static str, generator: Generator) -> Self {
        Self { name, why, generator }
    }

    /// Makes one channel of `frames` frames.
    pub fn channel(&self, rate_hz: u32, frames: usize, seed: u64) -> Vec<f32> {
        (self.generator)(rate_hz, frames, seed)
    }

    /// Makes planar audio; each channel has its own seed, derived from `seed`.
    pub fn planar(&self, rate_hz: u32, frames: usize, channels: usize, seed: u64) -> Vec<Vec<f32>> {
        (0..channels as u64)
            .map(|channel| self.channel(rate_hz, frames, seed.wrapping_mul(16) + channel))
            .collect()
    }
}

/// Returns `samples` with `before` and `after` frames of silence around them.
pub fn padded(samples: &[f32], before: usize, after: usize) -> Vec<f32> {
    let mut out = vec![0.0; before + samples.len() + after];
    out[before..before + samples.len()].copy_from_slice(samples);
    out
}

/// Applies [`padded`] to every channel of planar audio.
pub fn padded_planar(channels: &[Vec<f32>], before: usize, after: usize) -> Vec<Vec<f32>> {
    channels.iter().map(|channel| padded(channel, before, after)).collect()
}

/// Returns planar audio times `gain_db`.
pub fn amplified(channels: &[Vec<f32>], gain_db: f64) -> Vec<Vec<f32>> {
    let gain = crate::meter::db_to_amplitude(gain_db) as f32;
    channels.iter().map(|channel| channel.iter().map(|x| x * gain).collect()).collect()
}
