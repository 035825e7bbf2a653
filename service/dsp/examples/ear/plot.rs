//! Loudness over time of a scenario, in and out, as SVG.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::meter::Curve;

/// Colours of the input and the systems.
const COLOURS: [RGBColor; 7] = [
    RGBColor(150, 150, 150),
    RGBColor(200, 60, 50),
    RGBColor(20, 90, 180),
    RGBColor(230, 150, 30),
    RGBColor(60, 160, 90),
    RGBColor(140, 90, 180),
    RGBColor(100, 60, 40),
];

/// Draws the 100 ms loudness of several curves, the first of which is the input.
pub(crate) fn draw(file: &Path, title: &str, curves: &[(String, Curve)]) -> Result<()> {
    let seconds = curves.iter().map(|(_, curve)| curve.ms()).max().unwrap_or(0) as f64 / 1000.0;
    let area = SVGBackend::new(file, (1_300, 480)).into_drawing_area();
    let fail = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", file.display());
    area.fill(&WHITE).map_err(|e| fail(&e))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(30)
        .y_label_area_size(45)
        .build_cartesian_2d(0.0..seconds, -60.0..5.0)
        .map_err(|e| fail(&e))?;
    chart.configure_mesh().x_desc("s").y_desc("LUFS, 100 ms").draw().map_err(|e| fail(&e))?;
    for (number, (name, curve)) in curves.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let points = (0..curve.ms().saturating_sub(100))
            .step_by(20)
            .map(|t| ((t + 50) as f64 / 1000.0, curve.lufs(t, t + 100).max(-60.0)));
        chart
            .draw_series(LineSeries::new(points, colour))
            .map_err(|e| fail(&e))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .map_err(|e| fail(&e))?;
    area.present().map_err(|e| fail(&e))
}
