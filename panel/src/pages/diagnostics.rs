//! The page for those who look for what is wrong: problems, what every stage does, and the state of the service.

use adw::prelude::*;
use headroom_words::problem_title;

use super::{
    Asker, facts::Facts, icon_button, plain_row, set_mnemonic, stages::StagesView, troubles,
};
use crate::{
    i18n::{tr, trf},
    model::{Ask, Panel, Problem},
};

/// The command that checks everything else.
const DOCTOR: &str = "headroom doctor";

/// The page of diagnostics.
#[derive(Debug)]
pub(crate) struct DiagnosticsPage {
    page: adw::PreferencesPage,
    problems: adw::PreferencesGroup,
    problem_rows: Vec<(Problem, adw::ActionRow)>,
    stages: StagesView,
    facts: Facts,
    asker: Asker,
}

impl DiagnosticsPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let page = adw::PreferencesPage::new();
        let problems =
            adw::PreferencesGroup::builder().title(tr("Problems")).visible(false).build();
        let stages = StagesView::new();
        let facts = Facts::new();
        page.add(&problems);
        page.add(&doctor(asker));
        page.add(stages.widget());
        for group in facts.widgets() {
            page.add(group);
        }
        Self { page, problems, problem_rows: Vec::new(), stages, facts, asker: asker.clone() }
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
            let row = problem_row(problem, &self.asker);
            self.problems.add(&row);
            self.problem_rows.push((problem.clone(), row));
        }
        self.problems.set_visible(!problems.is_empty());
    }

    /// Shows the state of the service and of the graph.
    pub(crate) fn show_facts(&self, panel: &Panel) {
        self.facts.show(panel);
    }

    /// Moves the bars of the stages.
    pub(crate) fn meter(&self, panel: &Panel) {
        self.stages.meter(panel);
    }

    /// Lets the bars fall to rest.
    pub(crate) fn rest(&self) {
        self.stages.rest();
    }
}

/// Where every number is that this page does not have.
fn doctor(asker: &Asker) -> adw::PreferencesGroup {
    let row = plain_row();
    row.set_title(&tr("Check everything"));
    row.set_subtitle(&trf(
        "In a terminal, {command} looks for what is wrong and says what to do about it.",
        &[("command", &DOCTOR)],
    ));
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    let copy = icon_button("edit-copy-symbolic", &trf("Copy “{command}”", &[("command", &DOCTOR)]));
    copy.connect_clicked({
        let asker = asker.clone();
        move |_| asker.copy(DOCTOR)
    });
    row.add_suffix(&copy);
    let group = adw::PreferencesGroup::new();
    group.add(&row);
    group
}

fn problem_row(problem: &Problem, asker: &Asker) -> adw::ActionRow {
    let row = plain_row();
    let icon = gtk::Image::from_icon_name("dialog-warning-symbolic");
    icon.add_css_class("warning");
    row.add_prefix(&icon);
    let title = problem_title(problem).unwrap_or_else(|| problem.subject.clone());
    row.set_title(&title);
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    let mut lines = vec![troubles::sentence(problem)];
    lines.extend(troubles::advice(problem));
    row.set_subtitle(&lines.join("\n"));
    if matches!(problem.known, Some(headroom_api::Problem::StalePins { .. })) {
        let forget = gtk::Button::builder().valign(gtk::Align::Center).build();
        set_mnemonic(&forget, &tr("_Forget"));
        forget.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::ForgetEffects)
        });
        row.add_suffix(&forget);
    }
    row
}
