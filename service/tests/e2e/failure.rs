//! What the service does about its own failures, and what it tells of itself.

use std::{
    os::unix::net::UnixDatagram,
    process::Command,
    time::{Duration, Instant},
};

use crate::{notifications::Desktop, rig::*};
use headroom_api::{
    Held, Problem, ProblemRow, Reason, SafeModeCause, StreamRow, dict_bool, dict_str, dict_u64,
    names,
};
use headroom_testkit::{
    session::{Player, Process, Session},
    signals,
};

const RATE_HZ: usize = 48_000;

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(RATE_HZ, 0.1, 1), signals::gaussian_noise(RATE_HZ, 0.1, 2)]
}

/// Kills the service as often as it takes, each time once it protects.
pub(crate) fn crash_until_safe_mode(rig: &mut Rig) {
    let command = rig.session.command(binary());
    crash_until_safe_mode_by(rig, &command);
}

/// The same, of a service that is started in this way.
fn crash_until_safe_mode_by(rig: &mut Rig, command: &Command) {
    for failures in 0..3 {
        assert_eq!(rig.failures(), failures);
        // Its name is there a little before its filter.
        rig.wait_state("running");
        rig.service.kill();
        rig.service = rig.session.spawn(command, names::SERVICE_BINARY).unwrap();
        rig.wait_owned();
    }
    rig.wait_state("safe-mode");
}

/// Stops one thread of the service whenever it wakes up, and no other.
fn stall(rig: &Rig, thread: u32) -> Process {
    let log = rig.session.home().join("stall.log");
    let mut command = rig.session.command("strace");
    let thread = thread.to_string();
    command.args(["-p", &thread, "-e", "inject=epoll_wait:delay_exit=600000000", "-o"]).arg(&log);
    let strace = rig.session.spawn(&command, "strace").unwrap();
    let status = format!("/proc/{}/task/{thread}/status", rig.service.pid());
    eventually("strace at work", || {
        std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("TracerPid:\t0"))
    });
    strace
}

#[test]
fn that_the_person_was_told_is_remembered() {
    let mut rig = Rig::start();
    assert!(!rig.block(rig.control().introduced()).unwrap());
    rig.block(rig.control().set_introduced(true)).unwrap();
    assert!(rig.block(rig.control().introduced()).unwrap());
    rig.service.terminate(PATIENCE).unwrap();
    rig.restart();
    assert!(rig.block(rig.control().introduced()).unwrap());
}

#[test]
fn how_it_was_set_up_and_started_is_told() {
    let session = Session::start().unwrap();
    let mut command = session.command(binary());
    command.args(["--deployment", "service/user/default"]).env("INVOCATION_ID", "0123456789abcdef");
    let rig = Rig::commanded(session, &command);
    let health = rig.block(rig.control().health()).unwrap();
    assert_eq!(dict_str(&health, "deployment"), Some("service/user/default"));
    assert_eq!(dict_str(&health, "supervisor"), Some("systemd"));
    assert_eq!(dict_bool(&health, "watchdog"), Some(false));
    assert_eq!(dict_bool(&health, "responding"), Some(true));
    assert!(dict_u64(&health, "cycles").is_some());
    let refused = Command::new(binary()).args(["--deployment", "a b"]).output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("PRESET/SCOPE/NAME"));
}

#[test]
fn a_hung_thread_of_pipewires_is_noticed_and_ends_the_service() {
    let rig = Rig::start();
    let strace = stall(&rig, thread_of(rig.service.pid(), "headroom-pw"));
    // The first question wakes the thread up, and that is where it stays.
    eventually("no answer", || {
        let health = rig.block(rig.control().health()).unwrap();
        dict_bool(&health, "responding") == Some(false)
    });
    eventually("the end", || rig.service.log().contains("does not answer any more"));
    // A process whose thread is held by a debugger cannot be gone before that one lets go.
    drop(strace);
    let status = rig.service.wait(PATIENCE).unwrap();
    assert_eq!(status.code(), Some(1), "{}", rig.service.log());
}

#[test]
fn the_third_crash_within_a_minute_leads_to_safe_mode() {
    let mut rig = Rig::start();
    crash_until_safe_mode(&mut rig);
    assert!(rig.block(rig.control().bypass()).unwrap());
    assert_eq!(rig.problems(), ["safe-mode"]);
    assert_eq!(rig.failures(), 3);
    assert!(rig.service.log().contains("has taken itself out of the way"), "{}", rig.service.log());
    // Nothing of ours is in the graph, and sound passes bit for bit.
    let graph = rig.session.dump().unwrap();
    assert!(graph.node(names::SINK_NODE).is_none() && graph.node(names::OUTPUT_NODE).is_none());
    let loud = vec![signals::gaussian_noise(RATE_HZ, 0.9, 3); 2];
    let recording = rig.pass("Firefox", DEVICE, &loud).recording;
    assert_bit_exact(&loud, &recording);
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    let stream = rig.wait_route(&player, "bypass");
    let row = StreamRow::from_dict(&stream);
    assert_eq!(row.why, Some(Reason::held(Held::SafeMode)), "{}", row.reason);
    // A restart does not end it, and neither does another crash.
    rig.service.terminate(PATIENCE).unwrap();
    rig.revive();
    rig.wait_state("safe-mode");
    rig.service.kill();
    rig.revive();
    rig.wait_state("safe-mode");
    // The way back.
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_state("running");
    rig.wait_in_place();
    rig.wait_linked(&player, "headroom");
    rig.wait_route(&player, "processed");
    assert!(rig.problems().is_empty());
    assert_eq!(rig.failures(), 0);
    rig.service.kill();
    rig.revive();
    rig.wait_state("running");
    assert_eq!(rig.failures(), 1);
}

#[test]
fn clean_ends_are_no_crashes_and_leave_no_files() {
    let mut rig = Rig::start();
    let directory = rig.session.runtime_dir().join(names::DIRECTORY);
    for _ in 0..4 {
        assert!(directory.join("run.toml").exists());
        rig.service.terminate(PATIENCE).unwrap();
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
        rig.restart();
    }
    assert_eq!(rig.failures(), 0);
    // A second start, which finds the name taken, is no crash of the first.
    let second = rig.session.run(binary(), &[]).unwrap_err();
    assert!(second.to_string().contains("runs already"), "{second}");
    rig.service.terminate(PATIENCE).unwrap();
    rig.restart();
    assert_eq!(rig.failures(), 0);
}

#[test]
fn hung_loop_thread_is_noticed_while_something_plays() {
    let mut rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_route(&player, "processed");
    let strace = stall(&rig, thread_of(rig.service.pid(), "headroom-pw"));
    let began = Instant::now();
    eventually("the end", || rig.service.log().contains("does not answer any more"));
    println!("hung: ended after {:.1} s", began.elapsed().as_secs_f64());
    drop(strace);
    rig.service.wait(PATIENCE).unwrap();
    rig.wait_linked(&player, DEVICE);
    rig.revive();
    rig.wait_linked(&player, "headroom");
    assert_eq!(rig.failures(), 1);
}

#[test]
fn safe_mode_notifies_once_and_its_button_ends_it() {
    let mut rig = Rig::start();
    crash_until_safe_mode(&mut rig);
    // The desktop comes later than the service, as at login.
    let desktop = Desktop::start(&rig);
    let told = desktop.wait_shown();
    assert!(told.body.contains("three times within a minute"), "{told:?}");
    assert_eq!(told.actions, ["turn-on", "Turn protection on"]);
    assert_eq!((told.urgency, told.expires_ms), (Some(2), 0), "it stays");
    // Another's notification, and another button, are none of our business.
    desktop.press(told.id + 1, "turn-on");
    desktop.press(told.id, "default");
    assert_eq!(rig.state(), "safe-mode");
    desktop.press(told.id, "turn-on");
    rig.wait_state("running");
    assert_eq!(desktop.closed.recv_timeout(PATIENCE).unwrap(), told.id);
    assert!(rig.problems().is_empty());
    assert!(desktop.shown.try_recv().is_err(), "told twice");
}

#[test]
fn notification_is_in_the_persons_own_language() {
    let session = Session::start().unwrap();
    let catalogues = session.home().join("locale");
    let compiler = concat!(env!("CARGO_MANIFEST_DIR"), "/../po/compile");
    session.run(compiler, &["--catalogues", catalogues.to_str().unwrap()]).unwrap();
    // A machine need not have it, and newer C libraries read no other language in the locale C.UTF-8.
    let locale = session.home().join("de_DE.UTF-8");
    let made = ["--no-archive", "-i", "de_DE", "-f", "UTF-8", locale.to_str().unwrap()];
    session.run("localedef", &made).unwrap();
    let mut command = session.command(binary());
    command.env("LC_ALL", "de_DE.UTF-8").env("LOCPATH", session.home());
    command.env("HEADROOM_LOCALEDIR", catalogues);
    let mut rig = Rig::commanded(session, &command);
    crash_until_safe_mode_by(&mut rig, &command);
    let told = Desktop::start(&rig).wait_shown();
    assert_eq!(told.summary, "Headroom ist beiseitegetreten");
    assert!(told.body.contains("dreimal unerwartet geendet"), "{told:?}");
    assert_eq!(told.actions, ["turn-on", "Schutz einschalten"]);
    // What others read stays as it is.
    assert!(rig.service.log().contains("has taken itself out of the way"), "{}", rig.service.log());
}

/// What systemd would hear.
struct Supervisor {
    socket: UnixDatagram,
}

impl Supervisor {
    /// Waits for a message; `None` when none has come until then.
    fn hear(&self, within: Duration) -> Option<String> {
        let mut buffer = [0; 4096];
        self.socket.set_read_timeout(Some(within)).unwrap();
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn wait_for(&self, message: &str) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.hear(PATIENCE).is_some_and(|heard| heard.contains(message)) {
                return;
            }
        }
        panic!("no '{message}' was heard");
    }
}

/// A service that is watched, with this as the longest time between two signs of life.
fn watched(longest: Duration) -> (Rig, Supervisor) {
    let session = Session::start().unwrap();
    let path = session.runtime_dir().join("notify");
    let supervisor = Supervisor { socket: UnixDatagram::bind(&path).unwrap() };
    let mut command = session.command(binary());
    command.env("NOTIFY_SOCKET", path).env("WATCHDOG_USEC", longest.as_micros().to_string());
    (Rig::commanded(session, &command), supervisor)
}

const LONGEST_SILENCE: Duration = Duration::from_secs(1);

#[test]
fn a_supervisor_is_told_of_readiness_state_and_life() {
    let (rig, supervisor) = watched(LONGEST_SILENCE);
    supervisor.wait_for("READY=1");
    // Not before the filter is in place.
    supervisor.wait_for("STATUS=Protecting.");
    rig.wait_state("running");
    for _ in 0..4 {
        supervisor.wait_for("WATCHDOG=1");
    }
    rig.block(rig.control().set_bypass(true)).unwrap();
    supervisor.wait_for("STATUS=Bypassed");
    let health = rig.block(rig.control().health()).unwrap();
    assert_eq!(dict_bool(&health, "watchdog"), Some(true));
    assert_eq!(dict_str(&health, "supervisor"), Some("systemd"));
    rig.service.terminate(PATIENCE).unwrap();
    supervisor.wait_for("STOPPING=1");
}

#[test]
fn a_hang_of_either_thread_ends_the_signs_of_life() {
    for name in ["headroom-pw", names::SERVICE_BINARY] {
        let (rig, supervisor) = watched(LONGEST_SILENCE);
        supervisor.wait_for("READY=1");
        supervisor.wait_for("WATCHDOG=1");
        // The name of a thread has 15 characters.
        let strace = stall(&rig, thread_of(rig.service.pid(), &name[..name.len().min(15)]));
        // What was on its way may still come.
        while supervisor.hear(LONGEST_SILENCE / 10).is_some() {}
        let more = supervisor.hear(LONGEST_SILENCE * 3);
        assert!(
            more.as_ref().is_none_or(|more| !more.contains("WATCHDOG")),
            "{name} hangs, and still: {more:?}"
        );
        drop(strace);
    }
}

/// Whether this process has `CAP_SYS_NICE`, capability 23 of capabilities(7).
fn may_set_priorities() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(effective.trim(), 16).unwrap() & (1 << 23) != 0
}

#[test]
fn want_of_real_time_priority_is_said_and_sound_goes_on() {
    let session = Session::start().unwrap();
    // Neither a limit nor a capability allows it, whoever runs the tests.
    let mut command = session.command("prlimit");
    command.args(["--rtprio=0", "--"]);
    if may_set_priorities() {
        command.args(["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", "--"]);
    }
    command.arg(binary());
    let rig = Rig::commanded(session, &command);
    rig.wait_state("running");
    rig.wait_in_place();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let lacking = |row: &ProblemRow| row.known == Some(Problem::RealtimePriority);
    eventually("the problem", || rig.problem_rows().iter().any(lacking));
    assert!(rig.problem_rows()[0].text.contains("rtkit"), "{:?}", rig.problem_rows());
    let health = rig.block(rig.control().health()).unwrap();
    assert_eq!(dict_bool(&health, "realtime"), Some(false));
    let cycles = rig.health("cycles");
    eventually("cycles", || rig.health("cycles") > cycles + 20);
}

/// Something that wants a whole processor, and takes it before the data thread gets any.
struct Hog {
    child: std::process::Child,
    /// Commands that give the thread back what it had.
    amends: Vec<Command>,
}

impl Hog {
    /// Leaves the service's data thread what this process does not want of the first processor.
    fn against(rig: &Rig) -> Self {
        let pid = rig.service.pid();
        let thread = thread_of(pid, "data-loop").to_string();
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/{file}")).unwrap()
        };
        let status = read("status");
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let processors = allowed.unwrap().trim();
        let first = processors.split([',', '-']).next().unwrap();
        // Fields 40 and 41 of proc(5), counted from behind the name.
        let stat = read("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let policy = match fields[38] {
            "1" => "--fifo",
            "2" => "--rr",
            _ => "--other",
        };
        let command = |program: &str, arguments: &[&str]| {
            let mut command = rig.session.command(program);
            command.args(arguments);
            command
        };
        let amends = vec![
            command("taskset", &["--pid", "--cpu-list", processors, &thread]),
            command("chrt", &["--reset-on-fork", policy, "--pid", fields[37], &thread]),
        ];
        let idle = command("chrt", &["--reset-on-fork", "--idle", "--pid", "0", &thread]);
        let pinned = command("taskset", &["--pid", "--cpu-list", first, &thread]);
        for mut command in [idle, pinned] {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        let mut hog = command("taskset", &["--cpu-list", first]);
        hog.args(["sh", "-c", "while :; do :; done"]);
        Self { child: hog.spawn().unwrap(), amends }
    }

    /// Lets go of the processor; returns the player, or another one in its place.
    fn end(mut self, rig: &Rig, player: Player) -> Player {
        self.stop();
        if may_set_priorities() {
            for command in &mut self.amends {
                let output = command.output().unwrap();
                assert!(output.status.success(), "{output:?}");
            }
            return player;
        }
        // A thread that was made idle stays so, then; the next connection brings another one.
        drop(player);
        rig.session.restart_pipewire().unwrap();
        rig.session.player(noise()).app("Firefox").looping().start().unwrap()
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn a_starved_data_thread_is_lifted_off_the_graph_and_comes_back() {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    rig.wait_route(&player, "processed");
    let hog = Hog::against(&rig);
    let began = Instant::now();
    rig.wait_state("safe-mode");
    println!("starved: lifted after {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(rig.problems(), ["starved"]);
    assert!(rig.block(rig.control().bypass()).unwrap());
    // Sound goes on, although nothing of ours gets the processor.
    rig.wait_linked(&player, DEVICE);
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    recorder.wait_more(RATE_HZ, PATIENCE).unwrap();
    drop(recorder.stop().unwrap());
    // The way back, although it will not do for long.
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_linked(&player, "headroom");
    rig.wait_state("safe-mode");
    rig.wait_linked(&player, DEVICE);
    // With a processor to itself, it comes back after its quiet time, and stays.
    let player = hog.end(&rig, player);
    rig.wait_state("running");
    rig.wait_linked(&player, "headroom");
    assert!(rig.problems().is_empty());
    assert!(rig.health("starved-cycles") > 0);
    let cycles = rig.health("cycles");
    eventually("cycles", || rig.health("cycles") > cycles + 200);
    assert_eq!(rig.state(), "running");
}

#[test]
fn starved_for_the_third_time_it_stays_away_until_it_is_wanted() {
    // The longest quiet time, and some.
    const QUIET: Duration = Duration::from_secs(90);
    let mut rig = Rig::start();
    let mut player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    for quiet_s in [15, 60] {
        rig.wait_linked(&player, "headroom");
        let hog = Hog::against(&rig);
        rig.wait_state("safe-mode");
        assert_eq!(rig.problems(), ["starved"]);
        let left = Instant::now();
        player = hog.end(&rig, player);
        headroom_testkit::session::wait_until("the way back", QUIET, || rig.state() == "running")
            .unwrap();
        let away = left.elapsed().as_secs_f64();
        println!("starved: back after {away:.1} s");
        assert!(away > f64::from(quiet_s) - 5.0, "{away} s, not {quiet_s} s");
    }
    rig.wait_linked(&player, "headroom");
    let hog = Hog::against(&rig);
    eventually("safe mode", || rig.problems() == ["safe-mode"]);
    let player = hog.end(&rig, player);
    eventually("safe mode still", || rig.state() == "safe-mode");
    rig.wait_linked(&player, DEVICE);
    let problem = rig.problem_rows().remove(0).known;
    assert_eq!(problem, Some(Problem::SafeMode { cause: SafeModeCause::Starved }));
    rig.service.terminate(PATIENCE).unwrap();
    rig.revive();
    rig.wait_state("safe-mode");
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_state("running");
    rig.wait_linked(&player, "headroom");
    assert!(rig.problems().is_empty());
}
