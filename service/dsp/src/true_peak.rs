//! Owns the true-peak meter for offline use; independent of the limiter's detector filters.

use crate::limiter::refine;
use crate::math::sanitise;
use crate::units::gain_to_db;

/// Points per sample.
const PHASES: usize = 8;
/// Taps per phase.
const TAPS: usize = 64;
/// Frames filtered at once.
const PIECE: usize = 256;

/// Measures the true peak of planar audio (ITU-R BS.1770-5, annex 2) at eight points per sample,
/// refined between them; flat to 0.46 of the rate.
///
/// Readings lag by half the filter: follow the material with [`TruePeak::finish`].
#[derive(Clone, Debug)]
pub struct TruePeak {
    /// Windowed sinc, phase by phase.
    taps: Box<[[f64; TAPS]]>,
    channels: Box<[ChannelState]>,
    peak_squared: f32,
}

#[derive(Clone, Debug)]
struct ChannelState {
    /// History of `TAPS - 1` samples and one piece.
    samples: Box<[f32]>,
    /// The last two points, for the refinement.
    last: [f32; 2],
}

impl TruePeak {
    /// Makes a meter for a number of channels; allocates.
    pub fn new(channels: usize) -> Self {
        let state = ChannelState {
            samples: vec![0.0; TAPS - 1 + PIECE].into_boxed_slice(),
            last: [0.0; 2],
        };
        Self {
            taps: (0..PHASES).map(phase_taps).collect(),
            channels: vec![state; channels].into_boxed_slice(),
            peak_squared: 0.0,
        }
    }

    /// Measures planar audio, channels by frames; channels beyond those of the meter are ignored.
    ///
    /// # Real-time
    /// Safe, but slow: meant for files.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process(&mut self, input: &[&[f32]]) {
        for (state, samples) in self.channels.iter_mut().zip(input) {
            for piece in samples.chunks(PIECE) {
                let peak = state.measure(&self.taps, piece);
                self.peak_squared = self.peak_squared.max(peak);
            }
        }
    }

    /// Measures what the filter still holds, as if silence followed.
    pub fn finish(&mut self) {
        let silence = [0.0; TAPS];
        for state in &mut self.channels {
            let peak = state.measure(&self.taps, &silence);
            self.peak_squared = self.peak_squared.max(peak);
        }
    }

    /// The highest reading so far, in dBTP.
    pub fn dbtp(&self) -> f32 {
        gain_to_db(self.peak_squared.sqrt())
    }

    /// Forgets all audio and the reading.
    pub fn reset(&mut self) {
        for state in &mut self.channels {
            state.samples.fill(0.0);
            state.last = [0.0; 2];
        }
        self.peak_squared = 0.0;
    }
}

impl ChannelState {
    fn measure(&mut self, taps: &[[f64; TAPS]], piece: &[f32]) -> f32 {
        let history = TAPS - 1;
        for (to, from) in self.samples[history..].iter_mut().zip(piece) {
            *to = sanitise(*from);
        }
        let mut peak = 0.0_f32;
        for window in self.samples[..history + piece.len()].windows(TAPS) {
            for phase in taps {
                let mut sums = [0.0_f64; 4];
                for (taps, samples) in phase.chunks_exact(4).zip(window.chunks_exact(4)) {
                    for k in 0..4 {
                        sums[k] += taps[k] * f64::from(samples[k]);
                    }
                }
                let point = ((sums[0] + sums[1]) + (sums[2] + sums[3])) as f32;
                peak = peak.max(refine(self.last[0], self.last[1], point));
                self.last = [self.last[1], point];
            }
        }
        self.samples.copy_within(piece.len()..piece.len() + history, 0);
        peak
    }
}

/// Taps for the point `phase / PHASES` after the window's middle sample: a sinc under a Kaiser
/// window of beta 9, scaled to pass a constant unchanged.
fn phase_taps(phase: usize) -> [f64; TAPS] {
    let offset = phase as f64 / PHASES as f64;
    let half = (TAPS / 2) as f64;
    let mut taps = std::array::from_fn(|k| {
        let x = k as f64 - (half - 1.0) - offset;
        let w = (1.0 - (x / half).powi(2)).max(0.0).sqrt();
        let sinc = if x == 0.0 {
            1.0
        } else {
            (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
        };
        sinc * bessel_i0(9.0 * w) / bessel_i0(9.0)
    });
    let sum: f64 = taps.iter().sum();
    for tap in &mut taps {
        *tap /= sum;
    }
    taps
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= (0.5 * x / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_between_samples_read_their_amplitude() {
        for (cycles, degrees) in
            [(0.25, 45.0), (1.0 / 6.0, 60.0), (0.125, 67.5), (0.4, 10.0), (0.45, 3.0)]
        {
            let tone: Vec<f32> = (0..4800)
                .map(|n| {
                    let n = f64::from(n);
                    let fade = (n / 1000.0).min((4799.0 - n) / 1000.0).min(1.0);
                    let fade = 0.5 - 0.5 * (fade * std::f64::consts::PI).cos();
                    let phase = std::f64::consts::TAU * (cycles * n + degrees / 360.0);
                    (0.5 * fade * phase.sin()) as f32
                })
                .collect();
            let mut meter = TruePeak::new(1);
            meter.process(&[&tone]);
            meter.finish();
            assert!((meter.dbtp() + 6.0206).abs() < 0.02, "{cycles}: {}", meter.dbtp());
        }
    }
}
