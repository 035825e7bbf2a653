//! A device that a person has chosen for an application is remembered by WirePlumber, whatever we do.

use std::{collections::BTreeMap, fs, path::PathBuf};

use headroom_api::{Held, StreamRow, dict_str, names};
use headroom_testkit::{
    meter,
    session::{Device, Player, Session},
    signals::{self, corpus},
};

use crate::rig::*;

/// The device that is chosen, and goes and comes.
const CHOSEN: &str = "headset";
/// An application whose name is written in WirePlumber's file as no other text is.
const APP: &str = r"Pinned [a=b] \s Player";

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(48_000, 0.1, 1), signals::gaussian_noise(48_000, 0.1, 2)]
}

fn play(session: &Session, app: &str) -> Player {
    session.player(noise()).app(app).looping().start().unwrap()
}

fn file(session: &Session) -> PathBuf {
    session.state_home().join("wireplumber/stream-properties")
}

/// Returns what WirePlumber's file says, by its keys.
fn entries(session: &Session) -> BTreeMap<String, serde_json::Value> {
    let text = fs::read_to_string(file(session)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.to_owned(), serde_json::from_str(value).unwrap())).collect()
}

/// Returns the devices that WirePlumber's file says were chosen.
fn remembered(session: &Session) -> Vec<String> {
    let entries = entries(session);
    let targets = entries.values().filter_map(|entry| entry["target"].as_str());
    targets.map(str::to_owned).collect()
}

/// Chooses a device for a stream as pavucontrol does: by its serial number.
fn choose(session: &Session, player: &Player, device: &str) {
    let serial = session.dump().unwrap().node(device).unwrap().serial.to_string();
    session.set_metadata("default", player.node_id(), "target.object", &serial, "Spa:Id").unwrap();
}

/// Has WirePlumber write down all that it remembers: it does so a second after the last change, and
/// a change of a marker's volume comes last.
fn wait_saved(session: &Session) {
    let marker = session.player(noise()).app("Marker").looping().start().unwrap();
    let before = fs::read_to_string(file(session)).unwrap_or_default();
    let volume = if before.contains("0.015625") { "0.5" } else { "0.25" };
    session.run("wpctl", &["set-volume", &marker.node_id().to_string(), volume]).unwrap();
    let written = if volume == "0.25" { "0.015625" } else { "0.125" };
    eventually("WirePlumber's file", || {
        let text = fs::read_to_string(file(session)).unwrap_or_default();
        text.lines().any(|line| line.contains("Marker") && line.contains(written))
    });
    marker.stop(session).unwrap();
}

/// A session with the usual device and one that was chosen for [`APP`]; nothing plays.
fn session_with_choice() -> Session {
    let session =
        Session::builder().device(Device::new(DEVICE)).device(Device::new(CHOSEN)).start().unwrap();
    session.set_default_device(DEVICE).unwrap();
    let player = play(&session, APP);
    choose(&session, &player, CHOSEN);
    wait_plays_to(&session, &player, CHOSEN);
    player.stop(&session).unwrap();
    wait_saved(&session);
    assert_eq!(remembered(&session), [CHOSEN]);
    session
}

fn wait_plays_to(session: &Session, player: &Player, device: &str) {
    session
        .wait_for_graph(&format!("a link to '{device}'"), PATIENCE, |graph| {
            // Through the chain that stands before it, while the service runs.
            let targets = graph.target_names(player.node_id());
            let chain = targets.iter().find(|name| name.starts_with(names::DEVICE_NODE_PREFIX));
            let chain = chain.or(targets.iter().find(|name| **name == names::SINK_NODE));
            let behind = chain.and_then(|chain| graph.node(&format!("{chain}.output")));
            let reached = behind.map_or(targets, |output| graph.target_names(output.id));
            (reached == [device]).then_some(())
        })
        .unwrap();
}

/// Asserts that the choice stands in the file, and that it acts when the device is back.
fn assert_choice_stands(session: &Session) {
    wait_saved(session);
    assert_eq!(remembered(session), [CHOSEN]);
    session.create_device(Device::new(CHOSEN)).unwrap();
    session.set_default_device(DEVICE).unwrap();
    let player = play(session, APP);
    wait_plays_to(session, &player, CHOSEN);
}

/// How the application is meant to play while its device is away.
#[derive(Clone, Copy)]
enum Meant {
    Processed,
    Bypassed,
}

/// The service with a stream whose chosen device is away.
fn playing_without_the_device(meant: Meant) -> (Rig, Player) {
    let session = session_with_choice();
    session.remove_device(CHOSEN).unwrap();
    let rig = Rig::in_session(session);
    if matches!(meant, Meant::Bypassed) {
        rig.block(rig.control().set_route(APP, "bypass")).unwrap();
    }
    let player = play(&rig.session, APP);
    rig.wait_chain(&player, "bus");
    // Another application gets its chain meanwhile, so this one has had its turn.
    let other = play(&rig.session, "Other");
    rig.wait_chain(&other, "app");
    let stream = rig.stream(&player).unwrap();
    assert_eq!(dict_str(&stream, "route"), Some("processed"), "{stream:?}");
    assert_eq!(dict_str(&stream, "chain"), Some("bus"), "{stream:?}");
    let held = StreamRow::from_dict(&stream).why.and_then(|why| why.held);
    let (device, node) = (Some(CHOSEN.to_owned()), player.node_id());
    assert_eq!(held, Some(Held::Remembered { device, absent: true, node }), "{stream:?}");
    assert!(!rig.targets().contains_key(&player.node_id()), "{:?}", rig.targets());
    (rig, player)
}

#[test]
fn absent_pinned_device_is_kept_over_the_services_end() {
    for meant in [Meant::Processed, Meant::Bypassed] {
        let (rig, _player) = playing_without_the_device(meant);
        rig.service.terminate(PATIENCE).unwrap();
        assert_choice_stands(&rig.session);
    }
}

#[test]
fn absent_pinned_device_is_kept_over_kill_9_and_a_restart() {
    for meant in [Meant::Processed, Meant::Bypassed] {
        let (mut rig, player) = playing_without_the_device(meant);
        rig.service.kill();
        rig.wait_linked(&player, DEVICE);
        rig.restart();
        rig.wait_chain(&player, "bus");
        assert_choice_stands(&rig.session);
    }
}

#[test]
fn stream_goes_to_its_pinned_device_at_each_start() {
    let rig = Rig::in_session(session_with_choice());
    rig.block(rig.control().set_route(APP, "bypass")).unwrap();
    for _ in 0..5 {
        let player = play(&rig.session, APP);
        wait_plays_to(&rig.session, &player, CHOSEN);
        rig.wait_route(&player, "unmanaged");
        player.stop(&rig.session).unwrap();
    }
    wait_saved(&rig.session);
    assert_eq!(remembered(&rig.session), [CHOSEN]);
}

#[test]
fn pin_to_the_default_device_is_kept_however_it_ends() {
    let mut rig = Rig::in_session(session_with_choice());
    rig.session.set_default_device(CHOSEN).unwrap();
    let player = play(&rig.session, APP);
    rig.wait_chain(&player, "bus");
    let stream = rig.wait_route(&player, "processed");
    let device = StreamRow::from_dict(&stream).why.and_then(|why| why.device);
    assert_eq!(device, Some(format!("Null device {CHOSEN}")), "{stream:?}");
    let assert_kept = |rig: &Rig| {
        wait_plays_to(&rig.session, &player, CHOSEN);
        wait_saved(&rig.session);
        assert_eq!(remembered(&rig.session), [CHOSEN]);
    };
    rig.block(rig.control().set_bypass(true)).unwrap();
    assert_kept(&rig);
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_chain(&player, "bus");
    rig.service.kill();
    assert_kept(&rig);
    rig.restart();
    rig.wait_chain(&player, "bus");
    // The session manager comes back with the pin, and without what we told it.
    rig.session.stop_wireplumber().unwrap();
    rig.wait_chain(&player, "none");
    rig.session.start_wireplumber().unwrap();
    rig.wait_chain(&player, "bus");
    rig.service.terminate(PATIENCE).unwrap();
    assert_kept(&rig);
}

#[test]
fn first_sound_is_protected_on_the_pinned_device() {
    let hostile = corpus()
        .iter()
        .map(|signal| signal.planar(48_000, 48_000, 2, 3))
        .find(|planar| meter::true_peak_dbtp_planar(planar) > 6.0)
        .unwrap();
    for (default, chain) in [(DEVICE, names::DEVICE_NODE_PREFIX), (CHOSEN, names::SINK_NODE)] {
        let rig = Rig::in_session(session_with_choice());
        rig.session.set_default_device(default).unwrap();
        rig.session
            .wait_for_graph("the chain before the device", PATIENCE, |graph| {
                let outputs = graph.nodes.iter().filter(|node| node.name.starts_with(chain));
                let mut leading = outputs.filter(|node| graph.target_names(node.id) == [CHOSEN]);
                leading.next().map(|_| ())
            })
            .unwrap();
        if default == CHOSEN {
            eventually("the bound bus", || {
                let graph = rig.session.dump().unwrap();
                graph.metadata.iter().any(|entry| entry.key == "filter.smart.target")
            });
        }
        let recorder = rig.session.record(CHOSEN).unwrap();
        let player = rig.session.player(hostile.clone()).app(APP).looping().start().unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        recorder.wait_more(48_000, PATIENCE).unwrap();
        let mut recording = recorder.stop().unwrap();
        drop(player);
        let first = recording.first_sound(0, 0.001).unwrap();
        for channel in &mut recording.channels {
            channel.truncate(first + 9_600);
        }
        let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
        println!("{default}: first 200 ms at the chosen device: {true_peak:+.3} dBTP");
        assert!(true_peak > -6.0, "it was tame");
        assert_under_ceiling(&recording, default);
    }
}

#[test]
fn a_choice_made_now_counts_for_the_applications_next_stream() {
    let session =
        Session::builder().device(Device::new(DEVICE)).device(Device::new(CHOSEN)).start().unwrap();
    session.set_default_device(DEVICE).unwrap();
    let rig = Rig::in_session(session);
    let first = play(&rig.session, APP);
    rig.wait_chain(&first, "app");
    choose(&rig.session, &first, CHOSEN);
    rig.wait_chain(&first, "device");
    // At once: WirePlumber has not written it down yet.
    let second = play(&rig.session, APP);
    wait_plays_to(&rig.session, &second, CHOSEN);
    first.stop(&rig.session).unwrap();
    wait_saved(&rig.session);
    assert_eq!(remembered(&rig.session), [CHOSEN]);
}

#[test]
fn what_the_reason_says_takes_the_choice_back() {
    let (rig, player) = playing_without_the_device(Meant::Processed);
    let stream = rig.stream(&player).unwrap();
    let row = StreamRow::from_dict(&stream);
    let command = row.why.and_then(|why| why.held).and_then(|held| held.take_back()).unwrap();
    assert!(row.reason.contains(&command), "{}", row.reason);
    let words: Vec<&str> = command.split(' ').collect();
    rig.session.run(words[0], &words[1..]).unwrap();
    rig.wait_chain(&player, "app");
    wait_saved(&rig.session);
    assert!(remembered(&rig.session).is_empty());
}

#[test]
fn our_own_writes_leave_nothing_in_wireplumbers_file() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Bypassed", "bypass")).unwrap();
    let processed = play(&rig.session, "Processed");
    let bypassed = play(&rig.session, "Bypassed");
    rig.wait_chain(&processed, "app");
    rig.wait_linked(&bypassed, DEVICE);
    rig.service.terminate(PATIENCE).unwrap();
    // What the file says of a stream that we never saw.
    let unseen = play(&rig.session, "Unseen");
    rig.wait_linked(&unseen, DEVICE);
    wait_saved(&rig.session);
    let mut entries = entries(&rig.session);
    // A stream's own, which newer versions keep once it is known: nobody's choice.
    for entry in entries.values_mut().filter_map(serde_json::Value::as_object_mut) {
        entry.remove("channelMap");
    }
    let entry = |app: &str| &entries[&format!("Output/Audio:application.name:{app}")];
    assert_eq!(entry("Processed"), entry("Unseen"));
    assert_eq!(entry("Bypassed"), entry("Unseen"));
    assert!(entries.keys().all(|key| !key.contains("headroom")), "{entries:?}");
}
