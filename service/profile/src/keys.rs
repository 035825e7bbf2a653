//! Every setting by its dotted key: what it accepts, and one line that tells a person what it does.

use std::sync::LazyLock;

use headroom_api::FailurePolicy;
use headroom_dsp::Range;

use crate::app_volume::APP_VOLUME_RANGES;

/// One setting as it stands in profiles, on the bus and on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettingInfo {
    /// The dotted key, such as `limiter.ceiling_dbtp`.
    pub key: &'static str,
    /// What it accepts.
    pub kind: Kind,
    /// What it does, in one line for a person.
    pub description: &'static str,
}

/// What a setting accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// On or off.
    Switch,
    /// A number in a range.
    Number(Range),
    /// One of some words.
    Words(&'static [&'static str]),
    /// A number in a range, or one of some words.
    NumberOrWords(Range, &'static [&'static str]),
}

impl Kind {
    /// Returns the range of a kind that accepts numbers.
    pub fn range(&self) -> Option<Range> {
        match self {
            Self::Number(range) | Self::NumberOrWords(range, _) => Some(*range),
            Self::Switch | Self::Words(_) => None,
        }
    }

    /// Returns the words of a kind that accepts some.
    pub fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Words(words) | Self::NumberOrWords(_, words) => words,
            Self::Switch | Self::Number(_) => &[],
        }
    }

    /// Describes what is accepted, with the unit, such as `a number from -12 to -0.1 dBTP`.
    pub fn accepted(&self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Number(range) => number(range),
            Self::Words(words) => one_of(words),
            Self::NumberOrWords(range, words) => format!("{}, or {}", number(range), one_of(words)),
        }
    }
}

fn number(range: &Range) -> String {
    let Range { min, max, unit, .. } = range;
    let space = if unit.is_empty() { "" } else { " " };
    format!("a number from {min} to {max}{space}{unit}")
}

fn one_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

/// Words of `leveller.surge`.
pub(crate) const SURGES: &[&str] = &["off", "gentle", "normal", "strict"];
/// Words of `leveller.cap_lufs`.
pub(crate) const CAPS: &[&str] = &["off"];
/// Words of `compressor.detector`.
pub(crate) const DETECTORS: &[&str] = &["peak", "rms"];
/// Words of `compressor.makeup_db`.
pub(crate) const MAKEUPS: &[&str] = &["auto"];
/// Words of `limiter.lookahead`.
pub(crate) const LOOKAHEADS: &[&str] = &["standard", "low"];

/// Words of `failure.policy`.
pub(crate) const FAILURE_POLICIES: &[&str] = FailurePolicy::ALL;

/// Key, words (of those that take any) and description; what has a range takes numbers.
type Row = (&'static str, &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    ("leveller.enabled", &[], "Evens out loudness over time"),
    ("leveller.target_lufs", &[], "Loudness that everything is brought to"),
    ("leveller.max_boost_db", &[], "The most that quiet sound is raised"),
    ("leveller.max_cut_db", &[], "The most that loud sound is lowered over time"),
    ("leveller.surge", SURGES, "How closely a sudden blast is held to the sound before it"),
    ("leveller.cap_lufs", CAPS, "Never louder than this, whatever plays"),
    ("compressor.enabled", &[], "Brings loud and quiet moments closer together"),
    ("compressor.detector", DETECTORS, "Whether it hears single peaks or average level"),
    ("compressor.threshold_db", &[], "Level above which it lowers"),
    ("compressor.ratio", &[], "How many decibels above the threshold become one"),
    ("compressor.knee_db", &[], "How gradually it sets in around the threshold"),
    ("compressor.attack_ms", &[], "How fast it lowers"),
    ("compressor.release_ms", &[], "How fast it lets go"),
    ("compressor.makeup_db", MAKEUPS, "Gain afterwards, to make up for what it takes"),
    ("limiter.ceiling_dbtp", &[], "Peak level that is never exceeded"),
    ("limiter.lookahead", LOOKAHEADS, "How far the limiter looks ahead, and so how much it delays"),
    ("limiter.hold_ms", &[], "How long the limiter waits before it lets go"),
    ("limiter.release_ms", &[], "How fast the limiter lets go"),
    ("limiter.hold_at_device", &[], "Lowers the ceiling by what a device amplifies"),
    (
        "limiter.left_alone",
        &[],
        "Limits what is left alone, too, which delays it by the look-ahead",
    ),
    ("limiter.soft.enabled", &[], "Tames sudden bangs before they reach the ceiling"),
    ("limiter.soft.max_psr_db", &[], "How far a bang may stand out from the loudness around it"),
    ("limiter.soft.attack_ms", &[], "How fast bangs are lowered"),
    ("limiter.soft.release_ms", &[], "How fast it lets go after a bang"),
    ("app_volume.enabled", &[], "Lowers single applications that are too loud, bypassed ones too"),
    ("app_volume.target_dbfs", &[], "Average level above which an application is lowered"),
    ("app_volume.max_cut_db", &[], "The most that an application is lowered"),
    ("app_volume.attack_ms", &[], "How fast an application is lowered"),
    ("app_volume.release_ms", &[], "How fast an application comes back up"),
    (
        "failure.policy",
        FAILURE_POLICIES,
        "What a failure leaves unprotected: it goes on as it is, or 20 dB softer",
    ),
];

static SETTINGS: LazyLock<Vec<SettingInfo>> = LazyLock::new(|| {
    ROWS.iter()
        .map(|&(key, words, description)| {
            let kind = match (range(key), words) {
                (None, []) => Kind::Switch,
                (None, words) => Kind::Words(words),
                (Some(range), []) => Kind::Number(range),
                (Some(range), words) => Kind::NumberOrWords(range, words),
            };
            SettingInfo { key, kind, description }
        })
        .collect()
});

/// Returns every setting, in the order in which a profile is written.
pub fn settings() -> &'static [SettingInfo] {
    &SETTINGS
}

/// Finds the range of a numeric setting by its dotted key.
pub fn range(key: &str) -> Option<Range> {
    let own = APP_VOLUME_RANGES.iter().find(|(known, _)| *known == key).map(|(_, range)| *range);
    own.or_else(|| headroom_dsp::range(key))
}

/// Finds a setting by its dotted key.
pub(crate) fn find(key: &str) -> Option<&'static SettingInfo> {
    SETTINGS.iter().find(|info| info.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ranged_parameter_is_a_setting() {
        for (key, range) in headroom_dsp::RANGES.into_iter().chain(APP_VOLUME_RANGES) {
            assert_eq!(find(key).and_then(|info| info.kind.range()), Some(range), "{key}");
        }
    }

    #[test]
    fn what_is_accepted_is_told_with_its_unit() {
        let accepted = |key| find(key).unwrap().kind.accepted();
        assert_eq!(accepted("limiter.ceiling_dbtp"), "a number from -12 to -0.1 dBTP");
        assert_eq!(accepted("compressor.ratio"), "a number from 1 to 20");
        assert_eq!(accepted("compressor.detector"), "\"peak\" or \"rms\"");
        assert_eq!(accepted("compressor.makeup_db"), "a number from -12 to 24 dB, or \"auto\"");
        assert_eq!(accepted("leveller.cap_lufs"), "a number from -30 to -3 LUFS, or \"off\"");
        assert_eq!(accepted("leveller.enabled"), "true or false");
    }
}
