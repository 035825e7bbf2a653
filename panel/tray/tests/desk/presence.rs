//! Service, desktop and bus go and come back, hang, or were never there.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use headroom_testkit::{
    asking::{block, wait_for},
    mock::World,
};
use zbus::{Connection, OwnedVariant, interface};

use crate::{
    host::Host,
    rig::{Program, Rig},
};

/// A desktop's notifications.
pub(crate) struct Notifications {
    told: Arc<Mutex<Vec<String>>>,
    _connection: Connection,
}

struct Notifier(Arc<Mutex<Vec<String>>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifier {
    #[allow(clippy::too_many_arguments, reason = "the shape of a member is the bus's to say")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        _summary: &str,
        body: String,
        _actions: Vec<String>,
        _hints: std::collections::HashMap<String, OwnedVariant>,
        _expires_ms: i32,
    ) -> u32 {
        self.0.lock().unwrap().push(body);
        1
    }
}

impl Notifications {
    pub(crate) fn start(rig: &Rig) -> Self {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let connection = rig.connect();
        let server = connection.object_server();
        block(server.at("/org/freedesktop/Notifications", Notifier(Arc::clone(&told)))).unwrap();
        block(connection.request_name("org.freedesktop.Notifications")).unwrap();
        Self { told, _connection: connection }
    }

    /// Waits for the first notification, and returns what it says.
    pub(crate) fn wait(&self) -> String {
        wait_for("a notification", || self.told.lock().unwrap().first().cloned())
    }
}

#[test]
fn service_that_goes_and_comes_back_is_shown_so() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    host.wait_look("off");
    assert_eq!(host.text("Title"), "Headroom: Headroom is not running");
    let service = rig.service(World::default());
    host.wait_look("protected");
    assert!(host.row("Profile").is_some());
    drop(service);
    host.wait_look("off");
    wait_for("its profiles are gone", || host.row("Profile").is_none().then_some(()));
    let _service = rig.service(World { bypass: true, state: "bypassed", ..World::default() });
    wait_for("the new one's state", || {
        (host.text("Title") == "Headroom: Protection is off").then_some(())
    });
}

#[test]
fn service_that_hangs_is_noticed_when_the_menu_opens() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_look("protected");
    service.world().silent = true;
    host.open_menu();
    host.wait_look("problem");
    assert_eq!(host.text("Title"), "Headroom: Headroom does not answer");
    host.click("Protection");
    service.world().silent = false;
    host.wait_look("protected");
    assert!(service.seen().asked.is_empty(), "a click of long ago is not carried out");
}

#[test]
fn absent_service_is_started_by_the_switch() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    rig.bus.install(&format!("/usr/bin/touch {}", rig.bus.file("started").display()));
    host.click("Protection");
    wait_for("the bus starts it", || rig.bus.file("started").exists().then_some(()));
}

#[test]
fn desktop_that_comes_back_gets_the_icon_again() {
    let rig = Rig::start();
    let _service = rig.service(World::default());
    for _ in 0..3 {
        let host = Host::start(&rig);
        host.wait_look("protected");
        assert_eq!(host.items(), 1);
        host.end();
    }
}

#[test]
fn second_tray_ends_at_once() {
    let mut rig = Rig::start();
    let host = Host::start(&rig);
    host.item();
    let mut second = Program::start(&rig.bus);
    assert_eq!(second.exit_code(), Some(0));
    assert_eq!(host.items(), 1);
    assert!(rig.tray.0.try_wait().unwrap().is_none());
}

#[test]
fn tray_ends_with_the_bus() {
    let mut rig = Rig::start();
    Host::start(&rig).item();
    rig.bus.stop();
    assert_eq!(rig.tray.exit_code(), Some(0), "a session's end is no failure");
}

#[test]
fn panel_is_opened_with_the_token_of_the_desktop() {
    let rig = Rig::beside_panel();
    let host = Host::start(&rig);
    host.provide("a-token");
    host.press("Activate");
    let read = || fs::read_to_string(rig.opened()).ok();
    assert_eq!(wait_for("the panel is opened", read), "token=a-token\n");
    fs::remove_file(rig.opened()).unwrap();
    host.click("Open Headroom");
    assert_eq!(wait_for("the panel is opened again", read), "token=\n");
}

#[test]
fn tray_sleeps_while_nothing_happens() {
    let rig = Rig::start();
    let host = Host::start(&rig);
    let service = rig.service(World::default());
    host.wait_look("protected");
    wait_for("nothing wakes it for three seconds", || {
        let before = rig.tray.sleeps();
        std::thread::sleep(Duration::from_secs(3));
        (rig.tray.sleeps() == before).then_some(())
    });
    assert!(service.seen().subscribers.is_empty());
}
