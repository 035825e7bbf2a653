//! Every chain on a connection: one map of pairs, whatever they are for.
//!
//! Runs on the loop thread. Which chains there are, and what each is told, is decided elsewhere.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use headroom_dsp::{ChainParams, DynamicsState};
use pipewire::{core::CoreRc, sys::pw_stream};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    ChainId, ChainSpec, Event, GlobalId, GraphEvent, Leveller, ceilings::Ceilings, chain::Chain,
    guards::Guards, stream_volumes::StreamVolumes,
};
use crate::{
    clock::monotonic_nsec,
    rt::{Stalls, Vitals},
};

/// How long all chains get to hear of it that levelling is to go from the bus to applications' own.
const HANDED_OVER_AFTER_NS: i64 = 100_000_000;

/// The chains of a connection; dropping them takes them out of the graph.
pub(super) struct Chains {
    by_id: BTreeMap<ChainId, Chain>,
    core: CoreRc,
    ceilings: Ceilings,
    events: UnboundedSender<Event>,
    stalls: Arc<Stalls<pw_stream>>,
}

impl Chains {
    /// Begins without any; their nodes are made on `core`.
    pub(super) fn new(core: CoreRc, ceilings: Ceilings, events: UnboundedSender<Event>) -> Self {
        Self { by_id: BTreeMap::new(), core, ceilings, events, stalls: Arc::default() }
    }

    /// Makes a chain, or tells that PipeWire has refused it; those that are there already stay.
    pub(super) fn build(
        &mut self,
        id: ChainId,
        spec: &ChainSpec,
        params: ChainParams,
        vitals: Arc<Vitals>,
        (volumes, guards): (&RefCell<StreamVolumes>, &RefCell<Guards>),
    ) {
        let shared = (vitals, &self.stalls);
        match Chain::new(&self.core, id, spec, params, shared, self.events.clone()) {
            Ok(pair) => {
                volumes.borrow_mut().add_chain(id, pair.stream_volume());
                if id.holds_ceiling() {
                    guards.borrow_mut().add_chain(id, pair.guard());
                }
                self.by_id.insert(id, pair);
                self.follow_ceilings();
            }
            Err(error) => {
                let reason = format!("PipeWire refused the filter: {error}");
                let _ = self.events.send(Event::Graph(GraphEvent::ChainFailed { id, reason }));
            }
        }
    }

    /// Takes a chain out of the graph.
    pub(super) fn retire(
        &mut self,
        id: ChainId,
        (volumes, guards): (&RefCell<StreamVolumes>, &RefCell<Guards>),
    ) {
        volumes.borrow_mut().remove_chain(id);
        guards.borrow_mut().remove_chain(id);
        self.by_id.remove(&id);
        self.follow_ceilings();
    }

    /// Takes every chain out of the graph, those first that play into another.
    pub(super) fn clear(&mut self) {
        while let Some((_, pair)) = self.by_id.pop_first() {
            drop(pair);
        }
    }

    /// Puts `params` in force in a chain.
    pub(super) fn set_params(&self, id: ChainId, params: ChainParams) {
        if let Some(pair) = self.by_id.get(&id) {
            pair.set_params(params);
        }
    }

    /// Has a chain begin with what is remembered of its programme.
    pub(super) fn recall(&self, id: ChainId, programme_lufs: f32) {
        if let Some(pair) = self.by_id.get(&id) {
            pair.recall(programme_lufs);
        }
    }

    /// Has levelling go on in the chains of these applications, or on the bus, from where it stands.
    pub(super) fn hand_over(
        &self,
        to: Leveller,
        bus: ChainParams,
        apps: &[(ChainId, ChainParams)],
    ) {
        let playing =
            || apps.iter().filter_map(|(id, params)| Some((self.by_id.get(id)?, *params)));
        let Some(newest) = self.buses().next_back() else {
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
        self.buses().for_each(|chain| chain.hand_over(bus, state, at_ns));
        playing().for_each(|(pair, params)| pair.hand_over(params, app_state, at_ns));
    }

    /// Shares the ceiling of a device among the chains that play to it at once, by their playback halves.
    pub(super) fn share_ceilings(&self, shares: &[(GlobalId, u32)]) {
        for pair in self.limiting() {
            let share = shares.iter().find(|(output, _)| *output == pair.output());
            pair.share().store(share.map_or(1, |(_, chains)| *chains));
        }
    }

    fn follow_ceilings(&self) {
        self.ceilings.follow(self.limiting().map(Chain::share));
    }

    fn limiting(&self) -> impl Iterator<Item = &Chain> {
        self.by_id.iter().filter(|(id, _)| id.holds_ceiling()).map(|(_, pair)| pair)
    }

    /// Every bus, the newest last.
    fn buses(&self) -> impl DoubleEndedIterator<Item = &Chain> {
        self.by_id.range(ChainId::Bus(0)..).map(|(_, pair)| pair)
    }
}

impl Drop for Chains {
    fn drop(&mut self) {
        self.clear();
    }
}
