//! The line above a bar: its label, which may wrap, and its number; and how tall the two are together.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use gtk::{pango, prelude::*};

use super::{
    paint::{self, GAP, Paint},
    palette::Palette,
};

/// Space in pixels between the caption and the bar.
const BELOW: f32 = 3.0;

/// Width that a word of a label may insist on, in heights of its line: large text must fit narrow windows.
const LEAST_LABEL_LINES: i32 = 4;

/// The caption of one bar, laid out when it is first needed.
#[derive(Debug, Default)]
pub(super) struct LazyCaption {
    label: RefCell<String>,
    caption: RefCell<Option<Caption>>,
}

impl LazyCaption {
    /// Sets the label.
    pub(super) fn set_label(&self, widget: &impl IsA<gtk::Widget>, label: &str) {
        if self.label.replace(label.to_owned()) != label {
            self.caption.take();
            widget.queue_resize();
        }
    }

    /// Does something with the caption, which has room for numbers as wide as `widest` returns.
    pub(super) fn with<R>(
        &self,
        widget: &impl IsA<gtk::Widget>,
        widest: fn() -> String,
        with: impl FnOnce(&Caption) -> R,
    ) -> R {
        let mut caption = self.caption.borrow_mut();
        with(caption.get_or_insert_with(|| Caption::new(widget, &self.label.borrow(), &widest())))
    }
}

/// Label and number of one bar, as laid-out texts.
#[derive(Debug)]
pub(super) struct Caption {
    label: pango::Layout,
    number: pango::Layout,
    widest: pango::Layout,
    written: Cell<Option<i32>>,
}

impl Caption {
    /// Lays out a label and keeps room for numbers as wide as `widest`.
    fn new(widget: &impl IsA<gtk::Widget>, label: &str, widest: &str) -> Self {
        let label = widget.create_pango_layout(Some(label));
        label.set_wrap(pango::WrapMode::WordChar);
        Self {
            label,
            number: paint::layout(widget, "", 1.0),
            widest: paint::layout(widget, widest, 1.0),
            written: Cell::new(None),
        }
    }

    /// Returns the narrowest width, which breaks very long words only, and the width that breaks no line, in pixels.
    fn widths(&self) -> (i32, i32) {
        let number = self.number_width() + GAP as i32;
        self.label.set_wrap(pango::WrapMode::Word);
        self.label.set_width(0);
        let word = self.label.pixel_size().0;
        self.label.set_wrap(pango::WrapMode::WordChar);
        self.label.set_width(-1);
        let (natural, line) = self.label.pixel_size();
        (word.min(LEAST_LABEL_LINES * line) + number, natural + number)
    }

    /// Returns the height at a width, in pixels.
    fn height(&self, width: i32) -> i32 {
        self.fit(width);
        self.label.pixel_size().1.max(self.widest.pixel_size().1)
    }

    /// Returns the height of the bar below, in pixels.
    pub(super) fn bar_height(&self) -> f32 {
        (self.widest.pixel_size().1 as f32 * 0.55).round().max(9.0)
    }

    /// Answers a widget's measure for the caption with a bar below it.
    pub(super) fn measure_with_bar(
        &self,
        orientation: gtk::Orientation,
        for_size: i32,
    ) -> (i32, i32, i32, i32) {
        let (least, natural) = self.widths();
        if orientation == gtk::Orientation::Horizontal {
            return (least.max(96), natural.max(160), -1, -1);
        }
        let width = if for_size < 0 { natural } else { for_size };
        let tall = self.height(width) + (BELOW + self.bar_height()) as i32;
        (tall, tall, -1, -1)
    }

    /// Draws the label and the number that `write` makes of `tenths`; returns where the bar begins.
    pub(super) fn draw(
        &self,
        paint: &Paint,
        width: i32,
        (tenths, write): (i32, fn(i32) -> String),
        palette: &Palette,
    ) -> f32 {
        if self.written.replace(Some(tenths)) != Some(tenths) {
            self.number.set_text(&write(tenths));
        }
        let height = self.height(width);
        paint.text(&self.label, 0.0, 0.0, &palette.text);
        paint.text(&self.number, (width - self.number.pixel_size().0) as f32, 0.0, &palette.text);
        height as f32 + BELOW
    }

    fn number_width(&self) -> i32 {
        self.widest.pixel_size().0.max(self.number.pixel_size().0)
    }

    fn fit(&self, width: i32) {
        self.label.set_width((width - self.number_width() - GAP as i32).max(1) * pango::SCALE);
    }
}
