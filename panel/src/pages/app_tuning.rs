//! What one application gets of levelling and compression, and what they do to it now.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;

use super::{Asker, FollowSwitch, delayed::Delayed, icon_button, plain_row, words};
use crate::{
    i18n::{quantity, tr, trc, trf},
    model::{App, Ask, ChainGauges, Done, Value, Waits},
    widgets::{a11y, wheel},
};

/// Where silence begins for the numbers, in LUFS.
const SILENCE: f64 = -70.0;

/// The rows of an application's own chain.
#[derive(Debug)]
pub(crate) struct TuningRows {
    /// The name that choices are made by.
    key: Rc<RefCell<String>>,
    chain: FollowSwitch,
    chain_row: adw::ActionRow,
    offset: Number,
    strength: Number,
    now: adw::ActionRow,
    reset: gtk::Button,
}

impl TuningRows {
    pub(crate) fn new(asker: &Asker) -> Self {
        let key = Rc::new(RefCell::new(String::new()));
        let tune: Rc<dyn Fn(&'static str, Value)> = Rc::new({
            let (asker, app) = (asker.clone(), Rc::clone(&key));
            move |key, value| asker.ask(Ask::Tune { app: app.borrow().clone(), key, value })
        });
        let reset = icon_button("edit-undo-symbolic", &tr("Forget what you set for this app"));
        reset.connect_clicked({
            let (asker, app) = (asker.clone(), Rc::clone(&key));
            move |_| asker.ask(Ask::Untune(app.borrow().clone()))
        });
        let chain = FollowSwitch::new({
            let tune = Rc::clone(&tune);
            move |on| tune("chain", Value::Bool(on))
        });
        let chain_row = row(&tr("Even out this app"), "");
        chain_row.add_suffix(&reset);
        chain_row.add_suffix(chain.widget());
        chain_row.set_activatable_widget(Some(chain.widget()));
        let offset = Number::new(
            &row(&tr("Louder or softer"), &tr("Than the other apps, in dB")),
            (-12.0, 12.0, 1),
            {
                let tune = Rc::clone(&tune);
                move |db| tune("offset_db", Value::Number(db))
            },
        );
        let strength = Number::new(
            &row(&tr("Strength for this app"), &tr("How much it is evened out, in percent")),
            (0.0, 100.0, 0),
            move |percent| tune("strength", Value::Number(percent / 100.0)),
        );
        let now = row(&tr("Loudness of this app now"), "");
        Self { key, chain, chain_row, offset, strength, now, reset }
    }

    /// The rows, in order.
    pub(crate) fn widgets(&self) -> [&adw::ActionRow; 4] {
        [&self.chain_row, &self.offset.row, &self.strength.row, &self.now]
    }

    /// Shows what is in force for an application.
    pub(crate) fn show(&self, app: &App) {
        self.key.replace(app.tuning_key.clone());
        self.chain.show(app.tuning.chain);
        self.offset.show(app.tuning.offset_db);
        self.strength.show(app.tuning.strength * 100.0);
        self.reset.set_visible(app.tuned);
        let untouched = app.waits == Some(Waits::NotProtected);
        self.chain_row.set_subtitle(&what_it_does(app.waits));
        self.chain_row.set_sensitive(!untouched);
        for number in [&self.offset, &self.strength] {
            number.row.set_sensitive(!untouched && app.tuning.chain);
        }
        if self.now.subtitle().is_none_or(|text| text.is_empty()) {
            self.meter(None);
        }
    }

    /// Says what is done to it now, where it has a chain of its own; `None` while it has none.
    pub(crate) fn meter(&self, now: Option<(Done, &ChainGauges)>) {
        let text = now.map_or_else(
            || tr("It is not evened out by itself now"),
            |(done, chain)| figures(done, chain),
        );
        if self.now.subtitle().is_none_or(|shown| shown != text) {
            self.now.set_subtitle(&text);
        }
    }
}

/// What the settings of one application do, or what they wait for.
fn what_it_does(waits: Option<Waits>) -> String {
    match waits {
        None => tr("Its loudness, by itself. When off, only the safety limit works on it."),
        Some(Waits::NotProtected) => tr("This works while the app is protected."),
        Some(Waits::Together) => tr(
            "The profile in use evens out all apps together: what you set here waits for another one.",
        ),
        Some(Waits::NothingEvenedOut) => {
            tr("The profile in use evens out nothing: what you set here waits for another one.")
        }
        Some(Waits::OtherDevice) => tr(
            "It plays to a device of its own, where all apps are evened out together: what you set here waits.",
        ),
    }
}

/// A number that one application has for itself.
#[derive(Debug)]
struct Number {
    row: adw::ActionRow,
    spin: gtk::SpinButton,
    handler: glib::SignalHandlerId,
    delayed: Delayed,
}

impl Number {
    fn new(
        row: &adw::ActionRow,
        (min, max, digits): (f64, f64, u32),
        set: impl Fn(f64) + 'static,
    ) -> Self {
        let step = if digits == 0 { 5.0 } else { 0.5 };
        let spin = gtk::SpinButton::with_range(min, max, step);
        spin.set_digits(digits);
        spin.set_alignment(1.0);
        spin.set_width_chars(5);
        spin.set_valign(gtk::Align::Center);
        spin.set_numeric(true);
        spin.set_snap_to_ticks(false);
        a11y::set_label(&spin, &row.title());
        wheel::after_click(&spin);
        if let Some(unit) = row.subtitle() {
            a11y::set_description(&spin, &unit);
        }
        row.add_suffix(&spin);
        let (delayed, set) = (Delayed::default(), Rc::new(set));
        let handler = spin.connect_value_changed({
            let delayed = delayed.clone();
            move |spin| {
                let (set, value) = (Rc::clone(&set), spin.value());
                delayed.later(move || set(value));
            }
        });
        Self { row: row.clone(), spin, handler, delayed }
    }

    fn show(&self, number: f64) {
        if self.delayed.is_waiting() || (self.spin.value() - number).abs() < 1e-9 {
            return;
        }
        self.spin.block_signal(&self.handler);
        self.spin.set_value(number);
        self.spin.unblock_signal(&self.handler);
    }
}

fn row(title: &str, subtitle: &str) -> adw::ActionRow {
    let row = plain_row();
    row.set_title(title);
    row.set_title_lines(0);
    row.set_subtitle(subtitle);
    row.set_subtitle_lines(0);
    row
}

/// What is done to the app, and the loudness around it, one to a line.
fn figures(done: Done, chain: &ChainGauges) -> String {
    let loudness = |lufs: f64| {
        if lufs <= SILENCE { trc("level", "silent") } else { quantity(lufs, 1, "LUFS") }
    };
    let lines = [
        words::done(done),
        trf("Before: {loudness}", &[("loudness", &loudness(chain.loudness_in_lufs))]),
        trf("After: {loudness}", &[("loudness", &loudness(chain.loudness_out_lufs))]),
    ];
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Doing;

    #[test]
    fn one_gain_one_word_and_loudness_have_a_line_each() {
        let chain = ChainGauges {
            loudness_in_lufs: -9.04,
            gain_db: -11.5,
            leveller_db: -1.0,
            surge_db: -10.5,
            compressor_db: 0.0,
            loudness_out_lufs: -120.0,
        };
        let text = figures(Done { doing: Doing::Surge, gain_db: -11.5 }, &chain);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("11.5") && lines[0].contains("blast"), "{text}");
        assert!(lines[1].starts_with("Before: ") && lines[1].ends_with("9.0\u{a0}LUFS"), "{text}");
        assert_eq!(lines[2], "After: silent");
    }
}
