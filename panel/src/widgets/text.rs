//! Numbers and words that the widgets draw or have read out, in the user's language.
#![forbid(unsafe_code)]

use super::{history::SILENCE_LUFS, scale::FLOOR_DBFS};
use crate::i18n::{self, tr, trc, trf};

/// Keeps digits and their sign in order where text runs from right to left.
const LEFT_TO_RIGHT: char = '\u{200e}';

/// Returns a number of decibels in whole tenths, as it is shown.
pub(super) fn tenths(value_db: f64) -> i32 {
    (value_db * 10.0).round() as i32
}

/// Returns the widest number of decibels that a gauge keeps room for.
pub(super) fn widest_gain() -> String {
    i18n::change_db(-88.8)
}

/// Returns a gain with its sign, told in tenths of a decibel.
pub(super) fn gain(tenths: i32) -> String {
    i18n::change_db(f64::from(tenths) / 10.0)
}

/// Returns the widest true peak that a bar keeps room for.
pub(super) fn widest_true_peak() -> String {
    i18n::quantity(-88.8, 1, "dBTP")
}

/// Returns a true peak, told in tenths, or words for silence.
pub(super) fn true_peak(tenths: i32) -> String {
    let true_peak_dbtp = f64::from(tenths) / 10.0;
    if true_peak_dbtp <= FLOOR_DBFS { silence() } else { i18n::quantity(true_peak_dbtp, 1, "dBTP") }
}

/// Returns what a screen reader says of a true peak and its ceiling, both told in tenths.
pub(super) fn true_peak_and_ceiling(greatest_tenths: i32, ceiling_tenths: i32) -> String {
    let ceiling = i18n::quantity(f64::from(ceiling_tenths) / 10.0, 1, "dBTP");
    trf(
        "highest {peak}, limit {ceiling}",
        &[("peak", &true_peak(greatest_tenths)), ("ceiling", &ceiling)],
    )
}

/// Returns a loudness, or words for silence.
pub(super) fn lufs(loudness_lufs: f64) -> String {
    if loudness_lufs > SILENCE_LUFS { i18n::quantity(loudness_lufs, 1, "LUFS") } else { silence() }
}

/// Returns a whole number as it stands beside a mark.
pub(super) fn mark(value: f64) -> String {
    format!("{LEFT_TO_RIGHT}{}", i18n::number(value, 0))
}

/// Returns what a screen reader says of a gauge after its name: the peak in whole dBFS, the gain in tenths of a dB
/// where it is known.
pub(super) fn gauge(peak_dbfs: i32, gain_tenths: Option<i32>) -> String {
    let gain_tenths = gain_tenths.unwrap_or(0);
    let peak_dbfs = f64::from(peak_dbfs);
    let gain = i18n::db(f64::from(gain_tenths.abs()) / 10.0);
    let level =
        if peak_dbfs <= FLOOR_DBFS { silence() } else { i18n::quantity(peak_dbfs, 0, "dBFS") };
    match gain_tenths.signum() {
        -1 => trf("{level}, Headroom takes away {gain}", &[("level", &level), ("gain", &gain)]),
        1 => trf("{level}, Headroom adds {gain}", &[("level", &level), ("gain", &gain)]),
        _ => level,
    }
}

/// Returns the exact numbers of a gauge, for a tooltip: the held peak and the level of what comes in, and what was done.
pub(super) fn gauge_tooltip(peak_dbfs: f64, in_dbfs: f64, gain_db: Option<f64>) -> String {
    let out = gain_db.filter(|_| in_dbfs > FLOOR_DBFS).map(|gain_db| dbfs(in_dbfs + gain_db));
    let out = out.unwrap_or_else(|| if gain_db.is_some() { silence() } else { "–".to_owned() });
    let change = gain_db.map_or_else(|| "–".to_owned(), i18n::change_db);
    let lines = [
        trf("Comes in: {level}", &[("level", &dbfs(in_dbfs))]),
        trf("Goes out: {level}", &[("level", &out)]),
        trf("Change by Headroom: {gain}", &[("gain", &change)]),
        trf("Highest peak that came in: {level}", &[("level", &dbfs(peak_dbfs))]),
    ];
    lines.join("\n")
}

/// Returns the name of the chart for a screen reader.
pub(super) fn chart() -> String {
    tr("Loudness over the last three minutes")
}

/// Returns the entry of the legend for one line, with the value it has.
pub(super) fn legend(line: Line, loudness_lufs: Option<f64>) -> String {
    let name = match line {
        Line::Input => trc("loudness", "Input"),
        Line::Output => trc("loudness", "Output"),
        Line::Target => trc("loudness", "Target"),
    };
    match loudness_lufs {
        Some(loudness_lufs) => {
            trf("{name}: {value}", &[("name", &name), ("value", &lufs(loudness_lufs))])
        }
        None => name,
    }
}

/// A line of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Loudness before Headroom.
    Input,
    /// Loudness after Headroom.
    Output,
    /// The loudness that Headroom aims at.
    Target,
}

/// Returns a moment of the past as it stands under the chart.
pub(super) fn minutes_ago(minutes: u32) -> String {
    if minutes == 0 {
        trc("time", "now")
    } else {
        trf("{n} min ago", &[("n", &i18n::number(f64::from(minutes), 0))])
    }
}

/// Returns a moment of the past that a person points at.
pub(super) fn seconds_ago(seconds: u32) -> String {
    trf("{n} s ago", &[("n", &i18n::number(f64::from(seconds), 0))])
}

fn dbfs(level_dbfs: f64) -> String {
    if level_dbfs <= FLOOR_DBFS { silence() } else { i18n::quantity(level_dbfs, 1, "dBFS") }
}

fn silence() -> String {
    trc("level", "silent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_says_what_is_taken_away_and_never_by_a_sign_alone() {
        assert_eq!(gauge(-12, Some(-30)), "\u{2212}12\u{a0}dBFS, Headroom takes away 3.0\u{a0}dB");
        assert_eq!(gauge(-12, Some(20)), "\u{2212}12\u{a0}dBFS, Headroom adds 2.0\u{a0}dB");
        assert_eq!(gauge(-12, Some(0)), "\u{2212}12\u{a0}dBFS");
        assert_eq!(gauge(-12, None), "\u{2212}12\u{a0}dBFS");
        assert_eq!(gauge(-60, Some(0)), "silent");
    }

    #[test]
    fn no_loudness_is_called_silence() {
        assert_eq!(lufs(f64::NEG_INFINITY), "silent");
        assert_eq!(lufs(f64::NAN), "silent");
        assert_eq!(lufs(-70.0), "silent");
        assert_eq!(lufs(-23.04), "\u{2212}23.0\u{a0}LUFS");
    }
}
