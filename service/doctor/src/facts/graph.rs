//! PipeWire's graph, as `pw-dump` shows it.

use headroom_api::names::{OUTPUT_NODE, SINK_NODE};
use serde_json::Value;

use crate::tools::run;

/// What of the graph concerns Headroom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// Nodes that bear the names of Headroom's pair.
    pub(crate) ours: Vec<Node>,
    /// Entries that turn a filter off: the node, and whether that node is there.
    pub(crate) disabled: Vec<(u64, bool)>,
    /// Processes that manage the session, by id.
    pub(crate) managers: Vec<(u64, String)>,
    /// Names and titles that other people's programs and devices bear.
    pub(crate) names: Vec<Named>,
}

/// A node of Headroom's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) is_smart: bool,
    /// Process that it belongs to.
    pub(crate) process: Option<u64>,
}

/// A name in the graph, by what it is the name of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Every name of one device.
    Device(Vec<String>),
    Application(String),
    Media(String),
}

impl Graph {
    /// Reads the graph of this session; `None` when it cannot be had.
    pub(crate) async fn read() -> Option<Self> {
        let text = run("pw-dump", &["--no-colors"]).await?;
        let objects: Vec<Value> = serde_json::from_str(&text).ok()?;
        Some(Self::parse(&objects))
    }

    fn parse(objects: &[Value]) -> Self {
        let mut graph = Self::default();
        let kind = |object: &Value| {
            let name = object["type"].as_str().unwrap_or_default();
            name.rsplit(':').next().unwrap_or_default().to_owned()
        };
        let id = |object: &Value| object["id"].as_u64();
        let nodes: Vec<u64> =
            objects.iter().filter(|object| kind(object) == "Node").filter_map(id).collect();
        for object in objects {
            let props = &object["info"]["props"];
            match kind(object).as_str() {
                "Node" => graph.add_node(id(object).unwrap_or_default(), props, objects),
                "Device" => graph.add_names(props, true),
                "Client" => graph.add_client(props),
                "Metadata" if object["props"]["metadata.name"] == "filters" => {
                    let entries = object["metadata"].as_array().map(Vec::as_slice);
                    for entry in entries.unwrap_or_default() {
                        let is_on = entry["value"] == true || entry["value"] == "true";
                        let is_switch = entry["key"] == "filter.smart.disabled";
                        if let (true, true, Some(node)) =
                            (is_on, is_switch, entry["subject"].as_u64())
                        {
                            graph.disabled.push((node, nodes.contains(&node)));
                        }
                    }
                }
                _ => {}
            }
        }
        graph
    }

    fn add_node(&mut self, id: u64, props: &Value, objects: &[Value]) {
        let name = props["node.name"].as_str().unwrap_or_default();
        if name == SINK_NODE || name == OUTPUT_NODE {
            let client = objects.iter().find(|object| object["id"] == props["client.id"]);
            let process =
                client.and_then(|client| client["info"]["props"]["pipewire.sec.pid"].as_u64());
            let is_smart = props["filter.smart"] == true || props["filter.smart"] == "true";
            self.ours.push(Node { id, name: name.to_owned(), is_smart, process });
            return;
        }
        let class = props["media.class"].as_str().unwrap_or_default();
        self.add_names(props, !class.starts_with("Stream/"));
    }

    fn add_client(&mut self, props: &Value) {
        self.add_names(props, false);
        let binary = props["application.process.binary"].as_str().unwrap_or_default();
        let is_manager = props["wireplumber.daemon"] == true
            || matches!(binary, "wireplumber" | "pipewire-media-session");
        if let (true, Some(process)) = (is_manager, props["pipewire.sec.pid"].as_u64())
            && !self.managers.iter().any(|(known, _)| *known == process)
        {
            self.managers.push((process, binary.to_owned()));
        }
    }

    fn add_names(&mut self, props: &Value, is_device: bool) {
        let text = |key: &str| {
            props[key].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let media = ["media.name", "media.title", "media.artist", "media.album", "media.filename"];
        self.names.extend(media.into_iter().filter_map(text).map(Named::Media));
        let application = ["application.name", "client.name", "window.name"];
        self.names.extend(application.into_iter().filter_map(text).map(Named::Application));
        if is_device {
            let device = [
                "node.name",
                "node.nick",
                "node.description",
                "device.name",
                "device.nick",
                "device.alias",
                "device.description",
                "device.product.name",
                "device.serial",
                "api.bluez5.address",
                "api.alsa.card.name",
                "api.alsa.card.longname",
            ];
            let all: Vec<String> = device.into_iter().filter_map(text).collect();
            if !all.is_empty() {
                self.names.push(Named::Device(all));
            }
        } else {
            let node = ["node.name", "node.nick", "node.description"];
            self.names.extend(node.into_iter().filter_map(text).map(Named::Application));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_graph_is_read_for_what_concerns_headroom() {
        let node = |id: u64, props: Value| json!({"id": id, "type": "PipeWire:Interface:Node", "info": {"props": props}});
        let client = |id: u64, props: Value| json!({"id": id, "type": "PipeWire:Interface:Client", "info": {"props": props}});
        let objects = [
            node(
                45,
                json!({"node.name": "headroom", "filter.smart": true, "client.id": 33, "media.class": "Audio/Sink/Internal"}),
            ),
            node(
                46,
                json!({"node.name": "headroom.output", "filter.smart": "true", "client.id": 33}),
            ),
            node(
                40,
                json!({"node.name": "bluez.x", "node.description": "Anna's", "media.class": "Audio/Sink"}),
            ),
            node(
                41,
                json!({"node.name": "mpv", "media.name": "A song", "media.class": "Stream/Output/Audio"}),
            ),
            client(33, json!({"pipewire.sec.pid": 7, "application.name": "Headroom"})),
            client(31, json!({"pipewire.sec.pid": 8, "wireplumber.daemon": true})),
            client(32, json!({"pipewire.sec.pid": 8, "application.process.binary": "wireplumber"})),
            json!({"id": 39, "type": "PipeWire:Interface:Metadata", "props": {"metadata.name": "filters"},
                "metadata": [
                    {"subject": 45, "key": "filter.smart.disabled", "value": true},
                    {"subject": 99, "key": "filter.smart.disabled", "value": "true"},
                    {"subject": 46, "key": "filter.smart.disabled", "value": false}]}),
        ];
        let graph = Graph::parse(&objects);
        let ours: Vec<_> =
            graph.ours.iter().map(|node| (node.id, node.is_smart, node.process)).collect();
        assert_eq!(ours, [(45, true, Some(7)), (46, true, Some(7))]);
        assert_eq!(graph.disabled, [(45, true), (99, false)]);
        assert_eq!(graph.managers.len(), 1, "one process, however many clients it has");
        assert!(
            graph.names.contains(&Named::Device(vec!["bluez.x".to_owned(), "Anna's".to_owned()]))
        );
        assert!(graph.names.contains(&Named::Media("A song".to_owned())));
        assert!(graph.names.contains(&Named::Application("mpv".to_owned())));
        let is_ours = |named: &Named| matches!(named, Named::Device(all) if all.iter().any(|name| name == "headroom"));
        assert!(!graph.names.iter().any(is_ours));
    }

    #[test]
    fn an_empty_or_odd_dump_says_nothing() {
        assert_eq!(Graph::parse(&[]), Graph::default());
        assert_eq!(Graph::parse(&[json!(7), json!({"type": 3})]), Graph::default());
    }
}
