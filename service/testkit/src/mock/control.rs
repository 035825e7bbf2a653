//! The mock service's side of the interface.
#![allow(clippy::unused_async, reason = "the bus decides the signatures")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use headroom_api::{
    Dict, Error, GaugeTable, MAX_KEY_BYTES, MAX_NAME_BYTES, METERS_HZ, OutputRow, ProblemRow,
    Result, StreamGaugeTable,
    names::{API_VERSION, OBJECT_PATH},
};
use tokio::task::AbortHandle;
use zbus::{
    Connection, OwnedVariant, interface, message::Header, names::BusName,
    object_server::SignalEmitter,
};

use super::{Readings, Seen, World};

/// How often a silent service looks whether it is to answer again.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What the test and the object on the bus both have.
#[derive(Debug, Default)]
pub(super) struct Shared {
    world: Mutex<World>,
    seen: Mutex<Seen>,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), seen: Mutex::default() }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The only object.
#[derive(Debug)]
pub(super) struct Control {
    shared: Arc<Shared>,
    /// Who is sent readings, and what does so.
    senders: Mutex<HashMap<String, AbortHandle>>,
}

impl Control {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, senders: Mutex::default() }
    }

    fn senders(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world, as soon as the service answers.
    async fn world(&self) -> MutexGuard<'_, World> {
        loop {
            // In a block of its own, so that nobody waits with the world in hand.
            {
                let world = self.shared.world();
                if !world.silent {
                    return world;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks at the world, as soon as changes are made.
    async fn released(&self) -> MutexGuard<'_, World> {
        loop {
            {
                let world = self.world().await;
                if !world.held {
                    return world;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Notes a request, waits while changes are held, and applies or refuses it.
    async fn apply(
        &self,
        request: String,
        emitter: &SignalEmitter<'_>,
        change: impl FnOnce(&mut World) -> Result<()> + Send,
    ) -> Result<()> {
        self.apply_without(None, request, emitter, change).await
    }

    /// The same for a property that is written: that it has changed is published by zbus itself.
    async fn apply_without(
        &self,
        property: Option<&str>,
        request: String,
        emitter: &SignalEmitter<'_>,
        change: impl FnOnce(&mut World) -> Result<()> + Send,
    ) -> Result<()> {
        self.shared.seen().asked.push(request.clone());
        let (before, now) = {
            let mut world = self.released().await;
            let refusal =
                world.refusals.iter().find(|(beginning, _)| request.starts_with(beginning));
            if let Some((_, error)) = refusal {
                return Err(error.clone());
            }
            let before = world.published();
            change(&mut world)?;
            (before, world.published())
        };
        Ok(now.without(property).publish(before, emitter).await?)
    }
}

/// An argument as it is written down.
fn shown(text: &str) -> &str {
    if text.is_empty() { "''" } else { text }
}

/// Refuses what is longer than the service takes.
fn check(text: &str, most_bytes: usize) -> Result<()> {
    if text.len() <= most_bytes {
        return Ok(());
    }
    let bytes = text.len();
    Err(Error::InvalidValue(format!(
        "{bytes} bytes are too long: at most {most_bytes} are accepted"
    )))
}

fn caller(header: &Header<'_>) -> Result<String> {
    let sender = header.sender().map(ToString::to_string);
    sender.ok_or_else(|| Error::Failed("the call has no sender on the bus".to_owned()))
}

/// Pings a subscriber once, and sends it readings as long as the world has any.
async fn send_readings(shared: Arc<Shared>, connection: Connection, client: String, hz: f64) {
    let start = Instant::now();
    let peer = Some("org.freedesktop.DBus.Peer");
    let answer = connection.call_method(Some(client.as_str()), "/", peer, "Ping", &()).await;
    if answer.is_ok() {
        shared.seen().answered_pings.insert(client.clone());
    }
    loop {
        tokio::time::sleep(Duration::from_secs_f64(1.0 / hz)).await;
        let readings = {
            let world = shared.world();
            world.readings.map(|read| read(&world, start.elapsed().as_secs_f64()))
        };
        let Some(readings) = readings else { continue };
        let usec = start.elapsed().as_micros() as u64;
        if send_meters(&connection, &client, usec, readings).await.is_err() {
            break;
        }
        shared.seen().readings += 1;
    }
}

/// Returns readings as they stand on the wire.
fn tables((bus, streams): &Readings) -> (GaugeTable, Vec<StreamGaugeTable>) {
    (bus.to_table(), streams.iter().map(|(id, gauges)| (*id, gauges.to_table())).collect())
}

/// Sends one client a reading.
pub(super) async fn send_meters(
    connection: &Connection,
    client: &str,
    usec: u64,
    readings: Readings,
) -> zbus::Result<()> {
    let client = BusName::try_from(client)?;
    let emitter = SignalEmitter::new(connection, OBJECT_PATH)?.set_destination(client);
    let (bus, streams) = tables(&readings);
    Control::meters(&emitter, usec, bus, streams).await
}

#[interface(name = "org.headroom.Control", introspection_docs = false)]
impl Control {
    async fn set_treatment(
        &self,
        app: String,
        treatment: String,
        offset_db: f64,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&app, MAX_NAME_BYTES)?;
        let request = format!("SetTreatment {} {treatment} {offset_db}", shown(&app));
        let set = |world: &mut World| world.set_treatment(&app, &treatment, offset_db);
        self.apply(request, &emitter, set).await
    }

    async fn unset_treatment(
        &self,
        app: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&app, MAX_NAME_BYTES)?;
        let request = format!("UnsetTreatment {}", shown(&app));
        self.apply(request, &emitter, |world| world.unset_treatment(&app)).await
    }

    async fn set_route(
        &self,
        app: String,
        route: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&app, MAX_NAME_BYTES)?;
        let request = format!("SetRoute {} {route}", shown(&app));
        self.apply(request, &emitter, |world| world.set_route(&app, &route)).await
    }

    async fn unset_route(
        &self,
        app: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&app, MAX_NAME_BYTES)?;
        let request = format!("UnsetRoute {}", shown(&app));
        self.apply(request, &emitter, |world| world.unset_treatment(&app)).await
    }

    #[zbus(out_args("explanation"))]
    async fn explain(&self, stream: u64) -> Result<Dict> {
        self.world().await.explain(stream)
    }

    #[zbus(out_args("settings"))]
    async fn list_settings(&self) -> Result<Dict> {
        Ok(self.world().await.list_settings())
    }

    #[zbus(out_args("value"))]
    async fn get_setting(&self, key: String) -> Result<OwnedVariant> {
        check(&key, MAX_KEY_BYTES)?;
        let value = self.world().await.values().remove(&key);
        value.ok_or_else(|| Error::NoSuchSetting(format!("no setting has the key '{key}'")))
    }

    async fn set_setting(
        &self,
        key: String,
        value: OwnedVariant,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&key, MAX_KEY_BYTES)?;
        let request = format!("SetSetting {} {}", shown(&key), *value);
        self.apply(request, &emitter, |world| world.set_setting(&key, value)).await
    }

    async fn reset_setting(
        &self,
        key: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check(&key, MAX_KEY_BYTES)?;
        let request = format!("ResetSetting {}", shown(&key));
        self.apply(request, &emitter, |world| world.reset_setting(&key)).await
    }

    #[zbus(out_args("toml"))]
    async fn show_profile(&self, name: String) -> Result<String> {
        check(&name, MAX_NAME_BYTES)?;
        self.world().await.check_profile(&name)?;
        Ok(format!("name = \"{name}\"\n"))
    }

    async fn reload_profiles(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let reload = |world: &mut World| {
            world.reload_profiles();
            Ok(())
        };
        self.apply("ReloadProfiles".to_owned(), &emitter, reload).await
    }

    async fn forget_levels(
        &self,
        app: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let request = format!("ForgetLevels {}", shown(&app));
        self.apply(request, &emitter, |world| world.forget_levels(&app)).await
    }

    async fn subscribe_meters(
        &self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<()> {
        drop(self.world().await);
        if !METERS_HZ.contains(&hz) {
            return Err(Error::InvalidValue(format!("{hz} Hz is not from 1 to 60")));
        }
        let client = caller(&header)?;
        {
            let mut seen = self.shared.seen();
            seen.subscriptions += 1;
            seen.subscribers.insert(client.clone(), hz);
        }
        let shared = Arc::clone(&self.shared);
        let sender = send_readings(shared, connection.clone(), client.clone(), hz);
        let sender = tokio::spawn(sender).abort_handle();
        if let Some(before) = self.senders().insert(client, sender) {
            before.abort();
        }
        Ok(())
    }

    async fn unsubscribe_meters(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        drop(self.world().await);
        let client = caller(&header)?;
        self.shared.seen().subscribers.remove(&client);
        if let Some(sender) = self.senders().remove(&client) {
            sender.abort();
        }
        Ok(())
    }

    #[zbus(out_args("bus", "streams"))]
    async fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGaugeTable>)> {
        let world = self.world().await;
        Ok(tables(&world.readings.map(|read| read(&world, 0.0)).unwrap_or_default()))
    }

    #[zbus(out_args("health"))]
    async fn health(&self) -> Result<Dict> {
        Ok(self.world().await.health.to_dict())
    }

    #[zbus(signal)]
    async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGaugeTable>,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn settings_changed(
        emitter: &SignalEmitter<'_>,
        settings: Dict,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn stream_added(
        emitter: &SignalEmitter<'_>,
        id: u64,
        stream: Dict,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn stream_changed(
        emitter: &SignalEmitter<'_>,
        id: u64,
        stream: Dict,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        self.world().await.version.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        drop(self.world().await);
        API_VERSION
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        self.world().await.state.to_owned()
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<Dict> {
        self.world().await.problems.iter().map(ProblemRow::to_dict).collect()
    }

    #[zbus(property)]
    async fn chains(&self) -> String {
        self.world().await.chains().to_string()
    }

    #[zbus(property)]
    async fn devices(&self) -> String {
        self.world().await.devices().to_string()
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.world().await.bypass
    }

    #[zbus(property)]
    async fn set_bypass(
        &self,
        bypass: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let set = |world: &mut World| {
            world.set_bypass(bypass);
            Ok(())
        };
        let request = format!("Bypass {bypass}");
        self.apply_without(Some("Bypass"), request, &emitter, set).await
    }

    #[zbus(property)]
    async fn introduced(&self) -> bool {
        self.world().await.introduced
    }

    #[zbus(property)]
    async fn set_introduced(
        &self,
        introduced: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let set = |world: &mut World| {
            world.introduced = introduced;
            Ok(())
        };
        let request = format!("Introduced {introduced}");
        self.apply_without(Some("Introduced"), request, &emitter, set).await
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.world().await.active_profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(
        &self,
        name: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let set = |world: &mut World| world.use_profile(&name);
        let request = format!("ActiveProfile {}", shown(&name));
        self.apply_without(Some("ActiveProfile"), request, &emitter, set).await
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        self.world().await.profile_lines()
    }

    #[zbus(property)]
    async fn treatments(&self) -> HashMap<String, Dict> {
        self.world().await.treatment_dicts()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.world().await.stream_dicts()
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        self.world().await.output_dict()
    }

    #[zbus(property)]
    async fn outputs(&self) -> Vec<Dict> {
        self.world().await.outputs.iter().map(OutputRow::to_dict).collect()
    }
}
