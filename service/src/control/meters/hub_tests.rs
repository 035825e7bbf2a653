//! Tests of the hub: no bus, no PipeWire, no clock.

use super::*;
use crate::{
    control::meters::fake::{FakeTap, reading},
    rt::GuardSlot,
};
use headroom_api::FLOOR_DB;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

const STREAM: u64 = 42;
const TICK: Duration = Duration::from_millis(5);

fn client(n: usize) -> OwnedUniqueName {
    OwnedUniqueName::try_from(format!(":1.{n}")).unwrap()
}

fn gauge(body: &Body, name: &str) -> f64 {
    let streams = body.streams.iter().flat_map(|(_, row)| row.0.entries());
    let mut found = body.bus.0.entries().into_iter().chain(streams);
    found.find(|(known, _)| *known == name).unwrap().1
}

/// A hub with a clock of its own, a bus chain and one tapped stream.
struct Bench {
    hub: Hub,
    now: Instant,
    tap: FakeTap,
    /// What lies there to be read, and what piles up behind it.
    slot: Option<MeterFrame>,
    frame: Option<MeterFrame>,
    answering: bool,
    rounds: usize,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        let (mut hub, tap) = (Hub::new(now), FakeTap::default());
        hub.set_rate_hz(48_000);
        hub.set_bus(Some(GuardSlot::default()));
        hub.set_tap(STREAM, Box::new(tap.clone()), now);
        Self { hub, now, tap, slot: None, frame: None, answering: true, rounds: 0 }
    }

    /// What the data thread leaves: a level on the bus and on the stream.
    fn play(&mut self, amplitude: f32) {
        let level = 20.0 * amplitude.log10();
        self.frame = Some(MeterFrame {
            input_peak_dbfs: self.frame.map_or(level, |frame| frame.input_peak_dbfs.max(level)),
            ..MeterFrame::default()
        });
        if self.slot.is_none() {
            self.slot = self.frame.take();
        }
        self.tap.hear(reading(amplitude, 240));
    }

    /// Lets time pass; returns the mail of each client.
    fn run(&mut self, time: Duration, amplitude: f32) -> BTreeMap<String, Vec<Body>> {
        let mut mail: BTreeMap<String, Vec<Body>> = BTreeMap::new();
        let end = self.now + time;
        while self.now < end {
            self.now += TICK;
            self.play(amplitude);
            if self.hub.wake_at().is_some_and(|at| at <= self.now) {
                self.rounds += 1;
                if self.hub.has_readers() {
                    self.hub.drain(self.slot.take(), self.now);
                }
                let round = self.hub.round(0, self.now);
                for (client, body) in round.mail {
                    mail.entry(client.to_string()).or_default().push(body);
                }
                for (client, probe) in round.probes {
                    if self.answering && probe == Probe::Ping {
                        self.hub.answered(&client, self.now);
                    }
                }
            }
        }
        mail
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn without_a_reader_there_is_nothing_to_do() {
    let mut bench = Bench::new();
    assert_eq!(bench.hub.wake_at(), None);
    assert!(!bench.hub.has_readers());
    bench.hub.subscribe(client(1), None, 30.0, bench.now).unwrap();
    assert!(bench.hub.has_readers() && bench.hub.wake_at().is_some());
    bench.hub.unsubscribe(&client(1));
    assert_eq!(bench.hub.wake_at(), None);
}

#[test]
fn each_gets_its_own_rate_and_equal_rates_are_served_at_once() {
    let mut bench = Bench::new();
    for (n, hz) in [(1, 60.0), (2, 30.0), (3, 30.0), (4, 5.0), (5, 1.0)] {
        bench.hub.subscribe(client(n), None, hz, bench.now).unwrap();
        bench.run(7 * TICK, 0.1);
    }
    bench.run(SECOND, 0.1);
    bench.rounds = 0;
    let mail = bench.run(10 * SECOND, 0.1);
    for (n, expected) in [(1, 600), (2, 300), (3, 300), (4, 50), (5, 10)] {
        let count = mail[&format!(":1.{n}")].len();
        assert!(count.abs_diff(expected) <= 1, "client {n}: {count} instead of {expected}");
    }
    // All of these rates divide the fastest: nobody else costs a round.
    assert!(bench.rounds <= 605, "{}", bench.rounds);
}

#[test]
fn a_burst_between_two_readings_is_seen_by_everybody_once() {
    let mut bench = Bench::new();
    for (n, hz) in [(1, 60.0), (2, 7.0), (3, 1.0)] {
        bench.hub.subscribe(client(n), None, hz, bench.now).unwrap();
    }
    bench.run(2 * SECOND + 7 * TICK, 0.01);
    let mut mail = bench.run(TICK, 0.5);
    for (client, bodies) in bench.run(3 * SECOND, 0.01) {
        mail.entry(client).or_default().extend(bodies);
    }
    for (client, bodies) in mail {
        for name in ["input-peak-dbfs", "peak-dbfs"] {
            let levels: Vec<f64> = bodies.iter().map(|body| gauge(body, name)).collect();
            let seen = levels.iter().filter(|level| (**level - -6.02).abs() < 0.01).count();
            assert_eq!(seen, 1, "{client}: {name} {levels:?}");
            let rest = levels.iter().filter(|level| (**level - -40.0).abs() < 0.01).count();
            assert_eq!(rest, levels.len() - 1, "{client}: {name} {levels:?}");
        }
    }
}

#[test]
fn a_slow_reading_is_not_of_the_past() {
    let mut bench = Bench::new();
    bench.hub.subscribe(client(1), None, 1.0, bench.now).unwrap();
    bench.run(3 * SECOND, 0.01);
    // The data thread leaves one frame and keeps the rest until that has been taken.
    bench.run(SECOND / 2, 0.01);
    bench.run(20 * TICK, 0.5);
    let mail = bench.run(SECOND / 2, 0.01);
    assert!((gauge(&mail[":1.1"][0], "input-peak-dbfs") - -6.02).abs() < 0.01);
}

#[test]
fn who_does_not_answer_holds_up_nobody_and_catches_up_with_one_reading() {
    let mut bench = Bench::new();
    bench.hub.subscribe(client(1), None, 30.0, bench.now).unwrap();
    bench.run(2 * SECOND, 0.1);
    bench.answering = false;
    let stopped = bench.run(10 * SECOND, 0.1);
    assert!(stopped[":1.1"].len() <= 61, "{}", stopped[":1.1"].len());
    // Alone and held, it costs nothing at all.
    assert!(!bench.hub.has_readers());
    assert_eq!(bench.hub.wake_at(), None);
    // Others are served as ever, by then.
    bench.answering = true;
    bench.hub.subscribe(client(2), None, 30.0, bench.now).unwrap();
    let others = bench.run(2 * SECOND, 0.5);
    assert!(others[":1.2"].len() >= 56 && !others.contains_key(":1.1"));
    bench.hub.answered(&client(1), bench.now);
    let after = bench.run(SECOND, 0.1);
    assert!((29..=31).contains(&after[":1.1"].len()), "{}", after[":1.1"].len());
    assert!((gauge(&after[":1.1"][0], "peak-dbfs") - -6.02).abs() < 0.01, "the pause's own peak");
    assert!((gauge(&after[":1.1"][1], "peak-dbfs") - -20.0).abs() < 0.01);
}

#[test]
fn too_many_subscribers_are_refused_but_not_those_who_subscribe_again() {
    let mut bench = Bench::new();
    for n in 0..MAX_SUBSCRIPTIONS {
        assert!(bench.hub.subscribe(client(n), None, 10.0, bench.now).unwrap());
    }
    let error = bench.hub.subscribe(client(9_999), None, 10.0, bench.now).unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    assert!(!bench.hub.subscribe(client(3), None, 20.0, bench.now).unwrap());
}

#[test]
fn subscriptions_of_a_process_leave_room_to_others() {
    let mut bench = Bench::new();
    for n in 0..MAX_PROCESS_SUBSCRIPTIONS {
        assert!(bench.hub.subscribe(client(n), Some(7), 10.0, bench.now).unwrap());
    }
    let error = bench.hub.subscribe(client(90), Some(7), 10.0, bench.now).unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    assert!(!bench.hub.subscribe(client(0), Some(7), 20.0, bench.now).unwrap());
    assert!(bench.hub.subscribe(client(91), Some(8), 10.0, bench.now).unwrap());
    bench.hub.unsubscribe(&client(0));
    assert!(bench.hub.subscribe(client(90), Some(7), 10.0, bench.now).unwrap());
}

#[test]
fn a_single_reading_waits_for_what_is_on_its_way_and_no_longer() {
    let mut bench = Bench::new();
    let ask = |bench: &mut Bench| {
        let (reply, answer) = oneshot::channel();
        bench.hub.read_once(reply, bench.now);
        answer
    };
    let mut answer = ask(&mut bench);
    bench.run(Duration::from_millis(45), 0.5);
    let (bus, streams) = answer.try_recv().unwrap().unwrap();
    assert!((bus["input-peak-dbfs"] - -6.02).abs() < 0.01, "{bus:?}");
    assert_eq!(streams[0].0, STREAM);
    assert!((streams[0].1["peak-dbfs"] - -6.02).abs() < 0.01, "{streams:?}");
    // A tap that never comes is not waited for in vain.
    bench.hub.expect_taps([STREAM, 77]);
    let mut answer = ask(&mut bench);
    bench.run(Duration::from_millis(400), 0.5);
    assert!(answer.try_recv().is_err());
    bench.run(Duration::from_millis(250), 0.5);
    assert_eq!(answer.try_recv().unwrap().unwrap().1.len(), 1);
    assert_eq!(bench.hub.wake_at(), None);
}

#[test]
fn a_stream_that_goes_leaves_no_row() {
    let mut bench = Bench::new();
    bench.hub.subscribe(client(1), None, 30.0, bench.now).unwrap();
    let mail = bench.run(SECOND, 0.1);
    assert_eq!(mail[":1.1"].last().unwrap().streams.len(), 1);
    bench.hub.drop_tap(STREAM);
    let mail = bench.run(SECOND, 0.1);
    assert!(mail[":1.1"].iter().all(|body| body.streams.is_empty()));
    // Under the same id, another one begins anew.
    bench.hub.set_tap(STREAM, Box::new(FakeTap::default()), bench.now);
    let mail = bench.run(SECOND, 0.1);
    assert!(gauge(&mail[":1.1"][0], "peak-dbfs") <= FLOOR_DB);
}

#[test]
fn dues_lie_on_a_grid_and_always_ahead() {
    let epoch = Instant::now();
    for (after_ms, due_ms) in [(0, 100), (99, 100), (100, 200), (100_250, 100_300)] {
        let due = next_due(epoch, 10.0, epoch + Duration::from_millis(after_ms));
        assert_eq!(due, epoch + Duration::from_millis(due_ms));
    }
    for hz in [1.0, 7.0, 29.97, 30.0, 59.3, 60.0] {
        let mut at = epoch;
        for _ in 0..10_000 {
            let next = next_due(epoch, hz, at);
            let step_s = next.duration_since(at).as_secs_f64();
            assert!((step_s - 1.0 / hz).abs() < 2e-6, "{hz} Hz: {step_s} s");
            at = next;
        }
    }
}
