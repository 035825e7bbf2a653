//! When something dies, sound goes on; when it comes back, so does the protection.

use std::time::Duration;

use headroom_api::Problem;
use headroom_testkit::{
    session::{Client, Device, Session, Signal},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
/// How long the device may be without sound.
const LONGEST_SILENCE: Duration = Duration::from_millis(150);

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(RATE_HZ, 0.1, 1), signals::gaussian_noise(RATE_HZ, 0.1, 2)]
}

#[test]
fn kill_9_leaves_sound_on_and_a_restart_takes_it_back() {
    let mut rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    shortest("kill -9, without sound", LONGEST_SILENCE, || {
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        let killed_ns = now_ns();
        rig.service.kill();
        rig.wait_linked(&player, DEVICE);
        recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        // A third would be its last, and a busy machine wants another try.
        rig.forget_failures();
        rig.restart();
        rig.wait_linked(&player, "headroom");
        rig.wait_route(&player, "processed");
        longest_silence(&recording, killed_ns)
    });
}

#[test]
fn hung_service_stops_no_bypassed_sound() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let player = rig.session.player(noise()).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, DEVICE);
    rig.block(rig.control().subscribe_meters(30.0)).unwrap();
    let is_tapped = || {
        let graph = rig.session.dump().unwrap();
        graph.target_names(player.node_id()).contains(&headroom_api::names::TAP_NODE)
    };
    eventually("the tap", is_tapped);
    shortest("a hang, without sound", LONGEST_SILENCE, || {
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        let stopped_ns = now_ns();
        rig.service.signal(Signal::STOP).unwrap();
        recorder.wait_more(2 * RATE_HZ, PATIENCE).unwrap();
        rig.service.signal(Signal::CONT).unwrap();
        longest_silence(&recorder.stop().unwrap(), stopped_ns)
    });
}

#[test]
fn targets_of_a_killed_service_are_taken_back_by_the_next() {
    // With one they are gone before the next service looks.
    let mut rig = Rig::unguarded();
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let player = rig.session.player(noise()).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, DEVICE);
    rig.service.kill();
    assert_eq!(rig.targets().len(), 1, "the test needs something to be left");
    // The user's mind has changed meanwhile.
    std::fs::remove_file(rig.state_file()).unwrap();
    rig.restart();
    rig.wait_linked(&player, "headroom");
    // But for its own chain's, which is stored by nobody.
    eventually("no target to the device", || {
        let targets = rig.targets();
        targets.values().all(|target| target.contains(headroom_api::names::APP_NODE_PREFIX))
    });
}

#[test]
fn a_stream_started_while_nobody_protects_is_picked_up() {
    let session = Session::start().unwrap();
    let player = session.player(noise()).app("Firefox").looping().start().unwrap();
    player.wait_streaming(PATIENCE).unwrap();
    let rig = Rig::in_session(session);
    rig.wait_linked(&player, "headroom");
    rig.wait_route(&player, "processed");
}

#[test]
fn sound_follows_the_default_device() {
    let rig = Rig::start();
    rig.session.create_device(Device::new("other")).unwrap();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let mut devices = [DEVICE, "other"];
    shortest("from the last sound here to the first there", LONGEST_SILENCE, || {
        let [here, there] = devices;
        let [first, second] = devices.map(|device| rig.session.record(device).unwrap());
        first.wait_sound(0, 0.01, PATIENCE).unwrap();
        rig.session.set_default_device(there).unwrap();
        second.wait_sound(0, 0.01, PATIENCE).unwrap();
        second.wait_more(RATE_HZ / 4, PATIENCE).unwrap();
        let (left, reached) = (first.stop().unwrap(), second.stop().unwrap());
        let last = (0..left.frames()).rev().find(|n| left.channels[0][*n].abs() > 1e-9).unwrap();
        let heard = reached.first_sound(0, 1e-9).unwrap();
        rig.wait_linked(&player, "headroom");
        devices = [there, here];
        let silence_ns = reached.time_ns(heard).unwrap() - left.time_ns(last).unwrap();
        // The first sound there may come before the last one here has been heard.
        Duration::from_nanos(u64::try_from(silence_ns).unwrap_or(0))
    });
}

#[test]
fn a_restart_of_pipewire_is_survived_in_process() {
    let rig = Rig::start();
    let pid = rig.service.pid();
    rig.session.kill_pipewire();
    rig.wait_state("waiting");
    assert_eq!(rig.problems(), ["pipewire-away"]);
    rig.session.start_pipewire().unwrap();
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    rig.wait_in_place();
    assert!(rig.problems().is_empty());
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let bypassed = rig.session.player(noise()).app("Player").looping().start().unwrap();
    let processed = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&bypassed, DEVICE);
    rig.wait_linked(&processed, "headroom");
    assert_eq!(rig.service.pid(), pid);
    assert!(rig.service.is_running());
}

#[test]
fn a_restart_of_wireplumber_is_survived_in_process() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let bypassed = rig.session.player(noise()).app("Player").looping().start().unwrap();
    let processed = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&bypassed, DEVICE);
    rig.wait_linked(&processed, "headroom");
    rig.session.stop_wireplumber().unwrap();
    rig.wait_state("waiting");
    eventually("the problem", || rig.problems() == ["no-session-manager"]);
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    rig.wait_linked(&bypassed, DEVICE);
    rig.wait_linked(&processed, "headroom");
    rig.wait_route(&bypassed, "bypass");
    rig.wait_route(&processed, "processed");
}

#[test]
fn a_session_manager_without_smart_filters_is_named() {
    let session = Session::builder().wireplumber(false).start().unwrap();
    // A client that says of itself what WirePlumber 0.4 says.
    let config = session.home().join("old/pipewire/client.conf.d");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(
        config.join("old.conf"),
        "context.properties = { application.name = WirePlumber, application.version = 0.4.13 }",
    )
    .unwrap();
    let mut command = session.command("pw-dump");
    command.arg("--monitor").env_remove("PIPEWIRE_CONFIG_DIR");
    command.env("XDG_CONFIG_HOME", session.home().join("old"));
    let _old = session.spawn(&command, "old-wireplumber").unwrap();
    let rig = Rig::unready(session);
    eventually("the problem", || rig.problems() == ["session-manager-too-old"]);
    assert_eq!(rig.state(), "waiting");
    let row = rig.problem_rows().remove(0);
    let problem = Problem::SessionManagerTooOld { version: "0.4.13".to_owned() };
    assert_eq!(row.known, Some(problem));
    assert!(row.text.contains("0.4.13") && row.text.contains("0.5"), "{}", row.text);
}

#[test]
fn a_pair_that_somebody_destroys_comes_back() {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let old = rig.session.dump().unwrap().node("headroom").unwrap().clone();
    rig.session.run("pw-cli", &["destroy", &old.id.to_string()]).unwrap();
    rig.session
        .wait_for_graph("a new pair", PATIENCE, |graph| {
            // By its serial: the number may be given anew at once.
            graph.node("headroom").is_some_and(|node| node.serial != old.serial).then_some(())
        })
        .unwrap();
    rig.wait_linked(&player, "headroom");
}

#[test]
fn a_client_of_ours_that_somebody_throws_out_comes_back() {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    // One watches the graph, the other has the nodes: each in turn.
    for number in 0..2 {
        let graph = rig.session.dump().unwrap();
        let is_ours = |client: &&Client| {
            client.props.get("application.name").and_then(|name| name.as_str()) == Some("Headroom")
        };
        let ours: Vec<_> = graph.clients.iter().filter(is_ours).collect();
        assert_eq!(ours.len(), 2, "{ours:?}");
        let old = graph.node("headroom").unwrap().serial;
        rig.session.run("pw-cli", &["destroy", &ours[number].id.to_string()]).unwrap();
        rig.session
            .wait_for_graph("a new pair", PATIENCE, |graph| {
                graph.node("headroom").is_some_and(|node| node.serial != old).then_some(())
            })
            .unwrap();
        rig.wait_linked(&player, "headroom");
    }
}

#[test]
fn every_signal_to_end_leaves_the_graph_clean() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let rig = Rig::start();
        rig.block(rig.control().set_route("Player", "bypass")).unwrap();
        let player = rig.session.player(noise()).app("Player").looping().start().unwrap();
        rig.wait_linked(&player, DEVICE);
        rig.service.signal(signal).unwrap();
        assert!(rig.service.wait(PATIENCE).unwrap().success(), "{signal:?}");
        rig.wait_left();
        assert!(!rig.session.runtime_dir().join("headroom/session.toml").exists());
    }
}

#[test]
fn the_service_ends_with_its_bus() {
    let rig = Rig::start();
    let bus = rig.block(zbus::fdo::DBusProxy::new(rig.connection())).unwrap();
    let pid = rig
        .block(bus.get_connection_unix_process_id("org.freedesktop.DBus".try_into().unwrap()))
        .unwrap();
    rig.session.run("kill", &["-9", &pid.to_string()]).unwrap();
    rig.service.wait(PATIENCE).unwrap();
    rig.session
        .wait_for_graph("a clean graph", PATIENCE, |graph| {
            graph.nodes.iter().all(|node| !node.name.starts_with("headroom")).then_some(())
        })
        .unwrap();
}

#[test]
fn a_second_instance_says_so_and_fails() {
    let rig = Rig::start();
    let second = rig.session.spawn(&rig.session.command(binary()), "second").unwrap();
    let status = second.wait(PATIENCE).unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(second.log().contains("runs already"), "{}", second.log());
    assert_eq!(rig.state(), "running");
    let nodes = rig.session.dump().unwrap().nodes;
    assert_eq!(nodes.iter().filter(|node| node.name == "headroom").count(), 1);
}

#[test]
fn without_pipewire_the_service_waits_and_says_so() {
    let session = Session::start().unwrap();
    session.kill_pipewire();
    let rig = Rig::unready(session);
    rig.wait_state("waiting");
    eventually("the problem", || rig.problems() == ["pipewire-away"]);
    rig.session.start_pipewire().unwrap();
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    rig.wait_in_place();
}
