//! The chains before devices: what each is told, and which have none.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::collections::BTreeMap;

use headroom_api::{Blocked, Problem};
use headroom_dsp::ChainParams;

use crate::{
    policy::Policy,
    pw::Command,
    state::{ChainId, DeviceChains, DeviceSettings, Graph},
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
        (graph, policy, settings): (&Graph, &Policy, &DeviceSettings),
        bus: ChainParams,
    ) -> Vec<Command> {
        let params = policy.settings().chain;
        let before = std::mem::take(&mut self.told);
        let spare = chains.spare().map(|id| (id, bus));
        let of = |id| if chains.limits_only(id) { params.for_bus() } else { params };
        let held = |id, device: &str| {
            let own = settings.of(device);
            let params = own.in_force(of(id), graph.device_volume_db(device), false);
            lowered(params, policy, graph.amplification_db(device))
        };
        self.told = chains.iter().map(|(id, device)| (id, held(id, device))).chain(spare).collect();
        let news = self.told.iter().filter(|(id, params)| before.get(id) != Some(params));
        news.map(|(id, params)| Command::SetParams { id: *id, params: *params }).collect()
    }
}

/// Returns the parameters of a chain before a device that amplifies by `gain_db`: the ceiling goes down by as much, where
/// the profile wants that.
pub(super) fn lowered(params: ChainParams, policy: &Policy, gain_db: f32) -> ChainParams {
    let mut params = params;
    if policy.settings().hold_at_device {
        params.limiter.ceiling_dbtp = (params.limiter.ceiling_dbtp - gain_db).max(lowest_dbtp());
    }
    params
}

/// Returns the lowest ceiling that there is.
fn lowest_dbtp() -> f32 {
    headroom_profile::range("limiter.ceiling_dbtp").map_or(0.0, |range| range.min)
}

/// Returns the gain of what the bus plays to, by which its ceiling is to go down, in dB.
pub(super) fn gain_behind_bus_db(chains: &DeviceChains, graph: &Graph) -> f32 {
    let default = graph.default_device_name();
    let devices = [chains.bound(), default.as_deref()].into_iter().flatten();
    devices.map(|device| graph.amplification_db(device)).fold(0.0, f32::max)
}

/// Says which of the devices with a chain amplify.
pub(super) fn amplified(chains: &DeviceChains, graph: &Graph, policy: &Policy) -> Vec<Problem> {
    let default = graph.default_device_name();
    let mut names: Vec<&str> = chains.iter().map(|(_, device)| device).collect();
    names.extend([chains.bound(), default.as_deref()].into_iter().flatten());
    names.sort_unstable();
    names.dedup();
    let problem = |node: &str| {
        let gain_db = graph.amplification_db(node);
        let settings = policy.settings();
        let fits = settings.chain.limiter.ceiling_dbtp - gain_db >= lowest_dbtp();
        (gain_db > 0.0).then(|| Problem::DeviceAmplified {
            node: node.to_owned(),
            device: described(graph, node),
            // Mixers show the cube root of the gain.
            percent: (100.0 * 10_f32.powf(gain_db / 60.0)).round() as u32,
            held: settings.hold_at_device && fits,
        })
    };
    names.into_iter().filter_map(problem).collect()
}

/// Returns a device's name for people.
pub(super) fn described(graph: &Graph, node: &str) -> String {
    let known = graph.device_named(node).map(|(_, node)| &node.props);
    let described = known.and_then(|props| props.get("node.description"));
    described.map_or(node, String::as_str).to_owned()
}

/// Says which devices something plays to that should be processed there and is not.
pub(super) fn problems_of(chains: &DeviceChains, graph: &Graph) -> Vec<Problem> {
    let told = |why: &Blocked| !matches!(why, Blocked::DefaultOnly | Blocked::Virtual);
    let blocked = chains.all_blocked().filter(|(_, why)| told(why));
    let problem = |(node, why): (&str, &Blocked)| {
        let device = described(graph, node);
        Problem::DeviceUnprotected { node: node.to_owned(), device, blocked: why.clone() }
    };
    blocked.map(problem).collect()
}
