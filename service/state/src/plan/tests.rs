//! The rules by which the graph is brought to what is desired.

use super::*;
use crate::{
    ChainInfo, Channels, GlobalId, GraphEvent, Journal, JournalEntry, Leveller, Links, NodeInfo,
    Pins, Props, Treatments, Treatments as Routes, event::LET_GO_KEY, event::TARGET_KEY,
    ledger::TARGET_TYPE,
};
use headroom_api::{
    Blocked, ChainKind, Held, LevelHeld, LevellerPlace, Reason, StreamRoute, Treatment, names,
};
use headroom_profile::Profile;
use std::sync::LazyLock;

mod apps;
mod devices;
mod others;
mod pins;
mod places;
mod random;
mod volumes;

const STREAM: GlobalId = 60;
const SINK_HALF: GlobalId = 90;

/// Node of the sink half of a chain; that of the playback half is the next.
fn sink_of(id: ChainId) -> GlobalId {
    match id {
        ChainId::Bus(generation) => SINK_HALF + 10 * (generation - 1),
        ChainId::App(number) => 10_000 + 10 * number,
        ChainId::Device(number) => 20_000 + 10 * number,
    }
}

fn props(entries: &[(&str, &str)]) -> Props {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn device(graph: &mut Graph, id: GlobalId, name: &str, channels: &[&str]) {
    let input_ports = u32::try_from(channels.len()).unwrap();
    let info = NodeInfo {
        props: props(&[("media.class", "Audio/Sink"), ("node.name", name)]),
        input_ports,
        ..NodeInfo::default()
    };
    graph.apply(GraphEvent::Node { id, info });
    for (number, channel) in channels.iter().enumerate() {
        let props = props(&[
            ("node.id", &id.to_string()),
            ("port.id", &number.to_string()),
            ("port.direction", "in"),
            ("audio.channel", channel),
        ]);
        graph.apply(GraphEvent::Port { id: id * 100 + u32::try_from(number).unwrap(), props });
    }
}

fn stream(graph: &mut Graph, id: GlobalId, app: &str, extra: &[(&str, &str)]) {
    let mut props = props(&[
        ("media.class", "Stream/Output/Audio"),
        ("object.serial", &(id + 1000).to_string()),
        ("application.name", app),
    ]);
    props.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    graph.apply(GraphEvent::Node {
        id,
        info: NodeInfo { props, told: true, ..NodeInfo::default() },
    });
}

fn write(
    graph: &mut Graph,
    name: MetadataName,
    subject: GlobalId,
    key: &str,
    value: Option<(&str, &str)>,
) {
    let value = value.map(|(type_, value)| (type_.to_owned(), value.to_owned()));
    graph.apply(GraphEvent::Metadata { name, subject, key: Some(key.to_owned()), value });
}

fn default_device(graph: &mut Graph, name: &str) {
    let json = format!("{{\"name\":\"{name}\"}}");
    let value = Some(("Spa:String:JSON", json.as_str()));
    write(graph, MetadataName::Default, 0, "default.audio.sink", value);
}

/// PipeWire and WirePlumber are there, with one stereo device, the default.
fn ready_graph() -> Graph {
    let mut graph = Graph::default();
    graph.apply(GraphEvent::Connected { version: "1.4.2".into() });
    let wireplumber =
        props(&[("application.name", "WirePlumber"), ("application.version", "0.5.8")]);
    graph.apply(GraphEvent::Client { id: 33, props: wireplumber });
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Default, id: 38 });
    graph.apply(GraphEvent::MetadataFound { name: MetadataName::Filters, id: 39 });
    device(&mut graph, 40, "hw", &["FL", "FR"]);
    default_device(&mut graph, "hw");
    graph.apply(GraphEvent::Enumerated);
    graph
}

/// Plays PipeWire's and the session manager's part: a chain is there, and an application's leads to the bus.
fn build(graph: &mut Graph, id: ChainId, channels: Channels, disabled: bool) {
    let (sink, output) = (sink_of(id), sink_of(id) + 1);
    let (latency_frames, rate_hz) = (Some(69), 48_000);
    let info = ChainInfo { sink, output, channels, disabled, latency_frames, rate_hz };
    graph.apply(GraphEvent::Chain { id, info });
    if let (ChainId::App(_), Some(bus)) = (id, graph.bus()) {
        let bus = bus.sink;
        link(graph, output, bus);
    }
}

/// Links a node to one other and to nothing else.
fn link(graph: &mut Graph, output_node: GlobalId, input_node: GlobalId) {
    let id = 100_000 + output_node;
    graph.apply(GraphEvent::Removed { id });
    graph.apply(GraphEvent::Link { id, output_node, input_node });
}

/// Looks at everything once.
fn plan(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    now: Instant,
) -> Vec<GraphCommand> {
    super::settle(graph, desired, ownership, now).commands
}

/// Returns what is true of every stream, without a plan.
fn streams(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> Vec<StreamStatus> {
    let survey = Survey::take(graph, desired, &ownership.ledger);
    let placements: Vec<_> = survey.cases.iter().map(|case| place(case, desired)).collect();
    show(graph, desired, ownership, (&survey, &placements))
}

/// Plans, and plays PipeWire's part: every metadata command is told back.
fn settle(graph: &mut Graph, desired: Desired<'_>, ownership: &mut Ownership) -> Vec<String> {
    let mut told = Vec::new();
    for round in 0.. {
        assert!(round < 10, "the plan never comes to rest: {told:?}");
        let commands = plan(graph, desired, ownership, Instant::now());
        if commands.is_empty() {
            return told;
        }
        for command in commands {
            told.push(format!("{command:?}"));
            execute(graph, command);
        }
    }
    unreachable!()
}

/// Plays PipeWire's and the session manager's part: what is asked for comes about, and is told.
fn execute(graph: &mut Graph, command: GraphCommand) {
    let (name, subject, key, value) = match command {
        GraphCommand::Build { id, spec } => {
            return build(graph, id, spec.channels, spec.disabled);
        }
        GraphCommand::Retire { id } => {
            return graph.apply(GraphEvent::Removed { id: sink_of(id) });
        }
        GraphCommand::Relink { unlink, links } => {
            for id in unlink {
                graph.apply(GraphEvent::Removed { id });
            }
            for (output, input) in links {
                // As `device` and `output_port` number them.
                link(graph, output / 100, input / 100);
            }
            return;
        }
        GraphCommand::SetDefaultMetadata { subject, key, value } => {
            (MetadataName::Default, subject, key, value)
        }
        GraphCommand::SetFiltersMetadata { subject, key, value } => {
            (MetadataName::Filters, subject, key, value)
        }
    };
    let value = value.as_ref().map(|(type_, value)| (*type_, value.as_str()));
    write(graph, name, subject, key, value);
}

fn desired(treatments: &Treatments) -> Desired<'_> {
    static PROFILE: LazyLock<Profile> = LazyLock::new(|| profile("default", "chains = \"shared\""));
    static PINS: LazyLock<Pins> = LazyLock::new(Pins::default);
    Desired { leveller: Some(Leveller::Bus), ..Desired::of(&PROFILE, treatments, &PINS) }
}

/// A profile that is read as a file of the user's is.
fn per_app(treatments: &Treatments) -> Desired<'_> {
    static PROFILE: LazyLock<Profile> = LazyLock::new(|| profile("mine", "chains = \"per-app\""));
    Desired { profile: &PROFILE, ..desired(treatments) }
}

fn profile(name: &str, text: &str) -> Profile {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(format!("{name}.toml")), text).unwrap();
    let library = headroom_profile::Library::load(Some(directory.path()));
    assert!(library.faults().is_empty(), "{:?}", library.faults());
    library.get(name).unwrap().clone()
}

fn chosen(app: &str, treatment: Treatment) -> Treatments {
    let mut treatments = Treatments::default();
    treatments.choose(app, treatment.into()).unwrap();
    treatments
}

fn bypass_of(app: &str) -> Treatments {
    chosen(app, Treatment::LeaveAlone)
}

fn target(graph: &Graph) -> Option<(&str, &str)> {
    graph.metadata_entry(MetadataName::Default, STREAM, TARGET_KEY)
}

fn route_of(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> (StreamRoute, Reason) {
    let stream = streams(graph, desired, ownership).pop().expect("there is one stream");
    (stream.route, stream.reason)
}

#[test]
fn the_pair_has_the_default_devices_channels_and_follows_them() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    assert_eq!(settle(&mut graph, desired(&routes), &mut ownership).len(), 1);
    assert_eq!(graph.bus().unwrap().channels, Channels::stereo());

    device(&mut graph, 41, "surround", &["FL", "FR", "FC", "LFE", "SL", "SR"]);
    default_device(&mut graph, "surround");
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(graph.bus().unwrap().channels.count(), 6);
}

#[test]
fn an_old_pair_stays_until_the_new_one_leads_to_the_device() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    settle(&mut graph, desired(&routes), &mut ownership);
    device(&mut graph, 41, "surround", &["FL", "FR", "FC", "LFE", "SL", "SR"]);
    default_device(&mut graph, "surround");
    let asked = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(!asked.iter().any(|command| command.contains("Retire")), "{asked:?}");
    link(&mut graph, sink_of(ChainId::Bus(2)) + 1, 41);
    let asked = settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(asked, ["Retire { id: Bus(1) }"]);
}

#[test]
fn a_pair_made_while_everything_is_bypassed_is_left_out_from_the_start() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    let bypassed = Desired { bypass: true, ..desired(&routes) };
    settle(&mut graph, bypassed, &mut ownership);
    assert!(graph.bus().unwrap().disabled);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(graph.metadata(MetadataName::Filters, SINK_HALF, DISABLED_KEY), Some("false"));
}

#[test]
fn in_safe_mode_nothing_is_made_and_what_an_earlier_run_wrote_is_taken_back() {
    let mut graph = ready_graph();
    let routes = bypass_of("mpv");
    stream(&mut graph, STREAM, "mpv", &[]);
    let mut earlier = Ownership::default();
    settle(&mut graph, desired(&routes), &mut earlier);
    let journal = earlier.journal();
    assert_eq!(journal.len(), 1);
    // What is left of it when the next run begins.
    let mut graph = ready_graph();
    stream(&mut graph, STREAM, "mpv", &[]);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some((TARGET_TYPE, "hw")));
    let mut ownership = Ownership::inherit(journal);
    let dormant = Desired { bypass: true, dormant: true, ..desired(&routes) };
    let asked = settle(&mut graph, dormant, &mut ownership);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(graph.metadata(MetadataName::Default, STREAM, TARGET_KEY), None);
    assert!(ownership.journal().is_empty());
    settle(&mut graph, desired(&routes), &mut ownership);
    assert!(graph.bus().is_some(), "it does not come back");
    assert_eq!(ownership.journal().len(), 1);
}

#[test]
fn a_device_with_more_channels_than_a_chain_links_gets_a_stereo_pair() {
    let mut graph = ready_graph();
    let names: Vec<String> = (0..12).map(|number| format!("AUX{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    device(&mut graph, 41, "desk", &names);
    default_device(&mut graph, "desk");
    settle(&mut graph, desired(&Routes::default()), &mut Ownership::default());
    assert_eq!(graph.bus().unwrap().channels, Channels::stereo());
}

#[test]
fn nothing_is_asked_of_a_session_manager_that_has_no_smart_filters() {
    let mut graph = ready_graph();
    graph.apply(GraphEvent::Removed { id: 39 });
    let mut ownership = Ownership::default();
    assert!(plan(&graph, desired(&Routes::default()), &mut ownership, Instant::now()).is_empty());
}

#[test]
fn a_pair_that_somebody_took_out_is_made_again() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: SINK_HALF });
    // Its last words, told before it knew.
    build(&mut graph, ChainId::Bus(1), Channels::stereo(), false);
    assert!(graph.bus().is_none());
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert!(told[0].starts_with("Build { id: Bus(2)"), "{told:?}");
    assert_eq!(told[1..], ["Retire { id: Bus(1) }"], "what is left of it");
    assert!(graph.bus().is_some());
}

#[test]
fn a_processed_stream_is_left_to_the_session_manager() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    stream(&mut graph, STREAM, "Firefox", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), None);
    assert_eq!(ownership.journal(), Journal::new());
}

#[test]
fn a_bypassed_stream_gets_the_devices_name_and_follows_the_default() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    // By name, as a string: a number, or a string of another type, would be stored for good.
    assert_eq!(target(&graph), Some(("Spa:String", "hw")));

    device(&mut graph, 41, "hw2", &["FL", "FR"]);
    default_device(&mut graph, "hw2");
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some(("Spa:String", "hw2")));
    assert_eq!(
        ownership.journal(),
        vec![JournalEntry { serial: u64::from(STREAM) + 1000, target: "hw2".into() }]
    );

    settle(&mut graph, desired(&Routes::default()), &mut ownership);
    assert_eq!(target(&graph), None);
    assert_eq!(ownership.journal(), Journal::new());
}

#[test]
fn what_is_on_its_way_is_not_asked_twice() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    assert_eq!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).len(), 2);
    assert_eq!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).len(), 0);
    // Taken back before PipeWire has told of it.
    assert_eq!(plan(&graph, desired(&Routes::default()), &mut ownership, Instant::now()).len(), 1);
    assert_eq!(plan(&graph, desired(&Routes::default()), &mut ownership, Instant::now()).len(), 0);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:String", "hw")));
    assert_eq!(plan(&graph, desired(&Routes::default()), &mut ownership, Instant::now()).len(), 0);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, None);
    assert_eq!(plan(&graph, desired(&Routes::default()), &mut ownership, Instant::now()).len(), 0);
    assert_eq!(target(&graph), None);
}

#[test]
fn a_write_that_was_lost_is_written_again() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    assert_eq!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).len(), 2);
    assert!(ownership.is_in_flight(&graph));
    ownership.give_up_in_flight(&graph);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some(("Spa:String", "hw")));
    assert!(!ownership.is_in_flight(&graph));
    // A deletion can be lost as well.
    let none = Routes::default();
    assert_eq!(plan(&graph, desired(&none), &mut ownership, Instant::now()).len(), 1);
    ownership.give_up_in_flight(&graph);
    settle(&mut graph, desired(&none), &mut ownership);
    assert_eq!(target(&graph), None);
}

#[test]
fn what_we_wrote_before_is_ours_when_it_is_told_once_more() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    device(&mut graph, 41, "hw2", &["FL", "FR"]);
    default_device(&mut graph, "hw2");
    assert!(!plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty());
    let again = |graph: &mut Graph, value| {
        write(graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:String", value)));
    };
    again(&mut graph, "hw");
    assert!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty());
    assert!(ownership.is_in_flight(&graph));
    again(&mut graph, "hw2");
    assert!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty());
    assert!(!ownership.is_in_flight(&graph));
    assert_eq!(ownership.journal()[0].target, "hw2");
}

#[test]
fn a_stream_that_is_not_where_it_was_sent_is_sent_again() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Link { id: 71, output_node: STREAM, input_node: SINK_HALF });
    let shown = streams(&graph, desired(&routes), &ownership).pop().unwrap();
    assert_eq!(shown.links, Links::Astray, "{}", shown.reason);
    let commands = nudge(&graph, desired(&routes), &mut ownership, &[shown.id]);
    assert_eq!(commands.len(), 2);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, None);
    assert!(
        plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty(),
        "it must wait"
    );
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:String", "hw")));
    assert!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty());
    graph.apply(GraphEvent::Removed { id: 71 });
    graph.apply(GraphEvent::Link { id: 72, output_node: STREAM, input_node: 40 });
    let shown = streams(&graph, desired(&routes), &ownership).pop().unwrap();
    assert_ne!(shown.links, Links::Astray, "{}", shown.reason);
}

#[test]
fn stream_with_a_link_past_its_chain_is_not_protected() {
    let mut graph = ready_graph();
    let (none, mut ownership) = (Treatments::default(), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&none), &mut ownership);
    let shown = |graph: &Graph, ownership: &Ownership| {
        streams(graph, desired(&none), ownership).pop().unwrap()
    };
    graph.apply(GraphEvent::Link { id: 71, output_node: STREAM, input_node: SINK_HALF });
    let whole = shown(&graph, &ownership);
    assert_eq!((whole.route, whole.chain_kind()), (StreamRoute::Processed, ChainKind::Bus));
    assert_eq!(whole.links, Links::InPlace);

    graph.apply(GraphEvent::Link { id: 72, output_node: STREAM, input_node: 40 });
    let past = shown(&graph, &ownership);
    assert_eq!((past.route, past.chain_kind()), (StreamRoute::Bypass, ChainKind::None));
    assert!(past.links == Links::Astray && past.is_in_a_chain() == past.playing);
}

#[test]
fn bypassed_stream_on_the_old_default_device_is_astray() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Link { id: 71, output_node: STREAM, input_node: 40 });
    assert_ne!(streams(&graph, desired(&routes), &ownership).pop().unwrap().links, Links::Astray);

    device(&mut graph, 41, "hw2", &["FL", "FR"]);
    default_device(&mut graph, "hw2");
    settle(&mut graph, desired(&routes), &mut ownership);
    let shown = streams(&graph, desired(&routes), &ownership).pop().unwrap();
    assert_eq!(shown.links, Links::Astray, "{}", shown.reason);
    graph.apply(GraphEvent::Removed { id: 71 });
    graph.apply(GraphEvent::Link { id: 72, output_node: STREAM, input_node: 41 });
    assert_ne!(streams(&graph, desired(&routes), &ownership).pop().unwrap().links, Links::Astray);
}

#[test]
fn a_stream_that_the_user_sent_elsewhere_stays_there() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    device(&mut graph, 41, "hw2", &["FL", "FR"]);
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:Id", "41")));
    graph.apply(GraphEvent::Link { id: 70, output_node: STREAM, input_node: 41 });
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some(("Spa:Id", "41")));
    assert_eq!(ownership.journal(), Journal::new());
    let (route, reason) = route_of(&graph, desired(&routes), &ownership);
    assert_eq!(route, StreamRoute::Unmanaged);
    assert!(reason.to_string().contains("hw2"), "{reason}");
}

#[test]
fn an_applications_own_wish_counts_unless_the_user_took_it_back() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw2")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), None);
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, Some(("Spa:Id", "-1")));
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some(("Spa:String", "hw")));
}

#[test]
fn a_stream_that_the_session_manager_lets_go_follows_the_default_device() {
    let routes = bypass_of("mpv");
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[("target.object", "hw")]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), None);
    write(&mut graph, MetadataName::Default, STREAM, LET_GO_KEY, Some(("Spa:Id", "-1")));
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
}

#[test]
fn a_later_run_takes_back_what_an_earlier_one_left_and_nothing_else() {
    let mut graph = ready_graph();
    let journal = vec![
        JournalEntry { serial: u64::from(STREAM) + 1000, target: "hw".into() },
        JournalEntry { serial: 4242, target: "hw".into() },
    ];
    let mut ownership = Ownership::inherit(journal);
    stream(&mut graph, STREAM, "mpv", &[]);
    stream(&mut graph, STREAM + 1, "other", &[]);
    let ours = Some(("Spa:String", "hw"));
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, ours);
    write(&mut graph, MetadataName::Default, STREAM + 1, TARGET_KEY, ours);
    settle(&mut graph, desired(&Routes::default()), &mut ownership);
    assert_eq!(target(&graph), None);
    assert_eq!(graph.metadata(MetadataName::Default, STREAM + 1, TARGET_KEY), Some("hw"));
    assert_eq!(ownership.journal(), Journal::new());
}

#[test]
fn everything_bypassed_disables_the_filter_and_enables_it_again() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    settle(&mut graph, desired(&routes), &mut ownership);
    let bypassed = Desired { bypass: true, ..desired(&routes) };
    settle(&mut graph, bypassed, &mut ownership);
    assert_eq!(graph.metadata(MetadataName::Filters, SINK_HALF, DISABLED_KEY), Some("true"));
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(graph.metadata(MetadataName::Filters, SINK_HALF, DISABLED_KEY), Some("false"));
}

#[test]
fn the_route_shown_is_that_of_the_links() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    stream(&mut graph, STREAM, "Firefox", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    graph.apply(GraphEvent::Link { id: 70, output_node: STREAM, input_node: 40 });
    let (route, reason) = route_of(&graph, desired(&routes), &ownership);
    assert_eq!(route, StreamRoute::Bypass, "{reason}");
    graph.apply(GraphEvent::Removed { id: 70 });
    graph.apply(GraphEvent::Link { id: 71, output_node: STREAM, input_node: SINK_HALF });
    assert_eq!(route_of(&graph, desired(&routes), &ownership).0, StreamRoute::Processed);
}

#[test]
fn what_cannot_be_processed_is_shown_with_the_reason() {
    let routes = Routes::default();
    let mut graph = ready_graph();
    stream(&mut graph, STREAM, "Kodi", &[]);
    let mut info = graph.node(STREAM).unwrap().clone();
    info.encoded = true;
    graph.apply(GraphEvent::Node { id: STREAM, info });
    let (route, reason) = route_of(&graph, desired(&routes), &Ownership::default());
    assert_eq!(route, StreamRoute::Unmanaged);
    assert_eq!(reason, Reason::held(Held::Encoded));

    let mut graph = ready_graph();
    let meter = [("media.class", "Stream/Input/Audio"), ("stream.monitor", "true")];
    stream(&mut graph, STREAM, "pavucontrol", &meter);
    let (route, reason) = route_of(&graph, desired(&routes), &Ownership::default());
    assert_eq!(route, StreamRoute::Unmanaged);
    assert_eq!(reason, Reason::held(Held::Listener));
}

#[test]
fn what_the_client_tells_late_leads_to_a_new_decision() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (Routes::default(), Ownership::default());
    let rules = "chains = \"shared\"\n[[rules]]\nmatch = { process_binary = [\"deadbeef*\"] }\ntreatment = \"leave-alone\"\napp_volume = true\n";
    let profile = profile("mine", rules);
    let desired = Desired { profile: &profile, ..desired(&routes) };
    stream(&mut graph, STREAM, "Player", &[("client.id", "77")]);
    settle(&mut graph, desired, &mut ownership);
    assert_eq!(target(&graph), None);
    let binary = props(&[("application.process.binary", "DeaDBeeF-bin")]);
    graph.apply(GraphEvent::Client { id: 77, props: binary });
    settle(&mut graph, desired, &mut ownership);
    assert_eq!(target(&graph), Some((TARGET_TYPE, "hw")));
    let decided = streams(&graph, desired, &ownership).pop().unwrap().decision;
    assert!(decided.level);
    let (property, pattern, value) = &decided.matched[0];
    assert_eq!(property, "application.process.binary");
    assert_eq!((pattern.as_str(), value.as_str()), ("deadbeef*", "DeaDBeeF-bin"));
    // The user comes before the rule.
    let routes = chosen("player", Treatment::EvenOut);
    settle(&mut graph, Desired { treatments: &routes, ..desired }, &mut ownership);
    assert_eq!(target(&graph), None);
}

/// The node goes, and another stream has its number before anything else is told.
fn recycle(graph: &mut Graph, id: GlobalId, app: &str) {
    graph.apply(GraphEvent::Removed { id });
    stream(graph, id, app, &[("object.serial", "5000")]);
}

#[test]
fn recycled_node_number_inherits_no_target() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target(&graph), Some(("Spa:String", "hw")));
    recycle(&mut graph, STREAM, "Firefox");
    // Its own: what stood there was about the one before.
    assert_eq!(target(&graph), None);
    assert_eq!(settle(&mut graph, desired(&routes), &mut ownership), Vec::<String>::new());
    assert_eq!(ownership.journal(), Journal::new());
    assert_eq!(ownership.release(&graph, &Pins::default()).len(), 0);
}

#[test]
fn recycled_node_number_gets_a_target_of_its_own() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    stream(&mut graph, STREAM, "mpv", &[]);
    settle(&mut graph, desired(&routes), &mut ownership);
    recycle(&mut graph, STREAM, "mpv");
    assert_eq!(settle(&mut graph, desired(&routes), &mut ownership).len(), 1);
    assert_eq!(target(&graph), Some(("Spa:String", "hw")));
    assert_eq!(ownership.journal()[0].serial, 5000);
}

#[test]
fn recycled_node_number_inherits_no_write_in_flight() {
    let mut graph = ready_graph();
    let (routes, mut ownership) = (bypass_of("mpv"), Ownership::default());
    settle(&mut graph, desired(&routes), &mut ownership);
    stream(&mut graph, STREAM, "mpv", &[]);
    assert_eq!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).len(), 1);
    recycle(&mut graph, STREAM, "Firefox");
    let (route, _) = route_of(&graph, desired(&routes), &ownership);
    assert_eq!(route, StreamRoute::Processed);
    assert!(plan(&graph, desired(&routes), &mut ownership, Instant::now()).is_empty());
    assert!(!ownership.is_in_flight(&graph));
}

#[test]
fn default_device_with_a_nul_in_its_name_is_none() {
    let mut graph = ready_graph();
    default_device(&mut graph, "h\\u0000w");
    assert_eq!(graph.default_device_name(), None);
}
