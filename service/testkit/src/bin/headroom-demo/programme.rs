//! What is played.

use std::ops::Range;

use headroom_testkit::{layout::usual_layout, meter, signals};

use crate::real::{self, Found};

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
    pub(crate) name: String,
    /// Planar samples.
    pub(crate) material: Vec<Vec<f32>>,
    /// What is told of it by itself: what a listener would call it, and its frames; the whole piece in
    /// most cases.
    pub(crate) parts: Vec<(String, Range<usize>)>,
}

impl Piece {
    fn whole(name: &str, material: Vec<Vec<f32>>) -> Self {
        let frames = material.first().map_or(0, Vec::len);
        let parts = vec![(name.to_owned(), 0..frames)];
        Self { name: name.to_owned(), material, parts }
    }
}

/// Length of the speech before and after the blast, and of the blast, in seconds.
const STORY_SECONDS: [f64; 3] = [6.0, 3.0, 6.0];
/// Loudness of the blast, both channels together: 20 LU above the speech.
const BLAST_LUFS: f64 = -3.0;

/// Makes speech, a blast, and speech again, of real sound as far as there is some.
///
/// Returns with it what had to be made up, as a sentence, if anything had.
pub(crate) fn story() -> (Piece, Option<String>) {
    let [before, during, after] = STORY_SECONDS;
    let (speech, blast) = (real::speech(before + after), real::blast(during));
    let missing = [(&speech, "speech"), (&blast, "music or noise")];
    let missing: Vec<&str> =
        missing.iter().filter(|(found, _)| !found.is_real).map(|(_, what)| *what).collect();
    let note = (!missing.is_empty()).then(|| {
        format!(
            "No real {} was found, so it is made up here: espeak-ng and alsa-utils have some.",
            missing.join(", ")
        )
    });
    let split = (before * f64::from(RATE_HZ)) as usize;
    let (speech_name, blast_name) = (speech.what, blast.what);
    let (speech, blast) = (at_loudness(&speech, SPEECH_LUFS), at_loudness(&blast, BLAST_LUFS));
    let (first, last) = speech.split_at(split.min(speech.len()));
    let channel = [first, &blast, last].concat();
    let ends = [split, split + blast.len(), channel.len()];
    let parts = vec![
        (format!("speech ({speech_name}), -23 LUFS"), 0..ends[0]),
        (format!("blast ({blast_name}), 20 LU louder"), ends[0]..ends[1]),
        ("speech again".to_owned(), ends[1]..ends[2]),
    ];
    let material = vec![channel; CHANNELS];
    (Piece { name: "speech, blast, speech".to_owned(), material, parts }, note)
}

/// Brings a channel to a loudness, played by both.
fn at_loudness(found: &Found, lufs: f64) -> Vec<f32> {
    let channels = vec![&found.channel[..]; CHANNELS];
    let now = meter::loudness(&channels, RATE_HZ, &usual_layout(CHANNELS)).integrated_lufs;
    let gain = meter::db_to_amplitude(lufs - now) as f32;
    let gain = if gain.is_finite() { gain } else { 1.0 };
    found.channel.iter().map(|sample| sample * gain).collect()
}

/// Makes all other pieces, each of the same length.
pub(crate) fn programme(seconds: f64) -> Vec<Piece> {
    let frames = (seconds * f64::from(RATE_HZ)) as usize;
    let hostile = HOSTILE.iter().filter_map(|(name, title)| {
        let material = signals::find(name)?.planar(RATE_HZ, frames, CHANNELS, SEED);
        Some(Piece::whole(title, material))
    });
    let speech = (0..CHANNELS as u64).map(|channel| {
        signals::speech_like(RATE_HZ, frames, SPEECH_LUFS - CHANNEL_SHARE_LU, channel)
    });
    let speech = Piece::whole("speech-like, -23 LUFS", speech.collect());
    hostile.chain([speech]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn story_is_speech_with_a_blast_20_lu_above_it() {
        let (story, _) = story();
        let loudness = |range: &Range<usize>| {
            let part: Vec<&[f32]> = story.material.iter().map(|c| &c[range.clone()]).collect();
            meter::loudness(&part, RATE_HZ, &usual_layout(CHANNELS)).integrated_lufs
        };
        let [speech, blast, again] = [0, 1, 2].map(|part| loudness(&story.parts[part].1));
        assert!((blast - BLAST_LUFS).abs() < 0.5, "{blast}");
        assert!((speech - SPEECH_LUFS).abs() < 3.0 && (again - SPEECH_LUFS).abs() < 3.0);
        assert_eq!(story.parts[2].1.end, story.material[0].len());
    }

    #[test]
    fn every_named_signal_is_in_the_corpus() {
        let pieces = programme(0.5);
        assert_eq!(pieces.len(), HOSTILE.len() + 1);
        assert!(pieces.iter().all(|piece| piece.material[0].len() == 24_000));
    }
}
