//! What the processed route does now: loudness, the stages' gains, the true peak, and the chart.

use std::cell::Cell;

use adw::prelude::*;

use super::{plain_label, set_text, still_row};
use crate::{
    i18n::{quantity, tr, trf},
    model::{BusGauges, Chains, Loudness},
    widgets::{GainBar, LoudnessChart, TruePeakBar, a11y},
};

/// Readings between two changes of the numbers: fast ones are not read but flicker.
const NUMBERS_EVERY: u32 = 5;
/// Where silence begins for the numbers, in LUFS or dB.
const SILENCE: f64 = -70.0;

/// The gauges of the processed route.
#[derive(Debug)]
pub(crate) struct BusView {
    group: adw::PreferencesGroup,
    chart_group: adw::PreferencesGroup,
    loudness: gtk::Label,
    loudness_more: gtk::Label,
    leveller: GainBar,
    surge: GainBar,
    compressor: GainBar,
    cap: GainBar,
    soft: GainBar,
    hard: GainBar,
    peak: TruePeakBar,
    chart: LoudnessChart,
    readings: Cell<u32>,
}

impl BusView {
    pub(crate) fn new() -> Self {
        let group = adw::PreferencesGroup::builder().title(tr("Now")).build();
        let list = gtk::ListBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .css_classes(["boxed-list"])
            .build();
        group.add(&list);

        let (loudness, loudness_more) = number_row(&list, &tr("Loudness"));
        let bars = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(10)
            .margin_top(12)
            .margin_bottom(12)
            .margin_start(12)
            .margin_end(12)
            .build();
        let leveller = GainBar::bipolar(24.0);
        let surge = GainBar::reduction(24.0);
        let compressor = GainBar::reduction(12.0);
        let cap = GainBar::reduction(12.0);
        let soft = GainBar::reduction(12.0);
        let hard = GainBar::reduction(12.0);
        let named = [
            (&leveller, tr("Evening out")),
            (&surge, tr("Blasts held")),
            (&compressor, tr("Compressor")),
            (&cap, tr("Never louder than")),
            (&soft, tr("Bangs tamed")),
            (&hard, tr("Safety limit")),
        ];
        for (bar, name) in named {
            bar.set_label(&name);
            bars.append(bar);
        }
        let peak = TruePeakBar::new();
        peak.set_label(&tr("True peak"));
        bars.append(&peak);
        list.append(&still_row(&tr("Gain of every stage"), &bars));

        let chart = LoudnessChart::new();
        chart.set_hexpand(true);
        chart.set_margin_top(12);
        chart.set_margin_bottom(12);
        chart.set_margin_start(12);
        chart.set_margin_end(12);
        let chart_group = adw::PreferencesGroup::builder()
            .title(tr("The last minutes"))
            .description(tr("Loudness before and after Headroom"))
            .build();
        let frame = gtk::ListBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .css_classes(["boxed-list"])
            .build();
        frame.append(&still_row(&tr("Loudness before and after Headroom"), &chart));
        chart_group.add(&frame);
        Self {
            group,
            chart_group,
            loudness,
            loudness_more,
            leveller,
            surge,
            compressor,
            cap,
            soft,
            hard,
            peak,
            chart,
            readings: Cell::new(0),
        }
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

    /// Says whether levelling and compression work on every application by itself, and so not here.
    pub(crate) fn set_chains(&self, chains: Option<Chains>) {
        let per_app = chains == Some(Chains::PerApp);
        for bar in [&self.leveller, &self.surge, &self.compressor] {
            bar.set_visible(!per_app);
        }
        let text = tr("Every app is evened out by itself: its options tell what is done to it.");
        self.group.set_description(per_app.then_some(text.as_str()));
    }

    /// Shows a reading.
    pub(crate) fn meter(&self, bus: &BusGauges) {
        self.leveller.set_gain_db(bus.leveller_db);
        self.surge.set_gain_db(bus.surge_db);
        self.compressor.set_gain_db(bus.compressor_db);
        self.cap.set_gain_db(bus.cap_db);
        self.soft.set_gain_db(bus.limiter_soft_db);
        self.hard.set_gain_db(bus.limiter_hard_db);
        self.peak.set_true_peak_dbtp(bus.true_peak_dbtp, bus.true_peak_max_dbtp);
        if self.readings.get().is_multiple_of(NUMBERS_EVERY) {
            self.show_numbers(bus);
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
        }
    }

    /// Lets everything fall to rest: readings have ended.
    pub(crate) fn rest(&self) {
        let bars =
            [&self.leveller, &self.surge, &self.compressor, &self.cap, &self.soft, &self.hard];
        bars.into_iter().for_each(GainBar::reset);
        self.peak.reset();
        self.readings.set(0);
        self.show_numbers(&BusGauges::default());
    }

    fn show_numbers(&self, bus: &BusGauges) {
        set_text(&self.loudness, &or_silence(bus.short_term_lufs, "LUFS"));
        let average = or_silence(bus.integrated_lufs, "LUFS");
        set_text(&self.loudness_more, &trf("{value} on average", &[("value", &average)]));
    }
}

fn or_silence(value: f64, unit: &str) -> String {
    if value > SILENCE { quantity(value, 1, unit) } else { tr("silence") }
}

/// A row with a name, a line below it, and a number: returns the number and the line.
fn number_row(list: &gtk::ListBox, title: &str) -> (gtk::Label, gtk::Label) {
    let name = plain_label(&[]);
    name.set_text(title);
    let more = plain_label(&["dim-label", "caption"]);
    more.set_wrap(true);
    let words = gtk::Box::builder().orientation(gtk::Orientation::Vertical).hexpand(true).build();
    words.append(&name);
    words.append(&more);
    let value = plain_label(&["heading", "numeric"]);
    value.set_valign(gtk::Align::Center);
    a11y::set_description(&value, title);
    let row = gtk::Box::builder()
        .spacing(12)
        .margin_top(10)
        .margin_bottom(10)
        .margin_start(12)
        .margin_end(12)
        .build();
    row.append(&words);
    row.append(&value);
    list.append(&still_row(title, &row));
    (value, more)
}
