//! The unit's sandbox: each line alone, and all of them, leave sound, files and priority as they are.

use std::fs;

use headroom_api::dict_bool;
use headroom_testkit::{
    login::{HomeState, Login},
    session::wait_for,
};

use crate::rig::*;

const UNIT_FILE: &str = ".config/systemd/user/headroom.service";
/// Keys in [Service] that are no part of the sandbox.
const RUNNING: [&str; 16] = [
    "Type",
    "BusName",
    "ExecStart",
    "ExecStartPre",
    "Slice",
    "TimeoutStartSec",
    "TimeoutStopSec",
    "Restart",
    "RestartSec",
    "NotifyAccess",
    "WatchdogSec",
    "WatchdogSignal",
    "RuntimeDirectory",
    "RuntimeDirectoryMode",
    "RuntimeDirectoryPreserve",
    "Environment",
];
/// What newer managers add by themselves; without it, 252 ignores what changes the view of files.
const NAMESPACE: &str = "PrivateUsers=yes";
/// Lines that mean something only with another one.
const COMPANIONS: [(&str, &str); 3] = [
    ("SystemCallFilter=~", "SystemCallFilter=@system-service"),
    ("ProtectHome", "ReadWritePaths=-%h/.local/state/headroom"),
    ("ReadWritePaths", "ProtectHome=read-only"),
];

/// Returns the unit without its sandbox, and the lines of the sandbox.
fn taken_apart(unit: &str) -> (String, Vec<String>) {
    let (mut bare, mut sandbox) = (String::new(), Vec::new());
    let mut section = "";
    for line in unit.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        }
        let key = line.split_once('=').map_or("", |(key, _)| key);
        if section != "[Service]" || key.is_empty() || RUNNING.contains(&key) {
            bare += line;
            bare.push('\n');
        } else {
            sandbox.push(line.to_owned());
        }
    }
    (bare, sandbox)
}

/// Plays, chooses, and looks at what came of it.
fn check(rig: &Rig, what: &str) {
    rig.start();
    let peak_dbtp = assert_held(&rig.pass_hostile().recording, what);
    // The choice is written, the profile in the home is read, and its change is noticed.
    let control = rig.control();
    rig.block(control.set_route("Game", "bypass")).unwrap();
    wait_file(&rig.login.home().join(".local/state/headroom/state.toml"), "Game");
    let profile = ".config/headroom/profiles/mine.toml";
    for text in ["One", "Two"] {
        rig.login.write_home(profile, &format!("description = \"{text}\"\n")).unwrap();
        wait_for(&format!("the profile's text '{text}'"), PATIENCE, || {
            let profiles = rig.block(control.profiles()).unwrap();
            (profiles.get("mine").map(String::as_str) == Some(text)).then_some(())
        })
        .unwrap_or_else(|error| panic!("{what}: {error:#}\n{}", rig.report()));
    }
    let health = rig.health();
    println!("{what}: {peak_dbtp:+.3} dBTP");
    assert_eq!(dict_bool(&health, "realtime"), Some(true), "{what}: {}", rig.report());
    assert_eq!(dict_bool(&health, "watchdog"), Some(true), "{what}");
    assert_eq!(rig.block(control.problems()).unwrap(), [], "{what}");
    rig.login.systemctl(&["stop", UNIT]).unwrap();
    assert_eq!(rig.property("Result"), "success", "{what}: {}", rig.report());
    for folder in [".config/headroom", ".local/state/headroom"] {
        fs::remove_dir_all(rig.login.home().join(folder)).unwrap();
    }
}

#[test]
fn each_line_alone_leaves_everything_working() {
    let (bare, lines) = taken_apart(&unit());
    assert!(lines.len() > 10, "{lines:?}");
    let rig = Rig::installed_as(Login::start().unwrap(), &bare);
    check(&rig, "no sandbox");
    for line in lines {
        let with = COMPANIONS.iter().find(|(start, _)| line.starts_with(start));
        let with = with.map_or("", |(_, with)| with);
        let try_with = |namespace: &str| {
            let all = format!("{namespace}\n{with}\n{line}\n\n[Install]");
            rig.login.write_home(UNIT_FILE, &bare.replace("[Install]", &all)).unwrap();
            rig.login.systemctl(&["daemon-reload"]).unwrap();
        };
        // A line that needs the namespace must not keep the service from starting without it.
        try_with("");
        rig.start();
        rig.login.systemctl(&["stop", UNIT]).unwrap();
        try_with(NAMESPACE);
        check(&rig, &line);
    }
}

#[test]
fn all_lines_together_leave_everything_working() {
    check(&Rig::installed(), "the whole sandbox");
}

/// The unit as installed, on a manager that makes the sandbox a user namespace.
fn confined() -> Rig {
    let rig = Rig::installed();
    let file = format!("{UNIT_FILE}.d/namespace.conf");
    rig.login.write_home(file, &format!("[Service]\n{NAMESPACE}\n")).unwrap();
    rig.login.systemctl(&["daemon-reload"]).unwrap();
    rig
}

#[test]
fn all_sandbox_lines_together_work_in_a_user_namespace() {
    check(&confined(), "the whole sandbox in a user namespace");
}

#[test]
fn the_sandbox_keeps_the_service_to_its_own_folders() {
    let rig = confined();
    rig.login.write_home(".ssh/id", "secret").unwrap();
    let before = HomeState::read(&rig.login.home()).unwrap();
    rig.start();
    let pid = rig.property("MainPID");
    let status = rig.login.run("cat", &[&format!("/proc/{pid}/status")]).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "no {line}: {status}");
    }
    // Root, so that nothing but the view of files stands in the way.
    let from_inside = |script: &str| {
        let mut command = rig.login.root_command("nsenter");
        command.args([&format!("--target={pid}"), "--mount", "--", "sh", "-c", script]);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for folder in [Login::HOME, "/home/listener/.config", "/usr", "/etc", "/opt/testkit"] {
        let (written, told) = from_inside(&format!("touch {folder}/forbidden"));
        assert!(!written && told.contains("Read-only file system"), "{folder}: {told}");
    }
    for folder in ["/home/listener/.local/state/headroom", "/run/user/21847/headroom", "/tmp"] {
        let (written, told) = from_inside(&format!("touch {folder}/probe && rm {folder}/probe"));
        assert!(written, "{folder}: {told}");
    }
    assert!(!from_inside("cat /home/listener/.ssh/id").0, "keys can be read");
    rig.login.systemctl(&["stop", UNIT]).unwrap();
    let after = HomeState::read(&rig.login.home()).unwrap().without(".local/state/wireplumber");
    let before = before.without(".local/state/wireplumber");
    let changed: Vec<_> = before.diff(&after).iter().map(ToString::to_string).collect();
    assert_eq!(changed, ["added .local/state/headroom"]);
}

/// Exposure as `systemd-analyze security` scores it, 0 to 10; it reads the unit's text.
const HIGHEST_EXPOSURE: f64 = 4.9;

#[test]
fn the_unit_is_what_systemd_expects_and_exposes_little() {
    let rig = Rig::installed();
    let file = format!("{}/{UNIT_FILE}", Login::HOME);
    let mut verify = rig.login.command("systemd-analyze");
    verify.args(["verify", "--user", "--man=no", "--recursive-errors=no", &file]);
    let output = verify.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
    let scored = rig
        .login
        .run("systemd-analyze", &["security", "--user", "--offline=true", "--no-pager", &file]);
    let scored = scored.unwrap();
    let overall = scored.lines().rev().find(|line| line.contains("Overall exposure")).unwrap();
    println!("{overall}");
    let score = overall.split(": ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(score.parse::<f64>().unwrap() <= HIGHEST_EXPOSURE, "{scored}");
}
