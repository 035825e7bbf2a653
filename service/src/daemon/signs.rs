//! Signs of life and state for a supervisor, where there is one: sd_notify(3).
//!
//! Without `WATCHDOG_USEC` there is no timer, and nothing wakes up.

use std::time::{Duration, Instant};

use headroom_api::ServiceState;
use sd_notify::NotifyState;
use tracing::debug;

use super::pulse::Pulse;
use crate::pw::PipeWire;

/// What the supervisor is told.
#[derive(Debug)]
pub(super) struct Signs {
    every: Option<Duration>,
    due: Option<Instant>,
    /// True while a sign waits for the loop thread's answer.
    owed: bool,
    told: Option<ServiceState>,
}

impl Signs {
    /// Prepares signs at half of the time that the watchdog waits at most.
    pub(super) fn new(watchdog: Option<Duration>) -> Self {
        let every = watchdog.map(|longest| longest / 2);
        Self { every, due: every.map(|_| Instant::now()), owed: false, told: None }
    }

    /// Returns when the next sign is due; `None` when nobody waits for one.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due
    }

    /// Has the loop thread asked when a sign is due: it is given when that one has answered.
    pub(super) fn serve(&mut self, now: Instant, pulse: &mut Pulse, pipewire: &PipeWire) {
        if self.due.take_if(|due| *due <= now).is_some() {
            self.due = self.every.map(|every| now + every);
            self.owed = true;
            pulse.watch(pipewire);
        }
    }

    /// Gives the sign that is owed: both threads live.
    pub(super) fn take_pong(&mut self) {
        if std::mem::take(&mut self.owed) {
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// Says that the service is ready.
    pub(super) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    /// Says that the service is about to end.
    pub(super) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// Says what the service is doing, when that is something else than before.
    pub(super) fn state(&mut self, state: ServiceState) {
        if self.told.replace(state) != Some(state) {
            tell(&[NotifyState::Status(match state {
                ServiceState::Running => "Protecting.",
                ServiceState::Bypassed => "Bypassed, as wished.",
                ServiceState::Sidelined => "Passed by: another program's effects take what plays.",
                ServiceState::Waiting => "Waiting for PipeWire, WirePlumber or a device.",
                ServiceState::SafeMode => "Out of the way after repeated failures.",
            })]);
        }
    }
}

/// Does nothing where nobody listens (`NOTIFY_SOCKET` is not set).
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "the supervisor cannot be told");
    }
}
