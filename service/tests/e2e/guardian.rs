//! A service that is stopped, hung or killed costs no sound: its guardian gives it back.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use headroom_testkit::{
    session::{Player, Signal},
    signals,
};
use rustix::process::{Pid, kill_process};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
/// How long a stop, or a dead data thread, may be heard.
const LONGEST_SILENCE: Duration = Duration::from_millis(1_200);

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(RATE_HZ, 0.1, 1), signals::gaussian_noise(RATE_HZ, 0.1, 2)]
}

/// A session in which something plays through the service, under a guardian's eyes.
fn playing() -> (Rig, Player) {
    let rig = Rig::start();
    rig.wait_guarded(None);
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    rig.wait_route(&player, "processed");
    (rig, player)
}

/// Does something to the service that silences it; returns for how long it is heard once it is done.
fn silence_after(rig: &Rig, player: &Player, act: impl FnOnce()) -> Duration {
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    act();
    let acted_ns = now_ns();
    rig.wait_linked(player, DEVICE);
    recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    let recording = recorder.stop().unwrap();
    let sounds = |frame: &usize| recording.channels.iter().any(|it| it[*frame].abs() > 1e-9);
    let sounding = (0..recording.frames()).filter(sounds);
    let mut times: Vec<i64> = sounding.filter_map(|frame| recording.time_ns(frame)).collect();
    // What had been played by then and what came of it later, and the longest gap between.
    let begin = times.partition_point(|time| *time < acted_ns);
    times.drain(..begin.saturating_sub(1));
    times[0] = times[0].max(acted_ns);
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    Duration::from_nanos(gaps.max().unwrap().try_into().unwrap())
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

fn kill(process: u32) {
    let id = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(id, Signal::KILL).unwrap();
}

#[test]
fn stopped_service_gives_sound_back_and_protects_once_it_runs() {
    const TRIES: usize = 20;
    let (rig, player) = playing();
    let process = rig.service.pid();
    let mut silences: Vec<Duration> = (0..TRIES)
        .map(|_| {
            let stop = || rig.service.signal(Signal::STOP).unwrap();
            let silence = silence_after(&rig, &player, stop);
            eventually("clean metadata", || rig.targets().is_empty());
            rig.service.signal(Signal::CONT).unwrap();
            rig.wait_linked(&player, "headroom");
            rig.wait_route(&player, "processed");
            silence
        })
        .collect();
    silences.sort();
    let (median, worst) = (silences[TRIES / 2], silences[TRIES - 1]);
    println!("SIGSTOP, {TRIES} tries: median {median:?}, worst {worst:?} without sound");
    assert!(median <= LONGEST_SILENCE, "{silences:?}");
    assert_eq!(rig.service.pid(), process, "nothing was ended");
    assert!(rig.service.is_running());
    assert_eq!(rig.failures(), 0);
}

#[test]
fn service_without_a_data_thread_is_ended_and_sound_goes_on() {
    shortest("data thread gone, without sound", LONGEST_SILENCE, || {
        let (rig, player) = playing();
        let silence = silence_without_data_thread(&rig, &player);
        rig.service.wait(PATIENCE).unwrap();
        assert!(rig.service.log().contains("data thread is gone"), "{}", rig.service.log());
        silence
    });
}

fn silence_without_data_thread(rig: &Rig, player: &Player) -> Duration {
    let thread = thread_of(rig.service.pid(), "data-loop").to_string();
    silence_after(rig, player, || {
        let mut command = rig.session.command("gdb");
        // exit(2), of that thread alone: call 60 on x86-64, 93 elsewhere.
        let exit = if cfg!(target_arch = "x86_64") { 60 } else { 93 };
        command.args(["-nx", "-batch", "-p", &thread, "-ex"]);
        command.arg(format!("call (long) syscall({exit}, 0)"));
        // It fails at the end: the thread that was to answer is gone.
        command.output().unwrap();
    })
}

#[test]
fn killed_guardian_costs_nothing_and_another_one_takes_over() {
    let (rig, player) = playing();
    let first = rig.wait_guarded(None);
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    let killed_ns = now_ns();
    kill(first);
    rig.wait_guarded(Some(first));
    eventually("no corpse of it", || !is_there(first));
    recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    let silence = longest_silence(&recorder.stop().unwrap(), killed_ns);
    assert!(silence < Duration::from_millis(150), "{silence:?}");
    rig.wait_route(&player, "processed");
    // It knows that something plays.
    let stop = || rig.service.signal(Signal::STOP).unwrap();
    let silence = silence_after(&rig, &player, stop);
    println!("SIGSTOP under the second guardian: {silence:?} without sound");
    rig.service.signal(Signal::CONT).unwrap();
    rig.wait_linked(&player, "headroom");
}

#[test]
fn killed_service_leaves_clean_metadata_and_no_guardian() {
    let rig = Rig::start();
    let guardian = rig.wait_guarded(None);
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let bypassed = rig.session.player(noise()).app("Player").looping().start().unwrap();
    let processed = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&bypassed, DEVICE);
    rig.wait_linked(&processed, "headroom");
    eventually("a target for each", || rig.targets().len() == 2);
    let killed = Instant::now();
    kill(rig.service.pid());
    eventually("clean metadata", || rig.targets().is_empty());
    println!("kill -9: clean metadata was seen after {:?}", killed.elapsed());
    eventually("the guardian's end", || !is_there(guardian));
    rig.wait_linked(&bypassed, DEVICE);
    rig.wait_linked(&processed, DEVICE);
}

#[test]
fn guardian_ends_with_a_service_that_is_told_to_end() {
    let rig = Rig::start();
    let guardian = rig.wait_guarded(None);
    rig.service.terminate(PATIENCE).unwrap();
    eventually("the guardian's end", || !is_there(guardian));
    assert!(!rig.service.log().contains("took back"), "{}", rig.service.log());
}

#[test]
fn traced_service_is_left_to_its_debugger() {
    let (rig, player) = playing();
    let sink = rig.session.dump().unwrap().node("headroom").unwrap().serial;
    let mut command = rig.session.command("gdb");
    let process = rig.service.pid().to_string();
    // Longer than any hang is put up with.
    command.args(["-nx", "-batch", "-p", &process, "-ex", "shell sleep 4"]);
    assert!(command.output().unwrap().status.success());
    rig.wait_linked(&player, "headroom");
    let cycles = rig.health("cycles");
    eventually("cycles", || rig.health("cycles") > cycles + 20);
    let graph = rig.session.dump().unwrap();
    assert_eq!(graph.node("headroom").unwrap().serial, sink, "it was thrown out");
}

#[test]
fn service_that_waits_for_pipewire_is_well() {
    let (rig, _player) = playing();
    let process = rig.service.pid();
    rig.session.kill_pipewire();
    rig.wait_state("waiting");
    // Not a wait for something to happen: longer than any hang is put up with, nothing may.
    std::thread::sleep(2 * LONGEST_SILENCE);
    rig.session.start_pipewire().unwrap();
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    assert!(rig.service.is_running() && rig.service.pid() == process);
    rig.wait_guarded(None);
}

#[test]
fn service_without_a_guardian_starts_none() {
    let rig = Rig::unguarded();
    assert_eq!(rig.guardian(), None);
}
