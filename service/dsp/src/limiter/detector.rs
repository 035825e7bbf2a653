//! Owns the true-peak detector of one channel: band-limiting filter, interpolators, refinement.
//!
//! Runs on the audio thread, inside the limiter's kernel. Stream index `i` of each line maps to
//! base time `i - D` (filter), `i - D - 2` (quarter points) and `i - D - 3` (eighth points).

use super::design::{Design, MIDPOINT_4X, MIDPOINT_8X};
use crate::CHUNK;
use crate::line::Line;
use crate::math::{max, min};

/// Frames that the filter computes at once, held in registers.
const TILE: usize = 16;

/// The filter's taps, shared by all channels.
#[derive(Clone, Debug)]
pub(super) struct FrontTaps {
    even: Box<[f32]>,
    odd: Box<[f32]>,
}

impl FrontTaps {
    /// Builds the taps of a design.
    pub(super) fn new(design: &Design) -> Self {
        Self { even: design.even_taps(), odd: design.odd_taps() }
    }

    /// Frames of input history that the filter reads.
    pub(super) fn history(&self) -> usize {
        self.even.len() - 1
    }

    /// Filters `input` (with its history before it) into both phases, a multiple of [`TILE`] frames.
    #[inline(always)]
    fn run(&self, input: &[f32], even_out: &mut [f32], odd_out: &mut [f32]) {
        let frames = even_out.len();
        let (even, odd) = (&self.even[..], &self.odd[..]);
        for start in (0..frames).step_by(TILE) {
            let input = &input[start..start + odd.len() + TILE];
            let mut a = [0.0_f32; TILE];
            let mut b = [0.0_f32; TILE];
            // The even phase has one tap more, and the first input is only its.
            for k in 0..TILE {
                a[k] = even[0] * input[k];
            }
            for ((window, &he), &ho) in input.windows(TILE).skip(1).zip(&even[1..]).zip(odd) {
                for k in 0..TILE {
                    a[k] += he * window[k];
                    b[k] += ho * window[k];
                }
            }
            even_out[start..start + TILE].copy_from_slice(&a);
            odd_out[start..start + TILE].copy_from_slice(&b);
        }
    }
}

/// The lines of one channel.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    eightfold: bool,
    /// Band-limited audio, A.
    even: Line<f32>,
    /// The same half a sample later, B.
    odd: Line<f32>,
    /// A quarter and three quarters of a sample later.
    quarter: Line<f32>,
    three_quarter: Line<f32>,
    /// Seven eighths of a sample later; the first point's left neighbour.
    last_eighth: Line<f32>,
}

impl Detector {
    /// Allocates the lines of a design; `even_history` frames of band-limited audio stay readable.
    pub(super) fn new(design: &Design, even_history: usize) -> Self {
        Self {
            eightfold: design.eightfold,
            even: Line::new(even_history.max(4)),
            odd: Line::new(4),
            quarter: Line::new(2),
            three_quarter: Line::new(2),
            last_eighth: Line::new(1),
        }
    }

    /// Forgets all history.
    pub(super) fn clear(&mut self) {
        for line in [
            &mut self.even,
            &mut self.odd,
            &mut self.quarter,
            &mut self.three_quarter,
            &mut self.last_eighth,
        ] {
            line.clear();
        }
    }

    /// Band-limited audio, `back` frames before the current chunk.
    #[inline(always)]
    pub(super) fn band_limited(&self, back: usize, len: usize) -> &[f32] {
        self.even.read(back, len)
    }

    /// Ends the current chunk.
    #[inline(always)]
    pub(super) fn advance(&mut self, frames: usize) {
        self.even.advance(frames);
        self.odd.advance(frames);
        self.quarter.advance(frames);
        self.three_quarter.advance(frames);
        self.last_eighth.advance(frames);
    }

    /// Filters the chunk and raises `peak_squared` to this channel's refined peaks.
    ///
    /// `input` begins the filter's history before the chunk; `len` is a multiple of [`TILE`].
    #[inline(always)]
    pub(super) fn run(
        &mut self,
        taps: &FrontTaps,
        input: &[f32],
        peak_squared: &mut [f32; CHUNK],
        len: usize,
    ) {
        taps.run(input, self.even.write(len), self.odd.write(len));
        self.quarters(len);
        if self.eightfold {
            self.peaks_8x(peak_squared, len);
        } else {
            self.peaks_4x(peak_squared, len);
        }
    }

    #[inline(always)]
    fn quarters(&mut self, len: usize) {
        let [c0, c1, c2, c3] = MIDPOINT_4X;
        let a = self.even.read(3, len + 3);
        let b = self.odd.read(4, len + 4);
        let (a3, a2, a1, a0) = (&a[..len], &a[1..=len], &a[2..len + 2], &a[3..len + 3]);
        let (b4, b3, b2, b1, b0) =
            (&b[..len], &b[1..=len], &b[2..len + 2], &b[3..len + 3], &b[4..len + 4]);
        let q1 = &mut self.quarter.write(len)[..len];
        let q3 = &mut self.three_quarter.write(len)[..len];
        for i in 0..len {
            q1[i] = c0 * (a2[i] + b2[i])
                + c1 * (b3[i] + a1[i])
                + c2 * (a3[i] + b1[i])
                + c3 * (b4[i] + a0[i]);
            q3[i] = c0 * (b2[i] + a1[i])
                + c1 * (a2[i] + b1[i])
                + c2 * (b3[i] + a0[i])
                + c3 * (a3[i] + b0[i]);
        }
    }

    #[inline(always)]
    fn peaks_8x(&mut self, peak_squared: &mut [f32; CHUNK], len: usize) {
        let [c0, c1, c2] = MIDPOINT_8X;
        let a = self.even.read(3, len + 1);
        let b = self.odd.read(4, len + 2);
        let q1 = self.quarter.read(1, len + 1);
        let q3 = self.three_quarter.read(2, len + 1);
        // Names: the point and, for the neighbours in time, `prev` and `next`.
        let (a, a_next) = (&a[..len], &a[1..=len]);
        let (b_prev, b, b_next) = (&b[..len], &b[1..=len], &b[2..len + 2]);
        let (q1, q1_next) = (&q1[..len], &q1[1..=len]);
        let (q3_prev, q3) = (&q3[..len], &q3[1..=len]);
        let mut e1 = [0.0_f32; CHUNK];
        let mut e3 = [0.0_f32; CHUNK];
        let mut e5 = [0.0_f32; CHUNK];
        let e7 = &mut self.last_eighth.write(len)[..len];
        for i in 0..len {
            e1[i] = c0 * (a[i] + q1[i]) + c1 * (q3_prev[i] + b[i]) + c2 * (b_prev[i] + q3[i]);
            e3[i] = c0 * (q1[i] + b[i]) + c1 * (a[i] + q3[i]) + c2 * (q3_prev[i] + a_next[i]);
            e5[i] = c0 * (b[i] + q3[i]) + c1 * (q1[i] + a_next[i]) + c2 * (a[i] + q1_next[i]);
            e7[i] = c0 * (q3[i] + a_next[i]) + c1 * (b[i] + q1_next[i]) + c2 * (q1[i] + b_next[i]);
        }
        let e7 = self.last_eighth.read(1, len + 1);
        let (e7_prev, e7) = (&e7[..len], &e7[1..=len]);
        for i in 0..len {
            let first = max(refine(e7_prev[i], a[i], e1[i]), refine(a[i], e1[i], q1[i]));
            let second = max(refine(e1[i], q1[i], e3[i]), refine(q1[i], e3[i], b[i]));
            let third = max(refine(e3[i], b[i], e5[i]), refine(b[i], e5[i], q3[i]));
            let fourth = max(refine(e5[i], q3[i], e7[i]), refine(q3[i], e7[i], a_next[i]));
            let peak = max(max(first, second), max(third, fourth));
            peak_squared[i] = max(peak_squared[i], peak);
        }
    }

    #[inline(always)]
    fn peaks_4x(&self, peak_squared: &mut [f32; CHUNK], len: usize) {
        let a = self.even.read(2, len + 1);
        let b = &self.odd.read(2, len)[..len];
        let q1 = &self.quarter.read(0, len)[..len];
        let q3 = self.three_quarter.read(1, len + 1);
        let (a, a_next) = (&a[..len], &a[1..=len]);
        let (q3_prev, q3) = (&q3[..len], &q3[1..=len]);
        for i in 0..len {
            let first = max(refine(q3_prev[i], a[i], q1[i]), refine(a[i], q1[i], b[i]));
            let second = max(refine(q1[i], b[i], q3[i]), refine(b[i], q3[i], a_next[i]));
            peak_squared[i] = max(peak_squared[i], max(first, second));
        }
    }
}

/// Returns the squared peak of the sinusoid through three equally spaced points, if the middle one
/// is the largest, and the middle one squared otherwise.
#[inline(always)]
pub(crate) fn refine(before: f32, at: f32, after: f32) -> f32 {
    let squared = at * at;
    let is_peak = (at * (at - before) >= 0.0) & (at * (at - after) >= 0.0);
    let difference = after - before;
    let sum = after + before;
    let denominator = max(4.0 * squared - sum * sum, 1e-6 * squared + 1e-20);
    let rise = min(0.35, difference * difference / denominator);
    squared + if is_peak { squared * rise } else { 0.0 }
}
