//! Owns the soft tier: a comfort cap on peaks that stand out of the programme.
//!
//! Runs on the audio thread, before the hard tier. The cap follows the programme's gated
//! short-term loudness; before the first reading there is none.

use super::programme::Programme;
use crate::math::{exp2, log2, max, min};
use crate::params::SoftParams;
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::{Kernel, Level};
use crate::spec::{PrepareError, Spec};
use crate::units::{DB_PER_OCTAVE, OCTAVES_PER_DB};
use crate::{Block, CHUNK, parts};

/// Loudness below which a programme counts as silent, in LUFS.
const GATE_LUFS: f32 = -60.0;
/// The most that the tier takes away, in octaves (12 dB).
const DEEPEST: f32 = -12.0 * OCTAVES_PER_DB;
/// Time constant of the peak follower's decay, in seconds: bridges the cycles of a low tone.
const FOLLOWER_S: f32 = 0.03;
/// Time constant of the cap's movement, in seconds.
const CAP_S: f32 = 0.1;
/// A reduction smaller than this (in octaves) is none.
const REST: f32 = -1e-5;

/// The soft tier of a linked group of channels.
#[derive(Clone, Debug)]
pub(super) struct SoftTier {
    rate_hz: u32,
    channels: usize,
    level: Level,
    programme: Programme,
    /// How far the tier is faded in.
    presence: Ramp,
    /// Distance of the cap above the programme, in octaves.
    distance: Ramp,
    /// The programme's loudness in octaves, as the cap has followed it.
    loudness: Option<f32>,
    follower: f32,
    reduction: f32,
    attack: f32,
    release: f32,
    follower_factor: f32,
    cap_factor: f32,
    deepest: f32,
}

impl SoftTier {
    pub(super) fn new(spec: Spec, params: &SoftParams) -> Result<Self, PrepareError> {
        let programme = Programme::new(spec, GATE_LUFS)?;
        let rate = spec.rate_hz as f32;
        let mut tier = Self {
            rate_hz: spec.rate_hz,
            channels: spec.layout.channels(),
            level: Level::detect(),
            programme,
            presence: Ramp::at(0.0),
            distance: Ramp::at(0.0),
            loudness: None,
            follower: 0.0,
            reduction: 0.0,
            attack: 0.0,
            release: 0.0,
            follower_factor: (-1.0 / (FOLLOWER_S * rate)).exp(),
            cap_factor: (-1.0 / (CAP_S * rate)).exp(),
            deepest: 0.0,
        };
        tier.set_params(params, false);
        tier.clear();
        Ok(tier)
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.level = level;
        self.programme.set_level(level);
    }

    /// Takes new settings; switching fades.
    pub(super) fn set_params(&mut self, params: &SoftParams, bypassed: bool) {
        let frames = ramp_frames(self.rate_hz);
        let rate = self.rate_hz as f32;
        let present = params.enabled && !bypassed;
        if present && !self.is_running() {
            self.forget();
        }
        self.presence.set(if present { 1.0 } else { 0.0 }, frames);
        self.distance.set(params.max_psr_db * OCTAVES_PER_DB, frames);
        self.attack = (-1000.0 / (params.attack_ms * rate)).exp();
        self.release = (-1000.0 / (params.release_ms * rate)).exp();
    }

    /// Forgets the programme and ends all ramps.
    pub(super) fn clear(&mut self) {
        self.presence.finish();
        self.distance.finish();
        self.forget();
        self.deepest = 0.0;
    }

    /// The deepest reduction since the last take, in dB, zero or negative.
    pub(super) fn take_deepest_db(&mut self) -> f32 {
        std::mem::replace(&mut self.deepest, 0.0) * DB_PER_OCTAVE
    }

    fn forget(&mut self) {
        self.programme.reset();
        self.loudness = None;
        self.follower = 0.0;
        self.reduction = 0.0;
    }

    fn is_running(&self) -> bool {
        self.presence.target() > 0.0 || !self.presence.is_at_rest()
    }

    /// Applies the tier to the first `frames` of sanitised audio in place.
    pub(super) fn process(&mut self, block: &mut Block, frames: usize) {
        if !self.is_running() {
            return;
        }
        let mut start = 0;
        while start < frames {
            let take = (frames - start).min(self.programme.frames_to_step());
            // The reading before this piece: where pieces begin must not matter.
            let reading = self.programme.reading_lufs().map(|l| l as f32 * OCTAVES_PER_DB);
            self.programme.measure(&parts(block, self.channels, start, take));
            self.level.run(Run { tier: self, block, start, frames: take, reading });
            start += take;
        }
    }
}

/// The soft tier's work on one piece of audio.
struct Run<'a> {
    tier: &'a mut SoftTier,
    block: &'a mut Block,
    start: usize,
    frames: usize,
    reading: Option<f32>,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tier, block, start, frames, reading } = self;
        let range = start..start + frames;
        let mut distance = [0.0_f32; CHUNK];
        let mut presence = [0.0_f32; CHUNK];
        tier.distance.fill(&mut distance[..frames]);
        tier.presence.fill(&mut presence[..frames]);
        let Some(reading) = reading else {
            return;
        };
        let mut peaks = [0.0_f32; CHUNK];
        for channel in &block[..tier.channels] {
            for (peak, x) in peaks.iter_mut().zip(&channel[range.clone()]) {
                *peak = max(*peak, x.abs());
            }
        }
        let mut loudness = tier.loudness.unwrap_or(reading);
        let (mut follower, mut reduction) = (tier.follower, tier.reduction);
        let (mut required, mut own) = ([0.0_f32; CHUNK], peaks);
        for i in 0..frames {
            follower = max(peaks[i], follower * tier.follower_factor);
            follower = if follower < 1e-12 { 0.0 } else { follower };
            required[i] = follower;
            loudness = reading + tier.cap_factor * (loudness - reading);
            distance[i] += loudness;
        }
        for needs in [&mut required, &mut own] {
            for (need, cap) in needs[..frames].iter_mut().zip(&distance) {
                *need = max(min(cap - log2(*need), 0.0), DEEPEST);
            }
        }
        for (required, own) in required[..frames].iter_mut().zip(&own) {
            let attacks = *required < reduction;
            // Behind a click the follower still asks for more, and nothing that is heard does.
            if !attacks || *own < reduction {
                let factor = if attacks { tier.attack } else { tier.release };
                reduction = *required + factor * (reduction - *required);
            }
            reduction = if reduction > REST { 0.0 } else { reduction };
            *required = reduction;
        }
        (tier.follower, tier.reduction, tier.loudness) = (follower, reduction, Some(loudness));
        let mut gain = [1.0_f32; CHUNK];
        for i in 0..frames {
            let octaves = required[i] * presence[i];
            tier.deepest = min(tier.deepest, octaves);
            gain[i] = exp2(octaves);
        }
        for channel in &mut block[..tier.channels] {
            for (x, gain) in channel[range.clone()].iter_mut().zip(&gain) {
                *x *= gain;
            }
        }
    }
}
