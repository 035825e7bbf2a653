//! What the screen shows: what is known of the service, what is selected, which pane is open.
//!
//! Pure: news, key presses and time come in, requests go out. It knows no terminal and no bus.

mod action;
mod ballistics;
mod gauges;
mod keys;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use headroom_api::{
    Dict, Doing, Done, Explanation, FLOOR_DB, Field as _, GaugeTable, OutputRow, ProblemRow,
    SettingRow, StreamGaugeTable, StreamGauges, StreamRoute, StreamRow, Treatment, TreatmentRow,
    dict_bool, dict_str, read_items, read_table,
};
use zbus::OwnedVariant;

use super::feed::News;
pub(crate) use action::{Action, Request};
use gauges::BusGauges;
pub(crate) use keys::TREATMENTS;
pub(crate) use stream::Stream;

/// How long a message of the status line stays.
const STATUS_STAYS: Duration = Duration::from_secs(8);
/// Ceiling until the service says another, in dBTP.
const USUAL_CEILING_DBTP: f64 = -0.1;

/// Says whether something is held at this moment: a blast, a moment that is too loud, or a peak.
fn is_catch(done: &Done) -> bool {
    matches!(done.doing, Doing::Surge | Doing::Cap | Doing::Limiter)
}

fn goes_deeper(done: &Done, than: &Done) -> bool {
    done.gain_db < than.gain_db
}

/// Whether the service is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing was heard yet.
    #[default]
    Unknown,
    /// It is there.
    Up,
    /// It left, or never was there.
    Away,
    /// It is there and fails; its sentence.
    Trouble(String),
}

/// What lies over the streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Pane {
    #[default]
    None,
    Help,
    Problems,
    /// The profile that the cursor is on.
    Profiles(String),
    /// What an application gets: the treatment that the cursor is on. Nothing is stored before Enter.
    Treatments {
        app: String,
        treatment: Treatment,
        offset_db: f64,
    },
    /// The stream, and the answer when it is there.
    Explain(u64, Option<Box<Explanation>>),
}

/// A line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    left: Duration,
}

/// The device that is played to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) rate_hz: u32,
    pub(crate) quantum: u32,
    pub(crate) latency_ms: f64,
}

/// Everything that the screen shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) link: Link,
    pub(crate) state: String,
    pub(crate) bypass: bool,
    pub(crate) profile: String,
    pub(crate) profiles: BTreeMap<String, String>,
    pub(crate) problems: Vec<ProblemRow>,
    pub(crate) output: Output,
    pub(crate) changed_settings: usize,
    ceiling_dbtp: Option<f64>,
    treatments: HashMap<String, TreatmentRow>,
    pub(crate) gauges: BusGauges,
    streams: BTreeMap<u64, Stream>,
    /// The last catch: the application, and what held it, at its deepest.
    caught: Option<(String, Done)>,
    is_catching: bool,
    selected: Option<u64>,
    /// Streams that are scrolled out above.
    first: usize,
    /// Streams that fit.
    page: usize,
    pub(crate) pane: Pane,
    /// Lines of the pane that are scrolled out above.
    pub(crate) pane_first: usize,
    status: Option<Status>,
    pending: Vec<Action>,
}

impl Model {
    /// Takes news in; returns what is to be asked because of it.
    pub(crate) fn apply(&mut self, news: News) -> Option<Action> {
        match news {
            News::Up(properties) => {
                self.forget();
                self.link = Link::Up;
                self.status = None;
                self.apply_properties(&properties);
            }
            News::Down => {
                self.forget();
                self.link = Link::Away;
            }
            News::Trouble(sentence) => {
                self.forget();
                self.link = Link::Trouble(sentence);
            }
            News::Properties(changed) => self.apply_properties(&changed),
            News::Settings(settings) => self.apply_settings(&settings),
            News::StreamAdded(id, stream) => self.update_stream(id, &stream),
            News::StreamChanged(id, stream) => {
                self.update_stream(id, &stream);
                if matches!(&self.pane, Pane::Explain(explained, _) if *explained == id) {
                    return Some(Action::Explain(id));
                }
            }
            News::StreamRemoved(id) => self.remove_stream(id),
            News::Meters(_, bus, streams) => drop(self.read_meters(&bus, &streams)),
        }
        None
    }

    /// Takes the answer to an action: for `Explain` the explanation, else nothing.
    pub(crate) fn settle(
        &mut self,
        action: &Action,
        answer: Result<Option<Box<Explanation>>, String>,
    ) {
        self.pending.retain(|pending| pending != action);
        match answer {
            Err(sentence) => self.say(sentence, true),
            Ok(explanation) => {
                if self.status.as_ref().is_some_and(|status| status.text == action.describe()) {
                    self.status = None;
                }
                if let (Pane::Explain(id, slot), Some(told)) = (&mut self.pane, explanation)
                    && *action == Action::Explain(*id)
                {
                    *slot = Some(told);
                }
            }
        }
    }

    /// Takes a reading of the gauges in; returns whether anything that is shown changed.
    pub(crate) fn read_meters(&mut self, bus: &GaugeTable, streams: &[StreamGaugeTable]) -> bool {
        let before = self.gauges;
        let bus = headroom_api::BusGauges::from(bus);
        self.gauges.set(&bus);
        let mut caught = None;
        let mut changed = self.gauges != before;
        for (id, stream) in &mut self.streams {
            // A stream that is not told any more is silent, not frozen.
            let told = streams.iter().find(|(told, _)| told == id);
            let read = told.map(|(_, table)| StreamGauges::from(table)).unwrap_or_default();
            let before = stream.gauge;
            stream.gauge.set(&stream.row.chain, &read, &bus);
            changed |= stream.gauge != before;
            let done = stream.gauge.done;
            if is_catch(&done) && caught.as_ref().is_none_or(|(_, most)| goes_deeper(&done, most)) {
                caught = Some((stream.row.app.clone(), done));
            }
        }
        changed | self.note_catch(caught)
    }

    /// Notes what is caught at this moment; returns whether that is shown.
    fn note_catch(&mut self, caught: Option<(String, Done)>) -> bool {
        let goes_on = std::mem::replace(&mut self.is_catching, caught.is_some());
        let Some((app, done)) = caught else { return false };
        // As long as one goes on, its deepest moment stands.
        let stays =
            goes_on && self.caught.as_ref().is_some_and(|(_, most)| !goes_deeper(&done, most));
        if !stays {
            self.caught = Some((app, done));
        }
        !stays
    }

    /// Returns the last catch: the application, and what held it, at its deepest.
    pub(crate) fn caught(&self) -> Option<(&str, &Done)> {
        self.caught.as_ref().map(|(app, done)| (app.as_str(), done))
    }

    /// Returns the stream that is changed the most now, among those that can be heard.
    pub(crate) fn most_changed(&self) -> Option<&Stream> {
        let heard = self.streams.values().filter(|stream| stream.gauge.peak.db() > FLOOR_DB);
        let gain_db = |stream: &Stream| stream.gauge.done.gain_db.abs();
        heard.max_by(|one, other| gain_db(one).total_cmp(&gain_db(other)))
    }

    /// Moves on in time; returns whether anything that is shown changed.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let mut moved = self.gauges.advance(elapsed);
        for stream in self.streams.values_mut() {
            moved |= stream.gauge.advance(elapsed);
        }
        if let Some(status) = &mut self.status {
            status.left = status.left.saturating_sub(elapsed);
            if status.left.is_zero() {
                self.status = None;
                moved = true;
            }
        }
        moved
    }

    /// Returns whether time alone will change anything that is shown.
    pub(crate) fn is_moving(&self) -> bool {
        self.status.is_some()
            || self.gauges.is_moving()
            || self.streams.values().any(|stream| stream.gauge.is_moving())
    }

    /// Says how many streams fit on the screen.
    pub(crate) fn set_page(&mut self, rows: usize) {
        self.page = rows;
        self.keep_selection_in_sight();
    }

    /// Says how far the open pane can be scrolled.
    pub(crate) fn hold_pane(&mut self, last_first: usize) {
        self.pane_first = self.pane_first.min(last_first);
    }

    /// Returns the streams in the order of their coming, each with whether it is selected.
    pub(crate) fn visible_streams(&self) -> impl Iterator<Item = (bool, &Stream)> {
        let selected = self.selected;
        self.streams
            .iter()
            .skip(self.first)
            .take(self.page)
            .map(move |(id, stream)| (Some(*id) == selected, stream))
    }

    /// Returns how many streams there are, how many of them are above and how many below.
    pub(crate) fn stream_counts(&self) -> (usize, usize, usize) {
        let count = self.streams.len();
        let above = self.first.min(count);
        (count, above, count.saturating_sub(above + self.page))
    }

    /// Returns the routes of all streams, where they are known.
    pub(crate) fn routes_of_streams(&self) -> impl Iterator<Item = Option<StreamRoute>> {
        self.streams.values().map(Stream::known_route)
    }

    /// Returns the selected stream.
    pub(crate) fn selected(&self) -> Option<&Stream> {
        self.selected.and_then(|id| self.streams.get(&id))
    }

    /// Returns the message for the user, if there is one.
    pub(crate) fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// Returns the limiter's ceiling, in dBTP.
    pub(crate) fn ceiling_dbtp(&self) -> f64 {
        self.ceiling_dbtp.unwrap_or(USUAL_CEILING_DBTP)
    }

    /// Returns what the user chose for a stream's application, if anything.
    fn own(&self, stream: &Stream) -> Option<(&str, &TreatmentRow)> {
        let mut own: Vec<_> =
            self.treatments.iter().filter(|(name, _)| stream.is_called(name)).collect();
        own.sort_by_key(|(name, _)| *name);
        own.first().map(|(name, row)| (name.as_str(), *row))
    }

    fn say(&mut self, text: String, is_error: bool) {
        self.status = Some(Status { text, is_error, left: STATUS_STAYS });
    }

    /// Forgets what only a service can know.
    fn forget(&mut self) {
        *self = Self {
            link: self.link.clone(),
            page: self.page,
            selected: self.selected,
            pane: match std::mem::take(&mut self.pane) {
                pane @ Pane::Help => pane,
                _ => Pane::None,
            },
            status: self.status.take(),
            ..Self::default()
        };
    }

    fn apply_properties(&mut self, changed: &Dict) {
        let text = |key| dict_str(changed, key).map(str::to_owned);
        if let Some(state) = text("State") {
            self.state = state;
        }
        if let Some(profile) = text("ActiveProfile") {
            self.profile = profile;
        }
        if let Some(bypass) = dict_bool(changed, "Bypass") {
            self.bypass = bypass;
        }
        if let Some(problems) = changed.get("Problems").and_then(|it| read_items(it)) {
            self.problems = problems;
        }
        if let Some(profiles) = changed.get("Profiles").and_then(|it| read_table(it)) {
            self.profiles = profiles.into_iter().collect();
        }
        if let Some(treatments) = changed.get("Treatments").and_then(|it| read_table::<Dict>(it)) {
            let row = |(app, row): (String, Dict)| (app, TreatmentRow::from_dict(&row));
            self.treatments = treatments.into_iter().map(row).collect();
        }
        if let Some(output) = changed.get("Output").and_then(|it| OutputRow::read(it)) {
            self.output = Output {
                name: output.shown().to_owned(),
                rate_hz: output.rate_hz,
                quantum: output.quantum_frames.unwrap_or(0),
                latency_ms: output.latency_ms,
            };
        }
        if let Some(streams) = changed.get("Streams").and_then(|it| read_items::<StreamRow>(it)) {
            let ids: Vec<u64> = streams.iter().map(|row| row.id).collect();
            self.streams.retain(|id, _| ids.contains(id));
            for row in streams {
                let id = row.id;
                self.streams.entry(id).or_default().row = row;
            }
            self.keep_selection_in_sight();
        }
    }

    fn apply_settings(&mut self, settings: &Dict) {
        let row =
            |(key, row): (&String, &OwnedVariant)| Some((key.clone(), SettingRow::read(row)?));
        let settings: HashMap<String, SettingRow> = settings.iter().filter_map(row).collect();
        self.changed_settings = settings.values().filter(|row| row.is_changed()).count();
        let ceiling = settings.get("limiter.ceiling_dbtp").and_then(|row| row.value.as_deref());
        self.ceiling_dbtp = ceiling.and_then(|value| f64::read(value));
    }

    fn update_stream(&mut self, id: u64, dict: &Dict) {
        self.streams.entry(id).or_default().row = StreamRow { id, ..StreamRow::from_dict(dict) };
        self.keep_selection_in_sight();
    }

    fn remove_stream(&mut self, id: u64) {
        let index = self.streams.range(..id).count();
        self.streams.remove(&id);
        if self.selected == Some(id) {
            self.select(index);
        }
        self.keep_selection_in_sight();
    }

    /// Selects by place in the list, or the last one when there are fewer.
    fn select(&mut self, index: usize) {
        let last = self.streams.len().saturating_sub(1);
        self.selected = self.streams.keys().nth(index.min(last)).copied();
        self.keep_selection_in_sight();
    }

    fn selected_index(&self) -> Option<usize> {
        let selected = self.selected.filter(|id| self.streams.contains_key(id))?;
        Some(self.streams.range(..selected).count())
    }

    fn keep_selection_in_sight(&mut self) {
        let index = self.selected_index().unwrap_or_else(|| {
            self.selected = self.streams.keys().next().copied();
            0
        });
        let page = self.page.max(1);
        let last_first = self.streams.len().saturating_sub(page);
        self.first = self.first.clamp((index + 1).saturating_sub(page), index).min(last_first);
    }
}
