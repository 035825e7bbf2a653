//! Owns the A-weighting of IEC 61672-1 at any rate; runs on the data thread.

use crate::MAX_CHANNELS;

/// The poles of the analogue filter, in Hz (IEC 61672-1, annex E).
const POLES_HZ: [f64; 4] = [20.598_997, 107.652_65, 737.862_23, 12_194.217];
/// What makes it 0 dB at 1 kHz.
const GAIN_DB: f64 = 1.999_7;

/// Largest magnitude that is counted (+60 dBFS): sums stay finite beside any sample.
const LARGEST: f32 = 1000.0;

/// Where the double zero of each section lies: at 0 Hz, at 0 Hz, at half the rate. The middle coefficient of
/// `1 + ZERO z^-1 + z^-2`.
const ZEROS: [f64; 3] = [-2.0, -2.0, 2.0];

/// Returns the denominator of two poles by the bilinear transform (`a0 = 1`), and the gain of a high-pass or low-pass.
fn section(poles_hz: (f64, f64), high_pass: bool, rate_hz: f64) -> ([f64; 2], f64) {
    let k = 2.0 * rate_hz;
    let w = |hz: f64| std::f64::consts::TAU * hz;
    let (p, q) = (w(poles_hz.0), w(poles_hz.1));
    let a0 = (k + p) * (k + q);
    let a = [((p - k) * (k + q) + (q - k) * (k + p)) / a0, (p - k) * (q - k) / a0];
    (a, if high_pass { k * k } else { p * q } / a0)
}

/// Measures the A-weighted energy of every channel.
#[derive(Clone, Debug, Default)]
pub struct AWeighting {
    rate_hz: u32,
    /// The denominators of the sections.
    poles: [[f64; 2]; 3],
    /// Square of the gain of all of them, which is left out of the samples.
    power: f64,
    memory: [[[f64; 2]; 3]; MAX_CHANNELS],
}

impl AWeighting {
    /// Returns the sum of squares of a block of one channel, A-weighted; channels beyond [`MAX_CHANNELS`] are silent.
    ///
    /// Samples that are not finite count as 0, larger ones as 1000. Another rate, in Hz, begins anew. A full-scale sine at
    /// 1 kHz has a mean square of 0.5.
    ///
    /// # Real-time
    /// Three second-order sections for each sample: no allocation, no lock, no call of the system.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn energy(&mut self, channel: usize, samples: &[f32], rate_hz: u32) -> f64 {
        if rate_hz == 0 {
            return 0.0;
        }
        if self.rate_hz != rate_hz {
            *self = Self::at(rate_hz);
        }
        let Some(memory) = self.memory.get_mut(channel) else { return 0.0 };
        let mut state = *memory;
        let mut sum = 0.0;
        for sample in samples {
            let known = if sample.is_finite() { sample.clamp(-LARGEST, LARGEST) } else { 0.0 };
            let mut x = f64::from(known);
            for ((a, zero), m) in self.poles.iter().zip(ZEROS).zip(&mut state) {
                let y = x + m[0];
                m[0] = zero * x - a[0] * y + m[1];
                m[1] = x - a[1] * y;
                x = y;
            }
            sum += x * x;
        }
        for value in state.iter_mut().flatten() {
            // Before it becomes subnormal.
            if value.abs() < 1e-30 {
                *value = 0.0;
            }
        }
        *memory = state;
        sum * self.power
    }

    fn at(rate_hz: u32) -> Self {
        let rate = f64::from(rate_hz);
        let [low, middle, high, top] = POLES_HZ;
        let sections = [
            section((low, low), true, rate),
            section((middle, high), true, rate),
            section((top, top), false, rate),
        ];
        let gain = sections.iter().map(|(_, gain)| gain).product::<f64>();
        let power = gain.powi(2) * 10.0_f64.powf(GAIN_DB / 10.0);
        Self { rate_hz, poles: sections.map(|(a, _)| a), power, memory: Default::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frequency, weight and what class 1 allows above and below, in dB (IEC 61672-1, table 3).
    const WEIGHTS: [(f64, f64, f64, f64); 12] = [
        (31.5, -39.4, 1.5, 1.5),
        (63.0, -26.2, 1.0, 1.0),
        (125.0, -16.1, 1.0, 1.0),
        (250.0, -8.6, 1.0, 1.0),
        (500.0, -3.2, 1.0, 1.0),
        (1_000.0, 0.0, 0.7, 0.7),
        (2_000.0, 1.2, 1.0, 1.0),
        (4_000.0, 1.0, 1.0, 1.0),
        (8_000.0, -1.1, 1.5, 2.5),
        (10_000.0, -2.5, 2.0, 3.0),
        (12_500.0, -4.3, 2.0, 5.0),
        (16_000.0, -6.6, 2.5, 16.0),
    ];

    #[test]
    fn weights_are_those_of_class_1_at_every_rate() {
        for rate_hz in [44_100, 48_000, 96_000, 192_000] {
            for (hz, weight_db, above_db, below_db) in WEIGHTS {
                let step = std::f64::consts::TAU * hz / f64::from(rate_hz);
                let tone: Vec<f32> =
                    (0..rate_hz).map(|n| (step * f64::from(n)).sin() as f32).collect();
                let mut weighting = AWeighting::default();
                weighting.energy(0, &tone, rate_hz);
                let mean = weighting.energy(0, &tone, rate_hz) / f64::from(rate_hz);
                let found_db = 10.0 * (2.0 * mean).log10();
                let within = weight_db - below_db..=weight_db + above_db;
                assert!(within.contains(&found_db), "{hz} Hz at {rate_hz} Hz: {found_db:.2} dB");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_silence_and_blocks_do_not_matter() {
        let mut weighting = AWeighting::default();
        let nothing = [f32::NAN, f32::INFINITY, 0.0];
        assert!(weighting.energy(0, &nothing, 48_000) < 1e-30);
        assert!(weighting.energy(MAX_CHANNELS, &[1.0], 48_000) < 1e-30);
        let noise: Vec<f32> = (0..999_u16).map(|n| f32::from(n % 17) / 17.0 - 0.5).collect();
        let whole = AWeighting::default().energy(0, &noise, 48_000);
        let mut weighting = AWeighting::default();
        let pieces: f64 = noise.chunks(64).map(|it| weighting.energy(0, it, 48_000)).sum();
        assert!((whole - pieces).abs() < 1e-9);
    }
}
