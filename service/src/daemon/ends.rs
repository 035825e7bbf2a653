//! The signals by which a service is told to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why the service ends, and whether another is to be started in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) why: &'static str,
    pub(super) has_successor: bool,
}

impl End {
    /// It ends for good.
    pub(super) fn of(why: &'static str) -> Self {
        Self { why, has_successor: false }
    }

    /// It makes room.
    pub(super) fn for_successor(why: &'static str) -> Self {
        Self { why, has_successor: true }
    }
}

/// The signals that end the service cleanly.
#[derive(Debug)]
pub(super) struct Ends {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Ends {
    /// Takes them over from the kernel, which would end the process at once.
    ///
    /// # Errors
    /// When they cannot be had.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn recv(&mut self) -> End {
        End::of(tokio::select! {
            _ = self.terminate.recv() => "told to end",
            _ = self.interrupt.recv() => "interrupted",
            _ = self.hangup.recv() => "the terminal is gone",
        })
    }
}
