//! Loudness and catches over time, drawn.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use jiff::Zoned;
use plotters::prelude::*;

use super::{Answer, HOUR_USEC, power, time::zoned};
use crate::{
    failure::Failure,
    output::{FAINT, Printer},
    render::sink::{place, temporary},
};

/// Columns of the longest bar in a terminal.
const BAR_COLUMNS: usize = 44;
/// What the loudness scale of a picture begins with, in LUFS.
const BOTTOM_LUFS: f64 = -50.0;

/// All applications together in one step.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    catches: u32,
    /// Energy mean, in LUFS, while anything played.
    lufs: [f64; 2],
}

fn steps(answer: &Answer) -> BTreeMap<u64, Step> {
    let mut sums = BTreeMap::<u64, (u32, [f64; 2], f64)>::new();
    for row in &answer.steps {
        let (catches, energy, longest_s) = sums.entry(row.begin_usec).or_default();
        *catches += row.catches;
        energy[0] += power(row.loudness_in_lufs) * row.played_s;
        energy[1] += power(row.loudness_out_lufs) * row.played_s;
        // Those that play at once share the time.
        *longest_s = longest_s.max(row.played_s);
    }
    let step = |(catches, energy, longest_s): (u32, [f64; 2], f64)| Step {
        catches,
        lufs: energy.map(|sum| (10.0 * (sum / longest_s.max(1.0)).log10()).max(BOTTOM_LUFS)),
    };
    sums.into_iter().map(|(begin_usec, sums)| (begin_usec, step(sums))).collect()
}

fn label(answer: &Answer, begin_usec: u64) -> String {
    let at: Zoned = zoned(begin_usec, &answer.now);
    let hours = answer.range_usec.1 - answer.range_usec.0 <= 72 * HOUR_USEC;
    at.strftime(if hours { "%a %H:%M" } else { "%a %m-%d" }).to_string()
}

/// Prints a bar of catches for each step.
pub(super) fn print(answer: &Answer, printer: &mut Printer) {
    let steps = steps(answer);
    let most = steps.values().map(|step| step.catches).max().unwrap_or(0).max(1) as usize;
    if steps.is_empty() {
        printer.line("Nothing was played.");
        return;
    }
    printer.styled_line(
        format!("{:<10} {:<BAR_COLUMNS$} {:>15}", "", "catches", "IN > OUT LUFS"),
        FAINT,
    );
    for (begin_usec, step) in &steps {
        let count = step.catches as usize;
        let bar = "█".repeat((count * (BAR_COLUMNS - 5)).div_ceil(most));
        let bar = if count > 0 { format!("{bar} {count}") } else { bar };
        let [before, behind] = step.lufs;
        printer.line(format!(
            "{:<10} {bar:<BAR_COLUMNS$} {before:>6.1} > {behind:>6.1}",
            label(answer, *begin_usec)
        ));
    }
}

/// Draws loudness before and behind, and each catch, into an SVG file that must not be there yet.
pub(super) fn svg(answer: &Answer, path: &Path) -> Result<(), Failure> {
    let refuse = |why: &dyn ToString| {
        Failure::Refused(format!("{}: cannot be drawn: {}", path.display(), why.to_string()))
    };
    let mut text = String::new();
    draw(answer, &mut text).map_err(|error| refuse(&error))?;
    let mut file = temporary(path)?;
    file.write_all(text.as_bytes()).map_err(|error| refuse(&error))?;
    place(file, path, false)
}

fn draw(answer: &Answer, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let (since, until) = (answer.range_usec.0 as f64, answer.range_usec.1 as f64);
    let steps = steps(answer);
    let area = SVGBackend::with_string(text, (960, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Loudness before and behind, and what was caught", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(since..until, BOTTOM_LUFS..5.0)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(8)
        .x_label_formatter(&|usec| label(answer, *usec as u64))
        .y_desc("LUFS")
        .draw()?;
    let line =
        |side: usize| steps.iter().map(move |(begin, step)| (*begin as f64, step.lufs[side]));
    for (side, colour, label) in
        [(0, RGBColor(214, 120, 60), "before"), (1, RGBColor(30, 100, 180), "behind")]
    {
        chart
            .draw_series(LineSeries::new(line(side), colour.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    let caught = RGBColor(190, 30, 45);
    let bars = answer.catches.iter().map(|row| {
        let at = row.begin_usec as f64;
        PathElement::new(
            [(at, row.loudness_out_lufs), (at, row.loudness_in_lufs)],
            caught.stroke_width(2),
        )
    });
    chart
        .draw_series(bars)?
        .label("catch")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], caught.stroke_width(2)));
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()?;
    Ok(())
}
