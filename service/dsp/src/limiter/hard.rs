//! Owns the hard tier: nothing above the ceiling leaves it, whatever goes in.
//!
//! Runs on the audio thread. The recipe: a linear-phase filter splits the audio into a band whose
//! true peak a short interpolator can read exactly, and the rest near Nyquist. One gain limits
//! the band; a second takes the rest away only where it could raise a peak between samples.
//! While neither acts, the output is the delayed input bit for bit.

use super::design::Design;
use super::detector::{Detector, FrontTaps};
use super::gain::{Release, Smoother, Sustain};
use crate::line::Line;
use crate::math::{exp2, log2, max, min, sanitise};
use crate::params::{LimiterParams, Lookahead};
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::{Kernel, Level};
use crate::units::{DB_PER_OCTAVE, OCTAVES_PER_DB, db_to_gain};
use crate::{Block, CHUNK};

/// Vector kernels work on multiples of this many frames.
const TILE: usize = 16;
/// Frames in which the effect of emitted high frequencies on later peaks decays by 1/e.
const TAIL_FRAMES: f32 = 120.0;
/// Share of high frequencies that can add to a peak after them: the far tail of a sinc, from [`Design::reach`] on.
const FAR_TAIL: f32 = 0.5;
/// The most of the level aimed at that the tail takes: a single sample, the loudest there may be, has a short one.
const LARGEST_TAIL: f32 = 0.5;

/// What the hard tier did since the last take.
#[derive(Clone, Copy, Debug)]
pub(super) struct HardMeters {
    /// Highest reading of the limited audio, linear.
    pub(super) true_peak: f32,
    /// Deepest reduction, in octaves, zero or negative.
    pub(super) deepest: f32,
}

impl HardMeters {
    const REST: Self = Self { true_peak: 0.0, deepest: 0.0 };

    /// The extremes of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            true_peak: max(self.true_peak, other.true_peak),
            deepest: min(self.deepest, other.deepest),
        }
    }

    /// The deepest reduction in dB.
    pub(super) fn deepest_db(self) -> f32 {
        self.deepest * DB_PER_OCTAVE
    }
}

/// The hard tier of a linked group of channels.
#[derive(Clone, Debug)]
pub(super) struct HardTier {
    design: Design,
    rate_hz: u32,
    level: Level,
    taps: FrontTaps,
    bound: Box<[f32]>,
    inputs: Box<[Line<f32>]>,
    detectors: Box<[Detector]>,
    /// Refined peak between each base time and the next. It counts for the first of the two; the gain
    /// at the second differs from that by less than the tip of the smoothing's weights.
    peaks: Line<f32>,
    /// Largest magnitude near Nyquist.
    high: Line<f32>,
    /// Level aimed at (ceiling less margin) that each frame is held to.
    aims: Line<f32>,
    gain: Smoother,
    share: Smoother,
    /// What high frequencies near a peak can add to it; the gain takes them down with it.
    tail: f32,
    /// What those that were emitted before add to it, as loud as they were.
    emitted: f32,
    tail_factor: f32,
    release: Release,
    /// Level aimed at, in octaves.
    aim: Ramp,
    meters: HardMeters,
    clamp_activations: u64,
}

impl HardTier {
    pub(super) fn new(
        rate_hz: u32,
        channels: usize,
        lookahead: Lookahead,
        params: &LimiterParams,
    ) -> Self {
        let design = Design::for_rate(rate_hz, lookahead);
        let taps = FrontTaps::new(&design);
        let history = design.latency().max(taps.history());
        let (lag, look) = (design.lag(), design.lookahead);
        let mut tier = Self {
            design,
            rate_hz,
            level: Level::detect(),
            bound: design.bound_taps(),
            inputs: (0..channels).map(|_| Line::new(history)).collect(),
            detectors: (0..channels).map(|_| Detector::new(&design, look + lag)).collect(),
            taps,
            peaks: Line::new(look.max(design.reach)),
            high: Line::new(2 * design.reach),
            aims: Line::new(look.max(design.reach)),
            gain: Smoother::new(look, Sustain::for_gain(rate_hz)),
            share: Smoother::new(design.reach_span(), Sustain::NONE),
            tail: 0.0,
            emitted: 0.0,
            tail_factor: (-1.0 / TAIL_FRAMES).exp(),
            release: Release { hold: 0.0, factor: 0.0 },
            aim: Ramp::at(0.0),
            meters: HardMeters::REST,
            clamp_activations: 0,
        };
        tier.set_params(params);
        tier.clear();
        tier
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    pub(super) fn latency(&self) -> usize {
        self.design.latency()
    }

    pub(super) fn clamp_activations(&self) -> u64 {
        self.clamp_activations
    }

    /// Takes over where `other` is, so that a release goes on; returns the frames after which
    /// the output no longer depends on audio that was not heard.
    pub(super) fn begin_beside(&mut self, other: &Self) -> usize {
        self.level = other.level;
        self.release = other.release;
        let aim = self.aim.target();
        self.aim = other.aim;
        self.aim.set(aim, ramp_frames(self.rate_hz));
        self.aims.fill(exp2(self.aim.value()));
        self.gain.begin_beside(&other.gain);
        self.share.begin_beside(&other.share);
        (self.tail, self.emitted) = (other.tail, other.emitted);
        self.latency() + self.taps.history() + 2 * TILE
    }

    /// Takes over what `other` has counted and measured.
    pub(super) fn succeed(&mut self, other: &mut Self) {
        self.meters = self.meters.and(other.take_meters());
        self.clamp_activations += std::mem::take(&mut other.clamp_activations);
    }

    pub(super) fn take_meters(&mut self) -> HardMeters {
        std::mem::replace(&mut self.meters, HardMeters::REST)
    }

    /// Takes new settings; the ceiling ramps, the times apply at once.
    pub(super) fn set_params(&mut self, params: &LimiterParams) {
        let rate = self.rate_hz as f32;
        self.release = Release {
            hold: (params.hold_ms * 0.001 * rate).round(),
            factor: (-1000.0 / (params.release_ms * rate)).exp(),
        };
        let aim = (params.ceiling_dbtp - self.design.margin_db) * OCTAVES_PER_DB;
        self.aim.set(aim, ramp_frames(self.rate_hz));
    }

    /// Forgets all audio and ends all ramps.
    pub(super) fn clear(&mut self) {
        for line in &mut self.inputs {
            line.clear();
        }
        for detector in &mut self.detectors {
            detector.clear();
        }
        self.peaks.clear();
        self.high.clear();
        self.gain.clear();
        self.share.clear();
        (self.tail, self.emitted) = (0.0, 0.0);
        self.aim.finish();
        self.aims.fill(exp2(self.aim.value()));
        self.meters = HardMeters::REST;
    }

    /// Limits the first `frames` (at most [`CHUNK`]) of each channel of `block` in place.
    pub(super) fn process(&mut self, block: &mut Block, frames: usize) {
        self.level.run(Run { tier: self, block, frames });
    }

    /// Takes the audio in and reads its true peaks.
    #[inline(always)]
    fn detect(&mut self, block: &Block, frames: usize, len: usize) {
        let delay = self.design.delay;
        let history = self.taps.history();
        let mut peak_squared = [0.0_f32; CHUNK];
        let mut high = [0.0_f32; CHUNK];
        for ((line, detector), audio) in
            self.inputs.iter_mut().zip(&mut self.detectors).zip(block.iter())
        {
            let input = line.write(len);
            for (to, &from) in input[..frames].iter_mut().zip(&audio[..frames]) {
                *to = sanitise(from);
            }
            input[frames..].fill(0.0);
            detector.run(&self.taps, line.read(history, history + len), &mut peak_squared, len);
            let dry = line.read(delay, len);
            let band = detector.band_limited(0, len);
            for ((h, dry), band) in high[..len].iter_mut().zip(dry).zip(band) {
                *h = max(*h, (dry - band).abs());
            }
        }
        self.high.write(len).copy_from_slice(&high[..len]);
        for (peak, squared) in self.peaks.write(len).iter_mut().zip(&peak_squared) {
            *peak = squared.sqrt();
        }
    }

    /// Writes the level aimed at.
    #[inline(always)]
    fn aim(&mut self, frames: usize) {
        let aims = self.aims.write(frames);
        if self.aim.is_at_rest() {
            aims.fill(exp2(self.aim.value()));
        } else {
            self.aim.fill(aims);
            for aim in aims {
                *aim = exp2(*aim);
            }
        }
    }

    /// Finds how much of the high frequencies may stay: minus the share that is taken away.
    ///
    /// `held` receives the state before smoothing, `share` the smoothed one, `emitted` the most of them that is
    /// emitted.
    #[inline(always)]
    fn high_share(
        &mut self,
        held: &mut [f32; CHUNK],
        share: &mut [f32; CHUNK],
        emitted: &mut [f32; CHUNK],
        frames: usize,
        len: usize,
    ) {
        let reach = self.design.reach;
        let back = reach - self.design.lag();
        let mut bound = [0.0_f32; CHUNK];
        let high = self.high.read(2 * reach, 2 * reach + len);
        for start in (0..len).step_by(TILE) {
            let mut sum = [0.0_f32; TILE];
            for (window, &weight) in high[start..].windows(TILE).zip(&self.bound) {
                for k in 0..TILE {
                    sum[k] += weight * window[k];
                }
            }
            bound[start..start + TILE].copy_from_slice(&sum);
        }
        let aims = self.aims.read(back, frames);
        let peaks = self.peaks.read(back, frames);
        let required = self.share.required(frames);
        for (((out, aim), peak), bound) in required.iter_mut().zip(aims).zip(peaks).zip(&bound) {
            let share = (aim - peak) / max(*bound, 1e-20);
            *out = max(min(share, 1.0), 0.0) - 1.0;
        }
        self.share.hold(self.release, held, frames);
        // A release within the smoothing gives less back than the margin.
        let high = self.high.read(reach, frames);
        for ((emitted, high), held) in emitted.iter_mut().zip(high).zip(&*held) {
            *emitted = high * (1.0 + held);
        }
        *share = *held;
        self.share.smooth(share, frames);
    }

    /// Finds the gain of the band, in octaves.
    #[inline(always)]
    fn band_gain(
        &mut self,
        held: &[f32; CHUNK],
        emitted: &mut [f32; CHUNK],
        gain: &mut [f32; CHUNK],
        frames: usize,
    ) {
        let mut tails = [0.0_f32; CHUNK];
        // Keeps a decay out of the subnormals.
        let audible = |x: f32| if x < 1e-12 { 0.0 } else { x };
        let (mut tail, mut last) = (self.tail, self.emitted);
        let high = self.high.read(0, frames);
        for (((out, emitted), high), held) in
            tails.iter_mut().zip(emitted.iter_mut()).zip(high).zip(held)
        {
            let share = self.design.tail * (1.0 + held) + self.design.leak;
            tail = audible(max(share * high, tail * self.tail_factor));
            last = audible(max(FAR_TAIL * *emitted, last * self.tail_factor));
            (*out, *emitted) = (tail, last);
        }
        (self.tail, self.emitted) = (tail, last);
        let aims = self.aims.read(0, frames);
        let peaks = self.peaks.read(0, frames);
        let required = self.gain.required(frames);
        for i in 0..frames {
            let room = aims[i] - min(emitted[i], LARGEST_TAIL * aims[i]);
            let excess = max((peaks[i] + tails[i]) / aims[i], peaks[i] / room);
            required[i] = if excess <= 1.0 { 0.0 } else { min(-log2(excess), 0.0) };
        }
        self.gain.hold(self.release, gain, frames);
        self.gain.smooth(gain, frames);
    }

    /// Writes the limited audio to `block`.
    #[inline(always)]
    fn emit(
        &mut self,
        block: &mut Block,
        share: &[f32; CHUNK],
        gain: &[f32; CHUNK],
        frames: usize,
    ) {
        let look = self.design.lookahead;
        let lag = self.design.lag();
        let latency = self.design.latency();
        let margin = db_to_gain(self.design.margin_db);
        let mut linear = [1.0_f32; CHUNK];
        let mut limits = [0.0_f32; CHUNK];
        let mut deepest = self.meters.deepest;
        for ((linear, gain), _) in linear.iter_mut().zip(gain).zip(0..frames) {
            deepest = min(deepest, *gain);
            *linear = exp2(*gain);
        }
        for (limit, aim) in limits.iter_mut().zip(self.aims.read(look, frames)) {
            *limit = aim * margin;
        }
        let mut true_peak = self.meters.true_peak;
        for (gain, peak) in linear.iter().zip(self.peaks.read(look, frames)) {
            true_peak = max(true_peak, gain * peak);
        }
        let mut clamped = 0_u32;
        for ((line, detector), audio) in
            self.inputs.iter().zip(&self.detectors).zip(block.iter_mut())
        {
            let dry = &line.read(latency, frames)[..frames];
            let band = &detector.band_limited(lag + look, frames)[..frames];
            let audio = &mut audio[..frames];
            for i in 0..frames {
                let mixed = dry[i] + share[i] * (dry[i] - band[i]);
                let mixed = if share[i] == 0.0 { dry[i] } else { mixed };
                let out = linear[i] * mixed;
                let held = max(min(out, limits[i]), -limits[i]);
                clamped += u32::from(out.abs() > limits[i]);
                true_peak = max(true_peak, held.abs());
                audio[i] = held;
            }
        }
        self.clamp_activations += u64::from(clamped);
        self.meters = HardMeters { true_peak, deepest };
    }

    #[inline(always)]
    fn advance(&mut self, frames: usize) {
        for line in &mut self.inputs {
            line.advance(frames);
        }
        for detector in &mut self.detectors {
            detector.advance(frames);
        }
        self.peaks.advance(frames);
        self.high.advance(frames);
        self.aims.advance(frames);
    }
}

/// The hard tier's work on one chunk.
struct Run<'a> {
    tier: &'a mut HardTier,
    block: &'a mut Block,
    frames: usize,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tier, block, frames } = self;
        // Vector loops run on whole tiles; what they write past `frames` is overwritten later.
        let len = frames.next_multiple_of(TILE);
        let mut held = [0.0; CHUNK];
        let mut share = [0.0; CHUNK];
        let mut emitted = [0.0; CHUNK];
        let mut gain = [0.0; CHUNK];
        tier.detect(block, frames, len);
        tier.aim(frames);
        tier.high_share(&mut held, &mut share, &mut emitted, frames, len);
        tier.band_gain(&held, &mut emitted, &mut gain, frames);
        tier.emit(block, &share, &gain, frames);
        tier.advance(frames);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_that_aims_too_high_is_clamped_and_every_sample_counted() {
        let params = LimiterParams::default();
        let mut tier = HardTier::new(48_000, 1, Lookahead::Standard, &params);
        // It now aims 3 dB over the ceiling.
        tier.design.margin_db = -3.0;
        tier.set_params(&params);
        tier.clear();
        let ceiling = db_to_gain(params.ceiling_dbtp);
        let mut block = [[0.0; CHUNK]; crate::MAX_CHANNELS];
        let mut held = 0;
        for _ in 0..100 {
            for (n, x) in block[0].iter_mut().enumerate() {
                *x = if n % 32 < 16 { 4.0 } else { -4.0 };
            }
            tier.process(&mut block, CHUNK);
            assert!(block[0].iter().all(|x| x.abs() <= ceiling * 1.000_001));
            held += block[0].iter().filter(|x| x.abs() >= ceiling * 0.999_999).count();
        }
        assert!(held > 1000);
        assert_eq!(tier.clamp_activations(), held as u64);
    }
}
