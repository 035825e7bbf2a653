//! What we have written about streams, and what of it has been received.
//!
//! A target of ours is known by what we wrote, not by what it says: whatever else stands there is
//! somebody's wish. What an earlier run left is taken over from its journal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use headroom_api::names;
use serde::{Deserialize, Serialize};

use super::{
    Graph,
    pins::{Pins, key_of},
};
use crate::event::{GlobalId, GraphCommand, MetadataName, NodeInfo, PIN_TYPE, TARGET_KEY, serial};

/// A target written with this type, by the device's name, is never stored by WirePlumber.
pub(super) const TARGET_TYPE: &str = "Spa:String";

/// A target that we wrote, as a journal keeps it for the next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// `object.serial` of the stream.
    pub serial: u64,
    /// Node name of the device that was written.
    pub target: String,
}

/// Every [`JournalEntry`] in force.
pub type Journal = Vec<JournalEntry>;

/// Every target of ours.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    targets: BTreeMap<GlobalId, Owned>,
    inherited: Journal,
    /// Chosen in this session, and perhaps not in the session manager's file yet.
    fresh_pins: Pins,
    /// Streams whose pin we wrote over unawares and are putting back.
    put_back: BTreeSet<GlobalId>,
}

/// A target that we wrote, or that we are deleting (`written` is `None`).
#[derive(Clone, Debug)]
struct Owned {
    /// Of the stream's node: PipeWire gives its number to another one as soon as it has gone.
    serial: u64,
    written: Option<String>,
    /// What we wrote before that; received once more, it is old news and nobody else's.
    before: Option<String>,
    /// How often the key must have been received before our last write has been.
    ack_after: u64,
}

/// Who wrote the target that a stream has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// There is none.
    Nobody,
    /// We did, or are about to be told that we did.
    Us,
    /// The user, or the application itself.
    Other,
}

impl Ledger {
    /// Starts with the targets that an earlier run wrote and could not take back.
    pub(super) fn inherit(journal: Journal) -> Self {
        Self { inherited: journal, ..Self::default() }
    }

    /// Takes in what was received: targets of an earlier run, what is somebody else's by now, or gone,
    /// and the devices that the user chooses. Returns the commands that put back what we have undone.
    pub(super) fn follow(&mut self, graph: &Graph) -> Vec<GraphCommand> {
        self.adopt(graph);
        self.settle(graph);
        self.note_pins(graph);
        self.restore_pins(graph)
    }

    /// Says whether a write has not been told yet.
    pub(super) fn is_in_flight(&self, graph: &Graph) -> bool {
        self.targets.iter().any(|(id, owned)| owned.in_flight(graph, *id))
    }

    /// Takes what has not been told for what it is: lost, as a session manager that is just
    /// starting loses it. The next plan writes it again.
    pub(super) fn give_up_in_flight(&mut self, graph: &Graph) {
        for (id, owned) in &mut self.targets {
            if owned.in_flight(graph, *id) {
                owned.ack_after = 0;
                owned.before = None;
                let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
                if let Some((TARGET_TYPE, value)) = written {
                    owned.written = Some(value.to_owned());
                }
            }
        }
    }

    /// Returns what a later run would have to take back.
    pub(super) fn journal(&self) -> Journal {
        // A target of our own chains is known by its name, and leads nowhere without us.
        let own = self.targets.values().filter_map(|owned| {
            let target = owned.written.clone().filter(|target| !is_app_sink(target))?;
            Some(JournalEntry { serial: owned.serial, target })
        });
        own.chain(self.inherited.iter().cloned()).collect()
    }

    /// Returns the commands that take every target of ours back, but those that it would take a device
    /// of the user's to delete: they stay for as long as their streams.
    pub(super) fn release(&mut self, graph: &Graph, pins: &Pins) -> Vec<GraphCommand> {
        self.settle(graph);
        let (kept, released) =
            std::mem::take(&mut self.targets).into_iter().partition(|(id, _)| {
                graph.node(*id).is_some_and(|node| self.remembered(pins, node).is_some())
            });
        self.targets = kept;
        let released: BTreeMap<_, _> = released;
        let written = released.into_iter().filter(|(_, owned)| owned.written.is_some());
        written.map(|(subject, _)| set_target(subject, None)).collect()
    }

    /// The same for what a run that has died left.
    pub(super) fn take_back(&mut self, graph: &Graph, pins: &Pins) -> Vec<GraphCommand> {
        self.adopt(graph);
        self.release(graph, pins)
    }

    /// Returns the device that the user has chosen for a stream's application, if any.
    pub(super) fn remembered<'p>(&'p self, pins: &'p Pins, node: &NodeInfo) -> Option<&'p str> {
        self.fresh_pins.of(node).or_else(|| pins.of(node))
    }

    /// Says whether the user has chosen no device for any application.
    pub(super) fn remembers_nothing(&self, pins: &Pins) -> bool {
        pins.is_empty() && self.fresh_pins.is_empty()
    }

    /// Returns the devices that applications are expected to play to, with a stream of each.
    pub(super) fn expected<'p>(
        &'p self,
        pins: &'p Pins,
    ) -> impl Iterator<Item = (NodeInfo, &'p str)> {
        pins.expected().chain(self.fresh_pins.expected())
    }

    /// Takes in that the session manager's file is another one: what is in it was chosen, no more.
    pub(super) fn forget_fresh_pins(&mut self) {
        self.fresh_pins = Pins::default();
    }

    /// Notes what the user chooses now: the session manager writes it down a second later.
    fn note_pins(&mut self, graph: &Graph) {
        for (id, node) in graph.streams() {
            // Only what is written by serial number is remembered, hence nothing of ours.
            if let Some(serial) = graph.metadata(MetadataName::Default, id, TARGET_KEY)
                && let Some(device) = graph.node_with_serial(serial)
                && let Some(key) = key_of(node)
            {
                let device = device.props.get("node.name").cloned().unwrap_or_default();
                self.fresh_pins.extend([(key, device)]);
            }
        }
    }

    /// Returns who wrote a stream's target, where we have to do with it; `None` where that says itself.
    pub(super) fn author(&self, graph: &Graph, id: GlobalId, node: &NodeInfo) -> Option<Author> {
        if self.put_back.contains(&id) {
            return Some(Author::Other);
        }
        let written = graph.metadata_entry(MetadataName::Default, id, TARGET_KEY);
        let owned = self.owned(id, node)?;
        let is_ours = owned.in_flight(graph, id) || owned.matches(written);
        is_ours.then_some(if owned.written.is_some() { Author::Us } else { Author::Nobody })
    }

    /// Returns what we wrote last for a stream, received or not.
    pub(super) fn written(&self, id: GlobalId, node: &NodeInfo) -> Option<&str> {
        self.owned(id, node)?.written.as_deref()
    }

    /// Says whether a target, or none, is what a stream has by our doing already.
    pub(super) fn stands(&self, id: GlobalId, node: &NodeInfo, target: Option<&str>) -> bool {
        match self.owned(id, node) {
            Some(owned) => owned.written.as_deref() == target,
            None => target.is_none(),
        }
    }

    /// Returns the target that we wrote for a stream, once that has been received.
    pub(super) fn received(&self, graph: &Graph, id: GlobalId, node: &NodeInfo) -> Option<&str> {
        let owned = self.owned(id, node).filter(|owned| !owned.in_flight(graph, id));
        owned?.written.as_deref()
    }

    /// Returns what we wrote for a stream, if it is this one and not another that had its number.
    fn owned(&self, id: GlobalId, node: &NodeInfo) -> Option<&Owned> {
        self.targets.get(&id).filter(|owned| serial(node) == Some(owned.serial))
    }

    /// Returns the commands that write `targets` one after another, the last of which is to stay.
    pub(super) fn write(
        &mut self,
        graph: &Graph,
        id: GlobalId,
        serial: u64,
        targets: &[Option<String>],
    ) -> Vec<GraphCommand> {
        let known = self.targets.get(&id).filter(|owned| owned.serial == serial);
        let told = graph.times_received(MetadataName::Default, id, TARGET_KEY);
        let ack_after = known.map_or(told, |owned| owned.ack_after.max(told));
        let owned = Owned {
            serial,
            written: targets.last().cloned().flatten(),
            before: known.and_then(|owned| owned.written.clone()),
            ack_after: ack_after + targets.len() as u64,
        };
        self.targets.insert(id, owned);
        targets.iter().map(|target| set_target(id, target.clone())).collect()
    }

    /// Returns the commands that put back the pins that we wrote over unawares.
    ///
    /// The session manager pins a new stream to where its application's last one was sent, and we send
    /// it to a chain before its first link. Where ours comes second, the session manager takes it for
    /// the user's wish and forgets what it had stored. We never write over what we know of, so a serial
    /// number that stood there before our name is such a pin.
    fn restore_pins(&mut self, graph: &Graph) -> Vec<GraphCommand> {
        self.put_back.retain(|id| graph.overwritten_pin(*id).is_some());
        let lost = |(id, owned): (&GlobalId, &Owned)| {
            let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
            let is_ours = owned.written.is_some() && owned.matches(written);
            Some((*id, graph.overwritten_pin(*id).filter(|_| is_ours)?.to_owned()))
        };
        let lost: Vec<_> = self.targets.iter().filter_map(lost).collect();
        let mut commands = Vec::new();
        for (subject, serial) in lost {
            self.targets.remove(&subject);
            self.put_back.insert(subject);
            let value = Some((PIN_TYPE, serial));
            commands.push(GraphCommand::SetDefaultMetadata { subject, key: TARGET_KEY, value });
        }
        commands
    }

    fn adopt(&mut self, graph: &Graph) {
        for (id, node) in graph.streams().filter(|(id, _)| !self.put_back.contains(id)) {
            if let Some((TARGET_TYPE, value)) =
                graph.metadata_entry(MetadataName::Default, id, TARGET_KEY)
                && is_app_sink(value)
                && self.owned(id, node).is_none()
                && let Some(serial) = serial(node)
            {
                let written = Some(value.to_owned());
                self.targets.insert(id, Owned { serial, written, before: None, ack_after: 0 });
            }
        }
        if self.inherited.is_empty() || !graph.enumerated {
            return;
        }
        let journal = std::mem::take(&mut self.inherited);
        let by_serial: HashMap<u64, &str> =
            journal.iter().map(|entry| (entry.serial, entry.target.as_str())).collect();
        for (id, node) in graph.streams() {
            let (Some(serial), Some((TARGET_TYPE, value))) =
                (serial(node), graph.metadata_entry(MetadataName::Default, id, TARGET_KEY))
            else {
                continue;
            };
            if by_serial.get(&serial) == Some(&value) {
                let written = Some(value.to_owned());
                self.targets.insert(id, Owned { serial, written, before: None, ack_after: 0 });
            }
        }
    }

    /// Drops what the graph shows to be someone else's, or gone.
    fn settle(&mut self, graph: &Graph) {
        self.targets.retain(|id, owned| {
            if graph.node(*id).is_none_or(|node| serial(node) != Some(owned.serial)) {
                return false;
            }
            let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
            owned.in_flight(graph, *id) || (owned.matches(written) && owned.written.is_some())
        });
    }
}

impl Owned {
    fn matches(&self, written: Option<(&str, &str)>) -> bool {
        match (&self.written, written) {
            (Some(ours), Some((TARGET_TYPE, value))) => ours == value,
            (None, None) => true,
            _ => false,
        }
    }

    fn in_flight(&self, graph: &Graph, id: GlobalId) -> bool {
        let told = graph.times_received(MetadataName::Default, id, TARGET_KEY);
        let old_news = self.before.as_deref().is_some_and(|before| {
            let written = graph.metadata_entry(MetadataName::Default, id, TARGET_KEY);
            self.written.as_deref() != Some(before) && written == Some((TARGET_TYPE, before))
        });
        told < self.ack_after || old_news
    }
}

fn set_target(subject: GlobalId, target: Option<String>) -> GraphCommand {
    GraphCommand::SetDefaultMetadata {
        subject,
        key: TARGET_KEY,
        value: target.map(|target| (TARGET_TYPE, target)),
    }
}

/// Says whether a target is a chain of ours, of this run or an earlier one.
pub(super) fn is_app_sink(target: &str) -> bool {
    target.starts_with(names::APP_NODE_PREFIX)
}
