//! The picture: peak level over time, before and after, one panel per piece.

use std::error::Error;

use anyhow::{Result, anyhow};
use headroom_testkit::meter;
use plotters::prelude::*;

use crate::{programme::RATE_HZ, report::Row};

const PANELS_ACROSS: usize = 3;
const PANEL_SIZE: (u32, u32) = (400, 230);
/// Length of what one point of a line stands for, in frames: 5 ms.
const SLICE_FRAMES: usize = RATE_HZ as usize / 200;
const BOTTOM_DB: f64 = -40.0;
const TOP_DB: f64 = 15.0;
const BEFORE: RGBColor = RGBColor(214, 120, 60);
const AFTER: RGBColor = RGBColor(30, 100, 180);
const CEILING: RGBColor = RGBColor(90, 90, 90);

/// Draws all rows as one SVG image.
pub(crate) fn draw(rows: &[Row], ceiling_dbtp: f64) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, rows, ceiling_dbtp).map_err(|error| anyhow!("cannot draw: {error}"))?;
    Ok(svg)
}

fn draw_into(svg: &mut String, rows: &[Row], ceiling_dbtp: f64) -> Result<(), Box<dyn Error>> {
    let lines = rows.len().div_ceil(PANELS_ACROSS).max(1);
    let size = (PANEL_SIZE.0 * PANELS_ACROSS as u32, PANEL_SIZE.1 * lines as u32 + 40);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled(
        "Peak level, dBFS: played (orange), received by the device (blue), ceiling (dashed)",
        ("sans-serif", 18),
    )?;
    for (panel, row) in area.split_evenly((lines, PANELS_ACROSS)).iter().zip(rows) {
        let seconds = row.material[0].len() as f64 / f64::from(RATE_HZ);
        let mut chart = ChartBuilder::on(panel)
            .caption(row.name, ("sans-serif", 14))
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
