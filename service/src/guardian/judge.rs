//! What follows from what the guardian has seen of the service; pure.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// How often the service is looked at while something plays through it.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How soon again after it was seen stopped: it may be over by then.
const CONFIRM_AFTER: Duration = Duration::from_millis(100);
/// How long the data thread may be missing, as while a connection is replaced, or stand in the middle of a cycle,
/// as while a page comes from a disk.
const HUNG_AFTER: Duration = Duration::from_millis(750);
/// Of the time between two looks, what a thread that waits for a processor has had of one at most.
const STARVED_SHARE: f64 = 0.5;

/// What is seen of the service at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The process is stopped, by a signal.
    pub stopped: bool,
    /// A debugger holds it, or watches it.
    pub traced: bool,
    /// Cycles that its data thread has processed.
    pub cycles: u64,
    /// Whether that is in the middle of one.
    pub in_cycle: bool,
    /// The data thread; `None` when there is none.
    pub thread: Option<ThreadLook>,
}

/// What is seen of the data thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadLook {
    /// It runs, or would if it were given a processor.
    pub runnable: bool,
    /// How long it has had a processor, in ns.
    pub ran_ns: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Well,
    /// Throw the service out of the graph: it is stopped, and may run again.
    Evict,
    /// End it: it is never going to play on.
    Kill(Hang),
}

/// How the data thread hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hang {
    /// There is none any more.
    ThreadGone,
    /// It does not come out of a cycle.
    InCycle,
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThreadGone => "its data thread is gone",
            Self::InCycle => "its data thread does not come out of a cycle",
        })
    }
}

/// Judges one look after another.
#[derive(Debug, Default)]
pub struct Judge {
    last: Option<(Instant, Look)>,
    /// How long the data thread has hung, as far as that was seen.
    hung: Duration,
}

impl Judge {
    /// Returns how long to wait before the next look.
    pub fn look_after(&self) -> Duration {
        let stopped = self.last.is_some_and(|(_, look)| look.stopped && !look.traced);
        if stopped { CONFIRM_AFTER } else { LOOK_EVERY }
    }

    /// Judges by a look, and by what was seen before it.
    pub fn judge(&mut self, now: Instant, look: Look) -> Verdict {
        let last = self.last.replace((now, look));
        let Some((then, last)) = last.filter(|(_, last)| !last.traced && !look.traced) else {
            self.hung = Duration::ZERO;
            return Verdict::Well;
        };
        if look.stopped {
            self.hung = Duration::ZERO;
            return if last.stopped { Verdict::Evict } else { Verdict::Well };
        }
        let passed = now.saturating_duration_since(then);
        let Some(hang) = hang(&last, &look, passed) else {
            self.hung = Duration::ZERO;
            return Verdict::Well;
        };
        // Where the guardian itself was kept waiting, the service may have been, too.
        self.hung += passed.min(2 * LOOK_EVERY);
        if self.hung < HUNG_AFTER { Verdict::Well } else { Verdict::Kill(hang) }
    }
}

/// Says how the data thread has hung between two looks, if it has.
fn hang(last: &Look, look: &Look, passed: Duration) -> Option<Hang> {
    let (Some(before), Some(thread)) = (last.thread, look.thread) else {
        return (last.thread, look.thread).eq(&(None, None)).then_some(Hang::ThreadGone);
    };
    if !(last.in_cycle && look.in_cycle) || last.cycles != look.cycles {
        // Between two cycles it waits for the graph, which need not be running.
        return None;
    }
    // What waits for a processor is starved, which the service itself sees to.
    let ran = Duration::from_nanos(thread.ran_ns.saturating_sub(before.ran_ns));
    let starved = thread.runnable && ran.as_secs_f64() < STARVED_SHARE * passed.as_secs_f64();
    (!starved).then_some(Hang::InCycle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A look at a service that is well: between two cycles, or in the middle of another one.
    fn well(cycles: u64, in_cycle: bool) -> Look {
        let thread = Some(ThreadLook { runnable: false, ran_ns: cycles * 1_000 });
        Look { cycles, in_cycle, thread, ..Look::default() }
    }

    /// Judges looks of one kind for so long; returns the first verdict that is not "well", and when.
    fn judge_for(time: Duration, mut look: impl FnMut(u64) -> Look) -> Option<(Verdict, Duration)> {
        let (begin, mut judge) = (Instant::now(), Judge::default());
        let mut passed = Duration::ZERO;
        for number in 0.. {
            match judge.judge(begin + passed, look(number)) {
                Verdict::Well => {}
                verdict => return Some((verdict, passed)),
            }
            passed += judge.look_after();
            if passed > time {
                break;
            }
        }
        None
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn stopped_service_is_evicted_at_the_second_look() {
        let stopped = Look { stopped: true, ..well(7, false) };
        let found = judge_for(LONG, |number| if number == 0 { well(7, false) } else { stopped });
        let (verdict, after) = found.unwrap();
        assert_eq!((verdict, after), (Verdict::Evict, LOOK_EVERY + CONFIRM_AFTER));
        let moment =
            |number: u64| if number.is_multiple_of(2) { stopped } else { well(number, false) };
        assert_eq!(judge_for(LONG, moment), None, "it went on each time");
    }

    #[test]
    fn traced_service_is_its_debuggers_business() {
        let traced = Look { stopped: true, traced: true, thread: None, ..well(7, true) };
        assert_eq!(judge_for(LONG, |_| traced), None);
    }

    #[test]
    fn graph_that_does_not_run_is_no_hang() {
        assert_eq!(judge_for(LONG, |_| well(7, false)), None);
    }

    #[test]
    fn busy_data_thread_is_well_wherever_it_is_met() {
        assert_eq!(judge_for(LONG, |number| well(number, true)), None);
    }

    #[test]
    fn data_thread_that_stays_in_a_cycle_is_ended_within_a_second() {
        let spinning = |number: u64| Look {
            thread: Some(ThreadLook { runnable: true, ran_ns: number * 250_000_000 }),
            ..well(7, true)
        };
        let waiting = |_: u64| well(7, true);
        let found = [judge_for(LONG, spinning), judge_for(LONG, waiting)];
        for (verdict, after) in found.map(Option::unwrap) {
            assert_eq!(verdict, Verdict::Kill(Hang::InCycle));
            assert!(after <= Duration::from_secs(1), "{after:?}");
        }
    }

    #[test]
    fn starved_data_thread_is_left_to_the_service() {
        let starved = |number: u64| Look {
            thread: Some(ThreadLook { runnable: true, ran_ns: number * 5_000_000 }),
            ..well(7, true)
        };
        assert_eq!(judge_for(LONG, starved), None);
    }

    #[test]
    fn missing_data_thread_is_a_hang_unless_another_comes() {
        let gone = Look { thread: None, ..well(7, false) };
        let (verdict, after) = judge_for(LONG, |_| gone).unwrap();
        assert_eq!(verdict, Verdict::Kill(Hang::ThreadGone));
        assert!(after <= Duration::from_secs(1), "{after:?}");
        let replaced = |number: u64| if number % 3 == 2 { well(7, false) } else { gone };
        assert_eq!(judge_for(LONG, replaced), None);
    }

    #[test]
    fn guardian_that_was_kept_waiting_does_not_judge_by_that() {
        let (begin, mut judge) = (Instant::now(), Judge::default());
        for minutes in 0..2 {
            let now = begin + minutes * LONG;
            assert_eq!(judge.judge(now, well(7, true)), Verdict::Well);
        }
    }
}
