//! Owns the gain computer: sliding minimum, hold, release, and smoothing by running sums.
//!
//! The release depends on the programme: each reduction is released fast, but towards a base that
//! follows what is needed for long or again and again. A click leaves the base at rest, so its gain is
//! back at once; peaks in a rhythm pull the base down to them, so the gain stands still instead of
//! pumping.
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

/// Frames between two moves of the base, counted from the first frame of the stream.
const STEP: usize = 32;

/// How the base follows a reduction that is needed again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sustain {
    /// Steps with action after which the base follows.
    after: u32,
    /// Share of the distance to the state that the base goes in a step in which it acts.
    attack: f32,
    /// Steps without action after which the base is released.
    hold: u32,
    /// Released per step.
    release: f32,
    /// The deepest base.
    floor: f32,
}

impl Sustain {
    /// How long the gain has to act, once or by turns, before the base follows: longer than a click, in seconds.
    const AFTER_S: f32 = 0.04;
    /// Time constant of the base's fall, counted while the gain acts, in seconds.
    const ATTACK_S: f32 = 0.2;
    /// Time without action after which the base is released: longer than a beat, in seconds.
    const HOLD_S: f32 = 0.7;
    /// Speed of the base's release, in octaves per second (6 dB/s).
    const RELEASE_PER_S: f32 = 1.0;

    /// No base: every reduction is released to rest.
    pub(super) const NONE: Self = Self { after: 0, attack: 0.0, hold: 0, release: 0.0, floor: 0.0 };

    /// A base for gains in octaves, at most two of them deep.
    pub(super) fn for_gain(rate_hz: u32) -> Self {
        let steps_per_s = rate_hz as f32 / STEP as f32;
        Self {
            after: (Self::AFTER_S * steps_per_s) as u32,
            attack: 1.0 - (-1.0 / (Self::ATTACK_S * steps_per_s)).exp(),
            hold: (Self::HOLD_S * steps_per_s) as u32,
            release: Self::RELEASE_PER_S / steps_per_s,
            floor: -2.0,
        }
    }
}

/// One gain computer.
#[derive(Clone, Debug)]
pub(super) struct Smoother {
    span: usize,
    required: Line<f32>,
    /// Latest requirements in a row that were at rest; counts no further than it must.
    frames_at_rest: usize,
    scratch: [Box<[f32]>; 2],
    sustain: Sustain,
    /// What the state is released towards.
    base: f32,
    /// Distance of the state below the base, zero or negative.
    distance: f32,
    /// Frames that the state is held.
    hold: f32,
    /// Steps that the base is held.
    base_hold: u32,
    /// Steps with action since the base was held last, at most those after which it follows.
    acted: u32,
    /// Frames until the base may move.
    step_frames: usize,
    /// Whether a requirement was met in the current step.
    step_hit: bool,
    boxes: [usize; 3],
    sums: [i64; 3],
    lines: [Line<i64>; 3],
    scale: f64,
}

impl Smoother {
    /// Allocates a computer that looks `span` frames ahead.
    pub(super) fn new(span: usize, sustain: Sustain) -> Self {
        let boxes = box_lengths(span);
        let product = boxes.iter().map(|&b| b as f64).product::<f64>();
        Self {
            span,
            required: Line::new(span),
            frames_at_rest: span,
            scratch: [(); 2].map(|()| vec![0.0; 2 * span + CHUNK + TILE].into_boxed_slice()),
            sustain,
            base: 0.0,
            distance: 0.0,
            hold: 0.0,
            base_hold: 0,
            acted: 0,
            step_frames: STEP,
            step_hit: false,
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
        self.base = 0.0;
        self.distance = 0.0;
        self.hold = 0.0;
        self.base_hold = 0;
        self.acted = 0;
        self.step_frames = STEP;
        self.step_hit = false;
        self.sums = [0; 3];
        for line in &mut self.lines {
            line.clear();
        }
    }

    /// Holds and releases from where `other` is.
    pub(super) fn begin_beside(&mut self, other: &Self) {
        self.base = other.base;
        self.distance = other.distance;
        self.hold = other.hold;
        self.base_hold = other.base_hold;
        self.acted = other.acted;
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
        let at_rest = self.base == 0.0 && self.distance == 0.0;
        if at_rest && state[..frames].iter().all(|&m| m == 0.0) {
            self.hold = (self.hold - frames as f32).max(0.0);
            // Keeps the steps where they are in the stream; what a step has seen counts no more.
            self.step_frames = STEP - (STEP - self.step_frames + frames) % STEP;
            self.step_hit = false;
            return;
        }
        let mut rest = &mut state[..frames];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at_mut(rest.len().min(self.step_frames));
            self.hold_step(release, piece);
            self.step_frames -= piece.len();
            if self.step_frames == 0 {
                self.step_frames = STEP;
                self.move_base();
            }
            rest = after;
        }
    }

    /// Holds and releases within one step.
    #[inline(always)]
    fn hold_step(&mut self, release: Release, state: &mut [f32]) {
        let base = self.base;
        let (mut distance, mut hold, mut any_hit) = (self.distance, self.hold, self.step_hit);
        for m in state {
            let required = *m - base;
            let hit = *m < 0.0 && required <= distance + HIT_TOLERANCE;
            let released = if hold > 0.0 { distance } else { distance * release.factor };
            let released = if released > REST { 0.0 } else { released };
            hold = if hit { release.hold } else { crate::math::max(hold - 1.0, 0.0) };
            distance = min(required, released);
            any_hit |= hit;
            // The sum may be rounded up.
            *m = min(*m, base + distance);
        }
        (self.distance, self.hold, self.step_hit) = (distance, hold, any_hit);
    }

    /// Moves the base at the end of a step: down without the state, up with it.
    #[inline(always)]
    fn move_base(&mut self) {
        let sustain = self.sustain;
        let before = self.base;
        if self.step_hit || self.hold > 0.0 {
            if self.acted < sustain.after {
                self.acted += 1;
            } else {
                let target = crate::math::max(before + self.distance, sustain.floor);
                self.base += sustain.attack * min(target - before, 0.0);
                self.distance = min(self.distance + (before - self.base), 0.0);
            }
            self.base_hold = sustain.hold;
        } else if self.base_hold > 0 {
            self.base_hold -= 1;
        } else {
            self.acted = 0;
            self.base = min(before + sustain.release, 0.0);
        }
        self.step_hit = false;
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
        for (span, sustain) in [15, 24, 40, 160]
            .into_iter()
            .flat_map(|span| [(span, Sustain::NONE), (span, Sustain::for_gain(48_000))])
        {
            let out = run(&mut Smoother::new(span, sustain), release, &input, 64);
            for i in span..input.len() {
                assert!(out[i] <= input[i - span], "{span} {i}");
            }
            assert_eq!(out, run(&mut Smoother::new(span, sustain), release, &input, 17));
        }
    }

    #[test]
    fn a_steady_gain_is_never_rounded_up_and_hardly_down() {
        let release = Release { hold: 10.0, factor: 0.99 };
        for required in [-0.123_456_7, -0.3, -0.777_777_7] {
            let input = [required; 500];
            let out = run(&mut Smoother::new(40, Sustain::NONE), release, &input, 64);
            assert!(out[100..].iter().all(|&v| v <= required && v > required - 2e-6));
        }
    }

    #[test]
    fn the_gain_has_no_corners() {
        let release = Release { hold: 10.0, factor: 0.99 };
        for span in [24, 40, 160] {
            let mut input = vec![0.0_f32; 1000];
            input[300] = -1.0;
            let out = run(&mut Smoother::new(span, Sustain::NONE), release, &input, 64);
            // Three boxes in a row make pieces of parabolas: the slope changes by at most about
            // the square of a box's inverse length per frame.
            let most = 1.5 * (3.0 / span as f32).powi(2);
            for w in out.windows(3) {
                assert!((w[2] - 2.0 * w[1] + w[0]).abs() < most, "{span}");
            }
        }
    }

    #[test]
    fn the_base_follows_what_is_needed_again_and_again() {
        let release = Release { hold: 480.0, factor: (-1.0_f32 / 3840.0).exp() };
        // One hit of an octave every half second, for 15 s, then none.
        let mut input = vec![0.0_f32; 48_000 * 18];
        for n in (0..48_000 * 15).step_by(24_000) {
            input[n..n + 480].fill(-1.0);
        }
        let mut smoother = Smoother::new(40, Sustain::for_gain(48_000));
        let out = run(&mut smoother, release, &input, 64);
        let before_the_hit = |hit: usize| out[hit * 24_000 - 10];
        assert!(before_the_hit(1) > -0.15, "{}", before_the_hit(1));
        assert!(before_the_hit(29) < -0.85, "{}", before_the_hit(29));
        assert!(out.iter().all(|&v| v >= -1.000_01), "never deeper than what is needed");
        // Held for 0.7 s after the last one, then released in a second, and then exactly at rest.
        assert!(out[29 * 24_000 + 30_000] < -0.85);
        assert!(out[48_000 * 17..].iter().all(|&v| v == 0.0));
    }

    #[test]
    fn a_click_leaves_no_base() {
        let release = Release { hold: 480.0, factor: (-1.0_f32 / 3840.0).exp() };
        let mut input = vec![0.0_f32; 48_000 * 2];
        input[..480].fill(-4.0);
        let out = run(&mut Smoother::new(40, Sustain::for_gain(48_000)), release, &input, 64);
        // A tenth of a decibel, 0.45 s later.
        assert!(out[22_600] > -0.02, "{}", out[22_600]);
    }

    #[test]
    fn a_blast_leaves_a_base_of_two_octaves_at_most() {
        let release = Release { hold: 480.0, factor: (-1.0_f32 / 3840.0).exp() };
        let mut input = vec![0.0_f32; 48_000 * 6];
        input[..96_000].fill(-15.0);
        let out = run(&mut Smoother::new(40, Sustain::for_gain(48_000)), release, &input, 64);
        // Half a second later the state has come up to the base, and 0.7 s and two seconds after
        // the blast all of it has been given back.
        let base = out[96_000 + 30_000];
        assert!((-2.05..-1.9).contains(&base), "{base}");
        assert!(out[96_000 + 150_000..].iter().all(|&v| v == 0.0));
    }

    #[test]
    fn the_gain_returns_to_exact_rest() {
        let release = Release { hold: 10.0, factor: 0.99 };
        let mut input = vec![0.0_f32; 4000];
        input[5] = -3.0;
        let out = run(&mut Smoother::new(40, Sustain::NONE), release, &input, 64);
        assert!(out[4..60].iter().any(|&v| v < -2.9));
        assert!(out[3000..].iter().all(|&v| v == 0.0));
    }
}
