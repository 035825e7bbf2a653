//! What may be wanted of one application's chain, on top of the profile; plain data.

use headroom_dsp::{ChainParams, CompressorParams};

/// What is wanted of one application's chain, other than what the profile says for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AppOverride {
    /// Added to the loudness that its AGC steers to, in dB: -3 makes it softer than the others.
    pub offset_db: f64,
    /// How much of levelling and compression it gets, 0.0 (none) to 1.0 (all).
    pub strength: f64,
    /// Whether it has a chain of its own at all; without one only the limiter works on it.
    pub chain: bool,
}

impl Default for AppOverride {
    fn default() -> Self {
        Self { offset_db: 0.0, strength: 1.0, chain: true }
    }
}

impl AppOverride {
    /// Returns the parameters of its chain, given those of every application's.
    ///
    /// The strength scales what the AGC may boost and cut, and the share of each decibel above the
    /// threshold that the compressor takes away. Numbers out of range, and those that are none, are
    /// moved to what is accepted.
    #[must_use]
    pub fn apply(&self, params: ChainParams) -> ChainParams {
        let mut params = params;
        let offset_db = if self.offset_db.is_finite() { self.offset_db as f32 } else { 0.0 };
        let strength =
            if self.strength.is_nan() { 1.0 } else { self.strength.clamp(0.0, 1.0) as f32 };
        params.agc.target_lufs += offset_db;
        params.agc.max_boost_db *= strength;
        params.agc.max_cut_db *= strength;
        params.compressor = weakened(params.compressor, strength);
        params.clamped()
    }
}

fn weakened(compressor: CompressorParams, strength: f32) -> CompressorParams {
    let slope = (1.0 - 1.0 / compressor.ratio.max(1.0)) * strength;
    let makeup = match compressor.makeup {
        headroom_dsp::Makeup::Db(db) => headroom_dsp::Makeup::Db(db * strength),
        automatic @ headroom_dsp::Makeup::Auto => automatic,
    };
    CompressorParams { ratio: 1.0 / (1.0 - slope), makeup, ..compressor }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are moved to their limits, not computed")]

    use super::*;

    #[test]
    fn the_default_changes_nothing() {
        let params = ChainParams::default();
        assert_eq!(AppOverride::default().apply(params), params);
    }

    #[test]
    fn an_offset_moves_the_loudness_target_alone() {
        let params = ChainParams::default();
        let softer = AppOverride { offset_db: -3.0, ..AppOverride::default() }.apply(params);
        assert_eq!(softer.agc.target_lufs, params.agc.target_lufs - 3.0);
        let agc = headroom_dsp::AgcParams { target_lufs: params.agc.target_lufs, ..softer.agc };
        assert_eq!(ChainParams { agc, ..softer }, params);
    }

    #[test]
    fn half_the_strength_is_half_the_range_and_half_the_slope_and_none_is_none() {
        let mut params = ChainParams::default();
        params.compressor.ratio = 4.0;
        let half = AppOverride { strength: 0.5, ..AppOverride::default() }.apply(params);
        assert_eq!(half.agc.max_cut_db, params.agc.max_cut_db / 2.0);
        assert!((half.compressor.ratio - 1.6).abs() < 1e-6, "{}", half.compressor.ratio);
        let none = AppOverride { strength: 0.0, ..AppOverride::default() }.apply(params);
        assert_eq!((none.agc.max_boost_db, none.agc.max_cut_db), (0.0, 0.0));
        assert_eq!(none.compressor.ratio, 1.0);
    }

    #[test]
    fn absurd_numbers_are_moved_into_range() {
        let absurd = AppOverride { offset_db: 1e9, strength: f64::NAN, chain: true };
        let params = absurd.apply(ChainParams::default());
        assert_eq!(params, params.clamped());
        assert_eq!(params.agc.target_lufs, -8.0);
        let absurd = AppOverride { offset_db: f64::NAN, strength: -4.0, chain: true };
        assert_eq!(absurd.apply(ChainParams::default()).agc.max_cut_db, 0.0);
    }
}
