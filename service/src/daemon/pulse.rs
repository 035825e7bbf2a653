//! Whether the loop thread answers.
//!
//! It is asked when something depends on it, never for its own sake: whoever does nothing is not
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
