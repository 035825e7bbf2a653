//! One row for each stream.
//!
//! Columns give way in this order when the screen is narrow: loudness before and behind the application's
//! own chain, mean, what it plays, reason, what is done to it, gauge, peak, route. The application's name
//! stays.

use headroom_api::{Doing, Done, StreamRoute};

use super::{
    bar,
    gauges::level_look,
    painter::{Look, Painter},
    text::{db, gain_db},
};
use crate::{
    monitor::model::{Model, Stream},
    output::round_db,
};

/// Columns of a gain, such as "-12.3".
const GAIN: u16 = 5;
/// Columns of the word for what is done.
const WORD: u16 = 10;

/// A column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    App,
    Route,
    Gauge,
    Peak,
    Mean,
    Done,
    LoudnessIn,
    LoudnessOut,
    Plays,
    Reason,
}

impl Column {
    const ALL: [Self; 10] = [
        Self::App,
        Self::Route,
        Self::Gauge,
        Self::Peak,
        Self::Mean,
        Self::Done,
        Self::LoudnessIn,
        Self::LoudnessOut,
        Self::Plays,
        Self::Reason,
    ];

    /// Returns the title, the narrowest and the widest useful width, and the share of what is left.
    fn shape(self) -> (&'static str, u16, u16, u16) {
        match self {
            Self::App => ("APPLICATION", 12, 24, 2),
            Self::Route => ("ROUTE", 9, 9, 0),
            Self::Gauge => ("LEVEL", 8, 40, 3),
            Self::Peak => ("PEAK", 6, 6, 0),
            Self::Mean => ("RMS", 6, 6, 0),
            Self::Done => ("NOW", GAIN, GAIN + 1 + WORD, 4),
            Self::LoudnessIn => ("IN", 6, 6, 0),
            Self::LoudnessOut => ("OUT", 6, 6, 0),
            Self::Plays => ("PLAYS", 10, 40, 3),
            Self::Reason => ("WHY", 12, u16::MAX, 4),
        }
    }

    /// The least screen that has the column; the narrower ones go without, see the module.
    fn least_width(self) -> u16 {
        match self {
            Self::App => 0,
            Self::Route => 24,
            Self::Peak => 31,
            Self::Gauge => 40,
            Self::Done => 47,
            Self::Reason => 60,
            Self::Plays => 74,
            Self::Mean => 92,
            Self::LoudnessOut => 112,
            Self::LoudnessIn => 119,
        }
    }

    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::App | Self::Route | Self::Gauge | Self::Done | Self::Plays | Self::Reason
        )
    }
}

/// Returns the columns of a screen of some width, each with its place and width.
fn place(width: u16) -> Vec<(Column, u16, u16)> {
    let shown: Vec<Column> =
        Column::ALL.into_iter().filter(|column| width >= column.least_width()).collect();
    // The cursor takes two columns, a gap stands between columns.
    let gaps = shown.len() as u16 - 1;
    let least: u16 = shown.iter().map(|column| column.shape().1).sum();
    let mut left = width.saturating_sub(2 + gaps + least);
    let mut widths: Vec<u16> = shown.iter().map(|column| column.shape().1).collect();
    while left > 0 {
        let before = left;
        for (column, column_width) in shown.iter().zip(&mut widths) {
            let (_, _, most, share) = column.shape();
            let more = share.min(left).min(most - *column_width);
            *column_width += more;
            left -= more;
        }
        if left == before {
            break;
        }
    }
    let mut x = 2;
    let mut placed = Vec::new();
    for (column, column_width) in shown.into_iter().zip(widths) {
        placed.push((column, x, column_width.min(width.saturating_sub(x))));
        x += column_width + 1;
    }
    placed
}

/// Draws the titles.
pub(crate) fn draw_heading(painter: &mut Painter<'_>, y: u16, model: &Model) {
    for (column, x, width) in place(painter.area.width) {
        let (title, ..) = column.shape();
        if column.is_number() {
            painter.right(x, y, width, title, Look::Strong);
            continue;
        }
        let (count, above, below) = model.stream_counts();
        if column == Column::App && above + below > 0 {
            // Short, for it must fit where nothing else does.
            let text = format!("APP {}-{}/{count}", above + 1, count - below);
            painter.text(x, y, width, &text, Look::Strong);
        } else {
            painter.text(x, y, width, title, Look::Strong);
        }
    }
}

/// Draws the streams that fit.
pub(crate) fn draw_rows(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let columns = place(painter.area.width);
    for (row, (is_selected, stream)) in model.visible_streams().enumerate() {
        let y = y + row as u16;
        painter.text(0, y, 2, if is_selected { "> " } else { "  " }, Look::Strong);
        for (column, x, width) in &columns {
            draw_cell(painter, (*x, y, *width), *column, stream);
        }
        if is_selected {
            painter.row(y, Look::Selected);
        }
    }
}

fn draw_cell(
    painter: &mut Painter<'_>,
    (x, y, width): (u16, u16, u16),
    column: Column,
    stream: &Stream,
) {
    let gauge = &stream.gauge;
    match column {
        Column::App => drop(painter.text(x, y, width, &stream.row.app, Look::Plain)),
        Column::Route => {
            let look = match stream.known_route() {
                Some(StreamRoute::Processed) => Look::Good,
                Some(StreamRoute::Bypass) => Look::Note,
                Some(StreamRoute::Unmanaged) | None => Look::Faint,
            };
            painter.text(x, y, width, stream.row.route.as_str(), look);
        }
        Column::Gauge => {
            let cells = usize::from(width);
            let parts = bar::peak_and_mean(gauge.peak.db(), gauge.rms.db(), cells);
            painter.bar(x, y, &parts, |cell| level_look(cell, cells));
        }
        Column::Peak => painter.right(x, y, width, &db(gauge.peak.db()), Look::Plain),
        Column::Mean => painter.right(x, y, width, &db(gauge.rms.db()), Look::Plain),
        Column::Done => draw_done(painter, (x, y, width), stream.gauge.done),
        Column::LoudnessIn | Column::LoudnessOut => {
            painter.right(x, y, width, &chain_text(stream, column), Look::Plain);
        }
        Column::Plays => drop(painter.text(x, y, width, &stream.row.media, Look::Plain)),
        Column::Reason => drop(painter.text(x, y, width, &stream.row.reason, Look::Faint)),
    }
}

/// Draws the one gain, and the word where there is room for it.
fn draw_done(painter: &mut Painter<'_>, (x, y, width): (u16, u16, u16), done: Done) {
    let is_audible = done.doing != Doing::Nothing || round_db(done.gain_db, 1) != 0.0;
    let gain = if is_audible { gain_db(done.gain_db) } else { "-".to_owned() };
    painter.right(x, y, width.min(GAIN), &gain, Look::Plain);
    let word = match done.doing {
        Doing::Nothing => "",
        Doing::AppVolume => "volume",
        doing => doing.as_str(),
    };
    // Half a word says less than none.
    if usize::from(width) > usize::from(GAIN) + word.len() {
        painter.text(x + GAIN + 1, y, width - GAIN - 1, word, Look::Faint);
    }
}

/// Returns a figure of the application's own chain, "-" without one.
fn chain_text(stream: &Stream, column: Column) -> String {
    let Some(chain) = stream.gauge.chain else { return "-".to_owned() };
    db(if column == Column::LoudnessIn { chain.in_lufs } else { chain.out_lufs })
}

/// Returns what the row of the selected stream may have cut or left out: the reason first.
pub(crate) fn detail(model: &Model) -> String {
    let Some(stream) = model.selected() else { return String::new() };
    let gauge = &stream.gauge;
    let mut text = format!("{}: {}", stream.row.app, stream.row.reason);
    if gauge.done.doing != Doing::Nothing {
        text = format!("{text}; {}", gauge.done);
    }
    text = format!("{text}; rms {} dBFS", db(gauge.rms.db()));
    if !stream.row.media.is_empty() {
        text = format!("{text}; plays {}", stream.row.media);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use Column::{Done, Gauge, LoudnessIn, LoudnessOut, Mean, Peak, Plays, Reason, Route};

    #[test]
    fn columns_fit_and_do_not_overlap() {
        for width in 0..300 {
            let mut end = 0;
            for (column, x, column_width) in place(width) {
                assert!(x >= end, "{column:?} at {width}");
                end = x + column_width;
                assert!(end <= width.max(2), "{column:?} ends at {end} of {width}");
                let (_, least, ..) = column.shape();
                assert!(column == Column::App || column_width >= least, "{column:?} at {width}");
            }
        }
    }

    #[test]
    fn columns_give_way_in_the_order_that_is_told() {
        let mut order = Vec::new();
        for width in (0..160).rev() {
            let shown: Vec<Column> = place(width).iter().map(|(column, ..)| *column).collect();
            for column in Column::ALL {
                if !shown.contains(&column) && !order.contains(&column) {
                    order.push(column);
                }
            }
        }
        let of_chains = [LoudnessIn, LoudnessOut];
        let others = [Mean, Plays, Reason, Done, Gauge, Peak, Route];
        assert_eq!(order, [&of_chains[..], &others].concat());
    }

    #[test]
    fn a_wide_screen_is_used_up() {
        let (_, x, width) = *place(200).last().unwrap();
        assert_eq!(x + width, 200);
    }
}
