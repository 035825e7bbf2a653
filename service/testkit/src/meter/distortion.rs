//! Distortion and noise of a steady tone, and the gain of a filter at one frequency.

use std::f64::consts::TAU;

/// A tone found in a recording, and what else is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Peak amplitude.
    pub amplitude: f64,
    /// Power of everything but the tone and a constant, relative to the tone's (THD+N), in dB; minus
    /// infinity when nothing else is there.
    pub distortion_db: f64,
}

/// Fits a tone of known frequency and a constant by least squares and measures what is left.
///
/// No weighting and no band limit: harmonics, their aliases and noise all count.
///
/// # Panics
/// When the recording is shorter than one period.
pub fn tone(recording: &[f32], rate_hz: u32, frequency_hz: f64) -> Tone {
    let step = TAU * frequency_hz / f64::from(rate_hz);
    assert!(recording.len() as f64 * step >= TAU, "at least one period");
    let basis = |n: usize| {
        let phase = step * n as f64;
        [phase.cos(), phase.sin(), 1.0]
    };
    let mut matrix = [[0.0; 4]; 3];
    for (n, &x) in recording.iter().enumerate() {
        let b = basis(n);
        for (row, bi) in matrix.iter_mut().zip(b) {
            for (cell, bj) in row.iter_mut().zip(b) {
                *cell += bi * bj;
            }
            row[3] += bi * f64::from(x);
        }
    }
    let [c, s, constant] = solve(matrix);
    let rest: f64 = recording
        .iter()
        .enumerate()
        .map(|(n, &x)| {
            let b = basis(n);
            (f64::from(x) - (c * b[0] + s * b[1] + constant)).powi(2)
        })
        .sum();
    let power = 0.5 * (c * c + s * s) * recording.len() as f64;
    Tone { amplitude: c.hypot(s), distortion_db: 10.0 * (rest / power).log10() }
}

/// Solves three equations; the last column is the right side. The matrix is positive definite, so
/// no rows need to change places.
fn solve(mut matrix: [[f64; 4]; 3]) -> [f64; 3] {
    for k in 0..3 {
        let pivot = matrix[k];
        for (other, row) in matrix.iter_mut().enumerate() {
            if other != k {
                let share = row[k] / pivot[k];
                for (cell, p) in row.iter_mut().zip(pivot) {
                    *cell -= share * p;
                }
            }
        }
    }
    [0, 1, 2].map(|k| matrix[k][3] / matrix[k][k])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_tone_has_only_the_rounding_of_its_samples() {
        for frequency_hz in [60.0, 997.0, 1000.0, 15_000.5] {
            let clean = crate::signals::sine(48_000, 48_000, frequency_hz, 0.5);
            let found = tone(&clean, 48_000, frequency_hz);
            assert!((found.amplitude - 0.5).abs() < 1e-7);
            assert!(found.distortion_db < -145.0, "{frequency_hz}: {}", found.distortion_db);
        }
    }

    #[test]
    fn a_known_distortion_is_read() {
        let step = TAU * 1000.0 / 48_000.0;
        let distorted: Vec<f32> = (0..30_000)
            .map(|n| {
                let phase = step * f64::from(n);
                (0.1 + 0.5 * (phase + 0.4).sin() + 0.5e-4 * (3.0 * phase).sin()) as f32
            })
            .collect();
        let found = tone(&distorted, 48_000, 1000.0);
        assert!((found.amplitude - 0.5).abs() < 1e-6);
        assert!((found.distortion_db + 80.0).abs() < 0.01, "{}", found.distortion_db);
    }
}
