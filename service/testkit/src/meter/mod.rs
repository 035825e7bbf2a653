//! A meter that shares no code with the signal path it judges.
//!
//! Owns true peak, sample peak, loudness, distortion, gain over time, and the comparison of a recording
//! with what was played.
//! Everything works on whole recordings in memory, in double precision, on the caller's thread.
//! Nothing here may be used by the service, and nothing of the service's may be used here.

mod comparison;
mod distortion;
mod loudness;
mod modulation;
mod residue;
mod true_peak;

pub use comparison::{
    Delay, Gap, align, aligned_planar, delay_frames, is_bit_exact, max_gap, residual_db,
};
pub use distortion::{Tone, tone};
pub use loudness::{Loudness, loudness, loudness_curve};
pub use modulation::GainCurve;
pub use residue::{outside_tone_db, residue_beside_lost_cycles_db, residue_db};
pub use true_peak::{
    OVERSAMPLING, TAPS_PER_PHASE, true_peak_dbtp, true_peak_dbtp_planar, true_peak_linear,
};

/// Converts an amplitude to dB; zero is minus infinity.
pub fn amplitude_to_db(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

/// Converts dB to an amplitude.
pub fn db_to_amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// Returns the largest absolute sample, in dBFS; minus infinity for silence.
///
/// A sample that is not finite reads as plus infinity, so that it cannot pass for silence.
pub fn sample_peak_dbfs(channel: &[f32]) -> f64 {
    amplitude_to_db(sample_peak_linear(channel))
}

/// Returns [`sample_peak_dbfs`] over all channels of planar audio.
pub fn sample_peak_dbfs_planar<C: AsRef<[f32]>>(channels: &[C]) -> f64 {
    channels
        .iter()
        .map(|channel| sample_peak_dbfs(channel.as_ref()))
        .fold(f64::NEG_INFINITY, f64::max)
}

fn sample_peak_linear(channel: &[f32]) -> f64 {
    channel.iter().fold(0.0, |peak, &sample| {
        if sample.is_finite() { f64::max(peak, f64::from(sample).abs()) } else { f64::INFINITY }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_peak_of_a_broken_recording_is_infinite() {
        assert_eq!(sample_peak_dbfs(&[0.0, f32::NAN, 0.5]), f64::INFINITY);
        assert_eq!(sample_peak_dbfs(&[0.0, f32::NEG_INFINITY, 0.5]), f64::INFINITY);
        assert_eq!(sample_peak_dbfs(&[]), f64::NEG_INFINITY);
        assert!((sample_peak_dbfs_planar(&[vec![0.1], vec![-0.5]]) + 6.0206).abs() < 1e-4);
    }
}
