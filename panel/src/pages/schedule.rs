//! What is scheduled: the profile for the night, by the clock or with the desktop's Night Light.
//!
//! Other profiles and other times are `headroom schedule`'s to set; they are shown here.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;
use headroom_api::{ProfileBy, ScheduleRow};
use headroom_words::profile_name;

use super::{Asker, device::Choice, words};
use crate::{
    i18n::{tr, trc, trf},
    model::{Ask, Panel},
};

/// The profile that is scheduled from here.
const NIGHT: &str = "night";
/// The times that are offered for it.
const TIMES: (&str, &str) = ("22:00", "07:00");

/// The group with its only row; not there while the service knows of no schedules, or of no such profile.
#[derive(Debug)]
pub(crate) struct ScheduleGroup {
    group: adw::PreferencesGroup,
    choice: Choice,
    /// What is offered, in the order of the list; `None` for nothing.
    offered: Rc<RefCell<Vec<Option<ScheduleRow>>>>,
}

impl ScheduleGroup {
    pub(crate) fn new(asker: &Asker) -> Self {
        let offered = Rc::<RefCell<Vec<Option<ScheduleRow>>>>::default();
        let (asker, known) = (asker.clone(), Rc::clone(&offered));
        let choice = Choice::new(&tr("Schedule"), move |at| {
            let profile = NIGHT.to_owned();
            match known.borrow().get(at).cloned() {
                Some(Some(schedule)) => asker.ask(Ask::SetSchedule { profile, schedule }),
                Some(None) => asker.ask(Ask::UnsetSchedule(profile)),
                None => {}
            }
        });
        let group = adw::PreferencesGroup::builder().visible(false).build();
        group.add(choice.row());
        Self { group, choice, offered }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows what is scheduled, and whether that is why a profile is in force.
    pub(crate) fn show(&self, panel: &Panel) {
        let has_night = panel.profiles().iter().any(|(name, _)| name == NIGHT);
        let schedules = panel.schedules().filter(|_| has_night);
        self.group.set_visible(schedules.is_some());
        let Some(schedules) = schedules else { return };
        let night = schedules.iter().find(|(profile, _)| profile == NIGHT).map(|(_, row)| row);
        self.offer(night);
        let at = self.offered.borrow().iter().position(|offered| offered.as_ref() == night);
        self.choice.show(at);
        let text = subtitle(panel, schedules);
        if self.choice.row().subtitle().as_deref() != Some(&*text) {
            self.choice.row().set_subtitle(&text);
        }
    }

    /// Offers what can be chosen, with what was chosen elsewhere.
    fn offer(&self, night: Option<&ScheduleRow>) {
        let usual = ScheduleRow {
            from: Some(TIMES.0.to_owned()),
            to: Some(TIMES.1.to_owned()),
            ..ScheduleRow::default()
        };
        let night_light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
        let mut rows = vec![None, Some(usual), Some(night_light)];
        if !rows.iter().any(|row| row.as_ref() == night) {
            rows.insert(1, night.cloned());
        }
        if *self.offered.borrow() != rows {
            let texts: Vec<String> = rows
                .iter()
                .map(|row| row.as_ref().map_or_else(|| trc("schedule", "Off"), when))
                .collect();
            self.offered.replace(rows);
            self.choice.offer(&texts);
        }
    }
}

/// When a profile is in force by itself, in a few words.
fn when(row: &ScheduleRow) -> String {
    match (&row.from, &row.to) {
        (Some(from), Some(to)) => trf("{from} to {to}", &[("from", from), ("to", to)]),
        _ if row.night_light == Some(true) => tr("With the Night Light"),
        _ => tr("In a way that this version does not know"),
    }
}

/// What is scheduled, one line each, and what that means now; as markup.
fn subtitle(panel: &Panel, schedules: &[(String, ScheduleRow)]) -> String {
    let line = |(profile, row): &(String, ScheduleRow)| {
        let name = profile_name(profile);
        let when = when(row);
        let arguments: [(&str, &dyn std::fmt::Display); 2] = [("profile", &name), ("when", &when)];
        if row.days.is_empty() {
            trf("{profile}: {when}", &arguments)
        } else {
            trf("{profile}: {when}, on some days", &arguments)
        }
    };
    let mut lines: Vec<String> = schedules.iter().map(line).collect();
    if lines.is_empty() {
        lines.push(tr("The profile Night can come and go by itself."));
    }
    match panel.profile_by() {
        ProfileBy::Schedule => {
            let time = words::clock(panel.profile_until_usec()).unwrap_or_default();
            lines.push(trf(
                "In force now, until {time}. What you choose meanwhile stands until then.",
                &[("time", &time)],
            ));
        }
        ProfileBy::NightLight => {
            lines.push(tr(
                "In force now. What you choose meanwhile stands until the Night Light goes off.",
            ));
        }
        ProfileBy::User | ProfileBy::Device => {}
    }
    glib::markup_escape_text(&lines.join("\n")).into()
}
