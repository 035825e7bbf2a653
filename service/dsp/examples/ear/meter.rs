//! The judge: K-weighted energy every millisecond (ITU-R BS.1770-5 at 48 kHz), and what is read from it.
//!
//! It shares no code with the crate that it judges.

use crate::sound::{MS_FRAMES, Sound};

/// The standard's tables 1 and 2.
const SHELF: ([f64; 3], [f64; 2]) = (
    [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85],
    [-1.690_659_293_182_41, 0.732_480_774_215_85],
);
const HIGH_PASS: ([f64; 3], [f64; 2]) =
    ([1.0, -2.0, 1.0], [-1.990_047_454_833_98, 0.990_072_250_366_21]);

/// Loudness of silence, as far as this meter goes.
pub(crate) const SILENCE_LUFS: f64 = -100.0;

/// The energy of a sound up to each millisecond.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    sums: Vec<f64>,
}

/// A second-order section.
#[derive(Default)]
struct Section {
    state: [f64; 2],
}

impl Section {
    fn step(&mut self, (b, a): &([f64; 3], [f64; 2]), x: f64) -> f64 {
        let y = b[0] * x + self.state[0];
        self.state[0] = b[1] * x - a[0] * y + self.state[1];
        self.state[1] = b[2] * x - a[1] * y;
        y
    }
}

/// Loudness of a mean square.
pub(crate) fn lufs(mean_square: f64) -> f64 {
    (-0.691 + 10.0 * mean_square.max(1e-30).log10()).max(SILENCE_LUFS)
}

impl Curve {
    /// Measures a sound; its first `latency` frames are left out.
    pub(crate) fn of(sound: &Sound, latency: usize) -> Self {
        let ms = sound.frames().saturating_sub(latency) / MS_FRAMES;
        let mut energies = vec![0.0; ms];
        for plane in &sound.planes {
            let (mut shelf, mut high_pass) = (Section::default(), Section::default());
            let mut weighted = |x: f32| {
                let z = high_pass.step(&HIGH_PASS, shelf.step(&SHELF, f64::from(x)));
                z * z
            };
            plane[..latency.min(plane.len())].iter().for_each(|x| {
                weighted(*x);
            });
            for (energy, frames) in
                energies.iter_mut().zip(plane[latency.min(plane.len())..].chunks_exact(MS_FRAMES))
            {
                *energy += frames.iter().map(|x| weighted(*x)).sum::<f64>() / MS_FRAMES as f64;
            }
        }
        Self::of_energies(&energies)
    }

    pub(crate) fn of_energies(energies: &[f64]) -> Self {
        let mut sums = Vec::with_capacity(energies.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for energy in energies {
            sum += energy;
            sums.push(sum);
        }
        Self { sums }
    }

    pub(crate) fn energies(&self) -> Vec<f64> {
        self.sums.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).collect()
    }

    pub(crate) fn ms(&self) -> usize {
        self.sums.len() - 1
    }

    /// The mean square from one millisecond to another.
    pub(crate) fn mean(&self, from_ms: usize, to_ms: usize) -> f64 {
        let to = to_ms.min(self.ms());
        if from_ms >= to {
            return 0.0;
        }
        ((self.sums[to] - self.sums[from_ms]) / (to - from_ms) as f64).max(0.0)
    }

    /// Loudness from one millisecond to another, ungated.
    pub(crate) fn lufs(&self, from_ms: usize, to_ms: usize) -> f64 {
        lufs(self.mean(from_ms, to_ms))
    }

    /// The highest loudness of a window of `length_ms` that lies between two times.
    pub(crate) fn highest(&self, length_ms: usize, from_ms: usize, to_ms: usize) -> f64 {
        let last = to_ms.min(self.ms());
        (from_ms..=last.saturating_sub(length_ms))
            .map(|start| self.lufs(start, start + length_ms))
            .fold(SILENCE_LUFS, f64::max)
    }

    /// Loudness with both gates of BS.1770, from one millisecond to another; blocks are no longer than the piece.
    pub(crate) fn gated_lufs(&self, from_ms: usize, to_ms: usize) -> f64 {
        let to = to_ms.min(self.ms());
        let block = 400.min(to.saturating_sub(from_ms)).max(1);
        let blocks: Vec<f64> = (from_ms..=to.saturating_sub(block))
            .step_by(100)
            .map(|start| self.mean(start, start + block))
            .filter(|e| lufs(*e) > -70.0)
            .collect();
        let mean = |blocks: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = blocks.fold((0.0, 0), |(sum, count), e| (sum + e, count + 1));
            if count == 0 { 0.0 } else { sum / f64::from(count) }
        };
        let gate = lufs(mean(&mut blocks.iter().copied())) - 10.0;
        lufs(mean(&mut blocks.iter().copied().filter(|e| lufs(*e) >= gate)))
    }

    /// Loudness range (EBU Tech 3342) from a millisecond on, in LU.
    pub(crate) fn range_lu(&self, from_ms: usize) -> f64 {
        let blocks: Vec<f64> = (from_ms..=self.ms().saturating_sub(3000))
            .step_by(100)
            .map(|start| self.mean(start, start + 3000))
            .filter(|e| lufs(*e) > -70.0)
            .collect();
        if blocks.is_empty() {
            return 0.0;
        }
        let gate = lufs(blocks.iter().sum::<f64>() / blocks.len() as f64) - 20.0;
        let mut levels: Vec<f64> = blocks.iter().map(|e| lufs(*e)).filter(|l| *l >= gate).collect();
        levels.sort_by(f64::total_cmp);
        let at = |share: f64| levels[((levels.len() - 1) as f64 * share).round() as usize];
        at(0.95) - at(0.10)
    }
}
