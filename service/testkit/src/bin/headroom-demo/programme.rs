//! What is played.

use headroom_testkit::signals;

/// Rate of the whole demonstration, in Hz.
pub(crate) const RATE_HZ: u32 = 48_000;
/// Channels of the whole demonstration.
pub(crate) const CHANNELS: usize = 2;

/// Names in the corpus, and what a listener would call them.
const HOSTILE: [(&str, &str); 8] = [
    ("gauss-full-band", "noise, peaks of +12 dB"),
    ("random-sign-1", "random full-scale samples"),
    ("clipped-pink-x4", "clipped programme, +12 dB"),
    ("quarter-rate-45", "fs/4 at 45 degrees, +9 dB"),
    ("square-997", "997 Hz square, +6 dB"),
    ("impulses-4", "clicks of +12 dB"),
    ("sinc-sign-bursts", "worst-case bursts"),
    ("gated-997", "997 Hz on and off, +12 dB"),
];
/// Loudness of the benign piece, both channels together.
const SPEECH_LUFS: f64 = -23.0;
/// Two equal channels are twice the power.
const CHANNEL_SHARE_LU: f64 = 3.01;
const SEED: u64 = 1;

/// One piece of material.
pub(crate) struct Piece {
    /// What a listener would call it.
    pub(crate) name: &'static str,
    /// Planar samples.
    pub(crate) material: Vec<Vec<f32>>,
}

/// Makes all pieces, each of the same length.
pub(crate) fn programme(seconds: f64) -> Vec<Piece> {
    let frames = (seconds * f64::from(RATE_HZ)) as usize;
    let hostile = HOSTILE.iter().filter_map(|(name, title)| {
        let material = signals::find(name)?.planar(RATE_HZ, frames, CHANNELS, SEED);
        Some(Piece { name: title, material })
    });
    let speech = Piece {
        name: "speech-like, -23 LUFS",
        material: (0..CHANNELS as u64)
            .map(|channel| {
                signals::speech_like(RATE_HZ, frames, SPEECH_LUFS - CHANNEL_SHARE_LU, channel)
            })
            .collect(),
    };
    hostile.chain([speech]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_signal_is_in_the_corpus() {
        let pieces = programme(0.5);
        assert_eq!(pieces.len(), HOSTILE.len() + 1);
        assert!(pieces.iter().all(|piece| piece.material[0].len() == 24_000));
    }
}
