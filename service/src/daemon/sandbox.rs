//! The way out of a Flatpak's sandbox that has lost PipeWire for good.
//!
//! A sandbox keeps the socket that it was started with. Where PipeWire is started anew with another one, or was not
//! there yet when the sandbox was made, no waiting helps in here: the bus has to start the service in a new sandbox.
//! Where systemd holds the socket it stays the same, and the connection is back before this is due.

use std::time::{Duration, Instant};

use headroom_api::Problem;
use zbus::Connection;

use super::name;

/// How long PipeWire may be away before a new sandbox is tried; each of them waits as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether, and since when, a new sandbox is needed.
#[derive(Debug, Default)]
pub(super) struct Sandbox {
    is_around: bool,
    due: Option<Instant>,
    /// The bus knows of no Headroom that it could start.
    is_last: bool,
}

impl Sandbox {
    pub(super) fn around(is_around: bool) -> Self {
        Self { is_around, ..Self::default() }
    }

    /// PipeWire is away.
    pub(super) fn arm(&mut self, now: Instant) {
        if self.is_around {
            self.due.get_or_insert(now + PATIENCE);
        }
    }

    /// PipeWire is there.
    pub(super) fn rest(&mut self) {
        (self.due, self.is_last) = (None, false);
    }

    /// Returns when a new sandbox is to be tried.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due
    }

    /// Says what a person should know while PipeWire is away.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.due?;
        let every = u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX);
        Some(Problem::SandboxSocket { retry_s: (!self.is_last).then_some(every) })
    }

    /// Says whether this sandbox is to be left for another, which is so where the bus can start one.
    pub(super) async fn is_to_be_left(&mut self, connection: &Connection) -> bool {
        self.is_last = !name::is_activatable(connection).await.unwrap_or(false);
        self.due = Some(Instant::now() + PATIENCE);
        !self.is_last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_is_left_and_only_while_pipewire_is_away() {
        let now = Instant::now();
        let mut free = Sandbox::around(false);
        free.arm(now);
        assert_eq!((free.due_at(), free.problem()), (None, None));

        let mut sandbox = Sandbox::around(true);
        sandbox.arm(now);
        // Told again and again while it is away: the first word counts.
        sandbox.arm(now + Duration::from_secs(5));
        assert_eq!(sandbox.due_at(), Some(now + PATIENCE));
        assert!(sandbox.problem().is_some());
        sandbox.rest();
        assert_eq!((sandbox.due_at(), sandbox.problem()), (None, None));
    }
}
