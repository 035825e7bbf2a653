//! What the service does is shown, and what a person does reaches it.

use headroom_api::{CatchRow, Error, Problem};
use headroom_testkit::{
    asking::wait_for,
    mock::{Service, World},
};

use crate::{host::Host, rig::Rig};

fn asked(service: &Service, what: &str) {
    service.wait_for(what, |seen| seen.asked.iter().any(|asked| asked == what));
}

#[test]
fn tray_shows_state_and_switches_protection() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_look("protected");
    assert_eq!(host.text("Title"), "Headroom: Apps are protected");
    assert_eq!(host.text("Status"), "Active");
    assert_eq!(host.tooltip().1, "Profile: Everyday");
    host.forget();
    host.click("Protection");
    asked(&service, "Bypass true");
    host.wait_look("off");
    host.wait_mark("Protection", false);
    for signal in ["NewIcon", "NewToolTip", "ItemsPropertiesUpdated"] {
        wait_for(signal, || host.heard().contains(&signal.to_owned()).then_some(()));
    }
    assert!(!host.heard().contains(&"LayoutUpdated".to_owned()), "the rows are the same");
    host.press("SecondaryActivate");
    asked(&service, "Bypass false");
    host.wait_look("protected");
    host.wait_mark("Protection", true);
}

#[test]
fn profile_is_chosen_in_the_menu_and_marked() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_mark("Everyday", true);
    assert_eq!(host.row("Night").unwrap().toggle, "radio");
    host.click("Night");
    asked(&service, "ActiveProfile night");
    host.wait_mark("Night", true);
    host.wait_mark("Everyday", false);
}

#[test]
fn bypass_for_half_an_hour_shows_its_end() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.click("Off for 30 minutes");
    asked(&service, "BypassFor 1800");
    host.wait_look("off");
    let until =
        |host: &Host| host.menu().into_iter().find(|row| row.label.starts_with("Off until"));
    assert!(!wait_for("its end is shown", || until(&host)).is_enabled);
    host.click("Protection");
    host.wait_look("protected");
    assert!(host.row("Off for 30 minutes").is_some() && until(&host).is_none());
}

#[test]
fn catch_lights_up_for_a_moment_and_stays_in_the_menu() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_look("protected");
    let row = CatchRow { app: "Firefox".into(), gain_db: -12.0, ..CatchRow::default() };
    service.change(|world| world.catches.insert(0, row));
    host.wait_look("catching");
    assert!(host.tooltip().0.contains("A blast was held"));
    host.wait_look("protected");
    let last = host.menu().into_iter().find(|row| row.label.starts_with("Last catch: Firefox"));
    assert!(!last.expect("the last catch is told").is_enabled);
    service.change(|world| world.catches.clear());
    host.open_menu();
    let is_told = || host.menu().iter().any(|row| row.label.starts_with("Last catch"));
    wait_for("what is forgotten is not told", || (!is_told()).then_some(()));
}

#[test]
fn problem_asks_for_attention_and_is_named() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_look("protected");
    service.change(|world| {
        world.state = "waiting";
        world.problems = vec![Problem::NoSessionManager.into()];
    });
    host.wait_look("problem");
    assert_eq!(host.text("Status"), "NeedsAttention");
    assert_eq!(host.text("AttentionIconName"), host.text("IconName"));
    assert!(host.row("Nothing connects apps to Headroom").is_some());
    assert!(host.tooltip().1.contains("Nothing connects apps to Headroom"));
}

#[test]
fn refused_request_becomes_a_notification() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let notified = crate::presence::Notifications::start(&rig);
    let full = Error::Failed("the disk is full".to_owned());
    let refusals = vec![("ActiveProfile night".to_owned(), full)];
    let _service = rig.service(World { refusals, ..World::default() });
    host.click("Night");
    assert_eq!(notified.wait(), "the disk is full");
    host.wait_mark("Night", false);
}
