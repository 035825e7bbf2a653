//! The command line against a service that only pretends, on a private bus.

mod common;
#[allow(dead_code, reason = "other tests need more of it")]
mod pretended;

use std::{
    io::Read as _,
    process::Stdio,
    time::{Duration, Instant},
};

use common::{headroom, json, stderr, stdout};
use rustix::process::Signal;

use pretended::{
    DEADLINE, FakeService, Manner, PrivateBus,
    running::{Running, wait},
};

#[test]
fn without_a_bus_every_command_exits_with_3_and_says_what_to_do() {
    for arguments in [
        &["status"][..],
        &["route", "list"],
        &["route", "set", "mpv", "bypass"],
        &["bypass", "status"],
        &["explain", "7"],
        &["get"],
        &["set", "limiter.ceiling_dbtp", "-1"],
        &["reset", "--all"],
        &["profile", "list"],
        &["profile", "use", "night"],
        &["profile", "reload"],
        &["level", "list"],
        &["level", "on", "mpv"],
        &["level", "reset", "7"],
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
    let bus = PrivateBus::start_knowing(Some("/bin/false"));
    let output = bus.run(&["status"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn a_wedged_service_does_not_hang_the_command() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Wedged);
    let start = Instant::now();
    let output = bus.run(&["status"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("does not answer"), "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());

    let output = bus.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("does not answer"), "{}", stdout(&output));
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["route", "set", "mpv", "loud"][..],
        &["bypass", "perhaps"],
        &["monitor", "--json", "everything"],
        &["monitor", "--json", "--hz", "1000"],
        &["set", "limiter.ceiling_dbtp"],
        &["set", "a", "b", "c"],
        &["reset"],
        &["reset", "--all", "agc"],
        &["level", "perhaps", "mpv"],
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
    let _service = FakeService::start(&bus, Manner::Healthy);
    let output = bus.run(&["status"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("running: processed streams are protected"), "{text}");
    assert!(text.contains("Speakers, 48000 Hz, 2 channels, quantum 1024, adds 1.44 ms"), "{text}");
    assert!(text.find("Firefox").unwrap() < text.find("Other").unwrap(), "sorted by id: {text}");
    assert!(text.contains("7  Firefox      processed  -3.3 dB  2 ch"), "{text}");
    assert!(text.contains("9  Other        processed  -        2 ch"), "{text}");
    assert!(text.contains("Evil\\u{1b}[2J 東京 song") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn status_as_json_has_the_whole_contract() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
    let status = json(&bus.run(&["status", "--json"]));
    assert_eq!(status["state"], "running");
    assert_eq!(status["api-version"], 1);
    assert_eq!(status["bypass"], false);
    assert_eq!(status["streams"][0]["id"], 7);
    assert_eq!(status["streams"][0]["media"], "Evil\u{1b}[2J 東京 song");
    assert_eq!(status["output"]["latency-frames"], 69);
    assert_eq!(status["problems"], serde_json::json!([]));
    assert_eq!(status["changed-settings"], serde_json::json!([]));
    assert_eq!(status["level-control"], serde_json::json!({}));
    assert_eq!(status["streams"][0]["level"], true);
}

#[test]
fn a_route_is_set_listed_and_unset() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
    assert!(stdout(&bus.run(&["route", "list"])).contains("No routes"));
    assert!(bus.run(&["route", "set", "-odd name", "bypass"]).status.success());
    assert_eq!(json(&bus.run(&["route", "list", "--json"]))["routes"]["-odd name"], "bypass");
    assert!(stdout(&bus.run(&["route", "list"])).contains("-odd name    bypass"));
    assert!(bus.run(&["route", "unset", "-odd name"]).status.success());
    let output = bus.run(&["route", "unset", "-odd name"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no route is set for '-odd name'"), "{}", stderr(&output));
}

#[test]
fn a_refusal_is_told_in_the_services_words() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
    let output = bus.run(&["route", "set", "", "bypass"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "headroom: the application's name is empty\n");
}

#[test]
fn bypass_switches_and_says_what_it_is_then() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
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
    let _service = FakeService::start(&bus, Manner::Healthy);
    for word in ["7", "firefox"] {
        let output = bus.run(&["explain", word]);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("your route for 'firefox'"), "{text}");
        assert!(text.contains("application.name = Fire\\u{7}fox (by 'fire*')"), "{text}");
        assert!(text.contains("/state/routes.toml:12\n"), "{text}");
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
fn a_healthy_service_passes_the_doctor() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
    let report = json(&bus.run(&["doctor", "--json"]));
    assert_eq!(report["healthy"], true);
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["level"] == "ok"), "{report:#}");
    for name in [
        "bus",
        "service",
        "pipewire",
        "wireplumber",
        "output",
        "latency",
        "rate",
        "realtime",
        "cycles",
        "limiter",
        "profiles",
        "settings",
        "profile-files",
        "state-files",
    ] {
        assert!(checks.iter().any(|check| check["name"] == name), "{name} is missing");
    }
}

#[test]
fn an_ill_service_is_diagnosed_with_something_to_do() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Ill);
    let output = bus.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let level = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap()["level"].clone()
    };
    for name in ["service", "problem", "profiles", "wireplumber", "output", "realtime", "cycles"] {
        assert_eq!(level(name), "bad", "{name}");
    }
    for name in ["rate", "limiter"] {
        assert_eq!(level(name), "note", "{name}");
    }
    for check in report["checks"].as_array().unwrap() {
        assert!(check["level"] == "ok" || check["advice"] != "", "{check}");
    }
}

#[test]
fn the_doctor_does_not_start_the_service() {
    let bus = PrivateBus::start_knowing(Some("/bin/false"));
    let report = json(&bus.run(&["doctor", "--json"]));
    assert_eq!(report["healthy"], true);
    assert_eq!(report["checks"][1]["level"], "note", "{report:#}");
    assert!(report["checks"][1]["found"].as_str().unwrap().contains("not running"), "{report:#}");
}

#[test]
fn the_doctor_without_a_bus_is_bad_and_does_not_fail() {
    let output = headroom(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("session bus cannot be reached"), "{}", stdout(&output));
}

#[test]
fn the_doctor_finds_what_a_dead_service_left_behind() {
    let bus = PrivateBus::start();
    let tools = bus.folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let listing = "#!/bin/sh\ncat <<'END'\n\
        update: id:0 key:'default.audio.sink' value:'{\"name\":\"headroom\"}' type:'Spa:String:JSON'\n\
        update: id:87 key:'target.object' value:'headroom.app.x' type:'Spa:String'\nEND\n";
    for (name, script) in [("pw-metadata", listing), ("wireplumber", "#!/bin/sh\nsleep 100\n")] {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tools.join(name);
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let start = Instant::now();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let output = bus.headroom(&["doctor", "--json"]).env("PATH", path).output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "a tool that hangs is ended");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let find = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(find("default-sink")["level"], "bad");
    assert_eq!(find("leftovers")["level"], "note");
    assert!(find("leftovers")["found"].as_str().unwrap().contains("node 87"));
}

#[test]
fn the_monitor_follows_streams_meters_and_a_restart() {
    let bus = PrivateBus::start();
    let service = FakeService::start(&bus, Manner::Healthy);
    let monitor = Running::start(bus.headroom(&["monitor", "--json", "--hz", "50"]));
    assert_eq!(monitor.expect("service")["running"], true);
    assert_eq!(monitor.expect("streams")["streams"][0]["app"], "Firefox");
    assert_eq!(monitor.expect("state")["state"], "running");
    let meters = monitor.expect("meters");
    assert_eq!(meters["bus"]["true-peak-dbtp"], -0.53);
    service.add_stream(11, "New");
    assert_eq!(monitor.expect("stream-added")["stream"]["app"], "New");
    service.remove_stream(11);
    assert_eq!(monitor.expect("stream-removed")["id"], 11);
    assert!(bus.run(&["bypass", "on"]).status.success());
    while monitor.expect("state")["state"] != "bypassed" {}
    drop(service);
    assert_eq!(monitor.expect("service")["running"], false);
    let _service = FakeService::start(&bus, Manner::Healthy);
    assert_eq!(monitor.expect("service")["running"], true);
    monitor.expect("meters");
    monitor.signal(Signal::INT);
    assert_eq!(monitor.exit_code(), Some(0));
}

#[test]
fn the_monitor_says_only_what_was_asked_for() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
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
fn a_reader_who_leaves_ends_the_monitor_even_when_nothing_happens() {
    let bus = PrivateBus::start();
    let _service = FakeService::start(&bus, Manner::Healthy);
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
    let service = FakeService::start(&bus, Manner::Healthy);
    let monitor = Running::start(bus.headroom(&["monitor", "--json", "streams"]));
    monitor.expect("streams");
    drop(bus);
    assert_eq!(monitor.exit_code(), Some(3));
    drop(service);
}
