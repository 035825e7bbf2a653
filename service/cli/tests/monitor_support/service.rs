//! A service with state: what is set is told, gauges are sent, subscribers are pinged.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use headroom_api::{
    Dict, Error, GaugeTable, ProblemRow, Result, StreamGauges,
    names::{BUS_NAME, OBJECT_PATH},
};
use tokio::task::AbortHandle;
use zbus::{
    OwnedVariant, Variant, fdo, interface, message::Header, names::BusName,
    object_server::SignalEmitter,
};

use crate::pretended::{DEADLINE, PrivateBus};

/// What the test may look at.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) subscriptions: AtomicUsize,
    pub(crate) pings_answered: AtomicUsize,
    pub(crate) readings: AtomicUsize,
    pub(crate) routes: Mutex<HashMap<String, String>>,
}

/// A service on a thread of its own; leaves the bus when dropped.
pub(crate) struct Service {
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    thread: Option<JoinHandle<()>>,
    pub(crate) seen: Arc<Seen>,
}

enum Order {
    Add(u64, Dict),
    Remove(u64),
    Stop,
}

impl Service {
    pub(crate) fn start(bus: &PrivateBus) -> Self {
        let address = bus.address.clone();
        let (orders, mut inbox) = tokio::sync::mpsc::unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let seen = Arc::new(Seen::default());
        let fake = Fake::new(Arc::clone(&seen));
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
                        Order::Add(id, dict) => {
                            Fake::stream_added(&emitter, id, dict).await.unwrap();
                        }
                        Order::Remove(id) => Fake::stream_removed(&emitter, id).await.unwrap(),
                        Order::Stop => break,
                    }
                }
            });
        });
        is_ready.recv_timeout(DEADLINE).expect("the service starts");
        Self { orders, thread: Some(thread), seen }
    }

    pub(crate) fn add_stream(&self, id: u64, app: &str) {
        self.orders.send(Order::Add(id, stream(id, app, "processed", "the default"))).unwrap();
    }

    pub(crate) fn remove_stream(&self, id: u64) {
        self.orders.send(Order::Remove(id)).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn owned(value: Variant<'_>) -> OwnedVariant {
    value.try_into_owned().unwrap()
}

fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries.into_iter().map(|(key, value)| (key.to_owned(), owned(value))).collect()
}

fn stream(id: u64, app: &str, route: &str, reason: &str) -> Dict {
    dict([
        ("id", Variant::new(id)),
        ("app", Variant::new(app)),
        ("media", Variant::new("Evil\u{1b}[2J 東京 song")),
        ("binary", Variant::new("fox-bin")),
        ("channels", Variant::new(2_u32)),
        ("rate", Variant::new(48_000_u32)),
        ("route", Variant::new(route)),
        ("reason", Variant::new(reason)),
        ("level", Variant::new(true)),
    ])
}

struct Fake {
    bypass: bool,
    profile: String,
    subscribers: HashMap<String, AbortHandle>,
    seen: Arc<Seen>,
}

impl Fake {
    fn new(seen: Arc<Seen>) -> Self {
        Self { bypass: false, profile: "default".to_owned(), subscribers: HashMap::new(), seen }
    }

    fn route(&self) -> String {
        let routes = self.seen.routes.lock().unwrap();
        routes.get("Firefox").cloned().unwrap_or_else(|| "processed".to_owned())
    }

    fn firefox(&self) -> Dict {
        let reason = if self.seen.routes.lock().unwrap().contains_key("Firefox") {
            "you set it"
        } else {
            "the profile processes everything"
        };
        stream(7, "Firefox", &self.route(), reason)
    }
}

#[interface(name = "org.headroom.Control")]
impl Fake {
    async fn set_route(
        &mut self,
        app: &str,
        route: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        if app == "Refused" {
            return Err(Error::Failed("the route could not be saved: the disk is full".to_owned()));
        }
        self.seen.routes.lock().unwrap().insert(app.to_owned(), route.to_owned());
        Self::stream_changed(&emitter, 7, self.firefox()).await?;
        self.routes_changed(&emitter).await?;
        Ok(())
    }

    async fn unset_route(
        &mut self,
        app: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        if self.seen.routes.lock().unwrap().remove(app).is_none() {
            return Err(Error::NoSuchRoute(format!("no route is set for '{app}'")));
        }
        Self::stream_changed(&emitter, 7, self.firefox()).await?;
        self.routes_changed(&emitter).await?;
        Ok(())
    }

    async fn explain(&self, stream: u64) -> Result<Dict> {
        let matched = HashMap::from([("application.name".to_owned(), "Firefox".to_owned())]);
        Ok(dict([
            ("stream", Variant::new(stream)),
            ("app", Variant::new("Firefox")),
            ("rule", Variant::new("the profile's default")),
            ("file", Variant::new("built in")),
            ("matched", Variant::new(matched)),
        ]))
    }

    async fn list_settings(&self) -> Result<Dict> {
        let ceiling: HashMap<String, Variant<'_>> = HashMap::from([
            ("value".to_owned(), Variant::Variant(Box::new(Variant::new(-0.5)))),
            ("default".to_owned(), Variant::Variant(Box::new(Variant::new(-0.1)))),
            ("changed".to_owned(), Variant::new(true)),
        ]);
        Ok(dict([("limiter.ceiling_dbtp", Variant::new(ceiling))]))
    }

    async fn subscribe_meters(
        &mut self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<()> {
        let caller = header.sender().unwrap().to_owned();
        let emitter = SignalEmitter::new(connection, OBJECT_PATH)
            .unwrap()
            .set_destination(BusName::from(caller.clone()))
            .to_owned();
        self.seen.subscriptions.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::clone(&self.seen);
        let connection = connection.clone();
        let name = caller.to_string();
        let task = tokio::spawn(async move {
            let peer = Some("org.freedesktop.DBus.Peer");
            if connection.call_method(Some(caller), OBJECT_PATH, peer, "Ping", &()).await.is_ok() {
                seen.pings_answered.fetch_add(1, Ordering::SeqCst);
            }
            for usec in 1.. {
                tokio::time::sleep(Duration::from_secs_f64(1.0 / hz)).await;
                let bus = [
                    ("input-peak-dbfs", 2.4),
                    ("true-peak-dbtp", -0.53),
                    ("true-peak-max-dbtp", -0.51),
                    ("agc-gain-db", 3.5),
                    ("compressor-db", -1.8),
                    ("limiter-soft-db", -0.6),
                    ("limiter-hard-db", -4.2),
                    ("momentary-lufs", -14.2),
                    ("short-term-lufs", -15.3),
                    ("integrated-lufs", -16.4),
                ];
                let firefox = [("peak-dbfs", -3.1), ("rms-dbfs", -14.7), ("level-db", -2.5)];
                let table = |entries: &[(&str, f64)]| -> GaugeTable {
                    entries.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
                };
                let streams = vec![(7, table(&firefox))];
                if Self::meters(&emitter, usec, table(&bus), streams).await.is_err() {
                    break;
                }
                seen.readings.fetch_add(1, Ordering::SeqCst);
            }
        });
        if let Some(before) = self.subscribers.insert(name, task.abort_handle()) {
            before.abort();
        }
        Ok(())
    }

    async fn unsubscribe_meters(&mut self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        if let Some(task) = self.subscribers.remove(header.sender().unwrap().as_str()) {
            task.abort();
        }
        Ok(())
    }

    #[zbus(signal)]
    async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGauges>,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_added(emitter: &SignalEmitter<'_>, id: u64, stream: Dict) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_changed(emitter: &SignalEmitter<'_>, id: u64, stream: Dict)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        "0.1.0".to_owned()
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        if self.bypass { "bypassed" } else { "running" }.to_owned()
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<ProblemRow> {
        let sentence =
            "mine.toml, line 3: unknown key 'loud'. The last good version stays in force.";
        vec![("profile-broken".to_owned(), "mine.toml".to_owned(), sentence.to_owned())]
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.bypass
    }

    #[zbus(property)]
    async fn set_bypass(
        &mut self,
        bypass: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        self.bypass = bypass;
        self.state_changed(&emitter).await?;
        Ok(())
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(&mut self, name: String) {
        self.profile = name;
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        [("default", "For every day"), ("night", "Loud parts down, quiet parts up")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }

    #[zbus(property)]
    async fn routes(&self) -> HashMap<String, String> {
        self.seen.routes.lock().unwrap().clone()
    }

    #[zbus(property)]
    async fn level_control(&self) -> HashMap<String, bool> {
        HashMap::new()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        vec![stream(9, "Refused", "processed", "the default"), self.firefox()]
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        dict([
            ("name", Variant::new("alsa_output.pci")),
            ("description", Variant::new("Speakers")),
            ("rate", Variant::new(48_000_u32)),
            ("quantum", Variant::new(1024_u32)),
            ("latency-ms", Variant::new(1.4375)),
        ])
    }
}
