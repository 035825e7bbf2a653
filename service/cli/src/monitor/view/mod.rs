//! Draws a model into the cells of a screen.
//!
//! Pure: it reads the model and knows no terminal. Text from outside is escaped by the painter, once.
//! Every size is possible; what gives way first is said in [`mod@layout`] and [`streams`].

mod bar;
mod gauges;
mod header;
mod layout;
mod painter;
mod pane;
mod streams;
#[cfg(test)]
mod tests;
mod text;

use ratatui::{buffer::Buffer, layout::Size};

use super::model::{Link, Model, Pane};
use layout::{Line, layout};
use painter::{Look, Painter};
use text::columns;

pub(crate) use header::banner;

/// What a screen of some size has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Rows for streams.
    pub(crate) streams: usize,
    /// First line of the open pane when it is scrolled to its end.
    pub(crate) pane_last_first: usize,
}

/// Returns what a screen has room for.
pub(crate) fn room(model: &Model, size: Size) -> Room {
    let lines = lines(model, size.height);
    let streams = lines.iter().find(|(line, ..)| *line == Line::Streams);
    let (_, rows) = pane_rows(&lines, size.height);
    Room {
        streams: streams.map_or(0, |(_, _, rows)| usize::from(*rows)),
        pane_last_first: pane::last_first(model, size.width, rows),
    }
}

/// Draws everything; with `colour` unset, in shapes and weights alone.
pub(crate) fn draw(model: &Model, colour: bool, buffer: &mut Buffer) {
    let mut painter = Painter::new(buffer, colour);
    let height = painter.area.height;
    let lines = lines(model, height);
    let (pane_first, pane_rows) = match model.pane {
        Pane::None => (height, 0),
        _ => pane_rows(&lines, height),
    };
    for (line, y, rows) in lines {
        if y >= pane_first && y < pane_first + pane_rows {
            continue;
        }
        match line {
            Line::Header => header::draw_state(&mut painter, y, model),
            Line::Device => header::draw_device(&mut painter, y, &model.output),
            Line::Problems => header::draw_problems(&mut painter, y, model),
            Line::Space => {}
            Line::Heading => streams::draw_heading(&mut painter, y, model),
            Line::Streams => draw_streams(&mut painter, y, rows, model),
            Line::Detail => draw_detail(&mut painter, y, model),
            Line::Keys => draw_keys(&mut painter, y, model),
            gauge => gauges::draw(&mut painter, y, gauge, model),
        }
    }
    pane::draw(&mut painter, pane_first, pane_rows, model);
    // A low screen has no line of its own for what the service says, and it must be said.
    let lines = self::lines(model, height);
    if model.status().is_some() && !lines.iter().any(|(line, ..)| *line == Line::Detail) {
        let y = height.saturating_sub(1);
        painter.row(y, Look::Plain);
        painter.text(0, y, painter.area.width, &" ".repeat(painter.area.width.into()), Look::Plain);
        draw_detail(&mut painter, y, model);
    }
}

fn lines(model: &Model, height: u16) -> Vec<(Line, u16, u16)> {
    layout(height, !model.problems.is_empty())
}

/// Returns the first row of a pane, and how many it has: the streams' place where that is enough.
fn pane_rows(lines: &[(Line, u16, u16)], height: u16) -> (u16, u16) {
    const ENOUGH: u16 = 8;
    let end = lines
        .iter()
        .find(|(line, ..)| matches!(line, Line::Detail | Line::Keys))
        .map_or(height, |(_, y, _)| *y);
    let heading = lines.iter().find(|(line, ..)| matches!(line, Line::Heading | Line::Streams));
    let first = heading.map_or(0, |(_, y, _)| *y);
    let first = if end.saturating_sub(first) >= ENOUGH { first } else { 1.min(height) };
    (first, end.saturating_sub(first))
}

fn draw_streams(painter: &mut Painter<'_>, y: u16, rows: u16, model: &Model) {
    let (count, ..) = model.stream_counts();
    if count > 0 {
        return streams::draw_rows(painter, y, model);
    }
    let text = match model.link {
        Link::Up => "Nothing is playing.",
        Link::Unknown => "",
        Link::Away => "Streams are shown again when the service is back.",
        Link::Trouble(_) => "Streams are shown again when the service answers.",
    };
    let width = painter.area.width;
    let lines = text::wrap(text, usize::from(width).saturating_sub(2));
    for (row, line) in (0..rows).zip(lines) {
        painter.text(2, y + row, width, &line, Look::Faint);
    }
}

/// Draws the message for the user, or what the selected row may have cut.
fn draw_detail(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let width = painter.area.width;
    match model.status() {
        Some(status) if status.is_error => {
            painter.text(0, y, width, &format!("! {}", status.text), Look::Bad);
        }
        Some(status) => drop(painter.text(0, y, width, &status.text, Look::Strong)),
        None => drop(painter.text(0, y, width, &streams::detail(model), Look::Faint)),
    }
}

/// Draws the keys, the least needed ones only where there is room.
fn draw_keys(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let width = painter.area.width;
    let mut hints = vec!["r treat", "b bypass", "p profile", "e explain", "u unset"];
    if !model.problems.is_empty() {
        hints.insert(2, "x problems");
    }
    let tail = ["? help", "q quit"];
    let mut kept = Vec::new();
    let mut taken: usize = tail.iter().map(|hint| columns(hint) + 2).sum();
    for hint in hints {
        taken += columns(hint) + 2;
        if taken > usize::from(width) + 2 {
            break;
        }
        kept.push(hint);
    }
    kept.extend(tail);
    painter.text(0, y, width, &kept.join("  "), Look::Faint);
}
