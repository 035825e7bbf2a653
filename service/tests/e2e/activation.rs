//! Without systemd, the bus starts the service by itself.

use headroom_api::{dict_str, names};
use headroom_testkit::session::Session;

use crate::rig::*;

const TEMPLATE: &str = include_str!("../../../com.example.Headroom.service");

/// What an installation makes of the activation file, with or without a unit beside it.
fn activation_file(systemd_service: &str) -> String {
    let libexecdir = binary().parent().unwrap().to_str().unwrap();
    let filled = TEMPLATE
        .replace("@libexecdir@", libexecdir)
        .replace("@deployment@", "on-demand/user/test")
        .replace("@systemd_service@", systemd_service);
    assert!(!filled.lines().any(|line| !line.starts_with('#') && line.contains('@')), "{filled}");
    filled
}

/// A bus that does not know of systemd does not mind being told of a unit.
#[test]
fn a_plain_bus_starts_the_service_when_it_is_called() {
    for systemd_service in ["", "SystemdService=headroom.service"] {
        let session = Session::start().unwrap();
        let services = session.data_home().join("dbus-1/services");
        let file = services.join("com.example.Headroom.service");
        std::fs::write(file, activation_file(systemd_service)).unwrap();
        let mut call = session.command("busctl");
        call.args(["--user", "get-property", names::BUS_NAME, names::OBJECT_PATH]);
        call.args([names::INTERFACE, "State"]);
        let rig = Rig::commanded(session, &call);
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
