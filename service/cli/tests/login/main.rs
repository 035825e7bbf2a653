//! `headroom install` with systemd: for a person who has logged in, with the real service.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

#[path = "../installed/mod.rs"]
mod installed;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use headroom_testkit::{
    login::{HomeState, Login},
    session::{Session, wait_until},
};
use installed::{PATIENCE, Person, Revival, built, live_through, play_limited, print};

struct Listener(Login);

impl Listener {
    fn start() -> Self {
        let login = Login::start().unwrap();
        for program in ["headroom", "headroom-service", "headroom-panel", "headroom-tray"] {
            login.add_program(&built().join(program)).unwrap();
        }
        Self(login)
    }

    fn unit(&self, unit: &str, property: &str) -> String {
        self.0.unit_property(unit, property).unwrap()
    }
}

impl Person for Listener {
    fn session(&self) -> &Session {
        self.0.session()
    }

    fn home(&self) -> PathBuf {
        self.0.home()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.0.command(program);
        command.stdin(Stdio::null());
        command
    }

    fn headroom(&self) -> String {
        "/opt/testkit/bin/headroom".to_owned()
    }
}

#[test]
fn service_lives_and_leaves_nothing() {
    let listener = Listener::start();
    let row = live_through(&listener, "service", &Revival::ByItself);
    assert_eq!(row.supervisor, "systemd");
    print(&row);
    assert_eq!(listener.unit("headroom.service", "LoadState"), "not-found");
}

#[test]
fn watchdog_lives_and_leaves_nothing() {
    let listener = Listener::start();
    let row = live_through(&listener, "watchdog", &Revival::ByItself);
    assert_eq!(row.supervisor, "systemd");
    print(&row);
    for unit in ["headroom.service", "headroom-watchdog.service", "headroom-watchdog.timer"] {
        assert_eq!(listener.unit(unit, "LoadState"), "not-found", "{unit}");
    }
}

#[test]
fn on_demand_and_autostart_work_beside_systemd_too() {
    let listener = Listener::start();
    let call = format!("{} status", listener.headroom());
    print(&live_through(&listener, "on-demand", &Revival::By(call)));
    let login = "sed -n 's/^Exec=//p' ~/.config/autostart/headroom-service.desktop | sh -e";
    print(&live_through(&listener, "autostart", &Revival::By(login.to_owned())));
}

#[test]
fn the_next_login_starts_what_is_installed() {
    let listener = Listener::start();
    listener.want(0, &["apply", "service", "--yes", "--no-start"]);
    assert_eq!(
        listener.0.systemctl(&["is-enabled", "headroom.service"]).unwrap().trim(),
        "enabled"
    );
    // What a manager does at its start: everything that the target wants.
    listener.0.systemctl(&["start", "default.target"]).unwrap();
    listener.pid();
    play_limited(&listener);
}

#[test]
fn the_watchdog_brings_back_what_is_gone_and_what_hangs() {
    let listener = Listener::start();
    listener.want(0, &["apply", "watchdog", "--yes"]);
    assert_eq!(listener.unit("headroom-watchdog.timer", "ActiveState"), "active");
    let look = || listener.0.systemctl(&["start", "headroom-watchdog.service"]).unwrap();
    let log = || listener.0.unit_log("headroom-watchdog.service");

    let pid = listener.pid();
    look();
    assert_eq!(listener.pid(), pid, "{}", log());

    listener.0.systemctl(&["stop", "headroom.service"]).unwrap();
    look();
    let pid = listener.pid();
    assert!(log().contains("was gone and was started"), "{}", log());

    listener.signal("STOP", pid);
    look();
    let (status, _) = listener.wait_for_another(pid);
    assert_eq!(status["service"]["supervisor"], "systemd");
    play_limited(&listener);

    // Stopped on purpose: the timer is stopped too.
    listener.want(0, &["stop"]);
    assert_eq!(listener.unit("headroom-watchdog.timer", "ActiveState"), "inactive");
    listener.want(0, &["start"]);
    assert_eq!(listener.unit("headroom-watchdog.timer", "ActiveState"), "active");
}

#[test]
fn what_systemd_has_given_up_is_started_again() {
    let listener = Listener::start();
    listener.want(0, &["apply", "service", "--yes"]);
    listener.pid();
    listener.0.systemctl(&["stop", "headroom.service"]).unwrap();
    // It cannot start: systemd tries, and gives up.
    let service = listener.home().join(".local/libexec/headroom/headroom-service");
    let aside = service.with_file_name("aside");
    std::fs::rename(&service, &aside).unwrap();
    let _ = listener.0.systemctl(&["start", "headroom.service"]);
    wait_until("a failed unit", PATIENCE, || {
        listener.unit("headroom.service", "ActiveState") == "failed"
    })
    .unwrap();
    std::fs::rename(&aside, &service).unwrap();
    listener.want(0, &["start"]);
    listener.pid();
    play_limited(&listener);
}

#[test]
fn the_system_scope_serves_everybody() {
    let listener = Listener::start();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let before = HomeState::read(&root).unwrap();
    let staged = root.display().to_string();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(built().join("headroom"));
        command.arg("install").args(arguments).args(["--scope", "system", "--root", &staged]);
        assert!(command.env("HOME", folder.path()).status().unwrap().success(), "{arguments:?}");
    };
    run(&["apply", "service", "--name", "everybody", "--yes"]);
    // What is staged becomes the machine's own.
    let local = listener.0.usr_local();
    copy(&root.join("usr/local"), &local);
    copy(&root.join("etc/systemd/user"), &local.with_file_name("units"));
    listener.0.systemctl(&["daemon-reload"]).unwrap();
    listener.0.systemctl(&["start", "default.target"]).unwrap();
    wait_until("the service", PATIENCE, || {
        listener.unit("headroom.service", "ActiveState") == "active"
    })
    .unwrap();
    play_limited(&listener);
    run(&["remove", "--yes"]);
    let left = before.diff(&HomeState::read(&root).unwrap());
    assert!(left.is_empty(), "{left:?}");
}

fn copy(from: &Path, to: &Path) {
    let contents = from.join(".");
    assert!(Command::new("cp").arg("-a").arg(contents).arg(to).status().unwrap().success());
}
