//! A preset from its installation to its removal, in somebody's session, with the real service.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod programs;
mod table;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, Instant},
};

use headroom_api::names::APP_NODE_PREFIX;
use headroom_testkit::{
    login::HomeState,
    meter,
    session::{Session, wait_for, wait_until},
    signals,
};
use serde_json::Value;

pub(crate) use programs::built;
pub(crate) use table::{Row, print};

/// How long anything may take, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const DEVICE: &str = "device";
const CEILING_DBTP: f64 = -0.1;
const TOLERANCE_DB: f64 = 0.01;
const RATE_HZ: usize = 48_000;

/// Somebody's session, and a folder with what is to be installed.
pub(crate) trait Person {
    /// What plays, records and reads the graph.
    fn session(&self) -> &Session;
    /// The home folder, as the test sees it.
    fn home(&self) -> PathBuf;
    /// Runs a program as this person.
    fn command(&self, program: &str) -> Command;
    /// The command line in the folder with everything that is to be installed, as the person calls it.
    fn headroom(&self) -> String;

    /// Runs `headroom install` with these arguments, for at most a minute.
    fn install(&self, arguments: &[&str]) -> Output {
        self.run(&[&["install"], arguments].concat())
    }

    /// Runs `headroom` with these arguments, for at most a minute.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("timeout");
        command.args(["60", &self.headroom()]).args(arguments);
        command.output().unwrap()
    }

    /// Runs a shell's line.
    fn shell(&self, line: &str) -> Output {
        self.command("timeout").args(["60", "sh", "-c", line]).output().unwrap()
    }

    /// Runs `headroom install` and wants this exit code; returns all that it printed.
    fn want(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.install(arguments);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(code), "install {}: {told}", arguments.join(" "));
        told
    }

    /// Returns what `headroom install status --json` says of the only deployment.
    fn status(&self) -> Value {
        let output = self.install(&["status", "--json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["exit-code"], output.status.code().unwrap(), "{value}");
        value["deployments"][0].clone()
    }

    /// Waits for a condition that `status` tells.
    fn wait(&self, what: &str, mut is: impl FnMut(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = wait_for(what, PATIENCE, || {
            last = self.status();
            is(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|error| panic!("{error}: {last}"))
    }

    /// Returns the process of the service that runs.
    fn pid(&self) -> u64 {
        self.wait("the service", |status| status["condition"] == "running")["service"]["pid"]
            .as_u64()
            .unwrap()
    }

    fn signal(&self, signal: &str, pid: u64) {
        assert!(self.shell(&format!("kill -{signal} {pid}")).status.success());
    }

    /// Waits until another process is the service; returns what `status` says, and how long it took.
    fn wait_for_another(&self, old: u64) -> (Value, Duration) {
        let began = Instant::now();
        let status = self.wait("another process", |status| {
            let pid = status["service"]["pid"].as_u64();
            status["condition"] == "running" && pid.is_some_and(|pid| pid != old)
        });
        (status, began.elapsed())
    }
}

/// All that a command printed.
pub(crate) fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

/// What a session was before anything was installed.
pub(crate) struct Before {
    home: HomeState,
    wireplumber: BTreeMap<String, String>,
}

impl Before {
    /// Lets an application play, so that the session manager has stored what it stores of it, and looks.
    pub(crate) fn look(person: &impl Person) -> Self {
        play(person, "Firefox", &[DEVICE]);
        wait_until("what the session manager stores of it", PATIENCE, || {
            let text: String = person.session().wireplumber_state().into_values().collect();
            text.contains("name:Firefox=") && text.contains("Recorder=")
        })
        .unwrap();
        Self { wireplumber: settled(person.session()), home: home_state(person) }
    }

    /// Returns what is different now in the home, and in what WirePlumber has stored.
    pub(crate) fn diff(&self, person: &impl Person) -> (Vec<String>, Vec<String>) {
        let home = self.home.diff(&home_state(person)).iter().map(ToString::to_string).collect();
        let now = settled(person.session());
        let names: Vec<_> = self.wireplumber.keys().chain(now.keys()).collect();
        let differs = |name: &&&String| self.wireplumber.get(**name) != now.get(**name);
        let text = |name: &&String| {
            format!("{name}: {:?} -> {:?}", self.wireplumber.get(*name), now.get(*name))
        };
        (home, names.iter().filter(differs).map(text).collect())
    }
}

/// WirePlumber's own state is compared apart.
fn home_state(person: &impl Person) -> HomeState {
    HomeState::read(&person.home()).unwrap().without(".local/state/wireplumber")
}

/// Returns lines in an order of their own, and the members of what they say too: WirePlumber writes them as they come.
fn ordered(text: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((key, value)) => match serde_json::from_str::<Value>(value) {
            Ok(value) => format!("{key}={value}"),
            Err(_) => line.to_owned(),
        },
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = text.lines().map(line).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Returns what WirePlumber has stored, once it has not changed for longer than it waits before it stores.
fn settled(session: &Session) -> BTreeMap<String, String> {
    const QUIET: Duration = Duration::from_secs(2);
    let (mut last, mut since) = (session.wireplumber_state(), Instant::now());
    wait_until("a quiet session manager", PATIENCE, || {
        let now = session.wireplumber_state();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > QUIET
    })
    .unwrap();
    last.into_iter().map(|(name, text)| (name, ordered(&text))).collect()
}

/// Plays far too loud noise through one of these nodes; returns the true peak that reached the device, in dBTP.
pub(crate) fn play(person: &impl Person, app: &str, through: &[&str]) -> f64 {
    let silence = vec![0.0; RATE_HZ / 4];
    let channel = |seed| {
        let noise = signals::gaussian_noise(RATE_HZ, 0.5, seed);
        [silence.clone(), noise, silence.clone()].concat()
    };
    let material = vec![channel(1), channel(2)];
    assert!(meter::true_peak_dbtp_planar(&material) > 3.0, "the test needs something loud");
    let passage = person
        .session()
        .pass_when(
            DEVICE,
            &material,
            |player| player.app(app),
            |graph, player| graph.target_names_behind(player, APP_NODE_PREFIX) == through,
        )
        .unwrap();
    meter::true_peak_dbtp_planar(&passage.recording.channels)
}

/// Plays through Headroom and wants the promise kept; returns the true peak, in dBTP.
pub(crate) fn play_limited(person: &impl Person) -> f64 {
    let peak_dbtp = play(person, "Firefox", &["headroom"]);
    assert!(peak_dbtp <= CEILING_DBTP + TOLERANCE_DB, "the device got {peak_dbtp:+.3} dBTP");
    assert!(peak_dbtp > -30.0, "nothing was heard");
    peak_dbtp
}

/// How a killed service comes back.
#[allow(dead_code, reason = "without systemd nothing comes back by itself")]
pub(crate) enum Revival {
    /// Without anybody's help.
    ByItself,
    /// When this line of a shell is run.
    By(String),
}

/// Takes a preset from installation to removal.
pub(crate) fn live_through(person: &impl Person, preset: &str, revival: &Revival) -> Row {
    let before = Before::look(person);
    let starts = preset != "on-demand";

    let shown = person.want(0, &["apply", preset, "--dry-run"]);
    assert_eq!(before.diff(person), (vec![], vec![]), "a dry run has done something");
    assert!(person.want(1, &["apply", preset]).contains("nobody to ask"));
    let applied = person.want(0, &["apply", preset, "--yes"]);
    assert!(applied.starts_with(&shown), "{applied}\nis not what was shown:\n{shown}");
    let files = person.status()["files"].as_u64().unwrap();

    if !starts {
        assert_eq!(person.status()["condition"], "ready");
        assert_eq!(person.run(&["status"]).status.code(), Some(0), "a call starts it");
    }
    let pid = person.pid();
    let status = person.status();
    assert_eq!(status["service"]["deployment"], format!("{preset}/user/default"));
    let limited_dbtp = play_limited(person);

    person.signal("KILL", pid);
    if let Revival::By(line) = revival {
        // A call that the bus still gives to the dead one is answered by nobody.
        person.wait("the end", |status| status["service"]["pid"] != pid);
        let revived = person.shell(line);
        assert!(revived.status.success(), "{line}: {}", told(&revived));
    }
    let (revived, after) = person.wait_for_another(pid);
    play_limited(person);

    let broken = break_and_repair(person);
    stop_and_apply(person, preset, starts);

    let removed = person.want(0, &["remove", "--yes"]);
    assert!(removed.contains("nothing of it is left"), "{removed}");
    person.want(4, &["status"]);
    let began = Instant::now();
    assert_eq!(person.run(&["status"]).status.code(), Some(3));
    assert!(began.elapsed() < Duration::from_secs(20), "a call to what is gone hangs");
    assert!(play(person, "Firefox", &[DEVICE]) > 3.0, "sound is as it was");
    let (home_diff, wireplumber_diff) = before.diff(person);
    Row {
        preset: preset.to_owned(),
        files,
        supervisor: revived["service"]["supervisor"].as_str().unwrap().to_owned(),
        limited_dbtp,
        back_after: after,
        broken,
        home_diff,
        wireplumber_diff,
    }
}

/// Deletes a program, then changes a file; returns what `status` said.
fn break_and_repair(person: &impl Person) -> String {
    let service = person.home().join(".local/libexec/headroom/headroom-service");
    std::fs::remove_file(&service).unwrap();
    let missing = person.want(1, &["status"]);
    assert!(missing.contains("headroom-service is missing"), "{missing}");
    assert!(person.want(1, &["start"]).contains("repairs it"));
    person.want(0, &["apply", "--yes"]);
    person.want(0, &["status"]);

    let activation =
        person.home().join(".local/share/dbus-1/services/com.example.Headroom.service");
    let good = std::fs::read_to_string(&activation).unwrap();
    std::fs::write(&activation, format!("{good}# mine\n")).unwrap();
    let changed = person.want(1, &["status"]);
    assert!(changed.contains("com.example.Headroom.service is changed"), "{changed}");
    assert!(person.want(1, &["apply", "--yes"]).contains("--force"));
    assert_ne!(std::fs::read_to_string(&activation).unwrap(), good, "it is the person's own now");
    person.want(0, &["apply", "--yes", "--force"]);
    assert_eq!(std::fs::read_to_string(&activation).unwrap(), good);
    person.want(0, &["status"]);
    let problem = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("Problem: "));
        line.unwrap().rsplit('/').next().unwrap().to_owned()
    };
    format!("{} {}", problem(&missing), problem(&changed))
}

/// What is stopped is started by a second `apply`, and not doubled.
fn stop_and_apply(person: &impl Person, preset: &str, starts: bool) {
    person.want(0, &["stop"]);
    person.want(if starts { 3 } else { 0 }, &["status"]);
    let again = person.want(0, &["apply", preset, "--yes"]);
    assert!(again.contains("nothing is to be done"), "{again}");
    person.want(0, &["start"]);
    let pid = person.pid();
    assert!(person.want(0, &["apply", "--yes"]).contains("runs already"));
    assert_eq!(person.pid(), pid);
    let nodes = person.session().dump().unwrap().nodes;
    assert_eq!(nodes.iter().filter(|node| node.name == "headroom").count(), 1);
    person.want(0, &["restart"]);
    assert_ne!(person.pid(), pid);
    play_limited(person);
}
