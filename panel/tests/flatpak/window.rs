//! The panel in its sandbox: a window on the screen, and the desktop's portal behind it.

use std::time::Duration;

use headroom_testkit::session::Process;

use crate::{
    bus::{block, eventually, wait_for},
    desktop::Desktop,
    portal::Portal,
    sandbox::Sandbox,
    tree::{Node, Reader, Role, State},
};

/// The program's name, by which assistive technology knows it.
const PROGRAM: &str = "headroom-panel";
const SWITCH: &str = "Start with the session";

/// The panel, started as a person starts it.
struct Panel {
    process: Process,
    reader: Reader,
}

impl Panel {
    fn start(desktop: &Desktop) -> Self {
        let command = Sandbox::run(desktop.command("flatpak"), PROGRAM);
        let process = desktop.session.spawn(&command, PROGRAM).unwrap();
        Self { process, reader: Reader::open(&desktop.connection) }
    }

    fn wait<T>(&self, what: &str, mut probe: impl FnMut(&Node) -> Option<T>) -> T {
        let mut last = None;
        let deadline = std::time::Instant::now() + crate::bus::PATIENCE;
        loop {
            assert!(self.process.is_running(), "the panel has ended: {}", self.process.log());
            if let Some(tree) = self.reader.read(PROGRAM) {
                if let Some(found) = probe(&tree) {
                    return found;
                }
                last = Some(tree);
            }
            let shown = last.as_ref().map_or_else(String::new, ToString::to_string);
            assert!(
                std::time::Instant::now() < deadline,
                "waited for {what}, in vain; it shows\n{shown}\nand says\n{}",
                self.process.log()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn wait_switch(&self, name: &str, on: bool) -> Node {
        self.wait(&format!("the switch '{name}' to be {on}"), |tree| {
            tree.find(Role::CHECK_BOX, name).filter(|node| node.is(State::Checked) == on).cloned()
        })
    }

    fn turn_to(&self, desktop: &Desktop, page: &str) {
        let id = headroom_api::names::PANEL_ID;
        let path = format!("/{}", id.replace('.', "/"));
        let page = format!("[<'{page}'>]");
        let call = ["call", "--session", "--dest", id, "--object-path", &path, "--method"];
        let action = ["org.gtk.Actions.Activate", "page", &page, "{}"];
        desktop.run("gdbus", &[&call[..], &action].concat());
        assert!(self.process.is_running(), "the panel has ended: {}", self.process.log());
    }

    fn press(&self, name: &str) {
        let node = self.wait(&format!("'{name}'"), |tree| {
            tree.find(Role::CHECK_BOX, name).filter(|node| node.is(State::Sensitive)).cloned()
        });
        self.reader.act(&node).unwrap();
    }
}

#[test]
fn the_window_opens_and_finds_the_service_that_it_has_started() {
    let sandbox = Sandbox::new();
    // Whoever has not been told what Headroom does is told that first.
    block(sandbox.control().set_introduced(true)).unwrap();
    let desktop = Desktop::over(sandbox.session);
    let panel = Panel::start(&desktop);
    let window = wait_for("a window on the screen", || {
        assert!(panel.process.is_running(), "the panel has ended: {}", panel.process.log());
        let mut search = desktop.command("xdotool");
        search.args(["search", "--onlyvisible", "--class", "."]);
        let found = String::from_utf8(search.output().unwrap().stdout).unwrap();
        found.lines().last().map(str::to_owned)
    });
    panel.wait("an empty page of apps", |tree| tree.says("Nothing is playing").then_some(()));
    desktop.picture(&window, "flatpak");
    panel.press("Protection");
    panel.wait_switch("Protection", false);
}

#[test]
fn the_switch_has_the_portal_start_the_service_with_the_session() {
    let sandbox = Sandbox::new();
    // Whoever has not been told what Headroom does is told that first.
    block(sandbox.control().set_introduced(true)).unwrap();
    let desktop = Desktop::over(sandbox.session);
    let portal = Portal::start(&desktop.session.bus_address());
    let panel = Panel::start(&desktop);
    panel.wait_switch(SWITCH, false);
    panel.turn_to(&desktop, "settings");
    panel.press(SWITCH);
    let request = wait_for("the portal to be asked", || portal.requests().pop());
    assert!(request.autostart && !request.reason.is_empty(), "{request:?}");
    panel.wait_switch(SWITCH, true);
    // What the desktop will start is there, and is the service.
    let [program, arguments @ ..] = request.command.as_slice() else { panic!("{request:?}") };
    let mut service = Sandbox::run(desktop.session.command("flatpak"), program);
    let service = desktop.session.spawn(service.args(arguments), "autostarted").unwrap();
    drop(panel);
    eventually("the service's name", || {
        let bus = block(zbus::fdo::DBusProxy::new(&desktop.connection)).unwrap();
        let name = headroom_api::names::BUS_NAME.try_into().unwrap();
        block(bus.name_has_owner(name)).unwrap()
    });
    drop(service);
}
