//! What stands behind the interface in the mock service.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use headroom_api::{
    CatchRow, Dict, Error, ExposureRow, GaugeTable, HistoryRow, OutputRow, ProblemRow, Result,
    StreamGaugeTable, names::OBJECT_PATH,
};
use headroom_bus::{Backend, Call, Change, Properties};
use tokio::task::AbortHandle;
use zbus::{Connection, OwnedVariant, names::BusName, object_server::SignalEmitter};

use super::{Readings, Seen, World, value};

/// The only object.
pub(super) type Control = headroom_bus::Control<Worldly>;

/// How loud a device plays when that becomes its maximum, in LUFS.
const MAXIMUM_LUFS: f64 = -28.0;
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

/// Asks the world.
#[derive(Debug)]
pub(super) struct Worldly {
    shared: Arc<Shared>,
    /// Who is sent readings, and what does so.
    senders: Mutex<HashMap<String, AbortHandle>>,
}

impl Worldly {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, senders: Mutex::default() }
    }

    fn senders(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world, as soon as the service answers.
    async fn look(&self) -> MutexGuard<'_, World> {
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
                let world = self.look().await;
                if !world.held {
                    return world;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn caller(call: Call<'_>) -> Result<String> {
    let sender = call.header.sender().map(ToString::to_string);
    sender.ok_or_else(|| Error::Failed("the call has no sender on the bus".to_owned()))
}

impl World {
    fn apply(&mut self, change: Change) -> Result<()> {
        match change {
            Change::SetTreatment { app, treatment, offset_db } => {
                self.set_treatment(&app, treatment, offset_db)
            }
            Change::UnsetTreatment { app } | Change::UnsetRoute { app } => {
                self.unset_treatment(&app)
            }
            Change::SetRoute { app, route } => self.set_route(&app, route),
            Change::SetDeviceSetting { device, key, value } => {
                self.set_device_setting(&device, &key, value)
            }
            Change::ResetDeviceSetting { device, key } => self.reset_device_setting(&device, &key),
            Change::SetDeviceMaximum { device } => {
                self.set_device_setting(&device, "maximum-lufs", value(MAXIMUM_LUFS))
            }
            Change::SetStreamVolume { stream, percent } => {
                self.move_volume(stream, |it| it.volume_percent = Some(percent))
            }
            Change::SetStreamMuted { stream, muted } => {
                self.move_volume(stream, |it| it.muted = muted)
            }
            Change::SetSchedule { profile, schedule } => {
                self.check_profile(&profile)?;
                self.schedules.insert(profile, schedule);
                Ok(())
            }
            Change::UnsetSchedule { profile } => self.unset_schedule(&profile),
            Change::SetSetting { key, value } => self.set_setting(&key, value),
            Change::ResetSetting { key } => self.reset_setting(&key),
            Change::ReloadProfiles => {
                self.reload_profiles();
                Ok(())
            }
            Change::ForgetLevels { app } => self.forget_levels(&app),
            Change::Bypass(on) => {
                self.set_bypass(on);
                Ok(())
            }
            Change::BypassFor(seconds) => {
                self.bypass_for(seconds);
                Ok(())
            }
            Change::Compare(seconds) => {
                self.compare(seconds);
                Ok(())
            }
            Change::Introduced(on) => {
                self.introduced = on;
                Ok(())
            }
            Change::HistoryEnabled(on) => {
                self.history_enabled = on;
                Ok(())
            }
            Change::ForgetEffects => {
                self.problems.retain(|row| row.code != "stale-pins");
                Ok(())
            }
            Change::ExposureEnabled(on) => {
                self.exposure_enabled = on;
                Ok(())
            }
            Change::ExposureWarnings(on) => {
                self.exposure_warnings = on;
                Ok(())
            }
            Change::ClearHistory => {
                self.exposure.clear();
                self.catches.clear();
                self.played.clear();
                Ok(())
            }
            Change::ActiveProfile(name) => self.use_profile(&name),
        }
    }
}

impl Backend for Worldly {
    type World = World;

    async fn world(&self) -> impl Deref<Target = World> {
        self.look().await
    }

    /// Notes a request, waits while changes are held, and applies or refuses it.
    async fn change(&self, change: Change, call: Call<'_>) -> Result<()> {
        let request = change.to_string();
        self.shared.seen().asked.push(request.clone());
        let (before, now) = {
            let mut world = self.released().await;
            let refusal =
                world.refusals.iter().find(|(beginning, _)| request.starts_with(beginning));
            if let Some((_, error)) = refusal {
                return Err(error.clone());
            }
            let before = world.published();
            world.apply(change)?;
            (before, world.published())
        };
        Ok(now.publish(before, call.emitter).await?)
    }

    async fn explain(&self, stream: u64, _: Call<'_>) -> Result<Dict> {
        self.look().await.explain(stream)
    }

    async fn list_settings(&self, _: Call<'_>) -> Result<Dict> {
        Ok(self.look().await.list_settings())
    }

    async fn get_setting(&self, key: String, _: Call<'_>) -> Result<OwnedVariant> {
        let value = self.look().await.values().remove(&key);
        value.ok_or_else(|| Error::NoSuchSetting(format!("no setting has the key '{key}'")))
    }

    async fn show_profile(&self, name: String, _: Call<'_>) -> Result<String> {
        self.look().await.check_profile(&name)?;
        Ok(format!("name = \"{name}\"\n"))
    }

    async fn subscribe(&self, hz: f64, call: Call<'_>) -> Result<()> {
        drop(self.look().await);
        let client = caller(call)?;
        {
            let mut seen = self.shared.seen();
            seen.subscriptions += 1;
            seen.subscribers.insert(client.clone(), hz);
        }
        let (shared, connection) = (Arc::clone(&self.shared), call.emitter.connection().clone());
        let sender = send_readings(shared, connection, client.clone(), hz);
        let sender = tokio::spawn(sender).abort_handle();
        if let Some(before) = self.senders().insert(client, sender) {
            before.abort();
        }
        Ok(())
    }

    async fn unsubscribe(&self, call: Call<'_>) -> Result<()> {
        drop(self.look().await);
        let client = caller(call)?;
        self.shared.seen().subscribers.remove(&client);
        if let Some(sender) = self.senders().remove(&client) {
            sender.abort();
        }
        Ok(())
    }

    async fn get_meters(&self, _: Call<'_>) -> Result<(GaugeTable, Vec<StreamGaugeTable>)> {
        let world = self.look().await;
        Ok(tables(&world.readings.map(|read| read(&world, 0.0)).unwrap_or_default()))
    }

    async fn catches(&self, since_usec: u64, limit: usize, _: Call<'_>) -> Result<Vec<CatchRow>> {
        let world = self.look().await;
        let rows = world.catches.iter().filter(|row| row.begin_usec >= since_usec);
        Ok(rows.take(limit).cloned().collect())
    }

    async fn history(
        &self,
        (from_usec, to_usec): (u64, u64),
        step_usec: u64,
        _: Call<'_>,
    ) -> Result<Vec<HistoryRow>> {
        let world = self.look().await;
        let within =
            world.played.iter().filter(|row| (from_usec..to_usec).contains(&row.begin_usec));
        let at_its_step = |row: &HistoryRow| {
            let begin_usec = row.begin_usec - (row.begin_usec - from_usec) % step_usec;
            HistoryRow { begin_usec, ..row.clone() }
        };
        Ok(within.map(at_its_step).collect())
    }

    async fn exposure(
        &self,
        (from_usec, to_usec): (u64, u64),
        _: u64,
        _: Call<'_>,
    ) -> Result<Vec<ExposureRow>> {
        let world = self.look().await;
        let rows = world.exposure.iter();
        Ok(rows.filter(|row| (from_usec..to_usec).contains(&row.begin_usec)).cloned().collect())
    }

    async fn health(&self, _: Call<'_>) -> Result<Dict> {
        Ok(self.look().await.health.to_dict())
    }
}

impl Properties for World {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn state(&self) -> String {
        self.state.to_owned()
    }

    fn problems(&self) -> Vec<Dict> {
        self.problems.iter().map(ProblemRow::to_dict).collect()
    }

    fn bypass(&self) -> bool {
        self.bypass
    }

    fn bypass_until(&self) -> u64 {
        self.bypass_until_usec
    }

    fn compare_until(&self) -> u64 {
        self.compare_until_usec
    }

    fn introduced(&self) -> bool {
        self.introduced
    }

    fn history_enabled(&self) -> bool {
        self.history_enabled
    }

    fn exposure_enabled(&self) -> bool {
        self.exposure_enabled
    }

    fn exposure_warnings(&self) -> bool {
        self.exposure_warnings
    }

    fn active_profile(&self) -> String {
        self.active_profile.clone()
    }

    fn profile_by(&self) -> String {
        self.profile_by.to_string()
    }

    fn profile_until(&self) -> u64 {
        self.profile_until_usec
    }

    fn schedules(&self) -> HashMap<String, Dict> {
        self.schedule_dicts()
    }

    fn chains(&self) -> String {
        self.chaining().to_string()
    }

    fn devices(&self) -> String {
        self.protection().to_string()
    }

    fn profiles(&self) -> HashMap<String, String> {
        self.profile_lines()
    }

    fn treatments(&self) -> HashMap<String, Dict> {
        self.treatment_dicts()
    }

    fn device_settings(&self) -> HashMap<String, Dict> {
        self.device_settings.clone()
    }

    fn streams(&self) -> Vec<Dict> {
        self.stream_dicts()
    }

    fn output(&self) -> Dict {
        self.output_dict()
    }

    fn outputs(&self) -> Vec<Dict> {
        self.outputs.iter().map(OutputRow::to_dict).collect()
    }
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
    Control::meters(&emitter, usec, &bus, &streams).await
}
