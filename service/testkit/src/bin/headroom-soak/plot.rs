//! The picture: memory, descriptors, threads, late cycles and gaps over hours.

use std::error::Error;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::{figures::Figures, report::Report};

const SIZE: (u32, u32) = (1_000, 190);
const LIVING: RGBColor = RGBColor(150, 180, 215);
const REST: RGBColor = RGBColor(30, 100, 180);

type Points = Vec<(f64, f64)>;

struct Panel {
    title: &'static str,
    living: Points,
    rest: Points,
}

/// Draws everything so far as one SVG image.
pub(crate) fn draw(report: &Report) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, report).map_err(|error| anyhow!("cannot draw: {error}"))?;
    Ok(svg)
}

fn panels(report: &Report) -> Vec<Panel> {
    let readings = |title, of: fn(&Figures) -> f64| {
        let living = report.chapters.iter().flat_map(|chapter| &chapter.living);
        Panel {
            title,
            living: living.map(|(hours, figures)| (*hours, of(figures))).collect(),
            rest: report
                .chapters
                .iter()
                .map(|chapter| (chapter.hours, of(&chapter.rest)))
                .collect(),
        }
    };
    let mut gaps_s = 0.0;
    let mut gaps = Vec::new();
    for chapter in &report.chapters {
        gaps_s += chapter.hearing.gaps.iter().map(|gap| gap.ms as f64 / 1000.0).sum::<f64>();
        gaps.push((chapter.hours, gaps_s));
    }
    let late = |chapter: &crate::desktop::Chapter| (chapter.hours, chapter.cycles.late as f64);
    vec![
        readings("Memory of the service, MB (Pss)", |figures| figures.pss_kb / 1024.0),
        readings("Memory of its guardian, MB (Pss)", |figures| figures.guardian_kb / 1024.0),
        readings("Descriptors", |figures| figures.descriptors),
        readings("Threads", |figures| figures.threads),
        Panel {
            title: "Late cycles, all so far",
            living: Vec::new(),
            rest: report.chapters.iter().map(late).collect(),
        },
        Panel { title: "Gaps, s, all so far", living: Vec::new(), rest: gaps },
    ]
}

fn draw_into(svg: &mut String, report: &Report) -> Result<(), Box<dyn Error>> {
    let panels = panels(report);
    let size = (SIZE.0, SIZE.1 * panels.len() as u32 + 30);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let title = "Over hours: while everybody lives (line), and at rest (points)";
    let area = area.titled(title, ("sans-serif", 18))?;
    let hours = report.chapters.last().map_or(0.01, |chapter| chapter.hours.max(0.01));
    for (area, panel) in area.split_evenly((panels.len(), 1)).iter().zip(&panels) {
        let values = panel.living.iter().chain(&panel.rest).map(|point| point.1);
        let top = values.fold(0.0, f64::max).max(1.0);
        let mut chart = ChartBuilder::on(area)
            .caption(panel.title, ("sans-serif", 14))
            .margin(8)
            .margin_right(24)
            .x_label_area_size(22)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..hours, 0.0..1.1 * top)?;
        chart.configure_mesh().max_light_lines(0).x_labels(12).y_labels(5).draw()?;
        chart.draw_series(LineSeries::new(panel.living.clone(), LIVING.stroke_width(1)))?;
        let points = panel.rest.iter().map(|point| Circle::new(*point, 3, REST.filled()));
        chart.draw_series(points)?;
    }
    area.present()?;
    Ok(())
}
