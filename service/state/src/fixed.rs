//! Streams that stay at their first link for ever, and whose first link was to a chain all the same.
//!
//! The session manager may have linked one, or tried to, before we knew of it. It links it to nothing else afterwards,
//! so that the stream would fall silent with the chain: it is brought to its device by links of our making, which
//! outlive us.
//!
//! It is linked to a chain again when the bus is made anew: WirePlumber up to 0.5.8 at least says "not moving" of it, and
//! links it to the new default target beside its first link. It then goes back to the device that it played to.
//!
//! A recorder of the output can be such a stream as well (GStreamer's is). With a target that comes after its first link,
//! WirePlumber 0.5 links it to both, so that it hears everything twice: the link from our sink half is cut.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    Graph,
    place::Placement,
    survey::{Case, Survey},
};
use crate::event::{GlobalId, GraphCommand, NodeInfo, serial};

/// The session manager links a stream within some tens of milliseconds, or never. A link that is cut before it is
/// active, it makes again.
const LINKED_WITHIN: Duration = Duration::from_secs(1);

/// What is known of such streams, by their serial numbers.
#[derive(Debug, Default)]
pub(super) struct Freed {
    /// Brought to their devices by us, with the links that were to be cut for that.
    asked: BTreeMap<u64, Vec<GlobalId>>,
    /// Once linked to what is not ours, with the name of the device behind it: whoever cuts that, means it.
    settled: BTreeMap<u64, Option<String>>,
    /// In a chain, or linked to nothing: since when.
    since: BTreeMap<u64, Instant>,
}

impl Freed {
    /// Returns when such a stream is to be linked; `None` while there is none.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.since.values().min().map(|since| *since + LINKED_WITHIN)
    }

    /// Returns the commands that link such streams to their devices.
    pub(super) fn follow(
        &mut self,
        graph: &Graph,
        (survey, placements): (&Survey<'_>, &[Placement]),
        now: Instant,
    ) -> Vec<GraphCommand> {
        let before = std::mem::take(self);
        let mut commands = Vec::new();
        let cases = survey.cases.iter().zip(placements);
        for (case, placement) in cases.filter(|(case, placement)| placement.is_fixed(case)) {
            let Some(serial) = serial(case.node) else { continue };
            let records = matches!(placement, Placement::Listening);
            let unlink = if records {
                graph.links_from_chains(case.id)
            } else {
                graph.links_into_chains(case.id)
            };
            let is_caught = !unlink.is_empty();
            let is_linked = case.is_linked || records && graph.hears_device(case.id);
            let settled = if is_linked && !is_caught {
                Some(case.device.and_then(|device| device.props.get("node.name").cloned()))
            } else {
                before.settled.get(&serial).cloned()
            };
            let (is_settled, home) = (settled.is_some(), settled.clone().flatten());
            self.settled.extend(settled.map(|device| (serial, device)));
            if !is_caught && (is_settled || records || !wants_links(case)) {
                continue;
            }
            if before.asked.get(&serial) == Some(&unlink) {
                self.asked.insert(serial, unlink);
                continue;
            }
            let since = before.since.get(&serial).copied().unwrap_or(now);
            let links = if now < since + LINKED_WITHIN {
                None
            } else if records {
                monitor_links(graph, case)
            } else {
                links(graph, case, home.as_deref())
            };
            if let Some(links) = links {
                self.asked.insert(serial, unlink.clone());
                commands.push(GraphCommand::Relink { unlink, links });
            } else if now < since + LINKED_WITHIN {
                self.since.insert(serial, since);
            }
        }
        commands
    }
}

/// Says whether the session manager is to link a stream at all.
fn wants_links(case: &Case<'_>) -> bool {
    case.node.told && case.node.props.get("node.autoconnect").is_some_and(|value| value == "true")
}

/// Returns the ports by which a stream is linked to its device: the one in its target, else the one that it played to
/// (`home`) while that is there, else where the chain plays to; `None` while that, or a port, is not known.
fn links(graph: &Graph, case: &Case<'_>, home: Option<&str>) -> Option<Vec<(GlobalId, GlobalId)>> {
    let named = |node: Option<&NodeInfo>| graph.device_named(node?.props.get("node.name")?);
    let (device, _) = named(case.pinned_to)
        .or_else(|| graph.device_named(home?))
        .or_else(|| named(case.device))
        .or_else(|| graph.default_device())?;
    Some(graph.port_pairs(case.id, device)).filter(|links| !links.is_empty())
}

/// Returns the ports by which a recorder is linked to the default device, none where it hears a device already; `None`
/// while a port is not known.
fn monitor_links(graph: &Graph, case: &Case<'_>) -> Option<Vec<(GlobalId, GlobalId)>> {
    if graph.hears_device(case.id) {
        return Some(Vec::new());
    }
    let (device, _) = graph.default_device()?;
    Some(graph.port_pairs(device, case.id)).filter(|links| !links.is_empty())
}
