//! The command line against the mock service, on a private bus.

mod common;
#[allow(dead_code, reason = "other tests need more of it")]
mod mock;

use std::{
    io::Read as _,
    process::Stdio,
    time::{Duration, Instant},
};

use common::{headroom, json, stderr, stdout};
use rustix::process::Signal;

use mock::{
    DEADLINE, PrivateBus,
    running::{Running, wait},
    start_mock, worlds,
};

#[test]
fn without_a_bus_every_command_exits_with_3_and_says_what_to_do() {
    for arguments in [
        &["status"][..],
        &["app", "list"],
        &["app", "set", "mpv", "leave-alone"],
        &["app", "set", "mpv", "even-out", "--offset", "-3"],
        &["app", "show", "mpv"],
        &["app", "unset", "mpv"],
        &["bypass", "status"],
        &["explain", "7"],
        &["history"],
        &["get"],
        &["set", "limiter.ceiling_dbtp", "-1"],
        &["reset", "--all"],
        &["profile", "list"],
        &["profile", "use", "night"],
        &["profile", "reload"],
        &["level", "list"],
        &["monitor", "--json"],
    ] {
        let output = headroom(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr(&output).contains("headroom-service"), "{}", stderr(&output));
    }
}

#[test]
fn without_a_service_the_exit_code_is_3() {
    let bus = PrivateBus::start();
    let output = bus.run(&["status"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("not running"));
}

#[test]
fn a_service_that_cannot_be_started_is_not_reachable() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let output = bus.run(&["status"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn a_wedged_service_does_not_hang_the_command() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::wedged());
    let start = Instant::now();
    let output = bus.run(&["status"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("does not answer"), "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["app", "set", "mpv", "loud"][..],
        &["app", "set", "mpv"],
        &["bypass", "perhaps"],
        &["monitor", "--json", "everything"],
        &["monitor", "--json", "--hz", "1000"],
        &["set", "limiter.ceiling_dbtp"],
        &["set", "a", "b", "c"],
        &["reset"],
        &["reset", "--all", "leveller"],
        &["level", "on", "mpv"],
        &["completions", "tcsh"],
        &["render", "a", "b", "--set", "compressor.ratio"],
        &["nonsense"],
        &[],
    ] {
        assert_eq!(headroom(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn status_shows_every_stream_and_nothing_that_drives_a_terminal() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    let output = bus.run(&["status"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("running: processed streams are protected"), "{text}");
    assert!(text.contains("Speakers, 48000 Hz, 2 channels, quantum 1024, adds 1.44 ms"), "{text}");
    assert!(text.find("Firefox").unwrap() < text.find("Other").unwrap(), "sorted by id: {text}");
    let now = "7  Firefox      processed  turned down 21 dB by leveller  Evil";
    assert!(text.contains(now), "{text}");
    assert!(text.contains("9  Other        processed  unchanged "), "silent: {text}");
    assert!(text.contains("Evil\\u{1b}[2J 東京 song") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn status_as_json_has_the_whole_contract() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    let status = json(&bus.run(&["status", "--json"]));
    assert_eq!(status["state"], "running");
    assert_eq!(status["api-version"], 1);
    assert_eq!(status["bypass"], false);
    assert_eq!(status["streams"][0]["id"], 7);
    assert_eq!(status["streams"][0]["media"], "Evil\u{1b}[2J 東京 song");
    assert_eq!(status["output"]["latency-frames"], 69);
    assert_eq!(status["problems"], serde_json::json!([]));
    assert_eq!(status["changed-settings"], serde_json::json!([]));
    assert_eq!(status["treatments"], serde_json::json!({}));
    assert_eq!(status["streams"][0]["treatment"], "automatic");
    assert_eq!(status["streams"][0]["level"], true);
    assert_eq!(status["streams"][0]["doing"], "leveller");
    assert_eq!(status["streams"][0]["doing-db"], -21.35);
}

#[test]
fn word_that_is_nearly_right_gets_the_right_one() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    assert!(bus.run(&["app", "set", "Mozilla", "leave-alone"]).status.success());
    for (arguments, meant) in [
        (&["explain", "firfox"][..], "Did you mean 'Firefox'?"),
        (&["app", "unset", "mozila"], "Did you mean 'Mozilla'?"),
        (&["statu"], "similar subcommand exists: 'status'"),
    ] {
        let output = bus.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let told = stderr(&output);
        assert!(told.starts_with("headroom: ") && told.contains(meant), "{arguments:?}: {told}");
    }
    let output = bus.run(&["app", "set", "firefo", "leave-alone"]);
    assert!(stdout(&output).contains("What plays is called 'Firefox'"), "{}", stdout(&output));
}

#[test]
fn a_refusal_is_told_in_the_services_words() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    let output = bus.run(&["app", "set", "", "leave-alone"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "headroom: the application's name is empty\n");
}

#[test]
fn bypass_switches_and_says_what_it_is_then() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    for (action, shown) in [
        ("status", "off\n"),
        ("on", "on\n"),
        ("toggle", "off\n"),
        ("toggle", "on\n"),
        ("off", "off\n"),
    ] {
        let output = bus.run(&["bypass", action]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stdout(&output), shown, "{action}");
    }
}

#[test]
fn explain_takes_an_id_a_name_or_a_binary() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    for word in ["7", "firefox"] {
        let output = bus.run(&["explain", word]);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("your choice for 'firefox'"), "{text}");
        assert!(text.contains("application.name = Fire\\u{7}fox (by 'fire*')"), "{text}");
        assert!(text.contains("/state/state.toml:12\n"), "{text}");
        assert!(text.contains("on, -3.3 dB now: the profile asks for it"), "{text}");
    }
    let explained = json(&bus.run(&["explain", "7", "--json"]));
    assert_eq!(explained[0]["matched"]["application.name"], "Fire\u{7}fox");

    let output = bus.run(&["explain", "mpv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("what plays is: Firefox, Other"), "{}", stderr(&output));
    let output = bus.run(&["explain", "4711"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no stream has the id 4711"), "{}", stderr(&output));
}

#[test]
fn the_monitor_follows_streams_meters_and_a_restart() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::healthy());
    let monitor = Running::start(bus.headroom(&["monitor", "--json", "--hz", "50"]));
    assert_eq!(monitor.expect("service")["running"], true);
    assert_eq!(monitor.expect("streams")["streams"][0]["app"], "Firefox");
    assert_eq!(monitor.expect("state")["state"], "running");
    let meters = monitor.expect("meters");
    assert_eq!(meters["bus"]["true-peak-dbtp"], -0.53);
    service.change(|world| {
        world.streams.insert(11, worlds::stream("New"));
    });
    assert_eq!(monitor.expect("stream-added")["stream"]["app"], "New");
    service.change(|world| {
        world.streams.remove(&11);
    });
    assert_eq!(monitor.expect("stream-removed")["id"], 11);
    assert!(bus.run(&["bypass", "on"]).status.success());
    while monitor.expect("state")["state"] != "bypassed" {}
    drop(service);
    assert_eq!(monitor.expect("service")["running"], false);
    let _service = start_mock(&bus, worlds::healthy());
    assert_eq!(monitor.expect("service")["running"], true);
    monitor.expect("meters");
    monitor.signal(Signal::INT);
    assert_eq!(monitor.exit_code(), Some(0));
}

#[test]
fn the_monitor_says_only_what_was_asked_for() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    let monitor = Running::start(bus.headroom(&["monitor", "--json", "meters", "--hz", "60"]));
    for _ in 0..10 {
        let line: serde_json::Value =
            serde_json::from_str(&monitor.lines.recv_timeout(DEADLINE).unwrap()).unwrap();
        assert!(matches!(line["type"].as_str(), Some("service" | "meters")), "{line}");
    }
    monitor.signal(Signal::TERM);
    assert_eq!(monitor.exit_code(), Some(0));
}

#[test]
fn monitor_ends_when_its_reader_leaves_in_silence() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::healthy());
    let mut child =
        bus.headroom(&["monitor", "--json", "streams"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0];
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    assert_eq!(wait(&mut child), Some(0));
}

#[test]
fn the_monitor_ends_with_3_when_the_bus_goes_away() {
    let bus = PrivateBus::start();
    let service = start_mock(&bus, worlds::healthy());
    let monitor = Running::start(bus.headroom(&["monitor", "--json", "streams"]));
    monitor.expect("streams");
    drop(bus);
    assert_eq!(monitor.exit_code(), Some(3));
    drop(service);
}

/// What Bash offers for these words, one to a line.
fn bash_offers(bus: &PrivateBus, script: &std::path::Path, words: &str) -> Vec<String> {
    let complete = format!(
        ". {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _headroom_with_names {} \
         \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        env!("CARGO_BIN_EXE_headroom"),
    );
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", &complete])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .current_dir(bus.folder())
        .output()
        .expect("bash runs");
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_names_that_the_service_knows() {
    let bus = PrivateBus::start();
    let mut world = worlds::healthy();
    world.streams.insert(11, headroom_testkit::mock::Stream::of("$(touch evil) `x`", "A song"));
    let _mock = start_mock(&bus, world);
    let script = bus.file("headroom.bash");
    std::fs::write(&script, bus.run(&["completions", "bash"]).stdout).unwrap();
    let offers = |words: &str| bash_offers(&bus, &script, words);
    assert!(offers("headroom app set Fire").contains(&"Firefox".to_owned()));
    assert!(offers("headroom explain ''").contains(&"Other".to_owned()));
    assert_eq!(offers("headroom profile use ni"), ["night"]);
    let settings = offers("headroom set limiter.c");
    assert!(settings.contains(&"limiter.ceiling_dbtp".to_owned()), "{settings:?}");
    // A name is offered as a word, and nothing in it is run.
    let evil = offers("headroom app set '$'");
    assert!(evil.iter().any(|name| name.starts_with("\\$\\(touch")), "{evil:?}");
    assert!(!bus.folder().join("evil").exists());
}

#[test]
fn route_names_the_command_that_took_its_place() {
    let output = headroom(&["route", "set", "mpv", "bypass"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("headroom app set"), "{}", stderr(&output));
}
