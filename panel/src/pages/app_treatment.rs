//! What one application gets: one choice and an offset, and how loud it is before and after.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;

use super::{Asker, plain_row};
use crate::{
    i18n::{quantity, tr, trc, trf},
    model::{App, Ask, ChainGauges, Treatment, Waits},
    widgets::number::Number,
};

/// Where silence begins for the numbers, in LUFS.
const SILENCE: f64 = -70.0;

/// The treatments, as they stand in the list.
pub(super) const CHOICES: [Treatment; 4] =
    [Treatment::Automatic, Treatment::EvenOut, Treatment::LimitOnly, Treatment::LeaveAlone];

/// How much louder or softer than the others an application can be, in dB.
const OFFSETS_DB: (f64, f64) = (-12.0, 12.0);

/// The rows of an application's treatment.
#[derive(Debug)]
pub(crate) struct TreatmentRows {
    chosen: Rc<RefCell<Chosen>>,
    choice: adw::ComboRow,
    handler: glib::SignalHandlerId,
    offset_row: adw::ActionRow,
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
        let (title, unit) = (tr("Louder or softer"), tr("Than the other apps, in dB"));
        let offset = Number::new(OFFSETS_DB, 0.5, (&title, &unit), {
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
        });
        let offset_row = row(&title, &unit);
        offset_row.add_suffix(offset.widget());
        let now = row(&tr("Loudness of this app now"), "");
        Self { chosen, choice, handler, offset_row, offset, now }
    }

    /// The rows, in order.
    pub(crate) fn widgets(&self) -> [&gtk::Widget; 3] {
        [self.choice.upcast_ref(), self.offset_row.upcast_ref(), self.now.upcast_ref()]
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
        self.offset_row.set_sensitive(app.choice.is_some_and(|it| it != Treatment::LeaveAlone));
        if self.now.subtitle().is_none_or(|text| text.is_empty()) {
            self.meter(None);
        }
    }

    /// Says how loud it is before and after its own chain; `None` while it has none.
    pub(crate) fn meter(&self, chain: Option<&ChainGauges>) {
        let text = chain.map_or_else(|| tr("It is not evened out by itself now"), figures);
        if self.now.subtitle().is_none_or(|shown| shown != text) {
            self.now.set_subtitle(&text);
        }
    }
}

fn choice_row() -> adw::ComboRow {
    let row =
        adw::ComboRow::builder().use_markup(false).title(tr("This app")).model(&choices()).build();
    row.set_subtitle_lines(0);
    row
}

/// The names of the treatments, as they stand in the list.
pub(super) fn choices() -> gtk::StringList {
    let choices = CHOICES.map(name);
    gtk::StringList::new(&choices.each_ref().map(String::as_str))
}

/// The name of a treatment.
fn name(treatment: Treatment) -> String {
    match treatment {
        Treatment::Automatic => tr("Automatic"),
        Treatment::EvenOut => tr("Even out"),
        Treatment::LimitOnly => tr("Only limit"),
        Treatment::LeaveAlone => tr("Leave alone"),
    }
}

/// Returns where a treatment stands in the list; nowhere, where it is not known.
pub(super) fn position_of(treatment: Option<Treatment>) -> u32 {
    let position = CHOICES.iter().position(|choice| Some(*choice) == treatment);
    position.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION)
}

/// Returns the treatment that stands there in the list.
pub(super) fn treatment_at(position: u32) -> Option<Treatment> {
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
            tr("Its loudness stays as it is; only the ceiling holds it")
        }
        (Some(Treatment::LeaveAlone), _) => tr("Straight to the device, without any change"),
        (None, _) => tr("Chosen with a newer version of Headroom"),
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

/// The loudness before and after an application's chain, one to a line.
fn figures(chain: &ChainGauges) -> String {
    let loudness = |lufs: f64| {
        if lufs <= SILENCE { trc("level", "silent") } else { quantity(lufs, 1, "LUFS") }
    };
    let lines = [
        trf("Before: {loudness}", &[("loudness", &loudness(chain.loudness_in_lufs))]),
        trf("After: {loudness}", &[("loudness", &loudness(chain.loudness_out_lufs))]),
    ];
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn loudness_before_and_after_have_a_line_each() {
        let chain = ChainGauges {
            loudness_in_lufs: -9.04,
            loudness_out_lufs: -120.0,
            ..ChainGauges::default()
        };
        let text = figures(&chain);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("Before: ") && lines[0].ends_with("9.0\u{a0}LUFS"), "{text}");
        assert_eq!(lines[1], "After: silent");
    }
}
