//! Waits that grow as long as a thing does not come about.

use std::time::{Duration, Instant};

/// One thing that is tried again, and when.
#[derive(Debug)]
pub(super) struct Backoff {
    shortest: Duration,
    longest: Duration,
    factor: u32,
    wait: Duration,
    at: Option<Instant>,
}

impl Backoff {
    /// Starts at rest; the waits grow by `factor` from the shortest to the longest.
    pub(super) fn new(shortest: Duration, longest: Duration, factor: u32) -> Self {
        Self { shortest, longest, factor, wait: shortest, at: None }
    }

    /// Sets the time of the next try, unless one is set already; the wait after it is longer.
    pub(super) fn arm(&mut self, now: Instant) {
        if self.at.is_none() {
            self.at = Some(now + self.wait);
            self.wait = (self.wait * self.factor).min(self.longest);
        }
    }

    /// Tries no more, and starts with the shortest wait next time.
    pub(super) fn rest(&mut self) {
        self.at = None;
        self.wait = self.shortest;
    }

    /// Returns when the next try is due; `None` at rest.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.at
    }

    /// Says whether the try is due; if so, it counts as made.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        self.at.take_if(|at| *at <= now).is_some()
    }

    /// Says whether the waits have grown to the longest.
    pub(super) fn is_longest(&self) -> bool {
        self.wait >= self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_to_the_longest_and_start_anew_after_rest() {
        let mut backoff = Backoff::new(SECOND, SECOND * 3, 2);
        let mut now = Instant::now();
        for wait in [1, 2, 3, 3] {
            backoff.arm(now);
            backoff.arm(now + SECOND / 2);
            assert_eq!(backoff.due_at(), Some(now + SECOND * wait));
            assert!(!backoff.take_due(now));
            now += SECOND * wait;
            assert!(backoff.take_due(now));
            assert!(!backoff.take_due(now), "one try counted twice");
        }
        assert!(backoff.is_longest());
        backoff.rest();
        backoff.arm(now);
        assert_eq!(backoff.due_at(), Some(now + SECOND));
    }
}
