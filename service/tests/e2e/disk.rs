//! Nobody waits for a disk but who wants to be certain, and a slider costs it next to nothing.

use std::time::{Duration, Instant};

use headroom_api::{Treatment, TreatmentRow};
use headroom_testkit::{session::Process, signals};
use zbus::Variant;

use crate::rig::*;

const CEILING_KEY: &str = "limiter.ceiling_dbtp";
/// Longer than any call may take while the disk hangs: half of what it hangs for.
const SOON: Duration = Duration::from_secs(15);

/// Follows what the writer thread asks of the disk, in a log.
fn trace(rig: &Rig, arguments: &[&str]) -> (Process, std::path::PathBuf) {
    let thread = thread_of(rig.service.pid(), "headroom-writer").to_string();
    let log = rig.session.home().join("writer.log");
    let mut command = rig.session.command("strace");
    command.args(["-p", &thread]).args(arguments).arg("-o").arg(&log);
    let strace = rig.session.spawn(&command, "strace").unwrap();
    let status = format!("/proc/{}/task/{thread}/status", rig.service.pid());
    eventually("strace at work", || {
        std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("TracerPid:\t0"))
    });
    (strace, log)
}

fn set_ceiling(rig: &Rig, ceiling_dbtp: f64) {
    rig.block(rig.control().set_setting(CEILING_KEY, &Variant::from(ceiling_dbtp))).unwrap();
}

#[test]
fn slider_costs_the_disk_a_few_writes_a_second() {
    const VALUES: u32 = 1_000;
    const EVERY: Duration = Duration::from_millis(2);
    let rig = Rig::start();
    let (strace, log) = trace(&rig, &["-e", "trace=fsync,fdatasync"]);
    let control = rig.control();
    let begin = Instant::now();
    let (mut slowest, mut last_dbtp) = (Duration::ZERO, 0.0);
    for number in 0..VALUES {
        last_dbtp = -1.0 - f64::from(number) / 1_024.0;
        let asked = Instant::now();
        rig.block(control.set_setting(CEILING_KEY, &Variant::from(last_dbtp))).unwrap();
        slowest = slowest.max(asked.elapsed());
        std::thread::sleep((EVERY * (number + 1)).saturating_sub(begin.elapsed()));
    }
    let took = begin.elapsed();
    // As many digits as the setting has.
    let last = (last_dbtp as f32).to_string();
    eventually("the last value in the file", || rig.kept().contains(&last));
    strace.terminate(PATIENCE).unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    let syncs = log.lines().filter(|line| line.contains("sync(")).count();
    println!(
        "slider: {syncs} fsyncs for {VALUES} values in {took:.1?}; slowest call {slowest:.1?}"
    );
    // Two for each write: the file's, and its folder's. The first value, and the last, have one of their own.
    let most = 2 * (took.as_millis() / 250 + 2);
    assert!(syncs as u128 <= most, "{syncs} fsyncs, more than {most}");
    assert!(syncs > 0, "nothing was traced: {log}");
}

#[test]
fn hung_disk_costs_nobody_anything() {
    let rig = Rig::start();
    let player =
        rig.session.player(vec![signals::gaussian_noise(48_000, 0.1, 1); 2]).app("Firefox");
    let player = player.looping().start().unwrap();
    rig.wait_route(&player, "processed");
    let (strace, _) = trace(&rig, &["-e", "inject=fsync:delay_enter=30000000:when=1"]);
    let begin = Instant::now();
    for number in 0..20 {
        set_ceiling(&rig, -1.0 - f64::from(number) / 8.0);
    }
    let value = rig.block(rig.control().get_setting(CEILING_KEY)).unwrap();
    assert_eq!(f64::try_from(value).unwrap().to_string(), "-3.375");
    rig.block(rig.control().set_bypass(true)).unwrap();
    rig.wait_linked(&player, DEVICE);
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_linked(&player, "headroom");
    let took = begin.elapsed();
    println!("hung disk: 20 settings and two re-links in {took:.1?}");
    assert!(took < SOON, "{took:?}");
    assert!(rig.kept().is_empty(), "the disk did not hang");
    eventually("the newest value in the file", || rig.kept().contains("-3.375"));
    drop(strace);
}

#[test]
fn acknowledged_choice_survives_the_death_of_the_service() {
    let mut rig = Rig::start();
    for number in 0..3 {
        let app = format!("App {number}");
        rig.block(rig.control().set_treatment(&app, "leave-alone", 0.0)).unwrap();
        rig.service.kill();
        rig.revive();
        let chosen = rig.block(rig.control().treatments()).unwrap();
        let row = TreatmentRow::from_dict(&chosen[&app]);
        assert_eq!(row.treatment.known(), Some(Treatment::LeaveAlone));
    }
}

#[test]
fn setting_of_a_moment_ago_survives_a_clean_end() {
    let mut rig = Rig::start();
    for number in 0..10 {
        set_ceiling(&rig, -1.0 - f64::from(number) / 2.0);
    }
    rig.service.terminate(PATIENCE).unwrap();
    rig.restart();
    let value = rig.block(rig.control().get_setting(CEILING_KEY)).unwrap();
    assert_eq!(f64::try_from(value).unwrap().to_string(), "-5.5");
}
