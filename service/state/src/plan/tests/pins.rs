//! The rules by which a device that the user has chosen for an application outlives us.

use super::*;

const KEY: &str = "Output/Audio:application.name:Firefox";

fn pinned() -> Pins {
    Pins::parse(&format!("{KEY}={{\"target\":\"headset\"}}"))
}

/// A graph with everything of ours in its place, and a stream of Firefox's.
fn playing(desired: Desired<'_>) -> (Graph, Ownership) {
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    settle(&mut graph, desired, &mut ownership);
    stream(&mut graph, STREAM, "Firefox", &[("application.process.binary", "firefox")]);
    (graph, ownership)
}

fn writes(told: &[String]) -> Vec<&String> {
    told.iter().filter(|command| command.starts_with("SetDefaultMetadata")).collect()
}

#[test]
fn a_stream_with_a_remembered_device_gets_no_target_of_ours() {
    let pins = pinned();
    for routes in [Routes::default(), bypass_of("Firefox")] {
        let desired = Desired { pins: &pins, ..per_app(&routes) };
        let (mut graph, mut ownership) = playing(desired);
        let told = settle(&mut graph, desired, &mut ownership);
        assert!(writes(&told).is_empty(), "{told:?}");
        assert!(nudge(&graph, desired, &mut ownership, &[u64::from(STREAM) + 1000]).is_empty());
        // The others are what they were.
        stream(&mut graph, STREAM + 1, "mpv", &[("application.process.binary", "mpv")]);
        settle(&mut graph, desired, &mut ownership);
        let target = graph.metadata(MetadataName::Default, STREAM + 1, TARGET_KEY);
        assert!(target.is_some_and(|target| target.starts_with(names::APP_NODE_PREFIX)));
    }
}

#[test]
fn a_stream_that_is_left_alone_says_so_and_is_not_astray() {
    let (pins, routes) = (pinned(), bypass_of("Firefox"));
    let desired = Desired { pins: &pins, ..per_app(&routes) };
    let (mut graph, mut ownership) = playing(desired);
    settle(&mut graph, desired, &mut ownership);
    graph.apply(GraphEvent::Link { id: 500, output_node: STREAM, input_node: SINK_HALF });
    let shown = streams(&graph, desired, &ownership).pop().unwrap();
    assert_eq!(shown.route, StreamRoute::Processed, "the route that it has");
    assert_ne!(shown.links, Links::Astray);
    let device = Some("headset".into());
    let held = Held::Remembered { device, absent: true, node: STREAM };
    assert_eq!(shown.reason.held, Some(held), "{}", shown.reason);
}
#[test]
fn nothing_is_written_before_it_is_known_whether_a_device_is_remembered() {
    let (pins, routes) = (pinned(), bypass_of("Firefox"));
    let desired = Desired { pins: &pins, ..desired(&routes) };
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    settle(&mut graph, desired, &mut ownership);
    // The registry tells a part of the properties; the role, which comes first in the key, later.
    let part = props(&[("media.class", "Stream/Output/Audio"), ("application.name", "Firefox")]);
    let untold = NodeInfo { props: part, ..NodeInfo::default() };
    graph.apply(GraphEvent::Node { id: STREAM, info: untold });
    assert!(plan(&graph, desired, &mut ownership, Instant::now()).is_empty());
    stream(&mut graph, STREAM, "Firefox", &[("media.role", "Music")]);
    assert!(!writes(&settle(&mut graph, desired, &mut ownership)).is_empty());
}

#[test]
fn a_device_chosen_for_one_stream_counts_for_its_siblings_before_it_is_in_the_file() {
    let routes = Routes::default();
    let desired = per_app(&routes);
    let (mut graph, mut ownership) = playing(desired);
    device(&mut graph, 41, "headset", &["FL", "FR"]);
    let headset =
        props(&[("media.class", "Audio/Sink"), ("node.name", "headset"), ("object.serial", "77")]);
    let info = NodeInfo { props: headset, input_ports: 2, ..NodeInfo::default() };
    graph.apply(GraphEvent::Node { id: 41, info });
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:Id", "77")));
    settle(&mut graph, desired, &mut ownership);
    graph.apply(GraphEvent::Removed { id: STREAM });
    let sibling = STREAM + 1;
    stream(&mut graph, sibling, "Firefox", &[("application.process.binary", "firefox")]);
    assert!(writes(&settle(&mut graph, desired, &mut ownership)).is_empty());
    // The session manager has written its file since, without it: the user has taken it back.
    ownership.forget_fresh_pins();
    assert!(!writes(&settle(&mut graph, desired, &mut ownership)).is_empty());
}

#[test]
fn what_would_cost_a_device_of_the_users_is_not_even_taken_back() {
    let routes = bypass_of("Firefox");
    let before = desired(&routes);
    let (mut graph, mut ownership) = playing(before);
    settle(&mut graph, before, &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
    // Another stream of the same application has been given a device.
    let pins = pinned();
    let (unset, journal) = (Routes::default(), ownership.journal());
    let after = Desired { pins: &pins, ..desired(&unset) };
    assert!(writes(&settle(&mut graph, after, &mut ownership)).is_empty());
    assert!(ownership.release(&graph, &pins).is_empty());
    assert_eq!(ownership.journal(), journal, "a later run takes it back when it may");
    assert!(!ownership.release(&graph, &Pins::default()).is_empty());
}
