//! Among how many chains the ceiling of a device is shared.
//!
//! Each chain holds the ceiling of what passes it; the sum of two would not. While streams move from one
//! chain to another, both play to the same device for some cycles: when the default device moves to one
//! that has a chain, or a chain is replaced by one with other channels. Told before the session manager
//! has made the new links, each of them keeps to its share.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Graph,
    smart_filter::{BOUND_KEY, bound_device},
};
use crate::event::{GlobalId, MetadataName, NodeInfo};

/// Returns the playback half of every chain that shares its device, with the number of chains that do.
pub fn shares(graph: &Graph) -> Vec<(GlobalId, u32)> {
    let mut by_device: BTreeMap<GlobalId, Vec<GlobalId>> = BTreeMap::new();
    for (output, node) in graph.limiting_outputs() {
        let sink = graph.sink_of(output);
        // A chain that nothing plays into runs along with its device. Of one that is to go, no more is known.
        if sink.map_or(node.running, |sink| graph.is_played_into(sink)) {
            for device in devices_of(graph, output, node, sink) {
                by_device.entry(device).or_default().push(output);
            }
        }
    }
    let mut shares: BTreeMap<GlobalId, u32> = BTreeMap::new();
    for outputs in by_device.values().filter(|outputs| outputs.len() > 1) {
        let chains = u32::try_from(outputs.len()).unwrap_or(u32::MAX);
        for output in outputs {
            let share = shares.entry(*output).or_default();
            *share = chains.max(*share);
        }
    }
    shares.into_iter().collect()
}

/// Returns the devices that a chain plays to, and those that the session manager is about to link it to.
fn devices_of(
    graph: &Graph,
    output: GlobalId,
    node: &NodeInfo,
    sink: Option<GlobalId>,
) -> BTreeSet<GlobalId> {
    let written = sink.and_then(|sink| graph.metadata(MetadataName::Filters, sink, BOUND_KEY));
    let bound = written.or_else(|| node.props.get(BOUND_KEY).map(String::as_str));
    let device = match bound {
        Some(bound) => bound_device(bound).and_then(|name| graph.device_named(&name)),
        None => graph.default_device(),
    };
    graph.targets(output).into_iter().chain(device.map(|(id, _)| id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{ChainId, ChainInfo, GraphEvent},
        layout::Channels,
        smart_filter::SMART_KEY,
    };

    const HERE: GlobalId = 40;
    const THERE: GlobalId = 41;
    const BUS: GlobalId = 50;
    const DEVICE_CHAIN: GlobalId = 60;
    const STREAM: GlobalId = 70;

    fn node(graph: &mut Graph, id: GlobalId, props: &[(&str, &str)]) {
        let props = props.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let info = NodeInfo { props: props.collect(), told: true, ..NodeInfo::default() };
        graph.apply(GraphEvent::Node { id, info });
    }

    /// A chain's playback half, whose sink half has the number before it.
    fn output(graph: &mut Graph, id: GlobalId, target: Option<&str>) {
        let mut props = vec![
            ("media.class", "Stream/Output/Audio"),
            ("node.link-group", "headroom.some"),
            (SMART_KEY, "true"),
        ];
        props.extend(target.map(|target| (BOUND_KEY, target)));
        node(graph, id, &props);
    }

    fn chain(graph: &mut Graph, id: ChainId, sink: GlobalId) {
        let (channels, output) = (Channels::stereo(), sink + 1);
        let (disabled, latency_frames, rate_hz) = (false, None, 0);
        let info = ChainInfo { sink, output, channels, disabled, latency_frames, rate_hz };
        graph.apply(GraphEvent::Chain { id, info });
    }

    fn link(graph: &mut Graph, output_node: GlobalId, input_node: GlobalId) {
        let id = 1_000 + output_node * 100 + input_node;
        graph.apply(GraphEvent::Link { id, output_node, input_node });
    }

    fn default_device(graph: &mut Graph, name: &str) {
        let value = Some(("Spa:String:JSON".to_owned(), format!("{{\"name\":\"{name}\"}}")));
        let (name, subject, key) =
            (MetadataName::Default, 0, Some("default.audio.sink".to_owned()));
        graph.apply(GraphEvent::Metadata { name, subject, key, value });
    }

    /// The bus plays here by default, and a chain of its own stands before the device there.
    fn two_chains() -> Graph {
        let mut graph = Graph::default();
        for (id, name) in [(HERE, "here"), (THERE, "there")] {
            node(&mut graph, id, &[("media.class", "Audio/Sink"), ("node.name", name)]);
        }
        default_device(&mut graph, "here");
        output(&mut graph, BUS + 1, None);
        chain(&mut graph, ChainId::Bus(1), BUS);
        output(&mut graph, DEVICE_CHAIN + 1, Some("{\"node.name\":\"there\"}"));
        chain(&mut graph, ChainId::Device(1), DEVICE_CHAIN);
        link(&mut graph, STREAM, BUS);
        link(&mut graph, BUS + 1, HERE);
        link(&mut graph, STREAM + 1, DEVICE_CHAIN);
        link(&mut graph, DEVICE_CHAIN + 1, THERE);
        graph
    }

    #[test]
    fn chains_of_different_devices_share_nothing() {
        assert_eq!(shares(&two_chains()), []);
    }

    #[test]
    fn chain_that_nothing_plays_into_shares_nothing() {
        let mut graph = two_chains();
        default_device(&mut graph, "there");
        graph.apply(GraphEvent::Removed { id: 1_000 + STREAM * 100 + BUS });
        let info = graph.node(BUS + 1).unwrap().clone();
        // Its device runs, and it with it.
        let info = NodeInfo { running: true, ..info };
        graph.apply(GraphEvent::Node { id: BUS + 1, info });
        assert_eq!(shares(&graph), []);
    }

    #[test]
    fn ceiling_is_shared_as_soon_as_the_default_device_moves() {
        let mut graph = two_chains();
        default_device(&mut graph, "there");
        assert_eq!(shares(&graph), [(BUS + 1, 2), (DEVICE_CHAIN + 1, 2)]);
        // Its streams have moved to the other chain.
        graph.apply(GraphEvent::Removed { id: 1_000 + STREAM * 100 + BUS });
        assert_eq!(shares(&graph), []);
    }

    #[test]
    fn chain_that_is_still_linked_shares_with_the_one_in_its_place() {
        let mut graph = two_chains();
        let bound = Some(("Spa:String:JSON".to_owned(), "{\"node.name\":\"there\"}".to_owned()));
        let (name, key) = (MetadataName::Filters, Some(BOUND_KEY.to_owned()));
        graph.apply(GraphEvent::Metadata { name, subject: BUS, key, value: bound });
        assert_eq!(shares(&graph), [(BUS + 1, 2), (DEVICE_CHAIN + 1, 2)], "it is about to come");
        // An older one, which is to go and still plays.
        output(&mut graph, BUS + 5, None);
        link(&mut graph, BUS + 5, HERE);
        assert_eq!(shares(&graph).len(), 2, "it is silent");
        let info = graph.node(BUS + 5).unwrap().clone();
        graph.apply(GraphEvent::Node { id: BUS + 5, info: NodeInfo { running: true, ..info } });
        assert_eq!(shares(&graph), [(BUS + 1, 2), (BUS + 5, 2), (DEVICE_CHAIN + 1, 2)]);
    }
}
