//! The gauges of the processed route: name, bar, number with unit.

use headroom_api::Done;

use super::{
    bar::{self, LEVEL_DB, Part},
    layout::Line,
    painter::{Look, Painter},
    text::{db, gain_db},
};
use crate::monitor::model::Model;

/// Columns of a number with its unit, such as "-120.0 dBTP".
const NUMBER: u16 = 11;
/// Columns of the note beside a number.
const NOTE: u16 = 24;
/// A bar of fewer cells says nothing.
const BAR_AT_LEAST: u16 = 8;
/// Below this width names are short.
const NAMES_FROM: u16 = 40;
/// Below this width there are no notes.
const NOTES_FROM: u16 = 72;

struct Gauge {
    name: &'static str,
    short: &'static str,
    number: String,
    note: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Level, held peak, ceiling.
    Level(f64, f64, Option<f64>),
    Reduction(f64),
    Gain(f64),
}

/// Draws one gauge.
pub(crate) fn draw(painter: &mut Painter<'_>, y: u16, line: Line, model: &Model) {
    match line {
        Line::Loudness => return draw_loudness(painter, y, model),
        Line::Catch => return draw_catch(painter, y, model),
        _ => {}
    }
    let Some(gauge) = gauge(line, model) else { return };
    let width = painter.area.width;
    let name = if width >= NAMES_FROM { gauge.name } else { gauge.short };
    let name_width = if width >= NAMES_FROM { 14 } else { 6 };
    let note_width = if width >= NOTES_FROM { NOTE } else { 0 };
    painter.text(0, y, name_width, name, Look::Plain);
    let bar_width = width.saturating_sub(name_width + NUMBER + 1 + note_width);
    let has_bar = bar_width >= BAR_AT_LEAST;
    if has_bar {
        let cells = usize::from(bar_width);
        let (parts, look): (Vec<Part>, _) = match gauge.kind {
            Kind::Level(db, hold_db, ceiling_db) => {
                (bar::level(db, hold_db, ceiling_db, cells), None)
            }
            Kind::Reduction(db) => (bar::reduction(db, cells), Some(Look::Note)),
            Kind::Gain(db) => (bar::gain(db, cells), Some(Look::Note)),
        };
        painter.bar(name_width, y, &parts, |cell| look.unwrap_or_else(|| level_look(cell, cells)));
    }
    let number_x = if has_bar { name_width + bar_width } else { name_width };
    painter.right(
        number_x,
        y,
        NUMBER.min(width.saturating_sub(number_x)),
        &gauge.number,
        Look::Strong,
    );
    if note_width > 0 {
        painter.text(number_x + NUMBER + 2, y, note_width - 1, &gauge.note, Look::Faint);
    }
}

/// Returns the look of a level's cell: the last 6 dB are worth a look, above full scale is wrong.
pub(crate) fn level_look(cell: usize, cells: usize) -> Look {
    let db = LEVEL_DB.start + (cell as f64 + 0.5) / cells as f64 * (LEVEL_DB.end - LEVEL_DB.start);
    match db {
        db if db > 0.0 => Look::Bad,
        db if db > -6.0 => Look::Note,
        _ => Look::Good,
    }
}

fn gauge(line: Line, model: &Model) -> Option<Gauge> {
    let gauges = &model.gauges;
    Some(match line {
        Line::Input => Gauge {
            name: "Input peak",
            short: "In",
            number: format!("{} dBFS", db(gauges.input.db())),
            note: format!("hold {}", db(gauges.input_hold.db())),
            kind: Kind::Level(gauges.input.db(), gauges.input_hold.db(), None),
        },
        Line::TruePeak => Gauge {
            name: "True peak",
            short: "Peak",
            number: format!("{} dBTP", db(gauges.true_peak.db())),
            note: format!("max {} of {}", db(gauges.true_peak_max_dbtp), db(model.ceiling_dbtp())),
            kind: Kind::Level(
                gauges.true_peak.db(),
                gauges.true_peak_hold.db(),
                Some(model.ceiling_dbtp()),
            ),
        },
        Line::Most => {
            let stream = model.most_changed();
            let done = stream.map_or_else(Done::default, |stream| stream.gauge.done);
            Gauge {
                name: "Changed most",
                short: "Most",
                number: format!("{} dB", gain_db(done.gain_db)),
                note: stream.map_or_else(String::new, |stream| stream.row.app.clone()),
                kind: Kind::Gain(done.gain_db),
            }
        }
        Line::Limiter => {
            let db = gauges.limiter.db();
            let number = format!("{} dB", gain_db(db));
            Gauge {
                name: "Limiter",
                short: "Limit",
                number,
                note: String::new(),
                kind: Kind::Reduction(db),
            }
        }
        _ => return None,
    })
}

fn draw_catch(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let width = painter.area.width;
    let x = if width >= NAMES_FROM {
        painter.text(0, y, width, "Last catch", Look::Plain);
        14
    } else {
        painter.text(0, y, width, "Catch", Look::Plain);
        6
    };
    let (text, look) = match model.caught() {
        Some((app, done)) => (format!("{app}: {done}"), Look::Note),
        None => ("none".to_owned(), Look::Faint),
    };
    painter.text(x, y, width.saturating_sub(x), &text, look);
}

fn draw_loudness(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let width = painter.area.width;
    let gauges = &model.gauges;
    let readings = [
        ("momentary", "M", gauges.momentary_lufs),
        ("short-term", "S", gauges.short_term_lufs),
        ("integrated", "I", gauges.integrated_lufs),
    ];
    let wide = width >= NOTES_FROM;
    let mut x = 0;
    if width >= NAMES_FROM {
        painter.text(0, y, width, "Loudness", Look::Plain);
        x = 14;
    }
    for (name, short, lufs) in readings {
        x += painter.text(x, y, width, if wide { name } else { short }, Look::Faint) + 1;
        painter.right(x, y, 5.min(width.saturating_sub(x)), &db(lufs), Look::Strong);
        x += 7;
    }
    painter.text(x - 1, y, width, "LUFS", Look::Faint);
}
