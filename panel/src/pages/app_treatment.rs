//! What one application gets: one choice and an offset, and what is done to it now.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;

use super::{Asker, delayed::Delayed, plain_row, words};
use crate::{
    i18n::{quantity, tr, trc, trf},
    model::{App, Ask, ChainGauges, Done, Treatment, Waits},
    widgets::{a11y, wheel},
};

/// Where silence begins for the numbers, in LUFS.
const SILENCE: f64 = -70.0;

/// The treatments, as they stand in the list.
const CHOICES: [Treatment; 4] =
    [Treatment::Automatic, Treatment::EvenOut, Treatment::LimitOnly, Treatment::LeaveAlone];

/// The rows of an application's treatment.
#[derive(Debug)]
pub(crate) struct TreatmentRows {
    chosen: Rc<RefCell<Chosen>>,
    choice: adw::ComboRow,
    handler: glib::SignalHandlerId,
    offset: Number,
    now: adw::ActionRow,
}

/// What is chosen, and the name that it is chosen by.
#[derive(Debug, Default)]
struct Chosen {
    app: String,
    treatment: Option<Treatment>,
    offset_db: f64,
}

impl TreatmentRows {
    pub(crate) fn new(asker: &Asker) -> Self {
        let chosen = Rc::new(RefCell::new(Chosen::default()));
        let choice = choice_row();
        let handler = choice.connect_selected_notify({
            let (asker, chosen) = (asker.clone(), Rc::clone(&chosen));
            move |row| {
                let Some(treatment) = treatment_at(row.selected()) else { return };
                let (app, offset_db) = {
                    let chosen = chosen.borrow();
                    (chosen.app.clone(), chosen.offset_db)
                };
                asker.ask(Ask::Treat { app, treatment, offset_db });
            }
        });
        let offset = Number::new(
            &row(&tr("Louder or softer"), &tr("Than the other apps, in dB")),
            (-12.0, 12.0),
            {
                let (asker, chosen) = (asker.clone(), Rc::clone(&chosen));
                move |offset_db| {
                    let (app, treatment) = {
                        let chosen = chosen.borrow();
                        (chosen.app.clone(), chosen.treatment)
                    };
                    if let Some(treatment) = treatment {
                        asker.ask(Ask::Treat { app, treatment, offset_db });
                    }
                }
            },
        );
        let now = row(&tr("Loudness of this app now"), "");
        Self { chosen, choice, handler, offset, now }
    }

    /// The rows, in order.
    pub(crate) fn widgets(&self) -> [&gtk::Widget; 3] {
        [self.choice.upcast_ref(), self.offset.row.upcast_ref(), self.now.upcast_ref()]
    }

    /// Shows what is chosen for an application, and the offset in force.
    pub(crate) fn show(&self, app: &App) {
        self.chosen.replace(Chosen {
            app: app.choice_key.clone(),
            treatment: app.choice,
            offset_db: app.chosen_offset_db,
        });
        let selected = position_of(app.choice);
        if self.choice.selected() != selected {
            self.choice.block_signal(&self.handler);
            self.choice.set_selected(selected);
            self.choice.unblock_signal(&self.handler);
        }
        self.choice.set_subtitle(&what_it_does(app.choice, app.waits));
        self.offset.show(app.offset_db);
        self.offset.row.set_sensitive(app.choice.is_some_and(|it| it != Treatment::LeaveAlone));
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

fn choice_row() -> adw::ComboRow {
    let choices = [tr("Automatic"), tr("Even out"), tr("Only limit"), tr("Leave alone")];
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    let row = adw::ComboRow::builder()
        .use_markup(false)
        .title(tr("This app"))
        .model(&gtk::StringList::new(&choices))
        .build();
    row.set_subtitle_lines(0);
    row
}

/// Returns where a treatment stands in the list; nowhere, where it is not known.
fn position_of(treatment: Option<Treatment>) -> u32 {
    let position = CHOICES.iter().position(|choice| Some(*choice) == treatment);
    position.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION)
}

fn treatment_at(position: u32) -> Option<Treatment> {
    CHOICES.get(usize::try_from(position).ok()?).copied()
}

/// Says what a choice does, or what it waits for.
fn what_it_does(treatment: Option<Treatment>, waits: Option<Waits>) -> String {
    match (treatment, waits) {
        (Some(Treatment::EvenOut | Treatment::LimitOnly), Some(Waits::Together)) => tr(
            "The profile in use evens out all apps together: what you choose here waits for another one.",
        ),
        (Some(Treatment::EvenOut | Treatment::LimitOnly), Some(Waits::OtherDevice)) => tr(
            "It plays to a device of its own, where all apps are evened out together: what you choose here waits.",
        ),
        (Some(Treatment::Automatic), _) => tr("The profile decides"),
        (Some(Treatment::EvenOut), _) => {
            tr("Brought to the same loudness as the others, whatever the profile says")
        }
        (Some(Treatment::LimitOnly), _) => {
            tr("Its loudness stays as it is; only the safety limit works on it")
        }
        (Some(Treatment::LeaveAlone), _) => tr("Straight to the device, without any change"),
        (None, _) => tr("Chosen with a newer version of Headroom"),
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
    fn new(row: &adw::ActionRow, (min, max): (f64, f64), set: impl Fn(f64) + 'static) -> Self {
        let spin = gtk::SpinButton::with_range(min, max, 0.5);
        spin.set_digits(1);
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
    fn choice_and_its_place_in_the_list_agree() {
        for word in Treatment::ALL {
            let treatment: Treatment = word.parse().unwrap();
            assert_eq!(treatment_at(position_of(Some(treatment))), Some(treatment));
        }
        assert_eq!(treatment_at(position_of(None)), None);
    }

    #[test]
    fn only_what_a_chain_does_waits_for_one() {
        for treatment in CHOICES {
            let is_waiting = what_it_does(Some(treatment), Some(Waits::Together)).contains("waits");
            let wants_chain = matches!(treatment, Treatment::EvenOut | Treatment::LimitOnly);
            assert_eq!(is_waiting, wants_chain, "{treatment}");
        }
    }

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
