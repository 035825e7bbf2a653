//! The file that is rendered, as planar blocks of floats.

use std::{fs::File, io::BufReader, path::Path};

use headroom_dsp::{MAX_RATE_HZ, MIN_RATE_HZ, Spec};
use headroom_profile::open_regular;
use hound::{SampleFormat, WavReader};

use thiserror::Error;

use super::channels::{self, layout, read_mask};

/// Why a file cannot be rendered.
#[derive(Debug, Error)]
#[error("{name}: {why}")]
pub(crate) struct SourceError {
    name: String,
    why: String,
}

/// A WAV file being read.
pub(crate) struct Source {
    samples: Samples,
    spec: Spec,
    channel_mask: u32,
    frames: u64,
    frames_read: u64,
    not_finite: u64,
    name: String,
}

enum Samples {
    Int { samples: hound::WavIntoSamples<BufReader<File>, i32>, scale: f64 },
    Float(hound::WavIntoSamples<BufReader<File>, f32>),
}

impl Samples {
    fn next(&mut self) -> Option<Result<f32, hound::Error>> {
        match self {
            Self::Int { samples, scale } => samples
                .next()
                .map(|sample| sample.map(|sample| (f64::from(sample) * *scale) as f32)),
            Self::Float(samples) => samples.next(),
        }
    }
}

impl Source {
    /// Opens a WAV file and checks that the chain can work on it.
    ///
    /// # Errors
    /// When the file cannot be opened, is no WAV file, or is of a kind that is not served.
    pub(crate) fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let refuse = |why: String| SourceError { name: name.clone(), why };
        let mut file =
            open_regular(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let mask =
            read_mask(&mut file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let reader = WavReader::new(BufReader::with_capacity(1 << 18, file)).map_err(|error| {
            refuse(format!("is not a WAV file that can be read: {}", reason(error)))
        })?;
        let wav = reader.spec();
        let frames = u64::from(reader.duration());
        let layout = layout(mask, usize::from(wav.channels))
            .ok_or_else(|| refuse(format!("has {} channels; 1 to 8 are served", wav.channels)))?;
        if !(MIN_RATE_HZ..=MAX_RATE_HZ).contains(&wav.sample_rate) {
            return Err(refuse(format!(
                "has a rate of {} Hz; {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz are served",
                wav.sample_rate
            )));
        }
        let samples = match (wav.sample_format, wav.bits_per_sample) {
            (SampleFormat::Float, 32) => Samples::Float(reader.into_samples()),
            (SampleFormat::Int, bits @ (16 | 24 | 32)) => Samples::Int {
                samples: reader.into_samples(),
                scale: (-f64::from(bits - 1)).exp2(),
            },
            (format, bits) => {
                let kind = if format == SampleFormat::Float { "float" } else { "PCM" };
                return Err(refuse(format!(
                    "has {bits}-bit {kind} samples; PCM of 16, 24 or 32 bits and 32-bit float are served"
                )));
            }
        };
        let channel_mask = mask.unwrap_or_else(|| channels::mask(layout));
        let spec = Spec { rate_hz: wav.sample_rate, layout };
        Ok(Self { samples, spec, channel_mask, frames, frames_read: 0, not_finite: 0, name })
    }

    /// Returns rate and layout.
    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    /// Returns which channel is which, as a WAV file says it.
    pub(crate) fn channel_mask(&self) -> u32 {
        self.channel_mask
    }

    /// Returns the length that the file claims, in frames.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns how many samples read so far were NaN or infinite; they were read as silence.
    pub(crate) fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// Fills planar channels from the start and returns the number of frames; 0 at the end.
    ///
    /// # Errors
    /// When the file ends before its header says or cannot be read.
    pub(crate) fn read(&mut self, block: &mut [Vec<f32>]) -> Result<usize, SourceError> {
        let room = block.first().map_or(0, Vec::len) as u64;
        let count = room.min(self.frames - self.frames_read) as usize;
        for frame in 0..count {
            for channel in block.iter_mut() {
                let sample = match self.samples.next() {
                    Some(Ok(sample)) => sample,
                    Some(Err(error)) => return Err(self.cut_off(&reason(error))),
                    None => return Err(self.cut_off("the data end there")),
                };
                self.not_finite += u64::from(!sample.is_finite());
                channel[frame] = if sample.is_finite() { sample } else { 0.0 };
            }
            self.frames_read += 1;
        }
        Ok(count)
    }

    fn cut_off(&self, why: &str) -> SourceError {
        let why = format!("is cut off after {} of {} frames: {why}", self.frames_read, self.frames);
        SourceError { name: self.name.clone(), why }
    }
}

fn reason(error: hound::Error) -> String {
    match error {
        hound::Error::IoError(error) => error.to_string(),
        error => error.to_string(),
    }
}
