//! The audio ports that the watch has seen, for whoever links them. Runs on the loop thread.

use std::collections::{BTreeMap, HashSet};

use super::{GlobalId, Props};

/// What ports carry that a tap can listen to.
const AUDIO: &str = "32 bit float mono audio";

/// Audio ports by number, and what has changed since somebody looked.
#[derive(Debug, Default)]
pub(super) struct Ports {
    audio: BTreeMap<GlobalId, Port>,
    /// Nodes of ours that only listen.
    listeners: HashSet<GlobalId>,
    gone: Vec<GlobalId>,
    changed: bool,
}

#[derive(Debug)]
struct Port {
    node: GlobalId,
    number: u32,
    input: bool,
}

impl Ports {
    /// Takes in a port that appeared.
    pub(super) fn add(&mut self, id: GlobalId, props: &Props) {
        let prop = |key: &str| props.get(key).map(String::as_str);
        // The monitor of a device is what it hands to whoever listens to it.
        if prop("format.dsp") != Some(AUDIO) {
            return;
        }
        let number = |key| prop(key).and_then(|number| number.parse().ok());
        if let (Some(node), Some(number)) = (number("node.id"), number("port.id")) {
            let input = prop("port.direction") == Some("in");
            self.audio.insert(id, Port { node, number, input });
            self.changed = true;
        }
    }

    /// Takes in that an object of any kind went.
    pub(super) fn remove(&mut self, id: GlobalId) {
        self.listeners.remove(&id);
        if self.audio.remove(&id).is_none() {
            self.gone.push(id);
        }
        self.changed = true;
    }

    /// Takes in that a node of ours only listens.
    pub(super) fn add_listener(&mut self, node: GlobalId) {
        self.listeners.insert(node);
    }

    /// Returns whether a node of ours only listens.
    pub(super) fn is_listener(&self, node: GlobalId) -> bool {
        self.listeners.contains(&node)
    }

    /// Returns whether anything has changed since this was asked last.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Returns what went that was no port, since this was asked last.
    pub(super) fn take_gone_nodes(&mut self) -> Vec<GlobalId> {
        std::mem::take(&mut self.gone)
    }

    /// Returns the ports that a node plays out of, in the order of its channels.
    pub(super) fn outputs(&self, node: GlobalId) -> Vec<GlobalId> {
        self.of(node, false)
    }

    /// Returns the ports that a node listens with, in the order of its channels.
    pub(super) fn inputs(&self, node: GlobalId) -> Vec<GlobalId> {
        self.of(node, true)
    }

    fn of(&self, node: GlobalId, input: bool) -> Vec<GlobalId> {
        let mut found: Vec<_> = self
            .audio
            .iter()
            .filter(|(_, port)| port.node == node && port.input == input)
            .map(|(id, port)| (port.number, *id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(node: u32, number: u32, direction: &str, format: &str) -> Props {
        Props::from([
            ("node.id".into(), node.to_string()),
            ("port.id".into(), number.to_string()),
            ("port.direction".into(), direction.into()),
            ("format.dsp".into(), format.into()),
        ])
    }

    #[test]
    fn ports_come_in_channel_order_and_only_with_audio() {
        let mut ports = Ports::default();
        ports.add(50, &port(7, 2, "out", AUDIO));
        ports.add(52, &port(7, 0, "out", AUDIO));
        ports.add(51, &port(7, 1, "out", AUDIO));
        ports.add(53, &port(7, 3, "out", "8 bit raw midi"));
        ports.add(54, &port(7, 0, "in", AUDIO));
        ports.add(55, &port(8, 0, "out", AUDIO));
        assert_eq!(ports.outputs(7), [52, 51, 50]);
        assert_eq!(ports.inputs(7), [54]);
        ports.remove(51);
        assert_eq!(ports.outputs(7), [52, 50]);
    }

    #[test]
    fn a_change_is_told_once() {
        let mut ports = Ports::default();
        assert!(!ports.take_changed());
        ports.add(50, &port(7, 0, "out", AUDIO));
        assert!(ports.take_changed() && !ports.take_changed());
        ports.add_listener(7);
        ports.remove(7);
        assert!(ports.take_changed() && !ports.is_listener(7));
        assert_eq!((ports.take_gone_nodes(), ports.take_gone_nodes()), (vec![7], vec![]));
    }
}
