//! The picture: loudness over time of speech with a blast in it, and peak level over time, one panel per piece;
//! before and after.

use std::error::Error;

use anyhow::{Result, anyhow};
use headroom_testkit::{layout::usual_layout, meter};
use plotters::prelude::*;

use crate::{
    programme::{CHANNELS, RATE_HZ},
    report::Row,
};

const PANELS_ACROSS: usize = 3;
const PANEL_SIZE: (u32, u32) = (400, 230);
/// Length of what one point of a line stands for, in frames: 5 ms.
const SLICE_FRAMES: usize = RATE_HZ as usize / 200;
const BOTTOM_DB: f64 = -40.0;
const TOP_DB: f64 = 15.0;
const BEFORE: RGBColor = RGBColor(214, 120, 60);
const AFTER: RGBColor = RGBColor(30, 100, 180);
const CEILING: RGBColor = RGBColor(90, 90, 90);

const STORY_HEIGHT: u32 = 320;
const QUIETEST_LUFS: f64 = -50.0;
const LOUDEST_LUFS: f64 = 5.0;
/// Time between two readings of the momentary loudness, and its window, in seconds.
const READING_S: f64 = 0.01;
const WINDOW_S: f64 = 0.4;

type Drawing<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws all rows as one SVG image: those of the story together, by loudness, and the others by peak.
pub(crate) fn draw(story: &[Row], rows: &[Row], ceiling_dbtp: f64) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, story, rows, ceiling_dbtp)
        .map_err(|error| anyhow!("cannot draw: {error}"))?;
    Ok(svg)
}

fn draw_into(
    svg: &mut String,
    story: &[Row],
    rows: &[Row],
    ceiling_dbtp: f64,
) -> Result<(), Box<dyn Error>> {
    let lines = rows.len().div_ceil(PANELS_ACROSS).max(1);
    let height = STORY_HEIGHT + PANEL_SIZE.1 * lines as u32 + 40;
    let size = (PANEL_SIZE.0 * PANELS_ACROSS as u32, height);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let (top, area) = area.split_vertically(STORY_HEIGHT);
    draw_story(&top, story)?;
    let area = area.titled(
        "Peak level, dBFS, with the limiter alone: played (orange), received by the device (blue), ceiling (dashed)",
        ("sans-serif", 18),
    )?;
    for (panel, row) in area.split_evenly((lines, PANELS_ACROSS)).iter().zip(rows) {
        let seconds = row.material[0].len() as f64 / f64::from(RATE_HZ);
        let mut chart = ChartBuilder::on(panel)
            .caption(&row.name, ("sans-serif", 14))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(22)
            .y_label_area_size(34)
            .build_cartesian_2d(0.0..seconds, BOTTOM_DB..TOP_DB)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_labels(5)
            .y_labels(6)
            .x_label_formatter(&|seconds| format!("{seconds:.1} s"))
            .y_label_formatter(&|db| format!("{db:.0}"))
            .draw()?;
        for (channels, colour) in [(&row.material, BEFORE), (&row.received, AFTER)] {
            chart.draw_series(LineSeries::new(envelope(channels), colour.stroke_width(1)))?;
        }
        let ceiling = [(0.0, ceiling_dbtp), (seconds, ceiling_dbtp)];
        chart.draw_series(DashedLineSeries::new(ceiling, 6, 4, CEILING.stroke_width(1)))?;
    }
    area.present()?;
    Ok(())
}

/// Draws the momentary loudness of rows that follow each other.
fn draw_story(area: &Drawing<'_>, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let title = "Loudness of 400 ms, LUFS: played (orange), received by the device (blue)";
    let area = area.titled(title, ("sans-serif", 18))?;
    let joined = |of: fn(&Row) -> &Vec<Vec<f32>>| -> Vec<Vec<f32>> {
        let channel = |index: usize| rows.iter().flat_map(|row| of(row)[index].clone()).collect();
        (0..CHANNELS).map(channel).collect()
    };
    let (before, after) = (joined(|row| &row.material), joined(|row| &row.received));
    let seconds = |frames: usize| frames as f64 / f64::from(RATE_HZ);
    let mut chart = ChartBuilder::on(&area)
        .margin(8)
        .margin_right(24)
        .x_label_area_size(22)
        .y_label_area_size(34)
        .build_cartesian_2d(0.0..seconds(before[0].len()), QUIETEST_LUFS..LOUDEST_LUFS)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(15)
        .y_labels(6)
        .x_label_formatter(&|seconds| format!("{seconds:.0} s"))
        .y_label_formatter(&|lufs| format!("{lufs:.0}"))
        .draw()?;
    let mut frames = 0;
    for row in rows {
        let place = (seconds(frames) + 0.1, QUIETEST_LUFS + 4.0);
        chart.draw_series([Text::new(row.name.clone(), place, ("sans-serif", 14))])?;
        frames += row.material[0].len();
        let end = [(seconds(frames), QUIETEST_LUFS), (seconds(frames), LOUDEST_LUFS)];
        chart.draw_series(DashedLineSeries::new(end, 6, 4, CEILING.stroke_width(1)))?;
    }
    for (channels, colour) in [(before, BEFORE), (after, AFTER)] {
        chart.draw_series(LineSeries::new(momentary(&channels), colour.stroke_width(2)))?;
    }
    Ok(())
}

/// Momentary loudness over time: each reading at the end of its window.
fn momentary(channels: &[Vec<f32>]) -> Vec<(f64, f64)> {
    let readings = meter::loudness_curve(channels, RATE_HZ, &usual_layout(CHANNELS), 400);
    let point = |(index, lufs): (usize, f64)| {
        (WINDOW_S + index as f64 * READING_S, lufs.clamp(QUIETEST_LUFS, LOUDEST_LUFS))
    };
    readings.into_iter().enumerate().map(point).collect()
}

/// Largest level of every slice of time, in dB, over all channels.
fn envelope(channels: &[Vec<f32>]) -> Vec<(f64, f64)> {
    let frames = channels.first().map_or(0, Vec::len);
    (0..frames)
        .step_by(SLICE_FRAMES)
        .map(|start| {
            let end = (start + SLICE_FRAMES).min(frames);
            let slice = channels.iter().flat_map(|channel| &channel[start..end]);
            let peak = slice.fold(0.0_f64, |peak, sample| peak.max(f64::from(sample.abs())));
            let level_db = meter::amplitude_to_db(peak).clamp(BOTTOM_DB, TOP_DB);
            (start as f64 / f64::from(RATE_HZ), level_db)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_read_over_time_and_within_the_panel() {
        let tone = headroom_testkit::signals::sine(RATE_HZ, RATE_HZ as usize, 997.0, 0.1);
        let points = momentary(&[tone.clone(), tone]);
        assert_eq!(points.len(), 61);
        assert!((points[0].0 - 0.4).abs() < 1e-9 && (points[60].0 - 1.0).abs() < 1e-9);
        // Two channels of a sine at -20 dBFS are -20 LUFS.
        assert!(points.iter().all(|point| (point.1 + 20.0).abs() < 0.1), "{points:?}");
        let silence = momentary(&vec![vec![0.0; RATE_HZ as usize]; CHANNELS]);
        assert!(silence.iter().all(|point| (point.1 - QUIETEST_LUFS).abs() < 1e-9));
    }

    #[test]
    fn each_point_is_the_peak_of_its_slice() {
        let mut channel = vec![0.0; 3 * SLICE_FRAMES];
        channel[SLICE_FRAMES + 7] = -0.5;
        channel[2 * SLICE_FRAMES] = 100.0;
        let points = envelope(&[channel]);
        assert_eq!(points.len(), 3);
        let levels: Vec<f64> = points.iter().map(|point| point.1).collect();
        assert!((levels[0] - BOTTOM_DB).abs() < 1e-9);
        assert!((levels[1] + 6.02).abs() < 0.01);
        assert!((levels[2] - TOP_DB).abs() < 1e-9);
    }
}
