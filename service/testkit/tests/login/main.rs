//! The kit's login is a real one, plays, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command, time::Duration};

use headroom_testkit::{
    login::{HomeState, Login},
    meter,
    session::wait_until,
    signals,
};

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn a_login_has_a_user_manager_and_plays_bit_for_bit() {
    let login = Login::start().unwrap();
    assert_eq!(login.run("id", &["-un"]).unwrap().trim(), "listener");
    assert_eq!(login.run("pwd", &[]).unwrap().trim(), Login::HOME);
    for unit in ["dbus.service", "pipewire.service", "wireplumber.service"] {
        assert_eq!(login.unit_property(unit, "ActiveState").unwrap(), "active", "{unit}");
    }
    let noise =
        vec![signals::gaussian_noise(48_000, 0.2, 1), signals::gaussian_noise(48_000, 0.2, 2)];
    let passage = login.session().pass("device", &noise, |player| player).unwrap();
    for (reference, heard) in noise.iter().zip(&passage.recording.channels) {
        let start = meter::delay_frames(reference, heard).unwrap();
        assert!(meter::is_bit_exact(reference, heard, start.frames), "{start:?}");
    }
}

#[test]
fn real_time_priority_is_given_as_on_a_desktop_or_not_at_all() {
    for (login, given) in [(Login::start(), true), (Login::start_without_realtime(), false)] {
        let login = login.unwrap();
        let loops = || {
            let threads = login.run("ps", &["-eLo", "comm,cls"]).unwrap();
            threads
                .lines()
                .filter(|line| line.starts_with("data-loop"))
                .map(str::to_owned)
                .collect()
        };
        let have = |loops: Vec<String>| {
            loops.len() >= 2 && loops.iter().all(|line| line.ends_with("RR") == given)
        };
        wait_until("the data threads' priority", TIMEOUT, || have(loops())).unwrap();
    }
}

#[test]
fn killed_sound_server_comes_back_with_its_device() {
    let login = Login::start().unwrap();
    let before = login.unit_property("pipewire.service", "MainPID").unwrap();
    login.systemctl(&["kill", "--signal=KILL", "pipewire.service"]).unwrap();
    wait_until("another PipeWire", TIMEOUT, || {
        let now = login.unit_property("pipewire.service", "MainPID").unwrap();
        now != before && now != "0"
    })
    .unwrap();
    login.session().wait_managed().unwrap();
    assert!(login.session().dump().unwrap().node("device").is_some());
}

#[test]
fn a_login_changes_its_own_home_alone_and_leaves_nothing_behind() {
    let login = Login::start().unwrap();
    let root = login.home().parent().unwrap().to_owned();
    let before = HomeState::read(&login.home()).unwrap();
    let kept: Vec<_> =
        before.paths().filter(|path| !path.starts_with(".local/state/wireplumber")).collect();
    assert_eq!(kept, [".local", ".local/state"].map(Path::new), "the home was not empty");
    login.run("sh", &["-c", "echo mine >file; touch /tmp/headroom-test-only"]).unwrap();
    login.write_home(".config/a/b", "text").unwrap();
    assert_eq!(login.run("cat", &["file", ".config/a/b"]).unwrap(), "mine\ntext");
    assert_eq!(login.run("stat", &["-c%U", ".config/a"]).unwrap().trim(), "listener");
    let after = HomeState::read(&login.home()).unwrap().without(".local");
    let told: Vec<_> =
        before.without(".local").diff(&after).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["added .config", "added .config/a", "added .config/a/b", "added file"]);
    assert!(!Path::new("/tmp/headroom-test-only").exists());
    let user = login.user_id();
    let group = root.file_name().unwrap().to_string_lossy();
    assert!(groups().contains(&*group), "{}", groups());
    assert!(!processes_of(user, &root).is_empty());
    drop(login);
    assert!(!root.exists());
    assert_eq!(processes_of(user, &root), Vec::<String>::new());
    assert!(!groups().contains(&*group), "{}", groups());
}

/// Processes that this login's folder is mounted for.
fn processes_of(user: u32, root: &Path) -> Vec<String> {
    // A mount is told from the root of its file system, so only the folder's own name is sure to be there.
    let root = root.file_name().unwrap().to_string_lossy();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            let file = |name| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            file("status").contains(&format!("Uid:\t{user}\t"))
                && file("mountinfo").contains(&*root)
        })
        .map(|entry| fs::read_to_string(entry.path().join("comm")).unwrap_or_default())
        .collect()
}

/// The control groups of this machine.
fn groups() -> String {
    let see =
        "umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; ls /sys/fs/cgroup";
    let output = Command::new("unshare").args(["--mount", "sh", "-c", see]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
