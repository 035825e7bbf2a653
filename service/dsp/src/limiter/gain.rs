//! Owns the gain computer: sliding minimum, hold, release, and smoothing by running sums.
//!
//! Runs on the audio thread. Works on any quantity that is zero at rest and negative when acting
//! (octaves of gain, or the share of high frequencies taken away).

use crate::CHUNK;
use crate::line::Line;
use crate::math::min;

/// Vector loops run on multiples of this many frames.
const TILE: usize = 16;
/// Fixed-point units per octave; sums of integers cannot drift.
const UNITS: f32 = 1_048_576.0;
/// A requirement within this distance of the state (in octaves) counts as reaching it.
const HIT_TOLERANCE: f32 = 0.003;
/// A state closer to rest than this is at rest.
const REST: f32 = -1e-6;

/// How long the state is held and how fast it is released.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    /// Frames.
    pub(super) hold: f32,
    /// Factor per frame.
    pub(super) factor: f32,
}

/// One gain computer.
#[derive(Clone, Debug)]
pub(super) struct Smoother {
    span: usize,
    required: Line<f32>,
    /// Latest requirements in a row that were at rest; counts no further than it must.
    frames_at_rest: usize,
    scratch: [Box<[f32]>; 2],
    state: f32,
    hold: f32,
    boxes: [usize; 3],
    sums: [i64; 3],
    lines: [Line<i64>; 3],
    scale: f64,
}

impl Smoother {
    /// Allocates a computer that looks `span` frames ahead.
    pub(super) fn new(span: usize) -> Self {
        let boxes = box_lengths(span);
        let product = boxes.iter().map(|&b| b as f64).product::<f64>();
        Self {
            span,
            required: Line::new(span),
            frames_at_rest: span,
            scratch: [(); 2].map(|()| vec![0.0; 2 * span + CHUNK + TILE].into_boxed_slice()),
            state: 0.0,
            hold: 0.0,
            boxes,
            sums: [0; 3],
            lines: boxes.map(Line::new),
            scale: 1.0 / (f64::from(UNITS) * product),
        }
    }

    /// Returns to rest.
    pub(super) fn clear(&mut self) {
        self.required.clear();
        self.frames_at_rest = self.span;
        self.state = 0.0;
        self.hold = 0.0;
        self.sums = [0; 3];
        for line in &mut self.lines {
            line.clear();
        }
    }

    /// Holds and releases from where `other` is.
    pub(super) fn begin_beside(&mut self, other: &Self) {
        self.state = other.state;
        self.hold = other.hold;
    }

    /// Where the requirement of each frame of the chunk is written before [`Self::hold`].
    #[inline(always)]
    pub(super) fn required(&mut self, len: usize) -> &mut [f32] {
        self.required.write(len)
    }

    /// Replaces each of the first `frames` of `state` by the held and released minimum.
    #[inline(always)]
    pub(super) fn hold(&mut self, release: Release, state: &mut [f32; CHUNK], frames: usize) {
        self.sliding_minimum(state, frames);
        self.required.advance(frames);
        let (mut r, mut hold) = (self.state, self.hold);
        if r == 0.0 && state[..frames].iter().all(|&m| m == 0.0) {
            self.hold = (hold - frames as f32).max(0.0);
            return;
        }
        for m in &mut state[..frames] {
            let hit = *m < 0.0 && *m <= r + HIT_TOLERANCE;
            let released = if hold > 0.0 { r } else { r * release.factor };
            let released = if released > REST { 0.0 } else { released };
            hold = if hit { release.hold } else { crate::math::max(hold - 1.0, 0.0) };
            r = min(*m, released);
            *m = r;
        }
        (self.state, self.hold) = (r, hold);
    }

    /// Smooths the first `frames` of `values` over the look-ahead; exact at rest.
    #[inline(always)]
    pub(super) fn smooth(&mut self, values: &mut [f32; CHUNK], frames: usize) {
        let at_rest = self.sums == [0; 3] && values[..frames].iter().all(|&v| v == 0.0);
        if at_rest {
            // Nothing but zeros lies within the boxes, so their lines stay as they are.
            return;
        }
        let values = &mut values[..frames];
        let [first, second, third] = &mut self.lines;
        for (out, v) in first.write(frames).iter_mut().zip(values.iter()) {
            *out = i64::from((v * UNITS).floor() as i32);
        }
        self.sums[0] = running_sum(first, second, self.boxes[0], self.sums[0], frames);
        self.sums[1] = running_sum(second, third, self.boxes[1], self.sums[1], frames);
        let new = third.read(0, frames);
        let old = third.read(self.boxes[2], frames);
        let mut sum = self.sums[2];
        for ((out, new), old) in values.iter_mut().zip(new).zip(old) {
            sum += new - old;
            *out = (sum as f64 * self.scale) as f32;
        }
        self.sums[2] = sum;
        for line in &mut self.lines {
            line.advance(frames);
        }
    }

    /// Minimum over the last `span + 1` requirements, by doubling the window.
    #[inline(always)]
    fn sliding_minimum(&mut self, out: &mut [f32; CHUNK], frames: usize) {
        let new_at_rest = self.required.read(0, frames).iter().all(|&q| q == 0.0);
        if new_at_rest && self.frames_at_rest >= self.span {
            out[..frames].fill(0.0);
            return;
        }
        self.frames_at_rest = if new_at_rest { self.frames_at_rest + frames } else { 0 };
        let total = self.span + frames;
        let window = self.span + 1;
        // Whole vectors: what they take in beyond the chunk reaches no frame of it.
        let padded = total.next_multiple_of(TILE);
        let [from, to] = &mut self.scratch;
        let (mut from, mut to) = (&mut from[..], &mut to[..]);
        from[..total].copy_from_slice(self.required.read(self.span, total));
        let mut covered = 1;
        while covered * 2 <= window {
            let (near, far) = (&from[..padded], &from[covered..covered + padded]);
            for ((to, near), far) in to[..padded].iter_mut().zip(near).zip(far) {
                *to = min(*near, *far);
            }
            std::mem::swap(&mut from, &mut to);
            covered *= 2;
        }
        let rest = window - covered;
        for ((out, near), far) in out[..frames].iter_mut().zip(&from[..frames]).zip(&from[rest..]) {
            *out = min(*near, *far);
        }
    }
}

#[inline(always)]
fn running_sum(
    from: &Line<i64>,
    to: &mut Line<i64>,
    length: usize,
    mut sum: i64,
    frames: usize,
) -> i64 {
    let new = from.read(0, frames);
    let old = from.read(length, frames);
    for ((out, new), old) in to.write(frames).iter_mut().zip(new).zip(old) {
        sum += new - old;
        *out = sum;
    }
    sum
}

/// Three lengths, as equal as possible, that together span `span` frames.
fn box_lengths(span: usize) -> [usize; 3] {
    [0, 1, 2].map(|i| (span + i) / 3 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_span_the_look_ahead() {
        for span in 3..200 {
            let lengths = box_lengths(span);
            assert_eq!(lengths.iter().map(|b| b - 1).sum::<usize>(), span);
        }
    }

    /// Runs requirements through hold and smoothing in pieces of `piece` frames.
    fn run(smoother: &mut Smoother, release: Release, input: &[f32], piece: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for chunk in input.chunks(piece) {
            smoother.required(chunk.len()).copy_from_slice(chunk);
            let mut values = [0.0; CHUNK];
            smoother.hold(release, &mut values, chunk.len());
            smoother.smooth(&mut values, chunk.len());
            out.extend_from_slice(&values[..chunk.len()]);
        }
        out
    }

    #[test]
    fn the_gain_has_arrived_when_its_sample_does() {
        let release = Release { hold: 10.0, factor: 0.99 };
        let mut input = vec![0.0_f32; 3000];
        let mut seed = 1_u32;
        for v in &mut input {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if seed >> 28 == 0 {
                *v = -(((seed >> 8) & 0xffff) as f32) / 8192.0;
            }
        }
        for span in [15, 24, 40, 160] {
            let out = run(&mut Smoother::new(span), release, &input, 64);
            for i in span..input.len() {
                assert!(out[i] <= input[i - span], "{span} {i}");
            }
            assert_eq!(out, run(&mut Smoother::new(span), release, &input, 17));
        }
    }

    #[test]
    fn the_gain_returns_to_exact_rest() {
        let release = Release { hold: 10.0, factor: 0.99 };
        let mut input = vec![0.0_f32; 4000];
        input[5] = -3.0;
        let out = run(&mut Smoother::new(40), release, &input, 64);
        assert!(out[4..60].iter().any(|&v| v < -2.9));
        assert!(out[3000..].iter().all(|&v| v == 0.0));
    }
}
