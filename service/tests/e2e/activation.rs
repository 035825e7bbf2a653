//! Without systemd, the bus starts the service by itself.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use headroom_api::{dict_str, names};
use headroom_testkit::session::Session;

use crate::rig::*;

const TEMPLATE: &str = include_str!("../../../com.example.Headroom.service");

/// What an installation makes of the activation file, with or without a unit beside it.
fn activation_file(libexecdir: &Path, systemd_service: &str) -> String {
    let filled = TEMPLATE
        .replace("@libexecdir@", libexecdir.to_str().unwrap())
        .replace("@deployment@", "on-demand/user/test")
        .replace("@systemd_service@", systemd_service);
    assert!(!filled.lines().any(|line| !line.starts_with('#') && line.contains('@')), "{filled}");
    filled
}

/// The service installed in this folder, started by the bus because somebody has called it.
fn activated(session: Session, libexecdir: &Path, systemd_service: &str) -> Rig {
    let services = session.data_home().join("dbus-1/services");
    let file = services.join("com.example.Headroom.service");
    fs::write(file, activation_file(libexecdir, systemd_service)).unwrap();
    let mut call = session.command("busctl");
    call.args(["--user", "get-property", names::BUS_NAME, names::OBJECT_PATH]);
    call.args([names::INTERFACE, "State"]);
    Rig::commanded(session, &call)
}

/// A bus that does not know of systemd does not mind being told of a unit.
#[test]
fn a_plain_bus_starts_the_service_when_it_is_called() {
    for systemd_service in ["", "SystemdService=headroom.service"] {
        let session = Session::start().unwrap();
        let rig = activated(session, binary().parent().unwrap(), systemd_service);
        rig.wait_state("running");
        rig.wait_in_place();
        let health = rig.block(rig.control().health()).unwrap();
        assert_eq!(dict_str(&health, "supervisor"), Some("bus"), "{systemd_service}");
        assert_eq!(dict_str(&health, "deployment"), Some("on-demand/user/test"));
        let noise = headroom_testkit::signals::gaussian_noise(48_000, 2.0, 1);
        let recording = rig.pass("Firefox", "headroom", &[noise.clone(), noise]).recording;
        assert_under_ceiling(&recording, "activated");
    }
}

/// The process that has the service's name.
fn owner(rig: &Rig) -> Option<u32> {
    let bus = rig.block(zbus::fdo::DBusProxy::new(rig.connection())).unwrap();
    rig.block(bus.get_connection_unix_process_id(names::BUS_NAME.try_into().unwrap())).ok()
}

/// Puts the program there as a package does: written beside, then moved over what was there.
fn install(folder: &Path) {
    let beside = folder.join("headroom-service.new");
    fs::copy(binary(), &beside).unwrap();
    fs::rename(beside, folder.join("headroom-service")).unwrap();
}

/// Installs a later version under what plays; the same program, as another file.
#[test]
fn replaced_service_protects_until_nothing_plays() {
    let session = Session::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    let rig = activated(session, folder.path(), "");
    rig.wait_in_place();
    let noise = headroom_testkit::signals::gaussian_noise(48_000, 0.5, 1);
    let player = rig.session.player(vec![noise; 2]).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    let before = owner(&rig);
    assert!(before.is_some());
    install(folder.path());
    // Longer than all has to be at rest.
    let until = Instant::now() + Duration::from_secs(13);
    while Instant::now() < until {
        assert_eq!(owner(&rig), before, "it left while something played");
        std::thread::sleep(Duration::from_millis(100));
    }
    rig.wait_linked(&player, names::SINK_NODE);
    drop(player);
    eventually("the new program has the name", || {
        owner(&rig).is_some_and(|process| Some(process) != before)
    });
    rig.wait_state("running");
    rig.wait_in_place();
    let health = rig.block(rig.control().health()).unwrap();
    assert_eq!(dict_str(&health, "supervisor"), Some("bus"));
    assert_eq!(rig.failures(), 0, "to make room is no failure");
}
