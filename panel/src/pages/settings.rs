//! The page of settings: everything that a profile says, by section.

use adw::prelude::*;

use super::{Asker, protection, session::SessionGroup, setting_row::SettingRow, setting_words};
use crate::{i18n::tr, model::Setting};

/// The page of settings.
#[derive(Debug)]
pub(crate) struct SettingsPage {
    page: adw::PreferencesPage,
    sections: Vec<(String, adw::PreferencesGroup)>,
    settings: Vec<SettingRow>,
    asker: Asker,
}

impl SettingsPage {
    /// `session` is there where the desktop can be asked to start the service.
    pub(crate) fn new(asker: &Asker, session: Option<&SessionGroup>) -> Self {
        let page = adw::PreferencesPage::new();
        if let Some(session) = session {
            page.add(session.widget());
        }
        let note = adw::PreferencesGroup::builder()
            .description(tr(
                "What the profile in use does, number by number. Nothing here needs to be touched.",
            ))
            .build();
        page.add(&note);
        Self { page, sections: Vec::new(), settings: Vec::new(), asker: asker.clone() }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesPage {
        &self.page
    }

    /// Shows every setting but that which has a place of its own; rows that are there stay.
    pub(crate) fn show(&mut self, settings: &[Setting]) {
        let gone = |row: &SettingRow| !settings.iter().any(|setting| setting.key == row.key());
        if self.settings.iter().any(gone) {
            self.clear();
        }
        for setting in settings.iter().filter(|setting| setting.key != protection::CAP) {
            if let Some(row) = self.settings.iter().find(|row| row.key() == setting.key) {
                row.show(setting);
            } else {
                let row = SettingRow::new(setting, &self.asker);
                let section = self.section(setting.section());
                for widget in row.widgets() {
                    section.add(widget);
                }
                self.settings.push(row);
            }
        }
    }

    fn clear(&mut self) {
        for (_, group) in self.sections.drain(..) {
            self.page.remove(&group);
        }
        self.settings.clear();
    }

    fn section(&mut self, id: &str) -> adw::PreferencesGroup {
        if let Some((_, group)) = self.sections.iter().find(|(known, _)| known == id) {
            return group.clone();
        }
        let (title, description) = setting_words::section(id);
        let group = adw::PreferencesGroup::builder().build();
        // Both take markup.
        group.set_title(&gtk::glib::markup_escape_text(&title));
        group.set_description(Some(&gtk::glib::markup_escape_text(&description)));
        self.page.add(&group);
        self.sections.push((id.to_owned(), group.clone()));
        group
    }
}
