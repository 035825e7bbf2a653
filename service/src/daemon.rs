//! The owner of the state: takes events and requests, decides, tells.
//!
//! Runs on the control thread, a current-thread tokio runtime. It alone changes the state, so there
//! is no lock around it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use headroom_api::{Error, ProblemRow, ServiceState, StreamRoute, names};
use headroom_dsp::ChainParams;
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
    profile,
    pw::{Command, Event, MetadataName, PipeWire},
    rt::Vitals,
    state::{self, Desired, Graph, Ownership, RouteError, Routes, SessionManager, StreamStatus},
    store::{Found, Session, Store},
};

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
    let found = store.load();
    let vitals = Arc::new(Vitals::default());
    let view = View::starting(&found);
    let (shown, view) = watch::channel(Arc::new(view));

    let connection = zbus::connection::Builder::session()
        .serve_at(names::OBJECT_PATH, Interface::new(requests.clone(), view))
        .build()
        .await
        .context("cannot reach the session bus (is DBUS_SESSION_BUS_ADDRESS set?)")?;
    refuse_second_instance(&connection).await?;

    let pipewire = PipeWire::spawn(found.params(), vitals.clone(), told)?;
    let mut daemon =
        Daemon::new(&connection, store, found, vitals, pipewire, shown, requests).await?;
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
            () = daemon.meters.due() => if daemon.meters.serve() {
                daemon.settle().await;
            },
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

impl Found {
    fn params(&self) -> ChainParams {
        params_for(self.session.bypass)
    }
}

/// Bypassed, the chain only keeps its promise: sound that still passes is limited, not levelled.
fn params_for(bypass: bool) -> ChainParams {
    ChainParams { dynamics_bypassed: bypass, ..profile::params() }
}

fn desired<'a>(session: &Session, routes: &'a Routes) -> Desired<'a> {
    Desired { bypass: session.bypass, routes, default_route: profile::DEFAULT_ROUTE }
}

impl View {
    fn starting(found: &Found) -> Self {
        Self {
            state: ServiceState::Waiting,
            problems: Vec::new(),
            bypass: found.session.bypass,
            active_profile: profile::DEFAULT_NAME.to_owned(),
            profiles: profile::descriptions(),
            routes: HashMap::new(),
            streams: Vec::new(),
            output: None,
        }
    }
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
    routes: Routes,
    session: Session,
    /// What of the session is in its file.
    saved: Session,
    damage: Vec<ProblemRow>,
    save_failure: Option<ProblemRow>,
    /// Since when each stream has its route, by its id.
    since: HashMap<u64, (StreamRoute, u64)>,
    retry_at: Option<Instant>,
    /// When a write that has not been told by then counts as lost.
    lost_at: Option<Instant>,
    /// When streams that are not where they were sent are sent again.
    astray_at: Option<Instant>,
    astray_wait: Duration,
    /// When default metadata that has told nothing is taken for mute.
    mute_at: Option<Instant>,
    mute_wait: Duration,
    retry_wait: Duration,
    started: Instant,
}

impl Daemon {
    async fn new(
        connection: &Connection,
        store: Store,
        found: Found,
        vitals: Arc<Vitals>,
        pipewire: PipeWire,
        shown: watch::Sender<Arc<View>>,
        requests: mpsc::UnboundedSender<Request>,
    ) -> anyhow::Result<Self> {
        let served = connection.object_server().interface(names::OBJECT_PATH).await?;
        let damage = found.damage.into_iter().map(|(path, sentence)| {
            let row = problem(
                "state-file-damaged",
                &path.display().to_string(),
                &format!("The file of your routes is damaged: {sentence}."),
            );
            warn!("{}", row.2);
            row
        });
        Ok(Self {
            damage: damage.collect(),
            ownership: Ownership::inherit(found.session.targets.clone()),
            routes: found.routes,
            saved: found.session.clone(),
            session: found.session,
            meters: Meters::new(connection.clone(), requests),
            store,
            pipewire,
            vitals,
            served,
            shown,
            graph: Graph::default(),
            save_failure: None,
            since: HashMap::new(),
            retry_at: None,
            lost_at: None,
            astray_at: None,
            astray_wait: SHORTEST_NUDGE,
            mute_at: None,
            mute_wait: SHORTEST_MUTE,
            retry_wait: SHORTEST_RETRY,
            started: Instant::now(),
        })
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
            other => other,
        };
        match &event {
            Event::Connected { .. } => self.retry_wait = SHORTEST_RETRY,
            Event::Disconnected { reason } => {
                if self.graph.absence.is_none() {
                    warn!(reason, "PipeWire is away: waiting for it");
                }
                // Serials start anew with it: nothing of ours is left to take back.
                self.ownership.forget();
                (self.lost_at, self.astray_at, self.mute_at) = (None, None, None);
                self.meters.clear_reader();
                self.retry_at = None;
            }
            Event::MetadataFound { name: MetadataName::Default, .. } => {
                self.mute_at = Some(Instant::now() + SHORTEST_MUTE);
                self.mute_wait = SHORTEST_MUTE;
            }
            Event::Metadata { name: MetadataName::Default, .. } => self.mute_at = None,
            Event::Pair { sink, latency_frames, rate_hz, channels, .. } => {
                let known = self.graph.pair.as_ref();
                if known.is_none_or(|pair| pair.sink != *sink || pair.rate_hz != *rate_hz) {
                    let channels = channels.count();
                    info!(rate_hz, latency_frames, channels, "the filter is in place");
                }
                self.retry_wait = SHORTEST_RETRY;
            }
            Event::PairFailed { reason } => {
                error!(reason, wait = ?self.retry_wait, "the filter failed, trying again");
                self.retry_at = Some(Instant::now() + self.retry_wait);
                self.retry_wait = (self.retry_wait * 2).min(LONGEST_RETRY);
            }
            _ => {}
        }
        self.graph.apply(event);
    }

    /// Waits until something is to be tried again; for ever when all has come about.
    async fn retry_due(&self) {
        let due = [self.retry_at, self.lost_at, self.astray_at, self.mute_at];
        match due.into_iter().flatten().min() {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }

    fn retry(&mut self) {
        let now = Instant::now();
        if self.retry_at.take_if(|at| *at <= now).is_some() {
            self.ownership.forget_pair();
        }
        if self.lost_at.take_if(|at| *at <= now).is_some() {
            warn!("a write was lost, writing it again");
            self.pipewire.send(Command::RebindMetadata);
            self.ownership.give_up_in_flight(&self.graph);
        }
        if self.mute_at.take_if(|at| *at <= now).is_some() {
            // Mute for so long, it may also have nothing to tell: there is no device at all.
            self.mute_wait = (self.mute_wait * 4).min(LONGEST_RETRY);
            self.mute_at = (self.mute_wait < LONGEST_RETRY).then(|| now + self.mute_wait);
            self.pipewire.send(Command::RebindMetadata);
        }
        if self.astray_at.take_if(|at| *at <= now).is_some() {
            self.nudge_streams();
        }
    }

    /// Has the session manager look again at streams that are not where they were sent.
    fn nudge_streams(&mut self) {
        let shown = self.shown.borrow().clone();
        let astray: Vec<u64> =
            shown.streams.iter().filter(|s| s.is_astray()).map(|s| s.id).collect();
        warn!(?astray, "streams are not where they were sent: sending them again");
        let desired = desired(&self.session, &self.routes);
        for command in state::nudge(&self.graph, desired, &mut self.ownership, &astray) {
            self.pipewire.send(command);
        }
    }

    /// Brings the graph to what is desired and the bus to what is true.
    async fn settle(&mut self) {
        let desired = desired(&self.session, &self.routes);
        let commands = state::plan(&self.graph, desired, &mut self.ownership);
        // Before the first write, so that a crash in between leaves nothing unknown.
        self.session.targets = self.ownership.journal();
        self.save_session();
        for command in commands {
            self.pipewire.send(command);
        }
        self.lost_at = match self.lost_at {
            _ if !self.ownership.is_in_flight(&self.graph) => None,
            None => Some(Instant::now() + LOST_AFTER),
            waiting => waiting,
        };
        let view = self.view();
        if !view.streams.iter().any(StreamStatus::is_astray) {
            self.astray_at = None;
            self.astray_wait = SHORTEST_NUDGE;
        } else if self.astray_at.is_none() {
            self.astray_at = Some(Instant::now() + self.astray_wait);
            self.astray_wait = (self.astray_wait * 2).min(LONGEST_RETRY);
        }
        if let Err(error) = control::publish(&self.served, &self.shown, view).await {
            warn!(%error, "failed to announce a change");
        }
    }

    fn view(&mut self) -> View {
        let desired = desired(&self.session, &self.routes);
        let streams = state::streams(&self.graph, desired, &self.ownership);
        let now = monotonic_usec();
        self.since = streams
            .iter()
            .map(|stream| {
                let known = self.since.get(&stream.id).filter(|(route, _)| *route == stream.route);
                (stream.id, (stream.route, known.map_or(now, |(_, since)| *since)))
            })
            .collect();
        let (state, problems) = self.judge();
        View {
            state,
            problems,
            bypass: self.session.bypass,
            active_profile: profile::DEFAULT_NAME.to_owned(),
            profiles: profile::descriptions(),
            routes: self
                .routes
                .iter()
                .map(|(app, route)| (app.to_owned(), route.as_str().to_owned()))
                .collect(),
            streams,
            output: Output::read(&self.graph, self.vitals.snapshot()),
        }
    }

    fn judge(&self) -> (ServiceState, Vec<ProblemRow>) {
        let mut problems = self.damage.clone();
        problems.extend(self.save_failure.clone());
        let mut waiting = true;
        if self.graph.pipewire_version.is_none() {
            let reason = self.graph.absence.as_deref().unwrap_or("it has not answered yet");
            let sentence = format!(
                "PipeWire is away ({reason}): sound that it plays later is protected as soon as it \
                 is back."
            );
            problems.push(problem("pipewire-away", "PipeWire", &sentence));
        } else if self.graph.enumerated {
            match self.graph.session_manager() {
                SessionManager::Ready { .. } => waiting = false,
                SessionManager::Starting { .. } => {}
                SessionManager::Absent => problems.push(problem(
                    "no-session-manager",
                    "WirePlumber",
                    "No session manager runs, so nothing links streams to Headroom: start \
                     WirePlumber 0.5 or newer.",
                )),
                SessionManager::TooOld { version } => problems.push(problem(
                    "session-manager-too-old",
                    "WirePlumber",
                    &format!(
                        "WirePlumber {version} has no smart filters, so nothing is protected: \
                         install WirePlumber 0.5 or newer and log in again."
                    ),
                )),
            }
        }
        if let Some(reason) = &self.graph.pair_failure {
            let sentence = format!("Nothing is protected: {reason}. It is tried again.");
            problems.push(problem("filter-failed", names::SINK_NODE, &sentence));
        }
        let state = match (waiting, self.session.bypass) {
            (true, _) => ServiceState::Waiting,
            (false, true) => ServiceState::Bypassed,
            (false, false) => ServiceState::Running,
        };
        (state, problems)
    }

    fn serve(&mut self, request: Request) {
        // An answer that nobody waits for any more is no failure: `send` results are dropped.
        match request {
            Request::SetBypass(bypass, reply) => {
                let answer = self.refuse_while_away().map(|()| self.set_bypass(bypass));
                let _ = reply.send(answer);
            }
            Request::SetRoute { app, route, reply } => {
                let changed = self.change_routes(|routes| routes.set(&app, route));
                let _ = reply.send(changed);
            }
            Request::UnsetRoute { app, reply } => {
                let changed = self.change_routes(|routes| routes.unset(&app).map(|()| true));
                let _ = reply.send(changed);
            }
            Request::Explain { stream, reply } => {
                let shown = self.shown.borrow().clone();
                let found = shown.streams.iter().find(|known| known.id == stream);
                let answer = found.map(|known| {
                    let since = self.since.get(&stream).map_or(0, |(_, since)| *since);
                    control::explain(known, self.store.state_file(), since)
                });
                let _ = reply.send(answer.ok_or_else(|| no_such_stream(stream, &shown)));
            }
            Request::Health(reply) => {
                let uptime_s = self.started.elapsed().as_secs_f64();
                let health = control::health(&self.graph, self.vitals.snapshot(), uptime_s);
                let _ = reply.send(Ok(health));
            }
            Request::Subscribe { client, hz, reply } => {
                let _ = reply.send(self.meters.subscribe(client, hz));
            }
            Request::Unsubscribe { client } => self.meters.unsubscribe(&client),
            Request::GetMeters(reply) => self.meters.read_once(reply),
        }
    }

    fn set_bypass(&mut self, bypass: bool) {
        if self.session.bypass != bypass {
            info!(bypass, "bypass");
            self.session.bypass = bypass;
            self.pipewire.send(Command::SetParams(params_for(bypass)));
        }
    }

    /// What cannot be put in force is not promised.
    fn refuse_while_away(&self) -> headroom_api::Result<()> {
        match &self.graph.pipewire_version {
            Some(_) => Ok(()),
            None => Err(Error::NotReady(
                "PipeWire is away, so nothing was changed: try again when it is back".into(),
            )),
        }
    }

    /// Changes the routes, keeps them, and only then puts them in force.
    fn change_routes(
        &mut self,
        change: impl FnOnce(&mut Routes) -> Result<bool, RouteError>,
    ) -> headroom_api::Result<()> {
        self.refuse_while_away()?;
        let mut routes = self.routes.clone();
        let changed = change(&mut routes).map_err(|error| match error {
            RouteError::BadName(_) => Error::InvalidValue(error.to_string()),
            RouteError::TooMany => Error::LimitExceeded(error.to_string()),
            RouteError::Unknown(_) => Error::NoSuchRoute(error.to_string()),
        })?;
        if !changed {
            return Ok(());
        }
        self.store
            .save_routes(&routes)
            .map_err(|error| Error::Failed(format!("the route is not set: {error}")))?;
        self.routes = routes;
        Ok(())
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
        self.pipewire.quit();
        self.session.targets.clear();
        if let Err(error) = self.store.save_session(&self.session) {
            warn!(%error, "failed to close the journal");
        }
    }
}

fn problem(code: &str, subject: &str, sentence: &str) -> ProblemRow {
    (code.to_owned(), subject.to_owned(), sentence.to_owned())
}

fn no_such_stream(stream: u64, shown: &View) -> Error {
    let known: Vec<String> = shown
        .streams
        .iter()
        .take(20)
        .map(|stream| format!("{} ({})", stream.id, stream.identity.app.escape_debug()))
        .collect();
    let known = if known.is_empty() { "nobody plays".to_owned() } else { known.join(", ") };
    Error::NoSuchStream(format!("there is no stream {stream}: {known}"))
}
