//! Owns the settings of the chain, their ranges and their defaults; plain data.

/// The settings of a whole chain; the default has every stage at work.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct ChainParams {
    /// Loudness levelling, and what catches blasts.
    pub leveller: LevellerParams,
    /// Compression.
    pub compressor: CompressorParams,
    /// Limiting.
    pub limiter: LimiterParams,
    /// The highest momentary loudness of the output.
    pub cap: Cap,
    /// A fixed gain behind leveller and compressor, in dB, -36 to 12: what one application is to be
    /// louder or softer by, and ducked by while another one plays. No profile has it.
    pub trim_db: f32,
    /// The gain that the stream's own volume has put on the input already, in dB, -120 to 20. The
    /// leveller works as if it were 0 dB, so that a person's slider is heard in full.
    pub stream_volume_db: f32,
    /// Fades leveller, compressor, trim, cap and soft tier out; the hard tier always stays.
    pub dynamics_bypassed: bool,
    /// To compare: leveller, compressor and trim give way to this fixed gain, in dB, -40 to 24; cap and limiter stay.
    pub without_db: Option<f32>,
}

/// How closely the leveller's fast part holds sound that jumps out of the programme before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Surge {
    /// Not at all.
    Off,
    /// 3 dB above [`Surge::Normal`].
    Gentle,
    /// As the leveller's law has it.
    #[default]
    Normal,
    /// 2 dB below [`Surge::Normal`].
    Strict,
}

/// The highest momentary loudness that a chain lets out: "never louder than".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cap {
    /// None.
    Off,
    /// In LUFS, -60 to -3.
    Lufs(f32),
}

impl Default for Cap {
    fn default() -> Self {
        Self::Lufs(CAP.default)
    }
}

/// The settings of the loudness leveller; it finds its own speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevellerParams {
    /// Whether it works, its surge catcher included.
    pub enabled: bool,
    /// The loudness it steers to, in LUFS.
    pub target_lufs: f32,
    /// The most it raises, in dB.
    pub max_boost_db: f32,
    /// The most it lowers over time, in dB, as a positive number; surges may be lowered further.
    pub max_cut_db: f32,
    /// What it does with blasts.
    pub surge: Surge,
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
pub(crate) const MAX_BOOST: Range = Range::new(0.0, 24.0, 12.0, "dB");
pub(crate) const MAX_CUT: Range = Range::new(0.0, 40.0, 24.0, "dB");
/// The lowest cap that a chain holds, in LUFS.
const LOWEST_CAP_LUFS: f32 = -60.0;
const CAP: Range = Range::new(-30.0, -3.0, -12.0, "LUFS");
pub(crate) const STREAM_VOLUME: Range = Range::new(-120.0, 20.0, 0.0, "dB");
const THRESHOLD: Range = Range::new(-60.0, 0.0, -16.0, "dBFS");
const RATIO: Range = Range::new(1.0, 20.0, 2.0, "");
const KNEE: Range = Range::new(0.0, 24.0, 10.0, "dB");
const WITHOUT: Range = Range::new(-40.0, 24.0, 0.0, "dB");
pub(crate) const TRIM: Range = Range::new(-36.0, 12.0, 0.0, "dB");
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
pub const RANGES: [(&str, Range); 16] = [
    ("leveller.target_lufs", TARGET),
    ("leveller.max_boost_db", MAX_BOOST),
    ("leveller.max_cut_db", MAX_CUT),
    ("leveller.cap_lufs", CAP),
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

impl Default for LevellerParams {
    fn default() -> Self {
        Self {
            enabled: true,
            target_lufs: TARGET.default,
            max_boost_db: MAX_BOOST.default,
            max_cut_db: MAX_CUT.default,
            surge: Surge::default(),
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

impl LevellerParams {
    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            enabled: self.enabled,
            target_lufs: TARGET.clamp(self.target_lufs),
            max_boost_db: MAX_BOOST.clamp(self.max_boost_db),
            max_cut_db: MAX_CUT.clamp(self.max_cut_db),
            surge: self.surge,
        }
    }
}

impl Cap {
    /// Returns the cap with its loudness moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        match self {
            Self::Off => Self::Off,
            // A device's maximum may ask for less than any profile.
            Self::Lufs(lufs) => Self::Lufs(Range { min: LOWEST_CAP_LUFS, ..CAP }.clamp(lufs)),
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
    /// Returns what is left to the bus where every application has a chain of its own: the cap and
    /// the limiter's two tiers.
    #[must_use]
    pub fn for_bus(mut self) -> Self {
        self.leveller.enabled = false;
        self.compressor.enabled = false;
        self
    }

    /// Returns the settings with every number moved into its range.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            leveller: self.leveller.clamped(),
            compressor: self.compressor.clamped(),
            limiter: self.limiter.clamped(),
            cap: self.cap.clamped(),
            trim_db: TRIM.clamp(self.trim_db),
            stream_volume_db: STREAM_VOLUME.clamp(self.stream_volume_db),
            dynamics_bypassed: self.dynamics_bypassed,
            without_db: self.without_db.map(|db| WITHOUT.clamp(db)),
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
        params.cap = Cap::Lufs(f32::NEG_INFINITY);
        params.stream_volume_db = f32::NAN;
        let held = params.clamped();
        assert!(held.limiter.ceiling_dbtp == -0.1);
        assert!(held.limiter.release_ms == 80.0);
        assert!(held.compressor.ratio == 1.0);
        assert!(held.compressor.makeup == Makeup::Db(-12.0));
        assert!(held.cap == Cap::Lufs(-60.0) && held.stream_volume_db == 0.0);
    }

    #[test]
    fn a_range_is_found_by_its_dotted_name() {
        assert_eq!(range("compressor.threshold_db").map(|r| r.unit), Some("dBFS"));
        assert_eq!(range("compressor.nonsense"), None);
    }
}
