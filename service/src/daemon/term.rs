//! The time for which something holds: a bypass, or a comparison.
//!
//! It goes on while the machine sleeps, and does not change with the wall clock: half an hour is half an hour. Nothing is
//! woken before its end.

use std::{io, time::Duration};

use crate::{
    alarm::{Alarm, Clock},
    clock::{boot_usec, wall_usec},
};

/// How far the wall clock may move before the end is announced again.
const ANNOUNCED_WITHIN_USEC: u64 = 1_000_000;

/// When something ends by itself, if it does.
#[derive(Debug)]
pub(super) struct Term {
    alarm: Alarm,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    /// Of `CLOCK_BOOTTIME`.
    boot_usec: u64,
    /// As it was announced last, of `CLOCK_REALTIME`.
    announced_usec: u64,
}

impl Term {
    /// Makes one without an end.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { alarm: Alarm::new(Clock::Boot)?, end: None })
    }

    /// Ends at `end_msec` of `CLOCK_BOOTTIME`, as an earlier run in this session has left it.
    pub(super) fn inherit(&mut self, end_msec: Option<u64>) {
        match end_msec {
            Some(msec) => self.end_at(msec.saturating_mul(1000)),
            None => self.cancel(),
        }
    }

    /// Ends after so long, whatever was meant before.
    pub(super) fn start(&mut self, length: Duration) {
        let length_usec = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        self.end_at(boot_usec().saturating_add(length_usec));
    }

    fn end_at(&mut self, end_usec: u64) {
        self.alarm.set(Some(end_usec));
        let announced_usec = end_wall_usec(end_usec, boot_usec());
        self.end = Some(End { boot_usec: end_usec, announced_usec });
    }

    /// Does not end by itself any more.
    pub(super) fn cancel(&mut self) {
        self.alarm.set(None);
        self.end = None;
    }

    /// Waits until it may be over; for ever without an end.
    pub(super) async fn due(&self) {
        self.alarm.due().await;
    }

    /// Says whether the time has passed, once; to be asked when it is [`due`](Self::due).
    pub(super) fn is_over(&mut self) -> bool {
        self.is_over_at(boot_usec())
    }

    fn is_over_at(&mut self, now_usec: u64) -> bool {
        let Some(end) = self.end else { return false };
        let over = end.boot_usec <= now_usec;
        if over {
            self.cancel();
        }
        over
    }

    /// Returns the end in milliseconds of `CLOCK_BOOTTIME`.
    pub(super) fn end_msec(&self) -> Option<u64> {
        self.end.map(|end| end.boot_usec / 1000)
    }

    /// Returns the end in microseconds of the wall clock as it goes now; 0 without an end.
    pub(super) fn end_usec(&mut self) -> u64 {
        let Some(end) = &mut self.end else { return 0 };
        let usec = end_wall_usec(end.boot_usec, boot_usec());
        // Two clocks that are read one after the other differ a little each time.
        if usec.abs_diff(end.announced_usec) > ANNOUNCED_WITHIN_USEC {
            end.announced_usec = usec;
        }
        end.announced_usec
    }
}

/// Returns what the wall clock says at `end_usec` of `CLOCK_BOOTTIME`, which is at `now_usec`, if nobody sets it.
fn end_wall_usec(end_usec: u64, now_usec: u64) -> u64 {
    wall_usec().saturating_add(end_usec.saturating_sub(now_usec))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_USEC: u64 = 60_000_000;

    #[tokio::test]
    async fn term_is_over_once_when_its_time_has_passed() {
        let mut term = Term::new().unwrap();
        assert_eq!((term.end_msec(), term.end_usec(), term.is_over()), (None, 0, false));
        term.start(Duration::from_millis(20));
        assert!(term.end_msec().is_some() && term.end_usec() > 0);
        tokio::time::timeout(Duration::from_secs(20), term.due()).await.unwrap();
        assert!(term.is_over());
        assert!(!term.is_over(), "it is over once");
    }

    #[tokio::test]
    async fn term_counts_the_time_that_the_machine_sleeps() {
        let mut term = Term::new().unwrap();
        term.start(Duration::from_mins(30));
        let now = boot_usec();
        // What is asked is the clock that goes on meanwhile: it has not run for as long as it says.
        assert!(!term.is_over_at(now + 29 * MINUTE_USEC));
        assert!(term.is_over_at(now + 31 * MINUTE_USEC));
    }

    #[tokio::test]
    async fn end_stays_the_same_however_often_it_is_read() {
        let mut term = Term::new().unwrap();
        term.start(Duration::from_mins(30));
        let end = term.end_usec();
        assert!((0..1000).all(|_| term.end_usec() == end));
        assert!(!term.is_over());
        term.cancel();
        assert_eq!(term.end_usec(), 0);
    }

    #[tokio::test]
    async fn end_of_an_earlier_run_is_taken_up() {
        let mut term = Term::new().unwrap();
        term.inherit(Some(boot_usec() / 1000));
        assert!(term.is_over());
        term.inherit(Some(7));
        assert_eq!(term.end_msec(), Some(7));
        term.inherit(None);
        assert_eq!(term.end_msec(), None);
    }
}
