//! Watches the graph: binds what matters and tells what it says.
//!
//! Runs on the loop thread. It decides nothing; every object becomes an [`Event`].

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use pipewire::{
    client::{Client, ClientListener},
    metadata::{Metadata, MetadataListener},
    node::{Node, NodeListener},
    registry::RegistryRc,
    spa::{
        param::{
            ParamType,
            format::{MediaSubtype, MediaType},
        },
        pod::Pod,
        sys,
    },
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use super::{
    DEFAULT_DEVICE_KEY, Event, GlobalId, GraphEvent, MetadataName, NodeInfo, Props, Volume,
    VolumeChange,
    ceilings::Ceilings,
    foreign::{self, NodeReport, ObjectKind, RegistryEvent, RegistryListener},
    guards::Guards,
    latency::Param,
    named_device,
    params::{Properties, Value},
    ports::Ports,
    soft::SoftVolume,
    stream_volumes::StreamVolumes,
    volume,
};

/// Classes of nodes whose properties are of interest.
const NODE_CLASSES: [&str; 4] =
    ["Stream/Output/Audio", "Stream/Input/Audio", "Audio/Sink", "Audio/Duplex"];

/// The watch on the graph; dropping it ends the watch.
pub(super) struct Watch {
    // Declared in the order in which they must go.
    _listener: RegistryListener,
    objects: Rc<RefCell<Objects>>,
    ports: Rc<RefCell<Ports>>,
    volumes: Rc<RefCell<StreamVolumes>>,
    guards: Rc<RefCell<Guards>>,
    registry: RegistryRc,
    events: UnboundedSender<Event>,
}

/// Bound objects by number; a proxy goes after its listener, hence the order in each pair.
#[derive(Default)]
struct Objects {
    nodes: HashMap<GlobalId, BoundNode>,
    clients: HashMap<GlobalId, (ClientListener, Client)>,
    metadata: HashMap<MetadataName, BoundMetadata>,
    ceilings: Ceilings,
    guards: Rc<RefCell<Guards>>,
}

struct BoundNode {
    _listener: NodeListener,
    proxy: Node,
    known: Rc<RefCell<NodeInfo>>,
    soft: Rc<RefCell<SoftVolume>>,
}

struct BoundMetadata {
    _listener: MetadataListener,
    proxy: Metadata,
    id: GlobalId,
}

impl Watch {
    /// Starts to watch; events for everything that exists follow at once.
    pub(super) fn new(
        registry: RegistryRc,
        guards: Rc<RefCell<Guards>>,
        events: UnboundedSender<Event>,
    ) -> Self {
        let objects = Objects { guards: guards.clone(), ..Objects::default() };
        let objects = Rc::new(RefCell::new(objects));
        let left_guards = guards.clone();
        let ports = Rc::new(RefCell::new(Ports::default()));
        let volumes = Rc::new(RefCell::new(StreamVolumes::default()));
        let (added, removed) = (objects.clone(), objects.clone());
        let (seen_ports, left_ports) = (ports.clone(), ports.clone());
        let (seen_volumes, left_volumes) = (volumes.clone(), volumes.clone());
        let (binder, gone, told) = (registry.downgrade(), events.clone(), events.clone());
        let listener = foreign::listen_to_registry(&registry, move |event| match event {
            RegistryEvent::Added { id, kind, props } => {
                if let Some(registry) = binder.upgrade() {
                    let seen = (&added, &*seen_ports, &seen_volumes);
                    add(&registry, id, kind, props, seen, &events);
                }
            }
            RegistryEvent::Removed(id) => {
                let mut objects = removed.borrow_mut();
                objects.nodes.remove(&id);
                objects.clients.remove(&id);
                objects.metadata.retain(|_, bound| bound.id != id);
                left_ports.borrow_mut().remove(id);
                left_volumes.borrow_mut().remove_stream(id);
                left_guards.borrow_mut().remove(id);
                let _ = gone.send(Event::Graph(GraphEvent::Removed { id }));
            }
        });
        Self { _listener: listener, objects, ports, volumes, guards, registry, events: told }
    }

    /// Writes, or with `None` deletes, a key of a metadata object; returns whether there is one.
    pub(super) fn set_metadata(
        &self,
        name: MetadataName,
        subject: GlobalId,
        key: &str,
        value: Option<&(&'static str, String)>,
    ) -> bool {
        let objects = self.objects.borrow();
        let Some(bound) = objects.metadata.get(&name) else {
            return false;
        };
        let (type_, value) = match value {
            Some((type_, value)) => (Some(*type_), Some(value.as_str())),
            None => (None, None),
        };
        // What another program has named may hold what ends a text in C.
        if value.is_some_and(|value| value.contains('\0')) {
            warn!(key, "left out a value that no metadata can hold");
        } else {
            bound.proxy.set_property(subject, key, type_, value);
        }
        true
    }

    /// Cuts links, whoever has made them.
    pub(super) fn cut(&self, links: &[GlobalId]) {
        for id in links {
            if let Err(error) = self.registry.destroy_global(*id).into_result() {
                warn!(id, %error, "failed to cut a link");
            }
        }
    }

    /// Returns the ports that were seen.
    pub(super) fn ports(&self) -> &RefCell<Ports> {
        &self.ports
    }

    /// Returns the shares of the chains that hold a ceiling.
    pub(super) fn ceilings(&self) -> Ceilings {
        self.objects.borrow().ceilings.clone()
    }

    /// Returns the streams' volumes, and the chains that follow them.
    pub(super) fn volumes(&self) -> &RefCell<StreamVolumes> {
        &self.volumes
    }

    /// Returns the guards of the chains that hold a ceiling.
    pub(super) fn guards(&self) -> &RefCell<Guards> {
        &self.guards
    }

    /// Has a node play at its user's volume times `gain`; a node without volumes is left alone.
    pub(super) fn set_soft_volume(&self, node: GlobalId, gain: f32) {
        if let Some(node) = self.objects.borrow().nodes.get(&node) {
            node.set_gain(gain);
        }
    }

    /// Changes a stream's own volume; a node without volumes, or of another stream, is left alone.
    pub(super) fn set_own_volume(&self, node: GlobalId, stream: u64, change: VolumeChange) {
        if let Some(node) = self.objects.borrow().nodes.get(&node) {
            node.set_own_volume(stream, change);
        }
    }

    /// Has every node play at its user's volume again.
    pub(super) fn take_back_soft_volumes(&self) {
        for node in self.objects.borrow().nodes.values() {
            if node.soft.borrow().is_in_force() {
                node.set_gain(1.0);
            }
        }
    }

    /// Binds the metadata objects once more; everything in them is told again.
    ///
    /// One that is bound while its owner still makes it can stay mute for ever, and while anybody else binds one, nobody is
    /// told of a change (PipeWire 1.4): the server waits until the newcomer has answered.
    pub(super) fn rebind_metadata(&self) {
        let bound = std::mem::take(&mut self.objects.borrow_mut().metadata);
        for (name, BoundMetadata { id, .. }) in bound {
            bind_metadata(&self.registry, name, id, &self.objects, &self.events);
        }
    }
}

fn add(
    registry: &RegistryRc,
    id: GlobalId,
    kind: ObjectKind,
    props: Props,
    (objects, ports, volumes): (
        &Rc<RefCell<Objects>>,
        &RefCell<Ports>,
        &Rc<RefCell<StreamVolumes>>,
    ),
    events: &UnboundedSender<Event>,
) {
    let get = |key: &str| props.get(key).map(String::as_str);
    match kind {
        ObjectKind::Node
            if get("media.class").is_some_and(|class| NODE_CLASSES.contains(&class)) =>
        {
            let plays = get("media.class") == Some("Stream/Output/Audio");
            // Of what listens, nobody wants to know.
            let has_volume = get("media.class") != Some("Stream/Input/Audio");
            let Ok(node) = registry.bind::<Node, _>(&kind.global(id)) else {
                return warn!(id, "failed to bind a node");
            };
            // What is known from the first moment; the rest follows with the node's own info.
            let info = NodeInfo { props, ..NodeInfo::default() };
            let _ = events.send(Event::Graph(GraphEvent::Node { id, info: info.clone() }));
            let known = Rc::new(RefCell::new(info));
            let soft = Rc::new(RefCell::default());
            let volume =
                plays.then(|| FollowedVolume { id, soft: soft.clone(), volumes: volumes.clone() });
            let listener = listen_node(&node, id, &known, objects, volume, events);
            if plays {
                node.enum_params(0, Some(ParamType::EnumFormat), 0, u32::MAX);
            }
            if has_volume {
                node.subscribe_params(&[ParamType::Props]);
            }
            let bound = BoundNode { _listener: listener, proxy: node, known, soft };
            objects.borrow_mut().nodes.insert(id, bound);
        }
        ObjectKind::Client => {
            let Ok(client) = registry.bind::<Client, _>(&kind.global(id)) else {
                return warn!(id, "failed to bind a client");
            };
            let events = events.clone();
            let listener = client
                .add_listener_local()
                .info(move |info| {
                    let _ = events.send(Event::Graph(GraphEvent::Client {
                        id,
                        props: foreign::client_props(info),
                    }));
                })
                .register();
            objects.borrow_mut().clients.insert(id, (listener, client));
        }
        ObjectKind::Port => {
            ports.borrow_mut().add(id, &props);
            let _ = events.send(Event::Graph(GraphEvent::Port { id, props }));
        }
        ObjectKind::Link => {
            let node = |key| get(key).and_then(|id| id.parse().ok());
            if let (Some(output_node), Some(input_node)) =
                (node("link.output.node"), node("link.input.node"))
                // A tap is not where a stream plays to.
                && !ports.borrow().is_listener(input_node)
            {
                let _ = events.send(Event::Graph(GraphEvent::Link { id, output_node, input_node }));
            }
        }
        ObjectKind::Metadata => {
            let name = match get("metadata.name") {
                Some("default") => MetadataName::Default,
                Some("filters") => MetadataName::Filters,
                _ => return,
            };
            let _ = events.send(Event::Graph(GraphEvent::MetadataFound { name, id }));
            bind_metadata(registry, name, id, objects, events);
        }
        ObjectKind::Node => {}
    }
}

fn bind_metadata(
    registry: &RegistryRc,
    name: MetadataName,
    id: GlobalId,
    objects: &RefCell<Objects>,
    events: &UnboundedSender<Event>,
) {
    let Ok(proxy) = registry.bind::<Metadata, _>(&ObjectKind::Metadata.global(id)) else {
        return warn!(id, "failed to bind a metadata object");
    };
    let (events, ceilings) = (events.clone(), objects.borrow().ceilings.clone());
    let guards = objects.borrow().guards.clone();
    let listener = proxy
        .add_listener_local()
        .property(move |subject, key, type_, value| {
            ceilings.hear(name, key);
            if name == MetadataName::Default
                && key == Some(DEFAULT_DEVICE_KEY)
                && let Some(device) = value.and_then(named_device)
            {
                guards.borrow_mut().default_moves_to(&device);
            }
            let value = value.map(|value| (type_.unwrap_or_default().to_owned(), value.to_owned()));
            let key = key.map(str::to_owned);
            let _ = events.send(Event::Graph(GraphEvent::Metadata { name, subject, key, value }));
            0
        })
        .register();
    let bound = BoundMetadata { _listener: listener, proxy, id };
    objects.borrow_mut().metadata.insert(name, bound);
}

fn listen_node(
    node: &Node,
    id: GlobalId,
    known: &Rc<RefCell<NodeInfo>>,
    objects: &Rc<RefCell<Objects>>,
    volume: Option<FollowedVolume>,
    events: &UnboundedSender<Event>,
) -> NodeListener {
    let (info_volume, param_volume) = (volume.clone(), volume);
    let guards = objects.borrow().guards.clone();
    let (from_info, info_events) = (known.clone(), events.clone());
    let (from_param, param_events) = (known.clone(), events.clone());
    // Weak, or the objects would keep themselves alive through their own listeners.
    let objects = Rc::downgrade(objects);
    let seen_raw = Cell::new(false);
    node.add_listener_local()
        .info(move |info| {
            let NodeReport { props, input_ports, running } = NodeReport::read(info);
            let mut known = from_info.borrow_mut();
            let mut now = NodeInfo { input_ports, running, told: true, ..known.clone() };
            if !props.is_empty() {
                now.props = props;
            }
            if *known != now {
                known.clone_from(&now);
                if let Some(volume) = &info_volume {
                    volume.follow(&now);
                }
                let _ = info_events.send(Event::Graph(GraphEvent::Node { id, info: now }));
            }
        })
        .param(move |_, param, _, _, pod| match (param, pod) {
            (ParamType::EnumFormat, Some(pod)) => {
                let Some((MediaType::Audio, subtype)) = read_format(pod) else {
                    return;
                };
                seen_raw.set(seen_raw.get() || subtype == MediaSubtype::Raw);
                let encoded = !seen_raw.get();
                let mut known = from_param.borrow_mut();
                if known.encoded != encoded {
                    known.encoded = encoded;
                    let _ = param_events
                        .send(Event::Graph(GraphEvent::Node { id, info: known.clone() }));
                }
            }
            (ParamType::Props, Some(pod)) => {
                let (Some(told), Some(objects)) = (volume::read(pod), objects.upgrade()) else {
                    return;
                };
                let Some(param_volume) = &param_volume else {
                    // A device's: nothing of ours acts on it.
                    let mut known = from_param.borrow_mut();
                    if known.volume.as_ref() != Some(&told) {
                        known.volume = Some(told);
                        guards.borrow_mut().hear(id, &known);
                        let info = known.clone();
                        let _ = param_events.send(Event::Graph(GraphEvent::Node { id, info }));
                    }
                    return;
                };
                let objects = objects.borrow();
                let Some(node) = objects.nodes.get(&id) else {
                    return;
                };
                let follows = {
                    let mut known = from_param.borrow_mut();
                    let mut soft = node.soft.borrow_mut();
                    let follows = soft.take(known.volume.as_ref(), &told);
                    let told = Volume { foreign_soft: soft.is_foreign(), ..told };
                    known.volume = Some(told);
                    follows
                };
                param_volume.follow(&from_param.borrow());
                if follows.moved {
                    let info = from_param.borrow().clone();
                    let _ = param_events.send(Event::Graph(GraphEvent::Node { id, info }));
                }
                if follows.write {
                    node.write_soft_volume();
                }
            }
            _ => {}
        })
        .register()
}

/// The volume of a playback stream on its way to the chains that follow it.
#[derive(Clone)]
struct FollowedVolume {
    id: GlobalId,
    soft: Rc<RefCell<SoftVolume>>,
    volumes: Rc<RefCell<StreamVolumes>>,
}

impl FollowedVolume {
    /// Hands on what is on the stream's sound now, soft volumes of ours included: while a leveller
    /// takes over from one, it must not take the lowered sound for a quiet programme.
    fn follow(&self, known: &NodeInfo) {
        let gain_db = known.volume.as_ref().map(|it| self.soft.borrow().acting(it).gain_db());
        self.volumes.borrow_mut().set_stream(self.id, gain_db.unwrap_or(0.0), known.running);
    }
}

impl BoundNode {
    fn set_gain(&self, gain: f32) {
        if self.soft.borrow_mut().set_gain(gain, self.known.borrow().volume.as_ref()) {
            self.write_soft_volume();
        }
    }

    fn set_own_volume(&self, stream: u64, change: VolumeChange) {
        let known = self.known.borrow();
        let serial = known.props.get("object.serial").and_then(|serial| serial.parse().ok());
        let Some(volume) = known.volume.as_ref().filter(|_| serial == Some(stream)) else {
            return;
        };
        let param = volume::own(volume, change);
        if let Some(pod) = param.as_ref().and_then(Param::pod) {
            self.proxy.set_param(ParamType::Props, 0, pod);
        }
    }

    fn write_soft_volume(&self) {
        let known = self.known.borrow();
        let Some(volume) = &known.volume else {
            return;
        };
        let param = volume::soft(self.soft.borrow_mut().next_write(volume));
        if let Some(pod) = param.as_ref().and_then(Param::pod) {
            self.proxy.set_param(ParamType::Props, 0, pod);
        }
    }
}

/// Reads what a format is of; `None` when it does not say.
fn read_format(pod: &Pod) -> Option<(MediaType, MediaSubtype)> {
    let format = Properties::of(pod)?;
    let id = |key| format.get(key).and_then(Value::id);
    let (media, subtype) = (id(sys::SPA_FORMAT_mediaType)?, id(sys::SPA_FORMAT_mediaSubtype)?);
    Some((MediaType::from_raw(media), MediaSubtype::from_raw(subtype)))
}
