//! The devices in use, and what protects each.

use headroom_api::Dict;

use super::wire::DictBuilder;
use crate::{
    pw::{GlobalId, NodeInfo},
    state::{DeviceChains, Graph, StreamStatus},
};

/// A device that something plays to, or would if it played.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInUse {
    /// `node.name`.
    pub name: String,
    /// What a person calls it.
    pub description: String,
    /// Rate at which its chain runs, in Hz; 0 without one, or before anything was played.
    pub rate_hz: u32,
    /// Number of channels.
    pub channels: u32,
    /// Delay of its chain, in frames.
    pub latency_frames: u32,
    /// The chain before it.
    pub chain: &'static str,
}

/// Returns the default device, and then every other one that has a chain or that a stream plays to.
pub fn outputs(
    graph: &Graph,
    chains: &DeviceChains,
    streams: &[StreamStatus],
    bypass: bool,
) -> Vec<DeviceInUse> {
    let default = graph.default_device();
    let bus = graph.pair.as_ref().filter(|_| !bypass);
    let mut outputs: Vec<DeviceInUse> = Vec::new();
    if let Some((id, node)) = default {
        let chain = bus.map(|pair| ("bus", pair.rate_hz, pair.latency_frames));
        outputs.push(describe(graph, id, node, chain));
    }
    let chained = chains.iter().map(|(_, device)| device);
    let mut names: Vec<&str> = streams.iter().map(|stream| stream.device.as_str()).collect();
    names.extend(chained);
    names.sort_unstable();
    names.dedup();
    for name in names {
        let Some((id, node)) = graph.device_named(name) else { continue };
        if default.is_some_and(|(known, _)| known == id) {
            continue;
        }
        let number = chains.iter().find(|(_, device)| *device == name).map(|(number, _)| number);
        let pair = number.and_then(|number| graph.device_pair(number));
        let chain = pair.map(|pair| ("device", pair.rate_hz, pair.latency_frames));
        outputs.push(describe(graph, id, node, chain));
    }
    outputs
}

fn describe(
    graph: &Graph,
    id: GlobalId,
    node: &NodeInfo,
    chain: Option<(&'static str, u32, Option<usize>)>,
) -> DeviceInUse {
    let prop = |keys: &[&str]| keys.iter().find_map(|key| node.props.get(*key));
    let name = prop(&["node.name"]).cloned().unwrap_or_default();
    let (chain, rate_hz, latency_frames) = chain.unwrap_or(("none", 0, None));
    DeviceInUse {
        description: prop(&["node.description", "node.nick"]).unwrap_or(&name).clone(),
        name,
        rate_hz,
        channels: u32::try_from(graph.input_ports(id)).unwrap_or(u32::MAX),
        latency_frames: u32::try_from(latency_frames.unwrap_or(0)).unwrap_or(u32::MAX),
        chain,
    }
}

impl DeviceInUse {
    pub(super) fn dict(&self) -> Dict {
        let latency_ms = match self.rate_hz {
            0 => 0.0,
            rate => f64::from(self.latency_frames) * 1000.0 / f64::from(rate),
        };
        DictBuilder::default()
            .with("name", self.name.as_str())
            .with("description", self.description.as_str())
            .with("rate", self.rate_hz)
            .with("channels", self.channels)
            .with("latency-ms", latency_ms)
            .with("chain", self.chain)
            .build()
    }
}
