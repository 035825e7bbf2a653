//! `org.headroom.Control` as the pretended service has it.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use headroom_api::{Dict, Error, GaugeTable, ProblemRow, Result, StreamGauges};
use tokio::task::AbortHandle;
use zbus::{
    OwnedVariant, Variant, fdo, interface, message::Header, names::OwnedUniqueName,
    object_server::SignalEmitter,
};

use super::{
    gauges::{reading, send_readings},
    service::{Manner, Seen},
    settings::Overlays,
    tables::{PROFILES, explained, health, output, problems, stream},
};

/// The object on the bus: what is set is told.
pub(super) struct Fake {
    manner: Manner,
    bypass: bool,
    introduced: bool,
    routes: HashMap<String, String>,
    profile: String,
    overlays: Overlays,
    level_control: HashMap<String, bool>,
    app_settings: HashMap<String, HashMap<String, f64>>,
    reset_streams: Vec<u64>,
    is_broken: bool,
    subscribers: HashMap<OwnedUniqueName, AbortHandle>,
    seen: Arc<Seen>,
}

impl Fake {
    pub(super) fn new(manner: Manner, seen: Arc<Seen>) -> Self {
        Self {
            manner,
            bypass: manner == Manner::SafeMode,
            introduced: manner != Manner::New,
            routes: HashMap::new(),
            profile: "default".to_owned(),
            overlays: Overlays::default(),
            level_control: HashMap::new(),
            app_settings: HashMap::new(),
            reset_streams: Vec::new(),
            is_broken: matches!(manner, Manner::BrokenProfile | Manner::Ill),
            subscribers: HashMap::new(),
            seen,
        }
    }

    async fn hang_if_wedged(&self) {
        if self.manner == Manner::Wedged {
            std::future::pending::<()>().await;
        }
    }

    fn is_ill(&self) -> bool {
        self.manner == Manner::Ill
    }

    fn firefox(&self) -> Dict {
        stream(7, "Firefox", self.routes.get("Firefox").map(String::as_str))
    }

    async fn tell_routes(&self, emitter: &SignalEmitter<'_>) -> Result<()> {
        Self::stream_changed(emitter, 7, self.firefox()).await?;
        self.routes_changed(emitter).await?;
        Ok(())
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
        self.hang_if_wedged().await;
        match app {
            "" => Err(Error::InvalidValue("the application's name is empty".to_owned())),
            "Other" => {
                Err(Error::Failed("the route could not be saved: the disk is full".to_owned()))
            }
            _ => {
                self.routes.insert(app.to_owned(), route.to_owned());
                self.tell_routes(&emitter).await
            }
        }
    }

    async fn unset_route(
        &mut self,
        app: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        match self.routes.remove(app) {
            Some(_) => self.tell_routes(&emitter).await,
            None => Err(Error::NoSuchRoute(format!("no route is set for '{app}'"))),
        }
    }

    async fn explain(&self, stream: u64) -> Result<Dict> {
        if stream != 7 {
            return Err(Error::NoSuchStream(format!("no stream has the id {stream}")));
        }
        Ok(explained(stream))
    }

    async fn list_settings(&self) -> Result<Dict> {
        Ok(self.overlays.list(&self.profile))
    }

    async fn get_setting(&self, key: &str) -> Result<OwnedVariant> {
        self.overlays.get(&self.profile, key)
    }

    async fn set_setting(&mut self, key: &str, value: Variant<'_>) -> Result<()> {
        self.overlays.set(&self.profile, key, &value)
    }

    async fn reset_setting(&mut self, key: &str) -> Result<()> {
        self.overlays.reset(&self.profile, key)
    }

    async fn set_level_control(&mut self, app: &str, on: bool) -> Result<()> {
        self.level_control.insert(app.to_owned(), on);
        Ok(())
    }

    async fn unset_level_control(&mut self, app: &str) -> Result<()> {
        match self.level_control.remove(app) {
            Some(_) => Ok(()),
            None => Err(Error::NoSuchLevelControl(format!("no choice is set for '{app}'"))),
        }
    }

    async fn reset_level_control(&mut self, stream: u64) -> Result<()> {
        if ![7, 9].contains(&stream) {
            return Err(Error::NoSuchStream(format!("no stream has the id {stream}")));
        }
        self.reset_streams.push(stream);
        Ok(())
    }

    async fn set_app_setting(&mut self, app: &str, key: &str, value: Variant<'_>) -> Result<()> {
        // Off and on as 0 and 1: the tests ask for numbers only.
        let number = match &value {
            Variant::F64(number) => *number,
            Variant::Bool(on) => f64::from(u8::from(*on)),
            other => return Err(Error::InvalidValue(format!("{key} cannot be {other:?}"))),
        };
        if number.abs() > 12.0 {
            return Err(Error::InvalidValue(format!("{key} cannot be {number}: it takes less")));
        }
        self.app_settings.entry(app.to_owned()).or_default().insert(key.to_owned(), number);
        Ok(())
    }

    async fn reset_app_setting(&mut self, app: &str, key: &str) -> Result<()> {
        let known = self.app_settings.get_mut(app);
        let found = known.is_some_and(|set| key.is_empty() || set.remove(key).is_some());
        if !found {
            return Err(Error::NoSuchAppSetting(format!("nothing is set for '{app}'")));
        }
        self.app_settings.retain(|known, set| !(set.is_empty() || known == app && key.is_empty()));
        Ok(())
    }

    async fn reload_profiles(&mut self) -> Result<()> {
        // The tests break a profile by switching to the one that says so.
        self.is_broken = self.profile == "broken";
        Ok(())
    }

    async fn show_profile(&self, name: &str) -> Result<String> {
        match name {
            "default" => Ok("name = \"default\"\n".to_owned()),
            _ => Err(Error::NoSuchProfile(format!("no profile has the name '{name}'"))),
        }
    }

    async fn subscribe_meters(
        &mut self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<()> {
        let client = OwnedUniqueName::from(header.sender().unwrap().to_owned());
        self.seen.subscriptions.fetch_add(1, Ordering::SeqCst);
        let seen = Arc::clone(&self.seen);
        let task = send_readings(connection.clone(), client.clone(), hz, seen);
        if let Some(before) = self.subscribers.insert(client, task) {
            before.abort();
        }
        Ok(())
    }

    async fn unsubscribe_meters(&mut self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        if let Some(task) = self.subscribers.remove(header.sender().unwrap()) {
            task.abort();
        }
        Ok(())
    }

    async fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGauges>)> {
        Ok(reading())
    }

    async fn health(&self) -> Result<Dict> {
        Ok(health(self.is_ill()))
    }

    #[zbus(signal)]
    pub(super) async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGauges>,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn stream_added(
        emitter: &SignalEmitter<'_>,
        id: u64,
        stream: Dict,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_changed(emitter: &SignalEmitter<'_>, id: u64, stream: Dict)
    -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        self.hang_if_wedged().await;
        "0.1.0".to_owned()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        1
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        let state = match (self.manner, self.bypass) {
            (Manner::Ill, _) => "waiting",
            (Manner::SafeMode, true) => "safe-mode",
            (_, true) => "bypassed",
            (_, false) => "running",
        };
        state.to_owned()
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<ProblemRow> {
        let in_safe_mode = self.manner == Manner::SafeMode && self.bypass;
        problems(self.is_ill(), self.is_broken, in_safe_mode)
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
        if self.manner == Manner::SafeMode {
            self.problems_changed(&emitter).await?;
        }
        Ok(())
    }

    #[zbus(property)]
    async fn introduced(&self) -> bool {
        self.introduced
    }

    #[zbus(property)]
    async fn set_introduced(&mut self, introduced: bool) {
        self.introduced = introduced;
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(&mut self, name: &str) -> Result<()> {
        if !PROFILES.iter().any(|(known, _)| *known == name) {
            let near = format!("no profile has the name '{name}'; near it is: night");
            return Err(Error::NoSuchProfile(near));
        }
        name.clone_into(&mut self.profile);
        Ok(())
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        PROFILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[zbus(property)]
    async fn level_control(&self) -> HashMap<String, bool> {
        self.level_control.clone()
    }

    #[zbus(property)]
    async fn app_settings(&self) -> HashMap<String, Dict> {
        let value = |key: &String, number: f64| match key.as_str() {
            "chain" => Variant::new(number > 0.0),
            _ => Variant::new(number),
        };
        let dict = |set: &HashMap<String, f64>| {
            let of = |(key, number): (&String, &f64)| {
                (key.clone(), value(key, *number).try_into_owned().unwrap())
            };
            set.iter().map(of).collect()
        };
        self.app_settings.iter().map(|(app, set)| (app.clone(), dict(set))).collect()
    }

    #[zbus(property)]
    async fn routes(&self) -> HashMap<String, String> {
        self.routes.clone()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.hang_if_wedged().await;
        vec![stream(9, "Other", None), self.firefox()]
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        output(self.is_ill())
    }
}
