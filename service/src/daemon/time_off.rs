//! Keeps the time that a bypass, or a comparison, lasts.
//!
//! It goes on while the machine sleeps, and does not change with the wall clock: half an hour is half an hour.

use std::time::{Duration, Instant};

use crate::clock::{boot_msec, wall_usec};

/// How often the clock is looked at meanwhile: timers stand still while the machine sleeps.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How far the wall clock may move before the end is told anew.
const TOLD_WITHIN_USEC: u64 = 1_000_000;

/// When a bypass, or a comparison, ends by itself, if it does.
#[derive(Debug, Default)]
pub(super) struct TimeOff(Option<Term>);

#[derive(Debug)]
struct Term {
    /// Of `CLOCK_BOOTTIME`.
    end_msec: u64,
    /// As it was told last, of `CLOCK_REALTIME`.
    told_usec: u64,
    look_at: Instant,
}

impl TimeOff {
    /// Takes up what an earlier run in this session left, to end at `end_msec` of `CLOCK_BOOTTIME`.
    pub(super) fn inherit(end_msec: Option<u64>) -> Self {
        Self(end_msec.map(Term::until))
    }

    /// Ends after so long, whatever was meant before.
    pub(super) fn start(&mut self, length: Duration) {
        let length_msec = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        self.0 = Some(Term::until(boot_msec().saturating_add(length_msec)));
    }

    /// Does not end by itself any more.
    pub(super) fn cancel(&mut self) {
        self.0 = None;
    }

    /// Tells whether the time has passed, once; else it is to be asked again when [`due_at`](Self::due_at) says.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(term) = &mut self.0 else { return false };
        let over = term.end_msec <= boot_msec();
        if over {
            self.0 = None;
        } else {
            term.look_at = next_look(term.end_msec);
        }
        over
    }

    /// Returns when to ask whether the time has passed; `None` where none is kept.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.0.as_ref().map(|term| term.look_at)
    }

    /// Returns the end in milliseconds of `CLOCK_BOOTTIME`.
    pub(super) fn end_msec(&self) -> Option<u64> {
        self.0.as_ref().map(|term| term.end_msec)
    }

    /// Returns the end in microseconds of the wall clock as it goes now; 0 without an end.
    pub(super) fn end_usec(&mut self) -> u64 {
        let Some(term) = &mut self.0 else { return 0 };
        let usec = end_wall_usec(term.end_msec);
        // Two clocks that are read one after the other differ a little each time.
        if usec.abs_diff(term.told_usec) > TOLD_WITHIN_USEC {
            term.told_usec = usec;
        }
        term.told_usec
    }
}

impl Term {
    fn until(end_msec: u64) -> Self {
        Self { end_msec, told_usec: end_wall_usec(end_msec), look_at: next_look(end_msec) }
    }
}

fn left(end_msec: u64) -> Duration {
    Duration::from_millis(end_msec.saturating_sub(boot_msec()))
}

fn next_look(end_msec: u64) -> Instant {
    Instant::now() + left(end_msec).min(LOOK_EVERY)
}

/// Returns what the wall clock says at `end_msec` of `CLOCK_BOOTTIME`, if nobody sets it.
fn end_wall_usec(end_msec: u64) -> u64 {
    let left_usec = u64::try_from(left(end_msec).as_micros()).unwrap_or(u64::MAX);
    wall_usec().saturating_add(left_usec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_off_is_over_once_when_it_has_passed() {
        let mut time_off = TimeOff::default();
        assert_eq!((time_off.end_msec(), time_off.end_usec(), time_off.due_at()), (None, 0, None));
        time_off.start(Duration::from_millis(20));
        assert!(time_off.end_msec().is_some() && time_off.end_usec() > 0);
        while !time_off.is_over() {
            let due_at = time_off.due_at().unwrap();
            std::thread::sleep(due_at.saturating_duration_since(Instant::now()));
        }
        assert!(!time_off.is_over(), "it is told once");
    }

    #[test]
    fn end_stays_the_same_however_often_it_is_read() {
        let mut time_off = TimeOff::default();
        time_off.start(Duration::from_mins(30));
        let end = time_off.end_usec();
        assert!((0..1000).all(|_| time_off.end_usec() == end));
        assert!(!time_off.is_over());
        assert!(time_off.due_at().unwrap() <= Instant::now() + LOOK_EVERY, "a sleep is noticed");
        time_off.cancel();
        assert_eq!(time_off.end_usec(), 0);
    }

    #[test]
    fn end_of_an_earlier_run_is_taken_up() {
        let mut time_off = TimeOff::inherit(Some(boot_msec()));
        assert!(time_off.is_over());
        assert_eq!(TimeOff::inherit(Some(7)).end_msec(), Some(7));
    }
}
