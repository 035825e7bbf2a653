//! Text and bars into the cells of the screen, in styles that work without colour.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};

use super::{
    bar::Part,
    text::{columns, cut},
};

/// What a text means; its look never says anything that the text does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Strong,
    Faint,
    Good,
    Note,
    Bad,
    /// Cannot be missed: inverse.
    Alarm,
    /// The row of the cursor: inverse.
    Selected,
}

/// Draws within an area; whatever does not fit is left out.
#[derive(Debug)]
pub(crate) struct Painter<'a> {
    buffer: &'a mut Buffer,
    pub(crate) area: Rect,
    colour: bool,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(buffer: &'a mut Buffer, colour: bool) -> Self {
        let area = buffer.area;
        Self { buffer, area, colour }
    }

    /// Writes a text, escaped and cut, and returns the columns it took.
    pub(crate) fn text(&mut self, x: u16, y: u16, limit: u16, text: &str, look: Look) -> u16 {
        let limit = limit.min(self.area.width.saturating_sub(x));
        if limit == 0 || y >= self.area.height {
            return 0;
        }
        let text = cut(text, usize::from(limit));
        self.buffer.set_stringn(x, y, &text, usize::from(limit), self.style(look));
        columns(&text) as u16
    }

    /// Writes a text so that it ends at the right of its place.
    pub(crate) fn right(&mut self, x: u16, y: u16, limit: u16, text: &str, look: Look) {
        let width = columns(&cut(text, usize::from(limit))) as u16;
        self.text(x + limit - width.min(limit), y, limit, text, look);
    }

    /// Writes a bar; `look` is asked for each filled cell's place.
    pub(crate) fn bar(&mut self, x: u16, y: u16, parts: &[Part], look: impl Fn(usize) -> Look) {
        for (index, part) in parts.iter().enumerate() {
            let look = match part {
                Part::Empty => Look::Faint,
                Part::Ceiling | Part::Zero | Part::Hold => Look::Strong,
                Part::Full | Part::Half | Part::LateHalf | Part::Light => look(index),
            };
            self.text(x + index as u16, y, 1, part.symbol().encode_utf8(&mut [0; 4]), look);
        }
    }

    /// Gives a whole row a look, whatever is written in it.
    pub(crate) fn row(&mut self, y: u16, look: Look) {
        if y < self.area.height {
            let style = self.style(look);
            self.buffer.set_style(Rect { x: 0, y, width: self.area.width, height: 1 }, style);
        }
    }

    fn style(&self, look: Look) -> Style {
        let colour = |colour| if self.colour { Style::new().fg(colour) } else { Style::new() };
        match look {
            Look::Plain => Style::new(),
            Look::Strong => Style::new().add_modifier(Modifier::BOLD),
            Look::Faint => Style::new().add_modifier(Modifier::DIM),
            Look::Good => colour(Color::Green),
            Look::Note => colour(Color::Yellow),
            Look::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Look::Alarm => colour(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Look::Selected => Style::new().add_modifier(Modifier::REVERSED),
        }
    }
}
