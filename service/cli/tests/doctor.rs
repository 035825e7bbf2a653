//! `headroom doctor`, with the mock service and mock tools.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;
#[allow(dead_code, reason = "other tests need more of it")]
mod mock;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use common::{headroom, json, stdout};
use mock::{PrivateBus, start_mock, worlds};
use serde_json::Value;

/// Makes programs that stand before the system's own, and returns the search path for them.
fn tools(bus: &PrivateBus, scripts: &[(&str, &str)]) -> String {
    let folder = bus.file("tools");
    fs::create_dir_all(&folder).unwrap();
    for (name, script) in scripts {
        let file = folder.join(name);
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    format!("{}:/usr/bin:/bin", folder.display())
}

/// Returns a script that prints a text.
fn printing(text: &str) -> String {
    format!("#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
}

/// Runs the doctor with these tools in place of the system's.
fn examine(bus: &PrivateBus, scripts: &[(&str, &str)]) -> Value {
    // Every tool that the doctor knows is there, so that none of the system's own is asked.
    let fails = "#!/bin/sh\nexit 1\n";
    let known =
        ["systemctl", "journalctl", "pw-dump", "pw-metadata", "pw-cli", "pipewire", "wireplumber"];
    let mut all: Vec<_> = known.iter().map(|name| (*name, fails)).collect();
    all.extend(scripts);
    let path = tools(bus, &all);
    let output = bus.headroom(&["doctor", "--json"]).env("PATH", path).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns a check of a report by its name.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("{name}: {report:#}"))
}

#[test]
fn a_healthy_service_passes_the_doctor() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let _service = start_mock(&bus, worlds::healthy());
    let report = json(&bus.run(&["doctor", "--json"]));
    assert_eq!(report["healthy"], true);
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["severity"] == "ok"), "{report:#}");
    for name in [
        "bus",
        "service",
        "version",
        "activation",
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
        "state-directory",
        "state-files",
    ] {
        assert!(checks.iter().any(|check| check["name"] == name), "{name} is missing");
    }
}

#[test]
fn an_ill_service_is_diagnosed_with_something_to_do() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::ill());
    let output = bus.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let severity = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap()["severity"].clone()
    };
    for name in ["service", "problem", "profiles", "wireplumber", "output", "realtime", "cycles"] {
        assert_eq!(severity(name), "bad", "{name}");
    }
    for name in ["rate", "limiter"] {
        assert_eq!(severity(name), "note", "{name}");
    }
    for check in report["checks"].as_array().unwrap() {
        assert!(check["severity"] == "ok" || check["advice"] != "", "{check}");
    }
}

#[test]
fn the_doctor_does_not_start_the_service() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let report = json(&bus.run(&["doctor", "--json"]));
    assert_eq!(report["healthy"], true);
    assert_eq!(report["checks"][1]["severity"], "note", "{report:#}");
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
    let listing = "#!/bin/sh\ncat <<'END'\n\
        update: id:0 key:'default.audio.sink' value:'{\"name\":\"headroom\"}' type:'Spa:String:JSON'\n\
        update: id:87 key:'target.object' value:'headroom.app.x' type:'Spa:String'\nEND\n";
    let path = tools(&bus, &[("pw-metadata", listing), ("wireplumber", "#!/bin/sh\nsleep 100\n")]);
    let start = Instant::now();
    let output = bus.headroom(&["doctor", "--json"]).env("PATH", path).output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "a tool that hangs is ended");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(check(&report, "default-sink")["severity"], "bad");
    assert_eq!(check(&report, "leftovers")["severity"], "note");
    assert!(check(&report, "leftovers")["found"].as_str().unwrap().contains("node 87"));
}

#[test]
fn a_wedged_service_is_told_by_the_doctor_too() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, worlds::wedged());
    let output = bus.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("does not answer"), "{}", stdout(&output));
}

#[test]
fn a_unit_that_failed_is_told_with_the_way_out() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let show = printing(
        "Id=headroom.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n\
         UnitFileState=enabled\nResult=start-limit-hit\nNRestarts=5\nNeedDaemonReload=no\n\n\
         Id=headroom-watchdog.timer\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled",
    );
    let report = examine(&bus, &[("systemctl", &show)]);
    assert_eq!(report["healthy"], false);
    let unit = check(&report, "unit");
    assert_eq!(unit["severity"], "bad");
    assert!(unit["advice"].as_str().unwrap().contains("reset-failed headroom.service"), "{unit}");
    assert_eq!(check(&report, "watchdog-timer")["severity"], "note");
}

#[test]
fn a_systemd_that_hangs_is_told_and_holds_nobody_up() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let start = Instant::now();
    let report = examine(&bus, &[("systemctl", "#!/bin/sh\nsleep 100\n")]);
    assert_eq!(check(&report, "unit")["severity"], "bad");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn activation_files_are_judged_by_what_they_start() {
    let bus = PrivateBus::start_knowing("/nonexistent/headroom-service");
    let report = examine(&bus, &[]);
    assert_eq!(check(&report, "activation")["severity"], "bad", "{report:#}");

    let bus = PrivateBus::start_knowing("/bin/false");
    let second = bus.file("shared/dbus-1/services");
    fs::create_dir_all(&second).unwrap();
    let text = "[D-BUS Service]\nName=com.example.Headroom\nExec=/bin/false\n";
    fs::write(second.join("com.example.Headroom.service"), text).unwrap();
    let report = examine(&bus, &[]);
    assert_eq!(check(&report, "activation")["severity"], "ok", "{report:#}");
    assert_eq!(check(&report, "activation-twice")["severity"], "note");

    // One in a folder that this bus does not look into.
    let bus = PrivateBus::start();
    let own = bus.file("shared/dbus-1/services");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("com.example.Headroom.service"), text).unwrap();
    let report = examine(&bus, &[]);
    let activation = check(&report, "activation");
    assert_eq!(activation["severity"], "bad", "{activation}");
    assert!(activation["advice"].as_str().unwrap().contains("ReloadConfig"), "{activation}");
}

#[test]
fn damaged_and_foreign_files_are_told() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let state = bus.file("state/headroom");
    fs::create_dir_all(&state).unwrap();
    let file = state.join("state.toml");
    fs::write(&file, "profile = \n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let report = examine(&bus, &[]);
    assert_eq!(check(&report, "state-files")["severity"], "bad");
    assert_eq!(check(&report, "state-mode")["severity"], "note");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(check(&examine(&bus, &[]), "state-directory")["severity"], "bad");
}

#[test]
fn a_filter_that_is_not_in_the_graph_is_told() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let service = start_mock(&bus, worlds::healthy());
    let report = examine(&bus, &[("pw-dump", &printing("[]"))]);
    assert_eq!(check(&report, "filter")["severity"], "bad");
    let pair = r#"[{"id": 1, "type": "PipeWire:Interface:Node",
        "info": {"props": {"node.name": "headroom", "filter.smart": true}}},
        {"id": 2, "type": "PipeWire:Interface:Node",
        "info": {"props": {"node.name": "headroom.output", "filter.smart": true}}}]"#;
    let report = examine(&bus, &[("pw-dump", &printing(pair))]);
    assert_eq!(check(&report, "filter")["severity"], "ok");
    drop(service);
    let report = examine(&bus, &[("pw-dump", &printing(pair))]);
    assert_eq!(check(&report, "orphans")["severity"], "bad");
}

#[test]
fn a_report_can_be_pasted_and_names_nobody() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let _service = start_mock(&bus, worlds::ill());
    let home = bus.file("home of otto");
    let dump = r#"[{"id": 1, "type": "PipeWire:Interface:Node", "info": {"props":
        {"node.name": "bluez_output.00_1A_7D_DA_71_13.1", "node.description": "Otto's headphones",
         "media.class": "Audio/Sink"}}}]"#;
    let journal = "{\"__REALTIME_TIMESTAMP\":\"7\",\"MESSAGE\":\"otto plays 'Evil song' to Otto's headphones at 10.1.2.3\"}\n\
                   {\"__REALTIME_TIMESTAMP\":\"8\",\"MESSAGE\":\"Started headroom.service\"}";
    let (dump, journal) = (printing(dump), printing(journal));
    let path = tools(&bus, &[("pw-dump", &dump), ("journalctl", &journal)]);
    let output = bus
        .headroom(&["doctor", "--report"])
        .env("PATH", path)
        .env("USER", "otto")
        .env("HOME", &home)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "a report is made, whatever is in it");
    let report = stdout(&output);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let folder = bus.folder().display().to_string();
    for secret in
        ["otto", "headphones", "東京", "Evil", "10.1.2.3", "00_1A", &folder, "/config/loud"]
    {
        assert!(!report.to_lowercase().contains(&secret.to_lowercase()), "{secret}: {report}");
    }
    assert!(!report.contains(&format!(" {} ", host.trim())), "{report}");
    for wanted in [
        "# Headroom report",
        "app: Firefox; binary: fox-bin; media: <title-1>; role: Music; route: processed; chain: app",
        "session-manager-too-old",
        "'leveller.loud' is unknown",
        "Started headroom.service",
        "late-cycles: 500",
    ] {
        assert!(report.contains(wanted), "'{wanted}' is missing: {report}");
    }
    assert_eq!(bus.run(&["doctor", "--report", "--json"]).status.code(), Some(2));
}

#[test]
fn a_deployment_that_lost_a_file_is_told() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let deployments = bus.file("state/headroom/deployments");
    fs::create_dir_all(&deployments).unwrap();
    let file = bus.file("installed");
    let record = format!(
        "version = 1\nheadroom = \"{}\"\npreset = \"on-demand\"\nscope = \"user\"\nname = \"default\"\n\
         progress = \"applied\"\nfolders = []\n\n[[files]]\npath = \"{}\"\npart = \"preset\"\n\
         after = {{ is = \"link\", to = \"/bin/false\" }}\nbefore = {{ is = \"nothing\" }}\n",
        env!("CARGO_PKG_VERSION"),
        file.display()
    );
    fs::write(deployments.join("default.toml"), &record).unwrap();
    let report = examine(&bus, &[]);
    let deployment = check(&report, "deployment");
    assert_eq!(deployment["severity"], "bad", "{deployment}");
    assert!(
        deployment["found"].as_str().unwrap().contains("installed' is missing"),
        "{deployment}"
    );

    std::os::unix::fs::symlink("/bin/false", &file).unwrap();
    let report = examine(&bus, &[]);
    assert_eq!(check(&report, "deployment")["severity"], "ok", "{report:#}");

    fs::write(deployments.join("default.toml"), "version = 1\n").unwrap();
    let report = examine(&bus, &[]);
    assert_eq!(check(&report, "deployment")["severity"], "bad", "{report:#}");
}

#[test]
fn every_advice_to_start_anew_names_a_command_that_would() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let ill = start_mock(&bus, worlds::ill());
    let report = examine(&bus, &[("pw-dump", &printing("[]"))]);
    assert!(!report.to_string().contains("{restart}"), "{report:#}");
    drop(ill);
    let show = printing(
        "Id=headroom.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled",
    );
    let _wedged = start_mock(&bus, worlds::wedged());
    let report = examine(&bus, &[("systemctl", &show)]);
    let advice = check(&report, "service")["advice"].as_str().unwrap().to_owned();
    assert!(advice.contains("systemctl --user restart headroom.service"), "{advice}");
    assert!(!report.to_string().contains("{restart}"), "{report:#}");
}
