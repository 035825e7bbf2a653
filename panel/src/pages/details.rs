//! The page for those who want every number: problems, the state of service and graph, every setting.

use adw::prelude::*;

use super::{
    Asker, facts::Facts, plain_row, session::SessionGroup, setting_row::SettingRow, setting_words,
    troubles,
};
use crate::{
    i18n::tr,
    model::{Panel, Problem, Setting},
};

/// The page of details.
#[derive(Debug)]
pub(crate) struct DetailsPage {
    page: adw::PreferencesPage,
    problems: adw::PreferencesGroup,
    problem_rows: Vec<(Problem, adw::ActionRow)>,
    facts: Facts,
    sections: Vec<(String, adw::PreferencesGroup)>,
    settings: Vec<SettingRow>,
    asker: Asker,
}

impl DetailsPage {
    /// `session` is there where the desktop can be asked to start the service.
    pub(crate) fn new(asker: &Asker, session: Option<&SessionGroup>) -> Self {
        let page = adw::PreferencesPage::new();
        let problems =
            adw::PreferencesGroup::builder().title(tr("Problems")).visible(false).build();
        let facts = Facts::new();
        page.add(&problems);
        if let Some(session) = session {
            page.add(session.widget());
        }
        for group in facts.widgets() {
            page.add(group);
        }
        Self {
            page,
            problems,
            problem_rows: Vec::new(),
            facts,
            sections: Vec::new(),
            settings: Vec::new(),
            asker: asker.clone(),
        }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesPage {
        &self.page
    }

    /// Shows what is wrong, with what to do about each.
    pub(crate) fn show_problems(&mut self, problems: &[Problem]) {
        let same = self.problem_rows.len() == problems.len()
            && self.problem_rows.iter().zip(problems).all(|((shown, _), problem)| shown == problem);
        if same {
            return;
        }
        for (_, row) in self.problem_rows.drain(..) {
            self.problems.remove(&row);
        }
        for problem in problems {
            let row = problem_row(problem);
            self.problems.add(&row);
            self.problem_rows.push((problem.clone(), row));
        }
        self.problems.set_visible(!problems.is_empty());
    }

    /// Shows the state of the service and of the graph.
    pub(crate) fn show_facts(&self, panel: &Panel) {
        self.facts.show(panel);
    }

    /// Shows every setting; rows that are there stay.
    pub(crate) fn show_settings(&mut self, settings: &[Setting]) {
        let gone = |row: &SettingRow| !settings.iter().any(|setting| setting.key == row.key());
        if self.settings.iter().any(gone) {
            self.clear_settings();
        }
        for setting in settings {
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

    fn clear_settings(&mut self) {
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

fn problem_row(problem: &Problem) -> adw::ActionRow {
    let row = plain_row();
    let icon = gtk::Image::from_icon_name("dialog-warning-symbolic");
    icon.add_css_class("warning");
    row.add_prefix(&icon);
    let title = troubles::title(problem).unwrap_or_else(|| problem.subject.clone());
    row.set_title(&title);
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    let mut lines = vec![troubles::sentence(problem)];
    lines.extend(troubles::advice(problem));
    row.set_subtitle(&lines.join("\n"));
    row
}
