//! The pretended service's side of the interface.
#![allow(clippy::unused_async, reason = "the bus decides the signatures")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headroom_api::{Dict, Error, GaugeTable, ProblemRow, Result, StreamGauges, names::OBJECT_PATH};
use headroom_profile::{Library, Value};
use zbus::{
    OwnedVariant, Variant, interface, message::Header, names::BusName, object_server::SignalEmitter,
};

use super::world::{Stream, World, dict};

/// The only object.
pub(super) struct Control {
    world: Arc<Mutex<World>>,
}

impl Control {
    pub(super) fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Notes a wish, takes the time that is to be taken, and refuses if that is pretended.
    async fn consider(&self, wish: String) -> Result<()> {
        let (delay, refusal) = {
            let mut world = self.world();
            world.asked.push(wish);
            (world.delay, world.refusal.clone())
        };
        tokio::time::sleep(delay).await;
        refusal.map_or(Ok(()), |sentence| Err(Error::Failed(sentence)))
    }

    /// Changes the streams of an application, and tells of each.
    async fn change_streams(
        &self,
        emitter: &SignalEmitter<'_>,
        app: &str,
        change: impl Fn(&mut Stream),
    ) -> Result<()> {
        let changed: Vec<(u64, Dict)> = {
            let mut world = self.world();
            let its = world.streams.iter_mut().filter(|(_, stream)| {
                [&stream.app, &stream.binary].iter().any(|name| name.eq_ignore_ascii_case(app))
            });
            its.map(|(id, stream)| {
                change(stream);
                (*id, stream.to_dict(*id))
            })
            .collect()
        };
        for (id, stream) in changed {
            Self::stream_changed(emitter, id, stream).await?;
        }
        Ok(self.streams_changed(emitter).await?)
    }

    fn setting(&self, key: &str) -> Result<Dict> {
        Ok(HashMap::from([(key.to_owned(), self.world().get_setting(key)?)]))
    }
}

/// Readings of a stream at a time: every stream has a pulse of its own.
fn gauges_of(id: u64, stream: &Stream, time_s: f64) -> GaugeTable {
    let pulse = (time_s * (2.0 + id as f64 * 0.37)).sin();
    let rms = if stream.playing { -24.0 + 8.0 * pulse } else { -120.0 };
    let peak = if stream.playing { (rms + 10.0).min(-0.5) } else { -120.0 };
    let level = if stream.level { -3.0 + pulse } else { 0.0 };
    let mut gauges = GaugeTable::from([
        ("peak-dbfs".to_owned(), peak),
        ("rms-dbfs".to_owned(), rms),
        ("level-db".to_owned(), level),
    ]);
    if stream.is_in_chain() {
        gauges.extend([
            ("loudness-in-lufs".to_owned(), -9.0),
            ("agc-gain-db".to_owned(), -9.5 + stream.tuning.0),
            ("compressor-db".to_owned(), -0.5),
            ("loudness-out-lufs".to_owned(), -19.0 + stream.tuning.0),
        ]);
    }
    gauges
}

fn readings(world: &World, time_s: f64) -> (GaugeTable, Vec<StreamGauges>) {
    let slow = (time_s * 0.7).sin();
    let bus = [
        ("input-peak-dbfs", -3.0 + 2.5 * slow),
        ("true-peak-dbtp", -1.5 + slow),
        ("true-peak-max-dbtp", -0.1),
        ("agc-gain-db", 2.0 * slow),
        ("compressor-db", -2.5 + 2.0 * slow),
        ("limiter-soft-db", -1.0 + slow),
        ("limiter-hard-db", -0.4 + 0.4 * slow),
        ("momentary-lufs", -20.0 + 3.0 * slow),
        ("short-term-lufs", -19.5 + 1.5 * slow),
        ("integrated-lufs", -18.9),
    ];
    let bus = bus.into_iter().map(|(name, db)| (name.to_owned(), db)).collect();
    let streams = world.streams.iter();
    (bus, streams.map(|(id, stream)| (*id, gauges_of(*id, stream, time_s))).collect())
}

#[interface(name = "org.headroom.Control")]
impl Control {
    async fn set_route(
        &self,
        app: String,
        route: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("SetRoute {app} {route}")).await?;
        self.world().routes.insert(app, route);
        Ok(self.routes_changed(&emitter).await?)
    }

    async fn unset_route(
        &self,
        app: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("UnsetRoute {app}")).await?;
        if self.world().routes.remove(&app).is_none() {
            return Err(Error::NoSuchRoute(format!("no route is set for '{app}'")));
        }
        Ok(self.routes_changed(&emitter).await?)
    }

    async fn explain(&self, stream: u64) -> Result<Dict> {
        let known = self.world().streams.get(&stream).cloned();
        let known =
            known.ok_or_else(|| Error::NoSuchStream(format!("no stream has the id {stream}")))?;
        let matched = HashMap::from([("application.name".to_owned(), known.app.clone())]);
        Ok(dict([
            ("stream", Variant::new(stream)),
            ("app", Variant::new(known.app.as_str())),
            ("route", Variant::new(known.route)),
            ("reason", Variant::new(known.reason.as_str())),
            ("rule", Variant::new("the default route")),
            ("file", Variant::new("built-in default.toml")),
            ("line", Variant::new(12_u32)),
            ("matched", Variant::new(matched.clone())),
            ("patterns", Variant::new(matched)),
            ("level", Variant::new(known.level)),
            ("level-reason", Variant::new("the profile turns it on for calls")),
            ("level-db", Variant::new(-3.0)),
            ("since-usec", Variant::new(1_000_000_u64)),
        ]))
    }

    async fn list_settings(&self) -> Result<Dict> {
        Ok(self.world().list_settings())
    }

    async fn get_setting(&self, key: String) -> Result<OwnedVariant> {
        self.world().get_setting(&key)
    }

    async fn set_setting(
        &self,
        key: String,
        value: OwnedVariant,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        let value = match &*value {
            Variant::Bool(on) => Value::Switch(*on),
            Variant::F64(number) => Value::Number(*number),
            Variant::Str(word) => Value::Word(word.to_string()),
            other => return Err(Error::InvalidValue(format!("{key} does not take {other:?}"))),
        };
        self.consider(format!("SetSetting {key} {value:?}")).await?;
        self.world().set_setting(&key, value)?;
        Ok(Self::settings_changed(&emitter, self.setting(&key)?).await?)
    }

    async fn reset_setting(
        &self,
        key: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("ResetSetting {key}")).await?;
        self.world().reset_setting(&key);
        Ok(Self::settings_changed(&emitter, self.setting(&key)?).await?)
    }

    async fn reload_profiles(&self) -> Result<()> {
        self.consider("ReloadProfiles".to_owned()).await
    }

    async fn set_level_control(
        &self,
        app: String,
        on: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("SetLevelControl {app} {on}")).await?;
        self.change_streams(&emitter, &app, |stream| stream.level = on).await?;
        self.world().level_control.insert(app, on);
        Ok(self.level_control_changed(&emitter).await?)
    }

    async fn unset_level_control(
        &self,
        app: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("UnsetLevelControl {app}")).await?;
        if self.world().level_control.remove(&app).is_none() {
            return Err(Error::NoSuchLevelControl(format!("no choice is set for '{app}'")));
        }
        self.change_streams(&emitter, &app, |stream| stream.level = false).await?;
        Ok(self.level_control_changed(&emitter).await?)
    }

    async fn set_app_setting(
        &self,
        app: String,
        key: String,
        value: OwnedVariant,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("SetAppSetting {app} {key} {}", &*value)).await?;
        self.change_streams(&emitter, &app, |stream| {
            let tuning = &mut stream.tuning;
            match (key.as_str(), &*value) {
                ("offset_db", Variant::F64(db)) => tuning.0 = *db,
                ("strength", Variant::F64(part)) => tuning.1 = *part,
                ("chain", Variant::Bool(on)) => tuning.2 = *on,
                _ => {}
            }
        })
        .await?;
        self.world().app_settings.insert(app);
        Ok(self.app_settings_changed(&emitter).await?)
    }

    async fn reset_app_setting(
        &self,
        app: String,
        key: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("ResetAppSetting {app} {key}")).await?;
        if !self.world().app_settings.remove(&app) {
            return Err(Error::NoSuchAppSetting(format!("nothing is set for '{app}'")));
        }
        self.change_streams(&emitter, &app, |stream| stream.tuning = (0.0, 1.0, true)).await?;
        Ok(self.app_settings_changed(&emitter).await?)
    }

    async fn reset_level_control(&self, stream: u64) -> Result<()> {
        self.consider(format!("ResetLevelControl {stream}")).await
    }

    async fn show_profile(&self, name: String) -> Result<String> {
        Ok(format!("name = \"{name}\"\n"))
    }

    async fn subscribe_meters(
        &self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<()> {
        let caller = header.sender().expect("a call on a bus has a sender").to_owned();
        if self.world().subscribers.insert(caller.to_string(), hz).is_some() {
            return Ok(());
        }
        let key = caller.to_string();
        let emitter = SignalEmitter::new(connection, OBJECT_PATH)?
            .set_destination(BusName::from(caller))
            .to_owned();
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            let start = std::time::Instant::now();
            loop {
                let Some(hz) = world.lock().unwrap().subscribers.get(&key).copied() else { break };
                tokio::time::sleep(Duration::from_secs_f64(1.0 / hz)).await;
                let time_s = start.elapsed().as_secs_f64();
                let (bus, streams) = readings(&world.lock().unwrap(), time_s);
                let usec = start.elapsed().as_micros() as u64;
                if Self::meters(&emitter, usec, bus, streams).await.is_err() {
                    break;
                }
            }
        });
        Ok(())
    }

    async fn unsubscribe_meters(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        if let Some(caller) = header.sender() {
            self.world().subscribers.remove(caller.as_str());
        }
        Ok(())
    }

    async fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGauges>)> {
        Ok(readings(&self.world(), 0.0))
    }

    async fn health(&self) -> Result<Dict> {
        Ok(dict([
            ("uptime-s", Variant::new(3_725.5)),
            ("pipewire-version", Variant::new("1.4.2")),
            ("wireplumber-version", Variant::new("0.5.8")),
            ("cycles", Variant::new(174_000_u64)),
            ("late-cycles", Variant::new(3_u64)),
            ("unready-cycles", Variant::new(1_u64)),
            ("worst-cycle-us", Variant::new(212.4)),
            ("busy-us", Variant::new(9_800_000.0)),
            ("frames", Variant::new(178_176_000_u64)),
            ("clamp-activations", Variant::new(0_u64)),
            ("realtime", Variant::new(true)),
            ("deployment", Variant::new(self.world().deployment)),
            ("supervisor", Variant::new("systemd")),
            ("watchdog", Variant::new(true)),
            ("responding", Variant::new(true)),
            ("failures", Variant::new(0_u32)),
            ("starved-cycles", Variant::new(0_u64)),
        ]))
    }

    #[zbus(signal)]
    async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGauges>,
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
        "0.1.0".to_owned()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        headroom_api::names::API_VERSION
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        if self.world().silent {
            std::future::pending::<()>().await;
        }
        self.world().state.to_owned()
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<ProblemRow> {
        self.world().problems.clone()
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.world().bypass
    }

    #[zbus(property)]
    async fn set_bypass(
        &self,
        bypass: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.consider(format!("Bypass {bypass}")).await?;
        {
            let mut world = self.world();
            world.bypass = bypass;
            world.state = if bypass { "bypassed" } else { "running" };
        }
        Ok(self.state_changed(&emitter).await?)
    }

    #[zbus(property)]
    async fn introduced(&self) -> bool {
        self.world().introduced
    }

    #[zbus(property)]
    async fn set_introduced(&self, introduced: bool) -> Result<()> {
        self.consider(format!("Introduced {introduced}")).await?;
        self.world().introduced = introduced;
        Ok(())
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.world().profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(&self, name: String) -> Result<()> {
        self.consider(format!("ActiveProfile {name}")).await?;
        if Library::load(None).get(&name).is_none() {
            return Err(Error::NoSuchProfile(format!("no profile has the name '{name}'")));
        }
        self.world().profile = name;
        Ok(())
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        let library = Library::load(None);
        library.iter().map(|profile| (profile.name.clone(), profile.description.clone())).collect()
    }

    #[zbus(property)]
    async fn routes(&self) -> HashMap<String, String> {
        self.world().routes.clone()
    }

    #[zbus(property)]
    async fn level_control(&self) -> HashMap<String, bool> {
        self.world().level_control.clone()
    }

    #[zbus(property)]
    async fn app_settings(&self) -> HashMap<String, Dict> {
        let set = dict([("offset_db", Variant::new(-3.0))]);
        self.world().app_settings.iter().map(|app| (app.clone(), set.clone())).collect()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.world().streams.iter().map(|(id, stream)| stream.to_dict(*id)).collect()
    }

    #[zbus(property)]
    async fn outputs(&self) -> Vec<Dict> {
        let mut output = self.output().await;
        if output.is_empty() {
            return Vec::new();
        }
        output.remove("quantum");
        output.extend(dict([("chain", Variant::new("bus"))]));
        vec![output]
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        if self.world().state == "waiting" {
            return Dict::new();
        }
        dict([
            ("name", Variant::new("alsa_output.pci-0000_00_1f.3.analog-stereo")),
            ("description", Variant::new("Built-in Audio Analogue Stereo")),
            ("rate", Variant::new(48_000_u32)),
            ("quantum", Variant::new(1_024_u32)),
            ("channels", Variant::new(2_u32)),
            ("latency-ms", Variant::new(1.4375)),
            ("latency-frames", Variant::new(69_u32)),
            ("device-rate", Variant::new(48_000_u32)),
        ])
    }
}
