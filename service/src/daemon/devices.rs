//! The chains before devices: what each is told, and which have none.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::{collections::BTreeMap, time::Instant};

use headroom_api::ProblemRow;
use headroom_dsp::ChainParams;

use super::problems::problem;
use crate::{
    policy::Policy,
    pw::Command,
    state::{Bar, DeviceChains, Graph, MAX_DEVICE_CHAINS},
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
pub(super) fn problems_of(chains: &DeviceChains, graph: &Graph) -> Vec<ProblemRow> {
    let rows = chains.barred().filter_map(|(device, bar)| {
        let known = graph.device_named(device).map(|(_, node)| &node.props);
        let described = known.and_then(|props| props.get("node.description"));
        let name = described.map_or(device, String::as_str);
        let sentence = match bar {
            Bar::Untouched { app } => format!(
                "What was sent to '{name}' is not protected: '{app}' is bypassed and plays there as \
                 well, and both can only be processed together. Send '{app}' to another device, or \
                 have it processed."
            ),
            Bar::Refused => format!(
                "What plays to '{name}' is not protected: PipeWire has refused the filter there. It \
                 is tried again when something else is sent there."
            ),
            Bar::TooMany => format!(
                "What plays to '{name}' is not protected: {MAX_DEVICE_CHAINS} devices have a filter \
                 already."
            ),
            Bar::Profile | Bar::Virtual => return None,
        };
        Some(problem("device-unprotected", device, &sentence))
    });
    rows.collect()
}
