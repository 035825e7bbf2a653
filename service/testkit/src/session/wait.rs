//! Waiting for a state, with a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

const POLL: Duration = Duration::from_millis(5);

/// Asks `probe` until it returns something.
///
/// # Errors
/// When nothing came within `timeout`; the message names `what` was awaited.
pub fn wait_for<T>(
    what: &str,
    timeout: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> Result<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(found) = probe() {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {:.1} s for {what}, in vain", timeout.as_secs_f64());
        }
        thread::sleep(POLL);
    }
}

/// Asks `probe` until it is true.
///
/// # Errors
/// Those of [`wait_for`].
pub fn wait_until(what: &str, timeout: Duration, mut probe: impl FnMut() -> bool) -> Result<()> {
    wait_for(what, timeout, || probe().then_some(()))
}
