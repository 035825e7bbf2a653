//! The pretended service: a thread of its own with a connection to a private bus.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use headroom_api::names::{BUS_NAME, OBJECT_PATH};
use zbus::object_server::SignalEmitter;

use super::{DEADLINE, bus::PrivateBus, control::Fake, tables::stream};

/// What the pretended service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    Healthy,
    /// As it should, with a profile of the user's that it cannot read.
    BrokenProfile,
    /// Everything that `doctor` can complain about.
    Ill,
    /// As it should, for somebody who was not told yet what it does.
    New,
    /// Out of the way after repeated failures.
    SafeMode,
    /// Takes every call and never answers.
    Wedged,
}

/// What the test may look at: counts of what clients did and got.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) subscriptions: AtomicUsize,
    pub(crate) pings_answered: AtomicUsize,
    pub(crate) readings: AtomicUsize,
}

impl Seen {
    /// Waits until a count is reached.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        count: impl Fn(&Self) -> &AtomicUsize,
        wanted: usize,
    ) {
        let end = Instant::now() + DEADLINE;
        while count(self).load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < end, "{what} did not come");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A service on a thread of its own; leaves the bus when dropped.
pub(crate) struct FakeService {
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    thread: Option<JoinHandle<()>>,
    pub(crate) seen: Arc<Seen>,
}

enum Order {
    AddStream(u64, String),
    RemoveStream(u64),
    Stop,
}

impl FakeService {
    pub(crate) fn start(bus: &PrivateBus, manner: Manner) -> Self {
        let address = bus.address.clone();
        let (orders, mut inbox) = tokio::sync::mpsc::unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let seen = Arc::new(Seen::default());
        let fake = Fake::new(manner, Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let connection = zbus::connection::Builder::address(address.as_str())
                    .serve_at(OBJECT_PATH, fake)
                    .name(BUS_NAME)
                    .build()
                    .await
                    .unwrap();
                ready.send(()).unwrap();
                let emitter = SignalEmitter::new(&connection, OBJECT_PATH).unwrap();
                while let Some(order) = inbox.recv().await {
                    match order {
                        Order::AddStream(id, app) => {
                            Fake::stream_added(&emitter, id, stream(id, &app, None)).await.unwrap();
                        }
                        Order::RemoveStream(id) => {
                            Fake::stream_removed(&emitter, id).await.unwrap();
                        }
                        Order::Stop => break,
                    }
                }
            });
        });
        is_ready.recv_timeout(DEADLINE).expect("the pretended service starts");
        Self { orders, thread: Some(thread), seen }
    }

    pub(crate) fn add_stream(&self, id: u64, app: &str) {
        self.orders.send(Order::AddStream(id, app.to_owned())).unwrap();
    }

    pub(crate) fn remove_stream(&self, id: u64) {
        self.orders.send(Order::RemoveStream(id)).unwrap();
    }
}

impl Drop for FakeService {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
