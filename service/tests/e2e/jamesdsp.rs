//! JamesDSP, which Debian does not have: its device, its filter, its links and its pins, with the properties that its sources
//! give them. The filter is a program of the tests (`programs/jamesdsp.c`), because pw-cli makes none that is no stream.

use headroom_api::{Held, Problem, StreamRow, names};
use headroom_testkit::{
    session::{Device, Graph, Process, Session},
    signals,
};

use crate::{programs::program, rig::*};

const RATE_HZ: usize = 48_000;
const PROGRAM: &str = "JamesDSP";
const SINK: &str = "jamesdsp_sink";
const FILTER: &str = "jdsp_@PwJamesDspPlugin_JamesDsp";

struct JamesDsp {
    filter: Process,
}

impl JamesDsp {
    /// Makes its device and its filter, and links what comes out of them to the device itself.
    fn start(session: &Session) -> Self {
        let sink = Device::new(SINK)
            .description("JamesDSP Sink")
            .prop("application.id", "me.timschneeberger.JDSP4Linux")
            .prop("node.virtual", "true")
            .prop("node.passive", "out");
        session.create_device(sink).unwrap();
        let filter = session.spawn_service(&program("jamesdsp")).unwrap();
        let has_ports =
            |graph: &Graph| (graph.ports_of(graph.node(FILTER)?.id).len() == 4).then_some(());
        session.wait_for_graph("its filter", PATIENCE, has_ports).unwrap();
        for channel in ["FL", "FR"] {
            for (from, to) in [
                (format!("{SINK}:monitor_{channel}"), format!("{FILTER}:input_{channel}")),
                (format!("{FILTER}:output_{channel}"), format!("{DEVICE}:playback_{channel}")),
            ] {
                session.run("pw-link", &[&from, &to]).unwrap();
            }
        }
        Self { filter }
    }

    /// Sends a stream to its device, as it does with each that comes.
    fn pin(session: &Session, node: u32) {
        let sink = session.dump().unwrap();
        let sink = sink.node(SINK).unwrap();
        for (key, value) in
            [("target.node", sink.id.to_string()), ("target.object", sink.serial.to_string())]
        {
            session.set_metadata("default", node, key, &value, "Spa:Id").unwrap();
        }
    }

    fn end(self, session: &Session) {
        self.filter.kill();
        session.remove_device(SINK).unwrap();
    }
}

#[test]
fn jamesdsp_is_told_and_its_stale_pins_are_forgotten() {
    let rig = Rig::start();
    let noise = [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, 0.1, seed)).to_vec();
    let player = rig.session.player(noise).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    let row = || rig.stream(&player).map(|row| StreamRow::from_dict(&row));
    let effects = JamesDsp::start(&rig.session);
    let output = rig.session.node_id(names::OUTPUT_NODE).unwrap();
    for node in [player.node_id(), output] {
        JamesDsp::pin(&rig.session, node);
    }
    rig.wait_linked(&player, SINK);
    eventually("the stream in its effects", || {
        let held = row().and_then(|row| row.why).and_then(|why| why.held);
        held == Some(Held::OtherEffects { program: PROGRAM.to_owned() })
    });
    eventually("the state", || rig.state() == "sidelined");
    let told = rig.problem_rows().into_iter().find(|row| row.code == "other-effects").unwrap();
    let (program, apps) = (PROGRAM.to_owned(), vec!["Player".to_owned()]);
    assert_eq!(told.known, Some(Problem::OtherEffects { program, apps, count: 1 }));
    // It is heard, and the pin of our own chain is taken back.
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.1, PATIENCE).unwrap();
    drop(recorder);
    let is_free = |graph: &Graph| {
        let output = graph.node(names::OUTPUT_NODE)?;
        (graph.target_names(output.id) == [DEVICE]).then_some(())
    };
    rig.session.wait_for_graph("the bus at its device", PATIENCE, is_free).unwrap();
    effects.end(&rig.session);
    eventually("the pin that is left", || rig.problems() == ["stale-pins"]);
    assert_eq!(rig.state(), "running");
    rig.wait_linked(&player, names::SINK_NODE);
    let report = rig.headroom(&["doctor"]);
    assert!(report.contains(PROGRAM) && report.contains("headroom app forget-effects"), "{report}");
    rig.headroom(&["app", "forget-effects"]);
    eventually("a chain of its own", || {
        row().is_some_and(|row| row.chain.as_str() == "app") && rig.problems().is_empty()
    });
}
