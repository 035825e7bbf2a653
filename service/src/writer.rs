//! The writer thread: the only one that writes into the state directory.
//!
//! A disk can take half a minute. Whoever changes something hands the change over and goes on; of one key the newest
//! wins, so that what waits for a disk stays small. What is urgent is written at once, what is not together with what
//! follows it. What became of it is told by [`Kept`]. The thread holds no state of the service and decides nothing.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use headroom_api::Error;
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tracing::warn;

use crate::{
    learned::Learned,
    store::{Changes, ChoicesFile, Remembered, StoreError},
};

/// How long what is not urgent waits for what may follow it: a slider sends hundreds of values a second.
pub const GATHER: Duration = Duration::from_millis(250);

/// Where changes are kept.
pub trait Sink: Send + 'static {
    /// Keeps changes on top of what others have kept; returns all of it.
    ///
    /// # Errors
    /// When they cannot be kept; nothing has changed then.
    fn keep(&mut self, changes: &Changes) -> Result<Remembered, StoreError>;

    /// Returns what others have kept since the last look, if anything.
    fn follow(&mut self) -> Option<Remembered>;
}

impl Sink for ChoicesFile {
    fn keep(&mut self, changes: &Changes) -> Result<Remembered, StoreError> {
        Self::keep(self, changes)
    }

    fn follow(&mut self) -> Option<Remembered> {
        Self::follow(self)
    }
}

/// What the thread tells.
#[derive(Debug)]
pub enum Kept {
    /// What has become of choices.
    Choices(KeptChoices),
    /// What was learned of applications comes back, written if that was possible.
    Levels(Learned),
}

/// What has become of choices.
#[derive(Debug)]
pub enum KeptChoices {
    /// It tried to write all changes up to the one of this number.
    Written {
        /// The number of the last one.
        up_to: u64,
        /// All that is remembered now, others' choices included; or why it could not be written.
        outcome: Result<Remembered, StoreError>,
    },
    /// Another service has kept this.
    Followed(Remembered),
}

/// When a change is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// At once.
    Now,
    /// Within [`GATHER`], with what follows.
    Soon,
}

/// The way to the thread.
#[derive(Debug)]
pub struct Writer {
    inbox: Arc<Inbox>,
    ended: mpsc::Receiver<()>,
}

#[derive(Debug, Default)]
struct Inbox {
    work: Mutex<Work>,
    woken: Condvar,
}

/// What is to be done.
#[derive(Debug, Default)]
struct Work {
    changes: Changes,
    /// The number of the last change that was handed over.
    number: u64,
    /// When they are to be written; `None` while there are none.
    due: Option<Instant>,
    /// Whether others' choices are to be looked for.
    follow: bool,
    levels: Vec<LevelsJob>,
    end: bool,
}

/// What was learned, to be written.
#[derive(Debug)]
struct LevelsJob {
    learned: Learned,
    /// The application that is to be forgotten, or all of them, and who wants to know.
    forget: Option<(String, oneshot::Sender<Result<(), Error>>)>,
}

impl LevelsJob {
    fn run(mut self) -> Learned {
        match self.forget {
            Some((app, reply)) => drop(reply.send(self.learned.forget_for_good(&app))),
            None => self.learned.save_quietly(),
        }
        self.learned
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(sink: impl Sink, told: UnboundedSender<Kept>) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let (end, ended) = mpsc::channel();
        let own = inbox.clone();
        thread::Builder::new().name("headroom-writer".into()).spawn(move || {
            run(&own, sink, &told);
            let _ = end.send(());
        })?;
        Ok(Self { inbox, ended })
    }

    /// Hands changes over; returns their number.
    pub fn write(&self, changes: Changes, urgency: Urgency) -> u64 {
        let due = match urgency {
            Urgency::Now => Instant::now(),
            Urgency::Soon => Instant::now() + GATHER,
        };
        let mut work = self.inbox.lock();
        work.changes.extend(changes);
        work.number += 1;
        work.due = Some(work.due.map_or(due, |earlier| earlier.min(due)));
        let number = work.number;
        drop(work);
        self.inbox.woken.notify_one();
        number
    }

    /// Has what was learned written; it comes back as [`Kept::Levels`].
    pub fn keep_levels(&self, learned: Learned) {
        self.inbox.lock().levels.push(LevelsJob { learned, forget: None });
        self.inbox.woken.notify_one();
    }

    /// Has what was learned of an application forgotten, or with an empty name of all; it comes back as
    /// [`Kept::Levels`].
    pub fn forget_level(
        &self,
        learned: Learned,
        app: String,
        reply: oneshot::Sender<Result<(), Error>>,
    ) {
        self.inbox.lock().levels.push(LevelsJob { learned, forget: Some((app, reply)) });
        self.inbox.woken.notify_one();
    }

    /// Has it look for what others have kept.
    pub fn follow(&self) {
        self.inbox.lock().follow = true;
        self.inbox.woken.notify_one();
    }

    /// Has it write what is left and end; returns whether it did within this time.
    pub fn finish(self, patience: Duration) -> bool {
        self.inbox.lock().end = true;
        self.inbox.woken.notify_one();
        self.ended.recv_timeout(patience).is_ok()
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is to be done, and takes it; `None` at the end, when nothing is left.
    fn take(&self) -> Option<Work> {
        let mut work = self.lock();
        loop {
            let left = work.due.map(|due| due.saturating_duration_since(Instant::now()));
            let asked = work.follow || !work.levels.is_empty();
            if asked || left.is_some_and(|left| work.end || left.is_zero()) {
                let number = work.number;
                let rest = Work { number, end: work.end, ..Work::default() };
                let mut taken = std::mem::replace(&mut *work, rest);
                if left.is_none_or(|left| !taken.end && !left.is_zero()) {
                    // Only something else was asked for: what is not due stays.
                    work.changes = std::mem::take(&mut taken.changes);
                    work.due = taken.due.take();
                }
                return Some(taken);
            }
            if work.end {
                return None;
            }
            work = match left {
                Some(left) => {
                    let woken = self.woken.wait_timeout(work, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.woken.wait(work).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// The life of the thread.
fn run(inbox: &Inbox, mut sink: impl Sink, told: &UnboundedSender<Kept>) {
    // What could not be written waits for the next try, the newer on top of it.
    let mut unwritten = Changes::default();
    while let Some(mut work) = inbox.take() {
        if work.follow
            && let Some(remembered) = sink.follow()
        {
            let _ = told.send(Kept::Choices(KeptChoices::Followed(remembered)));
        }
        for job in work.levels.drain(..) {
            let _ = told.send(Kept::Levels(job.run()));
        }
        if work.due.is_none() {
            continue;
        }
        let up_to = work.number;
        unwritten.extend(work.changes);
        let outcome = sink.keep(&unwritten);
        match &outcome {
            Ok(_) => unwritten = Changes::default(),
            Err(error) => warn!(%error, "what was chosen is in force, but not written"),
        }
        let _ = told.send(Kept::Choices(KeptChoices::Written { up_to, outcome }));
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::Treatment::{self, EvenOut, LeaveAlone};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    /// How long anything may take on a busy machine.
    const PATIENCE: Duration = Duration::from_mins(1);

    /// A disk that answers when it is told to.
    struct Disk {
        answers: mpsc::Receiver<bool>,
        remembered: Remembered,
    }

    impl Sink for Disk {
        fn keep(&mut self, changes: &Changes) -> Result<Remembered, StoreError> {
            let works = self.answers.recv_timeout(PATIENCE).unwrap_or(false);
            if !works {
                return Err(StoreError::of("state.toml", io::ErrorKind::StorageFull.into()));
            }
            self.remembered = changes.on(&self.remembered);
            Ok(self.remembered.clone())
        }

        fn follow(&mut self) -> Option<Remembered> {
            Some(self.remembered.clone())
        }
    }

    fn writer() -> (Writer, mpsc::Sender<bool>, UnboundedReceiver<Kept>) {
        let (answer, answers) = mpsc::channel();
        let (told, kept) = unbounded_channel();
        let disk = Disk { answers, remembered: Remembered::default() };
        (Writer::spawn(disk, told).unwrap(), answer, kept)
    }

    fn choice(app: &str, treatment: Treatment) -> Changes {
        let mut chosen = Remembered::default();
        chosen.treatments.choose(app, treatment.into()).unwrap();
        Changes::between(&Remembered::default(), &chosen)
    }

    fn written(kept: &mut UnboundedReceiver<Kept>) -> (u64, Result<Remembered, StoreError>) {
        match kept.blocking_recv() {
            Some(Kept::Choices(KeptChoices::Written { up_to, outcome })) => (up_to, outcome),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hanging_disk_holds_up_nobody_and_the_newest_is_written() {
        let (writer, answer, mut kept) = writer();
        writer.write(choice("mpv", EvenOut), Urgency::Now);
        // The thread hangs in the first; everybody else goes on.
        for number in 0..10_000 {
            let chosen = if number % 2 == 0 { LeaveAlone } else { EvenOut };
            writer.write(choice("vlc", chosen), Urgency::Now);
        }
        let last = writer.write(choice("vlc", LeaveAlone), Urgency::Now);
        for _ in 0..2 {
            answer.send(true).unwrap();
        }
        let (first, _) = written(&mut kept);
        assert!(first < last);
        let (up_to, outcome) = written(&mut kept);
        assert_eq!(up_to, last, "all that waited was written at once");
        let chosen = outcome.unwrap().treatments;
        let chosen: Vec<_> = chosen.iter().map(|(app, it)| (app, it.treatment)).collect();
        assert_eq!(chosen, [("mpv", EvenOut), ("vlc", LeaveAlone)]);
        assert!(writer.finish(PATIENCE));
    }

    #[test]
    fn values_of_a_slider_are_gathered_into_a_few_writes() {
        const VALUES: u64 = 500;
        let (writer, answer, mut kept) = writer();
        for _ in 0..VALUES {
            answer.send(true).unwrap();
        }
        let begin = Instant::now();
        for _ in 0..VALUES {
            writer.write(choice("mpv", LeaveAlone), Urgency::Soon);
            thread::sleep(Duration::from_millis(1));
        }
        let most = begin.elapsed().as_millis() / GATHER.as_millis() + 2;
        let mut writes = 0;
        while {
            writes += 1;
            written(&mut kept).0 < VALUES
        } {}
        assert!(writes <= most, "{writes} writes in {:?}", begin.elapsed());
    }

    #[test]
    fn what_could_not_be_written_is_written_with_the_next() {
        let (writer, answer, mut kept) = writer();
        writer.write(choice("mpv", LeaveAlone), Urgency::Now);
        answer.send(false).unwrap();
        assert!(written(&mut kept).1.is_err());
        writer.write(choice("vlc", LeaveAlone), Urgency::Now);
        answer.send(true).unwrap();
        assert_eq!(written(&mut kept).1.unwrap().treatments.iter().count(), 2);
    }

    #[test]
    fn end_flushes_what_is_not_due_and_waits_only_so_long() {
        let (first, answer, mut kept) = writer();
        first.write(choice("mpv", LeaveAlone), Urgency::Soon);
        answer.send(true).unwrap();
        assert!(first.finish(PATIENCE));
        assert!(written(&mut kept).1.is_ok());
        let (hung, _answer, _kept) = writer();
        hung.write(choice("mpv", LeaveAlone), Urgency::Now);
        assert!(!hung.finish(Duration::from_millis(20)));
    }

    #[test]
    fn look_for_others_does_not_hurry_what_is_not_due() {
        let (writer, answer, mut kept) = writer();
        writer.write(choice("mpv", LeaveAlone), Urgency::Soon);
        writer.follow();
        assert!(matches!(kept.blocking_recv(), Some(Kept::Choices(KeptChoices::Followed(_)))));
        answer.send(true).unwrap();
        assert_eq!(written(&mut kept).0, 1);
    }
}
