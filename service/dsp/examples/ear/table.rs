//! The table: each figure's mean and worst over the scenarios, a column for each system.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::figures::Figure;

/// Figure, what it says, decimals, and whether the lowest is the worst.
const ROWS: [(&str, &str, usize, bool); 31] = [
    ("blast 100 ms", "blast, 100 ms, LU above speech", 1, false),
    ("blast momentary", "blast, momentary, LU above speech", 1, false),
    ("blast over 6 LU", "blast, s more than 6 LU above", 2, false),
    ("exposure 20 s", "exposure, 20 s, LU s", 2, false),
    ("exposure middle", "exposure, 2.5 to 5 s, LU s", 2, false),
    ("exposure short", "exposure, up to 2 s, LU s", 2, false),
    ("recovery 20 s", "speech back after 20 s, s", 2, false),
    ("recovery middle", "speech back after 2.5 to 5 s, s", 2, false),
    ("recovery short", "speech back after up to 2 s, s", 2, false),
    ("over music 100 ms", "blast in music, 100 ms, LU above it", 1, false),
    ("over music momentary", "blast in music, momentary, LU above", 1, false),
    ("first 100 ms", "first sound, 100 ms, LU above target", 1, false),
    ("first momentary", "first sound, momentary, LU above", 1, false),
    ("evenness", "playlist, sd of short-term, LU", 2, false),
    ("evenness over perfect", "the same, more than a perfect gain", 2, false),
    ("pause rise", "noise up in pauses, dB", 1, false),
    ("bang duck", "speech ducked after a bang, ms", 0, false),
    ("pump music", "pumping, music, dB", 2, false),
    ("pump wide music", "pumping, music of LRA > 9, dB", 2, false),
    ("pump drums", "pumping, drums, dB", 2, false),
    ("pump drops", "pumping, music that drops, dB", 2, false),
    ("pump laughs", "pumping, laugh track, dB", 2, false),
    ("pump speech", "pumping, speech alone, dB", 2, false),
    ("speech cut", "speech cut by over 3 dB, % of time", 2, false),
    ("LRA kept", "LRA kept, music", 2, true),
    ("LRA kept, wide", "LRA kept, music of LRA > 9", 2, true),
    ("talkers", "talkers 14 LU apart: heard, LU", 1, false),
    ("crowd back", "speech back after a crowd, s", 2, false),
    ("ambience gain", "quiet ambience raised by, dB", 1, false),
    ("tone caught", "THD+N of a tone, caught, dB", 0, false),
    ("tone at rest", "THD+N of a tone, 12 s later, dB", 0, false),
];

/// Figures of all scenarios, by system.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(String, BTreeMap<&'static str, Vec<f64>>)>,
}

impl Table {
    pub(crate) fn new(names: impl Iterator<Item = String>) -> Self {
        Self { columns: names.map(|name| (name, BTreeMap::new())).collect() }
    }

    pub(crate) fn add(&mut self, column: usize, figures: &[Figure]) {
        for (name, value) in figures {
            self.columns[column].1.entry(name).or_default().push(*value);
        }
    }

    /// The table as text: mean and worst of each figure.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:<38}", "mean / worst");
        for (name, _) in &self.columns {
            let _ = write!(text, "{name:>17}");
        }
        text.push('\n');
        for (figure, title, decimals, lowest) in ROWS {
            if self.columns.iter().all(|(_, figures)| !figures.contains_key(figure)) {
                continue;
            }
            let _ = write!(text, "{title:<38}");
            for (_, figures) in &self.columns {
                let cell = figures.get(figure).map_or_else(
                    || "-".to_owned(),
                    |values| {
                        let mean = values.iter().sum::<f64>() / values.len() as f64;
                        let worst = values.iter().copied().fold(
                            if lowest { f64::MAX } else { f64::MIN },
                            if lowest { f64::min } else { f64::max },
                        );
                        format!("{mean:.decimals$} / {worst:.decimals$}")
                    },
                );
                let _ = write!(text, "{cell:>17}");
            }
            text.push('\n');
        }
        text
    }
}
