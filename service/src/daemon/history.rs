//! What the chains did, read once a second while something plays, and sent to be kept.
//!
//! Nothing here runs while nothing plays. While the history is off, nothing is kept but how loud the last seconds were.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use headroom_api::{CatchRow, ChainKind, ExposureRow, HistoryRow};
use headroom_dsp::FLOOR_DB;
use headroom_history::{Dose, Heard, Judge, News, Reading, Watcher};
use tracing::{info, warn};

use super::{Daemon, devices::described};
use crate::{
    clock::{boot_msec, wall_usec},
    control::{Interface, Reply},
    historian::{Calibrations, Historian},
    rt::{Account, AccountReader},
    state::{ChainId, StreamStatus},
};

/// Time between two readings.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the disk gets to write what is left at the end.
const LAST_WRITES: Duration = Duration::from_secs(2);
/// How many looks the loudest moment of now is of.
const LOUDEST_OF: usize = 3;
/// An application that is at most so far below the whole, in LU, is what the whole is about.
const DOMINATES_LU: f32 = 3.0;

/// Whose sound a chain has.
#[derive(Clone, Debug, Default, PartialEq)]
struct Owner {
    /// Empty where several play through it.
    app: String,
    /// The device's name for people.
    device: String,
}

/// What is known of every chain, and where news go.
#[derive(Debug)]
pub(super) struct History {
    historian: Historian,
    judge: Judge,
    readers: HashMap<ChainId, AccountReader>,
    owners: HashMap<ChainId, Owner>,
    /// Those that a stream has played through since the last reading.
    active: BTreeSet<ChainId>,
    /// The highest momentary loudness of each chain's output in the last looks, in LUFS, the newest last.
    loudest: HashMap<ChainId, VecDeque<f32>>,
    look_at: Option<Instant>,
    /// By what a dose is known, where a person wants to be warned of one; nothing where nobody does.
    warned_by: Calibrations,
    watcher: Watcher,
}

impl History {
    pub(super) fn new(historian: Historian) -> Self {
        Self {
            historian,
            judge: Judge::default(),
            readers: HashMap::new(),
            owners: HashMap::new(),
            active: BTreeSet::new(),
            loudest: HashMap::new(),
            look_at: None,
            warned_by: Calibrations::new(),
            watcher: Watcher::default(),
        }
    }

    /// Warns by these calibrations from now on, of what is heard from now on; not at all without one.
    pub(super) fn warn_by(&mut self, calibrations: Calibrations) {
        if self.warned_by != calibrations {
            self.warned_by = calibrations;
            self.watcher = Watcher::default();
        }
    }

    /// Takes in the dose that the file has.
    pub(super) fn take_dose(&mut self, dose: Dose) {
        self.watcher.take(dose);
    }

    /// Has news kept, and judged where they change a dose that a person wants to be warned of.
    fn keep(&mut self, news: News) {
        let is_heard = !news.exposure.is_empty();
        self.historian.keep(news);
        if is_heard && !self.warned_by.is_empty() {
            self.watcher.ask();
            self.historian.warn_of_dose(self.warned_by.clone());
        }
    }

    /// Takes in that a chain was made.
    pub(super) fn add(&mut self, id: ChainId, reader: AccountReader) {
        self.readers.insert(id, reader);
    }

    /// Takes in that a chain goes.
    pub(super) fn retire(&mut self, id: ChainId) {
        self.readers.remove(&id);
        self.owners.remove(&id);
        self.active.remove(&id);
        self.loudest.remove(&id);
    }

    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget_chains(&mut self) {
        self.readers.clear();
        self.owners.clear();
        self.active.clear();
        self.loudest.clear();
    }

    /// Returns when the chains are to be read; `None` while nothing plays.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.look_at
    }

    /// Reads every chain that a stream has played through since the last time; one that is kept in reserve plays silence.
    fn readings(&mut self) -> Vec<Reading> {
        let (owners, active) = (&self.owners, &self.active);
        let accounts = self.readers.iter_mut().filter_map(|(id, reader)| {
            let account = reader.take()?;
            let loudest = self.loudest.entry(*id).or_default();
            loudest.push_back(account.meters.momentary_out_lufs);
            if loudest.len() > LOUDEST_OF {
                loudest.pop_front();
            }
            let is_heard = id.kind() == ChainKind::Bus || active.contains(id);
            let owner = owners.get(id).cloned().unwrap_or_default();
            is_heard.then_some((*id, account, owner))
        });
        merged(accounts.collect())
    }

    /// Returns the highest momentary loudness that a chain has let out in the last seconds, in LUFS; `None` for silence.
    pub(super) fn loudest_lufs(&self, id: ChainId) -> Option<f32> {
        let loudest = self.loudest.get(&id)?.iter().copied();
        loudest.max_by(f32::total_cmp).filter(|lufs| *lufs > FLOOR_DB)
    }

    /// Reads every chain; with `keep`, what it says is history. How much sound reached devices is kept in any case: it is
    /// heard where that was asked for alone.
    fn look(&mut self, keep: bool) {
        let readings = self.readings();
        let news = if keep {
            let now = Duration::from_millis(boot_msec());
            self.judge.take(&readings, now, wall_usec())
        } else {
            self.judge.exposure_due(wall_usec())
        };
        self.keep(news);
        if self.watcher.is_due() {
            let news = self.judge.exposure();
            self.keep(news);
        }
    }

    /// Takes in what a device was heard to play.
    pub(super) fn hear(&mut self, heard: &Heard<'_>, now_usec: u64) {
        self.judge.hear(heard, now_usec);
        let Some((calibration_db, _)) = self.warned_by.get(heard.device) else { return };
        if let Some(level_dba) = self.watcher.hear(heard, *calibration_db, now_usec) {
            self.historian.warn_of_level(heard.device.to_owned(), level_dba);
        }
    }

    /// Answers with how much sound reached devices in a time, by steps.
    pub(super) fn exposure(
        &mut self,
        range_usec: (u64, u64),
        step_usec: u64,
        calibrations: Calibrations,
        reply: Reply<Vec<ExposureRow>>,
    ) {
        let news = self.judge.exposure();
        self.keep(news);
        self.historian.exposure(range_usec, step_usec, calibrations, reply);
    }

    /// Answers with what was caught since a time.
    pub(super) fn catches(&self, since_usec: u64, limit: usize, reply: Reply<Vec<CatchRow>>) {
        self.historian.catches(since_usec, limit, reply);
    }

    /// Answers with what was played in a time, by steps, the minutes of now among it.
    pub(super) fn played(
        &mut self,
        range_usec: (u64, u64),
        step_usec: u64,
        reply: Reply<Vec<HistoryRow>>,
    ) {
        let minutes = self.judge.minutes();
        self.keep(minutes);
        self.historian.history(range_usec, step_usec, reply);
    }

    /// Forgets everything, and answers when that is done.
    pub(super) fn clear(&mut self, reply: Reply<()>) {
        info!("the history is cleared");
        self.judge.forget();
        self.watcher = Watcher::default();
        self.historian.clear(reply);
    }

    /// Ends with what is left, which is written as far as the disk answers.
    pub(super) fn finish(mut self) -> bool {
        let news = self.judge.rest();
        self.historian.keep(news);
        self.historian.finish(LAST_WRITES)
    }
}

fn reading(account: &Account, owner: Owner) -> Reading {
    let meters = &account.meters;
    Reading {
        app: owner.app,
        device: owner.device,
        played_s: account.played_s,
        held_s: account.held_s,
        peak_in_dbfs: meters.input_peak_dbfs,
        momentary_in_lufs: meters.momentary_in_lufs,
        momentary_out_lufs: meters.momentary_out_lufs,
        short_in_lufs: meters.short_term_in_lufs,
        short_out_lufs: meters.short_term_out_lufs,
        surge_db: meters.surge_db,
        cap_db: meters.cap_db,
        soft_db: meters.limiter_soft_db,
        hard_db: meters.limiter_hard_db,
    }
}

/// Makes one reading of each application: what the bus holds is held of the application that dominates it.
fn merged(accounts: Vec<(ChainId, Account, Owner)>) -> Vec<Reading> {
    let (mut readings, mut buses) = (Vec::new(), Vec::new());
    for (id, account, owner) in accounts {
        let reading = reading(&account, owner);
        if id.kind() == ChainKind::Bus { buses.push(reading) } else { readings.push((id, reading)) }
    }
    for bus in buses {
        let apps = readings.iter_mut().filter(|(id, _)| id.kind() == ChainKind::App);
        let loudest = apps
            .map(|(_, reading)| reading)
            .max_by(|a, b| a.momentary_out_lufs.total_cmp(&b.momentary_out_lufs));
        match loudest {
            Some(app)
                if bus.app.is_empty()
                    || app.momentary_out_lufs >= bus.momentary_out_lufs - DOMINATES_LU =>
            {
                app.cap_db = app.cap_db.min(bus.cap_db);
                app.soft_db = app.soft_db.min(bus.soft_db);
                app.hard_db = app.hard_db.min(bus.hard_db);
                app.held_s = app.held_s.max(bus.held_s);
                // Its part of the whole is not louder than the whole, nor than before it.
                app.momentary_out_lufs = app.momentary_out_lufs.min(bus.momentary_out_lufs);
                app.short_out_lufs = app.short_out_lufs.min(bus.short_out_lufs);
            }
            // No stream is linked to it, and nothing that passes it is known.
            _ if bus.device.is_empty() => {}
            _ => readings.push((ChainId::Bus(0), bus)),
        }
    }
    readings.into_iter().map(|(_, reading)| with_input(reading)).collect()
}

/// A chain that measures no input has at least taken in what came out.
fn with_input(mut reading: Reading) -> Reading {
    if reading.momentary_in_lufs <= FLOOR_DB {
        reading.momentary_in_lufs = reading.momentary_out_lufs;
        reading.short_in_lufs = reading.short_out_lufs;
    }
    reading
}

impl Daemon {
    /// Reads the chains from now on, while something plays through them or to a device that is listened to.
    pub(super) fn follow_history(&mut self, streams: &[StreamStatus]) {
        let on = self.remembered.history;
        let is_heard = streams.iter().any(StreamStatus::is_in_a_chain);
        let playing = is_heard || self.exposures.is_counting();
        if playing {
            self.name_owners(streams);
            self.history.look_at.get_or_insert_with(|| Instant::now() + LOOK_EVERY);
            return;
        }
        if self.history.look_at.take().is_none() {
            return;
        }
        self.history.look(on);
        self.history.loudest.clear();
        if on {
            let news = self.history.judge.rest();
            self.history.keep(news);
        } else {
            let news = self.history.judge.exposure();
            self.history.keep(news);
            info!("the history is off: what was not written yet is forgotten");
            self.history.judge.forget();
        }
    }

    fn name_owners(&mut self, streams: &[StreamStatus]) {
        let mut apps: HashMap<ChainId, BTreeSet<&str>> = HashMap::new();
        let mut devices: HashMap<ChainId, &str> = HashMap::new();
        for stream in streams.iter().filter(|stream| stream.playing) {
            let Some(id) = stream.chain else { continue };
            apps.entry(id).or_default().insert(&stream.identity.app);
            devices.entry(id).or_insert(&stream.device);
        }
        for (id, apps) in apps {
            let mut apps = apps.into_iter();
            let (first, more) = (apps.next().unwrap_or_default(), apps.next());
            let name = devices.get(&id).copied().unwrap_or_default();
            let owner = Owner {
                app: if more.is_none() { first.to_owned() } else { String::new() },
                device: described(&self.graph, name),
            };
            self.history.owners.insert(id, owner);
            self.history.active.insert(id);
        }
    }

    /// Reads the chains once.
    pub(super) fn serve_history(&mut self) {
        // In one waking with the look at the data thread.
        let next = self.safety_due_at().filter(|at| *at > Instant::now());
        let next = next.filter(|at| *at <= Instant::now() + LOOK_EVERY);
        self.history.look_at = Some(next.unwrap_or_else(|| Instant::now() + LOOK_EVERY));
        self.count_exposure();
        self.history.look(self.remembered.history);
        let shown = self.shown.borrow().clone();
        let playing = shown.streams.iter().filter(|stream| stream.playing);
        self.history.active = playing.filter_map(|stream| stream.chain).collect();
    }

    /// Tells of a catch.
    pub(super) async fn tell_of_catch(&self, row: CatchRow) {
        info!(app = row.app, in_lufs = row.loudness_in_lufs, by = row.by.as_str(), "caught");
        let told = Interface::caught(self.served.signal_emitter(), row.to_dict()).await;
        if let Err(error) = told {
            warn!(%error, "failed to tell of a catch");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are handed on, not computed")]

    use headroom_dsp::BlockMeters;

    use super::*;

    fn account(momentary_out_lufs: f32, surge_db: f32, cap_db: f32) -> Account {
        let meters = BlockMeters {
            momentary_in_lufs: -6.0,
            momentary_out_lufs,
            surge_db,
            cap_db,
            ..BlockMeters::default()
        };
        Account::of(meters, 1.0)
    }

    fn owner(app: &str) -> Owner {
        Owner { app: app.into(), device: "Speakers".into() }
    }

    #[test]
    fn what_the_bus_holds_is_held_of_the_loudest_application() {
        let readings = merged(vec![
            (ChainId::App(1), account(-30.0, 0.0, 0.0), owner("vlc")),
            (ChainId::App(2), account(-8.0, -4.0, 0.0), owner("mpv")),
            (ChainId::Bus(1), account(-12.0, 0.0, -5.0), owner("")),
        ]);
        assert_eq!(readings.len(), 2);
        let of = |app| readings.iter().find(|reading| reading.app == app).unwrap();
        assert_eq!((of("mpv").cap_db, of("mpv").momentary_out_lufs), (-5.0, -12.0));
        assert_eq!((of("vlc").cap_db, of("vlc").momentary_out_lufs), (0.0, -30.0));
    }

    #[test]
    fn stream_on_the_bus_itself_has_a_reading_of_its_own() {
        let readings = merged(vec![
            (ChainId::App(1), account(-30.0, 0.0, 0.0), owner("vlc")),
            (ChainId::Bus(1), account(-12.0, 0.0, -5.0), owner("mpv")),
        ]);
        assert_eq!(readings.len(), 2);
        assert!(readings.iter().any(|reading| reading.app == "mpv" && reading.cap_db == -5.0));
    }
}
