//! Owns the settings of the chain, their ranges and their defaults; plain data.

/// The settings of a whole chain; the default is the documented desktop preset.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct ChainParams {
    /// Loudness levelling.
    pub agc: AgcParams,
    /// Compression.
    pub compressor: CompressorParams,
    /// Limiting.
    pub limiter: LimiterParams,
    /// A fixed gain behind AGC and compressor, in dB, -12 to 12: what one application is to be louder
    /// or softer by. No profile has it.
    pub trim_db: f32,
    /// Fades AGC, compressor, trim and soft tier out; the hard tier always stays.
    pub dynamics_bypassed: bool,
}

/// The settings of the loudness leveller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgcParams {
    /// Whether it works.
    pub enabled: bool,
    /// The loudness it steers to, in LUFS.
    pub target_lufs: f32,
    /// The most it raises, in dB.
    pub max_boost_db: f32,
    /// The most it lowers, in dB, as a positive number.
    pub max_cut_db: f32,
    /// How fast it raises, in dB per second.
    pub up_db_per_s: f32,
    /// How fast it lowers, in dB per second.
    pub down_db_per_s: f32,
    /// The loudness below which it holds still, in LUFS.
    pub gate_lufs: f32,
}

/// What a compressor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Detector {
    /// The magnitude of each sample.
    Peak,
    /// The mean square over 10 ms; a full-scale sine reads -3.01 dBFS.
    #[default]
    Rms,
}

/// The gain after compression.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Makeup {
    /// What the static curve takes from a steady level of -18 dBFS.
    #[default]
    Auto,
    /// A fixed gain in dB.
    Db(f32),
}

/// The settings of the compressor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompressorParams {
    /// Whether it works.
    pub enabled: bool,
    /// What it measures.
    pub detector: Detector,
    /// The level at which compression begins, in dBFS.
    pub threshold_db: f32,
    /// Decibels in per decibel out above the threshold.
    pub ratio: f32,
    /// The width of the soft knee, centred on the threshold, in dB.
    pub knee_db: f32,
    /// Time constant (63 %) of growing reduction, in ms.
    pub attack_ms: f32,
    /// Time constant (63 %) of shrinking reduction, in ms.
    pub release_ms: f32,
    /// The gain afterwards.
    pub makeup: Makeup,
}

/// The look-ahead of the limiter's hard tier, which decides the latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lookahead {
    /// 1.44 ms at 48 kHz.
    #[default]
    Standard,
    /// 1.10 ms at 48 kHz.
    Low,
}

/// The settings of the limiter. The hard tier has no switch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimiterParams {
    /// The true peak that the output never exceeds, in dBTP.
    pub ceiling_dbtp: f32,
    /// The look-ahead; a change takes effect at the next `prepare`.
    pub lookahead: Lookahead,
    /// How long a reduction is held before it is released, in ms.
    pub hold_ms: f32,
    /// Time constant of the release, in ms.
    ///
    /// What is needed again and again is not released at this speed: once it has not been needed
    /// for 0.7 s, it is given back at 6 dB per second.
    pub release_ms: f32,
    /// The comfort cap before the hard tier.
    pub soft: SoftParams,
}

/// The settings of the soft tier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftParams {
    /// Whether it works.
    pub enabled: bool,
    /// How far peaks may rise above the short-term loudness, in dB.
    pub max_psr_db: f32,
    /// Time constant of growing reduction, in ms.
    pub attack_ms: f32,
    /// Time constant of shrinking reduction, in ms.
    pub release_ms: f32,
}

/// The values that a numeric setting accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least value.
    pub min: f32,
    /// The greatest value.
    pub max: f32,
    /// The value of the default preset.
    pub default: f32,
    /// The unit; empty for a plain number.
    pub unit: &'static str,
}

impl Range {
    const fn new(min: f32, max: f32, default: f32, unit: &'static str) -> Self {
        Self { min, max, default, unit }
    }

    /// Whether `value` is accepted.
    pub fn contains(&self, value: f32) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// Moves `value` into the range; a NaN becomes the default.
    pub fn clamp(&self, value: f32) -> f32 {
        if value.is_nan() { self.default } else { value.clamp(self.min, self.max) }
    }
}

const TARGET: Range = Range::new(-40.0, -8.0, -18.0, "LUFS");
pub(crate) const MAX_BOOST: Range = Range::new(0.0, 24.0, 8.0, "dB");
pub(crate) const MAX_CUT: Range = Range::new(0.0, 40.0, 15.0, "dB");
const UP: Range = Range::new(0.1, 20.0, 1.0, "dB/s");
const DOWN: Range = Range::new(0.1, 40.0, 4.0, "dB/s");
const GATE: Range = Range::new(-70.0, -20.0, -50.0, "LUFS");
const THRESHOLD: Range = Range::new(-60.0, 0.0, -16.0, "dBFS");
const RATIO: Range = Range::new(1.0, 20.0, 2.0, "");
const KNEE: Range = Range::new(0.0, 24.0, 10.0, "dB");
pub(crate) const TRIM: Range = Range::new(-12.0, 12.0, 0.0, "dB");
const ATTACK: Range = Range::new(0.1, 500.0, 20.0, "ms");
const RELEASE: Range = Range::new(5.0, 5000.0, 250.0, "ms");
const MAKEUP: Range = Range::new(-12.0, 24.0, 0.0, "dB");
const CEILING: Range = Range::new(-12.0, -0.1, -0.1, "dBTP");
const HOLD: Range = Range::new(0.0, 200.0, 10.0, "ms");
const LIMITER_RELEASE: Range = Range::new(20.0, 2000.0, 80.0, "ms");
const MAX_PSR: Range = Range::new(6.0, 30.0, 18.0, "dB");
const SOFT_ATTACK: Range = Range::new(0.5, 100.0, 5.0, "ms");
const SOFT_RELEASE: Range = Range::new(20.0, 5000.0, 250.0, "ms");

/// Every numeric setting by its dotted name in profiles and on the bus.
pub const RANGES: [(&str, Range); 18] = [
    ("agc.target_lufs", TARGET),
    ("agc.max_boost_db", MAX_BOOST),
    ("agc.max_cut_db", MAX_CUT),
    ("agc.up_db_per_s", UP),
    ("agc.down_db_per_s", DOWN),
    ("agc.gate_lufs", GATE),
    ("compressor.threshold_db", THRESHOLD),
    ("compressor.ratio", RATIO),
    ("compressor.knee_db", KNEE),
    ("compressor.attack_ms", ATTACK),
    ("compressor.release_ms", RELEASE),
    ("compressor.makeup_db", MAKEUP),
    ("limiter.ceiling_dbtp", CEILING),
    ("limiter.hold_ms", HOLD),
    ("limiter.release_ms", LIMITER_RELEASE),
    ("limiter.soft.max_psr_db", MAX_PSR),
    ("limiter.soft.attack_ms", SOFT_ATTACK),
    ("limiter.soft.release_ms", SOFT_RELEASE),
];

/// Finds the range of a setting by its dotted name.
pub fn range(name: &str) -> Option<Range> {
    RANGES.iter().find(|(key, _)| *key == name).map(|(_, range)| *range)
}

impl Default for AgcParams {
    fn default() -> Self {
        Self {
            enabled: true,
            target_lufs: TARGET.default,
            max_boost_db: MAX_BOOST.default,
            max_cut_db: MAX_CUT.default,
            up_db_per_s: UP.default,
            down_db_per_s: DOWN.default,
            gate_lufs: GATE.default,
        }
    }
}

impl Default for CompressorParams {
    fn default() -> Self {
        Self {
            enabled: true,
            detector: Detector::default(),
            threshold_db: THRESHOLD.default,
            ratio: RATIO.default,
            knee_db: KNEE.default,
            attack_ms: ATTACK.default,
            release_ms: RELEASE.default,
            makeup: Makeup::default(),
        }
    }
}

impl Default for LimiterParams {
    fn default() -> Self {
        Self {
            ceiling_dbtp: CEILING.default,
            lookahead: Lookahead::default(),
            hold_ms: HOLD.default,
            release_ms: LIMITER_RELEASE.default,
            soft: SoftParams::default(),
        }
    }
}

impl Default for SoftParams {
    fn default() -> Self {
        Self {
            enabled: true,
            max_psr_db: MAX_PSR.default,
            attack_ms: SOFT_ATTACK.default,
            release_ms: SOFT_RELEASE.default,
        }
    }
}

impl AgcParams {
    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            enabled: self.enabled,
            target_lufs: TARGET.clamp(self.target_lufs),
            max_boost_db: MAX_BOOST.clamp(self.max_boost_db),
            max_cut_db: MAX_CUT.clamp(self.max_cut_db),
            up_db_per_s: UP.clamp(self.up_db_per_s),
            down_db_per_s: DOWN.clamp(self.down_db_per_s),
            gate_lufs: GATE.clamp(self.gate_lufs),
        }
    }
}

impl CompressorParams {
    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            enabled: self.enabled,
            detector: self.detector,
            threshold_db: THRESHOLD.clamp(self.threshold_db),
            ratio: RATIO.clamp(self.ratio),
            knee_db: KNEE.clamp(self.knee_db),
            attack_ms: ATTACK.clamp(self.attack_ms),
            release_ms: RELEASE.clamp(self.release_ms),
            makeup: match self.makeup {
                Makeup::Auto => Makeup::Auto,
                Makeup::Db(db) => Makeup::Db(MAKEUP.clamp(db)),
            },
        }
    }
}

impl LimiterParams {
    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            ceiling_dbtp: CEILING.clamp(self.ceiling_dbtp),
            lookahead: self.lookahead,
            hold_ms: HOLD.clamp(self.hold_ms),
            release_ms: LIMITER_RELEASE.clamp(self.release_ms),
            soft: SoftParams {
                enabled: self.soft.enabled,
                max_psr_db: MAX_PSR.clamp(self.soft.max_psr_db),
                attack_ms: SOFT_ATTACK.clamp(self.soft.attack_ms),
                release_ms: SOFT_RELEASE.clamp(self.soft.release_ms),
            },
        }
    }
}

impl ChainParams {
    /// Returns what is left to the bus where every application has a chain of its own: the
    /// limiter's two tiers.
    #[must_use]
    pub fn for_bus(mut self) -> Self {
        self.agc.enabled = false;
        self.compressor.enabled = false;
        self
    }

    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            agc: self.agc.clamped(),
            compressor: self.compressor.clamped(),
            limiter: self.limiter.clamped(),
            trim_db: TRIM.clamp(self.trim_db),
            dynamics_bypassed: self.dynamics_bypassed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_ranges() {
        assert_eq!(ChainParams::default().clamped(), ChainParams::default());
        for (name, range) in RANGES {
            assert!(range.contains(range.default) && range.min < range.max, "{name}");
        }
    }

    #[test]
    fn absurd_numbers_are_moved_into_range() {
        let mut params = ChainParams::default();
        params.limiter.ceiling_dbtp = f32::INFINITY;
        params.limiter.release_ms = f32::NAN;
        params.compressor.ratio = -1e30;
        params.compressor.makeup = Makeup::Db(f32::NEG_INFINITY);
        let held = params.clamped();
        assert!(held.limiter.ceiling_dbtp == -0.1);
        assert!(held.limiter.release_ms == 80.0);
        assert!(held.compressor.ratio == 1.0);
        assert!(held.compressor.makeup == Makeup::Db(-12.0));
    }

    #[test]
    fn a_range_is_found_by_its_dotted_name() {
        assert_eq!(range("compressor.threshold_db").map(|r| r.unit), Some("dBFS"));
        assert_eq!(range("compressor.nonsense"), None);
    }
}
