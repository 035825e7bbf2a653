//! Protection off for half an hour, and back by itself.

use adw::prelude::*;

use super::{Asker, plain_row, set_mnemonic};
use crate::{
    i18n::tr,
    model::{Ask, Panel, Protection},
};

/// How long it is off, in seconds.
const HALF_AN_HOUR_S: u32 = 30 * 60;

/// The row with its button.
#[derive(Debug)]
pub(crate) struct TimeOff {
    group: adw::PreferencesGroup,
    button: gtk::Button,
}

impl TimeOff {
    pub(crate) fn new(asker: &Asker) -> Self {
        let button = gtk::Button::builder().valign(gtk::Align::Center).build();
        set_mnemonic(&button, &tr("Turn O_ff"));
        button.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::BypassFor(HALF_AN_HOUR_S))
        });
        let row = plain_row();
        row.set_title(&tr("Off for 30 minutes"));
        row.set_subtitle(&tr(
            "To hear the difference, or for music as it is. It comes back by itself.",
        ));
        row.set_title_lines(0);
        row.set_subtitle_lines(0);
        row.add_suffix(&button);
        let group = adw::PreferencesGroup::new();
        group.add(&row);
        Self { group, button }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Offers it while protection is on.
    pub(crate) fn show(&self, panel: &Panel) {
        self.button.set_sensitive(panel.protection() == Protection::On);
    }
}
