//! A shortcut of the whole desktop, by its portal.

use headroom_testkit::{
    asking::wait_for,
    mock::{Service, World},
};

use crate::{
    host::Host,
    portal::Portal,
    rig::{Program, Rig},
};

const OFFER: &str = "Keyboard Shortcut…";
const BOUND: &str = "Keyboard shortcut: Ctrl+Alt+H";

fn wait_row(host: &Host, label: &str) {
    wait_for(label, || host.row(label));
}

fn wait_bypass(service: &Service, what: &str) {
    service.wait_for(what, |seen| seen.asked.last().is_some_and(|asked| asked == what));
}

/// A tray whose shortcut is chosen.
fn bound() -> (Rig, Host, Portal) {
    let rig = Rig::start();
    let (host, portal) = (Host::start(&rig), Portal::start(&rig));
    host.open_menu();
    host.click(OFFER);
    wait_row(&host, BOUND);
    (rig, host, portal)
}

#[test]
fn shortcut_is_chosen_and_switches_protection() {
    let (rig, host, portal) = bound();
    let wanted = [
        "Register com.example.Headroom.Panel",
        "Bind toggle: Turn protection on or off: CTRL+ALT+h",
    ];
    assert_eq!(portal.asked(), wanted);
    let service = rig.service(World::default());
    host.wait_look("protected");
    portal.press("another");
    portal.press("toggle");
    wait_bypass(&service, "Bypass true");
    host.wait_look("off");
    portal.press("toggle");
    wait_bypass(&service, "Bypass false");
    assert_eq!(service.seen().asked.len(), 2);
}

#[test]
fn portal_is_not_asked_before_the_menu_opens() {
    let rig = Rig::start();
    let (host, portal) = (Host::start(&rig), Portal::start(&rig));
    let _service = rig.service(World::default());
    host.wait_look("protected");
    assert!(portal.asked().is_empty() && host.row(OFFER).is_none());
    host.open_menu();
    wait_row(&host, OFFER);
    assert_eq!(portal.asked(), ["Register com.example.Headroom.Panel"]);
}

#[test]
fn chosen_shortcut_outlives_tray_and_portal() {
    let (mut rig, host, portal) = bound();
    portal.end();
    wait_for("without a portal there is none", || host.row(BOUND).is_none().then_some(()));
    let portal = Portal::start(&rig);
    wait_row(&host, BOUND);
    assert_eq!(portal.asked().len(), 2, "asked without a click");
    host.end();
    rig.tray = Program::start(&rig.bus);
    let host = Host::start(&rig);
    wait_row(&host, BOUND);
    assert_eq!(portal.asked().len(), 4, "asked without a click");
}

#[test]
fn refused_shortcut_is_offered_again() {
    let rig = Rig::start();
    let (host, portal) = (Host::start(&rig), Portal::start(&rig));
    portal.refuse();
    host.open_menu();
    host.click(OFFER);
    wait_for("the portal is asked", || (portal.asked().len() == 2).then_some(()));
    host.click(OFFER);
    wait_for("the portal is asked again", || (portal.asked().len() == 3).then_some(()));
    wait_row(&host, OFFER);
    assert!(!rig.bus.file("state/headroom/tray-shortcut").exists());
}

#[test]
fn shortcut_can_be_changed() {
    let (_rig, host, portal) = bound();
    host.click(BOUND);
    let is_asked = || portal.asked().contains(&"Configure".to_owned());
    wait_for("the desktop's own window", || is_asked().then_some(()));
    portal.rebind("Meta+H");
    wait_row(&host, "Keyboard shortcut: Meta+H");
}

#[test]
fn desktop_without_a_portal_is_offered_none() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let _service = rig.service(World::default());
    host.wait_look("protected");
    host.open_menu();
    host.click("Protection");
    host.wait_look("off");
    assert!(host.row(OFFER).is_none());
}
