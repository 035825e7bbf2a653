//! What rendering did, as a table or as JSON.

use headroom_dsp::{FLOOR_DB, Spec};
use serde_json::json;

use super::{
    edges::Faded,
    measure::{GainRanges, Readings},
};
use crate::output::{Cell, FAINT, NOTE, Printer, number, print_json, round_db};

/// Everything that is told after rendering.
pub(super) struct Report {
    pub(super) profile: String,
    pub(super) spec: Spec,
    pub(super) frames: u64,
    pub(super) latency_frames: usize,
    pub(super) ceiling_dbtp: f64,
    pub(super) not_finite: u64,
    pub(super) faded: Faded,
    pub(super) before: Readings,
    pub(super) after: Readings,
    pub(super) gains: GainRanges,
}

impl Report {
    /// Prints the report.
    pub(super) fn print(&self, is_json: bool) -> std::io::Result<()> {
        if is_json { self.print_json() } else { self.print_table() }
    }

    fn print_json(&self) -> std::io::Result<()> {
        print_json(&json!({
            "profile": self.profile,
            "frames": self.frames,
            "rate-hz": self.spec.rate_hz,
            "channels": self.spec.layout.channels(),
            "latency-frames": self.latency_frames,
            // The setting is single precision; what was asked for is meant.
            "ceiling-dbtp": number(round_db(self.ceiling_dbtp, 4)),
            "before": self.before.json(),
            "after": self.after.json(),
            "gain-db": self.gains.json(),
            "clamp-activations": self.gains.clamp_activations(),
            "not-finite-samples": self.not_finite,
            "faded": {"start": self.faded.start, "end": self.faded.end},
        }))
    }

    fn print_table(&self) -> std::io::Result<()> {
        let (before, after) = (&self.before, &self.after);
        let row = |name: &str, before: f32, after: f32, unit: &str| {
            vec![
                Cell::new(name),
                Cell::new(level_text(before)).right(),
                Cell::new(level_text(after)).right(),
                Cell::new(unit).styled(FAINT),
            ]
        };
        let mut printer = Printer::new();
        printer.table(
            &["", "BEFORE", "AFTER", ""],
            &[
                row("Sample peak", before.sample_peak_dbfs, after.sample_peak_dbfs, "dBFS"),
                row("True peak", before.true_peak_dbtp, after.true_peak_dbtp, "dBTP"),
                row("Integrated loudness", before.integrated_lufs, after.integrated_lufs, "LUFS"),
                row(
                    "Highest momentary loudness",
                    before.max_momentary_lufs,
                    after.max_momentary_lufs,
                    "LUFS",
                ),
                row(
                    "Highest short-term loudness",
                    before.max_short_term_lufs,
                    after.max_short_term_lufs,
                    "LUFS",
                ),
            ],
        );
        printer.line("");
        let gains = GainRanges::STAGES.iter().zip(self.gains.ranges()).map(
            |((name, _), (least, greatest))| {
                vec![
                    Cell::new(name),
                    Cell::new(gain_text(least)).right(),
                    Cell::new(gain_text(greatest)).right(),
                    Cell::new("dB").styled(FAINT),
                ]
            },
        );
        printer.table(&["GAIN", "LEAST", "MOST", ""], &gains.collect::<Vec<_>>());
        printer.line("");
        let seconds = self.frames as f64 / f64::from(self.spec.rate_hz);
        printer.styled_line(
            format!(
                "{} frames ({seconds:.1} s), {} channels, {} Hz; profile '{}', ceiling {:.2} dBTP; a delay of {} frames was taken out.",
                self.frames,
                self.spec.layout.channels(),
                self.spec.rate_hz,
                self.profile,
                self.ceiling_dbtp,
                self.latency_frames,
            ),
            FAINT,
        );
        for note in self.notes() {
            printer.styled_line(note, NOTE);
        }
        printer.finish()
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.gains.caught();
        let ends = match (self.faded.start, self.faded.end) {
            (true, true) => Some("Both ends of the file were"),
            (true, false) => Some("The start of the file was"),
            (false, true) => Some("The end of the file was"),
            (false, false) => None,
        };
        if let Some(ends) = ends {
            notes.push(format!(
                "{ends} so loud that the cut itself overshot; a few milliseconds were faded."
            ));
        }
        if self.not_finite > 0 {
            notes.push(format!(
                "{} samples of the input were no numbers and became silence.",
                self.not_finite
            ));
        }
        if self.gains.clamp_activations() > 0 {
            notes.push(format!(
                "The last clamp held {} samples under the ceiling; please report it.",
                self.gains.clamp_activations()
            ));
        }
        notes
    }
}

fn level_text(level_db: f32) -> String {
    if level_db <= FLOOR_DB {
        "silence".to_owned()
    } else {
        format!("{:.2}", round_db(f64::from(level_db), 2))
    }
}

fn gain_text(gain_db: f32) -> String {
    format!("{:+.1}", round_db(f64::from(gain_db), 1))
}
