//! The owner of the state: takes events and requests, decides, tells.
//!
//! [`run`] is the loop; what it does with an event is in `events`, with a request in `serve`, and what
//! follows from either in `settle`.
//!
//! Runs on the control thread, a current-thread tokio runtime. It alone changes the state, so there
//! is no lock around it.

mod app_volumes;
mod apps;
mod backoff;
mod comparison;
mod device_settings;
mod devices;
mod effects;
mod ends;
mod events;
mod exposure;
mod failure_policy;
mod guardian;
mod history;
mod keep;
mod memory;
mod night_light;
mod notice;
mod nudges;
mod pace;
mod problems;
mod pulse;
mod record;
mod reloads;
mod safety;
mod sandbox;
mod scheduler;
mod serve;
mod settle;
mod signs;
mod sums;
mod term;
mod volumes;

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use headroom_api::{CatchRow, Problem, ProfileBy, ServiceState, StreamRoute, names};
use headroom_dsp::ChainParams;
use headroom_profile::Library;
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::sync::{
    mpsc::{self, UnboundedReceiver},
    watch,
};
use tracing::{info, warn};
use zbus::{
    Connection,
    fdo::{RequestNameFlags, RequestNameReply},
    object_server::InterfaceRef,
};

use crate::{
    clock::boot_msec,
    control::{Admission, Interface, Live, Meters, Request, View, guarded},
    descriptors::Budget,
    failures::Failures,
    guardian::wait_for_predecessor,
    historian::Historian,
    learned::Learned,
    pins::PinFile,
    policy::Policy,
    pw::{Event, PipeWire, Tap},
    rt::Vitals,
    starvation::Starvation,
    state::{Desired, GlobalId, Graph, GraphEvent, Ownership, Pins},
    store::{Found, Remembered, Session, Store},
    supervision::Supervision,
    watch::Watch,
    writer::{Kept, Writer},
};
use app_volumes::AppVolumes;
use apps::Apps;
use backoff::Backoff;
use comparison::Comparison;
use device_settings::DeviceChoices;
use devices::DeviceParams;
use ends::Ends;
use exposure::Exposures;
use failure_policy::Unprotected;
use guardian::Guardian;
use history::History;
use keep::Keeper;
use memory::Memory;
use notice::Notice;
use nudges::Nudges;
use pace::Pace;
use pulse::Pulse;
use record::Recording;
use reloads::Reloads;
use safety::Off;
use sandbox::Sandbox;
use scheduler::Scheduler;
use signs::Signs;
use sums::Sums;
use term::Term;
use volumes::Volumes;

/// How long the name waits for PipeWire's first answer: activation may come before it.
const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// Waits before a bus that was refused is tried again.
const SHORTEST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// PipeWire tells a write within milliseconds; one that takes so long never comes.
const LOST_AFTER: Duration = Duration::from_secs(1);
/// A session manager writes the default device into its metadata as soon as it has made it.
const SHORTEST_MUTE: Duration = Duration::from_millis(300);
/// The session manager names the default device before it links anything to it; on the way, a chain that is bound or let go
/// may be seen before what it follows.
const SHORTEST_DOUBT: Duration = Duration::from_millis(200);

/// Runs the service until it is told to end, or the bus goes; what happens in the graph is written to
/// `record`, a new file, if that is given. With `guarded`, a guardian process stands beside it.
///
/// # Errors
/// When another instance runs, the file cannot be made, or the bus or a thread cannot be had.
pub async fn run(
    supervision: Supervision,
    record: Option<&Path>,
    guarded: bool,
) -> anyhow::Result<()> {
    let recording = record.map(Recording::create).transpose()?;
    let descriptors = Budget::claim();
    let mut store =
        Store::from_environment().context("cannot find a place for what is remembered")?;
    let mut ends = Ends::listen()?;

    let (requests, asked) = mpsc::unbounded_channel();
    let (told, events) = mpsc::unbounded_channel();
    let (changed, profiles) = mpsc::unbounded_channel();
    let (told_of_pins, pins) = mpsc::unbounded_channel();
    let (told_of_choices, choices) = mpsc::unbounded_channel();
    let (told_of_writes, kept) = mpsc::unbounded_channel();
    let (told_of_catches, caught) = mpsc::unbounded_channel();
    let (told_of_light, night_light) = mpsc::unbounded_channel();
    let mut inboxes = Inboxes { events, asked, pins, profiles, choices, kept, caught, night_light };
    let choice_watch = watch_choices(&store, told_of_choices);
    let mut found = store.load();
    found.session.end_bypass(boot_msec());
    // Watched before it is read, so that no change falls between the two.
    let watch = watch_profiles(&store, changed);
    let library = Library::load(store.profiles_directory());
    let remembered = &found.remembered;
    let policy = Policy::new(library, &remembered.profile, remembered.overlays.clone());
    let keeper = Keeper::new(Writer::spawn(store.choices_file(remembered), told_of_writes)?);
    let history = History::new(Historian::spawn(store.history_file(), told_of_catches)?);
    let (vitals, memory) = counters(guarded);
    let (shown, view) = watch::channel(Arc::new(View::starting(&found, &policy)));

    let connection = connect(requests.clone(), view).await?;

    wait_for_predecessor(store.runtime_directory());
    // Only from here on is it this process's business how it ends.
    let guardian = Guardian::start(memory);
    let failures = Failures::begin(store.runtime_directory());
    let withdrawn = failures.safe_mode().is_some();
    let scheduler = Scheduler::new(found.session.chosen_meanwhile.clone(), told_of_light)
        .context("cannot keep the time")?;
    let (leveller, off) = (apps::leveller_of(&policy), found.session.bypass || withdrawn);
    let params = apps::params_for(&policy, leveller, off);
    let pipewire = PipeWire::spawn(vitals.clone(), told)?;
    let parts = Parts {
        supervision,
        recording,
        descriptors,
        failures,
        store,
        found,
        policy,
        watch,
        choice_watch,
        pin_file: PinFile::from_environment(told_of_pins),
        params,
        vitals,
        pipewire,
        shown,
        requests,
        guardian,
        keeper,
        history,
        scheduler,
    };
    let mut daemon = Daemon::new(&connection, parts).await?;
    daemon.wait_for_pipewire(&mut inboxes.events).await;
    daemon.settle().await;
    if let Err(error) = take_name(&connection).await {
        daemon.leave();
        return Err(error);
    }
    Signs::ready();
    info!(version = env!("CARGO_PKG_VERSION"), "ready");

    let why = live(&mut daemon, &connection, &mut inboxes, &mut ends).await?;
    info!(why, "ending");
    daemon.leave().end(&connection).await
}

/// Takes one thing after another until the service is to end; says why it is.
async fn live(
    daemon: &mut Daemon,
    connection: &Connection,
    inboxes: &mut Inboxes,
    ends: &mut Ends,
) -> anyhow::Result<&'static str> {
    loop {
        tokio::select! {
            Some(event) = inboxes.events.recv() => {
                let weight = daemon.take_events(event, &mut inboxes.events)?;
                daemon.answer_health();
                daemon.follow(weight).await;
            }
            Some(request) = inboxes.asked.recv() => daemon.take_request(request).await,
            // What it says is read as the state is settled.
            Some(()) = inboxes.pins.recv() => daemon.settle().await,
            Some(()) = inboxes.profiles.recv() => daemon.reloads.want(Instant::now()),
            Some(()) = inboxes.choices.recv() => daemon.follow_choices(),
            Some(kept) = inboxes.kept.recv() => daemon.take_kept(kept).await,
            Some(()) = inboxes.night_light.recv() => {
                daemon.scheduler.look_again();
                daemon.settle().await;
            }
            () = daemon.scheduler.due() => {
                daemon.scheduler.look_again();
                daemon.settle().await;
            }
            Some(caught) = inboxes.caught.recv() => daemon.tell_of_catch(caught).await,
            () = sleep_until(daemon.history.due_at()) => daemon.serve_history(),
            () = sleep_until(daemon.pulse.due_at()) => {
                daemon.answer_health();
                if daemon.pulse.is_lost(Instant::now()) {
                    // Without a farewell: it could not be heard.
                    bail!("the thread that speaks with PipeWire does not answer any more");
                }
            }
            () = sleep_until(daemon.signs.due_at()) => {
                daemon.signs.serve(Instant::now(), &mut daemon.pulse, &daemon.pipewire);
            }
            () = sleep_until(daemon.safety_due_at()) => {
                daemon.serve_safety();
                daemon.settle().await;
            }
            () = daemon.meters.due() => if daemon.meters.serve() {
                daemon.settle().await;
            },
            () = daemon.comparison.term.due() => {
                daemon.end_comparison();
                daemon.settle().await;
            }
            () = daemon.bypass_term.due() => {
                daemon.end_bypass();
                daemon.settle().await;
            }
            () = daemon.guardian.due() => daemon.guardian.serve(Instant::now()),
            () = daemon.app_volumes_due() => daemon.serve_app_volumes(),
            () = daemon.retry_due() => {
                daemon.retry();
                daemon.settle().await;
            }
            () = sleep_until(daemon.sandbox.due_at()) => {
                if daemon.sandbox.is_to_be_left(connection).await {
                    return Ok("PipeWire stays away: another one shall look for it, in a new sandbox");
                }
                daemon.settle().await;
            }
            () = connection.closed() => return Ok("the session bus is gone"),
            why = ends.recv() => return Ok(why),
        }
    }
}

/// Makes the data thread's counters; for a guardian in memory that it can be given, which is returned.
fn counters(guarded: bool) -> (Arc<Vitals>, Option<File>) {
    let shared = || -> io::Result<_> {
        let memory = File::from(memfd_create("headroom-vitals", MemfdFlags::CLOEXEC)?);
        Ok((Arc::new(Vitals::shared(&memory)?), Some(memory)))
    };
    if !guarded {
        return (Arc::default(), None);
    }
    shared().unwrap_or_else(|error| {
        warn!(%error, "without a guardian: it could not see whether anything hangs");
        (Arc::default(), None)
    })
}

/// Serves the object on the session bus, where no other instance runs, without a name as yet.
async fn connect(
    requests: mpsc::UnboundedSender<Request>,
    view: watch::Receiver<Arc<View>>,
) -> anyhow::Result<Connection> {
    let admission = Arc::new(Admission::default());
    let builder = match headroom_api::session_socket() {
        Some(socket) => zbus::connection::Builder::socket(guarded(socket, admission.clone())),
        // On a way of its own, or not at all, which is told as it fails.
        None => headroom_api::session_bus(),
    };
    let connection = builder
        .serve_at(names::OBJECT_PATH, Interface::new(Live::new(requests, view, admission)))
        .build()
        .await
        .context("cannot reach the session bus (is DBUS_SESSION_BUS_ADDRESS set?)")?;
    refuse_second_instance(&connection).await?;
    Ok(connection)
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

fn watch_choices(store: &Store, changed: mpsc::UnboundedSender<()>) -> Option<Watch> {
    let directory = store.state_file().parent()?.to_owned();
    Watch::new(directory, changed)
        .inspect_err(|error| warn!(%error, "another session's choices are noticed late"))
        .ok()
}

fn desired<'a>(
    off: Off,
    remembered: &'a Remembered,
    policy: &'a Policy,
    pins: &'a Pins,
) -> Desired<'a> {
    let chain = policy.settings().chain;
    let levels = chain.leveller.enabled && !chain.dynamics_bypassed;
    Desired {
        bypass: off.bypass,
        dormant: off.dormant,
        treatments: &remembered.treatments,
        profile: policy.profile(),
        level_enabled: policy.settings().app_volume.enabled,
        limits_left_alone: policy.settings().limits_left_alone,
        leveller: levels.then(|| apps::leveller_of(policy)),
        pins,
    }
}

impl View {
    fn starting(found: &Found, policy: &Policy) -> Self {
        Self {
            state: ServiceState::Waiting,
            problems: Vec::new(),
            bypass: found.session.bypass,
            bypass_until_usec: 0,
            compare_until_usec: 0,
            introduced: found.remembered.introduced,
            history_enabled: found.remembered.history,
            exposure_enabled: found.remembered.exposure,
            active_profile: policy.profile().name.clone(),
            profile_by: ProfileBy::User,
            profile_until_usec: 0,
            schedules: found.remembered.schedules.clone(),
            chains: policy.profile().chains,
            devices: policy.profile().devices,
            profiles: policy.descriptions(),
            settings: policy.settings(),
            treatments: HashMap::new(),
            device_settings: found.remembered.devices.clone(),
            streams: Vec::new(),
            output: None,
            outputs: Vec::new(),
        }
    }
}

/// Where everything arrives.
struct Inboxes {
    events: UnboundedReceiver<Event>,
    asked: UnboundedReceiver<Request>,
    /// WirePlumber's file may be another one.
    pins: UnboundedReceiver<()>,
    /// A profile's file may be.
    profiles: UnboundedReceiver<()>,
    /// Another session's service may have kept a choice.
    choices: UnboundedReceiver<()>,
    kept: UnboundedReceiver<Kept>,
    /// Something was caught, and it is in the file.
    caught: UnboundedReceiver<CatchRow>,
    /// The Night Light may be another.
    night_light: UnboundedReceiver<()>,
}

/// What a daemon is put together from.
struct Parts {
    supervision: Supervision,
    recording: Option<Recording>,
    descriptors: Budget,
    failures: Failures,
    store: Store,
    found: Found,
    policy: Policy,
    watch: Option<Watch>,
    choice_watch: Option<Watch>,
    pin_file: PinFile,
    params: ChainParams,
    vitals: Arc<Vitals>,
    pipewire: PipeWire,
    shown: watch::Sender<Arc<View>>,
    requests: mpsc::UnboundedSender<Request>,
    guardian: Guardian,
    keeper: Keeper,
    history: History,
    scheduler: Scheduler,
}

struct Daemon {
    supervision: Supervision,
    descriptors: Budget,
    connection: Connection,
    requests: mpsc::UnboundedSender<Request>,
    signs: Signs,
    failures: Failures,
    /// The notification about safe mode.
    notice: Option<Notice>,
    starvation: Starvation,
    /// When the data thread is looked at next.
    sample_at: Option<Instant>,
    /// Whether the data thread was seen without real-time priority while something played.
    lacks_priority: bool,
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
    /// Tells when another session's service may have kept a choice.
    choice_watch: Option<Watch>,
    /// The devices that the user has chosen for applications.
    pin_file: PinFile,
    app_volumes: AppVolumes,
    apps: Apps,
    devices: DeviceParams,
    device_choices: DeviceChoices,
    volumes: Volumes,
    memory: Memory,
    remembered: Remembered,
    session: Session,
    /// When a bypass ends by itself.
    bypass_term: Term,
    comparison: Comparison,
    /// What of the session is in its file.
    saved: Session,
    damage: Vec<Problem>,
    save_failure: Option<Problem>,
    /// The taps that were asked for last, each with the id of its stream.
    recording: Option<Recording>,
    taps: Vec<(Tap, u64)>,
    sums: Sums,
    /// Which chains were told to share a ceiling; `None` when they are to be told again.
    shares: Option<Vec<(GlobalId, u32)>>,
    /// Since when each stream has its route, by its id.
    since: HashMap<u64, (StreamRoute, u64)>,
    /// Whether the loop thread answers.
    pulse: Pulse,
    /// When the profiles are read again, and who waits for that.
    reloads: Reloads,
    /// When a chain that nothing needs any more is to go.
    expiry: Option<Instant>,
    /// When a bus that was refused is made again.
    bus_again: Backoff,
    /// When a write that has not been told by then counts as lost.
    write_again: Backoff,
    /// When streams that are not where they were sent are sent again.
    nudges: Nudges,
    unprotected: Unprotected,
    /// When default metadata that has told nothing is taken for mute.
    rebind: Backoff,
    /// When the default device is asked for again: what follows it plays to another one.
    doubt: Backoff,
    /// How soon what programs say of themselves is followed.
    pace: Pace,
    /// When PipeWire is asked for a sign of life at the earliest.
    check_at: Instant,
    /// The way out of a sandbox that has lost PipeWire for good.
    sandbox: Sandbox,
    started: Instant,
    guardian: Guardian,
    keeper: Keeper,
    history: History,
    exposures: Exposures,
    /// Which profile is in force when.
    scheduler: Scheduler,
}

impl Daemon {
    async fn new(connection: &Connection, parts: Parts) -> anyhow::Result<Self> {
        let Parts {
            supervision,
            recording,
            descriptors,
            failures,
            store,
            found,
            policy,
            watch,
            choice_watch,
            pin_file,
            params,
            vitals,
            pipewire,
            shown,
            requests,
            guardian,
            keeper,
            history,
            scheduler,
        } = parts;
        let served = connection.object_server().interface(names::OBJECT_PATH).await?;
        let damage = found.damage.into_iter().map(|(path, error)| {
            let file = path.display().to_string();
            let problem = Problem::StateFileDamaged { file, error };
            warn!("{problem}");
            problem
        });
        let mut bypass_term = Term::new()?;
        bypass_term.inherit(found.session.bypass_until_msec);
        let mut daemon = Self {
            signs: Signs::new(supervision.watchdog),
            supervision,
            recording,
            descriptors,
            connection: connection.clone(),
            requests: requests.clone(),
            failures,
            notice: None,
            starvation: Starvation::default(),
            sample_at: None,
            lacks_priority: false,
            damage: damage.collect(),
            ownership: Ownership::inherit(found.session.targets.clone()),
            app_volumes: AppVolumes::inherit(found.session.levelled.clone()),
            apps: Apps::new(params),
            devices: DeviceParams::default(),
            device_choices: DeviceChoices::default(),
            volumes: Volumes::default(),
            memory: Memory::new(Learned::load(store.levels_file())),
            remembered: found.remembered,
            bypass_term,
            comparison: Comparison::new()?,
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
            choice_watch,
            pin_file,
            graph: Graph::default(),
            save_failure: None,
            taps: Vec::new(),
            sums: Sums::default(),
            shares: None,
            since: HashMap::new(),
            pulse: Pulse::default(),
            reloads: Reloads::default(),
            expiry: None,
            bus_again: Backoff::new(SHORTEST_RETRY, LONGEST_RETRY, 2),
            write_again: Backoff::new(LOST_AFTER, LOST_AFTER, 1),
            nudges: Nudges::default(),
            unprotected: Unprotected::default(),
            rebind: Backoff::new(SHORTEST_MUTE, LONGEST_RETRY, 4),
            doubt: Backoff::new(SHORTEST_DOUBT, LONGEST_RETRY, 2),
            pace: Pace::default(),
            check_at: Instant::now(),
            sandbox: Sandbox::around(headroom_api::is_in_flatpak()),
            started: Instant::now(),
            guardian,
            keeper,
            history,
            exposures: Exposures::default(),
            scheduler,
        };
        daemon.warn_of_profiles(&[]);
        daemon.follow_safe_mode();
        Ok(daemon)
    }

    /// Waits until PipeWire has told all that exists, or has not answered for a while.
    async fn wait_for_pipewire(&mut self, events: &mut UnboundedReceiver<Event>) {
        let told = async {
            while let Some(event) = events.recv().await {
                let enough = matches!(
                    event,
                    Event::Graph(GraphEvent::Enumerated | GraphEvent::Disconnected { .. })
                );
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

    /// Takes everything of ours out of the graph.
    fn leave(mut self) -> Sandbox {
        Signs::stopping();
        let commands = self.ownership.release(&self.graph, self.pin_file.pins());
        self.execute(commands);
        // What was lowered, the loop thread puts back as it leaves.
        self.pipewire.quit();
        self.session.targets = self.ownership.journal();
        self.session.levelled.clear();
        if let Err(error) = self.store.save_session(&self.session) {
            warn!(%error, "failed to close the journal");
        }
        self.keeper.keep_levels(self.memory.hand_out());
        if !self.history.finish() {
            warn!("the disk does not answer: what was caught last is forgotten");
        }
        if !self.keeper.finish() {
            warn!("the disk does not answer: what was chosen and learned last is forgotten");
        }
        self.failures.close();
        self.guardian.dismiss();
        self.sandbox
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
