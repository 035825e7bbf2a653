//! `headroom install` without systemd: in private sessions with a plain bus, with the real service.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod installed;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use headroom_testkit::{
    login::{HomeChange, HomeState},
    session::Session,
};
use installed::{Before, Person, Revival, built, live_through, play_limited, print, told};

struct Guest(Session);

impl Guest {
    fn start() -> Self {
        Self(Session::start().unwrap())
    }
}

impl Person for Guest {
    fn session(&self) -> &Session {
        &self.0
    }

    fn home(&self) -> PathBuf {
        self.0.home()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.0.command(program);
        command.stdin(Stdio::null()).current_dir(self.0.home());
        command
    }

    fn headroom(&self) -> String {
        built().join("headroom").display().to_string()
    }
}

#[test]
fn on_demand_lives_and_leaves_nothing() {
    let guest = Guest::start();
    let call = format!("{} status", guest.headroom());
    print(&live_through(&guest, "on-demand", &Revival::By(call)));
}

#[test]
fn autostart_lives_and_leaves_nothing() {
    let guest = Guest::start();
    // What a desktop does at the next login.
    let login = "sed -n 's/^Exec=//p' ~/.config/autostart/headroom-service.desktop | sh -e";
    print(&live_through(&guest, "autostart", &Revival::By(login.to_owned())));
}

#[test]
fn hung_service_is_replaced_and_one_that_answers_is_not() {
    let guest = Guest::start();
    guest.want(0, &["apply", "autostart", "--yes"]);
    let pid = guest.pid();
    assert_eq!(guest.want(0, &["recover", "--quiet"]), "");
    assert_eq!(guest.pid(), pid);
    guest.signal("STOP", pid);
    let hung = guest.install(&["status"]);
    assert_eq!(hung.status.code(), Some(1), "{}", told(&hung));
    assert!(told(&hung).contains("does not answer"), "{}", told(&hung));
    let recovered = guest.want(0, &["recover", "--quiet", "--deadline", "1"]);
    assert!(recovered.contains("killed and started again"), "{recovered}");
    assert_ne!(guest.pid(), pid);
    play_limited(&guest);
}

#[test]
fn safe_mode_is_told_and_left_alone_by_the_watchdog() {
    let guest = Guest::start();
    guest.want(0, &["apply", "autostart", "--yes"]);
    // Three unclean ends within a minute.
    for _ in 0..3 {
        guest.signal("KILL", guest.pid());
        guest.wait("its end", |status| status["service"].is_null());
        guest.want(0, &["recover"]);
        guest.wait("the service", |status| !status["service"]["state"].is_null());
        if guest.status()["condition"] == "safe-mode" {
            break;
        }
    }
    let status = guest.want(5, &["status"]);
    assert!(status.contains("headroom bypass off"), "{status}");
    let pid = guest.status()["service"]["pid"].clone();
    let recovered = guest.want(0, &["recover", "--quiet"]);
    assert!(recovered.contains("safe mode and was left alone"), "{recovered}");
    assert_eq!(guest.status()["service"]["pid"], pid);
    assert_eq!(guest.run(&["bypass", "off"]).status.code(), Some(0));
    guest.wait("protection", |status| status["condition"] == "running");
}

#[test]
fn another_headroom_is_neither_doubled_nor_taken_for_this_one() {
    let guest = Guest::start();
    let other = guest.session().spawn_service(&built().join("headroom-service")).unwrap();
    guest.want(0, &["apply", "on-demand", "--yes", "--no-start"]);
    let pid = u64::from(other.pid());
    let displaced = guest.wait("the other one", |status| status["service"]["pid"] == pid);
    assert_eq!(displaced["condition"], "displaced");
    assert!(guest.want(1, &["start"]).contains("Another Headroom runs already"));
    guest.want(0, &["restart"]);
    assert_eq!(guest.status()["condition"], "running");
    assert!(!other.is_running());
}

#[test]
fn presets_change_over_and_a_second_name_is_refused() {
    let guest = Guest::start();
    let before = Before::look(&guest);
    guest.want(0, &["apply", "on-demand", "--yes", "--name", "mine"]);
    assert_eq!(guest.run(&["status"]).status.code(), Some(0));
    let pid = guest.pid();
    guest.want(0, &["apply", "autostart", "--yes"]);
    let status = guest.wait_for_another(pid).0;
    assert_eq!(status["service"]["deployment"], "autostart/user/mine");
    let refused = guest.want(1, &["apply", "on-demand", "--yes", "--name", "other"]);
    assert!(refused.contains("'mine' is installed already"), "{refused}");
    guest.want(0, &["remove", "--yes"]);
    assert_eq!(before.diff(&guest), (vec![], vec![]));
}

#[test]
fn changed_file_outlives_the_removal_until_it_is_forced() {
    let guest = Guest::start();
    let before = Before::look(&guest);
    guest.want(0, &["apply", "autostart", "--yes", "--path"]);
    let profile = fs::read_to_string(guest.home().join(".profile")).unwrap();
    assert!(profile.contains("$HOME/.local/bin"), "{profile}");
    let entry = guest.home().join(".config/autostart/headroom-service.desktop");
    fs::write(&entry, "[Desktop Entry]\nHidden=true\n").unwrap();
    let own = guest.home().join(".config/headroom/profiles/mine.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "extends = \"default\"\n").unwrap();
    let removed = guest.want(1, &["remove", "--yes"]);
    assert!(removed.contains("it was changed since") && removed.contains("--force"), "{removed}");
    assert_eq!(fs::read_to_string(&entry).unwrap(), "[Desktop Entry]\nHidden=true\n");
    assert!(!guest.home().join(".local/bin/headroom").exists());
    guest.want(1, &["status"]);
    guest.want(0, &["remove", "--yes", "--force"]);
    assert_eq!(fs::read_to_string(&own).unwrap(), "extends = \"default\"\n");
    fs::remove_dir_all(guest.home().join(".config/headroom")).unwrap();
    assert_eq!(before.diff(&guest), (vec![], vec![]));
}

#[test]
fn what_the_service_remembers_stays_when_that_is_asked_for() {
    let guest = Guest::start();
    guest.want(0, &["apply", "on-demand", "--yes"]);
    assert!(guest.run(&["app", "set", "mpv", "leave-alone"]).status.success());
    guest.want(0, &["remove", "--yes", "--keep-settings"]);
    assert!(guest.home().join(".local/state/headroom/state.toml").exists());
    guest.want(0, &["apply", "on-demand", "--yes"]);
    assert!(told(&guest.run(&["app", "list"])).contains("mpv"));
    guest.want(0, &["remove", "--yes"]);
    assert!(!guest.home().join(".local/state/headroom").exists());
}

/// Runs `headroom install` in a home without a session.
fn install(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(built().join("headroom"));
    command.arg("install").args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).stdin(Stdio::null());
    command
}

#[test]
fn an_apply_that_is_killed_at_any_moment_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".local/bin")).unwrap();
    fs::write(home.join(".local/bin/headroom"), "an older one").unwrap();
    fs::write(home.join(".profile"), "umask 022").unwrap();
    let before = HomeState::read(&home).unwrap();
    let apply = || {
        let mut apply = install(&home, &["apply", "watchdog", "--yes", "--path"]);
        apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(apply().wait().unwrap().success());
    let mut whole = began.elapsed();
    assert!(install(&home, &["remove", "--yes"]).output().unwrap().status.success());
    let mut unfinished = 0;
    for twelfth in 0..12 {
        let (mut apply, after) = (apply(), whole * twelfth / 12);
        std::thread::sleep(after);
        apply.kill().unwrap();
        let ended = apply.wait().unwrap();
        if ended.success() {
            // The first one read everything from the disk.
            whole = whole.min(after);
        } else {
            unfinished += 1;
        }
        let removed = install(&home, &["remove", "--yes"]).output().unwrap();
        assert!(matches!(removed.status.code(), Some(0 | 1)), "{}", told(&removed));
        let left = before.diff(&HomeState::read(&home).unwrap());
        // Folders that were made before the record was: empty ones.
        let is_empty_folder = |path: &Path| home.join(path).is_dir();
        let files: Vec<_> = left.iter().filter(|change| !is_empty_folder(change.path())).collect();
        assert!(files.is_empty(), "after {after:?}: {files:?}");
    }
    println!("{unfinished} of 12 were killed before their end, which takes {whole:?}");
    assert!(unfinished > 0, "nothing was killed half-way");
}

#[test]
fn apply_that_died_over_its_record_is_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let before = HomeState::read(&home).unwrap();
    let deployments = home.join(".local/state/headroom/deployments");
    fs::create_dir_all(&deployments).unwrap();
    fs::write(deployments.join(".default.toml.headroom-new"), "version = ").unwrap();
    let removed = install(&home, &["remove", "--yes"]).output().unwrap();
    assert!(matches!(removed.status.code(), Some(0 | 1)), "{}", told(&removed));
    let left = before.diff(&HomeState::read(&home).unwrap());
    assert!(left.iter().all(|change| home.join(change.path()).is_dir()), "{left:?}");
}

#[test]
fn documents_and_translations_come_and_go_with_programs() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let before = HomeState::read(&home).unwrap();
    let run = |arguments: &[&str], code: i32| {
        let output = install(&home, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
        told(&output)
    };
    let shown = run(&["apply", "on-demand", "--dry-run"], 0);
    run(&["apply", "on-demand", "--yes"], 0);
    let named: HashSet<_> = shown.split(['/', ' ', '\n', ',']).collect();
    let made = before.diff(&HomeState::read(&home).unwrap());
    let is_record = |path: &Path| path.starts_with(".local/state");
    let files = made.iter().map(HomeChange::path).filter(|path| home.join(path).is_file());
    for file in files.filter(|path| !is_record(path)) {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(named.contains(name), "{} was not announced:\n{shown}", file.display());
    }

    let share = home.join(".local/share");
    for page in ["headroom", "headroom-install-apply", "headroom-panel", "headroom-tray"] {
        let text = fs::read_to_string(share.join(format!("man/man1/{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {} 1", page.to_uppercase())), "{page}");
    }
    let loads = "source \"$1\" && complete -p headroom";
    let completions = share.join("bash-completion/completions/headroom");
    let bash = Command::new("bash").args(["--norc", "-c", loads, "-"]).arg(completions).output();
    assert!(told(&bash.unwrap()).starts_with("complete "), "Bash does not take the completions");
    for (path, start) in [
        ("zsh/site-functions/_headroom", "#compdef headroom"),
        ("fish/vendor_completions.d/headroom.fish", "# Print an optspec"),
    ] {
        assert!(fs::read_to_string(share.join(path)).unwrap().starts_with(start), "{path}");
    }
    // Where the panel looks: beside the folder that it lies in.
    for language in ["de", "es", "fr", "tr"] {
        let catalogue = Path::new("locale").join(language).join("LC_MESSAGES/headroom.mo");
        let installed = fs::read(share.join(&catalogue)).unwrap();
        assert_eq!(installed, fs::read(built().join(&catalogue)).unwrap(), "{language}");
    }

    let page = share.join("man/man1/headroom-status.1");
    fs::remove_file(&page).unwrap();
    assert!(run(&["status"], 1).contains("headroom-status.1 is missing"));
    run(&["apply", "--yes"], 0);
    assert!(page.exists());
    run(&["remove", "--yes"], 0);
    let left = before.diff(&HomeState::read(&home).unwrap());
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_system_scope_is_staged_whole_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("usr/local/bin")).unwrap();
    let before = HomeState::read(&root).unwrap();
    let staged = root.display().to_string();
    for preset in ["service", "watchdog", "on-demand", "autostart"] {
        let run = |arguments: &[&str], code: i32| {
            let all = [arguments, &["--scope", "system", "--root", &staged]].concat();
            let output = install(folder.path(), &all).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{preset}: {}", told(&output));
        };
        run(&["apply", preset, "--yes"], 0);
        run(&["status"], 0);
        let unit = root.join("etc/systemd/user/default.target.wants/headroom.service");
        let is_unit = matches!(preset, "service" | "watchdog");
        let link = fs::read_link(unit).ok();
        let expected = Path::new("/usr/local/lib/systemd/user/headroom.service");
        assert_eq!(link.as_deref(), is_unit.then_some(expected), "{preset}");
        fs::remove_file(root.join("usr/local/libexec/headroom-service")).unwrap();
        run(&["status"], 1);
        run(&["apply", "--yes"], 0);
        run(&["remove", "--yes"], 0);
        run(&["status"], 4);
        let left = before.diff(&HomeState::read(&root).unwrap());
        assert!(left.is_empty(), "{preset}: {left:?}");
    }
}

#[test]
fn system_scope_needs_rights_and_root_needs_the_scope() {
    let folder = tempfile::tempdir().unwrap();
    let usage = install(folder.path(), &["apply", "--root", "/nonexistent"]).output().unwrap();
    assert_eq!(usage.status.code(), Some(2), "{}", told(&usage));
    let mut sudo = install(folder.path(), &["apply", "--yes"]);
    let output = sudo.env("SUDO_USER", "anna").output().unwrap();
    if rustix::process::geteuid().is_root() {
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(told(&output).contains("without sudo"), "{}", told(&output));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
