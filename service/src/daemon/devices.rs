//! The chains before devices: what each is told, and which have none.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::collections::BTreeMap;

use headroom_api::{Blocked, Problem};
use headroom_dsp::ChainParams;

use crate::{
    policy::Policy,
    pw::Command,
    state::{ChainId, DeviceChains, Graph},
};

/// What the chains before devices were told.
#[derive(Debug, Default)]
pub(super) struct DeviceParams {
    told: BTreeMap<ChainId, ChainParams>,
}

impl DeviceParams {
    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Follows the chains that there are; returns the commands that give each its parameters.
    ///
    /// Streams have no chain of their own there, so it has all stages, but where a device tail plays, which is
    /// limited alone; the spare one stands in for the bus
    /// and does what that does, by `bus`.
    pub(super) fn follow(
        &mut self,
        chains: &DeviceChains,
        policy: &Policy,
        bus: ChainParams,
    ) -> Vec<Command> {
        let params = policy.settings().chain;
        let before = std::mem::take(&mut self.told);
        let spare = chains.spare().map(|id| (id, bus));
        let of = |id| if chains.limits_only(id) { params.for_bus() } else { params };
        self.told = chains.iter().map(|(id, _)| (id, of(id))).chain(spare).collect();
        let news = self.told.iter().filter(|(id, params)| before.get(id) != Some(params));
        news.map(|(id, params)| Command::SetParams { id: *id, params: *params }).collect()
    }
}

/// Says which devices something plays to that should be processed there and is not.
pub(super) fn problems_of(chains: &DeviceChains, graph: &Graph) -> Vec<Problem> {
    let told = |why: &Blocked| !matches!(why, Blocked::DefaultOnly | Blocked::Virtual);
    let blocked = chains.all_blocked().filter(|(_, why)| told(why));
    let problem = |(node, why): (&str, &Blocked)| {
        let known = graph.device_named(node).map(|(_, node)| &node.props);
        let described = known.and_then(|props| props.get("node.description"));
        let device = described.map_or(node, String::as_str).to_owned();
        Problem::DeviceUnprotected { node: node.to_owned(), device, blocked: why.clone() }
    };
    blocked.map(problem).collect()
}
