//! What was measured, as a table, and what of it breaks a promise.

use std::{fmt::Write as _, ops::Range};

use headroom_testkit::{layout::usual_layout, meter, session::Passage};

use crate::{
    programme::{CHANNELS, Piece, RATE_HZ},
    stage::Published,
};

/// A reading may exceed the ceiling by this, in dB: the meter's own error.
const TOLERANCE_DB: f64 = 0.01;
/// Below this the place of a signal in a recording is ambiguous (steady tones).
const LEAST_CONFIDENCE: f64 = 0.1;

/// Levels of a recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    pub(crate) peak_dbfs: f64,
    pub(crate) true_peak_dbtp: f64,
    pub(crate) integrated_lufs: f64,
}

impl Levels {
    fn measure(channels: &[Vec<f32>]) -> Self {
        let layout = usual_layout(CHANNELS);
        Self {
            peak_dbfs: meter::sample_peak_dbfs_planar(channels),
            true_peak_dbtp: meter::true_peak_dbtp_planar(channels),
            integrated_lufs: meter::loudness(channels, RATE_HZ, &layout).integrated_lufs,
        }
    }
}

/// One piece and what became of it.
pub(crate) struct Row {
    pub(crate) name: String,
    /// What was played.
    pub(crate) material: Vec<Vec<f32>>,
    /// What the device received through Headroom, of the same length.
    pub(crate) received: Vec<Vec<f32>>,
    /// Levels of what was played.
    pub(crate) before: Levels,
    /// Levels of all that the device received through Headroom.
    pub(crate) after: Levels,
    /// Frames that Headroom added; `None` where the signal does not tell.
    pub(crate) added_frames: Option<i64>,
    /// Whether the bypassed player's samples reached the device bit for bit.
    pub(crate) bypass_is_exact: bool,
}

impl Row {
    /// Measures what the device received from both applications: a row for each part of the piece.
    pub(crate) fn of(piece: &Piece, processed: &Passage, bypassed: &Passage) -> Vec<Self> {
        let reference = &piece.material[0];
        let place = |passage: &Passage| {
            passage.delay(reference, 0).filter(|delay| delay.confidence >= LEAST_CONFIDENCE)
        };
        let travel = |passage: &Passage| passage.travel_frames(place(passage)?.frames);
        let added_frames = match (travel(processed), travel(bypassed)) {
            (Some(processed), Some(bypassed)) => Some(processed - bypassed),
            _ => None,
        };
        let recorded = &processed.recording.channels;
        let start = processed.recording.first_sound(0, 0.0).unwrap_or(0);
        let place = place(processed)
            .map_or_else(|| i64::try_from(start).unwrap_or(i64::MAX), |delay| delay.frames);
        let received = meter::aligned_planar(recorded, place, reference.len());
        let bypass_is_exact = is_exact(&piece.material, bypassed);
        let is_whole = piece.parts.len() == 1;
        let row = |(name, range): &(String, Range<usize>)| {
            let material = part(&piece.material, range);
            let received = part(&received, range);
            Self {
                name: name.clone(),
                before: Levels::measure(&material),
                // All that came, what the limiter holds back at the end included.
                after: Levels::measure(if is_whole { recorded } else { &received }),
                material,
                received,
                added_frames,
                bypass_is_exact,
            }
        };
        piece.parts.iter().map(row).collect()
    }
}

fn part(channels: &[Vec<f32>], range: &Range<usize>) -> Vec<Vec<f32>> {
    let cut = |channel: &Vec<f32>| channel[range.start..range.end.min(channel.len())].to_vec();
    channels.iter().map(cut).collect()
}

/// Says in one sentence what became of speech, blast and speech.
pub(crate) fn story(rows: &[Row]) -> String {
    let [speech, blast, again] = rows else { return String::new() };
    let lufs = |row: &Row| row.after.integrated_lufs;
    format!(
        "The blast was {:.1} LU louder than the speech before it where it was played, and {:.1} LU where it was \
         heard; the speech after it was heard at {:.1} LUFS, {:+.1} LU beside that before.\n",
        blast.before.integrated_lufs - speech.before.integrated_lufs,
        lufs(blast) - lufs(speech),
        lufs(again),
        lufs(again) - lufs(speech),
    )
}

/// Compares from the first sample that is not zero, so that steady tones can be compared as well.
fn is_exact(material: &[Vec<f32>], passage: &Passage) -> bool {
    let first = |channels: &[Vec<f32>]| {
        (0..channels[0].len()).find(|&frame| channels.iter().any(|channel| channel[frame] != 0.0))
    };
    let recorded = &passage.recording.channels;
    let (Some(sent), Some(heard)) = (first(material), first(recorded)) else { return false };
    let Some(start) = heard.checked_sub(sent) else { return false };
    let at = i64::try_from(start).unwrap_or(i64::MAX);
    material.iter().zip(recorded).all(|(sent, heard)| meter::is_bit_exact(sent, heard, at))
}

/// Lays the rows out for a terminal.
pub(crate) fn table(rows: &[Row], published: &Published) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:width$}  {:-^22}  {:-^29}  bypassed", "", " played ", " received ");
    let levels_head = ["peak", "true", "loud"].map(|head| format!("{head:>6}")).join("  ");
    let units_head = ["dBFS", "dBTP", "LUFS"].map(|head| format!("{head:>6}")).join("  ");
    let _ = writeln!(text, "{:width$}  {levels_head}  {levels_head}  added  player", "");
    let _ = writeln!(text, "{:width$}  {units_head}  {units_head}  frames", "");
    for row in rows {
        let latency = row.added_frames.map_or_else(|| "-".to_owned(), |frames| frames.to_string());
        let bypassed = if row.bypass_is_exact { "bit-exact" } else { "ALTERED" };
        let _ = writeln!(
            text,
            "{:width$}  {}  {}  {latency:>5}  {bypassed}",
            row.name,
            levels(&row.before),
            levels(&row.after),
        );
    }
    let latency_ms = published.latency_frames as f64 / f64::from(RATE_HZ) * 1_000.0;
    let _ = writeln!(
        text,
        "Ceiling {:+.2} dBTP. Published latency {} frames, {latency_ms:.2} ms at {} kHz.\n\
         '-': a steady tone does not tell where it begins.",
        published.ceiling_dbtp,
        published.latency_frames,
        RATE_HZ / 1_000,
    );
    text
}

fn levels(levels: &Levels) -> String {
    format!(
        "{:+6.2}  {:+6.2}  {:+6.1}",
        levels.peak_dbfs, levels.true_peak_dbtp, levels.integrated_lufs
    )
}

/// Returns a sentence for everything that is not as promised.
pub(crate) fn broken_promises(rows: &[Row], published: &Published) -> Vec<String> {
    let mut broken = Vec::new();
    for row in rows {
        if row.after.true_peak_dbtp > published.ceiling_dbtp + TOLERANCE_DB {
            broken.push(format!(
                "{}: {:+.3} dBTP reached the device, over the ceiling of {:.2} dBTP",
                row.name, row.after.true_peak_dbtp, published.ceiling_dbtp
            ));
        }
        if row.after.true_peak_dbtp == f64::NEG_INFINITY {
            broken.push(format!("{}: nothing reached the device", row.name));
        }
        if !row.bypass_is_exact {
            broken.push(format!("{}: the bypassed player's samples were altered", row.name));
        }
        if row.added_frames.is_some_and(|frames| frames != published.latency_frames) {
            broken.push(format!(
                "{}: the latency is not the published one of {} frames",
                row.name, published.latency_frames
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: Published = Published { latency_frames: 69, ceiling_dbtp: -0.1 };

    fn row(true_peak_dbtp: f64, added_frames: Option<i64>, bypass_is_exact: bool) -> Row {
        let levels = Levels { peak_dbfs: -1.0, true_peak_dbtp, integrated_lufs: -20.0 };
        Row {
            name: "test".to_owned(),
            material: vec![vec![0.5; 10]; 2],
            received: vec![vec![0.5; 10]; 2],
            before: levels,
            after: levels,
            added_frames,
            bypass_is_exact,
        }
    }

    #[test]
    fn every_broken_promise_gets_its_sentence() {
        let kept = [row(-0.095, Some(69), true), row(-0.2, None, true)];
        assert!(broken_promises(&kept, &PUBLISHED).is_empty());
        for bad in [
            row(-0.08, Some(69), true),
            row(f64::NEG_INFINITY, None, true),
            row(f64::INFINITY, None, true),
            row(-0.2, Some(70), true),
            row(-0.2, Some(69), false),
        ] {
            assert_eq!(broken_promises(&[bad], &PUBLISHED).len(), 1);
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_row() {
        let text = table(&[row(-0.2, Some(69), true), row(-0.2, None, false)], &PUBLISHED);
        assert_eq!(text.lines().filter(|line| line.starts_with("test")).count(), 2);
        assert!(text.contains("bit-exact") && text.contains("ALTERED"));
    }
}
