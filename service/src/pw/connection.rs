//! One connection to PipeWire, from the first hello until it breaks.
//!
//! Owns the core, the watch on the graph and the chains. Runs on the loop thread.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::Path,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use headroom_api::JumpGuard;
use headroom_dsp::ChainParams;
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
    ChainId, ChainSpec, Event, GlobalId, GraphEvent, MetadataName, Tap, VolumeChange,
    chains::Chains,
    foreign::{self, CoreEvent, CoreListener},
    guards::Guards,
    liveness::{LOST_AFTER, LOST_AFTER_ERROR, Liveness},
    registry::Watch,
    relink,
    taps::Taps,
};
use crate::rt::Vitals;

/// `-EPIPE`: the daemon is gone.
const BROKEN_PIPE: i32 = -32;

/// A live connection; dropping it leaves the graph.
pub(super) struct Connection {
    // Declared in the order in which they must go: nodes, then watch, then the cores' listeners.
    chains: Chains,
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
    synced: Rc<Cell<i32>>,
    liveness: Rc<RefCell<Liveness>>,
    /// There was an error that may be a loss.
    suspicious: Rc<Cell<bool>>,
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
        let guards = Rc::new(RefCell::new(Guards::default()));
        let told_guards = guards.clone();
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
                    (2, _) => {
                        told_guards.borrow_mut().end_enumeration();
                        let _ = done_events.send(Event::Graph(GraphEvent::Enumerated));
                    }
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
        let watch = Watch::new(registry, guards, events.clone());
        core.sync(0)?;
        Ok(Self {
            chains: Chains::new(node_core.clone(), watch.ceilings(), events.clone()),
            taps: Taps::new(node_core.clone(), events),
            watch,
            _listener: listener,
            _node_listener: node_listener,
            core,
            node_core,
            synced,
            liveness,
            suspicious,
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

    /// Makes a chain; those that are there already stay.
    pub(super) fn build(
        &mut self,
        id: ChainId,
        spec: &ChainSpec,
        params: ChainParams,
        vitals: Arc<Vitals>,
    ) {
        let followers = (self.watch.volumes(), self.watch.guards());
        self.chains.build(id, spec, params, vitals, followers);
    }

    /// Takes a chain out of the graph.
    pub(super) fn retire(&mut self, id: ChainId) {
        self.chains.retire(id, (self.watch.volumes(), self.watch.guards()));
    }

    /// Returns every chain.
    pub(super) fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Has a chain know the volume of these streams.
    pub(super) fn set_volume_sources(&self, chain: ChainId, nodes: Vec<GlobalId>) {
        self.watch.volumes().borrow_mut().set_sources(chain, nodes);
    }

    /// Has the guards of chains follow these devices, with what is wanted at each by its name.
    pub(super) fn set_guards(
        &self,
        chains: &[(ChainId, GlobalId)],
        modes: HashMap<String, JumpGuard>,
    ) {
        self.watch.guards().borrow_mut().follow(chains, modes);
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

    /// Cuts links, and makes others, port by port, that stay when we go.
    pub(super) fn relink(&self, unlink: &[GlobalId], links: &[(GlobalId, GlobalId)]) {
        debug!(?unlink, ?links, "taking a stream out of a chain");
        self.watch.cut(unlink);
        relink::link(&self.core, links);
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

    /// Changes a stream's own volume, for the person.
    pub(super) fn set_own_volume(&self, node: GlobalId, stream: u64, change: VolumeChange) {
        self.watch.set_own_volume(node, stream, change);
    }

    /// Binds the metadata objects once more.
    pub(super) fn rebind_metadata(&self) {
        self.watch.rebind_metadata();
    }

    /// Takes every chain down, gives every volume back, and asks PipeWire to say when it has seen all
    /// of it.
    ///
    /// The number that comes back is stored in `synced`.
    pub(super) fn leave(&mut self) -> Result<i32, pipewire::Error> {
        self.watch.take_back_soft_volumes();
        self.taps.clear();
        self.chains.clear();
        self.synced.set(0);
        self.node_core.sync(0)?;
        Ok(self.core.sync(0)?.raw())
    }
}
