//! The owner of the state: takes events and requests, decides, tells.
//!
//! It begins in `start`, and `live` is its loop. What it does with an event is in `events`, with a request in `serve`, and
//! what follows from either in `settle`.
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
mod moves;
mod name;
mod night_light;
mod notice;
mod nudges;
mod pace;
mod problems;
mod pulse;
mod record;
mod reloads;
mod replacement;
mod safety;
mod sandbox;
mod scheduler;
mod serve;
mod settle;
mod signs;
mod start;
mod sums;
mod term;
mod volumes;

pub use start::run;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use headroom_api::{Problem, StreamRoute};
use tokio::sync::{
    mpsc::{self, UnboundedReceiver},
    watch,
};
use tracing::warn;
use zbus::{Connection, object_server::InterfaceRef};

use crate::{
    control::{Interface, Meters, Request, View},
    descriptors::Budget,
    failures::Failures,
    historian::Told,
    pins::PinFile,
    policy::Policy,
    pw::{Event, PipeWire, Tap},
    rt::Vitals,
    starvation::Starvation,
    state::{GlobalId, Graph, GraphEvent, Ownership},
    store::{Remembered, Session, Store},
    supervision::Supervision,
    watch::Watch,
    writer::Kept,
};
use app_volumes::AppVolumes;
use apps::Apps;
use backoff::Backoff;
use comparison::Comparison;
use device_settings::DeviceChoices;
use devices::DeviceParams;
use ends::{End, Ends};
use exposure::Exposures;
use failure_policy::Unprotected;
use guardian::Guardian;
use history::History;
use keep::Keeper;
use memory::Memory;
use moves::Moves;
use notice::Notice;
use nudges::Nudges;
use pace::Pace;
use pulse::Pulse;
use record::Recording;
use reloads::Reloads;
use replacement::Replacement;
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

/// Takes one thing after another until the service is to end.
async fn live(
    daemon: &mut Daemon,
    connection: &Connection,
    inboxes: &mut Inboxes,
    ends: &mut Ends,
) -> anyhow::Result<End> {
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
            Some(told) = inboxes.past.recv() => daemon.take_told(told).await,
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
                    let why = "PipeWire stays away: another one shall look for it, in a new sandbox";
                    return Ok(End::for_successor(why));
                }
                daemon.settle().await;
            }
            Some(()) = inboxes.program.recv() => daemon.replacement.look(Instant::now()),
            () = sleep_until(daemon.replacement.due_at()) => {
                if daemon.replacement.is_to_take_over(connection).await {
                    return Ok(End::for_successor("another version is installed, and takes over"));
                }
            }
            () = connection.closed() => return Ok(End::of("the session bus is gone")),
            end = ends.recv() => return Ok(end),
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
    /// The history's thread tells something.
    past: UnboundedReceiver<Told>,
    /// The Night Light may be another.
    night_light: UnboundedReceiver<()>,
    /// Another program may lie where this one was started from.
    program: UnboundedReceiver<()>,
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
    /// Who waits for a stream's own volume to be another.
    moves: Moves,
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
    /// The program that an upgrade has put in the place of this one.
    replacement: Replacement,
    started: Instant,
    guardian: Guardian,
    keeper: Keeper,
    history: History,
    exposures: Exposures,
    /// Which profile is in force when.
    scheduler: Scheduler,
}

impl Daemon {
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
    fn leave(mut self) {
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
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
