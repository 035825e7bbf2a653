//! The synthetic test signals of EBU Tech 3341 and 3342, at any rate.

use std::f64::consts::{PI, TAU};

/// Makes a 1 kHz sine in steps of (peak dBFS, seconds); minus infinity is silence.
pub fn tone_steps(rate_hz: u32, steps: &[(f64, f64)]) -> Vec<f32> {
    let step = TAU * 1000.0 / f64::from(rate_hz);
    let mut samples = Vec::new();
    for &(level_db, seconds) in steps {
        let amplitude = crate::meter::db_to_amplitude(level_db);
        let start = samples.len();
        let frames = (seconds * f64::from(rate_hz)).round() as usize;
        samples
            .extend((start..start + frames).map(|n| (amplitude * (step * n as f64).sin()) as f32));
    }
    samples
}

/// Makes the signal of Tech 3341, case 15 to 23, and returns it with the true peak that a meter
/// has to read (+0.2/-0.4 dB).
///
/// Cases 15 to 19 are tones at fractions of the rate. Cases 20 to 23 are made at four times the
/// rate, low-passed, and decimated at one of four offsets: a tone at half of full scale with one
/// period of a higher one at full scale in it. All edges are 10 ms long.
///
/// # Panics
/// When there is no such case.
pub fn true_peak_case(rate_hz: u32, case: u32) -> (Vec<f32>, f64) {
    let tone = |divisor: f64, amplitude: f64, degrees: f64| {
        let frames = rate_hz as usize / 10;
        (0..frames)
            .map(|n| {
                let phase = TAU * n as f64 / divisor + degrees.to_radians();
                (edge(n, frames, rate_hz) * amplitude * phase.sin()) as f32
            })
            .collect()
    };
    match case {
        15 => (tone(4.0, 0.5, 0.0), -6.0),
        16 => (tone(4.0, 0.5, 45.0), -6.0),
        17 => (tone(6.0, 0.5, 60.0), -6.0),
        18 => (tone(8.0, 0.5, 67.5), -6.0),
        19 => (tone(4.0, 1.41, 45.0), 3.0),
        20..=23 => (inserted_period(rate_hz, case as usize - 20), 0.0),
        _ => panic!("no case {case} of true peak"),
    }
}

fn edge(frame: usize, frames: usize, rate_hz: u32) -> f64 {
    (frame.min(frames - 1 - frame) as f64 / (0.01 * f64::from(rate_hz))).min(1.0)
}

fn inserted_period(rate_hz: u32, offset: usize) -> Vec<f32> {
    const HALF: usize = 512;
    let frames = rate_hz as usize / 10;
    let (start, end) = (2 * frames, 2 * frames + 16);
    // A fraction of the rate is a quarter of that at four times the rate.
    let high = |n: usize| {
        let (divisor, amplitude, from) = match n {
            _ if n < start => (24.0, 0.5, start),
            _ if n < end => (16.0, 1.0, start),
            _ => (24.0, 0.5, end),
        };
        let phase = TAU * (n as f64 - from as f64) / divisor;
        edge(n, 4 * frames, 4 * rate_hz) * amplitude * phase.sin()
    };
    let high: Vec<f64> = (0..4 * frames).map(high).collect();
    // A windowed sinc with its corner at 0.46 of the rate.
    let taps: Vec<f64> = (0..=2 * HALF)
        .map(|k| {
            let x = k as f64 - HALF as f64;
            let sinc = if k == HALF { 0.23 } else { (PI * 0.23 * x).sin() / (PI * x) };
            sinc * (0.5 + 0.5 * (PI * x / (HALF + 1) as f64).cos())
        })
        .collect();
    (0..frames)
        .map(|n| {
            let centre = 4 * n + offset;
            let sum: f64 = taps
                .iter()
                .enumerate()
                .filter_map(|(k, tap)| Some(tap * high.get((centre + k).checked_sub(HALF)?)?))
                .sum();
            sum as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter;

    #[test]
    fn this_meter_reads_what_the_document_says() {
        for rate_hz in [44_100, 48_000, 192_000] {
            for case in 15..=23 {
                let (audio, expected) = true_peak_case(rate_hz, case);
                let error = meter::true_peak_dbtp(&audio) - expected;
                assert!((-0.4..=0.2).contains(&error), "case {case}: {error:+.3}");
            }
        }
    }

    #[test]
    fn steps_have_their_levels_and_lengths() {
        let audio = tone_steps(48_000, &[(-20.0, 0.5), (f64::NEG_INFINITY, 0.25), (-6.0, 0.25)]);
        assert_eq!(audio.len(), 48_000);
        assert!((meter::sample_peak_dbfs(&audio[..24_000]) + 20.0).abs() < 0.01);
        assert!(audio[24_000..36_000].iter().all(|&x| x == 0.0));
        assert!((meter::sample_peak_dbfs(&audio[36_000..]) + 6.0).abs() < 0.01);
    }
}
