//! Moves of streams' own volumes that clients have asked for.
//!
//! The volume is the person's, and PipeWire has it: a request becomes a write, and is answered when the stream has told
//! that it plays so. Nothing is remembered here, which the session manager does, and nothing is put back.

use std::time::{Duration, Instant};

use headroom_api::{Error, Result, quotable};

use super::{Daemon, serve::no_such_stream};
use crate::{
    control::Reply,
    pw::Command,
    state::{GlobalId, OwnVolume, Volume, VolumeChange},
};

/// A stream tells a write within milliseconds; one that takes so long does not do it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who waits for a stream's volume, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Moves {
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    stream: u64,
    change: VolumeChange,
    until: Instant,
    reply: Reply<()>,
}

impl Moves {
    /// Has an answer wait until a stream has told a change.
    fn wait(&mut self, stream: u64, change: VolumeChange, reply: Reply<()>, now: Instant) {
        self.waiting.push(Waiting { stream, change, until: now + PATIENCE, reply });
    }

    /// Says whether something is on its way to a stream, so that what is known of its volume is about to be another.
    fn is_moving(&self, stream: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.stream == stream)
    }

    /// Answers everybody whose change has come about, was overtaken by a later one that has, or does not come.
    pub(super) fn answer(&mut self, told: &[(u64, Option<OwnVolume>)], now: Instant) {
        let mut kept = Vec::new();
        let mut done: Vec<(u64, bool)> = Vec::new();
        // From the newest on: what was overtaken was in force in between.
        for waiting in std::mem::take(&mut self.waiting).into_iter().rev() {
            let found = told.iter().find(|(stream, _)| *stream == waiting.stream);
            let which = (waiting.stream, matches!(waiting.change, VolumeChange::Muted(_)));
            let answer = match found {
                None => Some(Err(gone(waiting.stream))),
                Some((_, volume)) if shows(*volume, waiting.change) || done.contains(&which) => {
                    done.push(which);
                    Some(Ok(()))
                }
                Some(_) if waiting.until <= now => Some(Err(not_taken(waiting.stream))),
                Some(_) => None,
            };
            match answer {
                // Nobody may wait for it any more, which is no failure.
                Some(answer) => drop(waiting.reply.send(answer)),
                None => kept.push(waiting),
            }
        }
        kept.reverse();
        self.waiting = kept;
    }

    /// Returns when somebody has waited long enough; `None` while nobody waits.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }
}

impl Daemon {
    /// Answers who waits for what the streams have told by now, and has been published.
    pub(super) fn answer_moves(&mut self, now: Instant) {
        if self.moves.due_at().is_some() {
            let shown = self.shown.borrow().clone();
            let told: Vec<_> = shown.streams.iter().map(|it| (it.id, it.volume)).collect();
            self.moves.answer(&told, now);
        }
    }

    /// Changes a stream's own volume; answers when the stream has told it.
    pub(super) fn move_volume(&mut self, stream: u64, change: VolumeChange, reply: Reply<()>) {
        match self.find_volume(stream, change) {
            Err(error) => drop(reply.send(Err(error))),
            // A write of what is there already would be told to nobody.
            Ok((_, true)) if !self.moves.is_moving(stream) => drop(reply.send(Ok(()))),
            Ok((node, _)) => {
                self.pipewire.send(Command::SetOwnVolume { node, stream, change });
                self.moves.wait(stream, change, reply, Instant::now());
            }
        }
    }

    /// Returns the node of a stream that has a volume, and whether a change is in force there.
    fn find_volume(&self, stream: u64, change: VolumeChange) -> Result<(GlobalId, bool)> {
        self.refuse_while_away()?;
        let shown = self.shown.borrow().clone();
        let found = shown.streams.iter().find(|known| known.id == stream);
        let found = found.ok_or_else(|| no_such_stream(stream, &shown))?;
        let volume = self.graph.node(found.node).and_then(|node| node.volume.as_ref());
        let volume = volume.ok_or_else(|| {
            let app = quotable(&found.identity.app);
            Error::InvalidValue(format!(
                "the stream {stream} ({app}) has no volume of its own: no mixer can move it"
            ))
        })?;
        Ok((found.node, is_so(volume, change)))
    }
}

/// Says whether a volume is exactly what a change would make of it.
fn is_so(volume: &Volume, change: VolumeChange) -> bool {
    match change {
        VolumeChange::Percent(percent) => volume.channels_at(percent) == volume.channels,
        VolumeChange::Muted(muted) => volume.mute == muted,
    }
}

fn shows(volume: Option<OwnVolume>, change: VolumeChange) -> bool {
    volume.is_some_and(|volume| volume.shows(change))
}

fn gone(stream: u64) -> Error {
    Error::NoSuchStream(format!("the stream {stream} has just gone"))
}

fn not_taken(stream: u64) -> Error {
    Error::Failed(format!("the stream {stream} has not taken its volume within a second"))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{self, Receiver};

    use super::*;

    const TO_50: VolumeChange = VolumeChange::Percent(50.0);
    const TO_70: VolumeChange = VolumeChange::Percent(70.0);

    fn asked(moves: &mut Moves, change: VolumeChange, now: Instant) -> Receiver<Result<()>> {
        let (reply, answer) = oneshot::channel();
        moves.wait(7, change, reply, now);
        answer
    }

    fn is_done(answer: &mut Receiver<Result<()>>) -> bool {
        matches!(answer.try_recv(), Ok(Ok(())))
    }

    fn at(percent: f64, muted: bool) -> Vec<(u64, Option<OwnVolume>)> {
        vec![(7, Some(OwnVolume { percent, muted }))]
    }

    #[test]
    fn nobody_is_answered_before_the_stream_has_told() {
        let (mut moves, now) = (Moves::default(), Instant::now());
        let mut answer = asked(&mut moves, TO_50, now);
        moves.answer(&at(100.0, false), now);
        assert!(!is_done(&mut answer));
        assert!(moves.is_moving(7) && moves.due_at() == Some(now + PATIENCE));
        moves.answer(&at(50.01, false), now);
        assert!(is_done(&mut answer));
        assert!(!moves.is_moving(7) && moves.due_at().is_none());
    }

    #[test]
    fn move_that_a_later_one_overtook_is_answered_with_it() {
        let (mut moves, now) = (Moves::default(), Instant::now());
        let mut first = asked(&mut moves, TO_50, now);
        let mut mute = asked(&mut moves, VolumeChange::Muted(true), now);
        let mut last = asked(&mut moves, TO_70, now);
        moves.answer(&at(70.0, false), now);
        assert!(is_done(&mut first) && is_done(&mut last));
        assert!(!is_done(&mut mute), "that is another thing");
    }

    #[test]
    fn stream_that_goes_or_does_not_follow_is_an_error() {
        let (mut moves, now) = (Moves::default(), Instant::now());
        let mut answer = asked(&mut moves, TO_50, now);
        moves.answer(&at(100.0, false), now + PATIENCE);
        assert!(matches!(answer.try_recv(), Ok(Err(Error::Failed(_)))));
        let mut answer = asked(&mut moves, TO_50, now);
        moves.answer(&[], now);
        assert!(matches!(answer.try_recv(), Ok(Err(Error::NoSuchStream(_)))));
    }
}
