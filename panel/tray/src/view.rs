//! What is shown: icon, tooltip and menu of a [`Model`], in words of the person's language.
//!
//! Pure but for the catalogue and the time zone; knows nothing of how a desktop is told. Ids of rows stay the same as long
//! as the program runs, so that a menu that is open keeps its place.

use std::fmt::Display;

use headroom_api::{CatchRow, ServiceState, names::PANEL_ID, visible};
use headroom_words::{
    i18n::{change_db, tr, trf},
    problem_title, profile_name,
};
use jiff::{Timestamp, Zoned, fmt::strtime, tz::TimeZone};

use crate::model::{Act, Model, Presence, Shortcut};

/// Problems that are told one by one.
const PROBLEMS: usize = 3;

/// Ids of rows: the root, then in the order in which they stand.
pub(crate) const ROOT: i32 = 0;
const STATE: i32 = 1;
const FIRST_PROBLEM: i32 = 2;
const ABOVE: i32 = 10;
const SWITCH: i32 = 11;
const TIMED: i32 = 12;
const PROFILE: i32 = 13;
const LAST_CATCH: i32 = 14;
const BELOW: i32 = 15;
const SHORTCUT: i32 = 16;
const OPEN: i32 = 17;
const FIRST_PROFILE: i32 = 100;

/// What the icon shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    Protected,
    #[default]
    Off,
    Catching,
    Problem,
}

impl Look {
    /// Returns the name of its icon in the theme.
    pub(crate) fn icon(self) -> String {
        let look = match self {
            Self::Protected => "protected",
            Self::Off => "off",
            Self::Catching => "catching",
            Self::Problem => "problem",
        };
        let app = PANEL_ID.trim_end_matches(".Panel");
        format!("{app}.Tray-{look}-symbolic")
    }
}

/// Icon and tooltip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) look: Look,
    /// One line, plain.
    pub(crate) title: String,
    /// More lines, plain; may be empty.
    pub(crate) lines: Vec<String>,
}

/// A row of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i32,
    pub(crate) kind: Kind,
    /// Plain text.
    pub(crate) label: String,
    pub(crate) is_visible: bool,
    /// What a click does; a row without is to be read alone.
    pub(crate) act: Option<Act>,
    /// Of a submenu.
    pub(crate) rows: Vec<Row>,
}

/// How a row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Separator,
    Submenu,
    /// With a mark while it is on.
    Check(bool),
    /// One of several, with a mark where it is the one.
    Radio(bool),
}

/// Makes faces and menus, one after the other.
#[derive(Debug)]
pub(crate) struct View {
    /// Whether there is a panel to open.
    has_panel: bool,
    /// Every profile that was ever shown: the place of each is its id.
    profiles: Vec<String>,
}

impl View {
    pub(crate) fn new(has_panel: bool) -> Self {
        Self { has_panel, profiles: Vec::new() }
    }

    /// Returns icon and tooltip; `now` says which day is today.
    pub(crate) fn face(model: &Model, now: &Zoned) -> Face {
        let (look, text) = standing(model);
        let look = if model.is_catching { Look::Catching } else { look };
        let text = if model.is_catching { tr("A blast was held") } else { text };
        let mut lines = Vec::new();
        if model.is_there() && !model.profile.is_empty() {
            let profile = visible(&model.profile);
            lines.push(format!("{}: {}", tr("Profile"), profile_name(&profile)));
        }
        lines.extend(problems(model));
        lines.extend(off_until(model, now));
        lines.extend(model.last_catch.as_ref().map(|row| last_catch(row, now)));
        Face { look, title: format!("Headroom: {text}"), lines }
    }

    /// Returns the menu; `now` says which day is today.
    pub(crate) fn rows(&mut self, model: &Model, now: &Zoned) -> Vec<Row> {
        let is_there = model.is_there();
        let mut rows = vec![Row { label: standing(model).1, ..row(STATE, Kind::Text) }];
        let mut problems = problems(model);
        problems.resize(PROBLEMS, String::new());
        rows.extend(problems.into_iter().zip(FIRST_PROBLEM..).map(|(label, id)| Row {
            is_visible: !label.is_empty(),
            label,
            ..row(id, Kind::Text)
        }));
        rows.push(row(ABOVE, Kind::Separator));
        let act = (model.presence != Presence::Connecting).then_some(Act::Switch);
        rows.push(Row { label: tr("Protection"), act, ..row(SWITCH, Kind::Check(model.is_on())) });
        let until = off_until(model, now);
        let can_end = is_there && model.bypass_until_usec.is_some();
        rows.push(Row {
            is_visible: can_end && (model.is_on() || until.is_some()),
            act: until.is_none().then_some(Act::TurnOffForAWhile),
            label: until.unwrap_or_else(|| tr("Off for 30 minutes")),
            ..row(TIMED, Kind::Text)
        });
        rows.push(Row {
            label: tr("Profile"),
            is_visible: is_there && !model.profiles.is_empty(),
            rows: self.choices(model),
            ..row(PROFILE, Kind::Submenu)
        });
        rows.push(Row {
            is_visible: model.last_catch.is_some(),
            label: model.last_catch.as_ref().map_or_else(String::new, |row| last_catch(row, now)),
            ..row(LAST_CATCH, Kind::Text)
        });
        let shortcut = shortcut(&model.shortcut);
        let has_more = self.has_panel || shortcut.is_visible;
        rows.push(Row { is_visible: has_more, ..row(BELOW, Kind::Separator) });
        rows.push(shortcut);
        rows.push(Row {
            label: tr("Open Headroom"),
            is_visible: self.has_panel,
            act: Some(Act::OpenPanel),
            ..row(OPEN, Kind::Text)
        });
        rows
    }

    fn choices(&mut self, model: &Model) -> Vec<Row> {
        let choice = |name: &String| Row {
            label: profile_name(&visible(name)),
            act: Some(Act::UseProfile(name.clone())),
            ..row(self.id(name), Kind::Radio(*name == model.profile))
        };
        model.profiles.iter().map(choice).collect()
    }

    fn id(&mut self, profile: &str) -> i32 {
        let known = self.profiles.iter().position(|name| name == profile);
        let place = known.unwrap_or_else(|| {
            self.profiles.push(profile.to_owned());
            self.profiles.len() - 1
        });
        FIRST_PROFILE.saturating_add(i32::try_from(place).unwrap_or(i32::MAX))
    }
}

fn row(id: i32, kind: Kind) -> Row {
    Row { id, kind, label: String::new(), is_visible: true, act: None, rows: Vec::new() }
}

fn shortcut(shortcut: &Shortcut) -> Row {
    let (label, act) = match shortcut {
        Shortcut::Absent => (String::new(), None),
        Shortcut::Unset => (tr("Keyboard Shortcut…"), Some(Act::ChooseShortcut)),
        Shortcut::Set { keys, can_change } => (
            trf("Keyboard shortcut: {keys}", &[("keys", keys)]),
            can_change.then_some(Act::ChooseShortcut),
        ),
    };
    let is_visible = *shortcut != Shortcut::Absent;
    Row { label, is_visible, act, ..row(SHORTCUT, Kind::Text) }
}

/// What the service does, as it looks and in one line.
fn standing(model: &Model) -> (Look, String) {
    let or = |is_bad: bool, other| if is_bad { Look::Problem } else { other };
    match model.presence {
        Presence::Connecting => return (Look::Off, tr("Looking for Headroom")),
        Presence::Absent => return (Look::Off, tr("Headroom is not running")),
        Presence::Silent => return (Look::Problem, tr("Headroom does not answer")),
        Presence::Present => {}
    }
    match model.state.known() {
        Some(ServiceState::Running) => {
            (or(model.has_error(), Look::Protected), tr("Apps are protected"))
        }
        Some(ServiceState::Bypassed) => (Look::Off, tr("Protection is off")),
        Some(ServiceState::Waiting) => {
            (or(model.has_error(), Look::Off), tr("Waiting for the sound system"))
        }
        Some(ServiceState::Sidelined) => (
            Look::Problem,
            tr("Nothing is protected: another program takes the sound past Headroom"),
        ),
        Some(ServiceState::SafeMode) => (Look::Problem, tr("Safe mode: nothing is protected")),
        None => {
            let word = visible(model.state.as_str());
            let word: [(&str, &dyn Display); 1] = [("word", &word)];
            let text = trf("Do not count on protection: the service says “{word}”", &word);
            (Look::Problem, text)
        }
    }
}

/// A heading for each of the first problems.
fn problems(model: &Model) -> Vec<String> {
    let title = |problem| problem_title(problem).unwrap_or_else(|| visible(&problem.text).into());
    let told = model.problems.iter().filter(|_| model.is_there());
    told.map(title).filter(|title| !title.is_empty()).take(PROBLEMS).collect()
}

fn off_until(model: &Model, now: &Zoned) -> Option<String> {
    let until = model.bypass_until_usec.filter(|usec| *usec > 0 && model.is_there())?;
    Some(trf("Off until {time}", &[("time", &time(until, now))]))
}

fn last_catch(row: &CatchRow, now: &Zoned) -> String {
    let app = if row.app.is_empty() { tr("Several apps") } else { visible(&row.app).into() };
    let (gain, time) = (change_db(row.gain_db), time(row.begin_usec, now));
    trf("Last catch: {app}, {gain}, {time}", &[("app", &app), ("gain", &gain), ("time", &time)])
}

/// Writes a time of `CLOCK_REALTIME` in the person's zone, with its date where that is not today's.
fn time(usec: u64, now: &Zoned) -> String {
    let moment = i64::try_from(usec).ok().and_then(|usec| Timestamp::from_microsecond(usec).ok());
    let Some(moment) = moment else { return String::new() };
    let moment = moment.to_zoned(TimeZone::system());
    // Translators: the time of the day as it is written, in the form of strftime.
    let form = tr("%H:%M");
    let form = if moment.date() == now.date() { form } else { format!("%F {form}") };
    strtime::format(form, &moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use headroom_api::Problem;

    use super::*;
    use crate::model::{Fact, News};

    fn now() -> Zoned {
        Timestamp::from_second(1_800_000_000).unwrap().to_zoned(TimeZone::system())
    }

    fn running() -> Model {
        let mut model = Model::default();
        model.hear(News::Presence(Presence::Present));
        model.hear(News::Facts(vec![
            Fact::State(ServiceState::Running.into()),
            Fact::BypassUntil(0),
            Fact::Profile("default".to_owned()),
            Fact::Profiles(vec!["night".to_owned(), "default".to_owned()]),
        ]));
        model
    }

    fn found(rows: &[Row], id: i32) -> &Row {
        rows.iter().find(|row| row.id == id).unwrap()
    }

    #[test]
    fn icon_and_tooltip_show_what_the_service_does() {
        let face = View::face(&running(), &now());
        assert_eq!(face.look, Look::Protected);
        assert_eq!(face.title, "Headroom: Apps are protected");
        assert_eq!(face.lines, ["Profile: Everyday"]);
        let catching = Model { is_catching: true, ..running() };
        assert_eq!(View::face(&catching, &now()).look, Look::Catching);
        let ill = Model { problems: vec![Problem::NoSessionManager.into()], ..running() };
        assert_eq!(View::face(&ill, &now()).look, Look::Problem);
        let warned = Model { problems: vec![Problem::RealtimePriority.into()], ..running() };
        assert_eq!(View::face(&warned, &now()).look, Look::Protected);
    }

    #[test]
    fn active_profile_is_marked_and_ids_outlive_a_change() {
        let mut view = View::new(true);
        let rows = view.rows(&running(), &now());
        let choices = &found(&rows, PROFILE).rows;
        let marks: Vec<_> = choices.iter().map(|row| (row.id, row.kind)).collect();
        assert_eq!(marks, [(100, Kind::Radio(true)), (101, Kind::Radio(false))]);
        let mut model = running();
        model.hear(News::Facts(vec![Fact::Profiles(vec!["night".to_owned()])]));
        assert_eq!(found(&view.rows(&model, &now()), PROFILE).rows[0].id, 101);
    }

    #[test]
    fn bypass_with_an_end_shows_it_and_offers_no_other() {
        let mut model = running();
        let until = 1_800_000_000_000_000;
        model.hear(News::Facts(vec![
            Fact::State(ServiceState::Bypassed.into()),
            Fact::BypassUntil(until),
        ]));
        let rows = View::new(true).rows(&model, &now());
        let timed = found(&rows, TIMED);
        assert!(timed.is_visible && timed.act.is_none());
        assert_eq!(timed.label, format!("Off until {}", time(until, &now())));
        assert_eq!(found(&rows, SWITCH).kind, Kind::Check(false));
    }

    #[test]
    fn last_catch_names_app_gain_and_time() {
        let mut model = running();
        let row = CatchRow {
            app: "Evil\u{202e}".to_owned(),
            gain_db: -12.0,
            begin_usec: 1_700_000_000_000_000,
            ..CatchRow::default()
        };
        model.hear(News::Caught(row));
        let rows = View::new(true).rows(&model, &now());
        let label = &found(&rows, LAST_CATCH).label;
        assert!(
            label.starts_with("Last catch: Evil\\u{202e}, −12.0\u{a0}dB, 2023-11-1"),
            "{label}"
        );
    }

    #[test]
    fn shortcut_is_offered_where_the_desktop_has_one() {
        let shown = |shortcut| {
            let rows = View::new(true).rows(&Model { shortcut, ..running() }, &now());
            let row = found(&rows, SHORTCUT);
            row.is_visible.then(|| (row.label.clone(), row.act.is_some()))
        };
        assert_eq!(shown(Shortcut::Absent), None);
        assert_eq!(shown(Shortcut::Unset), Some(("Keyboard Shortcut…".to_owned(), true)));
        for can_change in [false, true] {
            let keys = "Ctrl+Alt+H".to_owned();
            let label = "Keyboard shortcut: Ctrl+Alt+H".to_owned();
            assert_eq!(shown(Shortcut::Set { keys, can_change }), Some((label, can_change)));
        }
    }

    #[test]
    fn absent_service_leaves_the_switch_and_the_panel() {
        let model = Model { presence: Presence::Absent, ..Model::default() };
        let rows = View::new(true).rows(&model, &now());
        let clickable = rows.iter().filter(|row| row.is_visible && row.act.is_some());
        assert_eq!(clickable.map(|row| row.id).collect::<Vec<_>>(), [SWITCH, OPEN]);
        let without = View::new(false).rows(&model, &now());
        assert!(!found(&without, OPEN).is_visible);
    }
}
