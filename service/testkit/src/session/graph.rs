//! The graph as `pw-dump` tells it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Global id.
    pub id: u32,
    /// Serial number, never used twice (`object.serial`).
    pub serial: u64,
    /// `node.name`, empty if there is none.
    pub name: String,
    /// `media.class`, empty if there is none.
    pub media_class: String,
    /// `running`, `idle`, `suspended`, `creating` or `error`.
    pub state: String,
    /// All properties.
    pub props: BTreeMap<String, Value>,
    /// All readable parameters, by name.
    pub params: BTreeMap<String, Value>,
}

impl Node {
    /// Returns a property as text, whatever its type.
    pub fn prop(&self, key: &str) -> Option<String> {
        self.props.get(key).map(text)
    }
}

/// A connection to PipeWire.
#[derive(Clone, Debug)]
pub struct Client {
    /// Global id.
    pub id: u32,
    /// All properties.
    pub props: BTreeMap<String, Value>,
}

/// A port.
#[derive(Clone, Debug)]
pub struct Port {
    /// Global id.
    pub id: u32,
    /// Node that it belongs to.
    pub node: u32,
    /// `port.name`.
    pub name: String,
    /// Whether sound goes in, not out.
    pub is_input: bool,
    /// Whether it is a monitor of an input.
    pub is_monitor: bool,
    /// `audio.channel`, empty if there is none.
    pub channel: String,
}

/// A link between two ports.
#[derive(Clone, Debug)]
pub struct Link {
    /// Global id.
    pub id: u32,
    /// Node that sound comes from.
    pub output_node: u32,
    /// Port that sound comes from.
    pub output_port: u32,
    /// Node that sound goes to.
    pub input_node: u32,
    /// Port that sound goes to.
    pub input_port: u32,
    /// `active`, `paused`, `init`, `negotiating`, `allocating` or `error`.
    pub state: String,
}

/// One entry of a metadata object.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataEntry {
    /// `metadata.name` of the object: `default`, `settings`, `filters`...
    pub metadata: String,
    /// Id that the entry is about; 0 is everything.
    pub subject: u32,
    /// Key.
    pub key: String,
    /// Type as it was written, for example `Spa:String:JSON`.
    pub type_name: String,
    /// Value; a JSON-typed one is parsed.
    pub value: Value,
}

/// Everything that exists in a session's PipeWire at one moment.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Connected programs.
    pub clients: Vec<Client>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Ports.
    pub ports: Vec<Port>,
    /// Links.
    pub links: Vec<Link>,
    /// Metadata of all metadata objects.
    pub metadata: Vec<MetadataEntry>,
}

impl Graph {
    /// Reads the output of `pw-dump`.
    ///
    /// # Errors
    /// When it is not a JSON list.
    pub fn parse(json: &str) -> Result<Self> {
        let objects: Vec<Value> =
            serde_json::from_str(json).context("pw-dump did not print a list")?;
        let mut graph = Self::default();
        for object in &objects {
            match object["type"].as_str().unwrap_or_default() {
                "PipeWire:Interface:Node" => graph.nodes.extend(parse_node(object)),
                "PipeWire:Interface:Port" => graph.ports.extend(parse_port(object)),
                "PipeWire:Interface:Link" => graph.links.extend(parse_link(object)),
                "PipeWire:Interface:Metadata" => graph.metadata.extend(parse_metadata(object)),
                "PipeWire:Interface:Client" => graph.clients.extend(parse_client(object)),
                _ => {}
            }
        }
        Ok(graph)
    }

    /// Returns the node of this name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Returns the node of this id.
    pub fn node_by_id(&self, id: u32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Returns the node of this serial number.
    pub fn node_by_serial(&self, serial: u64) -> Option<&Node> {
        self.nodes.iter().find(|node| node.serial == serial)
    }

    /// Returns the ports of a node, in the order of their ids.
    pub fn ports_of(&self, node: u32) -> Vec<&Port> {
        let mut ports: Vec<_> = self.ports.iter().filter(|port| port.node == node).collect();
        ports.sort_by_key(|port| port.id);
        ports
    }

    /// Returns the nodes that `node` plays into, each once, in the order of their ids.
    pub fn targets(&self, node: u32) -> Vec<&Node> {
        let ids: BTreeSet<u32> = self
            .links
            .iter()
            .filter(|link| link.output_node == node)
            .map(|link| link.input_node)
            .collect();
        ids.into_iter().filter_map(|id| self.node_by_id(id)).collect()
    }

    /// Returns the names of [`Self::targets`].
    pub fn target_names(&self, node: u32) -> Vec<&str> {
        self.targets(node).into_iter().map(|node| node.name.as_str()).collect()
    }

    /// Returns the names of [`Self::targets`], with those that begin with `prefix` replaced by what
    /// their other half, named like them with `.output`, plays into.
    pub fn target_names_behind(&self, node: u32, prefix: &str) -> Vec<&str> {
        let behind = |name: &'_ str| {
            let filter = name.starts_with(prefix).then(|| self.node(&format!("{name}.output")));
            filter.flatten().map(|output| self.target_names(output.id))
        };
        let names = self.target_names(node).into_iter();
        names.flat_map(|name| behind(name).unwrap_or_else(|| vec![name])).collect()
    }

    /// Returns the states of all links between two nodes.
    pub fn link_states(&self, output_node: u32, input_node: u32) -> Vec<&str> {
        self.links
            .iter()
            .filter(|link| link.output_node == output_node && link.input_node == input_node)
            .map(|link| link.state.as_str())
            .collect()
    }

    /// Tells whether two nodes are linked and all their links carry sound.
    pub fn is_linked(&self, output_node: u32, input_node: u32) -> bool {
        let states = self.link_states(output_node, input_node);
        !states.is_empty() && states.iter().all(|state| *state == "active")
    }

    /// Tells whether links lead from one node to another, over whichever nodes in between.
    pub fn reaches(&self, from: u32, to: u32) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            if node == to {
                return true;
            }
            for link in self.links.iter().filter(|link| link.output_node == node) {
                if seen.insert(link.input_node) {
                    queue.push_back(link.input_node);
                }
            }
        }
        false
    }

    /// Describes nodes and where they play to, in a few lines, for messages.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            let targets = self.target_names(node.id).join(", ");
            let ports = self.ports_of(node.id).len();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n  node {} '{}' {} {}, {ports} ports, to [{targets}]",
                node.id, node.name, node.media_class, node.state
            );
        }
        text
    }

    /// Tells whether a session manager is connected and has loaded all of its policy.
    pub fn is_managed(&self) -> bool {
        self.clients.iter().any(|client| client.props.contains_key("session.services"))
    }

    /// Returns the value of a metadata entry.
    pub fn metadata_value(&self, metadata: &str, subject: u32, key: &str) -> Option<&Value> {
        self.metadata
            .iter()
            .find(|entry| {
                entry.metadata == metadata && entry.subject == subject && entry.key == key
            })
            .map(|entry| &entry.value)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    T::try_from(number).ok()
}

fn string(value: &Value) -> String {
    if value.is_null() { String::new() } else { text(value) }
}

fn table(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn parse_node(object: &Value) -> Option<Node> {
    let info = &object["info"];
    let props = &info["props"];
    Some(Node {
        id: number(&object["id"])?,
        serial: number(&props["object.serial"])?,
        name: string(&props["node.name"]),
        media_class: string(&props["media.class"]),
        state: string(&info["state"]),
        props: table(props),
        params: table(&info["params"]),
    })
}

fn parse_client(object: &Value) -> Option<Client> {
    Some(Client { id: number(&object["id"])?, props: table(&object["info"]["props"]) })
}

fn parse_port(object: &Value) -> Option<Port> {
    let info = &object["info"];
    let props = &info["props"];
    Some(Port {
        id: number(&object["id"])?,
        node: number(&props["node.id"])?,
        name: string(&props["port.name"]),
        is_input: info["direction"] == "input",
        is_monitor: props["port.monitor"] == true,
        channel: string(&props["audio.channel"]),
    })
}

fn parse_link(object: &Value) -> Option<Link> {
    let info = &object["info"];
    Some(Link {
        id: number(&object["id"])?,
        output_node: number(&info["output-node-id"])?,
        output_port: number(&info["output-port-id"])?,
        input_node: number(&info["input-node-id"])?,
        input_port: number(&info["input-port-id"])?,
        state: string(&info["state"]),
    })
}

fn parse_metadata(object: &Value) -> Vec<MetadataEntry> {
    let metadata = string(&object["props"]["metadata.name"]);
    let entries = object["metadata"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(MetadataEntry {
                metadata: metadata.clone(),
                subject: number(&entry["subject"])?,
                key: string(&entry["key"]),
                type_name: string(&entry["type"]),
                value: entry["value"].clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = r#"[
        {"id": 30, "type": "PipeWire:Interface:Node", "info": {"state": "running",
            "props": {"object.serial": 130, "node.name": "app", "application.process.id": "7"}}},
        {"id": 31, "type": "PipeWire:Interface:Node", "info": {"state": "running",
            "props": {"object.serial": "131", "node.name": "filter"}}},
        {"id": 32, "type": "PipeWire:Interface:Node", "info": {"state": "idle",
            "props": {"object.serial": 132, "node.name": "device"}}},
        {"id": 40, "type": "PipeWire:Interface:Link", "info": {"output-node-id": 30,
            "output-port-id": 1, "input-node-id": 31, "input-port-id": 2, "state": "active"}},
        {"id": 41, "type": "PipeWire:Interface:Link", "info": {"output-node-id": 31,
            "output-port-id": 3, "input-node-id": 32, "input-port-id": 4, "state": "paused"}},
        {"id": 50, "type": "PipeWire:Interface:Metadata", "props": {"metadata.name": "default"},
            "metadata": [{"subject": 0, "key": "default.audio.sink", "type": "Spa:String:JSON",
                "value": {"name": "device"}}]}
    ]"#;

    #[test]
    fn nodes_links_and_metadata_are_read() {
        let graph = Graph::parse(DUMP).unwrap();
        let app = graph.node("app").unwrap();
        assert_eq!((app.id, app.serial), (30, 130));
        assert_eq!(app.prop("application.process.id").as_deref(), Some("7"));
        assert_eq!(graph.node_by_serial(131).unwrap().name, "filter");
        assert_eq!(graph.target_names(30), ["filter"]);
        assert_eq!(graph.target_names_behind(30, "other"), ["filter"]);
        let mut renamed = graph.clone();
        for node in &mut renamed.nodes {
            match node.id {
                31 => node.name = "app.1".into(),
                32 => node.name = "app.1.output".into(),
                _ => {}
            }
        }
        assert_eq!(renamed.target_names_behind(30, "app."), Vec::<&str>::new());
        assert!(graph.is_linked(30, 31) && !graph.is_linked(31, 32) && !graph.is_linked(30, 32));
        assert!(graph.reaches(30, 32) && !graph.reaches(32, 30));
        let default = graph.metadata_value("default", 0, "default.audio.sink").unwrap();
        assert_eq!(default["name"], "device");
        assert!(Graph::parse("{}").is_err());
    }
}
