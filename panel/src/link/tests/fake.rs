//! A service that only pretends, in the test's own process.
#![allow(clippy::unused_async, reason = "the bus decides the signatures")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headroom_api::{
    Dict, Error, GaugeTable, ProblemRow, Result, StreamGauges,
    names::{BUS_NAME, OBJECT_PATH},
};
use tokio::sync::Semaphore;
use zbus::{
    Connection, OwnedVariant, Variant,
    connection::Builder,
    fdo, interface,
    message::Header,
    names::{BusName, OwnedUniqueName},
    object_server::{InterfaceRef, SignalEmitter},
};

/// A running pretended service; leaves the bus when dropped.
pub(super) struct FakeService {
    connection: Connection,
    pub(super) shared: Arc<Shared>,
}

/// What the service has and what it was asked for.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Calls that change something, in order.
    pub(super) calls: Mutex<Vec<String>>,
    /// Who has subscribed, and how often a second.
    pub(super) subscribers: Mutex<HashMap<OwnedUniqueName, f64>>,
    /// Every answer takes one of these; there are plenty unless a test takes them away.
    pub(super) answers: Semaphore,
}

pub(super) struct State {
    pub(super) mode: String,
    pub(super) problems: Vec<ProblemRow>,
    pub(super) bypass: bool,
    pub(super) introduced: bool,
    pub(super) profile: String,
    pub(super) routes: HashMap<String, String>,
    pub(super) levels: HashMap<String, bool>,
    pub(super) streams: Vec<(u64, &'static str)>,
    pub(super) overlay: HashMap<String, OwnedVariant>,
}

const PLENTY: usize = 1_000_000;

impl FakeService {
    pub(super) async fn start(address: &str) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                mode: "running".to_owned(),
                problems: Vec::new(),
                bypass: false,
                introduced: false,
                profile: "default".to_owned(),
                routes: HashMap::from([("mpv".to_owned(), "bypass".to_owned())]),
                levels: HashMap::from([("firefox".to_owned(), true)]),
                streams: vec![(7, "Firefox")],
                overlay: HashMap::new(),
            }),
            calls: Mutex::default(),
            subscribers: Mutex::default(),
            answers: Semaphore::new(PLENTY),
        });
        let connection = Builder::address(address)
            .serve_at(OBJECT_PATH, Fake(Arc::clone(&shared)))
            .name(BUS_NAME)
            .build()
            .await
            .unwrap();
        Self { connection, shared }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap().clone()
    }

    pub(super) fn subscribers(&self) -> Vec<f64> {
        self.shared.subscribers.lock().unwrap().values().copied().collect()
    }

    /// Answers nobody until told otherwise.
    pub(super) fn hang(&self) {
        self.shared.answers.forget_permits(PLENTY);
    }

    /// Answers again, those too who wait.
    pub(super) fn recover(&self) {
        self.shared.answers.add_permits(PLENTY);
    }

    pub(super) async fn interface(&self) -> InterfaceRef<Fake> {
        self.connection.object_server().interface(OBJECT_PATH).await.unwrap()
    }

    pub(super) async fn add_stream(&self, id: u64, app: &'static str) {
        self.state().streams.push((id, app));
        let interface = self.interface().await;
        Fake::stream_added(interface.signal_emitter(), id, stream(id, app)).await.unwrap();
    }

    pub(super) async fn change_stream(&self, id: u64, app: &'static str) {
        let interface = self.interface().await;
        Fake::stream_changed(interface.signal_emitter(), id, stream(id, app)).await.unwrap();
    }

    pub(super) async fn remove_stream(&self, id: u64) {
        self.state().streams.retain(|(known, _)| *known != id);
        let interface = self.interface().await;
        Fake::stream_removed(interface.signal_emitter(), id).await.unwrap();
    }

    /// Sends a reading to whoever has subscribed.
    pub(super) async fn send_meters(&self, usec: u64) {
        let subscribers: Vec<_> = self.shared.subscribers.lock().unwrap().keys().cloned().collect();
        for subscriber in subscribers {
            self.send_meters_to(subscriber, usec).await;
        }
    }

    pub(super) async fn send_meters_to(&self, name: OwnedUniqueName, usec: u64) {
        let emitter = SignalEmitter::new(&self.connection, OBJECT_PATH)
            .unwrap()
            .set_destination(BusName::from(name.into_inner()));
        let bus = GaugeTable::from([("true-peak-dbtp".to_owned(), -0.5)]);
        let streams = vec![(7, GaugeTable::from([("peak-dbfs".to_owned(), -3.0)]))];
        Fake::meters(&emitter, usec, bus, streams).await.unwrap();
    }

    /// Pings whoever has subscribed, as the service does.
    pub(super) async fn ping(&self) -> bool {
        let subscriber = self.shared.subscribers.lock().unwrap().keys().next().cloned();
        let peer = fdo::PeerProxy::builder(&self.connection)
            .destination(subscriber.unwrap().into_inner())
            .path("/")
            .build()
            .await
            .unwrap();
        matches!(tokio::time::timeout(Duration::from_secs(20), peer.ping()).await, Ok(Ok(())))
    }

    pub(super) async fn stop(self) {
        self.connection.close().await.unwrap();
    }
}

pub(super) struct Fake(Arc<Shared>);

fn owned(value: Variant<'_>) -> OwnedVariant {
    value.try_into_owned().unwrap()
}

fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries.into_iter().map(|(key, value)| (key.to_owned(), owned(value))).collect()
}

fn stream(id: u64, app: &str) -> Dict {
    dict([
        ("id", Variant::new(id)),
        ("app", Variant::new(app)),
        ("media", Variant::new("A song")),
        ("route", Variant::new("processed")),
        ("reason", Variant::new("no route sets it apart")),
        ("playing", Variant::new(true)),
    ])
}

impl Fake {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Notes a call and answers when the service answers.
    async fn note(&self, call: String) {
        self.0.calls.lock().unwrap().push(call);
        self.answer().await;
    }

    async fn answer(&self) {
        // Given back, so that a service that answers goes on to.
        let _ = self.0.answers.acquire().await;
    }

    fn settings(&self) -> Dict {
        let known = [
            ("agc.enabled", Variant::new(true), None),
            ("agc.max_boost_db", Variant::new(8.0), Some((0.0, 24.0))),
            ("agc.max_cut_db", Variant::new(15.0), Some((0.0, 40.0))),
        ];
        let state = self.lock();
        known
            .into_iter()
            .map(|(key, own, range)| {
                let changed = state.overlay.get(key);
                let value = match changed {
                    Some(value) => Variant::from(value.try_clone().unwrap()),
                    None => own.try_clone().unwrap(),
                };
                let boxed = |value| Variant::Variant(Box::new(value));
                let mut entry: HashMap<&str, Variant<'_>> = HashMap::from([
                    ("value", boxed(value)),
                    ("default", boxed(own)),
                    ("changed", Variant::new(changed.is_some())),
                ]);
                if let Some((min, max)) = range {
                    entry.extend([
                        ("min", Variant::new(min)),
                        ("max", Variant::new(max)),
                        ("unit", Variant::new("dB")),
                    ]);
                }
                (key.to_owned(), owned(Variant::new(entry)))
            })
            .collect()
    }
}

#[interface(name = "org.headroom.Control")]
impl Fake {
    async fn set_route(
        &self,
        app: &str,
        route: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.note(format!("SetRoute {app} {route}")).await;
        self.lock().routes.insert(app.to_owned(), route.to_owned());
        self.routes_changed(&emitter).await?;
        Ok(())
    }

    async fn unset_route(
        &self,
        app: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.note(format!("UnsetRoute {app}")).await;
        if self.lock().routes.remove(app).is_none() {
            return Err(Error::NoSuchRoute(format!("no route is set for '{app}'")));
        }
        self.routes_changed(&emitter).await?;
        Ok(())
    }

    async fn list_settings(&self) -> Result<Dict> {
        self.answer().await;
        Ok(self.settings())
    }

    async fn set_setting(
        &self,
        key: &str,
        value: Variant<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.note(format!("SetSetting {key} {value}")).await;
        let value = value.try_clone().unwrap().try_into_owned().unwrap();
        self.lock().overlay.insert(key.to_owned(), value);
        Self::settings_changed(&emitter, Dict::new()).await?;
        Ok(())
    }

    async fn reset_setting(
        &self,
        key: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.note(format!("ResetSetting {key}")).await;
        self.lock().overlay.remove(key);
        Self::settings_changed(&emitter, Dict::new()).await?;
        Ok(())
    }

    async fn set_level_control(&self, app: &str, on: bool) -> Result<()> {
        self.note(format!("SetLevelControl {app} {on}")).await;
        Ok(())
    }

    async fn unset_level_control(&self, app: &str) -> Result<()> {
        self.note(format!("UnsetLevelControl {app}")).await;
        Ok(())
    }

    async fn set_app_setting(&self, app: &str, key: &str, value: Variant<'_>) -> Result<()> {
        self.note(format!("SetAppSetting {app} {key} {value}")).await;
        Ok(())
    }

    async fn reset_app_setting(&self, app: &str, key: &str) -> Result<()> {
        self.note(format!("ResetAppSetting {app} '{key}'")).await;
        Ok(())
    }

    async fn reset_level_control(&self, stream: u64) -> Result<()> {
        self.note(format!("ResetLevelControl {stream}")).await;
        Ok(())
    }

    async fn reload_profiles(&self) -> Result<()> {
        self.note("ReloadProfiles".to_owned()).await;
        Ok(())
    }

    async fn subscribe_meters(&self, hz: f64, #[zbus(header)] header: Header<'_>) -> Result<()> {
        if !headroom_api::METERS_HZ.contains(&hz) {
            return Err(Error::InvalidValue(format!("{hz} is not from 1 to 60")));
        }
        let caller = header.sender().unwrap().to_owned().into();
        self.0.subscribers.lock().unwrap().insert(caller, hz);
        Ok(())
    }

    async fn unsubscribe_meters(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        let caller: OwnedUniqueName = header.sender().unwrap().to_owned().into();
        self.0.subscribers.lock().unwrap().remove(&caller);
        Ok(())
    }

    async fn health(&self) -> Result<Dict> {
        self.answer().await;
        Ok(dict([("cycles", Variant::new(42_u64)), ("pipewire-version", Variant::new("1.4.2"))]))
    }

    #[zbus(signal)]
    async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGauges>,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn settings_changed(emitter: &SignalEmitter<'_>, settings: Dict) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_added(emitter: &SignalEmitter<'_>, id: u64, stream: Dict) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_changed(emitter: &SignalEmitter<'_>, id: u64, stream: Dict)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        self.answer().await;
        "0.1.0".to_owned()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        1
    }

    #[zbus(property)]
    pub(super) async fn state(&self) -> String {
        self.lock().mode.clone()
    }

    #[zbus(property)]
    pub(super) async fn problems(&self) -> Vec<ProblemRow> {
        self.lock().problems.clone()
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.lock().bypass
    }

    #[zbus(property)]
    async fn set_bypass(&self, bypass: bool) -> fdo::Result<()> {
        self.note(format!("Bypass {bypass}")).await;
        self.lock().bypass = bypass;
        Ok(())
    }

    #[zbus(property)]
    async fn introduced(&self) -> bool {
        self.lock().introduced
    }

    #[zbus(property)]
    async fn set_introduced(&self, introduced: bool) -> fdo::Result<()> {
        self.note(format!("Introduced {introduced}")).await;
        self.lock().introduced = introduced;
        Ok(())
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.lock().profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(&self, name: &str) -> Result<()> {
        self.note(format!("ActiveProfile {name}")).await;
        if !["default", "night"].contains(&name) {
            return Err(Error::NoSuchProfile(format!("there is no profile '{name}'")));
        }
        name.clone_into(&mut self.lock().profile);
        Ok(())
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        ["night", "default"].map(|name| (name.to_owned(), format!("The {name} one"))).into()
    }

    #[zbus(property)]
    async fn routes(&self) -> HashMap<String, String> {
        self.lock().routes.clone()
    }

    #[zbus(property)]
    async fn level_control(&self) -> HashMap<String, bool> {
        self.lock().levels.clone()
    }

    #[zbus(property)]
    async fn app_settings(&self) -> HashMap<String, Dict> {
        HashMap::from([("FIREFOX".to_owned(), dict([("offset_db", Variant::new(-3.0))]))])
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.lock().streams.iter().map(|(id, app)| stream(*id, app)).collect()
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        dict([
            ("name", Variant::new("alsa_output.pci")),
            ("description", Variant::new("Speakers")),
            ("rate", Variant::new(48_000_u32)),
            ("latency-ms", Variant::new(1.4375)),
        ])
    }
}
