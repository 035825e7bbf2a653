//! The gain of every stage, of the application that is changed the most: for those who want to know which one acts.

use adw::prelude::*;

use super::{still_row, words};
use crate::{
    i18n::{tr, trf},
    model::{Gains, Panel},
    widgets::GainBar,
};

/// A bar for each stage.
#[derive(Debug)]
pub(crate) struct StagesView {
    group: adw::PreferencesGroup,
    leveller: GainBar,
    surge: GainBar,
    compressor: GainBar,
    cap: GainBar,
    limiter: GainBar,
    guard: GainBar,
    app_volume: GainBar,
}

impl StagesView {
    pub(crate) fn new() -> Self {
        let group = adw::PreferencesGroup::builder().title(tr("Gain of every stage")).build();
        let list = gtk::ListBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .css_classes(["boxed-list"])
            .build();
        group.add(&list);
        let bars = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(10)
            .margin_top(12)
            .margin_bottom(12)
            .margin_start(12)
            .margin_end(12)
            .build();
        let bar = |bar: GainBar, name: &str| {
            bar.set_label(name);
            bars.append(&bar);
            bar
        };
        let this = Self {
            leveller: bar(GainBar::bipolar(24.0), &tr("Evening out")),
            surge: bar(GainBar::reduction(24.0), &tr("Blasts held")),
            compressor: bar(GainBar::reduction(12.0), &tr("Compressor")),
            cap: bar(GainBar::reduction(12.0), &tr("Never louder than")),
            limiter: bar(GainBar::reduction(12.0), &tr("Ceiling")),
            guard: bar(GainBar::reduction(24.0), &tr("Guard")),
            app_volume: bar(GainBar::reduction(24.0), &tr("App volume control")),
            group,
        };
        list.append(&still_row(&tr("Gain of every stage"), &bars));
        this
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows the newest reading.
    pub(crate) fn meter(&self, panel: &Panel) {
        let most = panel.most_changed();
        let text = most.map_or_else(String::new, |(app, _)| {
            trf("Of {app}, which is changed the most", &[("app", &words::app_name(app))])
        });
        let text = gtk::glib::markup_escape_text(&text);
        if self.group.description().is_none_or(|shown| shown != text) {
            self.group.set_description(Some(&text));
        }
        self.show(most.map_or_else(Gains::default, |(_, gains)| gains));
    }

    /// Lets the bars fall to rest.
    pub(crate) fn rest(&self) {
        for (bar, _) in self.bars(Gains::default()) {
            bar.reset();
        }
        self.group.set_description(None);
    }

    fn show(&self, gains: Gains) {
        for (bar, gain_db) in self.bars(gains) {
            bar.set_gain_db(gain_db);
        }
    }

    fn bars(&self, gains: Gains) -> [(&GainBar, f64); 7] {
        [
            (&self.leveller, gains.leveller_db),
            (&self.surge, gains.surge_db),
            (&self.compressor, gains.compressor_db),
            (&self.cap, gains.cap_db),
            (&self.limiter, gains.limiter_db),
            (&self.guard, gains.guard_db),
            (&self.app_volume, gains.app_volume_db),
        ]
    }
}
