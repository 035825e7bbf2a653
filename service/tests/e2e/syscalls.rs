//! What the data thread asks of the system while it plays.

use std::collections::BTreeSet;

use headroom_testkit::signals;

use crate::rig::*;

/// What PipeWire's own loop does between two cycles: wait to be woken, and wake the next node.
const LOOP_CALLS: [&str; 4] = ["epoll_wait", "epoll_pwait", "read", "write"];

#[test]
fn the_data_thread_calls_nothing_but_pipewires_own_wake_ups() {
    let rig = Rig::start();
    let material = vec![signals::gaussian_noise(48_000, 1.0, 1); 2];
    let player = rig.session.player(material).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    // With meters on, which is when it does the most.
    rig.block(rig.control().subscribe_meters(30.0)).unwrap();
    // Once the tap is in its place: PipeWire's own calls to put a node there are no cycle's.
    eventually("the tap", || {
        let graph = rig.session.dump().unwrap();
        graph.target_names(player.node_id()).contains(&headroom_api::names::TAP_NODE)
            && rig
                .block(rig.control().get_meters())
                .unwrap()
                .1
                .iter()
                .any(|(_, gauges)| gauges["peak-dbfs"] > headroom_api::FLOOR_DB)
    });
    let thread = thread_of(rig.service.pid(), "data-loop");
    let cycles = rig.health("cycles");
    let log = rig.session.home().join("strace.log");
    let mut command = rig.session.command("strace");
    command.args(["-p", &thread.to_string(), "-o"]).arg(&log);
    let strace = rig.session.spawn(&command, "strace").unwrap();
    eventually("strace at work", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.lines().count() > 10)
    });
    let traced = rig.health("cycles");
    eventually("a hundred traced cycles", || rig.health("cycles") > traced + 100);
    strace.terminate(PATIENCE).unwrap();
    let log = std::fs::read_to_string(&log).unwrap();
    let calls: BTreeSet<&str> = log
        .lines()
        .filter(|line| !line.starts_with("---"))
        .filter_map(|line| line.split_once('(').map(|(call, _)| call.trim()))
        .filter(|call| !call.contains("restart_syscall") && !call.contains("strace"))
        .collect();
    let strange: Vec<_> = calls.iter().filter(|call| !LOOP_CALLS.contains(call)).collect();
    assert!(strange.is_empty(), "{strange:?} in\n{log}");
    assert!(calls.contains("write"), "nothing was traced: {log}");
    let waits = log.matches("epoll_").count();
    assert!(waits >= 100, "{waits} waits in {} cycles", rig.health("cycles") - cycles);
}
