//! When nobody plays, nothing of ours runs.

use std::{fs, thread, time::Duration};

use headroom_api::ScheduleRow;
use headroom_testkit::signals;

use crate::rig::*;

/// How often each thread of a process was put to sleep of its own will, by thread.
fn naps(pid: u32) -> Vec<(String, u64)> {
    let mut naps: Vec<_> = fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .flatten()
        .filter_map(|task| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let field = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name))?;
                line.split_whitespace().last()
            };
            let name = format!("{} {}", field("Name:")?, field("Pid:")?);
            Some((name, field("voluntary_ctxt_switches:")?.parse().ok()?))
        })
        .collect();
    naps.sort();
    naps
}

#[test]
fn an_idle_service_never_wakes_up() {
    const WATCHED: Duration = Duration::from_secs(3);
    let rig = Rig::start();
    // What goes by the clock, or by the Night Light, waits for it without a look.
    let night = ScheduleRow {
        from: Some("22:00".into()),
        to: Some("21:00".into()),
        ..ScheduleRow::default()
    };
    let night_light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
    for (profile, row) in [("night", night), ("speech", night_light)] {
        rig.block(rig.control().set_schedule(profile, row.to_dict())).unwrap();
    }
    let (pid, guardian) = (rig.service.pid(), rig.wait_guarded(None));
    // Once it has played: what is idle must have come to rest again, not just never have begun.
    let material = vec![signals::gaussian_noise(4_800, 0.3, 1); 2];
    let player = rig.session.player(material).app("Firefox").start().unwrap();
    player.wait_drained(PATIENCE).unwrap();
    player.stop(&rig.session).unwrap();
    // Not a wait for something to happen: this long, nothing may. Others may still do something, as
    // WirePlumber does when it saves what it knows of the stream; who wakes by himself does it always.
    let mut woken = Vec::new();
    let rested = (0..5).any(|_| {
        let before = [naps(pid), naps(guardian)];
        thread::sleep(WATCHED);
        let after = [naps(pid), naps(guardian)];
        let quiet = before == after;
        woken.push((before, after));
        quiet
    });
    assert!(rested, "a thread woke up within each {WATCHED:?}: {woken:?}");
}

#[test]
fn a_stream_that_is_not_playing_does_not_keep_the_chain_running() {
    let rig = Rig::start();
    let material = vec![signals::gaussian_noise(4_800, 0.3, 1); 2];
    let player = rig.session.player(material).app("Firefox").start().unwrap();
    rig.wait_linked(&player, "headroom");
    player.stop(&rig.session).unwrap();
    eventually("an idle device", || {
        rig.session.dump().is_ok_and(|graph| {
            ["headroom", "headroom.output", DEVICE]
                .iter()
                .all(|name| graph.node(name).is_some_and(|node| node.state != "running"))
        })
    });
    let cycles = rig.health("cycles");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(rig.health("cycles"), cycles);
}
