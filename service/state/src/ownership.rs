//! What we have asked of the graph so far: targets, chains, and what the bus was told.

use std::time::Instant;

use headroom_api::ChainKind;

use super::{
    Graph,
    apps::AppChains,
    devices::DeviceChains,
    effects::TakenBack,
    fixed::Freed,
    ledger::{Journal, Ledger},
    pins::Pins,
    pool::Pool,
    quiet::Quiet,
};
use crate::{
    event::{ChainId, ChainSpec, GlobalId, GraphCommand},
    layout::Channels,
};

/// What we have asked for so far, and what of it the graph has confirmed.
#[derive(Debug, Default)]
pub struct Ownership {
    pub(super) ledger: Ledger,
    pub(super) pool: Pool,
    pub(super) apps: AppChains,
    pub(super) devices: DeviceChains,
    pub(super) freed: Freed,
    pub(super) taken_back: TakenBack,
    pub(super) quiet: Quiet,
    /// The bus that was asked for last; `None` when another one is to be made.
    bus: Option<ChainId>,
    /// Whether the bus with this sink half was last asked to be left out.
    pub(super) asked_disabled: Option<(GlobalId, bool)>,
}

impl Ownership {
    /// Starts with the targets that an earlier run wrote and could not take back.
    pub fn inherit(journal: Journal) -> Self {
        Self { ledger: Ledger::inherit(journal), ..Self::default() }
    }

    /// Forgets everything: PipeWire is gone, and all of it with it.
    pub fn forget(&mut self) {
        let mut pool = std::mem::take(&mut self.pool);
        pool.forget();
        *self = Self { pool, ..Self::default() };
    }

    /// Returns every chain.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns when something is to be looked at that no event tells of; `None` while there is nothing.
    pub fn next_expiry(&self) -> Option<Instant> {
        // What falls due while nothing is asked for is done afterwards.
        let due = [self.pool.next_expiry(), self.freed.next_due()].into_iter().flatten().min();
        self.quiet.end().or(due)
    }

    /// Returns the chains of applications.
    pub fn apps(&self) -> &AppChains {
        &self.apps
    }

    /// Returns the chains before devices that are not the default one.
    pub fn devices(&self) -> &DeviceChains {
        &self.devices
    }

    /// Takes in how many chains the process can afford.
    pub fn set_affordable_apps(&mut self, chains: usize) {
        self.apps.set_affordable(chains);
    }

    /// Takes in that PipeWire has rejected a chain. What needs it does without, but for the bus: see
    /// [`forget_bus`](Self::forget_bus).
    pub fn reject(&mut self, id: ChainId) {
        match id {
            ChainId::App(_) => self.apps.reject(id),
            ChainId::Device(_) => self.devices.reject(id),
            ChainId::Bus(_) => return,
        }
        self.pool.set_aside(id);
    }

    /// Has the bus made anew with the next plan.
    pub fn forget_bus(&mut self) {
        self.bus = None;
        self.asked_disabled = None;
    }

    /// Asks for a bus with these channels, unless there is one.
    pub(super) fn ask_bus(&mut self, channels: Channels, disabled: bool) -> Option<GraphCommand> {
        let asked = self.bus.and_then(|id| self.pool.spec(id));
        if asked.is_some_and(|spec| spec.channels == channels) {
            return None;
        }
        self.forget_bus();
        let spec = ChainSpec { channels, device: None, disabled };
        let (id, command) = self.pool.build(ChainId::Bus, spec);
        // The old one goes when the new one leads to the device, not before.
        let buses: Vec<ChainId> = self.pool.of_kind(ChainKind::Bus).collect();
        for old in buses.into_iter().filter(|old| *old != id) {
            self.pool.replace(old, id);
        }
        self.bus = Some(id);
        Some(command)
    }

    /// Forgets what was asked of a session manager that is gone.
    pub(super) fn forget_session_manager(&mut self) {
        self.asked_disabled = None;
        self.devices.forget_binding();
    }

    /// Says whether nothing is to be asked of the session manager now: a headset changes its profile.
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.quiet.end().is_some_and(|end| now < end)
    }

    /// Says whether a write has not been received yet.
    pub fn is_in_flight(&self, graph: &Graph) -> bool {
        self.ledger.is_in_flight(graph)
    }

    /// Takes what has not been received for what it is: lost, as a session manager that is just
    /// starting loses it. The next plan writes it again.
    pub fn give_up_in_flight(&mut self, graph: &Graph) {
        self.ledger.give_up_in_flight(graph);
    }

    /// Returns what a later run would have to take back.
    pub fn journal(&self) -> Journal {
        self.ledger.journal()
    }

    /// Returns the commands that take every target of ours back, but those that it would take a device
    /// of the user's to delete: they stay for as long as their streams.
    pub fn release(&mut self, graph: &Graph, pins: &Pins) -> Vec<GraphCommand> {
        self.ledger.release(graph, pins)
    }

    /// Returns the commands that take back what a run that has died left, of which
    /// [`inherit`](Self::inherit) was told.
    pub fn take_back(&mut self, graph: &Graph, pins: &Pins) -> Vec<GraphCommand> {
        self.ledger.take_back(graph, pins)
    }

    /// Takes in that the session manager's file is another one: what is in it was chosen, no more.
    pub fn forget_fresh_pins(&mut self) {
        self.ledger.forget_fresh_pins();
    }
}
