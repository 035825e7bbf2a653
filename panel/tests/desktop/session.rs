//! The switch that has the desktop start Headroom, which only a Flatpak has.

use headroom_testkit::mock::Service;

use crate::{
    bus::wait_for,
    desktop::Desktop,
    fake::{portal::Portal, start_mock, worlds},
    panel::{self, Panel},
    tree::Role,
};

const SWITCH: &str = "Start with the session";

/// The panel on its page of settings, as inside a Flatpak.
fn flatpak(desktop: &Desktop) -> Panel<'_> {
    let mut command = panel::command(desktop);
    command.env("HEADROOM_PANEL_FLATPAK", "1");
    let panel = Panel::run(desktop, &command);
    panel.turn_to("settings");
    panel
}

fn with_mock() -> (Desktop, Service) {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::with_streams(1));
    (desktop, fake)
}

#[test]
fn switch_shows_the_portals_answer_also_next_time() {
    let (desktop, _fake) = with_mock();
    let portal = Portal::start(&desktop.session.bus_address());
    let panel = flatpak(&desktop);
    panel.wait_switch(SWITCH, false);
    panel.press(Role::CHECK_BOX, SWITCH);
    panel.wait_switch(SWITCH, true);
    let request = portal.requests().pop().unwrap();
    assert!(request.autostart && !request.reason.is_empty(), "{request:?}");
    let service = "/app/libexec/headroom-service";
    assert_eq!(request.command, [service, "--deployment", "flatpak/user/default"]);
    panel.picture("settings-flatpak");
    drop(panel);

    let panel = flatpak(&desktop);
    panel.wait_switch(SWITCH, true);
    panel.press(Role::CHECK_BOX, SWITCH);
    panel.wait_switch(SWITCH, false);
    assert!(!portal.requests().pop().unwrap().autostart);
    drop(panel);
    flatpak(&desktop).wait_switch(SWITCH, false);
}

#[test]
fn a_refusal_turns_the_switch_back_and_says_what_to_do() {
    let (desktop, _fake) = with_mock();
    let panel = flatpak(&desktop);
    // Nobody has the portal's name yet.
    panel.press(Role::CHECK_BOX, SWITCH);
    panel.wait_says("This desktop has no portal that could do it.");
    panel.wait_switch(SWITCH, false);

    let portal = Portal::start(&desktop.session.bus_address());
    portal.refuse();
    panel.press(Role::CHECK_BOX, SWITCH);
    wait_for("the portal to be asked", || portal.requests().pop());
    panel.wait_says("The desktop did not allow it.");
    panel.wait_switch(SWITCH, false);
}

#[test]
fn outside_of_a_flatpak_there_is_no_such_switch() {
    let (desktop, _fake) = with_mock();
    let panel = Panel::start(&desktop);
    panel.turn_to("settings");
    panel.wait_says("Added delay");
    assert!(panel.tree().find(Role::CHECK_BOX, SWITCH).is_none());
}
