//! Keyboard, screen reader, and what the window does when it cannot be seen.

use headroom_testkit::mock::Service;

use crate::{
    bus::{eventually, wait_for},
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{self, Panel},
    tree::{Node, Role, State},
};

fn with_streams(count: u64) -> (Desktop, Service) {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::with_streams(count));
    (desktop, fake)
}

/// What a screen reader would call by the name of its kind, or by no name at all.
fn nameless(node: &Node, path: &str, found: &mut Vec<String>) {
    let path = format!("{path}/{}", node.name);
    let is_kind = ["Gtk", "Adw", "Headroom"].iter().any(|prefix| {
        node.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(char::is_uppercase))
    });
    if Role::INTERACTIVE.contains(&node.role) && (node.name.trim().is_empty() || is_kind) {
        found.push(format!("{:?} {:?} at {path}", node.role, node.name));
    }
    for child in &node.children {
        nameless(child, &path, found);
    }
}

#[test]
fn every_control_has_a_name_for_a_screen_reader() {
    let (desktop, _fake) = with_streams(8);
    let panel = Panel::start(&desktop);
    panel.wait_says("Explosions");
    panel.open_all("Options for ");
    let mut found = Vec::new();
    for page in ["apps", "protection", "history", "settings", "diagnostics"] {
        panel.turn_to(page);
        nameless(&panel.tree(), page, &mut found);
    }
    panel.activate("introduction", "[]");
    panel.find(Role::PUSH_BUTTON, "Back");
    nameless(&panel.tree(), "introduction", &mut found);
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "without a name:\n{}", found.join("\n"));
}

#[test]
fn the_keyboard_reaches_everything_important() {
    let (desktop, fake) = with_streams(2);
    let panel = Panel::start(&desktop);
    panel.wait_switch("Protection", true);
    panel.key("ctrl+b");
    panel.wait_switch("Protection", false);
    assert_eq!(fake.seen().asked, ["Bypass true"]);
    panel.key("ctrl+b");
    panel.wait_switch("Protection", true);
    for (key, page) in [
        ("ctrl+2", "protection"),
        ("alt+3", "history"),
        ("ctrl+4", "diagnostics"),
        ("ctrl+comma", "settings"),
        ("ctrl+1", "apps"),
    ] {
        panel.key(key);
        panel.wait_page(page);
    }
    // Tab goes round, and every stop is something with a name.
    let mut stops = Vec::new();
    for _ in 0..40 {
        panel.key("Tab");
        let tree = panel.tree();
        let focus = tree.all().into_iter().rfind(|node| node.is(State::Focused)).cloned();
        let Some(focus) = focus else { continue };
        if stops.first() == Some(&focus.name) {
            break;
        }
        if stops.last() != Some(&focus.name) {
            stops.push(focus.name);
        }
    }
    for wanted in ["Protection", "Options for Firefox", "Options for Discord", "Main Menu"] {
        assert!(
            stops.iter().any(|stop| stop == wanted),
            "Tab does not reach '{wanted}': {stops:?}"
        );
    }
    panel.key("F1");
    panel.wait_seen("Turn protection on or off");
    panel.picture("shortcuts");
    panel.key("Escape");
    // Keys go to the window that is in front.
    panel.wait_unseen("Turn protection on or off");
    panel.key("ctrl+q");
    eventually("the end of the panel", || !panel.process.is_running());
}

#[test]
fn hidden_window_reads_no_gauges_until_a_second_start() {
    let (desktop, fake) = with_streams(3);
    let manager = desktop.session.spawn(&desktop.command("openbox"), "openbox").unwrap();
    eventually("the window manager", || {
        let mut probe = desktop.command("xdotool");
        probe.arg("get_num_desktops").output().unwrap().status.success()
    });
    let panel = Panel::start(&desktop);
    let window = panel.window();
    let is_subscribed = || !fake.seen().subscribers.is_empty();
    eventually("a subscription", is_subscribed);
    assert_eq!(fake.seen().subscribers.values().collect::<Vec<_>>(), [&20.0]);

    desktop.run("xdotool", &["windowminimize", &window]);
    eventually("no subscription of a minimised window", || !is_subscribed());
    desktop.run("xdotool", &["windowactivate", &window]);
    eventually("a subscription again", is_subscribed);

    desktop.run("xdotool", &["windowminimize", &window]);
    eventually("no subscription of a minimised window", || !is_subscribed());
    let second = desktop.session.spawn(&panel::command(&desktop), "second").unwrap();
    let status = wait_for("the end of the second start", || {
        (!second.is_running()).then(|| second.wait(std::time::Duration::from_secs(1)).unwrap())
    });
    assert!(status.success(), "{status}: {}", second.log());
    eventually("a subscription of the raised window", is_subscribed);
    assert_eq!(panel.window(), window, "another window was opened");
    drop(manager);
}
