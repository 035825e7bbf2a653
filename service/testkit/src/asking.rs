//! One thread that serves every bus connection of a test program, and questions that are asked until their answer is the
//! right one.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Handle};
use zbus::Connection;

/// How long a state may take to come about, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long after a question the next one is asked, so that whoever is asked can go on meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// The runtime of all connections; its thread lives as long as the tests.
///
/// # Panics
/// When it cannot be made.
pub fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

/// Waits for an answer of the bus.
///
/// # Panics
/// When none comes within [`PATIENCE`].
pub fn block<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(async {
        tokio::time::timeout(PATIENCE, future).await.expect("the bus answered in time")
    })
}

/// Connects to a bus.
///
/// # Panics
/// When nobody answers there.
pub fn connect(address: &str) -> Connection {
    block(async { zbus::connection::Builder::address(address).build().await })
        .expect("a bus at this address")
}

/// Asks until the probe returns something.
///
/// # Panics
/// When it does not within [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}, in vain");
        std::thread::sleep(PAUSE);
    }
}

/// Asks until the probe is true.
///
/// # Panics
/// As [`wait_for`].
pub fn eventually(what: &str, mut probe: impl FnMut() -> bool) {
    wait_for(what, || probe().then_some(()));
}
