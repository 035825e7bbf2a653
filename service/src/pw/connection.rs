//! One connection to PipeWire, from the first hello until it breaks.
//!
//! Owns the core, the watch on the graph and the pair. Runs on the loop thread.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use headroom_dsp::{ChainParams, DynamicsState};
use pipewire::{
    context::ContextRc,
    core::{CoreRc, PW_ID_CORE},
    main_loop::MainLoopRc,
    properties::{PropertiesBox, properties},
    spa::utils::result::AsyncSeq,
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, info, warn};

use super::{
    ChainId, Event, GlobalId, GraphEvent, Leveller, MetadataName, Tap,
    foreign::{self, CoreEvent, CoreListener},
    liveness::{LOST_AFTER, LOST_AFTER_ERROR, Liveness},
    pair::{Pair, PairSpec},
    registry::Watch,
    taps::Taps,
};
use crate::{clock::monotonic_nsec, rt::Vitals, state::Channels};

/// How long all chains get to hear of it that levelling is to go from the bus to applications' own.
const HANDED_OVER_AFTER_NS: i64 = 100_000_000;

/// `-EPIPE`: the daemon is gone.
const BROKEN_PIPE: i32 = -32;

/// A live connection; dropping it leaves the graph.
pub(super) struct Connection {
    // Declared in the order in which they must go: nodes, then watch, then the cores' listeners.
    apps: Vec<Pair>,
    devices: Vec<Pair>,
    pairs: Vec<Pair>,
    taps: Taps,
    watch: Watch,
    _listener: CoreListener,
    _node_listener: CoreListener,
    core: CoreRc,
    /// What our nodes are made on, a client of its own that binds nothing.
    ///
    /// PipeWire (1.4) reads nothing from a client that binds a metadata object until the session manager
    /// has answered, and nothing from a session manager that configures a node until the node's client
    /// has. One client that did both would keep both waiting for ever, and every new client with them.
    node_core: CoreRc,
    events: UnboundedSender<Event>,
    synced: Rc<Cell<i32>>,
    liveness: Rc<RefCell<Liveness>>,
    /// There was an error that may be a loss.
    suspicious: Rc<Cell<bool>>,
    generation: u64,
}

impl Connection {
    /// Connects, to the session's own PipeWire unless a socket is given; `broken` is called when the
    /// connection is lost, of either client.
    pub(super) fn open(
        main_loop: &MainLoopRc,
        socket: Option<&Path>,
        events: UnboundedSender<Event>,
        synced: Rc<Cell<i32>>,
        broken: impl Fn(String) + 'static,
    ) -> Result<Self, pipewire::Error> {
        // Manager: inside a Flatpak, nothing else may write metadata or move streams.
        let props = properties! {
            "application.name" => "Headroom",
            "application.id" => headroom_api::names::BUS_NAME,
            "media.category" => "Manager",
        };
        let context = ContextRc::new(main_loop, Some(props))?;
        let remote = || {
            socket.map(|socket| {
                let mut props = PropertiesBox::new();
                props.insert("remote.name", socket.to_string_lossy().as_ref());
                props
            })
        };
        let core = context.connect_rc(remote())?;
        let node_core = context.connect_rc(remote())?;
        let registry = core.get_registry_rc()?;

        let broken = Rc::new(broken);
        let node_broken = broken.clone();
        let (info_events, done_events) = (events.clone(), events.clone());
        let (done, told, weak_core) = (synced.clone(), Cell::new(0), core.downgrade());
        let liveness = Rc::new(RefCell::new(Liveness::default()));
        let (alive, node_alive) = (liveness.clone(), liveness.clone());
        // An error of the core itself: its socket may not be read any more, or something went while it
        // was being asked, which is no loss. Whether there are answers tells the one from the other.
        let suspicious = Rc::new(Cell::new(false));
        let (doubt, node_doubt) = (suspicious.clone(), suspicious.clone());
        let listener = foreign::listen_to_core(&core, move |event| match event {
            CoreEvent::Version(version) => {
                info!(version, "connected to PipeWire");
                let _ = info_events.send(Event::Graph(GraphEvent::Connected { version }));
            }
            CoreEvent::Done(seq) => {
                done.set(seq);
                alive.borrow_mut().core_answered(seq);
                told.set(told.get() + 1);
                match (told.get(), weak_core.upgrade()) {
                    // Every object has been named and bound; what they say comes with the next.
                    (1, Some(core)) => drop(core.sync(0)),
                    (2, _) => drop(done_events.send(Event::Graph(GraphEvent::Enumerated))),
                    _ => {}
                }
            }
            CoreEvent::Error { id: PW_ID_CORE, result: BROKEN_PIPE, message } => {
                broken(format!("the connection broke: {message}"));
            }
            CoreEvent::Error { id, result, message } => {
                doubt.set(doubt.get() || id == PW_ID_CORE);
                debug!(id, result, message, "PipeWire refused something");
            }
        });
        let node_listener = foreign::listen_to_core(&node_core, move |event| match event {
            CoreEvent::Version(_) => {}
            CoreEvent::Done(seq) => node_alive.borrow_mut().node_core_answered(seq),
            CoreEvent::Error { id: PW_ID_CORE, result: BROKEN_PIPE, message } => {
                node_broken(format!("the connection of our nodes broke: {message}"));
            }
            CoreEvent::Error { id, result, message } => {
                node_doubt.set(node_doubt.get() || id == PW_ID_CORE);
                debug!(id, result, message, "PipeWire refused something of our nodes");
            }
        });
        let watch = Watch::new(registry, events.clone());
        core.sync(0)?;
        Ok(Self {
            apps: Vec::new(),
            devices: Vec::new(),
            pairs: Vec::new(),
            taps: Taps::new(node_core.clone(), events.clone()),
            watch,
            _listener: listener,
            _node_listener: node_listener,
            core,
            node_core,
            events,
            synced,
            liveness,
            suspicious,
            generation: 0,
        })
    }

    /// Asks both clients for a sign of life.
    pub(super) fn check(&self) {
        debug!("asking PipeWire for a sign of life");
        self.ask(LOST_AFTER);
    }

    fn ask(&self, patience: Duration) {
        // What cannot even be sent is never answered.
        let sync = |core: &CoreRc| core.sync(0).map_or(i32::MAX, |seq: AsyncSeq| seq.raw());
        let asked = (sync(&self.core), sync(&self.node_core));
        self.liveness.borrow_mut().ask(asked, Instant::now() + patience);
    }

    /// Returns when a sign of life is overdue; `None` while none is missing.
    pub(super) fn lost_at(&self) -> Option<Instant> {
        self.liveness.borrow().lost_at()
    }

    /// Makes a pair; one that is there already stays.
    pub(super) fn build_pair(
        &mut self,
        channels: Channels,
        disabled: bool,
        params: ChainParams,
        vitals: Arc<Vitals>,
    ) {
        self.generation += 1;
        let spec = PairSpec::bus(channels, disabled, self.generation);
        let failed = |reason| Event::Graph(GraphEvent::PairFailed { reason });
        self.pairs.extend(self.make(&spec, params, vitals, failed));
        self.follow_ceilings();
    }

    /// Makes a pair of any kind, or tells that PipeWire has refused it.
    fn make(
        &self,
        spec: &PairSpec,
        params: ChainParams,
        vitals: Arc<Vitals>,
        failed: impl FnOnce(String) -> Event,
    ) -> Option<Pair> {
        Pair::new(&self.node_core, spec, params, vitals, self.events.clone())
            .inspect_err(|error| {
                let reason = format!("PipeWire refused the filter: {error}");
                let _ = self.events.send(failed(reason));
            })
            .ok()
    }

    /// Takes every pair but the newest out of the graph.
    pub(super) fn retire_pairs(&mut self) {
        self.pairs.drain(..self.pairs.len().saturating_sub(1));
        self.follow_ceilings();
    }

    /// Makes the pair of an application.
    pub(super) fn build_app(
        &mut self,
        app: u32,
        channels: Channels,
        params: ChainParams,
        vitals: Arc<Vitals>,
    ) {
        let spec = PairSpec::app(channels, app);
        let failed = |reason| Event::Graph(GraphEvent::AppFailed { app, reason });
        if let Some(pair) = self.make(&spec, params, vitals, failed) {
            self.watch.volumes().borrow_mut().add_chain(ChainId::App(app), pair.stream_volume());
            self.apps.push(pair);
        }
    }

    /// Takes the pair of an application out of the graph.
    pub(super) fn retire_app(&mut self, app: u32) {
        self.watch.volumes().borrow_mut().remove_chain(ChainId::App(app));
        self.apps.retain(|pair| pair.app() != Some(app));
    }

    /// Puts `params` in force in the chain of an application.
    pub(super) fn set_app_params(&self, app: u32, params: ChainParams) {
        let pairs = self.apps.iter().filter(|pair| pair.app() == Some(app));
        pairs.for_each(|pair| pair.set_params(params));
    }

    /// Has the chain of an application begin with what is remembered of its programme.
    pub(super) fn recall(&self, app: u32, programme_lufs: f32) {
        let pairs = self.apps.iter().filter(|pair| pair.app() == Some(app));
        pairs.for_each(|pair| pair.recall(programme_lufs));
    }

    /// Makes the pair before a device.
    pub(super) fn build_device(
        &mut self,
        number: u32,
        device: Option<String>,
        channels: Channels,
        params: ChainParams,
        vitals: Arc<Vitals>,
    ) {
        let spec = PairSpec::device(channels, device, number);
        let failed = |reason| Event::Graph(GraphEvent::DeviceFailed { number, reason });
        if let Some(pair) = self.make(&spec, params, vitals, failed) {
            let chain = ChainId::Device(number);
            self.watch.volumes().borrow_mut().add_chain(chain, pair.stream_volume());
            self.devices.push(pair);
            self.follow_ceilings();
        }
    }

    /// Takes the pair before a device out of the graph.
    pub(super) fn retire_device(&mut self, number: u32) {
        self.watch.volumes().borrow_mut().remove_chain(ChainId::Device(number));
        self.devices.retain(|pair| pair.device() != Some(number));
        self.follow_ceilings();
    }

    /// Puts `params` in force in the chain before a device.
    pub(super) fn set_device_params(&self, number: u32, params: ChainParams) {
        let pairs = self.devices.iter().filter(|pair| pair.device() == Some(number));
        pairs.for_each(|pair| pair.set_params(params));
    }

    /// Has a chain know the volume of these streams.
    pub(super) fn set_volume_sources(&self, chain: ChainId, nodes: Vec<GlobalId>) {
        self.watch.volumes().borrow_mut().set_sources(chain, nodes);
    }

    /// Shares the ceiling of a device among the chains that play to it at once, by their playback halves.
    pub(super) fn share_ceilings(&self, shares: &[(GlobalId, u32)]) {
        for pair in self.pairs.iter().chain(&self.devices) {
            let share = shares.iter().find(|(output, _)| *output == pair.output());
            pair.share().store(share.map_or(1, |(_, chains)| *chains));
        }
    }

    fn follow_ceilings(&self) {
        let pairs = self.pairs.iter().chain(&self.devices);
        self.watch.ceilings().follow(pairs.map(Pair::share));
    }

    /// Puts `params` in force in the chain of the bus.
    pub(super) fn set_params(&self, params: ChainParams) {
        self.pairs.iter().for_each(|pair| pair.set_params(params));
    }

    /// Has levelling go on in the chains of these applications, or on the bus, from where it stands.
    pub(super) fn hand_over(&self, to: Leveller, bus: ChainParams, apps: &[(u32, ChainParams)]) {
        let playing = || {
            apps.iter().filter_map(|(number, params)| {
                Some((self.apps.iter().find(|pair| pair.app() == Some(*number))?, *params))
            })
        };
        let Some(newest) = self.pairs.last() else {
            return playing().for_each(|(pair, params)| pair.set_params(params));
        };
        let begun_ns = playing().map(|(pair, _)| pair.cycle_ns());
        let begun_ns = begun_ns.chain([newest.cycle_ns()]).max().unwrap_or(0);
        // Not in this cycle, which some may have done and others not. The bus, once it has what it needs,
        // waits for nobody: the streams are about to come.
        let at_ns = match to {
            Leveller::Bus => begun_ns + 1,
            Leveller::Apps => monotonic_nsec() + HANDED_OVER_AFTER_NS,
        };
        let (state, app_state) = match to {
            Leveller::Bus => {
                let states: Vec<_> = playing().map(|(pair, _)| pair.dynamics_state()).collect();
                (DynamicsState::of_sum(&states), None)
            }
            Leveller::Apps => {
                let mut state = newest.dynamics_state();
                if playing().count() > 1 {
                    // That of their sum, which none of them has alone.
                    state.programme_lufs = None;
                }
                (None, Some(state))
            }
        };
        self.pairs.iter().for_each(|pair| pair.hand_over(bus, state, at_ns));
        playing().for_each(|(pair, params)| pair.hand_over(params, app_state, at_ns));
    }

    /// Writes, or with `None` deletes, a key of a metadata object.
    pub(super) fn set_metadata(
        &self,
        name: MetadataName,
        subject: GlobalId,
        key: &str,
        value: Option<&(&'static str, String)>,
    ) {
        debug!(?name, subject, key, ?value, "writing metadata");
        if !self.watch.set_metadata(name, subject, key, value) {
            warn!(?name, key, "no such metadata object");
        }
    }

    /// Has taps on these streams and on no other.
    pub(super) fn set_taps(&mut self, wanted: &[Tap]) {
        self.taps.set(wanted);
        self.taps.link(&mut self.watch.ports().borrow_mut());
    }

    /// Follows what the graph has become.
    pub(super) fn settle(&mut self) {
        if self.suspicious.take() {
            self.ask(LOST_AFTER_ERROR);
        }
        let mut ports = self.watch.ports().borrow_mut();
        if ports.take_changed() || self.taps.is_waiting() {
            self.taps.link(&mut ports);
        }
    }

    /// Has a stream play at its user's volume times `gain`.
    pub(super) fn set_soft_volume(&self, node: GlobalId, gain: f32) {
        self.watch.set_soft_volume(node, gain);
    }

    /// Binds the metadata objects once more.
    pub(super) fn rebind_metadata(&self) {
        self.watch.rebind_metadata();
    }

    /// Takes the pair down, gives every volume back, and asks PipeWire to say when it has seen all
    /// of it.
    ///
    /// The number that comes back is stored in `synced`.
    pub(super) fn leave(&mut self) -> Result<i32, pipewire::Error> {
        self.watch.take_back_soft_volumes();
        self.taps.clear();
        self.apps.clear();
        self.devices.clear();
        self.pairs.clear();
        self.synced.set(0);
        self.node_core.sync(0)?;
        Ok(self.core.sync(0)?.raw())
    }
}
