//! How a daemon is put together: what is found on the disk, the threads that are started, and in which order.
//!
//! Runs on the control thread, once. What it does afterwards is not decided here.

use std::{collections::HashMap, fs::File, io, path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use headroom_api::{Problem, ProfileBy, ServiceState, names};
use headroom_dsp::ChainParams;
use headroom_profile::Library;
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};
use zbus::Connection;

use super::{
    Daemon, Inboxes, LONGEST_RETRY, LOST_AFTER, SHORTEST_DOUBT, SHORTEST_MUTE, SHORTEST_RETRY,
    app_volumes::AppVolumes,
    apps::{self, Apps},
    backoff::Backoff,
    comparison::Comparison,
    device_settings::DeviceChoices,
    devices::DeviceParams,
    ends::{End, Ends},
    exposure::Exposures,
    failure_policy::Unprotected,
    guardian::Guardian,
    history::History,
    keep::Keeper,
    live,
    memory::Memory,
    moves::Moves,
    name,
    nudges::Nudges,
    pace::Pace,
    pulse::Pulse,
    record::Recording,
    reloads::Reloads,
    replacement::Replacement,
    sandbox::Sandbox,
    scheduler::Scheduler,
    signs::Signs,
    sums::Sums,
    term::Term,
    volumes::Volumes,
};
use crate::{
    clock::boot_msec,
    control::{Meters, Request, View},
    descriptors::Budget,
    failures::Failures,
    guardian::wait_for_predecessor,
    historian::Historian,
    learned::Learned,
    pins::PinFile,
    policy::Policy,
    pw::PipeWire,
    rt::Vitals,
    starvation::Starvation,
    state::{Graph, Ownership},
    store::{Found, Store},
    supervision::Supervision,
    watch::Watch,
    writer::Writer,
};

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
    let (told_of_past, past) = mpsc::unbounded_channel();
    let (told_of_light, night_light) = mpsc::unbounded_channel();
    let (told_of_program, program) = mpsc::unbounded_channel();
    let mut inboxes =
        Inboxes { events, asked, pins, profiles, choices, kept, past, night_light, program };
    let choice_watch = watch_choices(&store, told_of_choices);
    let mut found = store.load();
    found.session.end_bypass(boot_msec());
    // Watched before it is read, so that no change falls between the two.
    let watch = watch_profiles(&store, changed);
    let library = Library::load(store.profiles_directory());
    let remembered = &found.remembered;
    let policy = Policy::new(library, &remembered.profile, remembered.overlays.clone());
    let keeper = Keeper::new(Writer::spawn(store.choices_file(remembered), told_of_writes)?);
    let history = History::new(Historian::spawn(store.history_file(), told_of_past)?);
    let (vitals, memory) = counters(guarded);
    let (shown, view) = watch::channel(Arc::new(View::starting(&found, &policy)));

    let connection = name::connect(requests.clone(), view).await?;

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
    let supervisor = supervision.supervisor;
    let parts = Parts {
        replacement: Replacement::watched(&supervision, told_of_program),
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
    if let Err(error) = name::take_name(&connection).await {
        daemon.leave();
        return Err(error);
    }
    Signs::ready();
    info!(version = env!("CARGO_PKG_VERSION"), "ready");

    let End { why, has_successor } =
        live(&mut daemon, &connection, &mut inboxes, &mut ends).await?;
    info!(why, "ending");
    daemon.leave();
    if has_successor { name::start_another(&connection, supervisor).await } else { Ok(()) }
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
            exposure_warnings: found.remembered.exposure_warnings,
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

/// What a daemon is put together from.
struct Parts {
    replacement: Replacement,
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

impl Daemon {
    async fn new(connection: &Connection, parts: Parts) -> anyhow::Result<Self> {
        let Parts {
            replacement,
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
            moves: Moves::default(),
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
            replacement,
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
}
