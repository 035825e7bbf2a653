//! The owner of the state: takes events and requests, decides, tells.
//!
//! Runs on the control thread, a current-thread tokio runtime. It alone changes the state, so there
//! is no lock around it.

mod backoff;
mod levels;
mod problems;
mod serve;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use headroom_api::{ProblemRow, ServiceState, StreamRoute, names};
use headroom_dsp::ChainParams;
use headroom_profile::Library;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{
        mpsc::{self, UnboundedReceiver},
        watch,
    },
};
use tracing::{error, info, warn};
use zbus::{
    Connection,
    fdo::{RequestNameFlags, RequestNameReply},
    object_server::InterfaceRef,
};

use crate::{
    clock::monotonic_usec,
    control::{self, Interface, Meters, Output, Request, View},
    policy::Policy,
    pw::{Command, Event, MetadataName, PipeWire, Tap},
    rt::Vitals,
    state::{self, Desired, Graph, Ownership, StreamStatus},
    store::{Found, Remembered, Session, Store},
    watch::Watch,
};
use backoff::Backoff;
use levels::Levels;
use problems::problem;

/// How long the name waits for PipeWire's first answer: activation may come before it.
const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// Waits before a refused pair is tried again.
const SHORTEST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// PipeWire tells a write within milliseconds; one that takes so long never comes.
const LOST_AFTER: Duration = Duration::from_secs(1);
/// A session manager writes the default device into its metadata as soon as it has made it.
const SHORTEST_MUTE: Duration = Duration::from_millis(300);
/// A stream is moved within some tens of milliseconds; one that is not was overlooked.
const SHORTEST_NUDGE: Duration = Duration::from_secs(1);
/// An editor saves in several steps, one right after the other.
const SAVING: Duration = Duration::from_millis(60);

/// Runs the service until it is told to end, or the bus goes.
///
/// # Errors
/// When another instance runs, or the bus or a thread cannot be had.
pub async fn run() -> anyhow::Result<()> {
    let store = Store::from_environment().context("cannot find a place for what is remembered")?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;

    let (requests, mut asked) = mpsc::unbounded_channel();
    let (told, mut events) = mpsc::unbounded_channel();
    let (changed, mut files_changed) = mpsc::unbounded_channel();
    let found = store.load();
    // Watched before it is read, so that no change falls between the two.
    let watch = watch_profiles(&store, changed);
    let library = Library::load(store.profiles_directory());
    let remembered = &found.remembered;
    let policy = Policy::new(library, &remembered.profile, remembered.overlays.clone());
    let vitals = Arc::new(Vitals::default());
    let view = View::starting(&found, &policy);
    let (shown, view) = watch::channel(Arc::new(view));

    let connection = zbus::connection::Builder::session()
        .serve_at(names::OBJECT_PATH, Interface::new(requests.clone(), view))
        .build()
        .await
        .context("cannot reach the session bus (is DBUS_SESSION_BUS_ADDRESS set?)")?;
    refuse_second_instance(&connection).await?;

    let params = params_for(&policy, found.session.bypass);
    let pipewire = PipeWire::spawn(params, vitals.clone(), told)?;
    let parts = Parts { store, found, policy, watch, params, vitals, pipewire, shown, requests };
    let mut daemon = Daemon::new(&connection, parts).await?;
    daemon.wait_for_pipewire(&mut events).await;
    daemon.settle().await;
    if let Err(error) = take_name(&connection).await {
        daemon.leave();
        return Err(error);
    }
    info!(version = env!("CARGO_PKG_VERSION"), "ready");

    let why = loop {
        tokio::select! {
            Some(event) = events.recv() => {
                daemon.take_event(event);
                while let Ok(event) = events.try_recv() {
                    daemon.take_event(event);
                }
                daemon.settle().await;
            }
            Some(request) = asked.recv() => {
                daemon.serve(request);
                daemon.settle().await;
            }
            Some(()) = files_changed.recv() => daemon.reload.arm(Instant::now()),
            () = daemon.meters.due() => if daemon.meters.serve() {
                daemon.settle().await;
            },
            () = daemon.levels_due() => daemon.serve_levels(),
            () = daemon.retry_due() => {
                daemon.retry();
                daemon.settle().await;
            }
            () = connection.closed() => break "the session bus is gone",
            _ = terminate.recv() => break "told to end",
            _ = interrupt.recv() => break "interrupted",
            _ = hangup.recv() => break "the terminal is gone",
        }
    };
    info!(why, "ending");
    daemon.leave();
    Ok(())
}

async fn refuse_second_instance(connection: &Connection) -> anyhow::Result<()> {
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    if bus.name_has_owner(names::BUS_NAME.try_into()?).await? {
        bail!(already_running());
    }
    Ok(())
}

/// Takes the name last, without replacing an owner and without letting itself be replaced.
async fn take_name(connection: &Connection) -> anyhow::Result<()> {
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    match connection.request_name_with_flags(names::BUS_NAME, flags).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(_) | Err(zbus::Error::NameTaken) => bail!(already_running()),
        Err(error) => Err(error).context("the session bus refuses the name"),
    }
}

fn already_running() -> String {
    format!("Headroom runs already in this session: {} has an owner", names::BUS_NAME)
}

fn watch_profiles(store: &Store, changed: mpsc::UnboundedSender<()>) -> Option<Watch> {
    let directory = store.profiles_directory()?.to_owned();
    Watch::new(directory, changed)
        .inspect_err(|error| warn!(%error, "changed profiles act only when they are reloaded"))
        .ok()
}

/// Bypassed, the chain only keeps its promise: sound that still passes is limited, not levelled.
fn params_for(policy: &Policy, bypass: bool) -> ChainParams {
    let chain = policy.settings().chain;
    ChainParams { dynamics_bypassed: bypass || chain.dynamics_bypassed, ..chain }
}

fn desired<'a>(session: &Session, remembered: &'a Remembered, policy: &'a Policy) -> Desired<'a> {
    Desired {
        bypass: session.bypass,
        routes: &remembered.routes,
        levels: &remembered.levels,
        profile: policy.profile(),
        level_enabled: policy.settings().level.enabled,
    }
}

impl View {
    fn starting(found: &Found, policy: &Policy) -> Self {
        Self {
            state: ServiceState::Waiting,
            problems: Vec::new(),
            bypass: found.session.bypass,
            active_profile: policy.profile().name.clone(),
            profiles: policy.descriptions(),
            settings: policy.settings(),
            routes: HashMap::new(),
            levels: HashMap::new(),
            streams: Vec::new(),
            output: None,
        }
    }
}

/// What a daemon is put together from.
struct Parts {
    store: Store,
    found: Found,
    policy: Policy,
    watch: Option<Watch>,
    params: ChainParams,
    vitals: Arc<Vitals>,
    pipewire: PipeWire,
    shown: watch::Sender<Arc<View>>,
    requests: mpsc::UnboundedSender<Request>,
}

struct Daemon {
    store: Store,
    pipewire: PipeWire,
    vitals: Arc<Vitals>,
    served: InterfaceRef<Interface>,
    shown: watch::Sender<Arc<View>>,
    meters: Meters,
    graph: Graph,
    ownership: Ownership,
    policy: Policy,
    watch: Option<Watch>,
    levels: Levels,
    remembered: Remembered,
    session: Session,
    /// What of the session is in its file.
    saved: Session,
    damage: Vec<ProblemRow>,
    save_failure: Option<ProblemRow>,
    /// What the chain was told last.
    params: ChainParams,
    /// The taps that were asked for last, each with the id of its stream.
    taps: Vec<(Tap, u64)>,
    /// Since when each stream has its route, by its id.
    since: HashMap<u64, (StreamRoute, u64)>,
    /// When changed profiles are read: an editor may not be done yet.
    reload: Backoff,
    /// When a refused pair is made again.
    pair_again: Backoff,
    /// When a write that has not been told by then counts as lost.
    write_again: Backoff,
    /// When streams that are not where they were sent are sent again.
    nudge: Backoff,
    /// When default metadata that has told nothing is taken for mute.
    rebind: Backoff,
    started: Instant,
}

impl Daemon {
    async fn new(connection: &Connection, parts: Parts) -> anyhow::Result<Self> {
        let Parts { store, found, policy, watch, params, vitals, pipewire, shown, requests } =
            parts;
        let served = connection.object_server().interface(names::OBJECT_PATH).await?;
        let damage = found.damage.into_iter().map(|(path, sentence)| {
            let row = problem(
                "state-file-damaged",
                &path.display().to_string(),
                &format!("The file of your routes and settings is damaged: {sentence}."),
            );
            warn!("{}", row.2);
            row
        });
        let mut daemon = Self {
            damage: damage.collect(),
            ownership: Ownership::inherit(found.session.targets.clone()),
            levels: Levels::inherit(found.session.levelled.clone()),
            remembered: found.remembered,
            saved: found.session.clone(),
            session: found.session,
            meters: Meters::new(connection.clone(), requests),
            store,
            pipewire,
            vitals,
            served,
            shown,
            policy,
            watch,
            graph: Graph::default(),
            save_failure: None,
            params,
            taps: Vec::new(),
            since: HashMap::new(),
            reload: Backoff::new(SAVING, SAVING, 1),
            pair_again: Backoff::new(SHORTEST_RETRY, LONGEST_RETRY, 2),
            write_again: Backoff::new(LOST_AFTER, LOST_AFTER, 1),
            nudge: Backoff::new(SHORTEST_NUDGE, LONGEST_RETRY, 2),
            rebind: Backoff::new(SHORTEST_MUTE, LONGEST_RETRY, 4),
            started: Instant::now(),
        };
        daemon.warn_of_profiles(&[]);
        Ok(daemon)
    }

    /// Waits until PipeWire has told all that exists, or has not answered for a while.
    async fn wait_for_pipewire(&mut self, events: &mut UnboundedReceiver<Event>) {
        let told = async {
            while let Some(event) = events.recv().await {
                let enough = matches!(event, Event::Enumerated | Event::Disconnected { .. });
                self.take_event(event);
                if enough {
                    break;
                }
            }
        };
        if tokio::time::timeout(FIRST_ANSWER, told).await.is_err() {
            warn!("PipeWire has not answered yet");
        }
    }

    fn take_event(&mut self, event: Event) {
        let event = match event {
            Event::PairMeters(reader) => return self.meters.set_reader(reader),
            Event::Tap { node, reader } => {
                if let Some((_, stream)) = self.taps.iter().find(|(tap, _)| tap.node == node) {
                    self.meters.set_tap(*stream, reader);
                }
                return;
            }
            other => other,
        };
        match &event {
            Event::Connected { .. } => self.pair_again.rest(),
            Event::Disconnected { reason } => {
                if self.graph.absence.is_none() {
                    warn!(reason, "PipeWire is away: waiting for it");
                }
                // Serials start anew with it: nothing of ours is left to take back.
                self.ownership.forget();
                self.levels.forget();
                self.meters.clear_reader();
                for (_, stream) in self.taps.drain(..) {
                    self.meters.drop_tap(stream);
                }
                for retry in
                    [&mut self.pair_again, &mut self.write_again, &mut self.nudge, &mut self.rebind]
                {
                    retry.rest();
                }
            }
            Event::MetadataFound { name: MetadataName::Default, .. } => {
                self.rebind.rest();
                self.rebind.arm(Instant::now());
            }
            Event::Metadata { name: MetadataName::Default, .. } => self.rebind.rest(),
            Event::Pair { sink, latency_frames, rate_hz, channels, .. } => {
                let known = self.graph.pair.as_ref();
                if known.is_none_or(|pair| pair.sink != *sink || pair.rate_hz != *rate_hz) {
                    let channels = channels.count();
                    info!(rate_hz, latency_frames, channels, "the filter is in place");
                }
                self.meters.set_rate_hz(*rate_hz);
                self.pair_again.rest();
            }
            Event::PairFailed { reason } => {
                error!(reason, "the filter failed, trying again");
                self.pair_again.arm(Instant::now());
            }
            _ => {}
        }
        self.graph.apply(event);
    }

    /// Waits until something is to be tried again; for ever when all has come about.
    async fn retry_due(&self) {
        let all = [&self.reload, &self.pair_again, &self.write_again, &self.nudge, &self.rebind];
        sleep_until(all.into_iter().filter_map(Backoff::due_at).min()).await;
    }

    fn retry(&mut self) {
        let now = Instant::now();
        if self.reload.take_due(now) {
            self.reload_profiles();
        }
        if self.pair_again.take_due(now) {
            self.ownership.forget_pair();
        }
        if self.write_again.take_due(now) {
            warn!("a write was lost, writing it again");
            self.pipewire.send(Command::RebindMetadata);
            self.ownership.give_up_in_flight(&self.graph);
        }
        if self.rebind.take_due(now) {
            // Mute for so long, it may also have nothing to tell: there is no device at all.
            if !self.rebind.is_longest() {
                self.rebind.arm(now);
            }
            self.pipewire.send(Command::RebindMetadata);
        }
        if self.nudge.take_due(now) {
            self.nudge_streams();
        }
    }

    /// Has the session manager look again at streams that are not where they were sent.
    fn nudge_streams(&mut self) {
        let shown = self.shown.borrow().clone();
        let astray: Vec<u64> =
            shown.streams.iter().filter(|s| s.is_astray()).map(|s| s.id).collect();
        warn!(?astray, "streams are not where they were sent: sending them again");
        let desired = desired(&self.session, &self.remembered, &self.policy);
        for command in state::nudge(&self.graph, desired, &mut self.ownership, &astray) {
            self.pipewire.send(command);
        }
    }

    /// Waits until level control is to look at its readings; for ever while nothing plays.
    async fn levels_due(&self) {
        sleep_until(self.levels.due_at()).await;
    }

    fn serve_levels(&mut self) {
        let shown = self.shown.borrow().clone();
        let level = self.policy.settings().level;
        let commands = self.levels.serve(Instant::now(), &shown.streams, &level, &mut self.meters);
        self.send_levels(commands);
    }

    /// Sends soft volumes, after the journal has those that are to be put back one day.
    fn send_levels(&mut self, commands: Vec<Command>) {
        self.session.levelled = self.levels.journal();
        self.save_session();
        for command in commands {
            self.pipewire.send(command);
        }
    }

    fn reload_profiles(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.follow();
        }
        let known = self.policy.problems();
        if self.policy.reload() {
            info!(profile = self.policy.profile().name, "the profiles were read again");
            self.warn_of_profiles(&known);
        }
    }

    /// Tells the journal what is wrong with the profiles and was not wrong before.
    fn warn_of_profiles(&mut self, known: &[ProblemRow]) {
        for row in self.policy.problems().iter().filter(|row| !known.contains(row)) {
            warn!("{}", row.2);
        }
    }

    /// Brings the graph to what is desired and the bus to what is true.
    async fn settle(&mut self) {
        let desired = desired(&self.session, &self.remembered, &self.policy);
        let commands = state::plan(&self.graph, desired, &mut self.ownership);
        // Before the first write, so that a crash in between leaves nothing unknown.
        self.session.targets = self.ownership.journal();
        self.save_session();
        for command in commands {
            self.pipewire.send(command);
        }
        let params = params_for(&self.policy, self.session.bypass);
        if self.params != params {
            self.params = params;
            self.pipewire.send(Command::SetParams(params));
        }
        if self.ownership.is_in_flight(&self.graph) {
            self.write_again.arm(Instant::now());
        } else {
            self.write_again.rest();
        }
        let view = self.view();
        if view.streams.iter().any(StreamStatus::is_astray) {
            self.nudge.arm(Instant::now());
        } else {
            self.nudge.rest();
        }
        let commands = self.levels.follow(&self.graph, &view.streams, &mut self.meters);
        self.send_levels(commands);
        self.tap(&view.streams);
        if let Err(error) = control::publish(&self.served, &self.shown, view).await {
            warn!(%error, "failed to announce a change");
        }
    }

    /// Has every stream tapped whose level somebody wants to know, and no other.
    fn tap(&mut self, streams: &[StreamStatus]) {
        let watched = self.meters.has_subscribers();
        let taps: Vec<(Tap, u64)> = streams
            .iter()
            .filter(|stream| (watched || stream.level) && stream.audible)
            .map(|stream| (Tap { node: stream.node, channels: stream.channels }, stream.id))
            .collect();
        if self.taps == taps {
            return;
        }
        for (tap, stream) in &self.taps {
            if !taps.contains(&(*tap, *stream)) {
                self.meters.drop_tap(*stream);
            }
        }
        self.meters.expect_taps(taps.iter().map(|(_, stream)| *stream));
        self.pipewire.send(Command::SetTaps(taps.iter().map(|(tap, _)| *tap).collect()));
        self.taps = taps;
    }

    fn view(&mut self) -> View {
        let desired = desired(&self.session, &self.remembered, &self.policy);
        let streams = state::streams(&self.graph, desired, &self.ownership);
        let now = monotonic_usec();
        self.since = streams
            .iter()
            .map(|stream| {
                let known = self.since.get(&stream.id).filter(|(route, _)| *route == stream.route);
                (stream.id, (stream.route, known.map_or(now, |(_, since)| *since)))
            })
            .collect();
        let (state, found) = problems::judge(&self.graph, self.session.bypass);
        let mut problems = self.damage.clone();
        problems.extend(self.save_failure.clone());
        problems.extend(self.policy.problems());
        problems.extend(found);
        let Remembered { routes, levels, .. } = &self.remembered;
        View {
            state,
            problems,
            bypass: self.session.bypass,
            active_profile: self.policy.profile().name.clone(),
            profiles: self.policy.descriptions(),
            settings: self.policy.settings(),
            routes: routes.iter().map(|(app, r)| (app.to_owned(), r.as_str().to_owned())).collect(),
            levels: levels.iter().map(|(app, on)| (app.to_owned(), on)).collect(),
            streams,
            output: Output::read(&self.graph, self.vitals.snapshot()),
        }
    }

    fn save_session(&mut self) {
        if self.saved == self.session {
            return;
        }
        match self.store.save_session(&self.session) {
            Ok(()) => {
                self.saved.clone_from(&self.session);
                self.save_failure = None;
            }
            Err(error) => {
                let sentence = format!("A crash could leave routes behind until logout: {error}.");
                self.save_failure = Some(problem("session-not-saved", "session.toml", &sentence));
            }
        }
    }

    /// Takes everything of ours out of the graph.
    fn leave(mut self) {
        for command in self.ownership.release() {
            self.pipewire.send(command);
        }
        // What was lowered, the loop thread puts back as it leaves.
        self.pipewire.quit();
        self.session.targets.clear();
        self.session.levelled.clear();
        if let Err(error) = self.store.save_session(&self.session) {
            warn!(%error, "failed to close the journal");
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
