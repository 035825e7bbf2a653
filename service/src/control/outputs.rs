//! The devices in use, and what protects each.

use headroom_api::{ChainKind, OutputRow};

use crate::{
    rt::VitalsSnapshot,
    state::{DeviceChains, GlobalId, Graph, NodeInfo, StreamStatus},
};

/// Describes the default device, if there is one; its chain is the bus, unless everything is bypassed.
pub fn output(graph: &Graph, vitals: VitalsSnapshot, bypass: bool) -> Option<OutputRow> {
    let (id, node) = graph.default_device()?;
    let pair = graph.bus();
    let chain = pair.map(|pair| (ChainKind::Bus, pair.rate_hz, pair.latency_frames));
    let row = describe(graph, id, node, chain);
    let rate = node.props.get("audio.rate").and_then(|rate| rate.parse().ok());
    Some(OutputRow {
        chain: if bypass { ChainKind::None.into() } else { row.chain },
        quantum_frames: Some(vitals.quantum_frames),
        latency_frames: Some(frames(pair.and_then(|pair| pair.latency_frames))),
        device_rate_hz: Some(rate.unwrap_or(0)),
        ..row
    })
    .filter(|row| !row.name.is_empty())
}

/// Returns the default device, and then every other one that has a chain or that a stream plays to.
pub fn outputs(
    graph: &Graph,
    chains: &DeviceChains,
    streams: &[StreamStatus],
    bypass: bool,
) -> Vec<OutputRow> {
    let default = graph.default_device();
    let bus = graph.bus().filter(|_| !bypass);
    let mut outputs: Vec<OutputRow> = Vec::new();
    if let Some((id, node)) = default {
        let chain = bus.map(|pair| (ChainKind::Bus, pair.rate_hz, pair.latency_frames));
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
        let own = chains.iter().find(|(_, device)| *device == name);
        let chain = own.and_then(|(id, _)| graph.chain(id));
        let chain = chain.map(|pair| (ChainKind::Device, pair.rate_hz, pair.latency_frames));
        outputs.push(describe(graph, id, node, chain));
    }
    outputs
}

fn describe(
    graph: &Graph,
    id: GlobalId,
    node: &NodeInfo,
    chain: Option<(ChainKind, u32, Option<usize>)>,
) -> OutputRow {
    let prop = |keys: &[&str]| keys.iter().find_map(|key| node.props.get(*key));
    let name = prop(&["node.name"]).cloned().unwrap_or_default();
    let (chain, rate_hz, latency_frames) = chain.unwrap_or((ChainKind::None, 0, None));
    let latency_ms = match rate_hz {
        0 => 0.0,
        rate => f64::from(frames(latency_frames)) * 1000.0 / f64::from(rate),
    };
    OutputRow {
        description: prop(&["node.description", "node.nick"]).unwrap_or(&name).clone(),
        name,
        rate_hz,
        channels: u32::try_from(graph.input_ports(id)).unwrap_or(u32::MAX),
        latency_ms,
        chain: chain.into(),
        ..OutputRow::default()
    }
}

fn frames(count: Option<usize>) -> u32 {
    count.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
}
