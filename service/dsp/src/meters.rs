//! Owns the readings that the chain hands out; plain data.

use crate::units::FLOOR_DB;

/// What a chain did since the last take, and the loudness now.
///
/// Levels are in dB, finite, and at least [`FLOOR_DB`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeterFrame {
    /// Highest sample of the input.
    pub input_peak_dbfs: f32,
    /// True peak of the output.
    ///
    /// The higher of the output's samples and the limiter's own reading of the band-limited audio
    /// times the gain it applied; content above that band counts by its samples only.
    pub true_peak_dbtp: f32,
    /// The slow gain of the leveller at the end.
    pub leveller_db: f32,
    /// Deepest reduction of the surge catcher, zero or negative.
    pub surge_db: f32,
    /// Deepest reduction of the compressor, zero or negative, without make-up.
    pub compressor_db: f32,
    /// Deepest reduction of the cap, zero or negative.
    pub cap_db: f32,
    /// Deepest reduction of the soft tier, zero or negative.
    pub limiter_soft_db: f32,
    /// Deepest reduction of the hard tier, zero or negative.
    pub limiter_hard_db: f32,
    /// Momentary loudness of the output.
    pub momentary_lufs: f32,
    /// Short-term loudness of the output.
    pub short_term_lufs: f32,
    /// Integrated loudness of the output since `prepare` or `reset`; not measured in the chain of an application.
    pub integrated_lufs: f32,
    /// Samples that the fail-safe clamp had to hold since `prepare`; zero in a sound limiter.
    pub clamp_activations: u64,
}

impl Default for MeterFrame {
    fn default() -> Self {
        Self {
            input_peak_dbfs: FLOOR_DB,
            true_peak_dbtp: FLOOR_DB,
            leveller_db: 0.0,
            surge_db: 0.0,
            compressor_db: 0.0,
            cap_db: 0.0,
            limiter_soft_db: 0.0,
            limiter_hard_db: 0.0,
            momentary_lufs: FLOOR_DB,
            short_term_lufs: FLOOR_DB,
            integrated_lufs: FLOOR_DB,
            clamp_activations: 0,
        }
    }
}

/// What a chain did since the last block was noted, and the loudness now; levels as in [`MeterFrame`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockMeters {
    /// Highest sample of the input.
    pub input_peak_dbfs: f32,
    /// Deepest reduction of the surge catcher, zero or negative.
    pub surge_db: f32,
    /// Deepest reduction of the cap, zero or negative.
    pub cap_db: f32,
    /// Deepest reduction of the soft tier, zero or negative.
    pub limiter_soft_db: f32,
    /// Deepest reduction of the hard tier, zero or negative.
    pub limiter_hard_db: f32,
    /// Momentary loudness of the input; [`FLOOR_DB`] while no stage measures it.
    pub momentary_in_lufs: f32,
    /// Momentary loudness of the output.
    pub momentary_out_lufs: f32,
    /// Short-term loudness of the input; [`FLOOR_DB`] while no stage measures it.
    pub short_term_in_lufs: f32,
    /// Short-term loudness of the output.
    pub short_term_out_lufs: f32,
}

impl Default for BlockMeters {
    fn default() -> Self {
        Self {
            input_peak_dbfs: FLOOR_DB,
            surge_db: 0.0,
            cap_db: 0.0,
            limiter_soft_db: 0.0,
            limiter_hard_db: 0.0,
            momentary_in_lufs: FLOOR_DB,
            momentary_out_lufs: FLOOR_DB,
            short_term_in_lufs: FLOOR_DB,
            short_term_out_lufs: FLOOR_DB,
        }
    }
}

/// What a limiter did since the last take; levels as in [`MeterFrame`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimiterMeters {
    /// True peak of the output.
    pub true_peak_dbtp: f32,
    /// Deepest reduction of the soft tier, zero or negative.
    pub soft_db: f32,
    /// Deepest reduction of the hard tier, zero or negative.
    pub hard_db: f32,
    /// Samples that the fail-safe clamp had to hold since `prepare`.
    pub clamp_activations: u64,
}

impl Default for LimiterMeters {
    fn default() -> Self {
        Self { true_peak_dbtp: FLOOR_DB, soft_db: 0.0, hard_db: 0.0, clamp_activations: 0 }
    }
}

/// What the dynamics did since the last take; levels as in [`MeterFrame`].
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct DynamicsMeters {
    /// The gain of all stages and the trim at the end.
    pub gain_db: f32,
    /// The slow gain of the leveller at the end.
    pub leveller_db: f32,
    /// Deepest reduction of the surge catcher, zero or negative.
    pub surge_db: f32,
    /// Deepest reduction of the compressor, zero or negative, without make-up.
    pub compressor_db: f32,
    /// The loudness of the programme at the input that the leveller steers by; `None` while unknown.
    pub programme_lufs: Option<f32>,
    /// Whether that has stood for long enough to be remembered.
    pub programme_is_stable: bool,
}

/// What a chain does, and the loudness around it now; levels as in [`MeterFrame`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainMeters {
    /// Short-term loudness of the input.
    pub loudness_in_lufs: f32,
    /// The gain of all that the chain does, make-up and trim included: of the dynamics at the end, of cap and limiter the
    /// deepest since the last take.
    pub gain_db: f32,
    /// The slow gain of the leveller at the end.
    pub leveller_db: f32,
    /// Deepest reduction of the surge catcher since the last take, zero or negative.
    pub surge_db: f32,
    /// Deepest reduction of the compressor since the last take, zero or negative, without make-up.
    pub compressor_db: f32,
    /// Deepest reduction of the cap since the last take, zero or negative; 0 in a chain without a limiter.
    pub cap_db: f32,
    /// Deepest reduction of both tiers of the limiter since the last take, zero or negative; 0 in a chain without one.
    pub limiter_db: f32,
    /// Short-term loudness of the output.
    pub loudness_out_lufs: f32,
    /// The loudness of the programme at the input that the leveller steers by; `None` while unknown.
    pub programme_lufs: Option<f32>,
    /// Whether that has stood for long enough to be remembered.
    pub programme_is_stable: bool,
}

impl Default for ChainMeters {
    fn default() -> Self {
        Self {
            loudness_in_lufs: FLOOR_DB,
            gain_db: 0.0,
            leveller_db: 0.0,
            surge_db: 0.0,
            compressor_db: 0.0,
            cap_db: 0.0,
            limiter_db: 0.0,
            loudness_out_lufs: FLOOR_DB,
            programme_lufs: None,
            programme_is_stable: false,
        }
    }
}
