//! The graph as the events tell it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use headroom_api::names;

use super::{
    identity::{AppKey, Identity},
    smart_filter::SMART_KEY,
};
use crate::{
    event::{
        ChainId, ChainInfo, DEFAULT_DEVICE_KEY, GlobalId, GraphEvent, MetadataName, NodeInfo,
        PIN_TYPE, Props, TARGET_KEY, Volume,
    },
    layout::Channels,
};

/// Oldest WirePlumber that has smart filters.
const SMART_FILTERS_SINCE: (u32, u32) = (0, 5);
/// What the nodes of one filter have in common.
const GROUP_KEY: &str = "node.link-group";

/// What is known of PipeWire's graph.
#[derive(Debug, Default)]
pub struct Graph {
    /// Version of PipeWire while it answers.
    pub pipewire_version: Option<String>,
    /// Why it does not answer, when it does not.
    pub absence: Option<String>,
    /// True once everything that existed at connection time has been told.
    pub enumerated: bool,
    /// Why the bus cannot run, when it cannot.
    pub bus_failure: Option<String>,
    /// The chains of ours that have nodes.
    chains: BTreeMap<ChainId, ChainInfo>,
    /// Generation of the newest bus that was told, and of the last one that went.
    newest_bus: u32,
    dead_bus: u32,
    clients: HashMap<GlobalId, Props>,
    nodes: BTreeMap<GlobalId, NodeInfo>,
    ports: BTreeMap<GlobalId, Port>,
    links: BTreeMap<GlobalId, (GlobalId, GlobalId)>,
    metadata_objects: HashMap<MetadataName, GlobalId>,
    metadata: HashMap<(MetadataName, GlobalId, String), (String, String)>,
    /// How often each key was received, deletions included, and pins of others not.
    received: HashMap<(MetadataName, GlobalId, String), u64>,
    /// The serial number that stood in a stream's target before a name did.
    overwritten: HashMap<GlobalId, String>,
}

/// The session manager, as far as it can carry us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionManager {
    /// None is there.
    Absent,
    /// One is there that has no smart filters.
    TooOld {
        /// Its version, or `unknown`.
        version: String,
    },
    /// One is there that is still starting.
    Starting {
        /// Its version.
        version: String,
    },
    /// One is there that inserts filters.
    Ready {
        /// Its version.
        version: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Port {
    node: GlobalId,
    number: u32,
    input: bool,
    channel: Option<String>,
}

impl Graph {
    /// Takes one event in.
    pub fn apply(&mut self, event: GraphEvent) {
        match event {
            GraphEvent::Connected { version } => {
                *self = Self { pipewire_version: Some(version), ..Self::default() };
            }
            GraphEvent::Disconnected { reason } => {
                *self = Self { absence: Some(reason), ..Self::default() };
            }
            GraphEvent::Enumerated => self.enumerated = true,
            GraphEvent::Client { id, props } => {
                self.clients.insert(id, props);
            }
            GraphEvent::Node { id, info } => {
                self.nodes.insert(id, info);
            }
            GraphEvent::Port { id, props } => {
                if let Some(port) = Port::read(&props) {
                    self.ports.insert(id, port);
                }
            }
            GraphEvent::Link { id, output_node, input_node } => {
                self.links.insert(id, (output_node, input_node));
            }
            GraphEvent::Removed { id } => self.remove(id),
            GraphEvent::MetadataFound { name, id } => {
                self.metadata_objects.insert(name, id);
            }
            GraphEvent::Metadata { name, subject, key: Some(key), value } => {
                let key = (name, subject, key);
                let is_pin = value.as_ref().is_some_and(|(type_, _)| type_ == PIN_TYPE);
                if name == MetadataName::Default && key.2 == TARGET_KEY {
                    let before = self.metadata.get(&key).filter(|(type_, _)| type_ == PIN_TYPE);
                    if is_pin || value.is_none() {
                        self.overwritten.remove(&subject);
                    } else if let Some((_, serial)) = before.filter(|(_, serial)| serial != "-1") {
                        self.overwritten.insert(subject, serial.clone());
                    }
                }
                if !is_pin {
                    *self.received.entry(key.clone()).or_default() += 1;
                }
                match value {
                    Some(value) => self.metadata.insert(key, value),
                    None => self.metadata.remove(&key),
                };
            }
            GraphEvent::Metadata { name, subject, key: None, .. } => {
                self.metadata.retain(|(of, about, _), _| (*of, *about) != (name, subject));
            }
            // A bus that was taken out may still speak.
            GraphEvent::Chain { id: ChainId::Bus(generation), .. }
                if generation <= self.dead_bus => {}
            GraphEvent::Chain { id, info } => {
                if let ChainId::Bus(generation) = id {
                    self.newest_bus = generation.max(self.newest_bus);
                    self.bus_failure = None;
                }
                self.chains.insert(id, info);
            }
            GraphEvent::ChainFailed { id, reason } => {
                if matches!(id, ChainId::Bus(_)) {
                    self.bus_failure = Some(reason);
                } else {
                    self.chains.remove(&id);
                }
            }
        }
    }

    fn remove(&mut self, id: GlobalId) {
        self.clients.remove(&id);
        self.nodes.remove(&id);
        self.ports.remove(&id);
        self.links.remove(&id);
        self.overwritten.remove(&id);
        self.received.retain(|(_, subject, _), _| *subject != id);
        // The next object with this number may be there before its owner deletes this one's keys.
        self.metadata.retain(|(_, subject, _), _| *subject != id);
        let is_half = |_: &ChainId, chain: &mut ChainInfo| chain.sink == id || chain.output == id;
        for (chain, _) in self.chains.extract_if(.., is_half) {
            if let ChainId::Bus(generation) = chain {
                self.dead_bus = generation.max(self.dead_bus);
            }
        }
        let gone: Vec<_> = self
            .metadata_objects
            .iter()
            .filter_map(|(name, object)| (*object == id).then_some(*name))
            .collect();
        for name in gone {
            self.metadata_objects.remove(&name);
            self.metadata.retain(|(of, ..), _| *of != name);
            if name == MetadataName::Default {
                self.overwritten.clear();
            }
        }
    }

    /// Returns the session manager.
    pub fn session_manager(&self) -> SessionManager {
        let version = self
            .clients
            .values()
            .find(|props| props.get("application.name").is_some_and(|name| name == "WirePlumber"))
            .map(|props| props.get("application.version").cloned());
        let ready = self.metadata_objects.contains_key(&MetadataName::Filters)
            && self.metadata_objects.contains_key(&MetadataName::Default);
        match version {
            None | Some(None) if ready => SessionManager::Ready { version: "unknown".into() },
            None => SessionManager::Absent,
            // Its versions before 0.5 did not tell their number.
            Some(None) => SessionManager::TooOld { version: "unknown".into() },
            Some(Some(version)) if !is_new_enough(&version) => SessionManager::TooOld { version },
            Some(Some(version)) if ready => SessionManager::Ready { version },
            Some(Some(version)) => SessionManager::Starting { version },
        }
    }

    /// Returns the playback streams of others, and those that listen to what is played.
    pub fn streams(&self) -> impl Iterator<Item = (GlobalId, &NodeInfo)> {
        self.nodes.iter().map(|(id, info)| (*id, info)).filter(|(_, info)| {
            let prop = |key: &str| info.props.get(key).map_or("", String::as_str);
            if prop("node.name").starts_with(names::NODE_PREFIX) && self.is_ours(info) {
                return false;
            }
            match prop("media.class") {
                "Stream/Output/Audio" => true,
                "Stream/Input/Audio" => {
                    prop("stream.monitor") == "true" || prop("stream.capture.sink") == "true"
                }
                _ => false,
            }
        })
    }

    /// Returns every chain of ours that has nodes.
    pub fn chains(&self) -> impl Iterator<Item = (ChainId, &ChainInfo)> {
        self.chains.iter().map(|(id, chain)| (*id, chain))
    }

    /// Returns a chain of ours, once it has nodes.
    pub fn chain(&self, id: ChainId) -> Option<&ChainInfo> {
        self.chains.get(&id)
    }

    /// Returns the newest bus, once it has nodes.
    pub fn bus(&self) -> Option<&ChainInfo> {
        self.chain(ChainId::Bus(self.newest_bus))
    }

    /// Returns the chain that has this sink half.
    pub fn chain_of_sink(&self, sink: GlobalId) -> Option<ChainId> {
        self.chains().find(|(_, chain)| chain.sink == sink).map(|(id, _)| id)
    }

    /// Returns the playback half that belongs to a sink half of ours; `None` for any other node.
    fn output_of(&self, sink: GlobalId) -> Option<GlobalId> {
        self.chains.values().find(|chain| chain.sink == sink).map(|chain| chain.output)
    }

    /// Returns the device that the sound of a node reaches, through whatever of ours lies between.
    pub fn device_behind(&self, node: GlobalId) -> Option<&NodeInfo> {
        let mut at = node;
        // An application's chain, the bus, the device.
        for _ in 0..3 {
            let targets = self.targets(at);
            let device = targets.iter().find_map(|id| self.device(*id));
            if device.is_some() {
                return device;
            }
            at = targets.into_iter().find_map(|target| self.output_of(target))?;
        }
        None
    }

    /// Returns a node that is a device.
    pub(super) fn device(&self, id: GlobalId) -> Option<&NodeInfo> {
        self.nodes.get(&id).filter(|node| is_device(node))
    }

    /// Returns the device that a target names, by its node name or its serial number.
    pub(super) fn device_meant(&self, target: &str) -> Option<&NodeInfo> {
        let names_it =
            |node: &NodeInfo, key: &str| node.props.get(key).is_some_and(|v| v == target);
        let mut devices = self.nodes.values().filter(|node| is_device(node));
        devices.find(|node| names_it(node, "object.serial") || names_it(node, "node.name"))
    }

    /// Says whether the sound of a chain reaches the bus, and nothing else.
    pub fn leads_to_bus(&self, chain: &ChainInfo) -> bool {
        self.bus().is_some_and(|bus| self.targets(chain.output) == [bus.sink])
    }

    /// Says whether a chain is there and plays to something.
    pub(super) fn leads_on(&self, id: ChainId) -> bool {
        self.chain(id).is_some_and(|chain| self.links.values().any(|(out, _)| *out == chain.output))
    }

    /// Returns which nodes play into which, once for each link.
    pub(super) fn node_links(&self) -> impl Iterator<Item = (GlobalId, GlobalId)> {
        self.links.values().copied()
    }

    /// Says whether anything is linked into a node.
    pub fn is_played_into(&self, node: GlobalId) -> bool {
        self.links.values().any(|(_, into)| *into == node)
    }

    /// Returns the applications of which a program is connected, playing or not.
    pub(super) fn connected_apps(&self) -> BTreeSet<AppKey> {
        let nothing = NodeInfo::default();
        let identities = self.clients.values().map(|client| Identity::read(&nothing, Some(client)));
        identities.filter_map(|identity| identity.key()).collect()
    }

    /// Returns the playback half of every chain of ours that holds a ceiling, those among them that are
    /// to go.
    pub(super) fn limiting_outputs(&self) -> impl Iterator<Item = (GlobalId, &NodeInfo)> {
        let is = |node: &NodeInfo, key: &str, value: &str| {
            node.props.get(key).is_some_and(|known| known == value)
        };
        self.nodes.iter().map(|(id, node)| (*id, node)).filter(move |(_, node)| {
            is(node, SMART_KEY, "true")
                && is(node, "media.class", "Stream/Output/Audio")
                && self.is_ours(node)
        })
    }

    /// Returns the sink half that belongs to a playback half of ours; `None` for any other node.
    pub(super) fn sink_of(&self, output: GlobalId) -> Option<GlobalId> {
        self.chains.values().find(|chain| chain.output == output).map(|chain| chain.sink)
    }

    /// Says whether a node is one of ours. Its group is told after its name, hence its client.
    fn is_ours(&self, node: &NodeInfo) -> bool {
        let group = node.props.get(GROUP_KEY);
        let id = self.client_of(node).and_then(|client| client.get("application.id"));
        group.is_some_and(|group| group.starts_with(names::NODE_PREFIX))
            || id.is_some_and(|id| id == names::BUS_NAME)
    }

    /// Returns a node.
    pub fn node(&self, id: GlobalId) -> Option<&NodeInfo> {
        self.nodes.get(&id)
    }

    /// Returns the node that has a serial number.
    pub(super) fn node_with_serial(&self, serial: &str) -> Option<&NodeInfo> {
        let mut nodes = self.nodes.values();
        nodes.find(|node| node.props.get("object.serial").is_some_and(|known| known == serial))
    }

    /// Returns the properties of a client.
    pub fn client(&self, id: GlobalId) -> Option<&Props> {
        self.clients.get(&id)
    }

    /// Returns the properties of the client that owns a node.
    pub fn client_of(&self, node: &NodeInfo) -> Option<&Props> {
        self.clients.get(&node.props.get("client.id")?.parse().ok()?)
    }

    /// Returns the nodes that a node plays into, each once.
    pub fn targets(&self, node: GlobalId) -> Vec<GlobalId> {
        let mut targets: Vec<_> =
            self.links.values().filter(|(out, _)| *out == node).map(|(_, into)| *into).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// Returns the links from a node to sink halves of ours.
    pub(super) fn links_into_chains(&self, node: GlobalId) -> Vec<GlobalId> {
        self.links_between(|output, into| output == node && self.chain_of_sink(into).is_some())
    }

    /// Returns the links to a recorder from sink halves of ours, whose sound is not limited yet.
    pub(super) fn links_from_chains(&self, node: GlobalId) -> Vec<GlobalId> {
        self.links_between(|output, into| into == node && self.chain_of_sink(output).is_some())
    }

    fn links_between(&self, is_wanted: impl Fn(GlobalId, GlobalId) -> bool) -> Vec<GlobalId> {
        let wanted = self.links.iter().filter(|(_, (output, into))| is_wanted(*output, *into));
        wanted.map(|(id, _)| *id).collect()
    }

    /// Says whether a recorder is linked to a device.
    pub(super) fn hears_device(&self, node: GlobalId) -> bool {
        self.links.values().any(|(output, into)| *into == node && self.device(*output).is_some())
    }

    /// Returns the ports of a stream with those of a device that they are to be linked to: by channel; one
    /// channel goes to all, and where no name is the same, the order counts. The other way round, those of a device's
    /// monitor with a recorder's.
    pub(super) fn port_pairs(
        &self,
        stream: GlobalId,
        device: GlobalId,
    ) -> Vec<(GlobalId, GlobalId)> {
        let of = |node: GlobalId, input: bool| {
            let mut ports: Vec<_> = self
                .ports
                .iter()
                .filter(|(_, port)| port.node == node && port.input == input)
                .collect();
            ports.sort_by_key(|(_, port)| port.number);
            ports
        };
        let (outputs, inputs) = (of(stream, false), of(device, true));
        let all =
            || outputs.iter().flat_map(|output| inputs.iter().map(move |input| (output, input)));
        let ids = |pairs: &mut dyn Iterator<Item = (&(&GlobalId, &Port), &(&GlobalId, &Port))>| {
            pairs.map(|((output, _), (input, _))| (**output, **input)).collect::<Vec<_>>()
        };
        if let [_] = outputs[..] {
            return ids(&mut all());
        }
        let same = |(output, input): &(&(&GlobalId, &Port), &(&GlobalId, &Port))| {
            output.1.channel.is_some() && output.1.channel == input.1.channel
        };
        let named = ids(&mut all().filter(same));
        if named.is_empty() { ids(&mut outputs.iter().zip(&inputs)) } else { named }
    }

    /// Returns what is written in a metadata object.
    pub fn metadata(&self, name: MetadataName, subject: GlobalId, key: &str) -> Option<&str> {
        self.metadata_entry(name, subject, key).map(|(_, value)| value)
    }

    /// Returns type and value of what is written in a metadata object.
    pub fn metadata_entry(
        &self,
        name: MetadataName,
        subject: GlobalId,
        key: &str,
    ) -> Option<(&str, &str)> {
        let (type_, value) = self.metadata.get(&(name, subject, key.to_owned()))?;
        Some((type_, value))
    }

    /// Returns the serial number that a stream's target held before the name that it holds now.
    pub(super) fn overwritten_pin(&self, stream: GlobalId) -> Option<&str> {
        self.overwritten.get(&stream).map(String::as_str)
    }

    /// Returns how often a key was received since its subject appeared, but for others' serial numbers.
    pub(super) fn times_received(&self, name: MetadataName, subject: GlobalId, key: &str) -> u64 {
        self.received.get(&(name, subject, key.to_owned())).copied().unwrap_or(0)
    }

    /// Returns the node name of the default device.
    pub fn default_device_name(&self) -> Option<String> {
        let json = self.metadata(MetadataName::Default, 0, DEFAULT_DEVICE_KEY)?;
        named_device(json)
    }

    /// Returns the device that each chain plays to which holds a ceiling, by their node.
    pub fn guarded(&self) -> Vec<(ChainId, GlobalId)> {
        let chains = self.chains().filter(|(id, _)| id.holds_ceiling());
        let device = |info: &ChainInfo| {
            self.targets(info.output).into_iter().find(|id| self.device(*id).is_some())
        };
        chains.filter_map(|(id, info)| Some((id, device(info)?))).collect()
    }

    /// Returns the gain of a device's volume by its node name, in dB, -120 at least; 0.0 while it is not known.
    pub fn device_volume_db(&self, device: &str) -> f32 {
        let node = self.device_named(device).map(|(_, node)| node);
        // That of an equaliser's device acts before what it plays on.
        let own = node.filter(|node| !node.props.contains_key("node.link-group"));
        own.and_then(|node| node.volume.as_ref()).map_or(0.0, Volume::gain_db)
    }

    /// Returns the default device.
    pub fn default_device(&self) -> Option<(GlobalId, &NodeInfo)> {
        self.device_named(&self.default_device_name()?)
    }

    /// Says whether a node belongs to the same filter as the default device.
    pub(super) fn is_of_default(&self, node: &NodeInfo) -> bool {
        let group = |node: &NodeInfo| node.props.get(GROUP_KEY).cloned();
        let default = self.default_device().and_then(|(_, device)| group(device));
        default.is_some() && default == group(node)
    }

    /// Returns the device that the session manager links a stream to which can go to no other: of those that are
    /// no filters the one of the highest priority.
    pub(super) fn best_device(&self) -> Option<&NodeInfo> {
        let priority = |node: &NodeInfo| {
            node.props.get("priority.session").and_then(|it| it.parse().ok()).unwrap_or(0_i64)
        };
        let devices = self.nodes.values().filter(|node| is_device(node));
        devices.filter(|node| !node.props.contains_key(GROUP_KEY)).max_by_key(|it| priority(it))
    }

    /// Returns the devices of Bluetooth headsets and loudspeakers.
    pub(super) fn headsets(&self) -> impl Iterator<Item = GlobalId> {
        let is_bluetooth =
            |node: &NodeInfo| node.props.get("device.api").is_some_and(|api| api == "bluez5");
        let devices = self.nodes.iter().filter(|(_, node)| is_device(node));
        devices.filter(move |(_, node)| is_bluetooth(node)).map(|(id, _)| *id)
    }

    /// Returns the device with a node name.
    pub fn device_named(&self, name: &str) -> Option<(GlobalId, &NodeInfo)> {
        self.nodes.iter().map(|(id, info)| (*id, info)).find(|(_, info)| {
            is_device(info) && info.props.get("node.name").is_some_and(|known| known == name)
        })
    }

    /// Returns a device's channels, by its ports; `None` until they are known, or when there are
    /// more than a chain can link.
    pub fn channels_of(&self, device: GlobalId) -> Option<Channels> {
        let mut ports: Vec<_> =
            self.ports.values().filter(|port| port.node == device && port.input).collect();
        ports.sort_by_key(|port| port.number);
        let names = ports.iter().map(|port| port.channel.clone()).collect::<Option<Vec<_>>>()?;
        let told = self.nodes.get(&device)?.input_ports as usize;
        if told != names.len() {
            return None;
        }
        Channels::new(names)
    }

    /// Returns the channels of a chain before a device; `None` until they are known.
    pub(super) fn chain_channels(&self, device: GlobalId) -> Option<Channels> {
        // Too many to link, or without names: the session manager maps left and right to them.
        let is_wide = self.input_ports(device) > headroom_dsp::MAX_CHANNELS;
        self.channels_of(device).or_else(|| is_wide.then(Channels::stereo))
    }

    /// Returns how many channels a stream plays; 0 until its ports are known.
    pub fn output_channels(&self, stream: GlobalId) -> u32 {
        let ports = self.ports.values().filter(|port| port.node == stream && !port.input);
        u32::try_from(ports.count()).unwrap_or(0)
    }

    /// Returns how many input ports a device says it has.
    pub fn input_ports(&self, device: GlobalId) -> usize {
        self.nodes.get(&device).map_or(0, |info| info.input_ports as usize)
    }
}

impl Port {
    fn read(props: &Props) -> Option<Self> {
        Some(Self {
            node: props.get("node.id")?.parse().ok()?,
            number: props.get("port.id").and_then(|number| number.parse().ok()).unwrap_or(0),
            input: props.get("port.direction").is_some_and(|direction| direction == "in"),
            channel: props.get("audio.channel").cloned(),
        })
    }
}

/// Says whether a node is a device that can be played to.
fn is_device(node: &NodeInfo) -> bool {
    let class = node.props.get("media.class").map(String::as_str);
    matches!(class, Some("Audio/Sink" | "Audio/Duplex"))
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-', '+', '~']).map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) >= SMART_FILTERS_SINCE,
        // A version nobody can read says nothing against it: the metadata object will tell.
        _ => true,
    }
}

/// Returns the node name that a value of the key [`DEFAULT_DEVICE_KEY`] names.
pub fn named_device(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    // No node has a name that C cannot hold, whatever JSON says.
    value.get("name")?.as_str().filter(|name| !name.contains('\0')).map(str::to_owned)
}

#[cfg(test)]
mod tests;
