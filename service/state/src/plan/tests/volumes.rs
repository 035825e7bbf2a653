//! The rules by which one controller acts on a stream, and by which chains know its volume.

use super::*;
use crate::{Controller, Volume, knows_volume, volume_sources};

const OTHER: GlobalId = STREAM + 1;

fn levelled(routes: &Routes) -> Desired<'_> {
    let leveller = Some(Leveller::Apps);
    Desired { level_enabled: true, leveller, ..per_app(routes) }
}

/// A stream of an application with a volume, that plays.
fn playing(graph: &mut Graph, id: GlobalId, app: &str) {
    stream(graph, id, app, &[]);
    let volume = Some(Volume { channels: vec![1.0], ..Volume::default() });
    let info = NodeInfo { volume, running: true, ..graph.node(id).unwrap().clone() };
    graph.apply(GraphEvent::Node { id, info });
}

fn shown(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> StreamStatus {
    streams(graph, desired, ownership).into_iter().find(|s| s.node == STREAM).unwrap()
}

#[test]
fn one_controller_acts_wherever_a_stream_plays() {
    let routes = Routes::default();
    let bypassed = profile("mine", "unmatched.treatment = \"leave-alone\"");
    let bypassed = Desired { profile: &bypassed, ..levelled(&routes) };
    let even = chosen("mpv", Treatment::EvenOut);
    let (limited, alone) = (chosen("mpv", Treatment::LimitOnly), bypass_of("mpv"));
    let shared = Desired { level_enabled: true, ..desired(&routes) };
    let unlevelled = Desired { leveller: None, ..levelled(&routes) };
    let all_off = Desired { bypass: true, ..levelled(&routes) };
    let leveller = |leveller| Some(Controller::Leveller(leveller));
    let app_volume = Some(Controller::AppVolume);
    for (wanted, target, controller) in [
        (levelled(&routes), sink_of(ChainId::App(1)), leveller(LevellerPlace::App)),
        // It is about to be moved to its own.
        (levelled(&routes), SINK_HALF, leveller(LevellerPlace::App)),
        // What the user wants only limited or left alone, nothing evens out.
        (levelled(&limited), sink_of(ChainId::App(1)), None),
        (levelled(&alone), 40, None),
        (bypassed, 40, app_volume),
        (shared, SINK_HALF, leveller(LevellerPlace::Bus)),
        (unlevelled, sink_of(ChainId::App(1)), app_volume),
        (
            Desired { treatments: &even, ..unlevelled },
            sink_of(ChainId::App(1)),
            leveller(LevellerPlace::App),
        ),
        (Desired { treatments: &even, ..unlevelled }, SINK_HALF, leveller(LevellerPlace::App)),
        (all_off, 40, None),
    ] {
        let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
        settle(&mut graph, levelled(&routes), &mut ownership);
        playing(&mut graph, STREAM, "mpv");
        settle(&mut graph, levelled(&routes), &mut ownership);
        link(&mut graph, STREAM, target);
        let stream = shown(&graph, wanted, &ownership);
        let reason = &stream.level_reason;
        assert_eq!(stream.controller, controller, "{target}: {reason}");
        let told = matches!(reason.held, Some(LevelHeld::Levelled { .. }));
        assert_eq!(told, stream.is_levelled(), "{reason}");
    }
}

#[test]
fn device_chain_levels_what_was_sent_there() {
    let routes = Routes::default();
    let wanted = Desired { level_enabled: true, ..desired(&routes) };
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    device(&mut graph, 41, "second", &["FL", "FR"]);
    playing(&mut graph, STREAM, "mpv");
    let pin = Some(("Spa:String", "second"));
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, pin);
    settle(&mut graph, wanted, &mut ownership);
    link(&mut graph, STREAM, sink_of(ChainId::Device(1)));
    let stream = shown(&graph, wanted, &ownership);
    assert_eq!(stream.controller, Some(Controller::Leveller(LevellerPlace::Device)));
}

#[test]
fn chain_knows_the_volume_before_its_first_link() {
    let routes = Routes::default();
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    let wanted = levelled(&routes);
    settle(&mut graph, wanted, &mut ownership);
    playing(&mut graph, STREAM, "mpv");
    settle(&mut graph, wanted, &mut ownership);
    let sources = |graph: &Graph, ownership: &Ownership| {
        volume_sources(&streams(graph, wanted, ownership), ownership.apps())
    };
    assert_eq!(sources(&graph, &ownership)[&ChainId::App(1)], [STREAM]);
    // A second stream of it that somebody has sent elsewhere does not count.
    playing(&mut graph, OTHER, "mpv");
    link(&mut graph, OTHER, 40);
    link(&mut graph, STREAM, sink_of(ChainId::App(1)));
    assert_eq!(sources(&graph, &ownership)[&ChainId::App(1)], [STREAM]);
    link(&mut graph, OTHER, sink_of(ChainId::App(1)));
    let both = sources(&graph, &ownership);
    assert_eq!(both[&ChainId::App(1)], [STREAM, OTHER]);
    assert!(streams(&graph, wanted, &ownership).iter().all(|stream| knows_volume(stream, &both)));
}

#[test]
fn what_sums_applications_knows_no_volume() {
    let routes = Routes::default();
    let wanted = desired(&routes);
    let (mut graph, mut ownership) = (ready_graph(), Ownership::default());
    device(&mut graph, 41, "second", &["FL", "FR"]);
    settle(&mut graph, wanted, &mut ownership);
    let known = |graph: &Graph, ownership: &Ownership| {
        let all = streams(graph, wanted, ownership);
        let sources = volume_sources(&all, ownership.apps());
        all.iter().map(|stream| knows_volume(stream, &sources)).collect::<Vec<_>>()
    };
    playing(&mut graph, STREAM, "mpv");
    link(&mut graph, STREAM, SINK_HALF);
    assert_eq!(known(&graph, &ownership), [false]);
    let pin = Some(("Spa:String", "second"));
    write(&mut graph, MetadataName::Default, STREAM, TARGET_KEY, pin);
    settle(&mut graph, wanted, &mut ownership);
    link(&mut graph, STREAM, sink_of(ChainId::Device(1)));
    assert_eq!(known(&graph, &ownership), [true], "one stream alone is known");
    playing(&mut graph, OTHER, "vlc");
    link(&mut graph, OTHER, sink_of(ChainId::Device(1)));
    assert_eq!(known(&graph, &ownership), [false, false]);
}
