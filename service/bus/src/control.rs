//! The object, member by member.

use std::collections::HashMap;

use headroom_api::{
    CatchRow, Dict, Error, ExposureRow, GaugeTable, HistoryRow, METERS_HZ, Result,
    StreamGaugeTable, names::API_VERSION,
};
use zbus::{OwnedVariant, interface, message::Header, object_server::SignalEmitter};

use crate::{Backend, Call, Change, Properties as _, check, reply::WriteReply};

/// The only object, over what stands behind it.
#[derive(Debug)]
pub struct Control<B>(B);

impl<B: Backend> Control<B> {
    /// Puts the interface in front of a backend.
    pub fn new(backend: B) -> Self {
        Self(backend)
    }

    /// Makes a change for a write of a property; zbus calls setters with a header whenever a call has one.
    async fn write(
        &self,
        change: Change,
        header: Option<Header<'_>>,
        emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        let header = header.ok_or_else(|| Error::Failed("the call has no header".into()));
        WriteReply::to(match header {
            Ok(header) => self.0.change(change, call(&header, &emitter)).await,
            Err(error) => Err(error),
        })
    }
}

fn call<'c>(header: &'c Header<'c>, emitter: &'c SignalEmitter<'c>) -> Call<'c> {
    Call { header, emitter }
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::InvalidValue(error.to_string())
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of a member is zbus's to say")]
#[interface(name = "org.headroom.Control", introspection_docs = false)]
impl<B: Backend> Control<B> {
    async fn set_treatment(
        &self,
        app: String,
        treatment: &str,
        offset_db: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::app(&app)?;
        let treatment = treatment.parse().map_err(|error| invalid(format!("treatment {error}")))?;
        self.0
            .change(Change::SetTreatment { app, treatment, offset_db }, call(&header, &emitter))
            .await
    }

    async fn unset_treatment(
        &self,
        app: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::app(&app)?;
        self.0.change(Change::UnsetTreatment { app }, call(&header, &emitter)).await
    }

    async fn set_device_setting(
        &self,
        device: String,
        key: String,
        value: OwnedVariant,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::device(&device)?;
        check::key(&key)?;
        let change = Change::SetDeviceSetting { device, key, value };
        self.0.change(change, call(&header, &emitter)).await
    }

    async fn reset_device_setting(
        &self,
        device: String,
        key: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::device(&device)?;
        check::key(&key)?;
        self.0.change(Change::ResetDeviceSetting { device, key }, call(&header, &emitter)).await
    }

    async fn set_device_maximum(
        &self,
        device: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::device(&device)?;
        self.0.change(Change::SetDeviceMaximum { device }, call(&header, &emitter)).await
    }

    async fn set_schedule(
        &self,
        profile: String,
        schedule: Dict,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::profile(&profile)?;
        let schedule = check::schedule(&schedule)?;
        self.0.change(Change::SetSchedule { profile, schedule }, call(&header, &emitter)).await
    }

    async fn unset_schedule(
        &self,
        profile: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::profile(&profile)?;
        self.0.change(Change::UnsetSchedule { profile }, call(&header, &emitter)).await
    }

    async fn set_stream_volume(
        &self,
        stream: u64,
        percent: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::volume(percent)?;
        self.0.change(Change::SetStreamVolume { stream, percent }, call(&header, &emitter)).await
    }

    async fn set_stream_muted(
        &self,
        stream: u64,
        muted: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.0.change(Change::SetStreamMuted { stream, muted }, call(&header, &emitter)).await
    }

    async fn set_route(
        &self,
        app: String,
        route: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::app(&app)?;
        let route = route.parse().map_err(|error| invalid(format!("route {error}")))?;
        self.0.change(Change::SetRoute { app, route }, call(&header, &emitter)).await
    }

    async fn unset_route(
        &self,
        app: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::app(&app)?;
        self.0.change(Change::UnsetRoute { app }, call(&header, &emitter)).await
    }

    async fn bypass_for(
        &self,
        seconds: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::bypass_for(seconds)?;
        self.0.change(Change::BypassFor(seconds), call(&header, &emitter)).await
    }

    async fn compare(
        &self,
        seconds: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::compare(seconds)?;
        self.0.change(Change::Compare(seconds), call(&header, &emitter)).await
    }

    #[zbus(out_args("explanation"))]
    async fn explain(
        &self,
        stream: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Dict> {
        self.0.explain(stream, call(&header, &emitter)).await
    }

    #[zbus(out_args("settings"))]
    async fn list_settings(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Dict> {
        self.0.list_settings(call(&header, &emitter)).await
    }

    #[zbus(out_args("value"))]
    async fn get_setting(
        &self,
        key: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedVariant> {
        check::key(&key)?;
        self.0.get_setting(key, call(&header, &emitter)).await
    }

    async fn set_setting(
        &self,
        key: String,
        value: OwnedVariant,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::key(&key)?;
        self.0.change(Change::SetSetting { key, value }, call(&header, &emitter)).await
    }

    async fn reset_setting(
        &self,
        key: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        check::key(&key)?;
        self.0.change(Change::ResetSetting { key }, call(&header, &emitter)).await
    }

    #[zbus(out_args("toml"))]
    async fn show_profile(
        &self,
        name: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<String> {
        check::profile(&name)?;
        self.0.show_profile(name, call(&header, &emitter)).await
    }

    async fn reload_profiles(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.0.change(Change::ReloadProfiles, call(&header, &emitter)).await
    }

    async fn forget_levels(
        &self,
        app: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        // Empty: all of them.
        if !app.is_empty() {
            check::app(&app)?;
        }
        self.0.change(Change::ForgetLevels { app }, call(&header, &emitter)).await
    }

    #[zbus(out_args("catches"))]
    async fn catches(
        &self,
        since: u64,
        limit: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Vec<Dict>> {
        let limit = check::limit(limit)?;
        let rows = self.0.catches(since, limit, call(&header, &emitter)).await?;
        Ok(rows.iter().map(CatchRow::to_dict).collect())
    }

    #[zbus(out_args("steps"))]
    async fn history(
        &self,
        from: u64,
        to: u64,
        step: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Vec<Dict>> {
        check::steps(from, to, step)?;
        let rows = self.0.history((from, to), step, call(&header, &emitter)).await?;
        Ok(rows.iter().map(HistoryRow::to_dict).collect())
    }

    async fn forget_effects(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.0.change(Change::ForgetEffects, call(&header, &emitter)).await
    }

    #[zbus(out_args("steps"))]
    async fn exposure(
        &self,
        from: u64,
        to: u64,
        step: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Vec<Dict>> {
        check::steps(from, to, step)?;
        let rows = self.0.exposure((from, to), step, call(&header, &emitter)).await?;
        Ok(rows.iter().map(ExposureRow::to_dict).collect())
    }

    async fn clear_history(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.0.change(Change::ClearHistory, call(&header, &emitter)).await
    }

    async fn subscribe_meters(
        &self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        if !METERS_HZ.contains(&hz) {
            return Err(invalid(format!(
                "{hz} Hz is out of range: {} to {} Hz are accepted",
                METERS_HZ.start(),
                METERS_HZ.end()
            )));
        }
        self.0.subscribe(hz, call(&header, &emitter)).await
    }

    async fn unsubscribe_meters(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<()> {
        self.0.unsubscribe(call(&header, &emitter)).await
    }

    #[zbus(out_args("bus", "streams"))]
    async fn get_meters(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(GaugeTable, Vec<StreamGaugeTable>)> {
        self.0.get_meters(call(&header, &emitter)).await
    }

    #[zbus(out_args("health"))]
    async fn health(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<Dict> {
        self.0.health(call(&header, &emitter)).await
    }

    /// Tells a reading.
    #[zbus(signal)]
    pub async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: &GaugeTable,
        streams: &[StreamGaugeTable],
    ) -> zbus::Result<()>;

    /// Tells that something was caught, and is over.
    #[zbus(signal)]
    pub async fn caught(emitter: &SignalEmitter<'_>, catch: Dict) -> zbus::Result<()>;

    /// Tells that settings have changed.
    #[zbus(signal)]
    pub async fn settings_changed(emitter: &SignalEmitter<'_>, settings: Dict) -> zbus::Result<()>;

    /// Tells of a new stream.
    #[zbus(signal)]
    pub async fn stream_added(
        emitter: &SignalEmitter<'_>,
        id: u64,
        stream: Dict,
    ) -> zbus::Result<()>;

    /// Tells that a stream has changed.
    #[zbus(signal)]
    pub async fn stream_changed(
        emitter: &SignalEmitter<'_>,
        id: u64,
        stream: Dict,
    ) -> zbus::Result<()>;

    /// Tells that a stream has gone.
    #[zbus(signal)]
    pub async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property)]
    async fn set_bypass(
        &self,
        bypass: bool,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(Change::Bypass(bypass), header, emitter).await
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.0.world().await.bypass()
    }

    #[zbus(property)]
    async fn bypass_until(&self) -> u64 {
        self.0.world().await.bypass_until()
    }

    #[zbus(property)]
    async fn compare_until(&self) -> u64 {
        self.0.world().await.compare_until()
    }

    #[zbus(property)]
    async fn set_introduced(
        &self,
        introduced: bool,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(Change::Introduced(introduced), header, emitter).await
    }

    #[zbus(property)]
    async fn introduced(&self) -> bool {
        self.0.world().await.introduced()
    }

    #[zbus(property)]
    async fn set_history_enabled(
        &self,
        enabled: bool,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(Change::HistoryEnabled(enabled), header, emitter).await
    }

    #[zbus(property)]
    async fn history_enabled(&self) -> bool {
        self.0.world().await.history_enabled()
    }

    #[zbus(property)]
    async fn set_exposure_enabled(
        &self,
        enabled: bool,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(Change::ExposureEnabled(enabled), header, emitter).await
    }

    #[zbus(property)]
    async fn exposure_enabled(&self) -> bool {
        self.0.world().await.exposure_enabled()
    }

    #[zbus(property)]
    async fn set_exposure_warnings(
        &self,
        enabled: bool,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(Change::ExposureWarnings(enabled), header, emitter).await
    }

    #[zbus(property)]
    async fn exposure_warnings(&self) -> bool {
        self.0.world().await.exposure_warnings()
    }

    #[zbus(property)]
    async fn set_active_profile(
        &self,
        name: String,
        #[zbus(header)] header: Option<Header<'_>>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> std::result::Result<(), WriteReply> {
        if let Err(error) = check::profile(&name) {
            return WriteReply::to(Err(error));
        }
        self.write(Change::ActiveProfile(name), header, emitter).await
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.0.world().await.active_profile()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        self.0.world().await.version()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        // No sooner than any other property.
        drop(self.0.world().await);
        API_VERSION
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        self.0.world().await.state()
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<Dict> {
        self.0.world().await.problems()
    }

    #[zbus(property)]
    async fn profile_by(&self) -> String {
        self.0.world().await.profile_by()
    }

    #[zbus(property)]
    async fn profile_until(&self) -> u64 {
        self.0.world().await.profile_until()
    }

    #[zbus(property)]
    async fn schedules(&self) -> HashMap<String, Dict> {
        self.0.world().await.schedules()
    }

    #[zbus(property)]
    async fn chains(&self) -> String {
        self.0.world().await.chains()
    }

    #[zbus(property)]
    async fn devices(&self) -> String {
        self.0.world().await.devices()
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        self.0.world().await.profiles()
    }

    #[zbus(property)]
    async fn treatments(&self) -> HashMap<String, Dict> {
        self.0.world().await.treatments()
    }

    #[zbus(property)]
    async fn device_settings(&self) -> HashMap<String, Dict> {
        self.0.world().await.device_settings()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.0.world().await.streams()
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        self.0.world().await.output()
    }

    #[zbus(property)]
    async fn outputs(&self) -> Vec<Dict> {
        self.0.world().await.outputs()
    }
}
