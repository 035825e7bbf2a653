//! Owns the loudness leveller: one gain out of a slow part and a fast one; runs on the audio thread.
//!
//! *How loud is this programme, and is it still the same?* needs seconds ([`programme`], [`gain`]). *Is this moment too
//! loud for it?* needs 1 to 400 ms ([`surge`]), and is asked of every hop of 1 ms. Both measure the input, never their
//! own output, so nothing can oscillate.

mod evidence;
mod gain;
mod programme;
mod rests;
pub(crate) mod surge;
mod volume;
mod window;

use crate::MAX_CHANNELS;
use crate::loudness::Loudness;
use crate::params::{LevellerParams, MAX_BOOST, MAX_CUT, Surge as Strength, TRIM};
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec};
use crate::state::DynamicsState;
use crate::units::OCTAVES_PER_DB;
use gain::Gain;
use programme::Programme;
use surge::{Surge, power_ratio};
use volume::Volume;

/// Hops of a block.
const BLOCK_HOPS: u32 = 100;
/// The reference follows with this time constant, in hops.
const REFERENCE_HOPS: f32 = 50.0;
/// The reference is never further below the target than this, in LU.
const REFERENCE_BELOW_LU: f32 = 6.0;
/// Nothing may jump out by so much less while a programme is new, in dB: its peaks are not known.
const NEW_DB: f32 = 1.0;
/// Within what a gain that is taken over is held, in dB: another's trim may be in it.
const LOWEST_DB: f32 = -MAX_CUT.max - TRIM.max;
const HIGHEST_DB: f32 = MAX_BOOST.max + TRIM.max;

/// A gain that is found at the end of each hop and reached, linear in dB, at the end of the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    from: f32,
    step: f32,
    to: f32,
}

impl Line {
    /// Rests at a gain in dB.
    pub(crate) fn at(db: f32) -> Self {
        let octaves = db * OCTAVES_PER_DB;
        Self { from: octaves, step: 0.0, to: octaves }
    }

    /// Goes on to another gain within the next hop.
    pub(crate) fn go_to(&mut self, db: f32, hop_frames: usize) {
        self.from = self.to;
        self.to = db * OCTAVES_PER_DB;
        self.step = (self.to - self.from) / hop_frames as f32;
    }

    /// Writes the gains, in octaves, of frames from a position in the hop on.
    #[inline(always)]
    pub(crate) fn fill(&self, position: usize, octaves: &mut [f32]) {
        for (i, octaves) in octaves.iter_mut().enumerate() {
            *octaves = self.from + self.step * (position + i + 1) as f32;
        }
    }

    /// Whether the gain is none, and stays so in this hop.
    pub(crate) fn is_none(&self) -> bool {
        self.from == 0.0 && self.to == 0.0
    }
}

/// The leveller.
#[derive(Clone, Debug)]
pub(crate) struct Leveller {
    params: LevellerParams,
    rate_hz: u32,
    loudness: Loudness,
    presence: Ramp,
    /// Whether the stage is being switched on or off, as opposed to bypassed.
    switching: bool,
    /// Whether it goes on for another, which may still be fading out before it.
    handed_over: bool,
    volume: Volume,
    programme: Programme,
    gain: Gain,
    surge: Surge,
    line: Line,
    reference_lufs: f32,
    reference_factor: f32,
    /// The slow gain now, and its change per hop, in dB.
    slow_db: f32,
    slow_step_db: f32,
    /// Hops of the block so far, and their power as at a volume of 0 dB.
    hops: u32,
    block_power: f64,
}

impl Leveller {
    pub(crate) fn new(
        spec: Spec,
        params: &LevellerParams,
        volume_db: f32,
        bypassed: bool,
    ) -> Result<Self, PrepareError> {
        let mut leveller = Self {
            params: *params,
            rate_hz: spec.rate_hz,
            loudness: Loudness::ungated(spec)?,
            presence: Ramp::at(0.0),
            switching: false,
            handed_over: false,
            volume: Volume::new(volume_db),
            programme: Programme::new(),
            gain: Gain::default(),
            surge: Surge::new(),
            line: Line::default(),
            reference_lufs: params.target_lufs,
            reference_factor: (-1.0 / REFERENCE_HOPS).exp(),
            slow_db: 0.0,
            slow_step_db: 0.0,
            hops: 0,
            block_power: 0.0,
        };
        leveller.set_params(params, bypassed);
        leveller.clear();
        Ok(leveller)
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.loudness.set_level(level);
    }

    /// Takes new settings; the gain glides to a new target, switching fades.
    pub(crate) fn set_params(&mut self, params: &LevellerParams, bypassed: bool) {
        if params.enabled && !self.is_running() {
            self.forget();
        }
        self.switching |= params.enabled != self.params.enabled;
        self.params = *params;
        let present = params.enabled && !bypassed;
        self.presence.set(if present { 1.0 } else { 0.0 }, ramp_frames(self.rate_hz));
    }

    /// Takes the gain that the stream's own volume has put on the input, in dB.
    pub(crate) fn set_volume_db(&mut self, db: f32) {
        let Some(ratios) = self.volume.set(db) else { return };
        self.block_power *= ratios[0];
        self.surge.forgive(&ratios);
    }

    pub(crate) fn clear(&mut self) {
        self.presence.finish();
        self.switching = false;
        self.volume = Volume::new(self.volume.db());
        self.forget();
    }

    /// Whether the stage has work to do; while bypassed it goes on measuring.
    pub(crate) fn is_running(&self) -> bool {
        self.params.enabled || !self.presence.is_at_rest() || self.presence.value() > 0.0
    }

    /// The slow gain that is heard now, in dB.
    pub(crate) fn gain_db(&self) -> f32 {
        self.slow_db * self.presence.value()
    }

    /// The deepest reduction of the surge since the last take, in dB, zero or negative.
    pub(crate) fn take_surge_db(&mut self) -> f32 {
        self.surge.take_deepest_db() * self.presence.value()
    }

    /// The loudness of the programme at a stream volume of 0 dB, in LUFS.
    pub(crate) fn programme_lufs(&self) -> Option<f32> {
        self.programme.level()
    }

    /// Whether that has stood for long enough to be remembered.
    pub(crate) fn programme_is_stable(&self) -> bool {
        self.programme.is_stable()
    }

    /// Whether what comes behind is to reckon with the whole gain: bypassed, the stage is not heard, but will be again.
    pub(crate) fn counts_whole(&self) -> bool {
        self.params.enabled && !self.switching
    }

    /// The meter of the input, ungated.
    pub(crate) fn input(&self) -> &Loudness {
        &self.loudness
    }

    /// Writes where it stands.
    pub(crate) fn write_state(&self, state: &mut DynamicsState) {
        let presence = self.presence.value();
        state.gain_db = (self.slow_db + self.surge.gain_db()) * presence;
        state.surge = self.surge.state();
        state.surge.gains_db = state.surge.gains_db.map(|db| db * presence);
        state.programme = self.programme.state();
        state.programme_lufs = self.programme.level();
    }

    /// Goes on from where another stands; `trim_db` is what stays behind it here.
    pub(crate) fn take_over(&mut self, state: &DynamicsState, trim_db: f32) {
        let heard_db = state.gain_db - trim_db;
        if !self.is_running() || !heard_db.is_finite() {
            return;
        }
        self.surge.take_over(&state.surge);
        self.programme.take_over(state.programme_lufs, &state.programme);
        let level = self.programme.level();
        self.slow_db = match level {
            Some(level) if state.programme.is_tentative => Gain::goal_db(&self.params, level),
            _ => (heard_db - self.surge.gain_db()).clamp(LOWEST_DB, HIGHEST_DB),
        };
        self.slow_step_db = 0.0;
        self.gain.jump_to(self.slow_db);
        self.handed_over = true;
        self.reference_lufs = self.wanted_reference();
        self.line = Line::at(self.slow_db + self.surge.gain_db());
        self.hops = 0;
        self.block_power = 0.0;
    }

    /// Frames until the gain may change its course.
    pub(crate) fn frames_to_hop(&self) -> usize {
        self.loudness.frames_to_hop()
    }

    /// Measures at most [`Self::frames_to_hop`] frames and writes their gains, in octaves, and how much of each is to
    /// be heard, 0 to 1.
    pub(crate) fn run(
        &mut self,
        audio: &[&[f32]; MAX_CHANNELS],
        octaves: &mut [f32],
        presence: &mut [f32],
    ) {
        if self.presence.is_at_rest() {
            self.switching = false;
            self.handed_over = false;
        }
        self.presence.fill(presence);
        self.line.fill(self.loudness.hop_position(), octaves);
        if let Some(power) = self.loudness.measure_hop(audio) {
            let gain_db = self.hop(power);
            self.line.go_to(gain_db, self.loudness.hop_frames());
        }
    }

    /// Takes the power of a hop; returns the gain for the next, in dB.
    fn hop(&mut self, power: f64) -> f32 {
        if self.volume.is_muted() {
            return self.slow_db + self.surge.gain_db();
        }
        let mut power = self.volume.at_unity(power);
        if self.handed_over {
            // What fades out before this one still raises the input.
            power *= power_ratio((self.slow_db * (self.presence.value() - 1.0)).min(0.0));
        }
        self.block_power += power;
        self.slow_db += self.slow_step_db;
        let wanted = self.wanted_reference();
        self.reference_lufs = wanted + self.reference_factor * (self.reference_lufs - wanted);
        let shift_db = match self.params.surge {
            Strength::Off => None,
            Strength::Gentle => Some(3.0),
            Strength::Normal => Some(0.0),
            Strength::Strict => Some(-2.0),
        };
        let new_db = if self.programme.is_new() { NEW_DB } else { 0.0 };
        // Nothing jumps out of a reference that is out of reach.
        let reference_lufs =
            shift_db.map_or(f32::MAX, |shift_db| self.reference_lufs + shift_db - new_db);
        let surge_db = self.surge.step(power * power_ratio(self.slow_db), reference_lufs);
        self.hops += 1;
        if self.hops == BLOCK_HOPS {
            self.finish_block();
        }
        self.slow_db + surge_db
    }

    /// The loudness that nothing may jump out of, before smoothing.
    fn wanted_reference(&self) -> f32 {
        let target_lufs = self.params.target_lufs;
        let Some(level) = self.programme.level() else { return target_lufs };
        if self.params.max_boost_db == 0.0 && self.params.max_cut_db == 0.0 {
            return level;
        }
        (level + self.slow_db).clamp(target_lufs - REFERENCE_BELOW_LU, target_lufs)
    }

    /// Ends a block of 100 ms.
    fn finish_block(&mut self) {
        let (loud_blocks, music) = (self.programme.loud_blocks(), self.programme.music());
        let surge_db = self.surge.finish_block(loud_blocks, music);
        let is_adopted = self.programme.block(self.block_power / f64::from(BLOCK_HOPS), surge_db);
        if is_adopted {
            self.surge.close_room();
        }
        // Without the rounding of a hundred hops.
        self.slow_db = self.gain.gain_db();
        self.gain.plan(&self.params, &self.programme, is_adopted);
        self.slow_step_db = (self.gain.gain_db() - self.slow_db) / BLOCK_HOPS as f32;
        self.hops = 0;
        self.block_power = 0.0;
    }

    fn forget(&mut self) {
        self.loudness.reset();
        self.programme = Programme::new();
        self.gain = Gain::default();
        self.surge.clear();
        self.line = Line::default();
        self.reference_lufs = self.params.target_lufs;
        self.slow_db = 0.0;
        self.slow_step_db = 0.0;
        self.hops = 0;
        self.block_power = 0.0;
    }
}
