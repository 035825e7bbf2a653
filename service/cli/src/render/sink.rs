//! The file that is written: under the ceiling in its own format, and whole or not at all.

use std::{
    fs::{File, Permissions},
    io::BufWriter,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use headroom_dsp::Spec;
use hound::{SampleFormat, WavSpec, WavWriter};
use tempfile::NamedTempFile;

use super::channels::write_mask;
use crate::{args::Bits, failure::Failure};

/// A WAV file being written beside its final place; it appears there with [`Sink::finish`].
pub(crate) struct Sink {
    writer: WavWriter<BufWriter<File>>,
    file: NamedTempFile,
    path: PathBuf,
    quantiser: Option<Quantiser>,
}

impl Sink {
    /// Starts a file of `frames` frames.
    ///
    /// # Errors
    /// `Refused`, when the folder cannot be written or the file would be too long for a WAV file.
    pub(crate) fn create(
        path: &Path,
        spec: Spec,
        frames: u64,
        bits: Bits,
        ceiling_dbtp: f64,
    ) -> Result<Self, Failure> {
        let (bits_per_sample, sample_format) = match bits {
            Bits::Pcm16 => (16, SampleFormat::Int),
            Bits::Pcm24 => (24, SampleFormat::Int),
            Bits::Float32 => (32, SampleFormat::Float),
        };
        let channels = spec.layout.channels();
        let bytes = frames * channels as u64 * u64::from(bits_per_sample / 8);
        if bytes > u64::from(u32::MAX - 128) {
            return Err(refuse(path, "would be longer than a WAV file can be (4 GB)"));
        }
        let file = temporary(path)?;
        let handle = file.reopen().map_err(|error| refuse(path, &error))?;
        let wav = WavSpec {
            channels: channels as u16,
            sample_rate: spec.rate_hz,
            bits_per_sample,
            sample_format,
        };
        let writer = WavWriter::new(BufWriter::with_capacity(1 << 18, handle), wav)
            .map_err(|error| refuse(path, &error))?;
        let quantiser = (sample_format == SampleFormat::Int)
            .then(|| Quantiser::new(u32::from(bits_per_sample), ceiling_dbtp));
        Ok(Self { writer, file, path: path.to_owned(), quantiser })
    }

    /// Appends planar channels, and leaves in them what was written.
    ///
    /// # Errors
    /// `Refused`, when the file cannot be written.
    pub(crate) fn write(&mut self, block: &mut [&mut [f32]]) -> Result<(), Failure> {
        let frames = block.first().map_or(0, |channel| channel.len());
        for frame in 0..frames {
            for channel in block.iter_mut() {
                let sample = &mut channel[frame];
                let written = match &mut self.quantiser {
                    Some(quantiser) => {
                        let value = quantiser.quantise(*sample);
                        *sample = quantiser.level(value);
                        self.writer.write_sample(value)
                    }
                    None => self.writer.write_sample(*sample),
                };
                written.map_err(|error| refuse(&self.path, &error))?;
            }
        }
        Ok(())
    }

    /// Completes the file with its channel mask and puts it in its place; without `force` never over
    /// another.
    ///
    /// # Errors
    /// `Refused`, when the file cannot be written or its place was taken meanwhile.
    pub(crate) fn finish(mut self, channel_mask: u32, force: bool) -> Result<(), Failure> {
        self.writer.finalize().map_err(|error| refuse(&self.path, &error))?;
        write_mask(self.file.as_file_mut(), channel_mask)
            .map_err(|error| refuse(&self.path, &error))?;
        place(self.file, &self.path, force)
    }
}

/// Creates a file beside `path` that vanishes unless it is put in place.
pub(crate) fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".headroom-")
        // As any program would create it; the user's umask applies.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| refuse(path, &error))
}

/// Puts a finished file in its place.
pub(crate) fn place(file: NamedTempFile, path: &Path, force: bool) -> Result<(), Failure> {
    let placed = if force { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|error| refuse(path, &error.error))
}

fn refuse(path: &Path, why: &(impl ToString + ?Sized)) -> Failure {
    Failure::Refused(format!("{}: cannot be written: {}", path.display(), why.to_string()))
}

/// Floats to integers, never above the ceiling.
///
/// 16 bits get triangular dither of two steps peak to peak (Lipshitz, Wannamaker and Vanderkooy,
/// JAES 40, 1992), but not where the sample is a whole number of steps already: silence stays silence, and
/// what the chain passed unchanged stays unchanged.
struct Quantiser {
    steps: f64,
    most: f64,
    dither: Option<u32>,
}

impl Quantiser {
    fn new(bits: u32, ceiling_dbtp: f64) -> Self {
        let steps = f64::from(bits - 1).exp2();
        let most = (10_f64.powf(ceiling_dbtp / 20.0) * steps).floor();
        Self { steps, most, dither: (bits == 16).then_some(0x9e37_79b9) }
    }

    fn quantise(&mut self, sample: f32) -> i32 {
        let exact = f64::from(sample) * self.steps;
        let noise = match &mut self.dither {
            Some(state) if exact.fract() != 0.0 => uniform(state) - uniform(state),
            _ => 0.0,
        };
        (exact + noise).round().clamp(-self.most, self.most) as i32
    }

    fn level(&self, value: i32) -> f32 {
        (f64::from(value) / self.steps) as f32
    }
}

/// Returns the next of a sequence of numbers in 0 to 1 (xorshift, Marsaglia 2003).
fn uniform(state: &mut u32) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    f64::from(*state) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_never_exceed_the_ceiling() {
        for bits in [16, 24] {
            for ceiling_dbtp in [-0.1, -1.0, -12.0] {
                let mut quantiser = Quantiser::new(bits, ceiling_dbtp);
                let ceiling = 10_f64.powf(ceiling_dbtp / 20.0);
                for _ in 0..1000 {
                    for sample in [ceiling as f32, -ceiling as f32, 1.0, -1.0, 1e9, -1e9] {
                        let level = f64::from(quantiser.quantise(sample)) / quantiser.steps;
                        assert!(level.abs() <= ceiling, "{bits} bits: {level} for {sample}");
                    }
                }
            }
        }
    }

    #[test]
    fn whole_steps_are_kept_without_dither() {
        let mut quantiser = Quantiser::new(16, -0.1);
        for value in [-20_000, -1, 0, 1, 32_000] {
            assert_eq!(quantiser.quantise(value as f32 / 32_768.0), value);
        }
    }

    #[test]
    fn dither_is_unbiased_and_within_one_and_a_half_steps() {
        let mut quantiser = Quantiser::new(16, -0.1);
        let sample = 100.3_f32 / 32_768.0;
        let values: Vec<f64> =
            (0..100_000).map(|_| f64::from(quantiser.quantise(sample))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - 100.3).abs() < 0.02, "{mean}");
        assert!(values.iter().all(|value| (value - 100.3).abs() <= 1.5));
    }
}
