//! The chains before devices: what each is told, and which have none.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::{collections::BTreeMap, time::Instant};

use headroom_api::Problem;
use headroom_dsp::ChainParams;

use crate::{
    policy::Policy,
    pw::Command,
    state::{Bar, DeviceChains, Graph},
};

/// What the daemon keeps of the chains before devices.
#[derive(Debug, Default)]
pub(super) struct DeviceParams {
    told: BTreeMap<u32, ChainParams>,
    expiry: Option<Instant>,
}

impl DeviceParams {
    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns when a chain is to be looked at because nothing goes through it any more.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.expiry
    }

    /// Follows the chains that there are; returns the commands that give each its parameters.
    ///
    /// Streams have no chain of their own there, so it has all stages; the spare one stands in for the bus
    /// and does what that does, by `bus`.
    pub(super) fn follow(
        &mut self,
        chains: &DeviceChains,
        policy: &Policy,
        bus: ChainParams,
        now: Instant,
    ) -> Vec<Command> {
        self.expiry = chains.next_expiry().filter(|at| *at > now);
        let params = policy.settings().chain;
        let before = std::mem::take(&mut self.told);
        let spare = chains.spare().map(|number| (number, bus));
        self.told = chains.iter().map(|(number, _)| (number, params)).chain(spare).collect();
        let news = self.told.iter().filter(|(number, params)| before.get(number) != Some(params));
        news.map(|(number, params)| Command::SetDeviceParams { number: *number, params: *params })
            .collect()
    }
}

/// Says which devices something plays to that should be processed there and is not.
pub(super) fn problems_of(chains: &DeviceChains, graph: &Graph) -> Vec<Problem> {
    let told = |bar: &Bar| !matches!(bar, Bar::Profile | Bar::Virtual);
    let barred = chains.barred().filter(|(_, bar)| told(bar));
    let problem = |(node, bar): (&str, &Bar)| {
        let known = graph.device_named(node).map(|(_, node)| &node.props);
        let described = known.and_then(|props| props.get("node.description"));
        let device = described.map_or(node, String::as_str).to_owned();
        Problem::DeviceUnprotected { node: node.to_owned(), device, blocked: bar.into() }
    };
    barred.map(problem).collect()
}
