//! One thread that serves every bus connection of the tests.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Handle};

/// How long a state may take to come about, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The runtime of all connections; its thread lives as long as the tests.
pub(crate) fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

/// Waits for an answer of the bus; fails when none comes.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(async {
        tokio::time::timeout(PATIENCE, future).await.expect("the bus answered in time")
    })
}

/// Connects to a bus.
pub(crate) fn connect(address: &str) -> zbus::Connection {
    block(async { zbus::connection::Builder::address(address).build().await }).unwrap()
}

/// Asks until the probe returns something; each question may take a while, so that it is asked at a calm pace.
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}, in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks until the probe is true.
pub(crate) fn eventually(what: &str, mut probe: impl FnMut() -> bool) {
    wait_for(what, || probe().then_some(()));
}
