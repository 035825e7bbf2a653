//! Applications that something was chosen for and that do not play: to be seen, changed and forgotten.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;
use headroom_api::{TreatmentRow, visible};

use super::{Asker, app_treatment, icon_button, plain_row};
use crate::{
    i18n::{change_db, tr, trf},
    model::{Ask, Treatment},
    widgets::a11y,
};

/// The list of those applications; not there while it would be empty.
#[derive(Debug)]
pub(crate) struct Remembered {
    group: adw::PreferencesGroup,
    rows: Vec<Row>,
    asker: Asker,
}

#[derive(Debug)]
struct Row {
    app: String,
    offset_db: Rc<RefCell<f64>>,
    line: adw::ActionRow,
    choice: gtk::DropDown,
    handler: glib::SignalHandlerId,
}

impl Remembered {
    pub(crate) fn new(asker: &Asker) -> Self {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Remembered apps"))
            .description(tr("You chose for these. They do not play now."))
            .visible(false)
            .build();
        Self { group, rows: Vec::new(), asker: asker.clone() }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows them; rows that are there stay.
    pub(crate) fn show<'a>(
        &mut self,
        remembered: impl Iterator<Item = &'a (String, TreatmentRow)> + Clone,
    ) {
        self.rows.retain(|row| {
            let stays = remembered.clone().any(|(app, _)| *app == row.app);
            if !stays {
                self.group.remove(&row.line);
            }
            stays
        });
        for (app, chosen) in remembered {
            if !self.rows.iter().any(|row| row.app == *app) {
                let row = Row::new(app, &self.asker);
                self.group.add(&row.line);
                self.rows.push(row);
            }
            if let Some(row) = self.rows.iter().find(|row| row.app == *app) {
                row.show(chosen);
            }
        }
        self.group.set_visible(!self.rows.is_empty());
    }
}

impl Row {
    fn new(app: &str, asker: &Asker) -> Self {
        let name = visible(app).into_owned();
        let row = plain_row();
        row.set_title(&name);
        row.set_title_lines(2);
        let choice = gtk::DropDown::builder()
            .model(&app_treatment::choices())
            .valign(gtk::Align::Center)
            .build();
        let label = trf("What {app} gets", &[("app", &name)]);
        a11y::set_label(&choice, &label);
        // The button within is what screen readers meet.
        if let Some(button) = choice.first_child() {
            a11y::set_label(&button, &label);
        }
        let offset_db = Rc::new(RefCell::new(0.0));
        let treat = {
            let (asker, app) = (asker.clone(), app.to_owned());
            move |treatment, offset_db| {
                asker.ask(Ask::Treat { app: app.clone(), treatment, offset_db });
            }
        };
        let handler = choice.connect_selected_notify({
            let (treat, offset_db) = (treat.clone(), Rc::clone(&offset_db));
            move |choice| {
                if let Some(treatment) = app_treatment::treatment_at(choice.selected()) {
                    let offset_db = *offset_db.borrow();
                    treat(treatment, offset_db);
                }
            }
        });
        let forget = icon_button("user-trash-symbolic", &trf("Forget {app}", &[("app", &name)]));
        forget.connect_clicked(move |_| treat(Treatment::Automatic, 0.0));
        row.add_suffix(&choice);
        row.add_suffix(&forget);
        Self { app: app.to_owned(), offset_db, line: row, choice, handler }
    }

    fn show(&self, chosen: &TreatmentRow) {
        self.offset_db.replace(chosen.offset_db);
        let selected = app_treatment::position_of(chosen.treatment.known());
        if self.choice.selected() != selected {
            self.choice.block_signal(&self.handler);
            self.choice.set_selected(selected);
            self.choice.unblock_signal(&self.handler);
        }
        let is_offset = chosen.offset_db.abs() > f64::EPSILON;
        self.line.set_subtitle(&if is_offset {
            change_db(chosen.offset_db)
        } else {
            String::new()
        });
    }
}
