//! `headroom monitor` as a person has it, in a terminal; and `--waybar`.

#[allow(dead_code, reason = "other tests use the rest of it")]
mod common;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod mock;
mod terminal;

use std::time::Instant;

use common::{json, stderr};
use mock::{DEADLINE, PrivateBus, running::Running, start_mock, worlds};
use rustix::process::Signal;
use terminal::Terminal;

#[test]
fn the_screen_shows_the_service_and_its_streams() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    assert!(bus.run(&["set", "limiter.ceiling_dbtp", "-0.5"]).status.success());
    let terminal = Terminal::monitor(&bus);
    for word in [
        "running: processed streams are protected",
        "profile default, 1 setting changed",
        "Speakers  48000 Hz, quantum 1024, adds 1.44 ms",
        "Problem: loud.toml, line 3: 'leveller.loud' is unknown.",
        "2.4 dBFS",
        "-0.5 dBTP",
        "max -0.5 of -0.5",
        "Changed most",
        "-21.4 dB",
        "Last catch",
        "-4.8 dB",
        "integrated -16.4 LUFS",
        "> Firefox",
        "-3.1",
        "-21.4",
        "Evil\\u{1b}",
        "? help  q quit",
    ] {
        terminal.expect(word);
    }
    service.change(|world| {
        world.streams.insert(11, worlds::stream("Latecomer"));
    });
    terminal.expect("Latecomer");
    service.change(|world| {
        world.streams.remove(&11);
    });
    terminal.expect_no("Latecomer");
    // For whoever runs the tests by hand and wants to look.
    println!("{}", terminal.text());
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn keys_steer_the_service_and_the_screen_follows_it() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    terminal.keys("r");
    terminal.expect("Enter stores it, Esc leaves it as it is");
    terminal.keys("jjj\r");
    terminal.expect("bypass  ");
    terminal.expect("the user has");
    let chosen = json(&bus.run(&["app", "show", "Firefox", "--json"]));
    assert_eq!(chosen["chosen"]["treatment"], "leave-alone");
    terminal.keys("u");
    terminal.expect_no("the user has");
    terminal.keys("u");
    terminal.expect("! nothing is chosen for 'Firefox'");
    terminal.keys("j");
    terminal.expect("> Other");
    terminal.keys(" ");
    terminal.expect("Other: Enter stores it");
    terminal.keys("\r");
    terminal.expect("! the choice could not be saved: the disk is full");
    terminal.keys("b");
    terminal.expect("BYPASSED: everything goes straight to the device");
    terminal.keys("b");
    terminal.expect("running: processed streams are protected");
    terminal.keys("p");
    terminal.expect("For late hours");
    terminal.keys("\u{1b}[B\r");
    terminal.expect("profile night");
    terminal.keys("ke");
    terminal.expect("application.name = Fire\\u{7}fox");
    terminal.keys("\u{1b}");
    terminal.expect_no("application.name");
    terminal.keys("x");
    terminal.expect("version stays in force.");
    terminal.keys("x?");
    terminal.expect("what the selected application gets");
    terminal.keys("?\u{3}");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn pasted_text_presses_no_keys() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    terminal.keys("\u{1b}[200~bqbqb\u{1b}[201~?");
    terminal.expect("what the selected application gets");
    assert!(terminal.text().contains("running: processed"), "{}", terminal.text());
    terminal.keys("qq");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn every_signal_that_ends_it_leaves_a_clean_terminal() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let terminal = Terminal::monitor(&bus);
        terminal.expect("> Firefox");
        terminal.wait_until("the alternate screen", |screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()
        });
        terminal.signal(signal);
        assert_eq!(terminal.end(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_bus_that_goes_away_ends_it_with_3_and_a_clean_terminal() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    drop(bus);
    terminal.expect("headroom: ");
    assert_eq!(terminal.end(), Some(3));
    drop(service);
}

#[test]
fn monitor_says_that_a_service_leaves_and_follows_it_back() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("-4.8 dB");
    drop(service);
    terminal.expect("OFFLINE");
    terminal.expect_no("Firefox");
    terminal.keys("b");
    terminal.expect("! The service is not there");
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    terminal.expect("> Firefox");
    terminal.expect("-4.8 dB");
    assert_eq!(service.seen().subscriptions, 1, "it subscribed anew");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_subscriber_answers_a_ping() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("-4.8 dB");
    let lines = Running::start(bus.headroom(&["monitor", "--json", "meters"]));
    let meters = lines.expect("meters");
    assert_eq!(meters["streams"][0]["id"], 7);
    assert_eq!(meters["streams"][0]["gauges"]["level-db"], -3.25);
    service.wait_for("a ping's answer from both", |seen| seen.answered_pings.len() >= 2);
    lines.signal(Signal::INT);
    assert_eq!(lines.exit_code(), Some(0));
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn it_fits_every_size_of_the_terminal() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    terminal.resize(10, 40);
    terminal.expect_no("integrated");
    terminal.expect("> Firefox");
    terminal.resize(1, 1);
    terminal.resize(60, 200);
    terminal.expect("> Firefox");
    terminal.expect("RMS");
    terminal.resize(24, 80);
    terminal.expect("? help  q quit");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn as_a_job_it_stops_with_a_clean_terminal_and_goes_on() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    let script =
        r#"set -m; "$0" monitor; echo "stopped $?"; read x; fg >/dev/null; echo "ended $?""#;
    let terminal = Terminal::start(&bus, "sh", &["-c", script, env!("CARGO_BIN_EXE_headroom")]);
    terminal.expect("> Firefox");
    terminal.keys("\u{1a}");
    terminal.expect("stopped 147");
    terminal.assert_clean();
    let subscriptions = service.seen().subscriptions;
    terminal.keys("\n");
    terminal.wait_until("the screen again", |screen| {
        screen.alternate_screen() && screen.contents().contains("> Firefox")
    });
    terminal.expect("-4.8 dB");
    // What was on the screen before is there at once, and proves nothing.
    terminal.wait_until("a new subscription", |_| service.seen().subscriptions > subscriptions);
    assert_eq!(service.seen().subscriptions, subscriptions + 1);
    terminal.keys("q");
    terminal.expect("ended 0");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn where_nobody_could_wake_it_it_does_not_stop() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    terminal.keys("\u{1a}?");
    terminal.expect("what the selected application gets");
    terminal.keys("qq");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn without_a_terminal_it_is_wrong_usage_and_the_way_out_is_told() {
    let bus = PrivateBus::start();
    let output = bus.run(&["monitor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--json"), "{}", stderr(&output));
}

#[test]
fn a_bar_gets_a_line_at_every_change_and_offline_is_one() {
    let bus = PrivateBus::start();
    let bar = Running::start(bus.headroom(&["monitor", "--waybar"]));
    let expect = |class: &str| {
        let end = Instant::now() + DEADLINE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = bar.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no {class}"));
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            for key in ["text", "tooltip", "class"] {
                assert!(line[key].as_str().is_some_and(|text| !text.is_empty()), "{line}");
            }
            assert!(line["percentage"].as_u64().unwrap() <= 100);
            if line["class"] == class {
                return line;
            }
        }
    };
    expect("offline");
    let service = start_mock(&bus, worlds::healthy());
    let line = expect("running");
    assert_eq!(line["text"], "default");
    assert!(line["tooltip"].as_str().unwrap().contains("Firefox: processed"));
    assert!(bus.run(&["bypass", "on"]).status.success());
    expect("bypassed");
    drop(service);
    expect("offline");
    let _service = start_mock(&bus, worlds::with_a_broken_profile());
    expect("alert");
    bar.signal(Signal::TERM);
    assert_eq!(bar.exit_code(), Some(0));
}

#[test]
fn a_wedged_service_is_told_and_does_not_end_the_screen() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::wedged());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("TROUBLE: The service does not answer");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::with_a_broken_profile());
    let terminal = Terminal::monitor(&bus);
    terminal.expect("> Firefox");
    terminal.expect("-4.8 dB");
    let readings = |more: usize| {
        let wanted = service.seen().readings + more;
        service.wait_for("a reading", |seen| seen.readings >= wanted);
    };
    // What came before the first of them is drawn by then.
    readings(10);
    let written = terminal.bytes();
    readings(20);
    assert_eq!(terminal.bytes(), written, "equal readings draw nothing");
    terminal.keys("?");
    terminal.wait_until("something", |_| terminal.bytes() > written);
    terminal.keys("qq");
    assert_eq!(terminal.end(), Some(0));
}
