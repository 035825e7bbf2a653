//! A service that dies or hangs is started again, and the sound does not wait for it.

use std::time::{Duration, Instant};

use headroom_api::dict_u32;
use headroom_testkit::session::wait_for;

use crate::rig::*;

/// How long the device may be without sound when the service goes, or comes.
const LONGEST_SILENCE: Duration = Duration::from_millis(150);
/// The same when it is stopped: the guardian comes before the watchdog.
const GUARDED_SILENCE: Duration = Duration::from_millis(1_200);
/// Unclean ends within a minute after which the service starts in safe mode.
const UNCLEAN_ENDS: u32 = 3;

/// Sends the service a signal, as systemd does to a process of a unit.
fn signal(rig: &Rig, signal: &str) {
    rig.login
        .systemctl(&["kill", &format!("--signal={signal}"), "--kill-whom=main", UNIT])
        .unwrap();
}

fn wait_restarts(rig: &Rig, restarts: &str) {
    eventually(&format!("restart {restarts}"), || {
        rig.property("NRestarts") == restarts && rig.property("ActiveState") == "active"
    });
}

/// Returns a number of the unit's, in the unit that it is given.
fn number(key: &str) -> u32 {
    let unit = unit();
    let value = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("the unit has no {key}")).parse().unwrap()
}

#[test]
fn killed_service_comes_back_and_sound_does_not_wait() {
    let rig = Rig::started();
    let player = rig.player();
    rig.wait_linked(&player, "headroom");
    let recorder = rig.login.session().record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    let (killed, killed_ns) = (Instant::now(), now_ns());
    signal(&rig, "KILL");
    rig.wait_linked(&player, DEVICE);
    wait_restarts(&rig, "1");
    rig.wait_protecting();
    rig.wait_linked(&player, "headroom");
    let back = killed.elapsed();
    recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    let silence = longest_silence(&recorder.stop().unwrap(), killed_ns);
    println!("kill -9: {silence:.1?} without sound, protected again after {back:.1?}");
    assert!(silence <= LONGEST_SILENCE, "{silence:?} of silence");
}

#[test]
fn a_hung_service_is_killed_by_the_watchdog_and_started_again() {
    let rig = Rig::started();
    let player = rig.player();
    rig.wait_linked(&player, "headroom");
    let recorder = rig.login.session().record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    let (hung, hung_ns) = (Instant::now(), now_ns());
    signal(&rig, "STOP");
    eventually("the watchdog", || rig.property("Result") == "watchdog");
    let noticed = hung.elapsed();
    wait_restarts(&rig, "1");
    rig.wait_protecting();
    rig.wait_linked(&player, "headroom");
    let back = hung.elapsed();
    recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    let silence = longest_silence(&recorder.stop().unwrap(), hung_ns);
    println!(
        "SIGSTOP: killed after {noticed:.1?}, {silence:.1?} without sound, protected again after {back:.1?}"
    );
    assert!(silence <= GUARDED_SILENCE, "{silence:?} of silence");
}

#[test]
fn a_service_that_is_well_is_left_alone_by_the_watchdog() {
    let rig = Rig::started();
    let pid = rig.property("MainPID");
    let watchdog = Duration::from_secs(number("WatchdogSec").into());
    let recorder = rig.login.session().record(DEVICE).unwrap();
    let frames = (watchdog.as_secs() as usize + 2) * RATE_HZ;
    recorder.wait_frames(frames, 2 * watchdog + PATIENCE).unwrap();
    assert_eq!((rig.property("MainPID"), rig.property("NRestarts")), (pid, "0".into()));
}

#[test]
fn the_services_own_safe_mode_comes_before_systemds_limit() {
    let rig = Rig::started();
    for end in 1..=UNCLEAN_ENDS {
        signal(&rig, "ABRT");
        wait_restarts(&rig, &end.to_string());
        if end < UNCLEAN_ENDS {
            rig.wait_state("running");
        }
    }
    rig.wait_state("safe-mode");
    assert!(rig.block(rig.control().bypass()).unwrap());
    assert_eq!(dict_u32(&rig.health(), "failures"), Some(UNCLEAN_ENDS));
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_protecting();
    // The way back is one for good: the next start is an ordinary one.
    rig.login.systemctl(&["restart", UNIT]).unwrap();
    rig.wait_state("running");
}

#[test]
fn systemds_limit_is_beyond_safe_mode_and_can_be_reached() {
    let (burst, interval_s) = (number("StartLimitBurst"), number("StartLimitIntervalSec"));
    // Starts in safe mode must have a chance as well: as many again.
    assert!(burst > 2 * (UNCLEAN_ENDS + 1), "{burst} starts");
    let (restart_s, watchdog_s) = (number("RestartSec"), number("WatchdogSec"));
    assert!(burst * restart_s < interval_s, "a service that cannot start is tried for ever");
    // Hangs count as well: that many are found within the minute of the service's rule.
    assert!(UNCLEAN_ENDS * (watchdog_s + restart_s) < 60, "hangs do not lead to safe mode");
}

#[test]
fn a_service_that_was_stopped_stays_so_and_leaves_the_sound_on() {
    let rig = Rig::started();
    let player = rig.player();
    rig.wait_linked(&player, "headroom");
    let recorder = rig.login.session().record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    let stopped_ns = now_ns();
    rig.login.systemctl(&["stop", UNIT]).unwrap();
    rig.wait_linked(&player, DEVICE);
    recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    let silence = longest_silence(&recorder.stop().unwrap(), stopped_ns);
    println!("stop: {silence:.1?} without sound");
    assert!(silence <= LONGEST_SILENCE, "{silence:?} of silence");
    assert_eq!(
        (rig.property("ActiveState"), rig.property("Result")),
        ("inactive".into(), "success".into())
    );
    assert!(!rig.has_owner());
}

#[test]
fn the_sound_server_may_be_restarted_under_the_service() {
    let rig = Rig::started();
    let pid = rig.property("MainPID");
    rig.login.systemctl(&["restart", "pipewire.service"]).unwrap();
    rig.login.session().wait_managed().unwrap();
    rig.wait_protecting();
    assert_eq!(rig.property("MainPID"), pid, "the service was restarted as well");
    wait_for("protected sound", PATIENCE, || {
        Some(assert_held(&rig.pass_hostile().recording, "anew"))
    })
    .unwrap();
}
