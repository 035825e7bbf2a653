//! The service in its sandbox: started by the bus, followed by the graph, heard at the device.

use std::path::{Path, PathBuf};

use headroom_api::names;
use headroom_testkit::{
    meter,
    signals::{self, corpus},
};

use crate::{
    bus::{PATIENCE, eventually},
    sandbox::{APP_ID, DEVICE, Sandbox, players_targets},
};

const RATE_HZ: u32 = 48_000;
/// What the default profile promises, and what the meter may read beyond it.
const CEILING_DBTP: f64 = -0.1;
const TOLERANCE_DB: f64 = 0.01;

#[test]
fn the_bus_starts_the_service_in_its_sandbox() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.owner(), None, "it runs before anybody asked");
    sandbox.activate();
    let graph = sandbox.session.dump().unwrap();
    let client = graph
        .clients
        .iter()
        .find(|client| client.props.get("application.id").is_some_and(|id| id == names::BUS_NAME))
        .expect("the service is a client of PipeWire");
    let access = client.props.get("pipewire.access").and_then(|access| access.as_str());
    assert_eq!(access, Some("flatpak"), "it is not in a sandbox: {:?}", client.props);
}

#[test]
fn hostile_material_stays_under_the_ceiling_at_the_device() {
    let sandbox = Sandbox::new();
    sandbox.activate();
    let mut material = vec![Vec::new(), Vec::new()];
    for signal in corpus() {
        let planar = signal.planar(RATE_HZ, 12_000, 2, 1);
        for (channel, new) in material.iter_mut().zip(signals::padded_planar(&planar, 4_800, 4_800))
        {
            channel.extend(new);
        }
    }
    let played = meter::true_peak_dbtp_planar(&material);
    assert!(played > 6.0, "the material is tame: {played:+.1} dBTP");
    let heard = sandbox
        .session
        .pass_when(
            DEVICE,
            &material,
            |player| player.app("Firefox"),
            |graph, player| players_targets(graph, player) == [names::SINK_NODE],
        )
        .unwrap();
    let heard = meter::true_peak_dbtp_planar(&heard.recording.channels);
    assert!(heard <= CEILING_DBTP + TOLERANCE_DB, "the device got {heard:+.3} dBTP");
    assert!(heard > -1.0, "the limiter had nothing to do: {heard:+.3} dBTP");
    println!("played at {played:+.2} dBTP, heard at {heard:+.2} dBTP");
}

#[test]
fn the_command_line_steers_the_graph_from_inside() {
    let sandbox = Sandbox::new();
    sandbox.activate();
    let tone: Vec<f32> = (0..RATE_HZ).map(|n| (n as f32 * 0.05).sin() * 0.2).collect();
    let player = sandbox.session.player(vec![tone.clone(), tone]).app("Firefox").looping();
    let player = player.start().unwrap();
    sandbox.wait_linked(&player, names::SINK_NODE);

    let status = sandbox.headroom(&["status"]);
    assert!(status.contains("Firefox"), "{status}");
    // Both write metadata, which a sandbox may only as a manager.
    sandbox.headroom(&["app", "set", "Firefox", "leave-alone"]);
    sandbox.wait_linked(&player, DEVICE);
    sandbox.headroom(&["app", "unset", "Firefox"]);
    sandbox.wait_linked(&player, names::SINK_NODE);
    sandbox.headroom(&["bypass", "on"]);
    sandbox.wait_linked(&player, DEVICE);
    sandbox.headroom(&["bypass", "off"]);
    sandbox.wait_linked(&player, names::SINK_NODE);
}

#[test]
fn nothing_is_written_but_into_the_apps_own_folder() {
    let sandbox = Sandbox::new();
    let before = files(&sandbox.session.home());
    sandbox.activate();
    sandbox.headroom(&["app", "set", "Firefox", "leave-alone"]);
    let own = Path::new(".var/app").join(APP_ID);
    let state = own.join(".local/state").join(names::DIRECTORY).join("state.toml");
    eventually("the state file", || sandbox.session.home().join(&state).exists());
    let sound_server = Path::new(".local/state/wireplumber");
    let foreign: Vec<PathBuf> = files(&sandbox.session.home())
        .into_iter()
        .filter(|file| !before.contains(file))
        .filter(|file| !file.starts_with(&own) && !file.starts_with(sound_server))
        .collect();
    assert!(foreign.is_empty(), "written elsewhere: {foreign:?}");
}

#[test]
fn service_protects_again_on_pipewires_new_socket() {
    let sandbox = Sandbox::new();
    sandbox.activate();
    sandbox.headroom(&["bypass", "on"]);
    let first = sandbox.owner();
    sandbox.session.kill_pipewire();
    sandbox.wait_state("waiting");
    sandbox.session.start_pipewire().unwrap();
    sandbox.session.start_wireplumber().unwrap();
    // Nobody calls it: it comes back by itself, as another process, and knows what it knew.
    eventually("another process of the service", || {
        sandbox.owner().is_some_and(|owner| Some(owner) != first)
    });
    sandbox.wait_state("bypassed");
    sandbox.headroom(&["bypass", "off"]);
    sandbox.wait_protecting();
}

#[test]
fn a_service_that_is_told_to_end_leaves_its_name_and_the_graph() {
    let sandbox = Sandbox::new();
    sandbox.activate();
    let ended = sandbox.session.command("flatpak").args(["kill", APP_ID]).status().unwrap();
    assert!(ended.success());
    eventually("the end of the service", || sandbox.owner().is_none());
    sandbox
        .session
        .wait_for_graph("the end of the filter", PATIENCE, |graph| {
            graph.node(names::SINK_NODE).is_none().then_some(())
        })
        .unwrap();
}

/// Every file below a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}
