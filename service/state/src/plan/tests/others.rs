//! The rules for other people's programs: device tails, recorders, streams that cannot be moved.

use super::*;

/// The equaliser's device; its output is [`STREAM`].
const EQUALISER: GlobalId = 42;
const GROUP: (&str, &str) = ("node.link-group", "filter-chain-1");

/// An equaliser is the default device.
fn with_equaliser() -> (Graph, Ownership) {
    let mut graph = ready_graph();
    device(&mut graph, EQUALISER, "eq", &["FL", "FR"]);
    let mut info = graph.node(EQUALISER).unwrap().clone();
    info.props.extend(props(&[GROUP, ("priority.session", "9000")]));
    graph.apply(GraphEvent::Node { id: EQUALISER, info });
    stream(&mut graph, STREAM, "Equaliser", &[GROUP]);
    default_device(&mut graph, "eq");
    (graph, Ownership::default())
}

fn output_port(graph: &mut Graph, node: GlobalId, number: u32, channel: &str) {
    let props = props(&[
        ("node.id", &node.to_string()),
        ("port.id", &number.to_string()),
        ("port.direction", "out"),
        ("audio.channel", channel),
    ]);
    graph.apply(GraphEvent::Port { id: node * 100 + number, props });
}

fn writes(told: &[String]) -> bool {
    told.iter().any(|command| command.starts_with("SetDefaultMetadata"))
}

fn shown(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> StreamStatus {
    streams(graph, desired, ownership).into_iter().find(|s| s.node == STREAM).unwrap()
}

#[test]
fn device_tail_without_target_gets_a_chain_at_its_device() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = with_equaliser();
    // The session manager has sent it to the bus, and an application's bus with it to the real device.
    settle(&mut graph, desired(&routes), &mut ownership);
    link(&mut graph, STREAM, SINK_HALF);
    link(&mut graph, SINK_HALF + 1, 40);
    stream(&mut graph, STREAM + 1, "mpv", &[]);
    link(&mut graph, STREAM + 1, SINK_HALF);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(!writes(&told), "{told:?}");
    let (chain, device) = ownership.devices().iter().next().expect("a chain before the device");
    assert_eq!(device, "hw");
    assert!(ownership.devices().limits_only(chain));
    link(&mut graph, STREAM, sink_of(chain));
    link(&mut graph, sink_of(chain) + 1, 40);
    assert!(settle(&mut graph, desired(&routes), &mut ownership).is_empty());
    let tail = shown(&graph, desired(&routes), &ownership);
    let held = Held::DeviceTail { device: Some("hw".into()), blocked: None };
    assert_eq!((tail.route, tail.reason), (StreamRoute::Processed, Reason::held(held)));
    assert_eq!((tail.controller, tail.level_reason.held), (None, Some(LevelHeld::DeviceTail)));
}

#[test]
fn device_tail_is_never_levelled_and_never_has_its_own_chain() {
    let (routes, per_app) = (Routes::default(), profile("mine", "chains = \"per-app\""));
    let own = Desired { profile: &per_app, leveller: Some(Leveller::Apps), ..desired(&routes) };
    let (mut graph, mut ownership) = with_equaliser();
    default_device(&mut graph, "hw");
    settle(&mut graph, own, &mut ownership);
    assert_eq!(ownership.apps().iter().count(), 0);
    link(&mut graph, STREAM, SINK_HALF);
    link(&mut graph, SINK_HALF + 1, 40);
    let tail = shown(&graph, own, &ownership);
    assert_eq!((tail.route, tail.controller), (StreamRoute::Processed, None));
    assert!(matches!(tail.reason.held, Some(Held::DeviceTail { blocked: None, .. })));
}

#[test]
fn device_tail_says_why_its_device_has_no_chain() {
    let routes = bypass_of("game");
    let (mut graph, mut ownership) = with_equaliser();
    link(&mut graph, STREAM, 40);
    stream(&mut graph, STREAM + 1, "game", &[("target.object", "hw")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    let tail = shown(&graph, desired(&routes), &ownership);
    let blocked = Some(Blocked::Bypassed { app: "game".into() });
    let held = Held::DeviceTail { device: Some("hw".into()), blocked };
    assert_eq!((tail.route, tail.reason), (StreamRoute::Unmanaged, Reason::held(held)));
    assert_eq!(tail.links, Links::InPlace, "it would be nudged");
}

#[test]
fn immovable_stream_is_sent_before_its_first_link_alone() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let mut ownership = Ownership::default();
    stream(&mut graph, STREAM, "mpv", &[("node.dont-reconnect", "true")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
    link(&mut graph, STREAM, 40);
    let status = shown(&graph, desired(&routes), &ownership);
    assert_eq!((status.route, status.links), (StreamRoute::Unmanaged, Links::InPlace));
    assert_eq!(status.reason, Reason::held(Held::Immovable));
    device(&mut graph, 41, "second", &["FL", "FR"]);
    default_device(&mut graph, "second");
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")), "it cannot follow");
}

#[test]
fn immovable_stream_in_a_chain_is_linked_to_its_device_once() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let (mut ownership, start) = (Ownership::default(), Instant::now());
    settle(&mut graph, desired(&routes), &mut ownership);
    link(&mut graph, SINK_HALF + 1, 40);
    stream(&mut graph, STREAM, "mpv", &[("node.dont-reconnect", "true")]);
    link(&mut graph, STREAM, SINK_HALF);
    let mut relinks = |graph: &Graph, after_s: u64| {
        let now = start + std::time::Duration::from_secs(after_s);
        let mut told = plan(graph, desired(&routes), &mut ownership, now);
        told.retain(|it| matches!(it, GraphCommand::Relink { .. }));
        told
    };
    output_port(&mut graph, STREAM, 1, "FR");
    output_port(&mut graph, STREAM, 0, "FL");
    assert!(relinks(&graph, 0).is_empty(), "the link may not be active yet");
    let links = vec![(STREAM * 100, 4_000), (STREAM * 100 + 1, 4_001)];
    let relink = |link| GraphCommand::Relink { unlink: vec![link], links: links.clone() };
    assert_eq!(relinks(&graph, 1), [relink(100_000 + STREAM)]);
    assert!(relinks(&graph, 9).is_empty(), "it was asked already");
    // The session manager has made its link again, and both stand.
    graph.apply(GraphEvent::Removed { id: 100_000 + STREAM });
    graph.apply(GraphEvent::Link { id: 7_001, output_node: STREAM, input_node: 40 });
    graph.apply(GraphEvent::Link { id: 7_002, output_node: STREAM, input_node: SINK_HALF });
    assert!(relinks(&graph, 10).is_empty());
    assert_eq!(relinks(&graph, 11), [relink(7_002)]);
    graph.apply(GraphEvent::Removed { id: 7_002 });
    assert!(relinks(&graph, 12).is_empty());
    assert_eq!(ownership.next_expiry(), None);
}

#[test]
fn immovable_stream_that_nobody_links_is_linked_to_its_device() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let (mut ownership, start) = (Ownership::default(), Instant::now());
    let props = [("node.dont-reconnect", "true"), ("node.autoconnect", "true")];
    stream(&mut graph, STREAM, "mpv", &props);
    output_port(&mut graph, STREAM, 0, "MONO");
    let mut plan = |graph: &Graph, after_s: u64| {
        let now = start + std::time::Duration::from_secs(after_s);
        let mut told = plan(graph, desired(&routes), &mut ownership, now);
        told.retain(|it| matches!(it, GraphCommand::Relink { .. }));
        (told, ownership.next_expiry().map(|at| at - start))
    };
    assert_eq!(plan(&graph, 0), (Vec::new(), Some(std::time::Duration::from_secs(1))));
    let links = vec![(STREAM * 100, 4_000), (STREAM * 100, 4_001)];
    let (told, due) = plan(&graph, 1);
    assert_eq!((&told[..], due), (&[GraphCommand::Relink { unlink: vec![], links }][..], None));
    assert_eq!(plan(&graph, 9), (Vec::new(), None), "it was asked already");
    link(&mut graph, STREAM, 40);
    plan(&graph, 10);
    // Somebody cuts it in a patch bay.
    graph.apply(GraphEvent::Removed { id: 100_000 + STREAM });
    assert_eq!(plan(&graph, 20), (Vec::new(), None));
}

#[test]
fn immovable_stream_goes_back_to_the_device_it_played_to() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let (mut ownership, start) = (Ownership::default(), Instant::now());
    settle(&mut graph, desired(&routes), &mut ownership);
    link(&mut graph, SINK_HALF + 1, 40);
    stream(&mut graph, STREAM, "mpv", &[("node.dont-reconnect", "true")]);
    output_port(&mut graph, STREAM, 0, "FL");
    device(&mut graph, 41, "second", &["FL", "FR"]);
    link(&mut graph, STREAM, 41);
    let mut relinks = |graph: &Graph, after_s: u64| {
        let now = start + std::time::Duration::from_secs(after_s);
        let mut told = plan(graph, desired(&routes), &mut ownership, now);
        told.retain(|it| matches!(it, GraphCommand::Relink { .. }));
        told
    };
    assert!(relinks(&graph, 0).is_empty(), "it plays where it is");
    // The session manager links it to a chain after all, and its first link is gone with its ports.
    graph.apply(GraphEvent::Removed { id: 100_000 + STREAM });
    graph.apply(GraphEvent::Link { id: 7_001, output_node: STREAM, input_node: SINK_HALF });
    let relink = |link, port| GraphCommand::Relink {
        unlink: vec![link],
        links: vec![(STREAM * 100, port), (STREAM * 100, port + 1)],
    };
    assert!(relinks(&graph, 1).is_empty());
    assert_eq!(relinks(&graph, 2), [relink(7_001, 4_100)]);
    graph.apply(GraphEvent::Removed { id: 7_001 });
    graph.apply(GraphEvent::Removed { id: 41 });
    graph.apply(GraphEvent::Link { id: 7_002, output_node: STREAM, input_node: SINK_HALF });
    assert!(relinks(&graph, 3).is_empty());
    assert_eq!(relinks(&graph, 4), [relink(7_002, 4_000)], "its device is gone");
}

#[test]
fn recorder_hears_the_default_device_and_follows_it() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let mut ownership = Ownership::default();
    let records = [("media.class", "Stream/Input/Audio"), ("stream.capture.sink", "true")];
    stream(&mut graph, STREAM, "recorder", &records);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
    assert_eq!(ownership.journal().len(), 1, "a crash would leave it behind");
    let status = shown(&graph, desired(&routes), &ownership);
    assert_eq!(status.reason, Reason::held(Held::Listener));
    assert!(!status.audible);
    device(&mut graph, 41, "second", &["FL", "FR"]);
    default_device(&mut graph, "second");
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "second")));
    let pins = Pins::default();
    assert!(matches!(
        ownership.release(&graph, &pins)[..],
        [GraphCommand::SetDefaultMetadata { value: None, .. }]
    ));
}

#[test]
fn immovable_recorder_is_cut_from_our_sink_and_hears_its_device() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let (mut ownership, start) = (Ownership::default(), Instant::now());
    settle(&mut graph, desired(&routes), &mut ownership);
    let records = [
        ("media.class", "Stream/Input/Audio"),
        ("stream.capture.sink", "true"),
        ("node.dont-reconnect", "true"),
    ];
    stream(&mut graph, STREAM, "recorder", &records);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
    // The target has come too late, and both links stand.
    graph.apply(GraphEvent::Link { id: 7_001, output_node: SINK_HALF, input_node: STREAM });
    graph.apply(GraphEvent::Link { id: 7_002, output_node: 40, input_node: STREAM });
    let mut commands = |graph: &Graph, after_s: u64| {
        let now = start + std::time::Duration::from_secs(after_s);
        plan(graph, desired(&routes), &mut ownership, now)
    };
    assert_eq!(commands(&graph, 0), [], "the link may not be active yet");
    let relink = GraphCommand::Relink { unlink: vec![7_001], links: Vec::new() };
    assert_eq!(commands(&graph, 1), [relink]);
    assert_eq!(commands(&graph, 2), [], "it was asked already");
    graph.apply(GraphEvent::Removed { id: 7_001 });
    // It stays where it is, as it has asked.
    device(&mut graph, 41, "second", &["FL", "FR"]);
    default_device(&mut graph, "second");
    assert_eq!(commands(&graph, 9), []);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
}

#[test]
fn nothing_is_asked_while_a_headset_changes_its_profile() {
    const HEADSET: GlobalId = 45;
    let routes = bypass_of("music");
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    device(&mut graph, HEADSET, "headset", &["FL", "FR"]);
    let mut info = graph.node(HEADSET).unwrap().clone();
    info.props.extend(props(&[("device.api", "bluez5")]));
    graph.apply(GraphEvent::Node { id: HEADSET, info });
    default_device(&mut graph, "headset");
    stream(&mut graph, STREAM, "music", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "headset")));
    graph.apply(GraphEvent::Removed { id: HEADSET });
    default_device(&mut graph, "hw");
    assert!(settle(&mut graph, desired(&routes), &mut ownership).is_empty());
    let end = ownership.next_expiry().expect("it ends");
    assert!(ownership.is_quiet(Instant::now()) && !ownership.is_quiet(end));
    let late = plan(&graph, desired(&routes), &mut ownership, end);
    assert!(
        late.iter().any(|it| matches!(it, GraphCommand::SetDefaultMetadata { .. })),
        "{late:?}"
    );
}

#[test]
fn pin_of_other_effects_is_told_and_taken_from_chains_alone() {
    let (mut graph, routes) = (ready_graph(), Routes::default());
    let mut ownership = Ownership::default();
    settle(&mut graph, desired(&routes), &mut ownership);
    device(&mut graph, 46, "easyeffects_sink", &["FL", "FR"]);
    stream(&mut graph, STREAM, "mpv", &[]);
    let bus = graph.bus().unwrap().output;
    let pin = Some(("Spa:String", "easyeffects_sink"));
    for node in [STREAM, bus] {
        write(&mut graph, MetadataName::Default, node, TARGET_KEY, pin);
    }
    link(&mut graph, STREAM, 46);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(graph.metadata(MetadataName::Default, bus, TARGET_KEY), None);
    assert_eq!(target(&graph), pin, "it is not ours to undo");
    let held = Held::OtherEffects { program: "Easy Effects".into() };
    assert_eq!(shown(&graph, desired(&routes), &ownership).reason, Reason::held(held));
}
