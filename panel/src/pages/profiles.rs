//! The profiles as a list to choose from, with a line on each.

use std::{cell::Cell, rc::Rc};

use adw::prelude::*;
use headroom_words::profile_name;

use super::{Asker, plain_row, words};
use crate::{i18n::tr, model::Ask};

/// The list of profiles.
#[derive(Debug)]
pub(crate) struct ProfileList {
    group: adw::PreferencesGroup,
    rows: Vec<ProfileRow>,
    asker: Asker,
    /// Set while rows are told what to show, so that they do not ask for it.
    showing: Rc<Cell<bool>>,
    /// A button that is never seen: the radio group needs a member that stays.
    anchor: gtk::CheckButton,
}

#[derive(Debug)]
struct ProfileRow {
    name: String,
    description: String,
    row: adw::ActionRow,
    radio: gtk::CheckButton,
}

impl ProfileList {
    pub(crate) fn new(asker: &Asker) -> Self {
        Self::titled(asker, &tr("Profile"))
    }

    /// Makes one below another title, which has no markup in it.
    pub(crate) fn titled(asker: &Asker, title: &str) -> Self {
        let group = adw::PreferencesGroup::builder().title(title).build();
        Self {
            group,
            rows: Vec::new(),
            asker: asker.clone(),
            showing: Rc::new(Cell::new(false)),
            anchor: gtk::CheckButton::new(),
        }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows the profiles and which one is in force.
    pub(crate) fn show(&mut self, profiles: &[(String, String)], active: &str) {
        self.showing.set(true);
        let same = self.rows.len() == profiles.len()
            && self
                .rows
                .iter()
                .zip(profiles)
                .all(|(row, (name, text))| row.name == *name && row.description == *text);
        if !same {
            for row in self.rows.drain(..) {
                self.group.remove(&row.row);
            }
            self.rows = profiles.iter().map(|(name, text)| self.row(name, text)).collect();
            for row in &self.rows {
                self.group.add(&row.row);
            }
        }
        let mut found = false;
        for row in &self.rows {
            let on = row.name == active;
            found |= on;
            if on && !row.radio.is_active() {
                row.radio.set_active(true);
            }
        }
        if !found {
            self.anchor.set_active(true);
        }
        self.showing.set(false);
    }

    fn row(&self, name: &str, description: &str) -> ProfileRow {
        let radio =
            gtk::CheckButton::builder().group(&self.anchor).valign(gtk::Align::Center).build();
        let row = plain_row();
        row.set_title(&profile_name(name));
        row.set_subtitle(&words::profile_description(name, description));
        row.set_subtitle_lines(0);
        row.add_prefix(&radio);
        row.set_activatable_widget(Some(&radio));
        radio.connect_toggled({
            let (asker, showing) = (self.asker.clone(), Rc::clone(&self.showing));
            let request = name.to_owned();
            move |radio| {
                if radio.is_active() && !showing.get() {
                    asker.ask(Ask::UseProfile(request.clone()));
                }
            }
        });
        ProfileRow { name: name.to_owned(), description: description.to_owned(), row, radio }
    }
}
