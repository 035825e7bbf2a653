//! When the profiles are read again, and who waits for that: seldom, however often somebody asks.

use std::time::{Duration, Instant};

use crate::control::Reply;

/// An editor saves in several steps, one right after the other.
const SAVING: Duration = Duration::from_millis(60);
/// Least time from one reading to the next.
const SPACING: Duration = Duration::from_millis(200);

/// The next reading of the profiles.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    due_at: Option<Instant>,
    last: Option<Instant>,
    waiting: Vec<Reply<()>>,
}

impl Reloads {
    /// A file has changed: reads all when the editor is done.
    pub(super) fn want(&mut self, now: Instant) {
        self.plan(now + SAVING);
    }

    /// Somebody asks for it, and is answered with the next reading.
    pub(super) fn ask(&mut self, reply: Reply<()>, now: Instant) {
        self.waiting.push(reply);
        self.plan(now);
    }

    fn plan(&mut self, at: Instant) {
        let at = self.last.map_or(at, |last| at.max(last + SPACING));
        self.due_at = Some(self.due_at.map_or(at, |due| due.min(at)));
    }

    /// Returns when the profiles are to be read; `None` when nobody wants it.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Returns who waits for a reading that is due, which counts as made; `None` when none is.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Vec<Reply<()>>> {
        self.due_at.take_if(|due| *due <= now)?;
        self.last = Some(now);
        Some(std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn first_request_is_due_at_once_and_later_ones_share_the_next() {
        let mut now = Instant::now();
        let mut reloads = Reloads::default();
        assert!(reloads.take_due(now).is_none());
        let ask = |reloads: &mut Reloads, now| reloads.ask(oneshot::channel().0, now);
        ask(&mut reloads, now);
        assert_eq!(reloads.take_due(now).map(|waiting| waiting.len()), Some(1));
        for _ in 0..100 {
            ask(&mut reloads, now);
            now += SPACING / 200;
        }
        assert!(reloads.take_due(now).is_none());
        now += SPACING;
        assert_eq!(reloads.take_due(now).map(|waiting| waiting.len()), Some(100));
        assert_eq!(reloads.due_at(), None);
    }

    #[test]
    fn saved_file_waits_for_the_editor_and_a_request_does_not() {
        let now = Instant::now();
        let mut reloads = Reloads::default();
        reloads.want(now);
        reloads.want(now + SAVING / 2);
        assert_eq!(reloads.due_at(), Some(now + SAVING), "many saves must not put it off");
        reloads.ask(oneshot::channel().0, now);
        assert_eq!(reloads.due_at(), Some(now));
    }
}
