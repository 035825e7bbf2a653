//! Who calls the service gets it, through systemd, and only once.

use headroom_api::dict_str;

use crate::rig::*;

#[test]
fn a_call_on_the_bus_starts_the_unit_and_not_a_second_service() {
    let rig = Rig::installed();
    assert_eq!(rig.property("ActiveState"), "inactive");
    rig.block(rig.control().state()).unwrap_or_else(|error| panic!("{error}\n{}", rig.report()));
    assert_eq!(rig.property("ActiveState"), "active");
    let health = rig.health();
    assert_eq!(dict_str(&health, "supervisor"), Some("systemd"));
    assert_eq!(dict_str(&health, "deployment"), Some("service/user/test"));
    rig.wait_protecting();
    assert_held(&rig.pass_hostile().recording, "activated");
    let services = rig.login.run("pgrep", &["-c", "headroom-serv"]).unwrap();
    assert_eq!(services.trim(), "1");
}

#[test]
fn a_service_that_was_stopped_comes_when_it_is_called_again() {
    let rig = Rig::started();
    rig.login.systemctl(&["stop", UNIT]).unwrap();
    assert!(!rig.has_owner());
    rig.block(rig.control().state()).unwrap();
    rig.wait_protecting();
}

#[test]
fn an_enabled_unit_is_part_of_the_login() {
    let rig = Rig::installed();
    rig.login.systemctl(&["enable", UNIT]).unwrap();
    let wanted =
        rig.login.systemctl(&["show", "--value", "-p", "Wants", "default.target"]).unwrap();
    assert!(wanted.contains(UNIT), "{wanted}");
    rig.login.systemctl(&["isolate", "default.target"]).unwrap();
    rig.wait_protecting();
    rig.login.systemctl(&["disable", UNIT]).unwrap();
    assert!(
        !rig.login.home().join(".config/systemd/user/default.target.wants").join(UNIT).exists()
    );
}
