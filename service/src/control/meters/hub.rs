//! Who reads the gauges, when, and what of it they have not seen; pure, the time is handed in.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use headroom_api::{ChainKind, Error, Gains, MAX_PROCESS_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS, Result};
use headroom_dsp::MeterFrame;
use zbus::names::OwnedUniqueName;

use super::{
    bus::{Bus, wake_before},
    flow::{Flow, Look, Probe},
    message::{self, Body, BusTable, StreamTable},
    streams::Streams,
    tap::StreamTap,
    window::Window,
};
use crate::{
    control::{Readings, Reply},
    rt::{Gauges, GuardSlot, TapReading},
};

/// The data thread needs two cycles before there is anything to tell that is not of the past.
const FIRST_READING: Duration = Duration::from_millis(60);
/// How long a single reading waits for the bus chain: for two of the longest cycles that are usual.
const ONE_READING: Duration = Duration::from_millis(250);
/// How long a single reading waits for taps that have yet to be made, linked and warmed up.
const ONE_READING_WITH_TAPS: Duration = Duration::from_millis(600);
/// How often what a single reading waits for is looked for.
const POLL_EVERY: Duration = Duration::from_millis(15);

/// Everybody who reads gauges, and what they are read from; [`Meters`](super::Meters) is its
/// connection to the bus.
#[derive(Debug)]
pub struct Hub {
    /// Readings are due at ticks of their rate since then, so that clients of one rate are
    /// served in one go.
    epoch: Instant,
    bus: Bus,
    has_bus: bool,
    streams: Streams,
    expected: HashSet<u64>,
    subscribers: HashMap<OwnedUniqueName, Subscriber>,
    waiting: Vec<Waiting>,
    drained_at: Option<Instant>,
}

#[derive(Debug)]
struct Subscriber {
    process: Option<u32>,
    hz: f64,
    due: Instant,
    flow: Flow,
    held: bool,
    window: Window,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    reply: Reply<Readings>,
    window: Window,
}

/// What one round of serving has come to.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) mail: Vec<(OwnedUniqueName, Body)>,
    pub(super) probes: Vec<(OwnedUniqueName, Probe)>,
}

impl Hub {
    /// Starts with no subscriber.
    pub fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            bus: Bus::default(),
            has_bus: false,
            streams: Streams::default(),
            expected: HashSet::new(),
            subscribers: HashMap::new(),
            waiting: Vec::new(),
            drained_at: None,
        }
    }

    /// Says whether anybody wants readings now; a subscriber that does not read what it was sent
    /// does not count.
    pub fn has_readers(&self) -> bool {
        !self.waiting.is_empty() || self.subscribers.values().any(|subscriber| !subscriber.held)
    }

    /// Sends readings to a client, `hz` times a second, from now on; says whether it is a new one.
    ///
    /// # Errors
    /// When there are too many subscribers, in all or of its process.
    pub fn subscribe(
        &mut self,
        client: OwnedUniqueName,
        process: Option<u32>,
        hz: f64,
        now: Instant,
    ) -> Result<bool> {
        let due = next_due(self.epoch, hz, now + FIRST_READING);
        if let Some(subscriber) = self.subscribers.get_mut(&client) {
            (subscriber.hz, subscriber.due) = (hz, due);
            return Ok(false);
        }
        let siblings = self.subscribers.values().filter(|known| known.process == process).count();
        if process.is_some() && siblings >= MAX_PROCESS_SUBSCRIPTIONS {
            return Err(Error::LimitExceeded(format!(
                "{MAX_PROCESS_SUBSCRIPTIONS} connections of your process have subscribed to the meters \
                 already: use one of them"
            )));
        }
        if self.subscribers.len() >= MAX_SUBSCRIPTIONS {
            return Err(Error::LimitExceeded(format!(
                "{MAX_SUBSCRIPTIONS} clients have subscribed to the meters already: use GetMeters, \
                 or end another subscription first"
            )));
        }
        let flow = Flow::new(now);
        let window = Window::default();
        self.subscribers.insert(client, Subscriber { process, hz, due, flow, held: false, window });
        Ok(true)
    }

    /// Sends a client nothing any more; says whether it was a subscriber.
    pub fn unsubscribe(&mut self, client: &OwnedUniqueName) -> bool {
        let known = self.subscribers.remove(client).is_some();
        self.forget_when_alone();
        known
    }

    pub(super) fn read_once(&mut self, reply: Reply<Readings>, now: Instant) {
        self.waiting.push(Waiting { since: now, reply, window: Window::default() });
    }

    /// There is a bus chain to read, a new one with this guard behind it, or none any more.
    pub fn set_bus(&mut self, guard: Option<GuardSlot>) {
        self.has_bus = guard.is_some();
        self.bus.set_guard(guard.unwrap_or_default());
        self.look_away();
    }

    /// What the bus chain piles up from now on is not wanted.
    pub(super) fn look_away(&mut self) {
        self.bus.look_away();
    }

    pub(super) fn set_rate_hz(&mut self, rate_hz: u32) {
        self.streams.set_rate_hz(rate_hz);
    }

    /// Reads a stream from `tap` from now on.
    pub fn set_tap(&mut self, id: u64, tap: Box<dyn StreamTap>, now: Instant) {
        self.streams.set_tap(id, tap, now);
    }

    pub(super) fn drop_tap(&mut self, id: u64) {
        if self.streams.drop_tap(id) {
            let waiting = self.waiting.iter_mut().map(|waiting| &mut waiting.window);
            let subscribers = self.subscribers.values_mut().map(|known| &mut known.window);
            waiting.chain(subscribers).for_each(|window| window.drop_stream(id));
        }
    }

    pub(super) fn drop_all_taps(&mut self) {
        self.streams.clear();
        self.expected.clear();
    }

    pub(super) fn expect_taps(&mut self, streams: impl IntoIterator<Item = u64>) {
        self.expected = streams.into_iter().collect();
    }

    pub(super) fn set_chains(&mut self, chains: impl Iterator<Item = (u64, (ChainKind, Gauges))>) {
        self.streams.set_chains(chains);
    }

    pub(super) fn set_level_db(&mut self, id: u64, level_db: f64) {
        self.streams.set_level_db(id, level_db);
    }

    /// Returns what the bus does now: its guard alone while nobody reads, or nobody plays.
    pub(super) fn bus_gains(&self) -> Gains {
        self.bus.gauges(None).gains()
    }

    pub(super) fn fetch(&mut self, now: Instant) -> Vec<(u64, TapReading)> {
        self.drain_streams(now);
        self.streams.fetch(now)
    }

    pub(super) fn answered(&mut self, client: &OwnedUniqueName, now: Instant) {
        if let Some(subscriber) = self.subscribers.get_mut(client) {
            subscriber.flow.answered(now);
        }
    }

    pub(super) fn looked(
        &mut self,
        client: &OwnedUniqueName,
        (look, work): (Look, Option<u64>),
        now: Instant,
    ) {
        if let Some(subscriber) = self.subscribers.get_mut(client) {
            subscriber.flow.looked(look, work, now);
        }
    }

    /// Returns when the next round is to be; `None` while nobody wants anything.
    pub fn wake_at(&self) -> Option<Instant> {
        let readings = self
            .subscribers
            .values()
            .filter(|subscriber| !subscriber.held)
            .map(|subscriber| wake_before(subscriber.due, self.drained_at));
        let looks = self.subscribers.values().filter_map(|subscriber| subscriber.flow.wake_at());
        let waiting = self.waiting.iter().map(|waiting| {
            self.drained_at.filter(|at| *at > waiting.since).unwrap_or(waiting.since) + POLL_EVERY
        });
        readings.chain(looks).chain(waiting).min()
    }

    /// Drains the bus chain's newest `frame` and every tap into what each reader has not seen.
    pub fn drain(&mut self, frame: Option<MeterFrame>, now: Instant) {
        if let Some(extremes) = self.bus.hear(frame, now) {
            let waiting = self.waiting.iter_mut().map(|waiting| &mut waiting.window);
            let subscribers = self.subscribers.values_mut().map(|known| &mut known.window);
            waiting.chain(subscribers).for_each(|window| window.fold_bus(extremes));
        }
        self.drain_streams(now);
        self.drained_at = Some(now);
    }

    fn drain_streams(&mut self, now: Instant) {
        let (waiting, subscribers) = (&mut self.waiting, &mut self.subscribers);
        self.streams.drain(now, |id, peak| {
            let waiting = waiting.iter_mut().map(|waiting| &mut waiting.window);
            let subscribers = subscribers.values_mut().map(|known| &mut known.window);
            waiting.chain(subscribers).for_each(|window| window.fold_stream(id, peak));
        });
    }

    /// Returns the readings that are due and the probes that are to be made, after a
    /// [`drain`](Self::drain); answers the calls that have waited long enough.
    pub(super) fn round(&mut self, usec: u64, now: Instant) -> Round {
        let mut round = Round::default();
        let metered = self.has_readers();
        for (client, subscriber) in &mut self.subscribers {
            let open = subscriber.flow.is_open(now);
            if open && subscriber.held && !metered {
                // Nothing was read meanwhile: a reading is there when the first ones are.
                subscriber.due = now + FIRST_READING;
            }
            subscriber.held = !open;
            if open && subscriber.due <= now {
                subscriber.due = next_due(self.epoch, subscriber.hz, now);
                subscriber.flow.send();
                let body = body(&self.bus, &self.streams, &subscriber.window, usec);
                subscriber.window.clear();
                round.mail.push((client.clone(), body));
            }
            if let Some(probe) = subscriber.flow.probe(now) {
                round.probes.push((client.clone(), probe));
            }
        }
        self.answer(now);
        round
    }

    /// Does all the work of one round but the sending, as if every subscriber read; returns the
    /// length of the messages, in bytes. For benches.
    ///
    /// # Errors
    /// When a message cannot be written.
    pub fn rehearse(&mut self, frame: Option<MeterFrame>, now: Instant) -> zbus::Result<usize> {
        self.drain(frame, now);
        let round = self.round(0, now);
        round.probes.iter().for_each(|(client, _)| self.answered(client, now));
        let lengths = round.mail.iter().map(|(client, body)| {
            let message = message::meters(None, client, body)?;
            Ok(message.data().len())
        });
        lengths.sum()
    }

    fn answer(&mut self, now: Instant) {
        for waiting in std::mem::take(&mut self.waiting) {
            if self.is_ready(&waiting, now) {
                // The caller may have gone meanwhile.
                let _ = waiting.reply.send(Ok(self.readings(&waiting.window)));
            } else {
                self.waiting.push(waiting);
            }
        }
        self.forget_when_alone();
    }

    /// Says whether a call has waited long enough, or has all that there is to come.
    fn is_ready(&self, waiting: &Waiting, now: Instant) -> bool {
        let waited = now.duration_since(waiting.since);
        let bus = !self.has_bus || waiting.window.bus().is_some() || waited >= ONE_READING;
        let unheard = |id: &u64| waiting.window.peak(*id).is_none();
        let taps = !self.expected.iter().any(unheard) || waited >= ONE_READING_WITH_TAPS;
        bus && taps
    }

    fn readings(&self, window: &Window) -> Readings {
        let mut streams = Vec::new();
        self.streams.rows(window, |id, gauges| streams.push((id, gauges.to_table())));
        (self.bus.gauges(window.bus()).to_table(), streams)
    }

    fn forget_when_alone(&mut self) {
        if self.subscribers.is_empty() && self.waiting.is_empty() {
            self.bus.forget_maximum();
        }
    }
}

fn body(bus: &Bus, streams: &Streams, window: &Window, usec: u64) -> Body {
    let mut rows = Vec::new();
    streams.rows(window, |id, gauges| rows.push((id, StreamTable(gauges))));
    Body { usec, bus: BusTable(bus.gauges(window.bus())), streams: rows }
}

/// Returns the first tick of `hz` since `epoch` that is after `now`.
///
/// In whole microseconds, so that rates of which one divides the other share their ticks.
fn next_due(epoch: Instant, hz: f64, now: Instant) -> Instant {
    const USEC: f64 = 1e6;
    let elapsed_usec = now.saturating_duration_since(epoch).as_micros() as f64;
    // One more than elapsed: a tick is rounded, and must not be its own next.
    let ticks = ((elapsed_usec + 1.0) * hz / USEC).floor() + 1.0;
    epoch + Duration::from_micros((ticks * USEC / hz).round() as u64)
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
