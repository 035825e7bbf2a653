//! The rules by which applications get chains of their own, keep them and give them up.

use super::*;
use crate::{MAX_APP_CHAINS, pool::GRACE};
use std::time::Duration;

fn app_sink(number: u32) -> GlobalId {
    sink_of(ChainId::App(number))
}

/// Has the session manager link a stream to where it was sent.
fn follow_target(graph: &mut Graph, stream: GlobalId) {
    let target = graph.metadata(MetadataName::Default, stream, TARGET_KEY).map(str::to_owned);
    let bus = graph.bus().unwrap().sink;
    let app = target.as_deref().and_then(ChainId::of_target);
    link(graph, stream, app.map_or(bus, sink_of));
}

fn binary(graph: &mut Graph, id: GlobalId, binary: &str) {
    stream(graph, id, "Player", &[("application.process.binary", binary)]);
}

fn target_of(graph: &Graph, stream: GlobalId) -> Option<&str> {
    graph.metadata(MetadataName::Default, stream, TARGET_KEY)
}

/// A graph with the bus and a chain in reserve.
fn prepared(routes: &Routes) -> (Graph, Ownership) {
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    settle(&mut graph, per_app(routes), &mut ownership);
    (graph, ownership)
}

#[test]
fn a_new_application_has_a_chain_to_go_to_before_its_first_link() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "firefox");
    let told = plan(&graph, per_app(&routes), &mut ownership, Instant::now());
    let sent = told.iter().any(|command| {
        matches!(
            command,
            GraphCommand::SetDefaultMetadata { subject: STREAM, value: Some((TARGET_TYPE, target)), .. }
                if target == "headroom.app.1"
        )
    });
    assert!(sent, "{told:?}");
    // And the next one will have one as well.
    assert!(
        told.iter()
            .any(|command| matches!(command, GraphCommand::Build { id: ChainId::App(2), .. }))
    );
}

#[test]
fn streams_of_one_application_share_a_chain_and_those_of_two_do_not() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "firefox");
    binary(&mut graph, STREAM + 1, "mpv");
    binary(&mut graph, STREAM + 2, "Firefox");
    settle(&mut graph, per_app(&routes), &mut ownership);
    let targets = [0, 1, 2].map(|n| target_of(&graph, STREAM + n).map(str::to_owned));
    assert!(targets[0].is_some() && targets[1].is_some() && targets[0] != targets[1]);
    assert_eq!(targets[0], targets[2]);
    // Nothing of this needs a journal: without us, these targets lead nowhere.
    assert_eq!(ownership.journal(), Journal::new());
    assert_eq!(ownership.release(&graph, &Pins::default()).len(), 3);
}

#[test]
fn a_stream_is_sent_nowhere_before_its_application_is_known() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    stream(&mut graph, STREAM, "Player", &[("client.id", "77")]);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), None);
    graph.apply(GraphEvent::Client {
        id: 77,
        props: props(&[("application.process.binary", "mpv")]),
    });
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), Some("headroom.app.1"));
}

#[test]
fn a_stream_waits_on_the_bus_until_its_chain_leads_there() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    // The chain's way out is the device: sound in it would be past the ceiling.
    link(&mut graph, app_sink(1) + 1, 40);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), None);
    link(&mut graph, app_sink(1) + 1, SINK_HALF);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), Some("headroom.app.1"));
}

#[test]
fn bypassed_and_pinned_applications_have_no_chain() {
    let routes = bypass_of("game");
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "game");
    binary(&mut graph, STREAM + 2, "pinned");
    let pin = Some(("Spa:Id", "41"));
    write(&mut graph, MetadataName::Default, STREAM + 2, TARGET_KEY, pin);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), Some("hw"));
    assert_eq!(target_of(&graph, STREAM + 2), Some("41"));
    assert_eq!(ownership.apps().iter().count(), 0);
}

#[test]
fn change_between_processing_treatments_moves_no_stream() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "radio");
    settle(&mut graph, per_app(&routes), &mut ownership);
    let target = target_of(&graph, STREAM).map(str::to_owned);
    assert_eq!(target.as_deref(), Some("headroom.app.1"));
    for treatment in [Treatment::EvenOut, Treatment::LimitOnly, Treatment::EvenOut] {
        let treatments = chosen("radio", treatment);
        let commands = settle(&mut graph, per_app(&treatments), &mut ownership);
        assert!(commands.is_empty(), "{treatment}: {commands:?}");
        assert_eq!(target_of(&graph, STREAM).map(str::to_owned), target);
    }
}

#[test]
fn a_bypass_takes_streams_out_of_their_chains_and_keeps_these_for_the_way_back() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    let bypassed = Desired { bypass: true, ..per_app(&routes) };
    let told = settle(&mut graph, bypassed, &mut ownership);
    assert_eq!(target_of(&graph, STREAM), None);
    assert!(!told.iter().any(|command| command.contains("Retire")), "{told:?}");
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), Some("headroom.app.1"));
}

#[test]
fn chains_go_when_levelling_is_shared_but_not_while_a_stream_plays_through_them() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    follow_target(&mut graph, STREAM);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM), None);
    assert!(!told.contains(&"Retire { id: App(1) }".to_owned()), "{told:?}");
    assert!(told.contains(&"Retire { id: App(2) }".to_owned()), "{told:?}");
    follow_target(&mut graph, STREAM);
    let told = settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!(told, ["Retire { id: App(1) }"]);
    assert_eq!(ownership.apps().iter().count(), 0);
}

#[test]
fn a_chain_outlives_a_track_change_and_goes_a_while_after_its_application() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    let start = Instant::now();
    let at = |graph: &mut Graph, ownership: &mut Ownership, passed: Duration| {
        let commands = plan(graph, per_app(&routes), ownership, start + passed);
        assert!(settle(graph, per_app(&routes), ownership).is_empty(), "a second round");
        commands.iter().filter(|c| matches!(c, GraphCommand::Retire { .. })).count()
    };
    let mpv = props(&[("application.process.binary", "mpv")]);
    graph.apply(GraphEvent::Client { id: 77, props: mpv });
    stream(&mut graph, STREAM, "mpv", &[("client.id", "77")]);
    settle(&mut graph, per_app(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: STREAM });
    assert_eq!(at(&mut graph, &mut ownership, GRACE / 2), 0);
    // However long its program is silent: nothing is to be looked at, and nothing goes.
    assert_eq!(at(&mut graph, &mut ownership, GRACE * 20), 0);
    assert_eq!(ownership.pool().next_expiry(), None);
    stream(&mut graph, STREAM + 1, "mpv", &[("client.id", "77")]);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(target_of(&graph, STREAM + 1), Some("headroom.app.1"));
    graph.apply(GraphEvent::Removed { id: STREAM + 1 });
    graph.apply(GraphEvent::Removed { id: 77 });
    let ended = GRACE * 30;
    assert_eq!(plan(&graph, per_app(&routes), &mut ownership, start + ended).len(), 0);
    assert_eq!(ownership.pool().next_expiry(), Some(start + ended + GRACE));
    let last = plan(&graph, per_app(&routes), &mut ownership, start + ended + GRACE);
    assert!(matches!(last[..], [GraphCommand::Retire { id: ChainId::App(1) }]), "{last:?}");
    assert_eq!(ownership.pool().next_expiry(), None);
}

#[test]
fn more_applications_than_there_are_chains_share_the_bus_until_one_is_free() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    let most = u32::try_from(MAX_APP_CHAINS).unwrap();
    for n in 0..=most {
        binary(&mut graph, 1000 + n, &format!("app{n:03}"));
    }
    for _ in 0..2 {
        settle(&mut graph, per_app(&routes), &mut ownership);
    }
    assert_eq!(ownership.apps().iter().count(), MAX_APP_CHAINS);
    let turned_away: Vec<String> =
        ownership.apps().turned_away().map(ToString::to_string).collect();
    assert_eq!(turned_away.len(), 1);
    let late = 1000 + turned_away[0].trim_start_matches("app").parse::<u32>().unwrap();
    assert_eq!(target_of(&graph, late), None);
    // One ends, and its place is taken at once: whoever plays comes before whoever may play again.
    let free = if late == 1000 { 1001 } else { 1000 };
    graph.apply(GraphEvent::Removed { id: free });
    for _ in 0..2 {
        settle(&mut graph, per_app(&routes), &mut ownership);
    }
    assert!(target_of(&graph, late).is_some());
    assert_eq!(ownership.apps().turned_away().count(), 0);
    assert_eq!(ownership.apps().iter().count(), MAX_APP_CHAINS);
}

#[test]
fn another_layout_of_the_device_gets_new_chains_before_the_old_ones_go() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    follow_target(&mut graph, STREAM);
    device(&mut graph, 41, "surround", &["FL", "FR", "FC", "LFE", "SL", "SR"]);
    default_device(&mut graph, "surround");
    let told = settle(&mut graph, per_app(&routes), &mut ownership);
    let chain = target_of(&graph, STREAM).unwrap().to_owned();
    assert_ne!(chain, "headroom.app.1");
    let id = ChainId::of_target(&chain).unwrap();
    assert_eq!(graph.chain(id).unwrap().channels.count(), 6);
    assert!(!told.contains(&"Retire { id: App(1) }".to_owned()), "{told:?}");
    follow_target(&mut graph, STREAM);
    assert_eq!(settle(&mut graph, per_app(&routes), &mut ownership), ["Retire { id: App(1) }"]);
}

#[test]
fn a_target_that_a_killed_run_left_is_put_right_without_a_journal() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    for (id, name) in [(STREAM, "mpv"), (STREAM + 1, "vlc")] {
        binary(&mut graph, id, name);
        let left = Some((TARGET_TYPE, "headroom.app.7"));
        write(&mut graph, MetadataName::Default, id, TARGET_KEY, left);
    }
    settle(&mut graph, per_app(&routes), &mut ownership);
    let mut targets = [STREAM, STREAM + 1].map(|id| target_of(&graph, id).unwrap().to_owned());
    targets.sort();
    assert_eq!(targets, ["headroom.app.1", "headroom.app.2"]);
    // Where levelling is shared, it goes altogether.
    settle(&mut graph, desired(&routes), &mut ownership);
    assert_eq!([STREAM, STREAM + 1].map(|id| target_of(&graph, id)), [None, None]);
}

#[test]
fn a_chain_that_pipewire_refuses_leaves_its_application_on_the_bus() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    let id = ChainId::App(1);
    graph.apply(GraphEvent::ChainFailed { id, reason: "no".into() });
    ownership.reject(id);
    let told = settle(&mut graph, per_app(&routes), &mut ownership);
    assert!(told.contains(&"Retire { id: App(1) }".to_owned()), "{told:?}");
    assert_eq!(target_of(&graph, STREAM), None);
}

#[test]
fn the_chain_shown_is_that_of_the_links() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    let shown = |graph: &Graph| streams(graph, per_app(&routes), &ownership).pop().unwrap();
    link(&mut graph, STREAM, SINK_HALF);
    let on_the_bus = shown(&graph);
    assert_eq!(
        (on_the_bus.route, on_the_bus.chain),
        (StreamRoute::Processed, Some(ChainId::Bus(1)))
    );
    assert_eq!(on_the_bus.links, Links::Astray, "it was sent to its chain");
    follow_target(&mut graph, STREAM);
    let in_its_chain = shown(&graph);
    assert_eq!(
        (in_its_chain.route, in_its_chain.chain),
        (StreamRoute::Processed, Some(ChainId::App(1)))
    );
    assert_ne!(in_its_chain.links, Links::Astray);
    link(&mut graph, STREAM, 40);
    assert_eq!(shown(&graph).chain, None);
}

/// Gives so many applications a stream each.
fn many(graph: &mut Graph, count: u32) {
    for n in 0..count {
        binary(graph, STREAM + n, &format!("app{n}"));
    }
}

fn owners(ownership: &Ownership) -> Vec<String> {
    ownership.apps().iter().map(|(_, app)| app.to_string()).collect()
}

#[test]
fn apps_beyond_the_affordable_chains_share_the_bus() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    ownership.set_affordable_apps(4);
    many(&mut graph, 6);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(owners(&ownership), ["app0", "app1", "app2"]);
    assert_eq!(ownership.apps().turned_away().len(), 3);
    assert!(ownership.apps().is_short_of_means());
    // There is room again: they get theirs without being asked.
    ownership.set_affordable_apps(64);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(owners(&ownership).len(), 6);
    assert_eq!(ownership.apps().turned_away().len(), 0);
}

#[test]
fn unaffordable_chains_give_way_newest_first() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    many(&mut graph, 3);
    settle(&mut graph, per_app(&routes), &mut ownership);
    (0..3).for_each(|n| follow_target(&mut graph, STREAM + n));
    ownership.set_affordable_apps(2);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(owners(&ownership), ["app0", "app1"]);
    assert_eq!(target_of(&graph, STREAM + 2), None, "it plays on the bus");
    // Its chain goes when nothing plays through it any more.
    follow_target(&mut graph, STREAM + 2);
    let told = settle(&mut graph, per_app(&routes), &mut ownership);
    assert!(told.iter().any(|command| command.contains("Retire { id: App(3) }")), "{told:?}");
    assert_eq!(ownership.pool().count(ChainKind::App), 2);
    // Without a second chain to spare, nobody is moved to and fro.
    ownership.set_affordable_apps(3);
    assert!(settle(&mut graph, per_app(&routes), &mut ownership).is_empty());
}

#[test]
fn without_means_there_is_no_chain_at_all() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    ownership.set_affordable_apps(0);
    many(&mut graph, 2);
    settle(&mut graph, per_app(&routes), &mut ownership);
    assert_eq!(ownership.pool().count(ChainKind::App), 0);
    assert_eq!(ownership.apps().turned_away().len(), 2);
}

#[test]
fn chain_that_somebody_took_out_is_made_again() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = prepared(&routes);
    binary(&mut graph, STREAM, "mpv");
    settle(&mut graph, per_app(&routes), &mut ownership);
    graph.apply(GraphEvent::Removed { id: app_sink(1) });
    let told = settle(&mut graph, per_app(&routes), &mut ownership);
    assert!(told.contains(&"Retire { id: App(1) }".to_owned()), "{told:?}");
    assert_eq!(target_of(&graph, STREAM), Some("headroom.app.2"), "the reserve takes its place");
}

#[test]
fn lost_connection_takes_its_chains_out_of_the_next() {
    let routes = Routes::default();
    let (_, mut ownership) = prepared(&routes);
    ownership.forget();
    let told = settle(&mut ready_graph(), per_app(&routes), &mut ownership);
    for gone in ["Retire { id: Bus(1) }", "Retire { id: App(1) }"] {
        assert!(told.contains(&gone.to_owned()), "{told:?}");
    }
    let is_new = |what: &&String| what.starts_with("Build") && what.contains("(2)");
    assert_eq!(told.iter().filter(is_new).count(), 2, "no number is given twice: {told:?}");
}
