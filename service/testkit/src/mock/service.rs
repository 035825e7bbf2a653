//! The mock service on its bus, and the test's hold on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, MutexGuard, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use headroom_api::names::{BUS_NAME, OBJECT_PATH};
use tokio::{runtime, sync::oneshot};
use zbus::{Connection, connection, object_server::SignalEmitter};

use super::{
    Readings, World,
    control::{Control, Shared, Worldly, send_meters},
};

/// How long anything may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was seen of the clients.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Changes that were asked for, refused ones included, as `Member argument...`; an empty argument is `''`.
    pub asked: Vec<String>,
    /// Who is subscribed to gauges, and how often a second it wants them.
    pub subscribers: BTreeMap<String, f64>,
    /// How often somebody subscribed.
    pub subscriptions: usize,
    /// Subscribers that answered a ping; each is pinged when it subscribes.
    pub answered_pings: BTreeSet<String>,
    /// How many readings were sent.
    pub readings: usize,
}

/// A mock service with the service's name on a bus; dropping it takes it from there like a crash.
#[derive(Debug)]
pub struct Service {
    shared: Arc<Shared>,
    connection: Connection,
    runtime: runtime::Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a service in this world on the bus of this address, on a thread of its own.
    ///
    /// # Errors
    /// When the bus cannot be reached or has a service already.
    pub fn start(address: &str, world: World) -> Result<Self> {
        let shared = Arc::new(Shared::new(world));
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, is_ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            // An error is the end as well: nobody holds the other side.
            let _ = runtime.block_on(is_ended);
        });
        let control = Control::new(Worldly::new(Arc::clone(&shared)));
        let builder = connection::Builder::address(address);
        let builder = builder.serve_at(OBJECT_PATH, control).name(BUS_NAME);
        let connection = run(&handle, async move { builder.build().await })
            .context("the mock service did not start in time")?
            .context("the mock service did not start")?;
        Ok(Self { shared, connection, runtime: handle, end: Some(end), thread: Some(thread) })
    }

    /// Returns the world, to look at it or to change what nobody is sent.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// Changes the world, and has published what a service publishes then when it returns.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        let (before, now) = {
            let mut world = self.world();
            let before = world.published();
            change(&mut world);
            (before, world.published())
        };
        let connection = self.connection.clone();
        let sent = run(&self.runtime, async move {
            now.publish(before, &SignalEmitter::new(&connection, OBJECT_PATH)?).await
        });
        sent.expect("the bus takes signals in time").expect("the bus takes signals");
    }

    /// Returns what was seen of the clients.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen()
    }

    /// Waits until something was seen.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.seen()) {
            assert!(Instant::now() < end, "{what} did not come: {:?}", self.seen().clone());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends one client a reading, taken so many microseconds after some time; it need not be a subscriber.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn send_meters(&self, client: &str, usec: u64, readings: Readings) {
        let (connection, client) = (self.connection.clone(), client.to_owned());
        let sent =
            run(
                &self.runtime,
                async move { send_meters(&connection, &client, usec, readings).await },
            );
        sent.expect("the bus takes signals in time").expect("the bus takes signals");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Its tasks hold the connection as well: it is closed, not only let go.
        let connection = self.connection.clone();
        let _ = run(&self.runtime, async move { connection.close().await });
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs something on the service's thread, from within a runtime as well as from without.
fn run<T: Send + 'static>(
    runtime: &runtime::Handle,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, mpsc::RecvTimeoutError> {
    let (sender, outcome) = mpsc::channel();
    runtime.spawn(async move { sender.send(future.await) });
    outcome.recv_timeout(PATIENCE)
}
