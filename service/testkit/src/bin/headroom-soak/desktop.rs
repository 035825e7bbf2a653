//! A private session with the service in it, and one life after another on it.

use std::{
    error::Error,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use headroom_api::{ControlProxy, Dict, dict_str, names};
use headroom_testkit::{
    session::{Device, Player, Process, Recorder, Recording, Session, wait_for},
    signals::Rng,
};
use zbus::proxy::CacheProperties;

use crate::{
    figures::{Cycles, Figures},
    hearing::{self, Event, Hearing, SILENCE, Span},
};

/// The device that is always there, and the one that comes and goes.
pub(crate) const DEVICE: &str = "speakers";
pub(crate) const HEADSET: &str = "headset";
/// The profile that everything returns to.
pub(crate) const PROFILE: &str = "default";
/// How long everybody lives before all leave.
const CHAPTER: Duration = Duration::from_secs(140);
/// How long the desktop rests before it is read.
const REST: Duration = Duration::from_secs(4);
/// Chapters from one restart of PipeWire to the next.
const CHAPTERS_PER_PIPEWIRE: usize = 6;
/// How long a state may take to come about, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// After what takes protection away is over, for this long not everything is protected yet.
const RETURN_NS: i64 = 2_000_000_000;
/// A new stream may take so long from its links to the device.
const ONSET_NS: i64 = 400_000_000;

/// What a chapter is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As a desktop is.
    Usual,
    /// The service is ended, killed and stopped now and then.
    Turmoil,
    /// Half of what happens is an attack.
    Hostile,
}

/// An application that is there.
pub(crate) struct App {
    pub(crate) player: Player,
    pub(crate) name: &'static str,
    /// Whether its stream cannot be moved, and so is not protected.
    pub(crate) is_immovable: bool,
    /// Since when it is to be heard.
    pub(crate) due_from_ns: Option<i64>,
}

/// What one chapter was, and the rest after it.
pub(crate) struct Chapter {
    /// At its end, since the begin of all.
    pub(crate) hours: f64,
    /// Which life of the service the rest belongs to, and how old that is.
    pub(crate) life: usize,
    pub(crate) life_age: Duration,
    /// Readings while everybody lives, by hours.
    pub(crate) living: Vec<(f64, Figures)>,
    pub(crate) rest: Figures,
    pub(crate) cycles: Cycles,
    pub(crate) hearing: Hearing,
    pub(crate) missed_frames: u64,
    pub(crate) acts: usize,
    pub(crate) faults: Vec<String>,
    /// What happened, in the order of time.
    pub(crate) story: Vec<String>,
}

/// The session, the service in it, and who is there.
pub(crate) struct Desktop {
    pub(crate) service: Process,
    pub(crate) session: Session,
    pub(crate) rng: Rng,
    pub(crate) apps: Vec<App>,
    /// What listens to the device that is always there, during a chapter.
    speakers: Option<Recorder>,
    pub(crate) headset: Option<Recorder>,
    pub(crate) is_subscribed: bool,
    pub(crate) killed_at: Option<Instant>,
    binary: PathBuf,
    runtime: tokio::runtime::Runtime,
    control: ControlProxy<'static>,
    recordings: Vec<Recording>,
    events: Vec<Event>,
    due: Vec<Span>,
    unprotected: Vec<Span>,
    /// For how many reasons not everything is protected now.
    risks: usize,
    life: usize,
    alive_since: Instant,
    cycles: Cycles,
    cycles_before: Cycles,
    chapters: usize,
}

impl Desktop {
    /// Starts session and service, and waits until streams are protected.
    pub(crate) fn start(binary: PathBuf, seed: u64) -> Result<Self> {
        let session = Session::builder()
            .allowed_rates(&[44_100, 48_000])
            .device(Device::new(DEVICE))
            .start()?;
        let service = session.spawn_service(&binary)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let control = runtime.block_on(async {
            let address = session.bus_address();
            let connection = zbus::connection::Builder::address(address.as_str()).build().await?;
            ControlProxy::builder(&connection).cache_properties(CacheProperties::No).build().await
        })?;
        let desktop = Self {
            service,
            session,
            rng: Rng::new(seed),
            apps: Vec::new(),
            speakers: None,
            headset: None,
            is_subscribed: false,
            killed_at: None,
            binary,
            runtime,
            control,
            recordings: Vec::new(),
            events: Vec::new(),
            due: Vec::new(),
            unprotected: Vec::new(),
            risks: 0,
            life: 0,
            alive_since: Instant::now(),
            cycles: Cycles::default(),
            cycles_before: Cycles::default(),
            chapters: 0,
        };
        desktop.wait_in_place()?;
        Ok(desktop)
    }

    /// Lives one chapter, and rests after it.
    pub(crate) fn live(&mut self, mood: Mood, began: Instant) -> Result<Chapter> {
        self.chapters += 1;
        if self.chapters.is_multiple_of(CHAPTERS_PER_PIPEWIRE) {
            self.restart_pipewire()?;
        }
        let rate_hz = [44_100, 48_000][self.rng.below(2)];
        self.session.force_rate(rate_hz)?;
        let from_ns = now_ns();
        self.speakers = Some(self.session.record(DEVICE)?);
        let (mut living, mut faults, mut acts) = (Vec::new(), Vec::new(), 0);
        let mut looked_ns = now_ns();
        let end = Instant::now() + CHAPTER;
        while Instant::now() < end {
            acts += 1;
            let acted = match mood {
                Mood::Hostile if self.rng.below(2) == 0 => self.attack(),
                _ => self.act(mood == Mood::Turmoil),
            };
            if let Err(error) = acted {
                faults.push(format!("{error:#}"));
            }
            thread::sleep(Duration::from_secs_f64(1.0 + 4.0 * self.rng.uniform()));
            if self.state() != "running" || self.is_anybody_left_alone() {
                self.unprotected.push(Span { from_ns: looked_ns, to_ns: now_ns() + RETURN_NS });
            }
            looked_ns = now_ns();
            self.listen()?;
            living.push((began.elapsed().as_secs_f64() / 3600.0, self.read()?));
        }
        self.all_leave().unwrap_or_else(|error| faults.push(format!("{error:#}")));
        let to_ns = now_ns();
        if let Some(recorder) = self.speakers.take() {
            self.keep(recorder)?;
        }
        let recordings = std::mem::take(&mut self.recordings);
        let events = std::mem::take(&mut self.events);
        let due = std::mem::take(&mut self.due);
        let unprotected = std::mem::take(&mut self.unprotected);
        let chapter = Span { from_ns, to_ns };
        let hearing = hearing::judge(chapter, &recordings, &due, &unprotected, &events);
        let story = hearing::story(chapter, &hearing, &events, &unprotected);
        let missed_frames = hearing::missed(&recordings);
        drop(recordings);
        self.rest().unwrap_or_else(|error| faults.push(format!("{error:#}")));
        let rest = self.read()?;
        Ok(Chapter {
            hours: began.elapsed().as_secs_f64() / 3600.0,
            life: self.life,
            life_age: self.alive_since.elapsed(),
            living,
            rest,
            cycles: self.cycles_before.plus(self.cycles),
            hearing,
            missed_frames,
            acts,
            faults,
            story,
        })
    }

    /// Waits until the service has nothing to do, and everything that it wrote is taken back.
    fn rest(&mut self) -> Result<()> {
        let state = self.state();
        if state == "safe-mode" {
            self.block(|control| async move { control.set_bypass(false).await })?;
        }
        self.wait_in_place()?;
        self.session.wait_for_graph("nothing that is left behind", PATIENCE, |graph| {
            let written = graph.metadata.iter().filter(|entry| entry.key == "target.object");
            (written.count() == 0).then_some(())
        })?;
        wait_for("no stream", PATIENCE, || {
            let streams = self.block(|control| async move { control.streams().await });
            streams.is_ok_and(|streams| streams.is_empty()).then_some(())
        })?;
        thread::sleep(REST);
        anyhow::ensure!(state == "running", "the state was '{state}' after all had left");
        Ok(())
    }

    /// Ends the service as a login ends it.
    pub(crate) fn end(self) -> Result<()> {
        let status = self.service.terminate(PATIENCE)?;
        anyhow::ensure!(status.success(), "the service ended with {status}");
        self.session.wait_for_graph("a graph without anything of ours", PATIENCE, |graph| {
            let is_ours = |name: &str| name.starts_with(names::NODE_PREFIX);
            let nodes = graph.nodes.iter().all(|node| !is_ours(&node.name));
            let targets = graph.metadata.iter().all(|entry| entry.key != "target.object");
            (nodes && targets).then_some(())
        })
    }

    /// Restarts PipeWire while somebody plays.
    fn restart_pipewire(&mut self) -> Result<()> {
        self.come()?;
        self.session.restart_pipewire()?;
        self.apps.clear();
        self.due.clear();
        self.unprotected.clear();
        self.risks = 0;
        self.session.set_default_device(DEVICE)?;
        self.wait_in_place()
    }

    /// Starts the service again, after it has ended.
    pub(crate) fn revive(&mut self) -> Result<()> {
        self.cycles_before = self.cycles_before.plus(std::mem::take(&mut self.cycles));
        self.service = self.session.spawn_service(&self.binary)?;
        self.life += 1;
        self.alive_since = Instant::now();
        self.is_subscribed = false;
        self.wait_in_place()
    }

    fn read(&mut self) -> Result<Figures> {
        anyhow::ensure!(
            self.service.is_running(),
            "the service has ended:\n{}",
            self.service.log()
        );
        // A service that is away for a moment is told by its state.
        if let Ok(health) = self.block(|control| async move { control.health().await }) {
            self.cycles = Cycles::of(&health);
        }
        Figures::read(self.service.pid())
    }

    pub(crate) fn state(&self) -> String {
        let state = self.block(|control| async move { control.state().await });
        state.unwrap_or_else(|error| format!("{error:#}"))
    }

    /// Writes the graph into the story where somebody plays and no device gets a sound.
    fn listen(&mut self) -> Result<()> {
        const SETTLED_NS: i64 = 2_000_000_000;
        const FRAMES: usize = 20_000;
        let is_due = |from_ns: i64| from_ns + SETTLED_NS < now_ns();
        if !self.apps.iter().filter_map(|app| app.due_from_ns).any(is_due) {
            return Ok(());
        }
        let heard = |recorder: &Recorder| {
            let from = recorder.frames().saturating_sub(FRAMES);
            recorder.wait_sound(from, 0.0, Duration::from_secs(1)).is_ok()
        };
        if ![&self.speakers, &self.headset].into_iter().flatten().any(heard) {
            let there = self.session.dump()?.summary();
            self.events.push(Event { at_ns: now_ns(), what: SILENCE, there });
        }
        Ok(())
    }

    /// Tells whether a stream is not to be protected: a rule, or the person, leaves some alone.
    fn is_anybody_left_alone(&self) -> bool {
        let streams = self.block(|control| async move { control.streams().await });
        let is_processed = |stream: &Dict| dict_str(stream, "route") == Some("processed");
        !streams.is_ok_and(|streams| streams.iter().all(is_processed))
    }

    /// Asks the service, and waits for the answer.
    pub(crate) fn block<T, E, F>(&self, ask: impl FnOnce(ControlProxy<'static>) -> F) -> Result<T>
    where
        E: Error + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let answer = ask(self.control.clone());
        let answer = async { tokio::time::timeout(PATIENCE, answer).await };
        Ok(self.runtime.block_on(answer).context("the service does not answer")??)
    }

    /// Waits until streams are protected.
    pub(crate) fn wait_in_place(&self) -> Result<()> {
        wait_for("the state 'running'", PATIENCE, || (self.state() == "running").then_some(()))?;
        self.session.wait_for_graph("the filter in its place", PATIENCE, |graph| {
            let output = graph.node(names::OUTPUT_NODE)?;
            (!graph.targets(output.id).is_empty()).then_some(())
        })
    }

    /// Notes that something happens now.
    pub(crate) fn note(&mut self, what: &'static str) {
        let name = |app: &App| {
            let is_heard = app.due_from_ns.is_some();
            format!("{}{}", app.name, if is_heard { "" } else { " (paused)" })
        };
        let mut there: Vec<String> = self.apps.iter().map(name).collect();
        there.extend(self.headset.is_some().then(|| HEADSET.to_owned()));
        self.events.push(Event { at_ns: now_ns(), what, there: there.join(", ") });
    }

    /// From now on not everything is protected, for one reason more.
    pub(crate) fn risk(&mut self) {
        if self.risks == 0 {
            self.unprotected.push(Span { from_ns: now_ns(), to_ns: i64::MAX });
        }
        self.risks += 1;
    }

    /// For one reason less.
    pub(crate) fn no_risk(&mut self) {
        self.risks = self.risks.saturating_sub(1);
        if self.risks == 0 {
            let open = self.unprotected.iter_mut().filter(|span| span.to_ns == i64::MAX);
            open.for_each(|span| span.to_ns = now_ns() + RETURN_NS);
        }
    }

    /// From now on, soon, an application is to be heard.
    pub(crate) fn expect(app: &mut App) {
        app.due_from_ns = Some(now_ns() + ONSET_NS);
    }

    /// Until now an application was to be heard.
    pub(crate) fn expect_no_more(&mut self, due_from_ns: Option<i64>) {
        if let Some(from_ns) = due_from_ns {
            self.due.push(Span { from_ns, to_ns: now_ns().max(from_ns) });
        }
    }

    /// Listens again to both devices: a session manager that begins makes their ports anew, and a recorder's links, which
    /// are nobody's, are lost.
    pub(crate) fn listen_again(&mut self) -> Result<()> {
        if let Some(recorder) = self.speakers.take() {
            self.keep(recorder)?;
            self.speakers = Some(self.session.record(DEVICE)?);
        }
        if let Some(recorder) = self.headset.take() {
            self.keep(recorder)?;
            self.headset = Some(self.session.record(HEADSET)?);
        }
        Ok(())
    }

    /// Keeps what a device has got that is about to go.
    pub(crate) fn keep(&mut self, recorder: Recorder) -> Result<()> {
        self.recordings.push(recorder.stop()?);
        Ok(())
    }
}

/// The monotonic clock that recordings are stamped with, in ns.
pub(crate) fn now_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
