//! The picture: peak level over time, before and after.

use std::{io::Write as _, path::Path};

use plotters::prelude::*;

use super::sink::{place, temporary};
use crate::failure::Failure;

/// Points along the time axis.
const COLUMNS: u64 = 1200;
/// Bottom of the picture, in dBFS.
const BOTTOM_DB: f64 = -60.0;

/// Greatest magnitude of each slice of time, before and after.
pub(crate) struct Envelope {
    peaks: [Vec<f32>; 2],
    frames: u64,
    position: [u64; 2],
}

/// Which of the two signals.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// The input.
    Before,
    /// The output.
    After,
}

impl Envelope {
    /// Returns an empty envelope of a file of `frames` frames.
    pub(crate) fn new(frames: u64) -> Self {
        let columns = COLUMNS.min(frames.max(1)) as usize;
        Self { peaks: [vec![0.0; columns], vec![0.0; columns]], frames, position: [0; 2] }
    }

    /// Adds the next block of planar channels of one side.
    pub(crate) fn add<C: AsRef<[f32]>>(&mut self, side: Side, block: &[C]) {
        let frames = block.first().map_or(0, |channel| channel.as_ref().len());
        let (peaks, position) = (&mut self.peaks[side as usize], &mut self.position[side as usize]);
        for frame in 0..frames {
            let column = (*position * peaks.len() as u64 / self.frames.max(1)) as usize;
            let column = column.min(peaks.len() - 1);
            for channel in block {
                peaks[column] = peaks[column].max(channel.as_ref()[frame].abs());
            }
            *position += 1;
        }
    }

    fn points(&self, side: Side, rate_hz: u32) -> Vec<(f64, f64)> {
        let peaks = &self.peaks[side as usize];
        let seconds_per_column = self.frames as f64 / f64::from(rate_hz) / peaks.len() as f64;
        peaks
            .iter()
            .enumerate()
            .map(|(column, peak)| {
                let level_db = (20.0 * f64::from(*peak).log10()).max(BOTTOM_DB);
                ((column as f64 + 0.5) * seconds_per_column, level_db)
            })
            .collect()
    }

    /// Draws both sides and the ceiling into an SVG file.
    ///
    /// # Errors
    /// `Refused`, when the file cannot be written.
    pub(crate) fn draw(
        &self,
        path: &Path,
        rate_hz: u32,
        ceiling_dbtp: f64,
        force: bool,
    ) -> Result<(), Failure> {
        let refuse = |why: &dyn ToString| {
            Failure::Refused(format!("{}: cannot be drawn: {}", path.display(), why.to_string()))
        };
        let mut svg = String::new();
        self.draw_svg(&mut svg, rate_hz, ceiling_dbtp).map_err(|error| refuse(&error))?;
        let mut file = temporary(path)?;
        file.write_all(svg.as_bytes()).map_err(|error| refuse(&error))?;
        place(file, path, force)
    }

    fn draw_svg(
        &self,
        svg: &mut String,
        rate_hz: u32,
        ceiling_dbtp: f64,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let before = self.points(Side::Before, rate_hz);
        let after = self.points(Side::After, rate_hz);
        let top_db = before.iter().map(|(_, level_db)| *level_db).fold(0.0, f64::max) + 3.0;
        let seconds = (self.frames as f64 / f64::from(rate_hz)).max(1e-3);

        let area = SVGBackend::with_string(svg, (960, 420)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption("Peak level before and after", ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..seconds, BOTTOM_DB..top_db)?;
        chart.configure_mesh().max_light_lines(0).x_desc("s").y_desc("dBFS").draw()?;
        let lines = [
            (before, RGBColor(214, 120, 60), "before"),
            (after, RGBColor(30, 100, 180), "after"),
            (vec![(0.0, ceiling_dbtp), (seconds, ceiling_dbtp)], RGBColor(90, 90, 90), "ceiling"),
        ];
        for (points, colour, label) in lines {
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(1)))?
                .label(label)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_holds_the_greatest_magnitude_of_its_slice() {
        let mut envelope = Envelope::new(2400);
        let mut block = vec![0.0_f32; 2400];
        block[2] = -0.5;
        block[2399] = 0.25;
        for part in block.chunks(7) {
            envelope.add(Side::Before, &[part]);
        }
        let peaks = &envelope.peaks[0];
        assert_eq!((peaks.len(), peaks[0], peaks[1], peaks[1199]), (1200, 0.0, 0.5, 0.25));
    }

    #[test]
    fn an_empty_file_can_be_drawn() {
        let mut svg = String::new();
        Envelope::new(0).draw_svg(&mut svg, 48_000, -0.1).unwrap();
        assert!(svg.trim_end().ends_with("</svg>"));
    }
}
