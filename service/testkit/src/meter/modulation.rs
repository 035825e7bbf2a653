//! The gain that a processor gives to a steady tone while something else makes it act.

use std::f64::consts::TAU;

/// The gain of a tone over time.
#[derive(Clone, Debug, PartialEq)]
pub struct GainCurve {
    /// Gain in dB, one value per millisecond, the first at 15 ms.
    pub gains_db: Vec<f64>,
}

impl GainCurve {
    /// Reads the gain of a tone of known frequency and amplitude out of a recording.
    ///
    /// The recording is brought down to zero frequency and averaged three times over 10 ms, so what
    /// lies 100 Hz or more from the tone hardly counts, and changes faster than about 30 Hz are not
    /// seen. Values are at the middle of what they average.
    pub fn of_tone(recording: &[f32], rate_hz: u32, frequency_hz: f64, amplitude: f64) -> Self {
        let step = TAU * frequency_hz / f64::from(rate_hz);
        let [mut re, mut im]: [Vec<f64>; 2] = [f64::cos, f64::sin].map(|part| {
            let mixed = recording.iter().enumerate();
            mixed.map(|(n, &x)| f64::from(x) * part(step * n as f64)).collect()
        });
        for _ in 0..3 {
            re = averaged(&re, rate_hz as usize / 100);
            im = averaged(&im, rate_hz as usize / 100);
        }
        let gains_db = re
            .iter()
            .zip(&im)
            .step_by((rate_hz / 1000) as usize)
            .map(|(re, im)| super::amplitude_to_db(2.0 * re.hypot(*im) / amplitude))
            .collect();
        Self { gains_db }
    }

    /// Returns how far the gain moves within a stretch given in seconds: its 95th percentile less
    /// its 5th, in dB.
    ///
    /// # Panics
    /// When the stretch is empty or longer than the curve.
    pub fn depth_db(&self, from_seconds: f64, to_seconds: f64) -> f64 {
        let sorted = self.sorted(from_seconds, to_seconds);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        at(0.95) - at(0.05)
    }

    /// Returns the mean gain of a stretch given in seconds, in dB.
    ///
    /// # Panics
    /// When the stretch is empty or longer than the curve.
    pub fn mean_db(&self, from_seconds: f64, to_seconds: f64) -> f64 {
        let values = self.sorted(from_seconds, to_seconds);
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Returns how long after `from_seconds` the gain is for the last time more than `within_db`
    /// below 0 dB, in seconds; zero if it never is.
    pub fn recovery_seconds(&self, from_seconds: f64, within_db: f64) -> f64 {
        let last = self.gains_db.iter().rposition(|&gain| gain < -within_db);
        last.map_or(0.0, |k| (k as f64 * 0.001 + 0.015 - from_seconds).max(0.0))
    }

    fn sorted(&self, from_seconds: f64, to_seconds: f64) -> Vec<f64> {
        let index = |seconds: f64| ((seconds - 0.015) * 1000.0).round().max(0.0) as usize;
        let mut values = self.gains_db[index(from_seconds)..index(to_seconds)].to_vec();
        values.sort_by(f64::total_cmp);
        values
    }
}

fn averaged(samples: &[f64], length: usize) -> Vec<f64> {
    let mut sum: f64 = samples.iter().take(length - 1).sum();
    samples
        .windows(length)
        .map(|window| {
            sum += window[length - 1];
            let mean = sum / length as f64;
            sum -= window[0];
            mean
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_modulation_is_read_and_other_sounds_are_not() {
        let rate = 48_000.0;
        let recording: Vec<f32> = (0..240_000)
            .map(|n| {
                let t = f64::from(n) / rate;
                let gain_db = -3.0 - 2.0 * (TAU * 2.0 * t).sin();
                let tone = 0.1 * 10_f64.powf(gain_db / 20.0) * (TAU * 3000.0 * t).sin();
                (tone + 0.8 * (TAU * 55.0 * t).sin()) as f32
            })
            .collect();
        let curve = GainCurve::of_tone(&recording, 48_000, 3000.0, 0.1);
        // The 5th percentile of a sine is at sin(0.45 pi) = 0.988 of its amplitude.
        assert!((curve.depth_db(1.0, 4.0) - 3.95).abs() < 0.05, "{}", curve.depth_db(1.0, 4.0));
        assert!((curve.mean_db(1.0, 4.0) + 3.0).abs() < 0.02, "{}", curve.mean_db(1.0, 4.0));
    }

    #[test]
    fn recovery_is_counted_to_the_last_time_below() {
        let mut recording: Vec<f32> = (0..96_000)
            .map(|n| (0.1 * (TAU * 3000.0 * f64::from(n) / 48_000.0).sin()) as f32)
            .collect();
        for x in &mut recording[48_000..62_400] {
            *x *= 0.5;
        }
        let curve = GainCurve::of_tone(&recording, 48_000, 3000.0, 0.1);
        let seconds = curve.recovery_seconds(1.0, 1.0);
        assert!((seconds - 0.3).abs() < 0.02, "{seconds}");
        assert!(curve.recovery_seconds(1.0, 7.0) == 0.0);
    }
}
