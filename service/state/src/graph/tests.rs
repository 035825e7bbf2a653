//! What a graph takes in and answers.

use super::*;

fn wireplumber(graph: &mut Graph, version: Option<&str>) {
    let mut props = Props::from([("application.name".into(), "WirePlumber".into())]);
    if let Some(version) = version {
        props.insert("application.version".into(), version.into());
    }
    graph.apply(GraphEvent::Client { id: 33, props });
}

fn metadata_objects(graph: &mut Graph) {
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Default, id: 38 });
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Filters, id: 39 });
}

#[test]
fn a_session_manager_is_ready_when_it_has_smart_filters() {
    let mut graph = Graph::default();
    assert_eq!(graph.session_manager(), SessionManager::Absent);
    wireplumber(&mut graph, Some("0.5.8"));
    assert_eq!(graph.session_manager(), SessionManager::Starting { version: "0.5.8".into() });
    metadata_objects(&mut graph);
    assert_eq!(graph.session_manager(), SessionManager::Ready { version: "0.5.8".into() });
    graph.apply(GraphEvent::Removed { id: 39 });
    assert_eq!(graph.session_manager(), SessionManager::Starting { version: "0.5.8".into() });
}

#[test]
fn a_session_manager_before_0_5_is_too_old() {
    for (told, shown) in [(Some("0.4.17"), "0.4.17"), (None, "unknown")] {
        let mut graph = Graph::default();
        wireplumber(&mut graph, told);
        assert_eq!(graph.session_manager(), SessionManager::TooOld { version: shown.into() });
    }
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(is_new_enough("0.5"));
    assert!(is_new_enough("0.10.1"));
    assert!(is_new_enough("1.0.0-rc1"));
    assert!(!is_new_enough("0.4.99"));
}

#[test]
fn a_lost_connection_voids_everything() {
    let mut graph = Graph::default();
    graph.apply(GraphEvent::Connected { version: "1.4.2".into() });
    wireplumber(&mut graph, Some("0.5.8"));
    graph.apply(GraphEvent::Disconnected { reason: "gone".into() });
    assert_eq!(graph.session_manager(), SessionManager::Absent);
    assert_eq!(graph.absence.as_deref(), Some("gone"));
}

#[test]
fn a_devices_channels_are_known_only_when_every_port_has_been_told() {
    let mut graph = Graph::default();
    graph.apply(GraphEvent::Node {
        id: 5,
        info: NodeInfo { input_ports: 2, ..NodeInfo::default() },
    });
    let port = |number: u32, channel: &str| {
        Props::from([
            ("node.id".into(), "5".into()),
            ("port.id".into(), number.to_string()),
            ("port.direction".into(), "in".into()),
            ("audio.channel".into(), channel.into()),
        ])
    };
    graph.apply(GraphEvent::Port { id: 71, props: port(1, "FR") });
    assert_eq!(graph.channels_of(5), None);
    graph.apply(GraphEvent::Port { id: 70, props: port(0, "FL") });
    assert_eq!(graph.channels_of(5), Some(Channels::stereo()));
}

#[test]
fn our_own_nodes_are_no_streams_even_before_their_group_is_told() {
    let mut graph = Graph::default();
    let us = Props::from([("application.id".into(), names::BUS_NAME.into())]);
    graph.apply(GraphEvent::Client { id: 33, props: us });
    let node = |name: &str, client: &str| {
        let props =
            [("media.class", "Stream/Output/Audio"), ("node.name", name), ("client.id", client)];
        let props = props.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        NodeInfo { props, ..NodeInfo::default() }
    };
    graph.apply(GraphEvent::Node { id: 5, info: node("headroom.app.1.output", "33") });
    graph.apply(GraphEvent::Node { id: 6, info: node("headroom lamp", "34") });
    assert_eq!(graph.streams().map(|(id, _)| id).collect::<Vec<_>>(), [6]);
}

#[test]
fn a_deleted_subject_loses_every_key() {
    let mut graph = Graph::default();
    let write = |key: Option<&str>, value: Option<&str>| GraphEvent::Metadata {
        name: MetadataName::Default,
        subject: 7,
        key: key.map(str::to_owned),
        value: value.map(|value| ("Spa:String".to_owned(), value.to_owned())),
    };
    graph.apply(write(Some("target.object"), Some("hw")));
    assert_eq!(graph.metadata(MetadataName::Default, 7, "target.object"), Some("hw"));
    graph.apply(write(None, None));
    assert_eq!(graph.metadata(MetadataName::Default, 7, "target.object"), None);
}
