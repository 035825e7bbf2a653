//! Owns "never louder than": a momentary loudness that what a chain passes does not exceed; runs on the audio thread.
//!
//! It is the leveller's fast part again, with a fixed reference, behind everything but the limiter.

use crate::leveller::Line;
use crate::leveller::surge::{STAYING_DB, Surge};
use crate::loudness::Loudness;
use crate::math::exp2;
use crate::params::Cap;
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec};
use crate::{Block, CHUNK, parts};

/// How far below the cap the reference of its surge is, in LU: what stays may be so far above a reference, and a little
/// is left for what swings.
const REFERENCE_BELOW_LU: f32 = STAYING_DB + 0.25;
/// The reference follows a new cap with this time constant, in hops.
const REFERENCE_HOPS: f32 = 50.0;

/// The cap of a linked group of channels.
#[derive(Clone, Debug)]
pub(crate) struct CapStage {
    rate_hz: u32,
    channels: usize,
    loudness: Loudness,
    presence: Ramp,
    surge: Surge,
    line: Line,
    wanted_lufs: f32,
    reference_lufs: f32,
    factor: f32,
}

impl CapStage {
    pub(crate) fn new(spec: Spec, cap: Cap, bypassed: bool) -> Result<Self, PrepareError> {
        let mut stage = Self {
            rate_hz: spec.rate_hz,
            channels: spec.layout.channels(),
            loudness: Loudness::ungated(spec)?,
            presence: Ramp::at(0.0),
            surge: Surge::level_at_once(),
            line: Line::default(),
            wanted_lufs: 0.0,
            reference_lufs: 0.0,
            factor: (-1.0 / REFERENCE_HOPS).exp(),
        };
        stage.set(cap, bypassed);
        stage.clear();
        Ok(stage)
    }

    /// Takes another cap; switching fades.
    pub(crate) fn set(&mut self, cap: Cap, bypassed: bool) {
        if let Cap::Lufs(lufs) = cap {
            self.wanted_lufs = lufs - REFERENCE_BELOW_LU;
            if !self.is_running() {
                self.forget();
            }
        }
        let present = cap != Cap::Off && !bypassed;
        self.presence.set(if present { 1.0 } else { 0.0 }, ramp_frames(self.rate_hz));
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.loudness.set_level(level);
    }

    pub(crate) fn clear(&mut self) {
        self.presence.finish();
        self.forget();
    }

    /// The deepest reduction since the last take, in dB, zero or negative.
    pub(crate) fn take_deepest_db(&mut self) -> f32 {
        self.surge.take_deepest_db() * self.presence.value()
    }

    /// The meter of what comes in, while the stage is at work.
    pub(crate) fn input(&self) -> Option<&Loudness> {
        self.is_running().then_some(&self.loudness)
    }

    fn is_running(&self) -> bool {
        self.presence.target() > 0.0 || !self.presence.is_at_rest()
    }

    fn forget(&mut self) {
        self.loudness.reset();
        self.surge.clear();
        self.line = Line::default();
        self.reference_lufs = self.wanted_lufs;
    }

    /// Applies the cap to the first `frames` of sanitised audio in place.
    pub(crate) fn process(&mut self, block: &mut Block, frames: usize) {
        if !self.is_running() {
            return;
        }
        let mut start = 0;
        while start < frames {
            let take = (frames - start).min(self.loudness.frames_to_hop());
            let position = self.loudness.hop_position();
            let power = self.loudness.measure_hop(&parts(block, self.channels, start, take));
            if !self.line.is_none() || !self.presence.is_at_rest() {
                let (mut octaves, mut presence) = ([0.0_f32; CHUNK], [0.0_f32; CHUNK]);
                self.line.fill(position, &mut octaves[..take]);
                self.presence.fill(&mut presence[..take]);
                for (octaves, presence) in octaves[..take].iter_mut().zip(&presence) {
                    *octaves = exp2(*octaves * presence);
                }
                for channel in &mut block[..self.channels] {
                    for (x, gain) in channel[start..start + take].iter_mut().zip(&octaves) {
                        *x *= gain;
                    }
                }
            }
            if let Some(power) = power {
                self.reference_lufs =
                    self.wanted_lufs + self.factor * (self.reference_lufs - self.wanted_lufs);
                let gain_db = self.surge.step(power, self.reference_lufs);
                self.line.go_to(gain_db, self.loudness.hop_frames());
            }
            start += take;
        }
    }
}
