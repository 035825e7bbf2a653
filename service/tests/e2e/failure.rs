//! What the service does about its own failures, and what it tells of itself.

use headroom_api::{dict_bool, dict_str, dict_u64};
use headroom_testkit::session::{Process, Session};

use crate::rig::*;

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
    let refused = std::process::Command::new(binary()).args(["--deployment", "a b"]).output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("PRESET/SCOPE/NAME"));
}

#[test]
fn a_hung_thread_of_pipewires_is_noticed_and_ends_the_service() {
    let rig = Rig::start();
    let strace = stall(&rig, thread_of(rig.service.pid(), "headroom-pw"));
    // The first question wakes the thread up, and that is where it stays.
    let health = rig.block(rig.control().health()).unwrap();
    assert_eq!(dict_bool(&health, "responding"), Some(false));
    eventually("the end", || rig.service.log().contains("does not answer any more"));
    // A process whose thread is held by a debugger cannot be gone before that one lets go.
    drop(strace);
    let status = rig.service.wait(PATIENCE).unwrap();
    assert_eq!(status.code(), Some(1), "{}", rig.service.log());
}
