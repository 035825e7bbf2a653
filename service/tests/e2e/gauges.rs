//! Gauges: everybody sees every peak, and who does not read costs nobody anything.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use headroom_api::{ControlProxy, FLOOR_DB, GaugeTable, StreamGaugeTable, names};
use headroom_testkit::{
    session::{Process, wait_for},
    signals,
};
use rustix::process::Signal;

use crate::rig::*;

const RATE_HZ: u32 = 48_000;

/// A steady tone that loops without a seam.
fn tone(amplitude: f64) -> Vec<Vec<f32>> {
    vec![signals::sine(RATE_HZ, RATE_HZ as usize, 1000.0, amplitude); 2]
}

/// The program of `examples/subscriber.rs`, which cargo builds with the package's tests.
fn subscriber(rig: &Rig, arguments: &[&str]) -> Process {
    let tests = std::env::current_exe().unwrap();
    let target: PathBuf = tests.ancestors().nth(2).unwrap().into();
    let program = target.join("examples/subscriber");
    assert!(program.exists(), "run `cargo build -p headroom-service --examples` before this alone");
    let mut command = rig.session.command(program);
    command.args(arguments);
    let process =
        rig.session.spawn(&command, &format!("subscriber-{}", arguments.join("-"))).unwrap();
    eventually("a subscriber's first readings", || times(&process).len() > 3);
    process
}

/// The times of all readings that a subscriber has printed, in µs.
fn times(process: &Process) -> Vec<u64> {
    let log = process.log();
    let lines = log.lines().skip(1);
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

fn now_usec() -> u64 {
    u64::try_from(now_ns() / 1000).unwrap()
}

/// Resident memory of the bus daemon, in KiB.
fn bus_memory_kib(rig: &Rig) -> u64 {
    let bus = rig.block(zbus::fdo::DBusProxy::new(rig.connection())).unwrap();
    let name = "org.freedesktop.DBus".try_into().unwrap();
    let pid = rig.block(bus.get_connection_unix_process_id(name)).unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn taps(rig: &Rig) -> usize {
    let graph = rig.session.dump().unwrap();
    graph.nodes.iter().filter(|node| node.name == names::TAP_NODE).count()
}

fn row(streams: &[StreamGaugeTable], id: u64) -> Option<&GaugeTable> {
    streams.iter().find(|(known, _)| *known == id).map(|(_, gauges)| gauges)
}

fn is_near(gauges: &GaugeTable, name: &str, expected_db: f64) -> bool {
    (gauges[name] - expected_db).abs() <= 0.5
}

#[test]
fn a_short_burst_is_seen_by_the_fast_and_by_the_slow() {
    const BURST_DBFS: f64 = -6.02;
    let rig = Rig::start();
    // So that what reaches the bus is what the stream plays.
    rig.block(rig.control().set_active_profile("transparent")).unwrap();
    let quiet = |frames: usize| signals::sine(RATE_HZ, frames, 1000.0, 0.01);
    let burst = signals::sine(RATE_HZ, 480, 1000.0, 0.5);
    let channel = [quiet(96_000), burst, quiet(144_000)].concat();
    let player = rig.session.player(vec![channel; 2]).app("Firefox").held().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    let address = rig.session.bus_address();
    let seen = rig.block(async {
        let slow = zbus::connection::Builder::address(address.as_str()).build().await.unwrap();
        let slow = ControlProxy::new(&slow).await.unwrap();
        let fast = ControlProxy::new(rig.connection()).await.unwrap();
        let mut slow_meters = slow.receive_meters().await.unwrap();
        let mut fast_meters = fast.receive_meters().await.unwrap();
        slow.subscribe_meters(1.0).await.unwrap();
        fast.subscribe_meters(60.0).await.unwrap();
        let mut seen = [(FLOOR_DB, FLOOR_DB); 2];
        let mut after = [0; 2];
        let mut rows = [false; 2];
        // The burst may come once both have a row for the stream; then until both have read on.
        while after.iter().any(|count| *count < 2) {
            let (who, signal) = tokio::select! {
                signal = slow_meters.next() => (0, signal.unwrap()),
                signal = fast_meters.next() => (1, signal.unwrap()),
            };
            let args = signal.args().unwrap();
            if let Some(gauges) = row(&args.streams, player.serial()) {
                rows[who] = true;
                seen[who].0 = seen[who].0.max(gauges["peak-dbfs"]);
            }
            seen[who].1 = seen[who].1.max(args.bus["input-peak-dbfs"]);
            if rows == [true; 2] {
                player.play();
            }
            after[who] += usize::from(player.is_finished());
        }
        seen
    });
    for (who, (stream, bus)) in ["slow", "fast"].into_iter().zip(seen) {
        assert!((stream - BURST_DBFS).abs() < 0.5, "{who}: the stream's peak was {stream}");
        assert!((bus - BURST_DBFS).abs() < 0.5, "{who}: the bus's peak was {bus}");
    }
}

/// Stops a subscriber for a while beside another one.
fn a_stopped_subscriber_costs_nothing(arguments: &[&str]) {
    const STOPPED: Duration = Duration::from_secs(8);
    /// Readings may go out for so long until it is clear that nobody reads them.
    const UNPROVEN_USEC: u64 = 2_500_000;
    let rig = Rig::start();
    let player = rig.session.player(tone(0.25)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    let other = subscriber(&rig, &["30"]);
    let stopped = subscriber(&rig, arguments);
    let (began, memory) = (Instant::now(), bus_memory_kib(&rig));
    let stopped_at = now_usec();
    stopped.signal(Signal::STOP).unwrap();
    let others_before = times(&other).len();
    // Not a wait for something to happen: this long, it does not read.
    thread::sleep(STOPPED);
    let others = times(&other).len() - others_before;
    let grown = bus_memory_kib(&rig).saturating_sub(memory);
    let went_on_at = now_usec();
    stopped.signal(Signal::CONT).unwrap();
    let rate = others as f64 / began.elapsed().as_secs_f64();
    assert!(rate > 24.0, "the other subscriber got {rate:.1} readings a second instead of 30");
    assert!(grown < 512, "the bus daemon has grown by {grown} KiB");
    eventually("readings after the pause", || {
        times(&stopped).iter().filter(|usec| **usec > went_on_at).count() > 10
    });
    let kept = times(&stopped)
        .into_iter()
        .filter(|usec| (stopped_at + UNPROVEN_USEC..went_on_at).contains(usec))
        .count();
    assert_eq!(kept, 0, "a backlog of the pause was kept for it");
}

#[test]
fn a_stopped_subscriber_that_answers_pings_costs_nothing() {
    a_stopped_subscriber_costs_nothing(&["60"]);
}

#[test]
fn a_stopped_subscriber_that_never_answers_costs_nothing() {
    a_stopped_subscriber_costs_nothing(&["60", "silent"]);
}

#[test]
fn who_answers_no_pings_but_reads_gets_every_reading() {
    let rig = Rig::start();
    let silent = subscriber(&rig, &["30", "silent"]);
    let (began, before) = (Instant::now(), times(&silent).len());
    // Well past the time for which a client is trusted without proof.
    thread::sleep(Duration::from_secs(6));
    let rate = (times(&silent).len() - before) as f64 / began.elapsed().as_secs_f64();
    assert!(rate > 24.0, "{rate:.1} readings a second instead of 30");
}

#[test]
fn taps_exist_while_somebody_living_is_subscribed() {
    let rig = Rig::start();
    let player = rig.session.player(tone(0.25)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    assert_eq!(taps(&rig), 0, "nobody has subscribed");
    let killed = subscriber(&rig, &["30"]);
    eventually("a tap", || taps(&rig) == 1);
    killed.kill();
    eventually("no tap", || taps(&rig) == 0);

    let control = rig.control();
    rig.block(control.subscribe_meters(10.0)).unwrap();
    eventually("a tap", || taps(&rig) == 1);
    let second = rig.session.player(tone(0.25)).app("mpv").looping().start().unwrap();
    eventually("two taps", || taps(&rig) == 2);
    second.stop(&rig.session).unwrap();
    eventually("one tap", || taps(&rig) == 1);
    rig.block(control.unsubscribe_meters()).unwrap();
    eventually("no tap", || taps(&rig) == 0);
    // What was tapped plays on where it was.
    rig.wait_linked(&player, names::SINK_NODE);
}

#[test]
fn a_stream_is_measured_on_every_route() {
    // A sine of this amplitude: its peak, and 3.01 dB under it its RMS.
    const AMPLITUDE: f64 = 0.25;
    const PEAK_DBFS: f64 = -12.04;
    const RMS_DBFS: f64 = -15.05;
    let rig = Rig::start();
    rig.block(rig.control().set_route("mpv", "bypass")).unwrap();
    let play = |app: &str| rig.session.player(tone(AMPLITUDE)).app(app).looping();
    let processed = play("Firefox").start().unwrap();
    let bypassed = play("mpv").start().unwrap();
    let pinned = play("Krita").target(DEVICE).start().unwrap();
    rig.wait_route(&processed, "processed");
    rig.wait_route(&bypassed, "bypass");
    rig.wait_route(&pinned, "unmanaged");
    let control = rig.control();
    rig.block(control.subscribe_meters(20.0)).unwrap();
    for player in [&processed, &bypassed, &pinned] {
        let mut last = None;
        wait_for("a row with the stream's levels", PATIENCE, || {
            let (_, streams) = rig.block(control.get_meters()).unwrap();
            last = row(&streams, player.serial()).cloned();
            let gauges = last.as_ref()?;
            let right = is_near(gauges, "peak-dbfs", PEAK_DBFS)
                && is_near(gauges, "rms-dbfs", RMS_DBFS)
                && gauges["level-db"].abs() < 1e-9;
            right.then_some(())
        })
        .unwrap_or_else(|error| panic!("{error}: {last:?}"));
    }
}

#[test]
fn a_single_reading_has_the_streams_and_leaves_no_tap() {
    let rig = Rig::start();
    let player = rig.session.player(tone(0.25)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    eventually("a row with a level", || {
        let (_, streams) = rig.block(rig.control().get_meters()).unwrap();
        row(&streams, player.serial()).is_some_and(|gauges| is_near(gauges, "peak-dbfs", -12.04))
    });
    eventually("no tap", || taps(&rig) == 0);
}
