//! Owns the loudness leveller's gain; runs on the audio thread.
//!
//! Feed-forward: it measures its input and never its own output, so it cannot oscillate.

use crate::MAX_CHANNELS;
use crate::params::{LevellerParams, MAX_BOOST, MAX_CUT};
use crate::programme::Programme;
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec};
use crate::units::OCTAVES_PER_DB;

/// How fast the gain rises and falls, in dB per second.
const UP_DB_PER_S: f32 = 1.0;
const DOWN_DB_PER_S: f32 = 4.0;
/// The loudness below which the gain holds still, in LUFS.
const GATE_LUFS: f32 = -50.0;
/// Distance to the target, in dB, within which the gain slows down in proportion.
const NEAR_DB: f64 = 3.0;

/// The leveller.
#[derive(Clone, Debug)]
pub(crate) struct Agc {
    params: LevellerParams,
    rate_hz: u32,
    programme: Programme,
    presence: Ramp,
    /// Whether the stage is being switched on or off, as opposed to bypassed.
    switching: bool,
    gain_db: f64,
    /// Change of the gain per frame in the current step, in dB.
    slope_db: f64,
}

impl Agc {
    pub(crate) fn new(
        spec: Spec,
        params: &LevellerParams,
        bypassed: bool,
    ) -> Result<Self, PrepareError> {
        let mut agc = Self {
            params: *params,
            rate_hz: spec.rate_hz,
            programme: Programme::new(spec, GATE_LUFS)?,
            presence: Ramp::at(0.0),
            switching: false,
            gain_db: 0.0,
            slope_db: 0.0,
        };
        agc.set_params(params, bypassed);
        agc.clear();
        Ok(agc)
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.programme.set_level(level);
    }

    /// Takes new settings; the gain goes to a new target at the slew rate, switching fades.
    pub(crate) fn set_params(&mut self, params: &LevellerParams, bypassed: bool) {
        if params.enabled && !self.is_running() {
            self.forget();
        }
        self.switching |= params.enabled != self.params.enabled;
        self.params = *params;
        let present = params.enabled && !bypassed;
        self.presence.set(if present { 1.0 } else { 0.0 }, ramp_frames(self.rate_hz));
    }

    pub(crate) fn clear(&mut self) {
        self.presence.finish();
        self.switching = false;
        self.forget();
    }

    /// Whether the stage has work to do; while bypassed it goes on measuring.
    pub(crate) fn is_running(&self) -> bool {
        self.params.enabled || !self.presence.is_at_rest() || self.presence.value() > 0.0
    }

    /// The gain now, in dB.
    pub(crate) fn gain_db(&self) -> f32 {
        self.gain_db as f32 * self.presence.value()
    }

    /// Goes on from another's gain, and from its reading of the same programme, if there is one.
    pub(crate) fn take_over(&mut self, gain_db: f32, reading_lufs: Option<f32>) {
        if !self.is_running() || !gain_db.is_finite() {
            return;
        }
        self.gain_db = f64::from(gain_db.clamp(-MAX_CUT.max, MAX_BOOST.max));
        self.slope_db = 0.0;
        if let Some(reading_lufs) = reading_lufs.filter(|reading| reading.is_finite()) {
            self.programme.take_over(f64::from(reading_lufs));
        }
    }

    /// The gated reading that the gain follows, in LUFS.
    pub(crate) fn programme_lufs(&self) -> Option<f32> {
        self.programme.reading_lufs().map(|reading| reading as f32)
    }

    /// Whether that reading is settled.
    pub(crate) fn programme_is_stable(&self) -> bool {
        self.programme.is_stable()
    }

    /// Whether what comes behind is to reckon with the whole gain: bypassed, the stage is not heard,
    /// but will be again.
    pub(crate) fn counts_whole(&self) -> bool {
        self.params.enabled && !self.switching
    }

    /// The short-term loudness of the input, ungated, in LUFS.
    pub(crate) fn input_lufs(&self) -> f32 {
        self.programme.short_term_lufs()
    }

    /// Frames until the gain may change its course.
    pub(crate) fn frames_to_step(&self) -> usize {
        self.programme.frames_to_step()
    }

    /// Measures at most [`Self::frames_to_step`] frames and writes their gains, in octaves, and how
    /// much of each is to be heard, 0 to 1.
    pub(crate) fn run(
        &mut self,
        audio: &[&[f32]; MAX_CHANNELS],
        octaves: &mut [f32],
        presence: &mut [f32],
    ) {
        if self.presence.is_at_rest() {
            self.switching = false;
        }
        self.presence.fill(presence);
        for octaves in octaves.iter_mut() {
            self.gain_db += self.slope_db;
            *octaves = self.gain_db as f32 * OCTAVES_PER_DB;
        }
        let step_frames = self.programme.measure(audio).then(|| self.programme.frames_to_step());
        if let Some(frames) = step_frames {
            self.steer(frames);
        }
    }

    /// Sets the course for the next step.
    fn steer(&mut self, step_frames: usize) {
        self.slope_db = 0.0;
        let Some(reading) = self.programme.reading_lufs() else { return };
        if !self.programme.is_trusted() {
            return;
        }
        let params = &self.params;
        let target = (f64::from(params.target_lufs) - reading)
            .clamp(-f64::from(params.max_cut_db), f64::from(params.max_boost_db));
        let distance = target - self.gain_db;
        // In a silence that has just begun the gain may still fall, but it does not rise.
        if distance > 0.0 && !self.programme.is_sounding_now() {
            return;
        }
        let rate = if distance > 0.0 { UP_DB_PER_S } else { DOWN_DB_PER_S };
        let speed = f64::from(rate) * (distance / NEAR_DB).clamp(-1.0, 1.0);
        let longest = distance.abs() / step_frames as f64;
        self.slope_db = (speed / f64::from(self.rate_hz)).clamp(-longest, longest);
    }

    fn forget(&mut self) {
        self.programme.reset();
        self.gain_db = 0.0;
        self.slope_db = 0.0;
    }
}
