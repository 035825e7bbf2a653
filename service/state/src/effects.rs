//! Other programs that send all that plays through effects of their own: Easy Effects, JamesDSP.
//!
//! Such a program pins every stream to a device of its own, and links what comes out of its effects to the real device
//! itself, past the session manager, so that no chain can stand there. Its pins outlive it: the session manager
//! remembers them like a person's. Chains of ours it pins as well; those pins are taken back.

use std::collections::{BTreeMap, BTreeSet};

use super::Graph;
use crate::event::{GlobalId, GraphCommand, LET_GO_KEY, MetadataName, TARGET_KEY};

/// Node name of such a program's device, and the program's name for people.
const PROGRAMS: [(&str, &str); 3] = [
    ("easyeffects_sink", "Easy Effects"),
    ("jamesdsp_sink", "JamesDSP"),
    ("pulseeffects_sink", "PulseEffects"),
];
/// How often the pin of one chain is taken back; a program that insists has its way.
const MAX_TRIES: u32 = 5;

/// Returns the program whose device has this node name.
pub(super) fn effects_program(device: &str) -> Option<&'static str> {
    PROGRAMS.iter().find(|(known, _)| *known == device).map(|(_, program)| *program)
}

impl Graph {
    /// Says whether something that is neither a stream nor ours plays straight to a real device, as effects do.
    pub fn effects_reach_device(&self) -> bool {
        let mut links = self.node_links();
        links.any(|(from, to)| {
            let device = self.device(to).filter(|it| !it.props.contains_key("node.link-group"));
            let name = device.and_then(|device| device.props.get("node.name"));
            self.node(from).is_none() && name.is_some_and(|name| effects_program(name).is_none())
        })
    }

    /// Returns the program to whose device a node is pinned.
    fn pinned_by(&self, node: GlobalId) -> Option<&'static str> {
        let target = self.metadata(MetadataName::Default, node, TARGET_KEY)?;
        effects_program(self.device_meant(target)?.props.get("node.name")?)
    }
}

/// The pins of chains that were taken back.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    /// Deletions that have not been told yet.
    asked: BTreeSet<GlobalId>,
    tries: BTreeMap<GlobalId, u32>,
}

impl TakenBack {
    /// Returns the commands that let chains play where they belong.
    pub(super) fn follow(&mut self, graph: &Graph) -> Vec<GraphCommand> {
        let outputs: BTreeSet<GlobalId> = graph.chains().map(|(_, chain)| chain.output).collect();
        self.tries.retain(|output, _| outputs.contains(output));
        self.asked.retain(|output| graph.pinned_by(*output).is_some());
        let pinned = outputs.into_iter().filter(|output| graph.pinned_by(*output).is_some());
        let mut commands = Vec::new();
        for output in pinned {
            let tries = self.tries.entry(output).or_default();
            if *tries >= MAX_TRIES || !self.asked.insert(output) {
                continue;
            }
            *tries += 1;
            commands.extend([LET_GO_KEY, TARGET_KEY].map(|key| GraphCommand::SetDefaultMetadata {
                subject: output,
                key,
                value: None,
            }));
        }
        commands
    }
}
