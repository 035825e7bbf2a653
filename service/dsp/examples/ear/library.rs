//! Real material, as `scripts/material` has unpacked it; decoded and brought to 48 kHz.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use symphonia::core::audio::sample::Sample as _;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::sound::{RATE_HZ, Sound};

/// Positions of the resampler between two samples.
const PHASES: usize = 512;
/// Zero crossings of the resampler's kernel on each side.
const CROSSINGS: f64 = 24.0;

/// Where the material is.
#[derive(Debug)]
pub(crate) struct Library {
    root: PathBuf,
    /// Pieces that have been read, by file, begin and length.
    read: Mutex<HashMap<(String, usize, usize), Arc<Sound>>>,
}

impl Library {
    /// Opens a folder in which Debian's packages are unpacked; `/` for those that are installed.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        if !root.is_dir() {
            bail!("{} is missing: scripts/material fetches what is played here", root.display());
        }
        Ok(Self { root: root.to_owned(), read: Mutex::default() })
    }

    /// Decodes a file from a time on, at most `ms` of it.
    pub(crate) fn read(&self, file: &str, from_ms: usize, ms: usize) -> Result<Sound> {
        let key = (file.to_owned(), from_ms, ms);
        if let Some(sound) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Sound::clone(sound));
        }
        let path = self.root.join(file);
        let sound = decode(&path, from_ms, ms)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, Arc::new(sound.clone()));
        Ok(sound)
    }

    /// Files of a folder one after the other, with a pause between them.
    pub(crate) fn read_all(&self, folder: &str, files: &[&str], pause_ms: usize) -> Result<Sound> {
        let mut whole = Sound::default();
        for file in files {
            whole.push(&trimmed(&self.read(&format!("{folder}/{file}"), 0, usize::MAX / 1000)?));
            whole.push(&Sound::silence(pause_ms));
        }
        Ok(whole)
    }
}

/// Without the silence at both ends.
fn trimmed(sound: &Sound) -> Sound {
    let loud = |i: &usize| sound.planes.iter().any(|plane| plane[*i].abs() > 0.003);
    let first = (0..sound.frames()).find(loud).unwrap_or(0);
    let last = (0..sound.frames()).rev().find(loud).map_or(0, |last| last + 1);
    Sound { planes: sound.planes.each_ref().map(|plane| plane[first..last.max(first)].to_vec()) }
}

fn decode(path: &Path, from_ms: usize, ms: usize) -> Result<Sound> {
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        // An .oga is an .ogg.
        hint.with_extension(if extension == "oga" { "ogg" } else { extension });
    }
    let stream =
        MediaSourceStream::new(Box::new(File::open(path)?), MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe().probe(
        &hint,
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.default_track(TrackType::Audio).context("no sound in it")?;
    let params =
        track.codec_params.as_ref().and_then(|params| params.audio()).context("no codec")?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())?;
    let id = track.id;
    let (mut planes, mut rate_hz) = ([Vec::new(), Vec::new()], RATE_HZ);
    let mut samples: Vec<f32> = Vec::new();
    while let Some(packet) = format.next_packet()? {
        if packet.track_id != id {
            continue;
        }
        let buffer = decoder.decode(&packet)?;
        rate_hz = buffer.spec().rate();
        let channels = buffer.spec().channels().count();
        samples.resize(buffer.samples_interleaved(), f32::MID);
        buffer.copy_to_slice_interleaved(&mut samples);
        for frame in samples.chunks_exact(channels) {
            planes[0].push(frame[0]);
            planes[1].push(frame[channels.min(2) - 1]);
        }
        let wanted = (from_ms.saturating_add(ms) as f64 / 1000.0 * f64::from(rate_hz)) as usize;
        if planes[0].len() > wanted {
            break;
        }
    }
    let at = |ms: usize| (ms as f64 / 1000.0 * f64::from(rate_hz)) as usize;
    let planes = planes.map(|plane: Vec<f32>| {
        let end = at(from_ms.saturating_add(ms)).min(plane.len());
        resample(&plane[at(from_ms).min(end)..end], rate_hz)
    });
    Ok(Sound { planes })
}

/// Band-limited interpolation with a windowed sinc (Smith, 1984).
#[allow(clippy::cast_possible_wrap, reason = "a file has fewer frames than that")]
fn resample(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    if rate_hz == RATE_HZ {
        return samples.to_vec();
    }
    let ratio = f64::from(rate_hz) / f64::from(RATE_HZ);
    let cutoff = 0.97 / ratio.max(1.0);
    let half = (CROSSINGS / cutoff).ceil() as isize;
    let kernel = |x: f64| {
        let window = (0.5 + 0.5 * (std::f64::consts::PI * x / half as f64).cos()).max(0.0);
        let angle = std::f64::consts::PI * x * cutoff;
        if angle.abs() < 1e-9 { cutoff } else { cutoff * angle.sin() / angle * window }
    };
    let taps = 2 * half as usize;
    let table: Vec<Vec<f32>> = (0..=PHASES)
        .map(|phase| {
            let shift = phase as f64 / PHASES as f64;
            (0..taps).map(|k| kernel((k as isize - half + 1) as f64 - shift) as f32).collect()
        })
        .collect();
    let frames = (samples.len() as f64 / ratio) as usize;
    (0..frames)
        .map(|n| {
            let at = n as f64 * ratio;
            let whole = at.floor();
            let taps = &table[((at - whole) * PHASES as f64).round() as usize];
            let first = whole as isize - half + 1;
            let skip = (-first).max(0) as usize;
            let from = samples.get((first + skip as isize) as usize..).unwrap_or(&[]);
            taps.iter().skip(skip).zip(from).map(|(tap, x)| tap * x).sum()
        })
        .collect()
}
