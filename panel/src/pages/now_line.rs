//! One sentence and one bar for what happens to an application now.

use std::cell::Cell;

use gtk::prelude::*;

use super::{plain_label, set_text, words};
use crate::{
    i18n::trf,
    model::{Now, Saying},
    widgets::Gauge,
};

/// The bar with the sentence below it.
#[derive(Debug)]
pub(crate) struct NowLine {
    root: gtk::Box,
    gauge: Gauge,
    shield: gtk::Image,
    sentence: gtk::Label,
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
        let sentence = plain_label(&["caption"]);
        sentence.set_wrap(true);
        sentence.set_hexpand(true);
        let line = gtk::Box::builder().spacing(4).css_classes(["now"]).build();
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
        set_text(&self.sentence, &words::now(now));
        self.shield.set_visible(now.is_catch);
        let line = self.shield.parent();
        if let Some(line) = line {
            if now.is_catch {
                line.add_css_class("catch");
            } else {
                line.remove_css_class("catch");
            }
        }
    }
}
