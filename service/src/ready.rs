//! A descriptor of the kernel that the control thread waits for.

use std::{
    future::pending,
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use tokio::io::unix::AsyncFd;

/// A descriptor that does not block, and what waits for it.
#[derive(Debug)]
pub(crate) struct Ready(AsyncFd<OwnedFd>);

impl Ready {
    /// Takes a descriptor that does not block; needs a tokio runtime.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(crate) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        // SAFETY: an `OwnedFd` is one open file until it is dropped, and is dropped with the `AsyncFd`.
        Ok(Self(unsafe { AsyncFd::register(descriptor) }?))
    }

    /// Returns the descriptor.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }

    /// Waits until `read` does anything but find nothing to read; returns what it did.
    pub(crate) async fn read<T>(
        &self,
        mut read: impl FnMut(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let Ok(mut ready) = self.0.readable().await else { return pending().await };
            if let Ok(outcome) = ready.try_io(|descriptor| read(descriptor.as_fd())) {
                return outcome;
            }
        }
    }
}
