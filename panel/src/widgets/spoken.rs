//! What assistive technology is told of a gauge: a value, and a sentence with it.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use gtk::prelude::*;

use super::a11y;

/// A gauge tells assistive technology of a change no more often than this, in seconds.
pub(super) const VOICE_S: f64 = 0.5;

/// The value of a gauge for assistive technology.
///
/// GTK 4.8 gives a value only to its own ranges and level bars, whatever role a widget has. So a gauge has a level bar
/// as a child that is never drawn.
#[derive(Debug, Default)]
pub(super) struct Spoken(RefCell<Option<gtk::LevelBar>>);

impl Spoken {
    /// Gives `gauge` a value from 0 to `span`.
    pub(super) fn attach(&self, gauge: &impl IsA<gtk::Widget>, span: f64) {
        self.detach();
        let bar = gtk::LevelBar::for_interval(0.0, span);
        bar.set_parent(gauge);
        bar.set_child_visible(false);
        self.0.replace(Some(bar));
    }

    /// Takes the value away, as the gauge has to when it is disposed of.
    pub(super) fn detach(&self) {
        if let Some(bar) = self.0.take() {
            bar.unparent();
        }
    }

    /// Names the gauge and its value.
    pub(super) fn name(&self, gauge: &impl IsA<gtk::Widget>, name: &str) {
        a11y::set_label(gauge, name);
        if let Some(bar) = self.0.borrow().as_ref() {
            a11y::set_label(bar, name);
        }
    }

    /// Tells the value, kept within its range, and the sentence that says it.
    pub(super) fn say(&self, gauge: &impl IsA<gtk::Widget>, value: f64, sentence: &str) {
        a11y::set_description(gauge, sentence);
        if let Some(bar) = self.0.borrow().as_ref() {
            bar.set_value(value.clamp(bar.min_value(), bar.max_value()));
        }
    }
}
