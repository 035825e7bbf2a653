//! What was chosen on its way to the disk, and who waits until it is there.
//!
//! What is chosen is in force at once; nobody here waits. A choice for an application is acknowledged when it is written:
//! it survives whatever ends the process. So is a setting, unless it is one of many in a row, as a slider sends them.

use std::time::{Duration, Instant};

use headroom_api::{Error, Result};

use crate::{
    control::Reply,
    learned::Learned,
    store::{Changes, Remembered},
    writer::{GATHER, KeptChoices, Urgency, Writer},
};

/// How long somebody waits for the disk who wants to be certain.
const CERTAINTY: Duration = Duration::from_secs(10);
/// How long the first of settings waits for the disk, which takes a part of a second beside others that write.
const SETTING: Duration = Duration::from_secs(2);
/// How long the disk gets to write what is left at the end.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// What is on its way.
#[derive(Debug)]
pub(super) struct Keeper {
    writer: Writer,
    /// The number of the last change.
    number: u64,
    /// That of the last one that was tried.
    tried: u64,
    /// What is not known to be written.
    unwritten: Changes,
    waiting: Vec<Waiting>,
    last_setting: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    until: Instant,
    /// Whether it is told when the disk has not answered by then.
    certain: bool,
    reply: Reply<()>,
}

impl Keeper {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writer,
            number: 0,
            tried: 0,
            unwritten: Changes::default(),
            waiting: Vec::new(),
            last_setting: None,
        }
    }

    /// Has a choice written at once, and answers when that is done.
    pub(super) fn choose(&mut self, before: &Remembered, after: &Remembered, reply: Reply<()>) {
        self.write(Changes::between(before, after), Urgency::Now);
        self.wait(Instant::now() + CERTAINTY, true, reply);
    }

    /// Has a setting written, and answers when that is done, or at once where another one was set just
    /// before it.
    pub(super) fn set(&mut self, before: &Remembered, after: &Remembered, reply: Reply<()>) {
        let now = Instant::now();
        let last = self.last_setting.replace(now);
        let quiet = last.is_none_or(|last| now.saturating_duration_since(last) >= GATHER);
        // While a write is on its way, another one would not be there sooner.
        let first = quiet && self.tried == self.number;
        let urgency = if first { Urgency::Now } else { Urgency::Soon };
        self.write(Changes::between(before, after), urgency);
        if first {
            self.wait(now + SETTING, false, reply);
        } else {
            let _ = reply.send(Ok(()));
        }
    }

    fn write(&mut self, changes: Changes, urgency: Urgency) {
        // What could not be written is tried again, by a choice that was made before, too.
        let failed = !self.unwritten.is_empty() && self.tried == self.number;
        if failed || !changes.is_empty() {
            self.unwritten.extend(changes.clone());
            self.number = self.writer.write(changes, urgency);
        }
    }

    fn wait(&mut self, until: Instant, certain: bool, reply: Reply<()>) {
        if self.unwritten.is_empty() {
            let _ = reply.send(Ok(()));
        } else {
            self.waiting.push(Waiting { number: self.number, until, certain, reply });
        }
    }

    /// Has what was learned written.
    pub(super) fn keep_levels(&self, learned: Learned) {
        self.writer.keep_levels(learned);
    }

    /// Has what was learned of an application forgotten, and answers when that is done.
    pub(super) fn forget_level(&self, learned: Learned, app: String, reply: Reply<()>) {
        self.writer.forget_level(learned, app, reply);
    }

    /// Has what others have kept looked for.
    pub(super) fn follow(&self) {
        self.writer.follow();
    }

    /// Takes in what has become of it; returns what is remembered, if others have changed that.
    pub(super) fn take(&mut self, kept: KeptChoices, known: &Remembered) -> Option<Remembered> {
        let remembered = match kept {
            KeptChoices::Followed(remembered) => remembered,
            KeptChoices::Written { up_to, outcome } => {
                self.tried = up_to;
                let done = self.waiting.extract_if(.., |waiting| waiting.number <= up_to);
                let failed = outcome.as_ref().err().map(ToString::to_string);
                for waiting in done {
                    let answer = match &failed {
                        None => Ok(()),
                        Some(error) => Err(unkept(error)),
                    };
                    let _ = waiting.reply.send(answer);
                }
                if outcome.is_ok() && up_to == self.number {
                    self.unwritten = Changes::default();
                }
                outcome.ok()?
            }
        };
        let remembered = self.unwritten.on(&remembered);
        (remembered != *known).then_some(remembered)
    }

    /// Returns when somebody has waited long enough.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }

    /// Answers those who have waited long enough for the disk.
    pub(super) fn answer_late(&mut self, now: Instant) {
        for waiting in self.waiting.extract_if(.., |waiting| waiting.until <= now) {
            let late = || unkept("the disk does not answer; it is written when it does");
            let answer: Result<()> = if waiting.certain { Err(late()) } else { Ok(()) };
            let _ = waiting.reply.send(answer);
        }
    }

    /// Has all that is left written; returns whether the disk did that in time.
    pub(super) fn finish(self) -> bool {
        self.writer.finish(LAST_WRITES)
    }
}

fn unkept(error: &str) -> Error {
    Error::Failed(format!("it is in force, but could be forgotten with the service: {error}"))
}
