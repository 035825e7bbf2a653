//! Pauses that end by themselves: protection off for half an hour, and what plays without levelling for some seconds.

use std::{cell::Cell, rc::Rc};

use adw::prelude::*;

use super::{Asker, plain_row, set_mnemonic};
use crate::{
    i18n::tr,
    model::{Ask, Panel, Protection},
};

/// How long it is off, in seconds.
const HALF_AN_HOUR_S: u32 = 30 * 60;
/// How long a comparison lasts, in seconds.
const COMPARE_S: u32 = 10;

/// The rows with their buttons.
#[derive(Debug)]
pub(crate) struct Pauses {
    group: adw::PreferencesGroup,
    off: gtk::Button,
    compare: gtk::Button,
    compares: Rc<Cell<bool>>,
}

impl Pauses {
    pub(crate) fn new(asker: &Asker) -> Self {
        let off = button();
        set_mnemonic(&off, &tr("Turn O_ff"));
        off.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::BypassFor(HALF_AN_HOUR_S))
        });
        let compares = Rc::<Cell<bool>>::default();
        let compare = button();
        compare.connect_clicked({
            let (asker, compares) = (asker.clone(), compares.clone());
            move |_| asker.ask(Ask::Compare(if compares.get() { 0 } else { COMPARE_S }))
        });
        let group = adw::PreferencesGroup::new();
        group.add(&row(
            &tr("Hear the difference"),
            &tr("Ten seconds without levelling, and as loud as with it."),
            &compare,
        ));
        group.add(&row(
            &tr("Off for 30 minutes"),
            &tr("For music as it is. It comes back by itself."),
            &off,
        ));
        let this = Self { group, off, compare, compares };
        this.show_comparison(false);
        this
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Offers both while protection is on.
    pub(crate) fn show(&self, panel: &Panel) {
        let is_on = panel.protection() == Protection::On;
        self.off.set_sensitive(is_on);
        self.compare.set_sensitive(is_on);
        if self.compares.get() != panel.compares() {
            self.show_comparison(panel.compares());
        }
    }

    /// Shows what is heard now by what the button would bring.
    fn show_comparison(&self, compares: bool) {
        self.compares.set(compares);
        set_mnemonic(&self.compare, &if compares { tr("_Back") } else { tr("_Without") });
    }
}

fn button() -> gtk::Button {
    gtk::Button::builder().valign(gtk::Align::Center).build()
}

fn row(title: &str, subtitle: &str, button: &gtk::Button) -> adw::ActionRow {
    let row = plain_row();
    row.set_title(title);
    row.set_subtitle(subtitle);
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    row.add_suffix(button);
    row
}
