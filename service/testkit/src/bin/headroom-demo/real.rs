//! Real sound, as far as this machine has any: a voice, and something loud.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use headroom_testkit::signals;

use crate::programme::RATE_HZ;

const TEXT: &str = "The evening train leaves at twenty to nine from the second platform. Nobody had told them that the \
                    bridge was closed, so they walked along the river until the lights of the village came in sight.";
/// Recordings of a voice, in Debian's alsa-utils; noise is among them.
const VOICES: &str = "/usr/share/sounds/alsa";
/// Music, in Debian's asterisk-moh-opsound-wav: installed, or where scripts/material puts it.
const MUSIC: &str = "usr/share/asterisk/moh";
const NOISE: &str = "Noise.wav";

/// A channel at [`RATE_HZ`], and what it is.
pub(crate) struct Found {
    pub(crate) channel: Vec<f32>,
    pub(crate) what: &'static str,
    /// Whether it is a recording, or a synthesised voice, and not made up here.
    pub(crate) is_real: bool,
}

/// Returns speech of some length: of a speech synthesiser, of recorded prompts, or made up.
pub(crate) fn speech(seconds: f64) -> Found {
    let real =
        |channel: Vec<f32>, what| Found { channel: fitted(&channel, seconds), what, is_real: true };
    if let Some(channel) = spoken() {
        return real(channel, "espeak-ng");
    }
    let prompts = wavs(Path::new(VOICES)).into_iter().filter(|path| !path.ends_with(NOISE));
    let prompts: Vec<f32> = prompts.filter_map(|path| read(&path).ok()).flatten().collect();
    if !prompts.is_empty() {
        return real(prompts, "alsa-utils");
    }
    let channel = signals::speech_like(RATE_HZ, frames(seconds), -20.0, 1);
    Found { channel, what: "made up", is_real: false }
}

/// Returns something loud of some length: music, noise that Debian ships, or noise made up.
pub(crate) fn blast(seconds: f64) -> Found {
    let real =
        |channel: Vec<f32>, what| Found { channel: fitted(&channel, seconds), what, is_real: true };
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let fetched = cache.map(|cache| cache.join("headroom-material/root"));
    for root in fetched.into_iter().chain([PathBuf::from("/")]) {
        let music = wavs(&root.join(MUSIC)).into_iter().find_map(|path| read(&path).ok());
        if let Some(channel) = music.filter(|channel| !channel.is_empty()) {
            return real(channel, "music");
        }
    }
    if let Ok(channel) = read(&Path::new(VOICES).join(NOISE)) {
        return real(channel, "noise");
    }
    let channel = signals::pink_noise(RATE_HZ, frames(seconds), 2);
    Found { channel, what: "made-up noise", is_real: false }
}

/// Has the speech synthesiser say a text, if there is one.
fn spoken() -> Option<Vec<f32>> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("speech.wav");
    let said = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "160", "-w"])
        .arg(&file)
        .arg(TEXT)
        .output()
        .ok()?;
    if !said.status.success() {
        return None;
    }
    read(&file).ok().filter(|channel| !channel.is_empty())
}

/// Returns the WAV files of a folder, by name.
fn wavs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    files.sort();
    files
}

/// Reads the first channel of a WAV file of whole numbers, at [`RATE_HZ`].
fn read(path: &Path) -> Result<Vec<f32>> {
    let mut wav = hound::WavReader::open(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let spec = wav.spec();
    ensure!(spec.sample_format == hound::SampleFormat::Int, "only whole numbers are read");
    ensure!(spec.sample_rate > 0 && spec.channels > 0, "the header makes no sense");
    let scale = 1.0 / (1_i64 << (spec.bits_per_sample - 1)) as f32;
    let samples = wav.samples::<i32>().step_by(usize::from(spec.channels));
    let channel: Vec<f32> =
        samples.map(|sample| Ok(sample? as f32 * scale)).collect::<Result<_>>()?;
    Ok(signals::resampled(&channel, spec.sample_rate, RATE_HZ))
}

fn frames(seconds: f64) -> usize {
    (seconds * f64::from(RATE_HZ)) as usize
}

/// Repeats a channel until it is long enough, and cuts it.
fn fitted(channel: &[f32], seconds: f64) -> Vec<f32> {
    channel.iter().copied().cycle().take(frames(seconds)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_something_to_play() {
        for found in [speech(1.0), blast(1.0)] {
            assert_eq!(found.channel.len(), RATE_HZ as usize, "{}", found.what);
            assert!(found.channel.iter().any(|sample| sample.abs() > 1e-3), "{}", found.what);
            assert!(found.channel.iter().all(|sample| sample.is_finite()), "{}", found.what);
        }
    }
}
