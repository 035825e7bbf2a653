//! Whether a subscriber still reads, judged by evidence; pure, the time is handed in.
//!
//! The rules: a reading is sent while there is proof, not older than [`PATIENCE`], that what was sent
//! before is read. The proof is an answer to `org.freedesktop.DBus.Peer.Ping`, whatever it says. A
//! client that has never answered one, because its library leaves that to the program, is looked at
//! instead (see [`Look`]). Without any evidence it gets one reading per look.

use std::time::{Duration, Instant};

/// How long a subscriber may owe an answer before nothing more is sent.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);
/// How long after an answer the next is asked for, if readings were sent meanwhile.
const PING_EVERY: Duration = Duration::from_millis(500);
/// When and how often a client that does not answer is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What to do to find out whether a subscriber reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Ask it for a sign of life.
    Ping,
    /// Look at its process and its queue; the number is what the look before has counted.
    Look(Option<u64>),
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What was sent has been read, or the process works.
    Alive,
    /// The process is stopped, or what was sent piles up.
    Stuck,
    /// Neither the bus nor the system tells.
    Unknown,
}

/// The flow of readings to one subscriber.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(super) struct Flow {
    /// It has answered once, so it answers.
    answers: bool,
    pinged_at: Option<Instant>,
    ping_from: Instant,
    /// Nothing goes to a client that does not answer after this.
    trusted_until: Instant,
    look_at: Instant,
    looking: bool,
    /// What the last look has counted of the client's work.
    work: Option<u64>,
    /// One reading may go without proof.
    spare: bool,
    sent_unproven: bool,
}

impl Flow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            answers: false,
            pinged_at: None,
            ping_from: now,
            trusted_until: now + PATIENCE,
            look_at: now + LOOK_EVERY,
            looking: false,
            work: None,
            spare: false,
            sent_unproven: false,
        }
    }

    /// Says whether a reading may be sent.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        if self.answers {
            self.pinged_at.is_none_or(|at| now < at + PATIENCE)
        } else {
            self.spare || now < self.trusted_until
        }
    }

    /// Notes that a reading goes out.
    pub(super) fn send(&mut self) {
        self.sent_unproven = true;
        self.spare = false;
    }

    /// Returns what is to be done now to find out whether the subscriber reads, and notes it as done.
    pub(super) fn probe(&mut self, now: Instant) -> Option<Probe> {
        if self.pinged_at.is_none() && self.sent_unproven && now >= self.ping_from {
            self.pinged_at = Some(now);
            self.sent_unproven = false;
            return Some(Probe::Ping);
        }
        if self.wants_look() && now >= self.look_at {
            self.looking = true;
            return Some(Probe::Look(self.work));
        }
        None
    }

    /// Returns when there is something to be done though no reading is due.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.wants_look().then_some(self.look_at)
    }

    /// Takes an answer to the ping.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answers = true;
        self.pinged_at = None;
        self.ping_from = now + PING_EVERY;
    }

    /// Takes what a look has shown and counted.
    pub(super) fn looked(&mut self, look: Look, work: Option<u64>, now: Instant) {
        self.looking = false;
        self.work = work;
        self.look_at = now + LOOK_EVERY;
        self.spare = look == Look::Unknown;
        self.trusted_until = match look {
            // Until the next look has come back.
            Look::Alive => now + LOOK_EVERY + LOOK_EVERY / 2,
            Look::Stuck | Look::Unknown => now,
        };
    }

    fn wants_look(&self) -> bool {
        !self.answers && !self.looking && self.pinged_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(100);

    /// Sends whenever it may for so many steps; returns how many readings went out.
    fn run(
        flow: &mut Flow,
        now: &mut Instant,
        steps: u32,
        mut react: impl FnMut(&mut Flow, Probe, Instant),
    ) -> u32 {
        let mut sent = 0;
        for _ in 0..steps {
            *now += STEP;
            if flow.is_open(*now) {
                flow.send();
                sent += 1;
            }
            if let Some(probe) = flow.probe(*now) {
                react(flow, probe, *now);
            }
        }
        sent
    }

    #[test]
    fn who_answers_gets_everything_and_is_asked_twice_a_second() {
        let mut now = Instant::now();
        let (mut flow, mut pings) = (Flow::new(now), 0);
        let sent = run(&mut flow, &mut now, 100, |flow, probe, now| {
            assert_eq!(probe, Probe::Ping);
            pings += 1;
            flow.answered(now);
        });
        assert_eq!(sent, 100);
        assert!((18..=21).contains(&pings), "{pings}");
        assert_eq!(flow.wake_at(), None);
    }

    #[test]
    fn who_stops_answering_gets_no_more_than_two_seconds_of_readings() {
        let mut now = Instant::now();
        let mut flow = Flow::new(now);
        run(&mut flow, &mut now, 20, |flow, _, now| flow.answered(now));
        let sent = run(&mut flow, &mut now, 1000, |_, probe, _| assert_eq!(probe, Probe::Ping));
        assert!(sent <= 20, "{sent}");
        // Nothing is left to do until it answers.
        assert!(!flow.is_open(now) && flow.wake_at().is_none());
        flow.answered(now);
        assert!(flow.is_open(now));
    }

    #[test]
    fn who_never_answers_is_looked_at() {
        let mut now = Instant::now();
        let (mut flow, mut looks) = (Flow::new(now), 0);
        let mut look = Look::Alive;
        let mut react = |flow: &mut Flow, probe: Probe, now| {
            if let Probe::Look(before) = probe {
                assert_eq!(before, (looks > 0).then_some(looks));
                looks += 1;
                flow.looked(look, Some(looks), now);
            }
        };
        assert_eq!(run(&mut flow, &mut now, 100, &mut react), 100);
        look = Look::Stuck;
        let mut react = |flow: &mut Flow, _: Probe, now| flow.looked(look, None, now);
        assert!(run(&mut flow, &mut now, 100, &mut react) <= 20);
        look = Look::Alive;
        let mut react = |flow: &mut Flow, _: Probe, now| flow.looked(look, None, now);
        assert!(run(&mut flow, &mut now, 100, &mut react) >= 85);
    }

    #[test]
    fn without_any_evidence_there_is_one_reading_per_look() {
        let mut now = Instant::now();
        let mut flow = Flow::new(now);
        let unknown = |flow: &mut Flow, probe: Probe, now| {
            if probe != Probe::Ping {
                flow.looked(Look::Unknown, None, now);
            }
        };
        run(&mut flow, &mut now, 30, unknown);
        let sent = run(&mut flow, &mut now, 100, unknown);
        assert!((9..=11).contains(&sent), "{sent}");
        // A late answer lifts the limit for good.
        flow.answered(now);
        assert_eq!(run(&mut flow, &mut now, 10, unknown), 10);
    }

    #[test]
    fn a_look_that_does_not_come_back_ends_the_flow() {
        let mut now = Instant::now();
        let mut flow = Flow::new(now);
        assert!(run(&mut flow, &mut now, 100, |_, _, _| {}) <= 16);
        assert_eq!(flow.wake_at(), None);
    }
}
