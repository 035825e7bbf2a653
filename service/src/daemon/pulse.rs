//! Whether the loop thread answers.
//!
//! It is asked while something depends on it, never for its own sake: when nothing plays, nothing is
//! woken up.

use std::time::{Duration, Instant};

use headroom_api::Dict;

use crate::{
    control::Reply,
    pw::{Command, PipeWire},
};

/// How long who asks for the vital signs waits for the loop thread.
const ANSWER: Duration = Duration::from_secs(2);
/// An answer takes some microseconds; a loop thread that takes so long hangs.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// After a time in which no thread ran (a stopped process), all get a chance before one is judged.
const GRACE: Duration = Duration::from_secs(2);

/// The loop thread's answers, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    asked: u64,
    answered: u64,
    /// When the thread counts as lost, while an answer is missing.
    lost_at: Option<Instant>,
    graced: bool,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    until: Instant,
    reply: Reply<Dict>,
}

impl Pulse {
    /// Asks the loop thread, unless an answer is on its way.
    pub(super) fn watch(&mut self, pipewire: &PipeWire) {
        if self.asked == self.answered {
            self.send(pipewire);
        }
    }

    /// Asks the loop thread on behalf of somebody who wants the vital signs.
    pub(super) fn ask(&mut self, pipewire: &PipeWire, reply: Reply<Dict>) {
        self.send(pipewire);
        self.waiting.push(Waiting { number: self.asked, until: Instant::now() + ANSWER, reply });
    }

    fn send(&mut self, pipewire: &PipeWire) {
        self.asked += 1;
        pipewire.send(Command::Ping(self.asked));
        self.lost_at.get_or_insert(Instant::now() + LOST_AFTER);
    }

    /// Takes an answer.
    pub(super) fn take_pong(&mut self, number: u64) {
        self.answered = self.answered.max(number);
        self.graced = false;
        self.lost_at = (self.answered < self.asked).then(|| Instant::now() + LOST_AFTER);
    }

    /// Returns those who need wait no longer, each with whether the thread has answered.
    pub(super) fn take_answerable(&mut self, now: Instant) -> Vec<(Reply<Dict>, bool)> {
        let answered = self.answered;
        let ready = self.waiting.extract_if(.., |w| w.number <= answered || w.until <= now);
        ready.map(|waiting| (waiting.reply, waiting.number <= answered)).collect()
    }

    /// Returns when somebody has waited long enough, or the thread counts as lost; `None` while no
    /// answer is missing.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).chain(self.lost_at).min()
    }

    /// Says whether the thread is given up.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        if self.lost_at.is_none_or(|lost_at| now < lost_at) {
            return false;
        }
        if !self.graced {
            self.graced = true;
            self.lost_at = Some(now + GRACE);
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that was asked so often and has answered so many.
    fn pulse(asked: u64, answered: u64, lost_at: Instant) -> Pulse {
        Pulse { asked, answered, lost_at: Some(lost_at), ..Pulse::default() }
    }

    #[test]
    fn a_thread_that_does_not_answer_is_lost_after_a_second_chance() {
        let now = Instant::now();
        let mut pulse = pulse(1, 0, now + LOST_AFTER);
        assert!(!pulse.is_lost(now));
        assert!(!pulse.is_lost(now + LOST_AFTER), "a stopped process is no hang");
        assert_eq!(pulse.due_at(), Some(now + LOST_AFTER + GRACE));
        assert!(pulse.is_lost(now + LOST_AFTER + GRACE));
    }

    #[test]
    fn an_answer_in_the_second_chance_makes_all_well() {
        let now = Instant::now();
        let mut pulse = pulse(2, 0, now);
        assert!(!pulse.is_lost(now));
        pulse.take_pong(1);
        assert!(pulse.due_at().is_some_and(|due| due > now), "the second answer is missing");
        pulse.take_pong(2);
        assert_eq!(pulse.due_at(), None);
        assert!(!pulse.is_lost(now + LOST_AFTER * 10));
    }

    #[test]
    fn who_waits_is_answered_with_the_thread_or_without_it() {
        let now = Instant::now();
        let mut pulse = pulse(2, 0, now + LOST_AFTER);
        for number in [1, 2] {
            let (reply, _) = tokio::sync::oneshot::channel();
            pulse.waiting.push(Waiting { number, until: now + ANSWER, reply });
        }
        assert!(pulse.take_answerable(now).is_empty());
        assert_eq!(pulse.due_at(), Some(now + ANSWER));
        pulse.take_pong(1);
        let answers = |answered: Vec<(Reply<Dict>, bool)>| -> Vec<bool> {
            answered.into_iter().map(|(_, responding)| responding).collect()
        };
        assert_eq!(answers(pulse.take_answerable(now)), [true]);
        assert_eq!(answers(pulse.take_answerable(now + ANSWER)), [false]);
    }
}
