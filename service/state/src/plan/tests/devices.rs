//! The rules by which devices besides the default one get a chain, and lose it.

use super::*;
use crate::{
    pool::{GRACE, LEAVES_WITHIN},
    smart_filter::BOUND_KEY,
};

const SECOND: GlobalId = 41;

fn device_sink(number: u32) -> GlobalId {
    sink_of(ChainId::Device(number))
}

/// A graph with a second device, and nothing on it.
fn two_devices(desired: Desired<'_>) -> (Graph, Ownership) {
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    device(&mut graph, SECOND, "second", &["FL", "FR"]);
    settle(&mut graph, desired, &mut ownership);
    (graph, ownership)
}

/// A stream that its user has sent to the second device, as pavucontrol does.
fn pinned(graph: &mut Graph, id: GlobalId, app: &str) {
    stream(graph, id, app, &[]);
    write(graph, MetadataName::Default, id, TARGET_KEY, Some(("Spa:String", "second")));
}

fn shown(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> StreamStatus {
    streams(graph, desired, ownership).into_iter().find(|s| s.node == STREAM).unwrap()
}

fn is_built(told: &[String]) -> bool {
    told.iter().any(|command| command.starts_with("Build { id: Device"))
}

fn is_retired(told: &[String]) -> bool {
    told.iter().any(|command| command.starts_with("Retire { id: Device"))
}

#[test]
fn a_device_that_somebody_sends_a_processed_stream_to_gets_a_chain_and_no_target_is_written() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    // Another one asks for it itself.
    stream(&mut graph, STREAM + 1, "game", &[("target.object", "second")]);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(is_built(&told) && told[0].contains("\"second\""), "{told:?}");
    link(&mut graph, STREAM, device_sink(1));
    link(&mut graph, device_sink(1) + 1, SECOND);
    let stream = shown(&graph, desired(&routes), &ownership);
    assert_eq!((stream.route, stream.chain), (StreamRoute::Processed, Some(ChainId::Device(1))));
    assert_eq!(stream.device, "second");
    assert!(
        ownership.release(&graph, &Pins::default()).is_empty() && ownership.journal().is_empty()
    );
}

#[test]
fn a_target_by_serial_number_means_the_same_device() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    let info = graph.node(SECOND).unwrap().clone();
    let mut with_serial = info;
    with_serial.props.insert("object.serial".into(), "4711".into());
    graph.apply(GraphEvent::Node { id: SECOND, info: with_serial });
    stream(&mut graph, STREAM, "mpv", &[]);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:Id", "4711")));
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
}

#[test]
fn the_chain_stays_a_while_after_the_last_stream_and_then_goes() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: STREAM });
    let start = Instant::now();
    let told = plan(&graph, desired(&routes), &mut ownership, start);
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(ownership.pool().next_expiry(), Some(start + GRACE));
    let told = plan(&graph, desired(&routes), &mut ownership, start + GRACE);
    assert!(matches!(told[..], [GraphCommand::Retire { id: ChainId::Device(1) }]), "{told:?}");
}

#[test]
fn untouched_comes_first_where_a_bypassed_stream_was_sent_as_well() {
    let routes = bypass_of("game");
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
    pinned(&mut graph, STREAM + 1, "game");
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(is_retired(&told) && !is_built(&told), "{told:?}");
    link(&mut graph, STREAM, SECOND);
    let stream = shown(&graph, desired(&routes), &ownership);
    assert_eq!((stream.route, stream.chain), (StreamRoute::Unmanaged, None));
    let blocked = Some(Blocked::Bypassed { app: "game".into() });
    let held = Held::Pinned { device: Some("second".into()), blocked };
    assert_eq!(stream.reason, Reason::held(held));
    let blocked: Vec<_> = ownership.devices().all_blocked().collect();
    assert_eq!(blocked, [("second", &Blocked::Bypassed { app: "game".into() })]);
    graph.apply(GraphEvent::Removed { id: STREAM + 1 });
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
}

#[test]
fn the_default_device_has_the_bus_and_nothing_else() {
    let routes = bypass_of("game");
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    // This one follows the default device, by a target of ours.
    stream(&mut graph, STREAM + 1, "game", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    default_device(&mut graph, "second");
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    let at = |what: &str| told.iter().position(|command| command.starts_with(what));
    assert!(at("Retire { id: Device") < at("SetDefaultMetadata"), "{told:?}");
    assert!(is_retired(&told) && !is_built(&told), "{told:?}");
    // On the way back, the bypassed stream leaves before the chain comes.
    default_device(&mut graph, "hw");
    let first = plan(&graph, desired(&routes), &mut ownership, Instant::now());
    assert!(matches!(first[..], [GraphCommand::SetDefaultMetadata { .. }]), "{first:?}");
    for command in first {
        if let GraphCommand::SetDefaultMetadata { subject, key, value } = command {
            let value = value.as_ref().map(|(type_, value)| (*type_, value.as_str()));
            write(&mut graph, MetadataName::Default, subject, key, value);
        }
    }
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
}

#[test]
fn a_bypass_of_everything_takes_every_chain_out_and_brings_it_back() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    let off = Desired { bypass: true, ..desired(&routes) };
    assert!(is_retired(&settle(&mut graph, off, &mut ownership)));
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
    let safe = Desired { bypass: true, dormant: true, ..desired(&routes) };
    assert!(is_retired(&settle(&mut graph, safe, &mut ownership)));
}

#[test]
fn a_device_that_goes_takes_its_chain_along_and_gets_one_when_it_is_back() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: SECOND });
    assert!(is_retired(&settle(&mut graph, desired(&routes), &mut ownership)));
    device(&mut graph, SECOND + 1, "second", &["FL", "FR"]);
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
}

#[test]
fn other_channels_replace_the_chain_and_the_old_one_stays_until_then() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    device(&mut graph, SECOND, "second", &["FL", "FR", "FC", "LFE"]);
    let told = plan(&graph, desired(&routes), &mut ownership, Instant::now());
    assert!(matches!(told[..], [GraphCommand::Build { id: ChainId::Device(2), .. }]), "{told:?}");
    let told = plan(&graph, desired(&routes), &mut ownership, Instant::now());
    assert!(told.is_empty(), "{told:?}");
    build(&mut graph, ChainId::Device(2), Channels::stereo(), false);
    let told = plan(&graph, desired(&routes), &mut ownership, Instant::now());
    assert!(matches!(told[..], [GraphCommand::Retire { id: ChainId::Device(1) }]), "{told:?}");
}

#[test]
fn what_a_profile_a_refusal_or_a_virtual_device_rules_out_is_said() {
    let routes = Routes::default();
    let default_only = profile("mine", "chains = \"shared\"\ndevices = \"default\"");
    let here = Desired { profile: &default_only, ..desired(&routes) };
    let (mut graph, mut ownership) = two_devices(here);
    pinned(&mut graph, STREAM, "mpv");
    assert!(!is_built(&settle(&mut graph, here, &mut ownership)));
    link(&mut graph, STREAM, SECOND);
    let reason = shown(&graph, here, &ownership).reason;
    let held = Held::Pinned { device: Some("second".into()), blocked: Some(Blocked::DefaultOnly) };
    assert_eq!(reason, Reason::held(held));

    settle(&mut graph, desired(&routes), &mut ownership);
    let id = ChainId::Device(1);
    ownership.reject(id);
    graph.apply(GraphEvent::ChainFailed { id, reason: "no".into() });
    assert!(!is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
    assert_eq!(ownership.devices().blocked("second"), Some(&Blocked::Rejected));

    let mut virtual_one = graph.node(SECOND).unwrap().clone();
    virtual_one.props.insert("node.virtual".into(), "true".into());
    graph.apply(GraphEvent::Node { id: SECOND, info: virtual_one.clone() });
    assert!(!is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
    assert_eq!(ownership.devices().blocked("second"), Some(&Blocked::Virtual));
    // A loudspeaker in the network is virtual as well, and somebody listens to it.
    virtual_one.props.insert("node.network".into(), "true".into());
    graph.apply(GraphEvent::Node { id: SECOND, info: virtual_one });
    graph.apply(GraphEvent::Removed { id: STREAM });
    settle(&mut graph, desired(&routes), &mut ownership);
    pinned(&mut graph, STREAM, "mpv");
    assert!(is_built(&settle(&mut graph, desired(&routes), &mut ownership)));
}

#[test]
fn a_pin_that_the_session_manager_restores_while_we_write_is_put_back() {
    let per_app = profile("mine", "chains = \"per-app\"");
    let (bypassed, routes) = (bypass_of("mpv"), Routes::default());
    // What we write is the name of a chain, or that of the default device.
    for routes in [&routes, &bypassed] {
        let here = Desired { profile: &per_app, ..desired(routes) };
        let (mut graph, mut ownership) = two_devices(here);
        let mut info = graph.node(SECOND).unwrap().clone();
        info.props.insert("object.serial".into(), "4711".into());
        graph.apply(GraphEvent::Node { id: SECOND, info });
        stream(&mut graph, STREAM, "mpv", &[]);
        let sent = plan(&graph, here, &mut ownership, Instant::now());
        let ours = sent.into_iter().find_map(|command| match command {
            GraphCommand::SetDefaultMetadata { value: Some((_, target)), .. } => Some(target),
            _ => None,
        });
        let ours = ours.unwrap();
        // The session manager was faster.
        let pin = Some(("Spa:Id", "4711"));
        write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, pin);
        plan(&graph, here, &mut ownership, Instant::now());
        let told = Some((TARGET_TYPE, ours.as_str()));
        write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, told);
        settle(&mut graph, here, &mut ownership);
        assert_eq!(target(&graph), pin);
        assert!(
            ownership.release(&graph, &Pins::default()).is_empty()
                && ownership.journal().is_empty()
        );
    }
}

/// Plays PipeWire's part: the pair leads to a device.
fn lead(graph: &mut Graph, number: u32, to: GlobalId) {
    link(graph, device_sink(number) + 1, to);
}

fn binding(graph: &Graph) -> Option<&str> {
    graph.metadata(MetadataName::Filters, SINK_HALF, BOUND_KEY)
}

const BOUND_TO_HW: Option<&str> = Some("{\"node.name\":\"hw\"}");

#[test]
fn the_bus_is_tied_to_the_default_device_while_something_was_sent_to_that_very_device() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw")]);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(is_built(&told) && told[0].contains("device: None"), "{told:?}");
    assert_eq!(
        (binding(&graph), ownership.devices().spare()),
        (BOUND_TO_HW, Some(ChainId::Device(1)))
    );
    link(&mut graph, STREAM, SINK_HALF);
    link(&mut graph, SINK_HALF + 1, 40);
    let shown = shown(&graph, desired(&routes), &ownership);
    assert_eq!((shown.route, shown.chain), (StreamRoute::Processed, Some(ChainId::Bus(1))));
    assert_eq!(shown.reason.device.as_deref(), Some("hw"), "{}", shown.reason);
    assert_eq!(ownership.devices().iter().count(), 0);
    graph.apply(GraphEvent::Removed { id: STREAM });
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(is_retired(&told) && ownership.devices().spare().is_none(), "{told:?}");
    assert_eq!(binding(&graph), None);
}

#[test]
fn what_was_sent_to_the_default_device_is_not_let_go_before_its_own_chain_is_there() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    default_device(&mut graph, "second");
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(is_built(&told) && !is_retired(&told), "{told:?}");
    assert_eq!(
        (binding(&graph), ownership.devices().spare()),
        (BOUND_TO_HW, Some(ChainId::Device(1)))
    );
    lead(&mut graph, 2, 40);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!((binding(&graph), ownership.devices().spare()), (None, None), "{told:?}");
    // And back: the chain goes once the bus has its place.
    default_device(&mut graph, "hw");
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    let at = |what: &str| told.iter().position(|command| command.starts_with(what));
    assert!(at("SetFiltersMetadata") < at("Retire { id: Device(2) }"), "{told:?}");
    assert_eq!((binding(&graph), ownership.devices().iter().count()), (BOUND_TO_HW, 0));
}

#[test]
fn chain_leaves_once_its_streams_have_moved_to_the_bus() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    link(&mut graph, STREAM, device_sink(1));
    lead(&mut graph, 1, SECOND);
    default_device(&mut graph, "second");
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(!is_retired(&told), "the stream would pass no chain: {told:?}");
    let at = |what: &str| told.iter().position(|command| command.contains(what));
    assert!(at(BOUND_KEY) < at(DISABLED_KEY), "{told:?}");
    let disabled = graph.metadata(MetadataName::Filters, device_sink(1), DISABLED_KEY);
    assert_eq!(disabled, Some("true"));
    link(&mut graph, STREAM, SINK_HALF);
    assert!(is_retired(&settle(&mut graph, desired(&routes), &mut ownership)));
    let disabled = graph.metadata(MetadataName::Filters, device_sink(1), DISABLED_KEY);
    assert_eq!(disabled, None, "its number is another's soon");
}

#[test]
fn chain_leaves_in_time_when_its_streams_do_not_move() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    pinned(&mut graph, STREAM, "mpv");
    settle(&mut graph, desired(&routes), &mut ownership);
    link(&mut graph, STREAM, device_sink(1));
    let (off, start) = (Desired { bypass: true, ..desired(&routes) }, Instant::now());
    let is_leaving = |command: &GraphCommand| matches!(command, GraphCommand::Retire { .. });
    assert!(!plan(&graph, off, &mut ownership, start).iter().any(is_leaving));
    let due = ownership.pool().next_expiry();
    assert_eq!(due, Some(start + LEAVES_WITHIN));
    assert!(plan(&graph, off, &mut ownership, start + LEAVES_WITHIN).iter().any(is_leaving));
}

#[test]
fn the_bus_is_untied_before_a_bypassed_stream_is_sent_to_the_device() {
    let routes = bypass_of("game");
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(binding(&graph), BOUND_TO_HW);
    stream(&mut graph, STREAM + 1, "game", &[]);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    let at = |what: &str| told.iter().position(|command| command.starts_with(what));
    assert!(at("SetFiltersMetadata") < at("SetDefaultMetadata"), "{told:?}");
    assert_eq!(binding(&graph), None);
    let blocked: Vec<_> = ownership.devices().all_blocked().collect();
    assert_eq!(blocked, [("hw", &Blocked::Bypassed { app: "game".into() })]);
    graph.apply(GraphEvent::Removed { id: STREAM + 1 });
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(binding(&graph), BOUND_TO_HW);
}

#[test]
fn a_session_manager_that_comes_back_is_told_again_of_tie_and_bypass() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: 39 });
    assert!(settle(&mut graph, desired(&routes), &mut ownership).is_empty());
    assert_eq!(binding(&graph), None);
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Filters, id: 39 });
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(binding(&graph), BOUND_TO_HW);
    let off = Desired { bypass: true, ..desired(&routes) };
    settle(&mut graph, off, &mut ownership);
    let disabled = |graph: &Graph| {
        graph.metadata(MetadataName::Filters, SINK_HALF, DISABLED_KEY) == Some("true")
    };
    assert!(disabled(&graph) && binding(&graph).is_none());
    graph.apply(GraphEvent::Removed { id: 39 });
    settle(&mut graph, off, &mut ownership);
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Filters, id: 39 });
    settle(&mut graph, off, &mut ownership);
    assert!(disabled(&graph));
}

#[test]
fn default_that_moved_unheard_is_doubted() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    settle(&mut graph, desired(&routes), &mut ownership);
    let output = graph.bus().unwrap().output;
    let doubts = |graph: &Graph| ownership.devices().doubts_default(graph);
    assert!(!doubts(&graph), "it plays to nothing yet");
    link(&mut graph, output, SECOND);
    assert!(doubts(&graph));
    default_device(&mut graph, "second");
    assert!(!doubts(&graph));
}

#[test]
fn each_new_look_at_the_links_changes_something() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(desired(&routes));
    assert_eq!(look_again(&Graph::default()), None);
    settle(&mut graph, desired(&routes), &mut ownership);
    let mut told = Vec::new();
    for _ in 0..3 {
        let command = look_again(&graph).unwrap();
        told.push(format!("{command:?}"));
        execute(&mut graph, command);
    }
    assert_ne!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
}

#[test]
fn chain_stays_before_a_device_that_our_own_sound_reaches() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = two_devices(per_app(&routes));
    pinned(&mut graph, STREAM, "mpv");
    assert!(is_built(&settle(&mut graph, per_app(&routes), &mut ownership)));
    // The bus follows a default device that we have not heard of, with what an application's chain sends it.
    stream(&mut graph, STREAM + 1, "vlc", &[]);
    settle(&mut graph, per_app(&routes), &mut ownership);
    let (bus, app) = (
        graph.bus().unwrap().clone(),
        graph.chains().find(|(id, _)| matches!(id, ChainId::App(_))).unwrap().1.clone(),
    );
    link(&mut graph, STREAM + 1, app.sink);
    link(&mut graph, app.output, bus.sink);
    link(&mut graph, bus.output, SECOND);
    let told = settle(&mut graph, per_app(&routes), &mut ownership);
    assert!(!is_retired(&told), "{told:?}");
    let is_before = |(id, device): (ChainId, &str)| graph.chain(id).is_some() && device == "second";
    assert!(ownership.devices().iter().any(is_before));
}
