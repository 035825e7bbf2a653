//! Whether the data thread keeps up, and what follows when it does not; pure.
//!
//! While something processed plays, the daemon takes a [`Sample`] every second. A second is bad when
//! at least a tenth of its cycles were starved. Three bad ones within ten, and Headroom takes itself
//! off the graph for a while; the third time within ten minutes, for good.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::rt::VitalsSnapshot;

/// Time between two samples.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Samples that are looked at together ...
const WINDOW: usize = 10;
/// ... and how many of them may not be bad.
const BAD_LIMIT: usize = 3;
/// A second is bad when one cycle in so many was starved ...
const BAD_SHARE: u64 = 10;
/// ... and at least so many were.
const BAD_LEAST: u64 = 2;
/// Quiet times after the first and the second time.
const QUIET: [Duration; 2] = [Duration::from_secs(15), Duration::from_mins(1)];
/// Times that lie further back count no more.
const MEMORY: Duration = Duration::from_mins(10);

/// What is known of the data thread at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Its counters.
    pub vitals: VitalsSnapshot,
    /// How long it has waited for a processor, in ns; 0 when the kernel does not tell.
    pub waited_ns: u64,
    /// Whether it runs, or would if it were given a processor.
    pub runnable: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// Leave the graph, and come back later by itself.
    Withdraw,
    /// Leave the graph for good.
    GiveUp,
}

/// The judge.
#[derive(Debug, Default)]
pub struct Starvation {
    last: Option<Sample>,
    bad: VecDeque<bool>,
    withdrawals: Vec<Instant>,
    back_at: Option<Instant>,
    starved_cycles: u64,
}

impl Starvation {
    /// Judges by a new sample.
    pub fn judge(&mut self, now: Instant, sample: Sample) -> Verdict {
        let Some(last) = self.last.replace(sample) else {
            return Verdict::Fine;
        };
        let (starved, bad) = compare(&last, &sample);
        self.starved_cycles += starved;
        self.bad.truncate(WINDOW - 1);
        self.bad.push_front(bad);
        if self.bad.iter().filter(|bad| **bad).count() < BAD_LIMIT {
            return Verdict::Fine;
        }
        self.rest();
        self.withdrawals.retain(|at| now.duration_since(*at) < MEMORY);
        let quiet = QUIET.get(self.withdrawals.len());
        self.withdrawals.push(now);
        self.back_at = quiet.map(|quiet| now + *quiet);
        if quiet.is_some() { Verdict::Withdraw } else { Verdict::GiveUp }
    }

    /// Starts with the next sample anew: nothing plays, or it is not processed.
    pub fn rest(&mut self) {
        self.last = None;
        self.bad.clear();
    }

    /// Forgets every withdrawal: the person wants Headroom back.
    pub fn forgive(&mut self) {
        self.rest();
        self.withdrawals.clear();
        self.back_at = None;
    }

    /// Says whether Headroom keeps out of the way for a while.
    pub fn is_withdrawn(&self) -> bool {
        self.back_at.is_some()
    }

    /// Returns when it comes back by itself.
    pub fn back_at(&self) -> Option<Instant> {
        self.back_at
    }

    /// Comes back when that is due; says whether it does.
    pub fn take_back(&mut self, now: Instant) -> bool {
        self.back_at.take_if(|at| *at <= now).is_some()
    }

    /// Returns how many cycles were starved so far.
    pub fn starved_cycles(&self) -> u64 {
        self.starved_cycles
    }
}

/// Returns how many cycles were starved between two samples, and whether that is bad.
fn compare(last: &Sample, next: &Sample) -> (u64, bool) {
    let grown =
        |read: fn(&VitalsSnapshot) -> u64| read(&next.vitals).saturating_sub(read(&last.vitals));
    let cycles = grown(|vitals| vitals.cycles);
    let missed = grown(|vitals| vitals.missed_cycles);
    let slow = grown(|vitals| vitals.late_cycles);
    let behind = grown(|vitals| vitals.overdue_cycles) + missed;
    if cycles == 0 {
        // In the middle of a cycle, or woken up for one, for a whole second. How many it has
        // missed is counted when it goes on.
        return (0, next.runnable || next.vitals.in_cycle && last.vitals.in_cycle);
    }
    // A cycle may end late because an application was late. What the kernel says of the waiting
    // tells whose fault it was.
    let waited_ns = next.waited_ns.saturating_sub(last.waited_ns);
    let starved =
        if waited_ns >= next.vitals.quantum_ns().max(1) { behind.max(slow) } else { slow };
    (starved, starved >= BAD_LEAST && starved * BAD_SHARE >= cycles + missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUANTUM: (u32, u32) = (1024, 48_000);

    /// A data thread whose seconds are told one after another.
    struct World {
        starvation: Starvation,
        now: Instant,
        sample: Sample,
    }

    impl World {
        fn new() -> Self {
            let vitals = VitalsSnapshot {
                quantum_frames: QUANTUM.0,
                rate_hz: QUANTUM.1,
                ..VitalsSnapshot::default()
            };
            let mut world = Self {
                starvation: Starvation::default(),
                now: Instant::now(),
                sample: Sample { vitals, ..Sample::default() },
            };
            assert_eq!(world.second(|_| {}), Verdict::Fine);
            world
        }

        fn second(&mut self, change: impl Fn(&mut Sample)) -> Verdict {
            self.now += SAMPLE_EVERY;
            change(&mut self.sample);
            self.starvation.judge(self.now, self.sample)
        }

        fn good(&mut self) -> Verdict {
            self.second(|sample| sample.vitals.cycles += 47)
        }

        fn bad(&mut self) -> Verdict {
            self.second(|sample| {
                sample.vitals.cycles += 40;
                sample.vitals.overdue_cycles += 5;
                sample.vitals.missed_cycles += 7;
                sample.waited_ns += 300_000_000;
            })
        }
    }

    #[test]
    fn three_bad_seconds_within_ten_are_too_many() {
        let mut world = World::new();
        assert_eq!(world.bad(), Verdict::Fine);
        for _ in 0..4 {
            assert_eq!(world.good(), Verdict::Fine);
        }
        assert_eq!(world.bad(), Verdict::Fine);
        for _ in 0..3 {
            assert_eq!(world.good(), Verdict::Fine);
        }
        assert_eq!(world.bad(), Verdict::Withdraw);
        assert_eq!(world.starvation.starved_cycles(), 36);
    }

    #[test]
    fn a_bad_second_now_and_then_is_borne() {
        let mut world = World::new();
        for _ in 0..20 {
            assert_eq!(world.bad(), Verdict::Fine);
            for _ in 0..4 {
                assert_eq!(world.good(), Verdict::Fine);
            }
        }
    }

    #[test]
    fn an_application_that_is_late_is_no_fault_of_ours() {
        let mut world = World::new();
        for _ in 0..60 {
            let verdict = world.second(|sample| {
                sample.vitals.cycles += 20;
                sample.vitals.overdue_cycles += 20;
                sample.vitals.missed_cycles += 27;
                sample.waited_ns += 100_000;
            });
            assert_eq!(verdict, Verdict::Fine);
        }
        assert_eq!(world.starvation.starved_cycles(), 0);
    }

    #[test]
    fn a_chain_that_is_too_slow_is() {
        let mut world = World::new();
        let mut slow = || {
            world.second(|sample| {
                sample.vitals.cycles += 20;
                sample.vitals.late_cycles += 20;
            })
        };
        assert_eq!([slow(), slow(), slow()], [Verdict::Fine, Verdict::Fine, Verdict::Withdraw]);
    }

    #[test]
    fn a_thread_that_does_not_get_on_at_all_is_noticed() {
        for in_cycle in [false, true] {
            let mut world = World::new();
            world.good();
            let mut stuck = || {
                world.second(|sample| {
                    sample.vitals.in_cycle = in_cycle;
                    sample.runnable = !in_cycle;
                })
            };
            let verdicts: Vec<Verdict> = (0..4).map(|_| stuck()).collect();
            assert!(verdicts.contains(&Verdict::Withdraw), "{verdicts:?}");
        }
    }

    #[test]
    fn a_graph_that_stands_still_is_nobodys_fault() {
        let mut world = World::new();
        for _ in 0..60 {
            assert_eq!(world.second(|_| {}), Verdict::Fine);
        }
    }

    #[test]
    fn it_comes_back_later_each_time_and_the_third_time_not_at_all() {
        let mut world = World::new();
        for quiet in QUIET {
            world.good();
            assert_eq!([world.bad(), world.bad(), world.bad()][2], Verdict::Withdraw);
            assert!(world.starvation.is_withdrawn());
            assert_eq!(world.starvation.back_at(), Some(world.now + quiet));
            assert!(!world.starvation.take_back(world.now));
            world.now += quiet;
            assert!(world.starvation.take_back(world.now));
            assert!(!world.starvation.is_withdrawn());
        }
        world.good();
        assert_eq!([world.bad(), world.bad(), world.bad()][2], Verdict::GiveUp);
    }

    #[test]
    fn what_lies_far_back_and_what_was_forgiven_counts_no_more() {
        let mut world = World::new();
        for round in 0..6 {
            world.good();
            assert_eq!([world.bad(), world.bad(), world.bad()][2], Verdict::Withdraw, "{round}");
            assert_eq!(world.starvation.back_at(), Some(world.now + QUIET[0]));
            if round % 2 == 0 {
                world.starvation.forgive();
            } else {
                world.now += MEMORY;
                assert!(world.starvation.take_back(world.now));
            }
        }
    }
}
