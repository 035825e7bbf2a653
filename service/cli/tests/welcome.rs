//! What a person is told at first, where they are pointed at it, and safe mode with its way back.

#[allow(dead_code, reason = "other tests use the rest of it")]
mod common;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod mock;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod terminal;

use common::{headroom, json, stderr, stdout};
use mock::{DEADLINE, PrivateBus, running::Running, start_mock, worlds};
use rustix::process::Signal;
use terminal::Terminal;

const HINT: &str = "headroom welcome";

fn status_on_a_terminal(bus: &PrivateBus) -> Terminal {
    Terminal::start(bus, env!("CARGO_BIN_EXE_headroom"), &["status"])
}

#[test]
fn the_introduction_says_what_is_done_and_how_it_is_taken_back() {
    let bus = PrivateBus::start();
    let output = bus.headroom(&["welcome"]).env("HOME", bus.folder()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fact in [
        "one filter before your device",
        "Your default device and your volumes Neither is changed",
        "folders of its own and nowhere else: ~/state/headroom",
        "read from ~/config/headroom and never changed",
        "apps play straight to your device at once",
        "headroom bypass on",
        "headroom install remove",
        "flatpak uninstall --delete-data com.example.Headroom",
        "Installed as a package",
    ] {
        assert!(words.contains(fact), "no '{fact}' in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn introduction_needs_no_service_and_starts_none() {
    let output = headroom(&["welcome"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("started");
    let bus = PrivateBus::start_knowing(&format!("/bin/touch {}", flag.display()));
    assert!(bus.run(&["welcome"]).status.success());
    assert!(!flag.exists(), "reading started the service");
    // The bus could have started it.
    assert_eq!(bus.run(&["status"]).status.code(), Some(3));
    assert!(flag.exists());
}

#[test]
fn terminal_points_to_the_introduction_until_it_is_read() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::new());
    let terminal = status_on_a_terminal(&bus);
    terminal.expect(HINT);
    assert_eq!(terminal.end(), Some(0));
    // Not where a program may read.
    assert!(!stdout(&bus.run(&["status"])).contains(HINT));
    assert!(!json(&bus.run(&["status", "--json"])).to_string().contains(HINT));

    let words = stdout(&bus.run(&["welcome"]));
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("headroom install remove"),
        "the way out is that of the way in: {words}"
    );
    assert!(!words.contains("flatpak"), "{words}");
    let terminal = status_on_a_terminal(&bus);
    terminal.expect("Firefox");
    terminal.expect("MEDIA");
    let shown = terminal.text();
    assert_eq!(terminal.end(), Some(0));
    assert!(!shown.contains(HINT), "{shown}");
}

#[test]
fn safe_mode_is_told_with_the_way_back_wherever_one_looks() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::in_safe_mode());
    let text = stdout(&bus.run(&["status"]));
    assert!(text.contains("safe-mode: bypassed after repeated failures"), "{text}");
    assert!(text.contains("headroom bypass off"), "{text}");
    assert!(text.contains("Problem: Headroom has taken itself out of the way"), "{text}");
    assert_eq!(json(&bus.run(&["status", "--json"]))["state"], "safe-mode");

    let bar = Running::start(bus.headroom(&["monitor", "--waybar"]));
    let wait_class = |class: &str| loop {
        let line = bar.lines.recv_timeout(DEADLINE).expect("a line for the bar");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["class"] == class {
            return line;
        }
    };
    let line = wait_class("safe-mode");
    assert_eq!((&line["text"], &line["percentage"]), (&"safe mode".into(), &0.into()));
    assert!(line["tooltip"].as_str().unwrap().contains("ended unexpectedly"), "{line}");

    let terminal = Terminal::monitor(&bus);
    terminal.expect("SAFE MODE");
    terminal.expect("b: protect again");
    terminal.expect("Problem: Headroom has taken itself out");
    terminal.keys("b");
    terminal.expect("running: processed streams are protected");
    terminal.expect_no("SAFE MODE");
    wait_class("running");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
    bar.signal(Signal::TERM);
    assert_eq!(bar.exit_code(), Some(0));
}

#[test]
fn status_that_is_watched_follows_and_ends_with_ctrl_c() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::healthy());
    let arguments = ["status", "--watch"];
    let terminal = Terminal::start(&bus, env!("CARGO_BIN_EXE_headroom"), &arguments);
    terminal.expect("Firefox");
    service.change(|world| world.bypass_for(600));
    terminal.expect("min more");
    terminal.expect_no("processed streams are protected");
    terminal.keys("\u{3}");
    assert_eq!(terminal.end(), Some(0));
}
