//! Pictures: charts in rows and columns, as one SVG image.
//!
//! Owns how the demonstration, the soak and the desktop's day look. Works in memory, on the caller's thread; judges nothing.

use std::{error::Error, ops::Range};

use anyhow::{Result, anyhow};
use plotters::{coord::Shift, prelude::*};

use crate::{layout::Position, meter};

/// Colour of what was played.
pub const BEFORE: RGBColor = RGBColor(214, 120, 60);
/// Colour of what a device was given, and of what was measured at rest.
pub const AFTER: RGBColor = RGBColor(30, 100, 180);
/// Colour of what is measured all along.
pub const PALE: RGBColor = RGBColor(150, 180, 215);
const BOUND: RGBColor = RGBColor(90, 90, 90);

const TITLE_HEIGHT: u32 = 40;
/// Marks that stand closer than a word is long are named in so many rows.
const MARK_ROWS: usize = 5;
const MOST_IN_ONE_ROW: usize = 6;
/// Time between two readings of the momentary loudness, and its window, in seconds.
const READING_S: f64 = 0.01;
const WINDOW_S: f64 = 0.4;

/// Points of a line, from left to right.
pub type Points = Vec<(f64, f64)>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it goes.
    pub points: Points,
    /// Its colour.
    pub colour: RGBColor,
    /// Its width, in pixels.
    pub width: u32,
}

/// A chart of lines and dots.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What stands over it; may be empty.
    pub caption: String,
    /// From left to right, in the unit of `unit`.
    pub x: Range<f64>,
    /// From bottom to top.
    pub y: Range<f64>,
    /// Unit of the horizontal axis.
    pub unit: &'static str,
    /// The lines, the last one on top.
    pub lines: Vec<Line>,
    /// Dots over the lines.
    pub dots: Points,
    /// Heights of dashed lines across.
    pub bounds: Vec<f64>,
    /// Times that are marked by a dashed line, and what begins there.
    pub marks: Vec<(f64, String)>,
}

/// Charts of one size under one title.
#[derive(Clone, Debug)]
pub struct Block {
    /// What stands over all of them.
    pub title: String,
    /// The charts, row by row.
    pub charts: Vec<Chart>,
    /// How many stand side by side.
    pub across: usize,
    /// Width and height of each, in pixels.
    pub size: (u32, u32),
}

/// Draws blocks below each other as one SVG image.
///
/// # Errors
/// When the image cannot be drawn.
pub fn draw(blocks: &[Block]) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, blocks).map_err(|error| anyhow!("cannot draw: {error}"))?;
    Ok(svg)
}

/// Returns the momentary loudness over time, each reading at the end of its window, within `range`: s and LUFS.
pub fn momentary<C: AsRef<[f32]>>(
    channels: &[C],
    rate_hz: u32,
    positions: &[Position],
    range: &Range<f64>,
) -> Points {
    let readings = meter::loudness_curve(channels, rate_hz, positions, 400);
    let point = |(index, lufs): (usize, f64)| {
        (WINDOW_S + index as f64 * READING_S, lufs.clamp(range.start, range.end))
    };
    readings.into_iter().enumerate().map(point).collect()
}

/// Returns the largest level of every slice of `slice_frames`, over all channels, within `range`: s and dB.
pub fn peaks<C: AsRef<[f32]>>(
    channels: &[C],
    rate_hz: u32,
    slice_frames: usize,
    range: &Range<f64>,
) -> Points {
    let frames = channels.first().map_or(0, |channel| channel.as_ref().len());
    let slice = |start: usize| {
        let end = (start + slice_frames).min(frames);
        let samples = channels.iter().flat_map(|channel| &channel.as_ref()[start..end]);
        let peak = samples.fold(0.0_f64, |peak, sample| peak.max(f64::from(sample.abs())));
        let level_db = meter::amplitude_to_db(peak).clamp(range.start, range.end);
        (start as f64 / f64::from(rate_hz), level_db)
    };
    (0..frames).step_by(slice_frames).map(slice).collect()
}

impl Block {
    fn rows(&self) -> u32 {
        self.charts.len().div_ceil(self.across).max(1) as u32
    }

    fn height(&self) -> u32 {
        TITLE_HEIGHT + self.size.1 * self.rows()
    }
}

fn draw_into(svg: &mut String, blocks: &[Block]) -> Result<(), Box<dyn Error>> {
    let width = blocks.iter().map(|block| block.size.0 * block.across as u32).max().unwrap_or(1);
    let height: u32 = blocks.iter().map(Block::height).sum();
    let mut rest = SVGBackend::with_string(svg, (width, height.max(1))).into_drawing_area();
    rest.fill(&WHITE)?;
    for block in blocks {
        let (area, below) = rest.split_vertically(block.height());
        rest = below;
        let area = area.titled(&block.title, ("sans-serif", 18))?;
        let places = area.split_evenly((block.rows() as usize, block.across));
        for (place, chart) in places.iter().zip(&block.charts) {
            chart.draw(place)?;
        }
    }
    rest.present()?;
    Ok(())
}

/// Decimals that tell labels apart on an axis of this length.
fn decimals(length: f64) -> usize {
    match length {
        length if length >= 8.0 => 0,
        length if length >= 0.8 => 1,
        _ => 2,
    }
}

impl Chart {
    fn draw(&self, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
        let (left, right) = (self.x.start, self.x.end);
        let (bottom, top) = (self.y.start, self.y.end);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.caption, ("sans-serif", 14))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(22)
            .y_label_area_size(50)
            .build_cartesian_2d(left..right, bottom..top)?;
        let (x_decimals, y_decimals) = (decimals(right - left), decimals(top - bottom));
        let (width, _) = area.dim_in_pixel();
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_labels((width as usize / 80).max(2))
            .y_labels(6)
            .x_label_formatter(&|x| format!("{x:.x_decimals$} {}", self.unit))
            .y_label_formatter(&|y| format!("{y:.y_decimals$}"))
            .draw()?;
        let rows = if self.marks.len() > MOST_IN_ONE_ROW { MARK_ROWS } else { 1 };
        for (number, (at, name)) in self.marks.iter().enumerate() {
            let line = [(*at, bottom), (*at, top)];
            chart.draw_series(DashedLineSeries::new(line, 6, 4, BOUND.stroke_width(1)))?;
            let above = (1 + number % rows) as f64 * 0.06 * (top - bottom);
            let place = (at + 0.003 * (right - left), bottom + above);
            chart.draw_series([Text::new(name.clone(), place, ("sans-serif", 12))])?;
        }
        for line in &self.lines {
            let style = line.colour.stroke_width(line.width);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
        for bound in &self.bounds {
            let line = [(left, *bound), (right, *bound)];
            chart.draw_series(DashedLineSeries::new(line, 6, 4, BOUND.stroke_width(1)))?;
        }
        chart.draw_series(self.dots.iter().map(|dot| Circle::new(*dot, 3, AFTER.filled())))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{layout::usual_layout, signals};

    const RATE_HZ: u32 = 48_000;

    #[test]
    fn loudness_is_read_over_time_and_within_the_range() {
        let range = -50.0..5.0;
        let tone = signals::sine(RATE_HZ, RATE_HZ as usize, 997.0, 0.1);
        let points = momentary(&[tone.clone(), tone], RATE_HZ, &usual_layout(2), &range);
        assert_eq!(points.len(), 61);
        assert!((points[0].0 - 0.4).abs() < 1e-9 && (points[60].0 - 1.0).abs() < 1e-9);
        // Two channels of a sine at -20 dBFS are -20 LUFS.
        assert!(points.iter().all(|point| (point.1 + 20.0).abs() < 0.1), "{points:?}");
        let silence = vec![vec![0.0; RATE_HZ as usize]; 2];
        let silence = momentary(&silence, RATE_HZ, &usual_layout(2), &range);
        assert!(silence.iter().all(|point| (point.1 + 50.0).abs() < 1e-9));
    }

    #[test]
    fn each_point_is_the_peak_of_its_slice() {
        let mut channel = vec![0.0; 720];
        channel[247] = -0.5;
        channel[480] = 100.0;
        let points = peaks(&[channel], RATE_HZ, 240, &(-40.0..15.0));
        assert_eq!(points.len(), 3);
        let levels: Vec<f64> = points.iter().map(|point| point.1).collect();
        assert!((levels[0] + 40.0).abs() < 1e-9);
        assert!((levels[1] + 6.02).abs() < 0.01);
        assert!((levels[2] - 15.0).abs() < 1e-9);
    }

    #[test]
    fn picture_holds_every_title_caption_and_mark() {
        let chart = |caption: &str| Chart {
            caption: caption.to_owned(),
            x: 0.0..10.0,
            y: -60.0..0.0,
            unit: "s",
            lines: vec![Line {
                points: vec![(0.0, -20.0), (10.0, -30.0)],
                colour: AFTER,
                width: 1,
            }],
            dots: vec![(5.0, -10.0)],
            bounds: vec![-12.0],
            marks: (0..8).map(|n| (f64::from(n), format!("step {n}"))).collect(),
        };
        let block = Block {
            title: "All".to_owned(),
            charts: vec![chart("one"), chart("two"), chart("three")],
            across: 2,
            size: (400, 200),
        };
        let svg = draw(&[block.clone(), block]).unwrap();
        assert!(svg.contains("width=\"800\"") && svg.contains("height=\"880\""), "{svg}");
        for (text, times) in [("All", 2), ("one", 2), ("three", 2), ("step 7", 6)] {
            let found = svg.lines().filter(|line| line.trim() == text).count();
            assert_eq!(found, times, "{text}: {svg}");
        }
    }
}
