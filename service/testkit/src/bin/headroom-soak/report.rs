//! What all chapters together say: a row for each, slopes, gaps by cause, and what was broken.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use crate::{
    desktop::Chapter,
    figures::Figures,
    slope::{Slope, common_slope},
};

/// The first minutes of a life are not judged: everything is used for the first time in them.
const SETTLED: Duration = Duration::from_mins(15);

pub(crate) const HEADER: &str = "   min life    Pss kB  guardian   fds threads   acts      cycles  late starved unready  \
                                 gaps  gap ms";

/// A figure that is judged: its name, unit, and where it stands.
type Judged = (&'static str, &'static str, fn(&Figures) -> f64);

const JUDGED: [Judged; 4] = [
    ("memory of the service", "kB (Pss)", |figures| figures.pss_kb),
    ("memory of its guardian", "kB (Pss)", |figures| figures.guardian_kb),
    ("descriptors", "open", |figures| figures.descriptors),
    ("threads", "", |figures| figures.threads),
];

/// Everything so far.
pub(crate) struct Report {
    seed: u64,
    pub(crate) chapters: Vec<Chapter>,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, chapters: Vec::new() }
    }

    /// Adds a chapter; returns its row.
    pub(crate) fn add(&mut self, chapter: Chapter) -> String {
        self.chapters.push(chapter);
        self.chapters.last().map_or_else(String::new, row)
    }

    /// Readings at rest that are judged, by life.
    fn settled(&self, of: fn(&Figures) -> f64) -> Vec<Vec<(f64, f64)>> {
        let mut lives: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
        for chapter in self.chapters.iter().filter(|chapter| chapter.life_age >= SETTLED) {
            lives.entry(chapter.life).or_default().push((chapter.hours, of(&chapter.rest)));
        }
        lives.into_values().collect()
    }

    fn slopes(&self) -> Vec<(&'static str, &'static str, Option<Slope>)> {
        JUDGED
            .iter()
            .map(|(name, unit, of)| (*name, *unit, common_slope(&self.settled(*of))))
            .collect()
    }

    /// What rose, was broken or did not work.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, unit, slope) in self.slopes() {
            if let Some(slope) = slope.filter(Slope::rises) {
                faults.push(format!("{name} rises by {:.1} {unit} in an hour", slope.per_hour));
            }
        }
        for (number, chapter) in self.chapters.iter().enumerate() {
            let number = number + 1;
            for excess in &chapter.hearing.above {
                let (at_s, db) = (excess.at_ms as f64 / 1e3, 20.0 * excess.peak.log10());
                faults.push(format!(
                    "chapter {number} at {at_s:.2} s: {db:+.2} dBFS, above the ceiling"
                ));
            }
            faults.extend(chapter.faults.iter().map(|fault| format!("chapter {number}: {fault}")));
        }
        faults
    }

    /// The table, slopes, gaps by cause and faults.
    pub(crate) fn sum(&self) -> String {
        let mut text = format!("seed {}\n{HEADER}\n", self.seed);
        for chapter in &self.chapters {
            text += &row(chapter);
            text.push('\n');
        }
        text += "\nat rest, from the 15th minute of a life of the service on: mean, and slope in an hour (99 %)\n";
        for (name, unit, slope) in self.slopes() {
            // Writing to a string cannot fail.
            let _ = match slope {
                Some(Slope { mean, per_hour, uncertainty }) => writeln!(
                    text,
                    "{name:<24}{mean:>10.1} {unit:<9}{per_hour:>+9.1} +- {uncertainty:.1}"
                ),
                None => writeln!(text, "{name:<24}too few readings"),
            };
        }
        text += "\ngaps by what happened within 3 s before them\n   count     sum ms  longest ms\n";
        let mut causes: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        let mut expected_ms = 0;
        for chapter in &self.chapters {
            expected_ms += chapter.hearing.expected_ms;
            for gap in &chapter.hearing.gaps {
                let (count, sum, longest) = causes.entry(gap.cause).or_default();
                (*count, *sum, *longest) = (*count + 1, *sum + gap.ms, gap.ms.max(*longest));
            }
        }
        for (cause, (count, sum, longest)) in causes {
            let _ = writeln!(text, "{count:>8}{sum:>11}{longest:>12}  {cause}");
        }
        let missed: u64 = self.chapters.iter().map(|chapter| chapter.missed_frames).sum();
        let _ = writeln!(
            text,
            "listened for {:.1} min; the graph left {missed} frames out at the recorders",
            expected_ms as f64 / 60_000.0
        );
        for fault in self.faults() {
            let _ = writeln!(text, "FAULT: {fault}");
        }
        text
    }

    /// What happened in each chapter.
    pub(crate) fn story(&self) -> String {
        let mut text = String::new();
        for (number, chapter) in self.chapters.iter().enumerate() {
            let _ = writeln!(text, "chapter {}", number + 1);
            for line in &chapter.story {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }

    /// Every reading, for other programs.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::from("hours,at_rest,pss_kb,guardian_kb,descriptors,threads\n");
        for chapter in &self.chapters {
            let living = chapter.living.iter().map(|(hours, figures)| (*hours, false, *figures));
            for (hours, at_rest, figures) in living.chain([(chapter.hours, true, chapter.rest)]) {
                let Figures { pss_kb, guardian_kb, descriptors, threads } = figures;
                let _ = writeln!(
                    text,
                    "{hours:.5},{at_rest},{pss_kb},{guardian_kb},{descriptors},{threads}"
                );
            }
        }
        text
    }
}

fn row(chapter: &Chapter) -> String {
    let Chapter { rest, cycles, hearing, .. } = chapter;
    let gaps_ms: usize = hearing.gaps.iter().map(|gap| gap.ms).sum();
    format!(
        "{:>6.1} {:>4} {:>9.0} {:>9.0} {:>5} {:>7} {:>6} {:>11} {:>5} {:>7} {:>7} {:>5} {:>7}{}",
        60.0 * chapter.hours,
        chapter.life,
        rest.pss_kb,
        rest.guardian_kb,
        rest.descriptors,
        rest.threads,
        chapter.acts,
        cycles.run,
        cycles.late,
        cycles.starved,
        cycles.unready,
        hearing.gaps.len(),
        gaps_ms,
        if chapter.faults.is_empty() && hearing.above.is_empty() { "" } else { "  FAULT" }
    )
}
