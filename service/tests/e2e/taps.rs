//! Passive taps and soft volumes on a real PipeWire, without the rest of the service around them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use headroom_service::{
    pw::{Command, Event, PipeWire, Tap, TapKind},
    rt::{TapReader, TapReading},
    state::{GraphEvent, NodeInfo, Volume},
};
use headroom_testkit::{
    layout::usual_layout,
    session::{Device, Player, Session, wait_for},
    signals,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
const TAP: &str = headroom_api::names::TAP_NODE;
const APP: &str = headroom_api::names::APP_NODE_PREFIX;

/// Our side of PipeWire, in this process.
struct Ours {
    pipewire: PipeWire,
    events: UnboundedReceiver<Event>,
}

impl Ours {
    fn in_session(session: &Session) -> Self {
        let (told, events) = unbounded_channel();
        let socket = Some(session.pipewire_socket());
        let pipewire = PipeWire::spawn_at(socket, Arc::default(), told).unwrap();
        let mut ours = Self { pipewire, events };
        ours.wait_event("everything told", |event| {
            matches!(event, Event::Graph(GraphEvent::Enumerated)).then_some(())
        });
        ours
    }

    fn wait_event<T>(&mut self, what: &str, mut probe: impl FnMut(Event) -> Option<T>) -> T {
        wait_for(what, PATIENCE, || {
            while let Ok(event) = self.events.try_recv() {
                if let Some(found) = probe(event) {
                    return Some(found);
                }
            }
            None
        })
        .unwrap()
    }

    fn tap(&mut self, player: &Player, channels: u32) -> TapReader {
        self.pipewire.send(Command::SetTaps(vec![Tap {
            kind: TapKind::Level,
            node: player.node_id(),
            channels,
        }]));
        self.wait_event("the tap's meter", |event| match event {
            Event::Tap { node, reader } if node == player.node_id() => Some(reader),
            _ => None,
        })
    }

    fn wait_node(&mut self, node: u32, what: &str, mut probe: impl FnMut(&NodeInfo) -> bool) {
        self.wait_event(what, |event| match event {
            Event::Graph(GraphEvent::Node { id, info }) => {
                (id == node && probe(&info)).then_some(())
            }
            _ => None,
        });
    }
}

fn sine(frames: usize, level: f32) -> Vec<f32> {
    let step = 2.0 * std::f64::consts::PI * 1000.0 / RATE_HZ as f64;
    (0..frames).map(|n| level * (step * n as f64).sin() as f32).collect()
}

/// Takes until a reading covers sound alone: the first ones hold the silence before.
fn steady(reader: &mut TapReader, peak: f32) -> TapReading {
    let near = |value: f32, wanted: f32| (value - wanted).abs() <= wanted * 0.01;
    wait_for(&format!("a steady peak of {peak}"), PATIENCE, || {
        reader
            .take()
            .filter(|reading| near(reading.peak, peak))
            .filter(|reading| near(reading.mean_square, peak * peak / 2.0))
    })
    .unwrap()
}

fn stored_volumes(session: &Session) -> String {
    session.wireplumber_state().remove("stream-properties").unwrap_or_default()
}

#[test]
fn a_tap_reads_the_loudest_of_up_to_eight_channels() {
    for channels in [1, 2, 6, 8] {
        let session = session_with_channels(channels.max(2));
        let mut ours = Ours::in_session(&session);
        let mut material = vec![sine(RATE_HZ, 0.1); channels];
        material[channels - 1] = sine(RATE_HZ, 0.5);
        let positions = usual_layout(channels);
        let player = session.player(material).positions(&positions).looping().start().unwrap();
        let mut reader = ours.tap(&player, channels as u32);
        assert!(steady(&mut reader, 0.5).frames > 0, "{channels} channels");
        ours.pipewire.quit();
    }
}

#[test]
fn tap_is_on_processed_and_pinned_streams_and_follows() {
    let session = Session::start().unwrap();
    session.create_device(Device::new("other")).unwrap();
    let mut ours = Ours::in_session(&session);
    let material = vec![sine(RATE_HZ, 0.25); 2];
    let player = session.player(material).target("other").looping().start().unwrap();
    let mut reader = ours.tap(&player, 2);
    steady(&mut reader, 0.25);
    session
        .set_metadata("default", player.node_id(), "target.object", DEVICE, "Spa:String")
        .unwrap();
    session
        .wait_for_graph("the move", PATIENCE, |graph| {
            graph.target_names(player.node_id()).contains(&DEVICE).then_some(())
        })
        .unwrap();
    steady(&mut reader, 0.25);
    ours.pipewire.quit();
}

#[test]
fn taps_that_come_and_go_leave_a_stream_as_it_is_bit_for_bit() {
    let session = Session::start().unwrap();
    let mut ours = Ours::in_session(&session);
    let tapped = Arc::new(AtomicU32::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let toggler = thread::spawn({
        let (tapped, done) = (tapped.clone(), done.clone());
        move || {
            let mut readings = 0;
            while !done.load(Ordering::Relaxed) {
                let node = tapped.load(Ordering::Relaxed);
                ours.pipewire.send(Command::SetTaps(vec![Tap {
                    kind: TapKind::Level,
                    node,
                    channels: 2,
                }]));
                let mut reader = ours.wait_event("a meter", |event| match event {
                    Event::Tap { reader, .. } => Some(reader),
                    _ => None,
                });
                thread::sleep(Duration::from_millis(150));
                readings += usize::from(reader.take().is_some());
                ours.pipewire.send(Command::SetTaps(Vec::new()));
                thread::sleep(Duration::from_millis(50));
            }
            ours.pipewire.quit();
            readings
        }
    });
    let material = vec![
        signals::gaussian_noise(4 * RATE_HZ, 0.3, 1),
        signals::gaussian_noise(4 * RATE_HZ, 0.3, 2),
    ];
    let passage = session.pass_when(
        DEVICE,
        &material,
        |player| player.app("Player"),
        |_, node| {
            tapped.store(node, Ordering::Relaxed);
            true
        },
    );
    done.store(true, Ordering::Relaxed);
    let readings = toggler.join().unwrap();
    let recording = passage.unwrap().recording;
    assert!(readings >= 5, "the tap heard it only {readings} times");
    assert_bit_exact(&material, &recording);
}

#[test]
fn a_tap_adds_no_latency_to_a_processed_stream() {
    let rig = Rig::start();
    let mut ours = Ours::in_session(&rig.session);
    let material = vec![signals::gaussian_noise(2 * RATE_HZ, 0.02, 1); 2];
    let wanted = Arc::new(AtomicU32::new(0));
    let travelled = |tapped: bool| {
        let node_of = wanted.clone();
        let passage = rig.session.pass_when(
            DEVICE,
            &material,
            |player| player.app("Firefox"),
            |graph, node| {
                // Told to the loop once; the graph is looked at until both are there.
                if tapped && node_of.swap(node, Ordering::Relaxed) != node {
                    let taps = vec![Tap { kind: TapKind::Level, node, channels: 2 }];
                    ours.pipewire.send(Command::SetTaps(taps));
                }
                let names = graph.target_names(node);
                let chain = names.iter().any(|name| name.starts_with(APP));
                chain && names.contains(&TAP) == tapped
            },
        );
        let passage = passage.unwrap();
        let heard = passage.delay(&material[0], 0).unwrap().frames;
        passage.travel_frames(heard).unwrap()
    };
    let (plain, tapped) = (travelled(false), travelled(true));
    assert_eq!(plain, tapped, "frames from the player to the device");
    let heard = ours.wait_event("the tap's meter", |event| match event {
        Event::Tap { mut reader, .. } => Some(reader.take().is_some()),
        _ => None,
    });
    assert!(heard, "the tap was not served");
    ours.pipewire.quit();
}

#[test]
fn a_tap_is_nobodys_recording_and_says_nothing_of_latency() {
    let session = Session::builder().pulse(true).device(Device::new(DEVICE)).start().unwrap();
    let mut ours = Ours::in_session(&session);
    let player = session.player(vec![sine(RATE_HZ, 0.5); 2]).looping().start().unwrap();
    let port = session.dump().unwrap().ports_of(player.node_id())[0].id;
    let latency = |session: &Session| {
        let dump = session.dump_json().unwrap();
        let objects: Vec<serde_json::Value> = serde_json::from_str(&dump).unwrap();
        let object = objects.into_iter().find(|object| object["id"] == port).unwrap();
        object.pointer("/info/params/Latency").cloned()
    };
    let before = latency(&session);
    let mut reader = ours.tap(&player, 2);
    steady(&mut reader, 0.5);
    assert_eq!(latency(&session), before);
    let clients_see = |kind| session.run("pactl", &["list", "short", kind]).unwrap();
    assert!(clients_see("sink-inputs").lines().count() == 1);
    assert_eq!(clients_see("source-outputs"), "");
    assert!(!clients_see("sources").contains("headroom"));
    assert!(!clients_see("sinks").contains("headroom"));
    ours.pipewire.quit();
    assert!(session.dump().unwrap().node(TAP).is_none());
}

#[test]
fn a_tap_goes_with_its_stream() {
    let session = Session::start().unwrap();
    let mut ours = Ours::in_session(&session);
    let player = session.player(vec![sine(RATE_HZ, 0.5); 2]).looping().start().unwrap();
    ours.wait_node(player.node_id(), "a running stream", |info| info.running);
    let mut reader = ours.tap(&player, 2);
    steady(&mut reader, 0.5);
    player.stop(&session).unwrap();
    session
        .wait_for_graph("no tap", PATIENCE, |graph| graph.node(TAP).is_none().then_some(()))
        .unwrap();
    // What it heard last can still be taken, once.
    reader.take();
    assert_eq!(reader.take(), None);
    ours.pipewire.quit();
}

#[test]
fn a_tap_wakes_neither_a_stream_that_rests_nor_the_device() {
    let session = Session::start().unwrap();
    let mut ours = Ours::in_session(&session);
    // Passive, it does not make the device run: it rests, linked, until somebody else plays.
    let resting = session.player(vec![sine(RATE_HZ, 0.5); 2]).prop("node.passive", "true");
    let resting = resting.node_name("Resting").looping().at_once().start().unwrap();
    let reader = ours.tap(&resting, 2);
    session
        .wait_for_graph("both links of the tap", PATIENCE, |graph| {
            let tap = graph.node(TAP)?;
            let to = |node| graph.link_states(resting.node_id(), node).len();
            (to(tap.id) == 2 && to(graph.node(DEVICE)?.id) == 2).then_some(())
        })
        .unwrap();
    let states = || {
        let graph = session.dump().unwrap();
        ["Resting", TAP, DEVICE].map(|name| graph.node(name).unwrap().state.clone())
    };
    let rests = || states().iter().all(|state| state != "running");
    eventually("rest", rests);
    let mut reader = reader;
    while reader.take().is_some() {}
    // Not a wait for something to happen: this long, nothing may.
    thread::sleep(Duration::from_millis(500));
    assert!(rests(), "{:?}", states());
    assert_eq!(reader.take(), None, "it was served while everything rested");
    ours.pipewire.quit();
}

#[test]
fn a_soft_volume_is_heard_and_the_users_own_volume_never_moves() {
    let session = Session::start().unwrap();
    let mut ours = Ours::in_session(&session);
    let player = session.player(vec![sine(RATE_HZ, 0.5); 2]).looping().start().unwrap();
    let node = player.node_id();
    let set = |volume: &str| session.run("wpctl", &["set-volume", &node.to_string(), volume]);
    // 0.8 of wpctl's cubic scale is 0.512.
    set("0.8").unwrap();
    let user = |volume: &Volume| (volume.channels[0] - 0.512).abs() < 1e-4;
    ours.wait_node(node, "the user's volume", |info| info.volume.as_ref().is_some_and(user));
    wait_for("the volume in the state file", PATIENCE, || {
        stored_volumes(&session).contains("0.512").then_some(())
    })
    .unwrap();
    let stored = stored_volumes(&session);
    let mut reader = ours.tap(&player, 2);
    steady(&mut reader, 0.256);

    ours.pipewire.send(Command::SetSoftVolume { node, gain: 0.5 });
    steady(&mut reader, 0.128);
    // An equal write of the user's drops what is played instead: it must come back.
    for _ in 0..3 {
        set("0.8").unwrap();
        steady(&mut reader, 0.128);
    }
    // A move of the user's acts, and the gain stays in force over it.
    set("1.0").unwrap();
    steady(&mut reader, 0.25);
    set("0.8").unwrap();
    steady(&mut reader, 0.128);
    ours.pipewire.quit();
    let dump = session.dump_json().unwrap();
    let objects: Vec<serde_json::Value> = serde_json::from_str(&dump).unwrap();
    let object = objects.iter().find(|object| object["id"] == node).unwrap();
    let props = object.pointer("/info/params/Props/0").unwrap();
    assert_eq!(props["softVolumes"], props["channelVolumes"]);
    assert_eq!(props["softMute"], props["mute"]);
    session.stop_wireplumber().unwrap();
    assert_eq!(stored_volumes(&session), stored);
}
