//! One sentence and one bar for what happens to an application now.

use std::cell::Cell;

use gtk::prelude::*;

use super::words;
use crate::{
    i18n::trf,
    model::{Now, Saying},
    widgets::{Gauge, Sentence},
};

/// The bar with the sentence below it.
#[derive(Debug)]
pub(crate) struct NowLine {
    root: gtk::Box,
    gauge: Gauge,
    shield: gtk::Image,
    sentence: Sentence,
    saying: Cell<Saying>,
}

impl NowLine {
    pub(crate) fn new() -> Self {
        let gauge = Gauge::new();
        gauge.set_hexpand(true);
        gauge.set_scale_visible(false);
        let shield = gtk::Image::builder()
            .icon_name("security-high-symbolic")
            .valign(gtk::Align::Start)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .visible(false)
            .build();
        let sentence = Sentence::new();
        sentence.add_css_class("caption");
        sentence.set_hexpand(true);
        let line = gtk::Box::builder().spacing(4).build();
        line.append(&shield);
        line.append(&sentence);
        let root = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(4).build();
        root.append(&gauge);
        root.append(&line);
        let this = Self { root, gauge, shield, sentence, saying: Cell::default() };
        this.show(&Now::default());
        this
    }

    pub(crate) fn widget(&self) -> &gtk::Box {
        &self.root
    }

    /// Names the bar after its application.
    pub(crate) fn set_app(&self, app: &str) {
        self.gauge.set_name(&trf("Level of {app}", &[("app", &app)]));
    }

    /// Shows or hides the numerals below the bar.
    pub(crate) fn set_scale_visible(&self, visible: bool) {
        self.gauge.set_scale_visible(visible);
    }

    /// Moves the bar, and says what is done at a pace that can be read; `usec` is the time of the reading.
    pub(crate) fn meter(&self, usec: u64, now: &Now) {
        self.gauge.set_levels(now.peak_dbfs, now.in_dbfs);
        self.gauge.set_gain_db(now.gain_db());
        let mut saying = self.saying.get();
        if let Some(now) = saying.take(usec, *now) {
            self.show(&now);
        }
        self.saying.set(saying);
    }

    /// Lets the bar fall to rest.
    pub(crate) fn rest(&self) {
        self.gauge.reset();
        self.saying.take();
        self.show(&Now::default());
    }

    fn show(&self, now: &Now) {
        self.sentence.set_text(&words::now(now));
        if self.shield.is_visible() == now.is_catch {
            return;
        }
        self.shield.set_visible(now.is_catch);
        for widget in [self.shield.upcast_ref::<gtk::Widget>(), self.sentence.upcast_ref()] {
            if now.is_catch {
                widget.add_css_class("catch");
            } else {
                widget.remove_css_class("catch");
            }
        }
        self.sentence.restyle();
    }
}
