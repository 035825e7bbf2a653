//! Owns the fixed-size planar chunk that every stage works on, and the walk over host blocks.

use crate::MAX_CHANNELS;
use crate::math::{max, sanitise};

/// Frames of a chunk; host blocks of any length are cut into pieces of at most this many.
///
/// Every stage gives the same bits for any cut, so the chunk's borders need not be on a grid.
pub(crate) const CHUNK: usize = 64;

/// Planar audio, channels by frames.
pub(crate) type Block = [[f32; CHUNK]; MAX_CHANNELS];

/// Samples that [`clean`] takes at a time.
const LANES: usize = 8;

/// Sanitises samples in place, and returns their largest magnitude.
pub(crate) fn clean(samples: &mut [f32]) -> f32 {
    for x in &mut *samples {
        *x = sanitise(*x);
    }
    let mut peaks = [0.0_f32; LANES];
    let (whole, rest) = samples.as_chunks::<LANES>();
    for lanes in whole {
        for (peak, x) in peaks.iter_mut().zip(lanes) {
            *peak = max(*peak, x.abs());
        }
    }
    rest.iter().chain(&peaks).fold(0.0, |largest, x| max(largest, x.abs()))
}

/// A piece of each of the first `channels` channels; the others are empty.
pub(crate) fn parts(
    block: &Block,
    channels: usize,
    start: usize,
    frames: usize,
) -> [&[f32]; MAX_CHANNELS] {
    let mut parts: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
    for (part, channel) in parts.iter_mut().zip(block).take(channels) {
        *part = &channel[start..start + frames];
    }
    parts
}

/// Hands `input` to `work` chunk by chunk and stores what it leaves in `output`.
///
/// Missing input is silence, output without a channel of its own becomes silence.
pub(crate) fn each_chunk(
    input: &[&[f32]],
    output: &mut [&mut [f32]],
    channels: usize,
    mut work: impl FnMut(&mut Block, usize),
) {
    let frames = output.iter().map(|c| c.len()).max().unwrap_or(0);
    let mut block = [[0.0; CHUNK]; MAX_CHANNELS];
    let mut done = 0;
    while done < frames {
        let n = (frames - done).min(CHUNK);
        for (channel, samples) in block.iter_mut().enumerate().take(channels) {
            let source = input.get(channel).and_then(|c| c.get(done..)).unwrap_or(&[]);
            let present = source.len().min(n);
            samples[..present].copy_from_slice(&source[..present]);
            samples[present..n].fill(0.0);
        }
        work(&mut block, n);
        store(&block, output, channels, done, n);
        done += n;
    }
}

/// As [`each_chunk`], with the output over the input.
pub(crate) fn each_chunk_in_place(
    io: &mut [&mut [f32]],
    channels: usize,
    mut work: impl FnMut(&mut Block, usize),
) {
    let frames = io.iter().map(|c| c.len()).max().unwrap_or(0);
    let mut block = [[0.0; CHUNK]; MAX_CHANNELS];
    let mut done = 0;
    while done < frames {
        let n = (frames - done).min(CHUNK);
        for (channel, samples) in block.iter_mut().enumerate().take(channels) {
            let source = io.get(channel).and_then(|c| c.get(done..)).unwrap_or(&[]);
            let present = source.len().min(n);
            samples[..present].copy_from_slice(&source[..present]);
            samples[present..n].fill(0.0);
        }
        work(&mut block, n);
        store(&block, io, channels, done, n);
        done += n;
    }
}

fn store(block: &Block, output: &mut [&mut [f32]], channels: usize, done: usize, frames: usize) {
    for (channel, out) in output.iter_mut().enumerate() {
        let Some(out) = out.get_mut(done..) else { continue };
        let n = out.len().min(frames);
        match block.get(channel) {
            Some(samples) if channel < channels => out[..n].copy_from_slice(&samples[..n]),
            _ => out[..n].fill(0.0),
        }
    }
}
