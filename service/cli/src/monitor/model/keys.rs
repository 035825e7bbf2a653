//! Key presses.

use headroom_api::{StreamRoute, Treatment};

use super::{Action, Link, Model, Pane, Request};
use crate::monitor::input::Key;

/// The treatments, in the order of the list.
pub(crate) const TREATMENTS: [Treatment; 4] =
    [Treatment::Automatic, Treatment::EvenOut, Treatment::LimitOnly, Treatment::LeaveAlone];

impl Model {
    /// Takes a key press; returns what is to be done.
    pub(crate) fn press(&mut self, key: Key) -> Request {
        match key {
            Key::Interrupt => return Request::Quit,
            Key::Suspend => return Request::Suspend,
            Key::Redraw => return Request::Redraw,
            _ => {}
        }
        match &self.pane {
            Pane::None => self.press_on_streams(key),
            Pane::Profiles(name) => {
                let name = name.clone();
                self.press_on_profiles(key, &name)
            }
            Pane::Treatments { app, treatment, offset_db } => {
                let (app, treatment, offset_db) = (app.clone(), *treatment, *offset_db);
                self.press_on_treatments(key, app, treatment, offset_db)
            }
            Pane::Help | Pane::Problems | Pane::Explain(..) => self.press_on_text(key),
        }
    }

    fn press_on_streams(&mut self, key: Key) -> Request {
        let index = self.selected_index().unwrap_or(0);
        let page = self.page.max(1);
        match key {
            Key::Up | Key::Letter('k') => self.select(index.saturating_sub(1)),
            Key::Down | Key::Letter('j') => self.select(index + 1),
            Key::PageUp => self.select(index.saturating_sub(page)),
            Key::PageDown => self.select(index.saturating_add(page)),
            Key::Home => self.select(0),
            Key::End => self.select(usize::MAX),
            Key::Enter | Key::Letter(' ' | 'r') => self.choose_treatment(),
            Key::Letter('u') => return self.unset(),
            Key::Letter('b') => {
                // Safe mode is a bypass, whoever asked for it.
                let is_bypassed = self.bypass || self.state == "safe-mode";
                return self.call(Action::SetBypass(!is_bypassed));
            }
            Key::Letter('p') if self.is_up() => {
                self.open(Pane::Profiles(self.profile.clone()));
            }
            Key::Letter('e') => {
                if let Some(id) = self.selected.filter(|_| self.is_up()) {
                    self.open(Pane::Explain(id, None));
                    return self.call(Action::Explain(id));
                }
            }
            Key::Letter('x') => self.open(Pane::Problems),
            Key::Letter('?' | 'h') => self.open(Pane::Help),
            Key::Letter('q') => return Request::Quit,
            _ => {}
        }
        Request::Nothing
    }

    fn press_on_treatments(
        &mut self,
        key: Key,
        app: String,
        treatment: Treatment,
        offset_db: f64,
    ) -> Request {
        let index = TREATMENTS.iter().position(|known| *known == treatment).unwrap_or(0);
        let last = TREATMENTS.len() - 1;
        let index = match key {
            Key::Up | Key::Letter('k') => index.saturating_sub(1),
            Key::Down | Key::Letter('j') => index + 1,
            Key::Home | Key::PageUp => 0,
            Key::End | Key::PageDown => last,
            Key::Enter => {
                self.open(Pane::None);
                return self.call(Action::SetTreatment { app, treatment, offset_db });
            }
            Key::Escape | Key::Letter('r' | 'q') => {
                self.open(Pane::None);
                return Request::Nothing;
            }
            _ => return Request::Nothing,
        };
        self.pane = Pane::Treatments { app, treatment: TREATMENTS[index.min(last)], offset_db };
        Request::Nothing
    }

    fn press_on_profiles(&mut self, key: Key, name: &str) -> Request {
        let names: Vec<&String> = self.profiles.keys().collect();
        let index = names.iter().position(|known| *known == name).unwrap_or(0);
        let last = names.len().saturating_sub(1);
        let index = match key {
            Key::Up | Key::Letter('k') => index.saturating_sub(1),
            Key::Down | Key::Letter('j') => index + 1,
            Key::Home | Key::PageUp => 0,
            Key::End | Key::PageDown => last,
            Key::Enter | Key::Letter(' ') => {
                self.open(Pane::None);
                // The name came from the list, or the list is empty.
                return self.call(Action::UseProfile(name.to_owned()));
            }
            Key::Escape | Key::Letter('p' | 'q') => {
                self.open(Pane::None);
                return Request::Nothing;
            }
            _ => return Request::Nothing,
        };
        if let Some(name) = names.get(index.min(last)) {
            self.pane = Pane::Profiles((*name).clone());
        }
        Request::Nothing
    }

    fn press_on_text(&mut self, key: Key) -> Request {
        match key {
            Key::Up | Key::Letter('k') => self.pane_first = self.pane_first.saturating_sub(1),
            // The view knows how long the text is, and holds this back.
            Key::Down | Key::Letter('j') => self.pane_first = self.pane_first.saturating_add(1),
            Key::PageUp => self.pane_first = self.pane_first.saturating_sub(10),
            Key::PageDown => self.pane_first = self.pane_first.saturating_add(10),
            Key::Home => self.pane_first = 0,
            Key::Enter | Key::Escape | Key::Letter('q' | '?' | 'h' | 'e' | 'x') => {
                self.open(Pane::None);
            }
            _ => {}
        }
        Request::Nothing
    }

    fn open(&mut self, pane: Pane) {
        self.pane = pane;
        self.pane_first = 0;
    }

    /// Asks what the selected application is to get.
    fn choose_treatment(&mut self) {
        let Some(stream) = self.selected() else { return };
        if !self.is_up() {
            return;
        }
        if matches!(stream.known_route(), Some(StreamRoute::Unmanaged) | None) {
            let text = format!("{} is left alone: {}", stream.row.app, stream.row.reason);
            return self.say(text, true);
        }
        // The choice that is there is changed, whatever it calls the application: one more would only
        // leave the question which of the two counts.
        let (app, chosen, offset_db) = match self.own(stream) {
            Some((app, row)) => (app, row.treatment.known(), row.offset_db),
            None => (stream.row.app.as_str(), None, 0.0),
        };
        let (app, treatment) = (app.to_owned(), chosen.unwrap_or(Treatment::Automatic));
        self.open(Pane::Treatments { app, treatment, offset_db });
    }

    fn unset(&mut self) -> Request {
        let Some(stream) = self.selected() else { return Request::Nothing };
        let app = match self.own(stream) {
            Some((app, _)) => app.to_owned(),
            // It may be chosen by a name that is not shown here; the service knows.
            None => stream.row.app.clone(),
        };
        self.call(Action::UnsetTreatment { app })
    }

    fn call(&mut self, action: Action) -> Request {
        if !self.is_up() {
            self.say("The service is not there; nothing was changed.".to_owned(), true);
            return Request::Nothing;
        }
        // A key that is held down asks once; the next press counts when the answer is there.
        if self.pending.contains(&action) {
            return Request::Nothing;
        }
        self.say(action.describe(), false);
        self.pending.push(action.clone());
        Request::Call(action)
    }

    fn is_up(&self) -> bool {
        self.link == Link::Up
    }
}
