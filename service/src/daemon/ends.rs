//! The signals by which a service is told to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

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

    /// Waits for one of them; says why the service ends.
    pub(super) async fn recv(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "told to end",
            _ = self.interrupt.recv() => "interrupted",
            _ = self.hangup.recv() => "the terminal is gone",
        }
    }
}
