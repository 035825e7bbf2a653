//! Few open files cost gauges and levelling, never the protection, and never a word of truth.

use std::process::Command;

use headroom_api::{Problem, dict_str, names};
use headroom_testkit::{
    session::{Player, Session},
    signals,
};

use crate::rig::*;

/// A session whose cycles are long, for many streams on a busy machine, with the service under this
/// limit (soft and hard) of open files.
fn limited(limit: &str) -> Rig {
    let device = headroom_testkit::session::Device::new(DEVICE);
    let session = Session::builder().device(device).quantum(4_096).start().unwrap();
    let mut command: Command = session.command("prlimit");
    command.arg(format!("--nofile={limit}")).arg("--").arg(binary());
    let rig = Rig::commanded(session, &command);
    rig.wait_state("running");
    rig.wait_in_place();
    rig
}

/// So many applications that are loud together.
fn applications(rig: &Rig, count: usize) -> Vec<Player> {
    let material: Vec<Vec<f32>> =
        (1..=2).map(|seed| signals::gaussian_noise(48_000, 0.2, seed)).collect();
    let start = |n| {
        let name = format!("App {n}");
        let player = rig.session.player(material.clone()).app(&name).binary(&name);
        player.looping().at_once().start().unwrap()
    };
    (0..count).map(start).collect()
}

fn open_files(rig: &Rig) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", rig.service.pid())).unwrap().count()
}

/// Returns how many of the players' streams pass a chain of each kind.
fn chains(rig: &Rig, kind: &str) -> usize {
    rig.streams().iter().filter(|stream| dict_str(stream, "chain") == Some(kind)).count()
}

fn wait_protected(rig: &Rig, players: &[Player]) {
    rig.session
        .wait_for_graph("every stream on the bus", PATIENCE * 3, |graph| {
            let on_bus = |player: &Player| {
                let to = graph.target_names_behind(player.node_id(), names::APP_NODE_PREFIX);
                to.iter().filter(|name| **name != names::TAP_NODE).eq([&names::SINK_NODE])
            };
            players.iter().all(on_bus).then_some(())
        })
        .unwrap();
}

/// Asserts that so many applications are protected and told the truth with too few files for all, and that
/// the next one is levelled again when they have left.
fn assert_enough_for(apps: usize, files: usize) {
    let rig = limited(&files.to_string());
    // Gauges of all of them as well.
    rig.block(rig.control().subscribe_meters(20.0)).unwrap();
    let players = applications(&rig, apps);
    wait_protected(&rig, &players);
    eventually("the problem", || rig.problems() == ["chains-full"]);
    let row = rig.problem_rows().remove(0);
    let is_short = |problem: &Problem| match problem {
        Problem::ChainsFull { file_limit: Some(limit), apps, count, .. } => {
            // Not all of them can be named.
            *limit as usize == files && apps.len() == 5 && *count > 5
        }
        _ => false,
    };
    assert!(row.known.as_ref().is_some_and(is_short), "{row:?}");
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    recorder.wait_more(2 * 48_000, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "few files");
    let open = open_files(&rig);
    println!(
        "{files} files, {apps} apps: {open} open, {} in chains of their own, {} on the bus",
        chains(&rig, "app"),
        chains(&rig, "bus")
    );
    assert!(open + 6 < files, "{open} files are open");
    assert_eq!(rig.state(), "running");
    assert!(chains(&rig, "app") > 0 && chains(&rig, "app") + chains(&rig, "bus") == apps);
    // When they have left, the next one is levelled again.
    drop(players);
    let player = applications(&rig, 1);
    wait_protected(&rig, &player);
    eventually("a chain of its own", || chains(&rig, "app") == 1);
    eventually("nothing is wrong", || rig.problems().is_empty());
}

#[test]
fn few_open_files_leave_every_app_limited_and_say_so() {
    assert_enough_for(25, 256);
}

#[test]
fn hard_limit_of_1024_files_leaves_64_apps_limited() {
    assert_enough_for(64, 1_024);
}

#[test]
fn soft_limit_of_open_files_is_raised_for_64_apps() {
    let rig = limited("1024:4096");
    let players = applications(&rig, 64);
    wait_protected(&rig, &players);
    eventually("a chain for each", || chains(&rig, "app") == 64);
    println!("64 apps: {} files are open", open_files(&rig));
    assert!(open_files(&rig) > 1_024, "the test needs more than the soft limit");
    assert_eq!((rig.state(), rig.problems()), ("running".into(), Vec::new()));
}

#[test]
fn service_without_descriptors_says_so_and_recovers() {
    let rig = Rig::start();
    let pid = rig.service.pid();
    let first = applications(&rig, 1);
    wait_protected(&rig, &first);
    // From now on not one more.
    let limit = |files: &str| {
        let arguments = ["--pid", &pid.to_string(), &format!("--nofile={files}:")];
        rig.session.run("prlimit", &arguments).unwrap();
    };
    limit("20");
    let second = applications(&rig, 3);
    rig.wait_state("waiting");
    // Which of the two depends on what could not be had.
    let problems = rig.problems();
    assert!(problems == ["pipewire-away"] || problems == ["filter-failed"], "{problems:?}");
    limit("4096");
    rig.wait_state("running");
    wait_protected(&rig, &first);
    wait_protected(&rig, &second);
    assert_eq!(rig.service.pid(), pid);
    assert!(rig.service.is_running());
}
