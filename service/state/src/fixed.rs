//! Streams that stay at their first link for ever, and whose first link was to a chain all the same.
//!
//! The session manager may have linked one, or tried to, before we knew of it. It links it to nothing else afterwards,
//! so that the stream would fall silent with the chain: it is brought to its device by links of our making, which
//! outlive us.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    Graph,
    place::Placement,
    survey::{Case, Survey},
};
use crate::event::{GraphCommand, serial};

/// The session manager links a stream within some tens of milliseconds, or never.
const LINKED_WITHIN: Duration = Duration::from_secs(1);

/// What is known of such streams, by their serial numbers.
#[derive(Debug, Default)]
pub(super) struct Freed {
    /// Brought to their devices by us.
    asked: BTreeSet<u64>,
    /// Once linked to what is not ours: whoever cuts that, means it.
    settled: BTreeSet<u64>,
    /// Never linked to anything that we know of: since when.
    unlinked: BTreeMap<u64, Instant>,
}

impl Freed {
    /// Returns when a stream without links is to be linked; `None` while there is none.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.unlinked.values().min().map(|since| *since + LINKED_WITHIN)
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
        for (case, _) in cases.filter(|(case, placement)| placement.is_fixed(case)) {
            let Some(serial) = serial(case.node) else { continue };
            if case.is_linked && case.chain.is_none() {
                self.settled.insert(serial);
                continue;
            }
            if before.settled.contains(&serial) && !case.is_linked {
                self.settled.insert(serial);
                continue;
            }
            if before.asked.contains(&serial) {
                self.asked.insert(serial);
                continue;
            }
            let since = before.unlinked.get(&serial).copied().unwrap_or(now);
            if case.is_linked || now >= since + LINKED_WITHIN {
                if let Some(command) = link(graph, case) {
                    self.asked.insert(serial);
                    commands.push(command);
                }
            } else if wants_links(case) {
                self.unlinked.insert(serial, since);
            }
        }
        commands
    }
}

/// Says whether the session manager is to link a stream at all.
fn wants_links(case: &Case<'_>) -> bool {
    case.node.told && case.node.props.get("node.autoconnect").is_some_and(|value| value == "true")
}

/// Returns the command that links a stream to its device; `None` while that, or a port, is not known.
fn link(graph: &Graph, case: &Case<'_>) -> Option<GraphCommand> {
    let meant = case.goes_to().and_then(|device| device.props.get("node.name"));
    let (device, _) = match meant {
        Some(name) => graph.device_named(name)?,
        None => graph.default_device()?,
    };
    let links = graph.port_pairs(case.id, device);
    let unlink = graph.links_into_chains(case.id);
    (!links.is_empty()).then_some(GraphCommand::Relink { unlink, links })
}
