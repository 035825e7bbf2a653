//! The picture: loudness over time of speech with a blast in it, and peak level over time, one chart per piece;
//! before and after.

use std::ops::Range;

use anyhow::Result;
use headroom_testkit::{
    layout::usual_layout,
    plot::{self, Block, Chart, Line, Points},
};

use crate::{
    programme::{CHANNELS, RATE_HZ},
    report::Row,
};

const PANELS_ACROSS: usize = 3;
const PANEL_SIZE: (u32, u32) = (400, 230);
const STORY_HEIGHT: u32 = 320;
/// Length of what one point of a line stands for, in frames: 5 ms.
const SLICE_FRAMES: usize = RATE_HZ as usize / 200;
const LEVELS_DB: Range<f64> = -40.0..15.0;
const LOUDNESS_LUFS: Range<f64> = -50.0..5.0;

/// Draws all rows as one SVG image: those of the story together, by loudness, and the others by peak.
pub(crate) fn draw(story: &[Row], rows: &[Row], ceiling_dbtp: f64) -> Result<String> {
    let story = Block {
        title: "Loudness of 400 ms, LUFS: played (orange), received by the device (blue)"
            .to_owned(),
        charts: vec![story_chart(story)],
        across: 1,
        size: (PANEL_SIZE.0 * PANELS_ACROSS as u32, STORY_HEIGHT),
    };
    let title = "Peak level, dBFS, with the limiter alone: played (orange), received by the device (blue), ceiling (dashed)";
    let pieces = Block {
        title: title.to_owned(),
        charts: rows.iter().map(|row| piece_chart(row, ceiling_dbtp)).collect(),
        across: PANELS_ACROSS,
        size: PANEL_SIZE,
    };
    plot::draw(&[story, pieces])
}

fn seconds(frames: usize) -> f64 {
    frames as f64 / f64::from(RATE_HZ)
}

fn before_and_after(before: Points, after: Points, width: u32) -> Vec<Line> {
    let pair = [(before, plot::BEFORE), (after, plot::AFTER)];
    pair.map(|(points, colour)| Line { points, colour, width }).into()
}

fn piece_chart(row: &Row, ceiling_dbtp: f64) -> Chart {
    let peaks = |channels: &[Vec<f32>]| plot::peaks(channels, RATE_HZ, SLICE_FRAMES, &LEVELS_DB);
    Chart {
        caption: row.name.clone(),
        x: 0.0..seconds(row.material[0].len()),
        y: LEVELS_DB,
        unit: "s",
        lines: before_and_after(peaks(&row.material), peaks(&row.received), 1),
        dots: Vec::new(),
        bounds: vec![ceiling_dbtp],
        marks: Vec::new(),
    }
}

/// The momentary loudness of rows that follow each other.
fn story_chart(rows: &[Row]) -> Chart {
    let joined = |of: fn(&Row) -> &Vec<Vec<f32>>| -> Vec<Vec<f32>> {
        let channel = |index: usize| rows.iter().flat_map(|row| of(row)[index].clone()).collect();
        (0..CHANNELS).map(channel).collect()
    };
    let (before, after) = (joined(|row| &row.material), joined(|row| &row.received));
    let loudness = |channels: &[Vec<f32>]| {
        plot::momentary(channels, RATE_HZ, &usual_layout(CHANNELS), &LOUDNESS_LUFS)
    };
    let mut frames = 0;
    let mut marks = Vec::new();
    for row in rows {
        marks.push((seconds(frames), row.name.clone()));
        frames += row.material[0].len();
    }
    Chart {
        caption: String::new(),
        x: 0.0..seconds(frames),
        y: LOUDNESS_LUFS,
        unit: "s",
        lines: before_and_after(loudness(&before), loudness(&after), 2),
        dots: Vec::new(),
        bounds: Vec::new(),
        marks,
    }
}
