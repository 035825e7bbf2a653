//! The picture: memory, descriptors, threads, late cycles and gaps over hours.

use anyhow::Result;
use headroom_testkit::plot::{self, Block, Chart, Line, Points};

use crate::{figures::Figures, report::Report};

const SIZE: (u32, u32) = (1_000, 190);

struct Panel {
    title: &'static str,
    living: Points,
    rest: Points,
}

/// Draws everything so far as one SVG image.
pub(crate) fn draw(report: &Report) -> Result<String> {
    let hours = report.chapters.last().map_or(0.01, |chapter| chapter.hours.max(0.01));
    let chart = |panel: Panel| {
        let values = panel.living.iter().chain(&panel.rest).map(|point| point.1);
        let top = values.fold(0.0, f64::max).max(1.0);
        Chart {
            caption: panel.title.to_owned(),
            x: 0.0..hours,
            y: 0.0..1.1 * top,
            unit: "h",
            lines: vec![Line { points: panel.living, colour: plot::PALE, width: 1 }],
            dots: panel.rest,
            bounds: Vec::new(),
            marks: Vec::new(),
        }
    };
    plot::draw(&[Block {
        title: "Over hours: while everybody lives (line), and at rest (points)".to_owned(),
        charts: panels(report).into_iter().map(chart).collect(),
        across: 1,
        size: SIZE,
    }])
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
