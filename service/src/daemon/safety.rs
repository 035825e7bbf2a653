//! What the service does about its own failures: out of the way, and back.
//!
//! [`Failures`](crate::failures::Failures) and [`Starvation`](crate::starvation::Starvation) judge;
//! what follows from it is here.

use std::time::{Duration, Instant};

use headroom_api::{Problem, SafeModeCause};
use tracing::{error, info, warn};

use super::{Daemon, notice::Notice};
use crate::{
    data_thread::DataThread,
    failures::Cause,
    pw::Command,
    starvation::{SAMPLE_EVERY, Sample, Verdict},
};

/// How often PipeWire is asked for a sign of life while something plays.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// Why Headroom is out of the way, when it is not the person's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Withdrawal {
    /// Until the person wants it back.
    SafeMode(Cause),
    /// For a while.
    Starved,
}

/// What is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Off {
    /// Everything goes straight to the device.
    pub(super) bypass: bool,
    /// Not even a filter that is bypassed is made.
    pub(super) dormant: bool,
}

impl Daemon {
    pub(super) fn withdrawal(&self) -> Option<Withdrawal> {
        let safe_mode = self.failures.safe_mode().map(Withdrawal::SafeMode);
        safe_mode.or_else(|| self.starvation.is_withdrawn().then_some(Withdrawal::Starved))
    }

    pub(super) fn off(&self) -> Off {
        let withdrawal = self.withdrawal();
        Off {
            bypass: self.session.bypass || withdrawal.is_some(),
            dormant: matches!(withdrawal, Some(Withdrawal::SafeMode(_))),
        }
    }

    /// Does what the person says: what Headroom decided by itself is forgotten.
    pub(super) fn set_bypass(&mut self, bypass: bool) {
        self.bypass_term.cancel();
        self.comparison.cancel();
        if self.session.bypass != bypass {
            info!(bypass, "bypass");
            self.session.bypass = bypass;
        }
        if !bypass && self.withdrawal().is_some() {
            info!("back again, as wished");
            self.failures.forget();
            self.starvation.forgive();
        }
        self.follow_safe_mode();
    }

    /// Bypasses everything for so many seconds.
    pub(super) fn bypass_for(&mut self, seconds: u32) {
        self.set_bypass(true);
        self.bypass_term.start(Duration::from_secs(seconds.into()));
    }

    /// Brings the protection back when the time is over; what Headroom decided by itself stays.
    pub(super) fn end_bypass(&mut self) {
        if self.bypass_term.is_over() {
            info!("back again, as the time is over");
            self.session.bypass = false;
        }
    }

    /// Tells the person of safe mode, once, and takes the notice back when it is over.
    pub(super) fn follow_safe_mode(&mut self) {
        let Some(cause) = self.failures.safe_mode() else {
            self.notice = None;
            return;
        };
        if self.failures.take_untold() {
            let cause = SafeModeCause::from(cause);
            error!("{}", Problem::SafeMode { cause });
            self.notice = Some(Notice::safe_mode(&self.connection, &self.requests, cause));
        }
    }

    /// Watches the data thread while something that plays depends on it.
    pub(super) fn follow_starvation(&mut self, depends: bool) {
        if !depends {
            self.starvation.rest();
            self.sample_at = None;
        } else if self.sample_at.is_none() {
            self.sample(Instant::now());
        }
    }

    fn sample(&mut self, now: Instant) {
        let first = self.sample_at.replace(now + SAMPLE_EVERY).is_none();
        // A loop thread that hangs lets no new stream in.
        self.pulse.watch(&self.pipewire);
        if self.check_at <= now {
            self.check_at = now + CHECK_EVERY;
            self.pipewire.send(Command::CheckConnection);
        }
        let Some(thread) = DataThread::find() else {
            return;
        };
        // Priority is asked for and granted by other processes: with the second sample it has been.
        if !first {
            let lacks_priority = thread.is_realtime() == Some(false);
            if lacks_priority && !self.lacks_priority {
                warn!("{}", Problem::RealtimePriority);
            }
            self.lacks_priority = lacks_priority;
        }
        let sample = Sample {
            vitals: self.vitals.snapshot(),
            waited_ns: thread.waited_ns().unwrap_or(0),
            runnable: thread.is_runnable().unwrap_or(false),
        };
        match self.starvation.judge(now, sample) {
            Verdict::Fine => {}
            Verdict::Withdraw => warn!("{}", Problem::Starved),
            Verdict::GiveUp => self.failures.enter_safe_mode(Cause::Starved),
        }
        self.follow_safe_mode();
    }

    /// Returns when the data thread is to be looked at; `None` while nothing depends on it.
    pub(super) fn safety_due_at(&self) -> Option<Instant> {
        let all = [self.sample_at, self.starvation.back_at()];
        all.into_iter().flatten().min()
    }

    pub(super) fn serve_safety(&mut self) {
        let now = Instant::now();
        if self.sample_at.is_some_and(|at| at <= now) {
            self.sample(now);
            self.sums.look(now);
            let shown = self.shown.borrow().clone();
            if let Some(learned) = self.memory.look(&shown.streams, &self.apps, now) {
                self.keeper.keep_levels(learned);
            }
        }
        if self.starvation.take_back(now) {
            info!("back again, after a quiet time");
        }
    }

    /// Returns what is wrong with the service itself.
    pub(super) fn safety_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match self.withdrawal() {
            Some(Withdrawal::SafeMode(cause)) => {
                problems.push(Problem::SafeMode { cause: cause.into() });
            }
            Some(Withdrawal::Starved) => {
                problems.push(Problem::Starved);
            }
            None => {}
        }
        if self.lacks_priority {
            problems.push(Problem::RealtimePriority);
        }
        problems
    }
}

impl From<Cause> for SafeModeCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Crashes => Self::Crashes,
            Cause::Starved => Self::Starved,
        }
    }
}
