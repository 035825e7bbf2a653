//! Owns the delay line that kernels read as one contiguous window; runs on the audio thread.

use crate::CHUNK;

/// A history of samples followed by room for the current chunk, contiguous in memory.
///
/// Readers index relative to the first frame of the current chunk; `back` frames before it are
/// the history. Writing may run past the chunk's end (up to [`CHUNK`] frames in all): what lies
/// beyond is overwritten by the next chunk.
#[derive(Clone, Debug)]
pub(crate) struct Line<T> {
    samples: Box<[T]>,
    history: usize,
    position: usize,
}

impl<T: Copy + Default> Line<T> {
    /// Allocates a line with `history` frames before the current chunk.
    pub(crate) fn new(history: usize) -> Self {
        // Sixteen chunks between two moves of the history to the front.
        let capacity = history + 17 * CHUNK;
        Self {
            samples: vec![T::default(); capacity].into_boxed_slice(),
            history,
            position: history,
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.samples.fill(T::default());
        self.position = self.history;
    }

    /// Fills history and room with `value`.
    pub(crate) fn fill(&mut self, value: T) {
        self.samples.fill(value);
        self.position = self.history;
    }

    /// `len` frames, the first of them `back` frames before the current chunk.
    #[inline(always)]
    pub(crate) fn read(&self, back: usize, len: usize) -> &[T] {
        let start = self.position - back;
        &self.samples[start..start + len]
    }

    /// The first `len` frames of the current chunk, to be written.
    #[inline(always)]
    pub(crate) fn write(&mut self, len: usize) -> &mut [T] {
        &mut self.samples[self.position..self.position + len]
    }

    /// Ends the current chunk after `frames` frames.
    #[inline(always)]
    pub(crate) fn advance(&mut self, frames: usize) {
        self.position += frames;
        if self.position + CHUNK > self.samples.len() {
            let start = self.position - self.history;
            self.samples.copy_within(start..self.position, 0);
            self.position = self.history;
        }
    }
}
