//! Graphs that `headroom-service --record` has written are lived through again.
//!
//! What the session manager and PipeWire did is in the recording; the commands are given anew. What the
//! planner asks for must come to an end, and where streams were in place in life they are here.

use std::{collections::BTreeMap, time::Instant};

use headroom_api::Treatment;
use headroom_profile::Library;
use headroom_state::{
    ChainId, Desired, Graph, GraphEvent, Links, Ownership, Pins, Step, Treatments, settle,
};

/// The demo: speech, a blast and ten other pieces, each of an application that is processed and one that
/// is bypassed.
const DEMO: &str = include_str!("graphs/demo.jsonl");
/// What the demo has bypassed.
const BYPASSED: &str = "DemoPlayer";

/// What a graph was like after all of it was lived through.
struct Lived {
    settles: usize,
    commands: usize,
    /// How often a stream was seen in place in the chain of an application, on the bus, or straight on the
    /// device, and how often it was astray.
    places: BTreeMap<&'static str, usize>,
}

fn live(recording: &str, bypassed: &str) -> Lived {
    let library = Library::load(None);
    let (mut treatments, pins) = (Treatments::default(), Pins::default());
    treatments.choose(bypassed, Treatment::LeaveAlone.into()).expect("a short name");
    let profile = library.get("default").expect("it is shipped");
    let desired = Desired::of(profile, &treatments, &pins);
    let (mut graph, mut ownership) = (Graph::default(), Ownership::default());
    let mut lived = Lived { settles: 0, commands: 0, places: BTreeMap::new() };
    for line in recording.lines() {
        match Step::parse(line).unwrap_or_else(|error| panic!("{error}: {line}")) {
            Step::Event(event @ GraphEvent::Disconnected { .. }) => {
                ownership.forget();
                graph.apply(event);
            }
            Step::Event(event) => graph.apply(event),
            Step::Settle => {
                lived.settles += 1;
                let settled = settle(&graph, desired, &mut ownership, Instant::now());
                lived.commands += settled.commands.len();
                for stream in settled.streams {
                    if stream.links == Links::InPlace {
                        let place = match stream.chain {
                            Some(ChainId::App(_)) => "app",
                            Some(ChainId::Bus(_)) => "bus",
                            Some(ChainId::Device(_)) => "device",
                            None => "none",
                        };
                        *lived.places.entry(place).or_default() += 1;
                    } else if stream.links == Links::Astray {
                        *lived.places.entry("astray").or_default() += 1;
                    }
                }
            }
        }
    }
    lived
}

#[test]
fn recorded_demo_ends_with_every_stream_where_it_was() {
    let lived = live(DEMO, BYPASSED);
    println!("{} settles, {} commands, {:?}", lived.settles, lived.commands, lived.places);
    assert!(lived.settles > 100, "{} settles", lived.settles);
    assert!(lived.commands < lived.settles, "{} commands without end", lived.commands);
    let seen = |place| lived.places.get(place).copied().unwrap_or(0);
    assert!(seen("app") > 100 && seen("none") > 100, "{:?}", lived.places);
    // For a moment, on the way from one place to another.
    assert!(seen("astray") * 5 < seen("app") + seen("none"), "{:?}", lived.places);
}
