//! What happens now: how loud all is before and after, what is changed the most, the true peak, and the chart.

use std::cell::Cell;

use adw::prelude::*;

use super::{plain_label, set_text, still_row, words};
use crate::{
    i18n::{quantity, tr, trf},
    model::{Loudness, LoudnessPoint, Meters, Panel},
    widgets::{LoudnessChart, TruePeakBar, a11y},
};

/// Readings between two changes of a sentence: a fast one is not read but flickers.
const SENTENCES_EVERY: u32 = 10;
/// Where silence begins for the numbers, in LUFS.
const SILENCE: f64 = -70.0;

/// The gauges of everything together.
#[derive(Debug)]
pub(crate) struct NowView {
    group: adw::PreferencesGroup,
    chart_group: adw::PreferencesGroup,
    loudness: gtk::Label,
    came_in: gtk::Label,
    most: gtk::Label,
    most_row: gtk::ListBoxRow,
    peak: TruePeakBar,
    chart: LoudnessChart,
    readings: Cell<u32>,
}

impl NowView {
    pub(crate) fn new() -> Self {
        let group = adw::PreferencesGroup::builder().title(tr("Now")).build();
        let list = boxed_list();
        group.add(&list);
        let (loudness, came_in) = number_row(&list, &tr("Loudness of everything"));
        let most = plain_label(&[]);
        most.set_wrap(true);
        margins(&most);
        let most_row = still_row(&tr("What is changed the most"), &most);
        most_row.set_visible(false);
        list.append(&most_row);
        let peak = TruePeakBar::new();
        peak.set_label(&tr("True peak"));
        margins(&peak);
        list.append(&still_row(&tr("True peak"), &peak));

        let chart = LoudnessChart::new();
        chart.set_hexpand(true);
        margins(&chart);
        let chart_group = adw::PreferencesGroup::builder()
            .title(tr("The last minutes"))
            .description(tr("Loudness before and after Headroom"))
            .build();
        let frame = boxed_list();
        frame.append(&still_row(&tr("Loudness before and after Headroom"), &chart));
        chart_group.add(&frame);
        let readings = Cell::new(0);
        let this =
            Self { group, chart_group, loudness, came_in, most, most_row, peak, chart, readings };
        this.show_loudness(None);
        this
    }

    pub(crate) fn gauges(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    pub(crate) fn chart(&self) -> &adw::PreferencesGroup {
        &self.chart_group
    }

    /// Says where the ceiling and the loudness to reach are, as far as they are known.
    pub(crate) fn set_marks(&self, ceiling_dbtp: Option<f64>, target_lufs: Option<f64>) {
        if let Some(ceiling_dbtp) = ceiling_dbtp {
            self.peak.set_ceiling_dbtp(ceiling_dbtp);
        }
        self.chart.set_target_lufs(target_lufs);
    }

    /// Shows a reading.
    pub(crate) fn meter(&self, panel: &Panel, meters: &Meters) {
        self.peak.set_true_peak_dbtp(meters.bus.true_peak_dbtp, meters.bus.true_peak_max_dbtp);
        if self.readings.get().is_multiple_of(SENTENCES_EVERY) {
            let most = panel.most_changed().filter(|(_, gains)| gains.total_db.abs() >= 1.0);
            self.most_row.set_visible(most.is_some());
            if let Some((app, gains)) = most {
                let done = words::done(gains.done());
                let name = words::app_name(app);
                set_text(&self.most, &trf("{app}: {done}", &[("app", &name), ("done", &done)]));
            }
        }
        self.readings.set(self.readings.get().wrapping_add(1));
    }

    /// Adds the newest point to the chart.
    pub(crate) fn add_point(&self, loudness: &Loudness) {
        if loudness.points().len() <= 1 {
            self.chart.clear();
        }
        if let Some(point) = loudness.last() {
            self.chart.push(point.in_lufs, point.out_lufs);
            self.show_loudness(Some(point));
        }
    }

    /// Lets everything fall to rest: readings have ended.
    pub(crate) fn rest(&self) {
        self.peak.reset();
        self.readings.set(0);
        self.most_row.set_visible(false);
        self.show_loudness(None);
    }

    fn show_loudness(&self, point: Option<LoudnessPoint>) {
        let lufs = |lufs: Option<f64>| match lufs.filter(|lufs| *lufs > SILENCE) {
            Some(lufs) => quantity(lufs, 1, "LUFS"),
            None => tr("silence"),
        };
        // With large text on a phone, the unit stands below the number.
        let text = lufs(point.map(|point| point.out_lufs)).replace('\u{a0}', " ");
        set_text(&self.loudness, &text);
        let before: [(&str, &dyn std::fmt::Display); 1] =
            [("loudness", &lufs(point.map(|point| point.in_lufs)))];
        set_text(
            &self.came_in,
            &if point.is_some_and(|point| point.has_others) {
                trf("Before Headroom: {loudness}, with apps that it leaves alone", &before)
            } else {
                trf("Before Headroom: {loudness}", &before)
            },
        );
    }
}

fn boxed_list() -> gtk::ListBox {
    gtk::ListBox::builder()
        .selection_mode(gtk::SelectionMode::None)
        .css_classes(["boxed-list"])
        .build()
}

fn margins(widget: &impl IsA<gtk::Widget>) {
    widget.set_margin_top(12);
    widget.set_margin_bottom(12);
    widget.set_margin_start(12);
    widget.set_margin_end(12);
}

/// A row with a name, a line below it, and a number: returns the number and the line.
fn number_row(list: &gtk::ListBox, title: &str) -> (gtk::Label, gtk::Label) {
    let name = plain_label(&[]);
    name.set_text(title);
    name.set_wrap(true);
    let more = plain_label(&["dim-label", "caption"]);
    more.set_wrap(true);
    let words = gtk::Box::builder().orientation(gtk::Orientation::Vertical).hexpand(true).build();
    words.append(&name);
    words.append(&more);
    let value = plain_label(&["heading", "numeric"]);
    value.set_valign(gtk::Align::Center);
    value.set_wrap(true);
    value.set_justify(gtk::Justification::Right);
    a11y::set_description(&value, title);
    let row = gtk::Box::builder().spacing(12).build();
    margins(&row);
    row.append(&words);
    row.append(&value);
    list.append(&still_row(title, &row));
    (value, more)
}
