//! How things are printed: tables and colours for people, JSON for programs.
//!
//! Text from outside is escaped here, once: a [`Cell`] and [`Printer::line`] take any string. Output is
//! collected and written in one go, so a command that fails half-way prints nothing.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use anstyle::{AnsiColor, Style};
use headroom_api::{visible, visible_lines};
pub(crate) use headroom_client::json::{dict_json, number, round_db, variant_json};
use headroom_client::text::{shorten, width};
use serde_json::Value;

/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// All is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default();
/// Wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Of less weight.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Narrowest terminal that is taken into account, in columns.
const FEWEST_COLUMNS: usize = 40;
/// Moves to the upper left and clears what is below.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";
/// Columns that a cell keeps when a table is too wide.
const FEWEST_CELL_COLUMNS: usize = 12;
/// Between two cells.
const SPACE: usize = 2;
/// Longest text of a table cell, in characters.
const CELL_COLUMNS: usize = 48;

/// Text of a table's cell, escaped and shortened, with its style.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    /// Returns a cell with the text as given, whoever wrote it.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let text = shorten(&visible(text.as_ref()), CELL_COLUMNS).into_owned();
        Self { text, style: Style::new(), right: false }
    }

    /// Returns a cell that is never shortened: for sentences, in the last column.
    pub(crate) fn sentence(text: impl AsRef<str>) -> Self {
        Self { text: visible(text.as_ref()).into_owned(), style: Style::new(), right: false }
    }

    /// Sets the style.
    pub(crate) fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Aligns to the right: for numbers.
    pub(crate) fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// Collects what a command prints to standard output.
#[derive(Debug)]
pub(crate) struct Printer {
    colour: bool,
    /// Columns of the terminal; no table and no sentence is wider. `None` where no person reads.
    columns: Option<usize>,
    text: String,
}

impl Printer {
    /// Returns a printer that uses colour on a terminal, unless `NO_COLOR` or `TERM` forbid it.
    pub(crate) fn new() -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let is_terminal = io::stdout().is_terminal();
        let size = || rustix::termios::tcgetwinsize(io::stdout()).ok();
        let columns = size().filter(|_| is_terminal).map(|size| usize::from(size.ws_col));
        let columns = columns.map(|columns| columns.max(FEWEST_COLUMNS));
        Self { colour: is_terminal && !forbidden, columns, text: String::new() }
    }

    /// Returns a printer that takes the place of what it printed before, on a terminal.
    pub(crate) fn anew() -> Self {
        let mut printer = Self::new();
        if printer.columns.is_some() {
            printer.text.push_str(CLEAR);
        }
        printer
    }

    /// Appends text, escaped but for its line breaks, and ends the line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.styled_line(text, Style::new());
    }

    /// Appends text in a style and ends the line.
    pub(crate) fn styled_line(&mut self, text: impl AsRef<str>, style: Style) {
        let text = visible_lines(text.as_ref());
        let Some(columns) = self.columns.filter(|columns| width(&text) > *columns) else {
            self.paint(&text, style);
            return self.text.push('\n');
        };
        for (index, line) in text.lines().enumerate() {
            if index > 0 {
                self.text.push('\n');
            }
            let cell = Cell { text: line.to_owned(), style, right: false };
            self.wrapped(&cell, columns, 0);
        }
        self.text.push('\n');
    }

    /// Appends JSON, indented, and ends the line.
    pub(crate) fn json(&mut self, value: &Value) {
        // The alternate form is the indented one; it escapes control characters itself.
        let _ = writeln!(self.text, "{value:#}");
    }

    /// Appends rows below a heading, with every column as wide as its widest cell.
    pub(crate) fn table(&mut self, heading: &[&str], rows: &[Vec<Cell>]) {
        let mut widths: Vec<usize> = heading.iter().map(|title| width(title)).collect();
        for row in rows {
            for (index, cell) in row.iter().enumerate() {
                if index == widths.len() {
                    widths.push(0);
                }
                widths[index] = widths[index].max(width(&cell.text));
            }
        }
        self.fit(&mut widths);
        if !heading.is_empty() {
            let right =
                |index: usize| rows.first().and_then(|r| r.get(index)).is_some_and(|c| c.right);
            let titles: Vec<Cell> = heading
                .iter()
                .enumerate()
                .map(|(index, title)| {
                    let cell = Cell::new(title).styled(HEADING);
                    if right(index) { cell.right() } else { cell }
                })
                .collect();
            self.row(&titles, &widths);
        }
        for row in rows {
            self.row(row, &widths);
        }
    }

    /// Writes bytes of our own making to standard output, as they are.
    pub(crate) fn verbatim(bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes.as_ref())?;
        stdout.flush()
    }

    /// Writes everything to standard output.
    pub(crate) fn finish(self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(self.text.as_bytes())?;
        stdout.flush()
    }

    /// Makes columns narrower, the widest first, until the table fits the terminal.
    fn fit(&self, widths: &mut [usize]) {
        let Some(columns) = self.columns else { return };
        let total = |widths: &[usize]| widths.iter().map(|width| width + SPACE).sum::<usize>();
        while total(widths) > columns + SPACE {
            match widths.iter_mut().max() {
                Some(widest) if *widest > FEWEST_CELL_COLUMNS => *widest -= 1,
                _ => return,
            }
        }
    }

    fn row(&mut self, row: &[Cell], widths: &[usize]) {
        for (index, cell) in row.iter().enumerate() {
            let is_last = index + 1 == row.len();
            if is_last && !cell.right && width(&cell.text) > widths[index] {
                let indent = widths[..index].iter().map(|width| width + SPACE).sum();
                self.wrapped(cell, widths[index], indent);
                continue;
            }
            let text = shorten(&cell.text, widths[index]);
            let padding = " ".repeat(widths[index].saturating_sub(width(&text)));
            if cell.right {
                self.text.push_str(&padding);
            }
            self.paint(&text, cell.style);
            if !cell.right && !is_last {
                self.text.push_str(&padding);
            }
            if !is_last {
                self.text.push_str("  ");
            }
        }
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
    }

    /// Appends a text in lines of so many columns, the later ones behind `indent` blanks.
    fn wrapped(&mut self, cell: &Cell, columns: usize, indent: usize) {
        let mut line = String::new();
        for word in cell.text.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                self.paint(&line, cell.style);
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.paint(&line, cell.style);
    }

    fn paint(&mut self, text: &str, style: Style) {
        if self.colour && style != Style::new() && !text.is_empty() {
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }
}

/// Prints one JSON value and nothing else.
pub(crate) fn print_json(value: &Value) -> io::Result<()> {
    let mut printer = Printer::new();
    printer.json(value);
    printer.finish()
}

/// Returns a switch as it is typed.
pub(crate) fn on_text(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Printer {
        Printer { colour: false, columns: None, text: String::new() }
    }

    #[test]
    fn columns_line_up_and_no_line_has_trailing_blanks() {
        let mut printer = plain();
        printer.table(
            &["ID", "APP"],
            &[
                vec![Cell::new("7").right(), Cell::new("größe")],
                vec![Cell::new("123").right(), Cell::new("b")],
            ],
        );
        assert_eq!(printer.text, " ID  APP\n  7  größe\n123  b\n");
    }

    #[test]
    fn table_is_no_wider_than_its_terminal() {
        let mut printer = Printer { columns: Some(40), ..plain() };
        let long = "a name that nobody can see all of";
        let sentence = "the profile's default: what no rule names is processed";
        printer.table(
            &["ID", "APP", "WHY"],
            &[vec![Cell::new("7").right(), Cell::new(long), Cell::sentence(sentence)]],
        );
        assert!(printer.text.lines().all(|line| width(line) <= 40), "{}", printer.text);
        let shown: Vec<&str> = printer.text.split_whitespace().collect();
        assert!(sentence.split(' ').all(|word| shown.contains(&word)), "{}", printer.text);
        assert!(printer.text.contains('…'), "{}", printer.text);
    }

    #[test]
    fn cells_and_lines_are_escaped_whatever_the_style() {
        let mut printer = Printer { colour: true, columns: None, text: String::new() };
        printer.table(&[], &[vec![Cell::new("a\u{1b}[31mb").styled(BAD)]]);
        printer.line("x\u{7}\ny");
        assert_eq!(printer.text.matches("\\u{1b}[31m").count(), 1);
        assert!(printer.text.ends_with("x\\u{7}\ny\n"));
    }

    #[test]
    fn without_colour_there_is_no_escape_sequence() {
        let mut printer = plain();
        printer.styled_line("bad", BAD);
        assert_eq!(printer.text, "bad\n");
    }
}
