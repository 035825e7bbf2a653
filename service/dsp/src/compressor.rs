//! Owns the compressor's gain; runs on the audio thread.
//!
//! Feed-forward, in the logarithmic domain: level, static curve with a quadratic knee, then
//! attack and release on the reduction (Giannoulis, Massberg and Reiss, JAES 60(6), 2012).

use crate::CHUNK;
use crate::math::{log2, max, min};
use crate::params::{CompressorParams, Detector, Makeup};
use crate::ramp::{Ramp, ramp_frames};
use crate::units::{DB_PER_OCTAVE, FLOOR_DB, OCTAVES_PER_DB};

/// Time constant of the mean square, in seconds.
const RMS_WINDOW_S: f32 = 0.01;
/// The steady level whose reduction automatic make-up gives back, in dBFS.
const MAKEUP_LEVEL_DB: f32 = -18.0;
/// The narrowest knee, in octaves; keeps the curve's division finite.
const MIN_KNEE: f32 = 1e-3;
/// A reduction smaller than this (in octaves) is none.
const REST: f32 = -1e-5;

/// The compressor.
#[derive(Clone, Debug)]
pub(crate) struct Compressor {
    rate_hz: u32,
    enabled: bool,
    detector: Detector,
    presence: Ramp,
    threshold: Ramp,
    slope: Ramp,
    knee: Ramp,
    makeup: Ramp,
    /// Zero with the peak detector, one with the mean square; moves on a change.
    rms_share: Ramp,
    mean_square: f32,
    mean_factor: f32,
    reduction: f32,
    attack: f32,
    release: f32,
    deepest: f32,
}

impl Compressor {
    pub(crate) fn new(rate_hz: u32, params: &CompressorParams, bypassed: bool) -> Self {
        let mut compressor = Self {
            rate_hz,
            enabled: false,
            detector: params.detector,
            presence: Ramp::at(0.0),
            threshold: Ramp::at(0.0),
            slope: Ramp::at(0.0),
            knee: Ramp::at(MIN_KNEE),
            makeup: Ramp::at(0.0),
            rms_share: Ramp::at(0.0),
            mean_square: 0.0,
            mean_factor: (-1.0 / (RMS_WINDOW_S * rate_hz as f32)).exp(),
            reduction: 0.0,
            attack: 0.0,
            release: 0.0,
            deepest: 0.0,
        };
        compressor.set_params(params, bypassed);
        compressor.clear();
        compressor
    }

    /// Takes new settings; levels and ratios ramp, switching fades.
    pub(crate) fn set_params(&mut self, params: &CompressorParams, bypassed: bool) {
        let frames = ramp_frames(self.rate_hz);
        let rate = self.rate_hz as f32;
        if params.enabled && !self.is_running() {
            self.forget();
        }
        self.enabled = params.enabled;
        self.detector = params.detector;
        let slope = 1.0 - 1.0 / params.ratio;
        let knee = max(params.knee_db * OCTAVES_PER_DB, MIN_KNEE);
        let threshold = params.threshold_db * OCTAVES_PER_DB;
        let makeup = match params.makeup {
            Makeup::Auto => -reduction(MAKEUP_LEVEL_DB * OCTAVES_PER_DB, threshold, slope, knee),
            Makeup::Db(db) => db * OCTAVES_PER_DB,
        };
        let present = params.enabled && !bypassed;
        self.presence.set(if present { 1.0 } else { 0.0 }, frames);
        self.threshold.set(threshold, frames);
        self.slope.set(slope, frames);
        self.knee.set(knee, frames);
        self.makeup.set(makeup, frames);
        self.rms_share.set(if params.detector == Detector::Rms { 1.0 } else { 0.0 }, frames);
        self.attack = (-1000.0 / (params.attack_ms * rate)).exp();
        self.release = (-1000.0 / (params.release_ms * rate)).exp();
    }

    pub(crate) fn clear(&mut self) {
        for ramp in [
            &mut self.presence,
            &mut self.threshold,
            &mut self.slope,
            &mut self.knee,
            &mut self.makeup,
            &mut self.rms_share,
        ] {
            ramp.finish();
        }
        self.forget();
        self.deepest = 0.0;
    }

    /// Whether the stage has work to do; while bypassed it goes on measuring.
    pub(crate) fn is_running(&self) -> bool {
        self.enabled || !self.presence.is_at_rest() || self.presence.value() > 0.0
    }

    /// The reduction that is heard now, in dB, zero or negative.
    pub(crate) fn reduction_db(&self) -> f32 {
        self.reduction * self.presence.value() * DB_PER_OCTAVE
    }

    /// Goes on from another's reduction, in dB.
    pub(crate) fn take_over(&mut self, reduction_db: f32) {
        if self.is_running() && reduction_db.is_finite() {
            self.reduction = reduction_db.clamp(FLOOR_DB, 0.0) * OCTAVES_PER_DB;
        }
    }

    /// The deepest reduction since the last take, in dB, zero or negative.
    pub(crate) fn take_deepest_db(&mut self) -> f32 {
        std::mem::replace(&mut self.deepest, 0.0) * DB_PER_OCTAVE
    }

    /// Adds the compressor's gain to `octaves`, given the squared magnitude of each frame and
    /// with `octaves` as the gain before the compressor.
    #[inline(always)]
    pub(crate) fn run(&mut self, squared: &[f32], octaves: &mut [f32; CHUNK]) {
        let frames = squared.len();
        let mut means = [0.0_f32; CHUNK];
        let mut mean = self.mean_square;
        for (out, squared) in means.iter_mut().zip(squared) {
            mean = squared + self.mean_factor * (mean - squared);
            mean = if mean < 1e-20 { 0.0 } else { mean };
            *out = mean;
        }
        self.mean_square = mean;
        let mut ramps = [[0.0_f32; CHUNK]; 6];
        for (ramp, out) in [
            &mut self.presence,
            &mut self.threshold,
            &mut self.slope,
            &mut self.knee,
            &mut self.makeup,
            &mut self.rms_share,
        ]
        .into_iter()
        .zip(&mut ramps)
        {
            ramp.fill(&mut out[..frames]);
        }
        let [presence, threshold, slope, knee, makeup, rms_share] = &ramps;
        let mut curve = [0.0_f32; CHUNK];
        for i in 0..frames {
            let power = squared[i] + rms_share[i] * (means[i] - squared[i]);
            // A negative rounding error of the mixture must not reach the logarithm.
            let level = 0.5 * log2(max(power, 0.0));
            curve[i] = reduction(level, threshold[i], slope[i], knee[i]);
        }
        let mut state = self.reduction;
        for target in &mut curve[..frames] {
            let factor = if *target < state { self.attack } else { self.release };
            state = *target + factor * (state - *target);
            state = if state > REST { 0.0 } else { state };
            *target = state;
        }
        self.reduction = state;
        let mut deepest = self.deepest;
        for i in 0..frames {
            deepest = min(deepest, curve[i] * presence[i]);
            octaves[i] += (curve[i] + makeup[i]) * presence[i];
        }
        self.deepest = deepest;
    }

    fn forget(&mut self) {
        self.mean_square = 0.0;
        self.reduction = 0.0;
    }
}

/// Static curve with a quadratic soft knee; all in octaves.
#[inline(always)]
fn reduction(level: f32, threshold: f32, slope: f32, knee: f32) -> f32 {
    let over = level - threshold;
    let within = max(min(over + 0.5 * knee, knee), 0.0);
    let above = max(over - 0.5 * knee, 0.0);
    -slope * (within * within / (2.0 * knee) + above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_continuous_and_has_the_ratios_slope() {
        let at = |level| reduction(level, -3.0, 0.75, 2.0);
        assert!(at(-4.0) == 0.0 && at(-20.0) == 0.0);
        assert!((at(-3.0) + 0.75 * 0.25).abs() < 1e-6);
        assert!((at(-2.0) + 0.75).abs() < 1e-6);
        assert!((at(0.0) - at(-1.0) + 0.75).abs() < 1e-6);
    }
}
