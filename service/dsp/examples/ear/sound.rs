//! Stereo sound at 48 kHz, and what scenarios are put together with.

use crate::meter::Curve;

/// Every scenario's rate, in hertz.
pub(crate) const RATE_HZ: u32 = 48_000;
/// Frames of a millisecond.
pub(crate) const MS_FRAMES: usize = RATE_HZ as usize / 1000;

/// Two channels of equal length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sound {
    pub(crate) planes: [Vec<f32>; 2],
}

impl Sound {
    pub(crate) fn mono(samples: Vec<f32>) -> Self {
        Self { planes: [samples.clone(), samples] }
    }

    pub(crate) fn silence(ms: usize) -> Self {
        Self::mono(vec![0.0; ms * MS_FRAMES])
    }

    pub(crate) fn frames(&self) -> usize {
        self.planes[0].len()
    }

    pub(crate) fn ms(&self) -> usize {
        self.frames() / MS_FRAMES
    }

    pub(crate) fn push(&mut self, other: &Self) {
        for (to, from) in self.planes.iter_mut().zip(&other.planes) {
            to.extend_from_slice(from);
        }
    }

    /// All of `parts`, one after the other.
    pub(crate) fn chain(parts: &[&Self]) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.push(part);
        }
        whole
    }

    /// A piece; what is missing at its end is silence.
    pub(crate) fn cut(&self, from_ms: usize, ms: usize) -> Self {
        let (from, frames) = (from_ms * MS_FRAMES, ms * MS_FRAMES);
        Self {
            planes: self.planes.each_ref().map(|plane| {
                let mut piece: Vec<f32> = plane.iter().skip(from).take(frames).copied().collect();
                piece.resize(frames, 0.0);
                piece
            }),
        }
    }

    /// The sound again and again, from `from_ms` of it on, with a fade of 2 ms at both ends.
    pub(crate) fn looped(&self, from_ms: usize, ms: usize) -> Self {
        let frames = self.frames().max(1);
        let mut piece = Self {
            planes: self.planes.each_ref().map(|plane| {
                plane
                    .iter()
                    .copied()
                    .cycle()
                    .skip(from_ms * MS_FRAMES % frames)
                    .take(ms * MS_FRAMES)
                    .collect()
            }),
        };
        piece.soften();
        piece
    }

    /// Fades both ends in 2 ms, so that a cut is no click.
    pub(crate) fn soften(&mut self) {
        let length = 2 * MS_FRAMES;
        for plane in &mut self.planes {
            let frames = plane.len();
            for i in 0..length.min(frames) {
                let share = i as f32 / length as f32;
                plane[i] *= share;
                plane[frames - 1 - i] *= share;
            }
        }
    }

    pub(crate) fn amplified(mut self, db: f64) -> Self {
        let gain = 10.0_f64.powf(db / 20.0) as f32;
        self.planes.iter_mut().flatten().for_each(|x| *x *= gain);
        self
    }

    /// Brings the highest sample to a level, in dBFS.
    pub(crate) fn at_peak_db(self, peak_db: f64) -> Self {
        let peak = self.planes.iter().flatten().fold(1e-9_f32, |peak, x| peak.max(x.abs()));
        self.amplified(peak_db - 20.0 * f64::from(peak).log10())
    }

    /// The sound with another in its midst, which it waits for.
    pub(crate) fn interrupted(&self, other: &Self, at_ms: usize) -> Self {
        Self::chain(&[&self.cut(0, at_ms), other, &self.cut(at_ms, self.ms() - at_ms)])
    }

    /// Adds another sound from a millisecond on.
    pub(crate) fn mix(&mut self, other: &Self, at_ms: usize) {
        for (to, from) in self.planes.iter_mut().zip(&other.planes) {
            for (to, from) in to.iter_mut().skip(at_ms * MS_FRAMES).zip(from) {
                *to += from;
            }
        }
    }

    /// Brings the gated loudness to a value; like a program's output it stays within full scale.
    pub(crate) fn at_lufs(mut self, lufs: f64) -> Self {
        for _ in 0..6 {
            let curve = Curve::of(&self, 0);
            let short_by = lufs - curve.gated_lufs(0, curve.ms());
            if !short_by.is_finite() || short_by.abs() < 0.05 || short_by > 100.0 {
                break;
            }
            self = self.amplified(short_by);
            let mut is_clipped = false;
            for x in self.planes.iter_mut().flatten() {
                is_clipped |= x.abs() > 1.0;
                *x = x.clamp(-1.0, 1.0);
            }
            if !is_clipped {
                break;
            }
        }
        self
    }
}
