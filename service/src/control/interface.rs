//! `org.headroom.Control` as the bus sees it.
//!
//! Getters read the last published [`View`]; methods ask the owner of the state.

use std::{collections::HashMap, sync::Arc};

use headroom_api::{Dict, Error, GaugeTable, METERS_HZ, ProblemRow, Result, StreamGauges, names};
use tokio::sync::{mpsc::UnboundedSender, oneshot, watch};
use zbus::{
    OwnedVariant, interface, message::Header, names::OwnedUniqueName, object_server::SignalEmitter,
};

use super::{
    Reply, Request, View,
    view::{choice_dict, stream_dict},
    wire::WriteReply,
};
use crate::policy::value_of;

/// The served object.
#[derive(Debug)]
pub struct Interface {
    requests: UnboundedSender<Request>,
    view: watch::Receiver<Arc<View>>,
}

impl Interface {
    /// Serves what `view` holds, and sends the rest to `requests`.
    pub fn new(requests: UnboundedSender<Request>, view: watch::Receiver<Arc<View>>) -> Self {
        Self { requests, view }
    }

    fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let leaving = || Error::Failed("the service is ending".into());
        self.requests.send(request(reply)).map_err(|_| leaving())?;
        answer.await.map_err(|_| leaving())?
    }
}

fn caller(header: &Header<'_>) -> Result<OwnedUniqueName> {
    header
        .sender()
        .map(|name| name.to_owned().into())
        .ok_or_else(|| Error::Failed("the call has no sender on the bus".into()))
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::InvalidValue(error.to_string())
}

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    reason = "the shape of a member is zbus's to say"
)]
#[interface(name = "org.headroom.Control", introspection_docs = false)]
impl Interface {
    async fn set_route(&self, app: String, route: String) -> Result<()> {
        let route = route.parse().map_err(|error| invalid(format!("route {error}")))?;
        self.ask(|reply| Request::SetRoute { app, route, reply }).await
    }

    async fn unset_route(&self, app: String) -> Result<()> {
        self.ask(|reply| Request::UnsetRoute { app, reply }).await
    }

    #[zbus(out_args("explanation"))]
    async fn explain(&self, stream: u64) -> Result<Dict> {
        self.ask(|reply| Request::Explain { stream, reply }).await
    }

    #[zbus(out_args("settings"))]
    async fn list_settings(&self) -> Result<Dict> {
        self.ask(Request::ListSettings).await
    }

    #[zbus(out_args("value"))]
    async fn get_setting(&self, key: String) -> Result<OwnedVariant> {
        self.ask(|reply| Request::GetSetting(key, reply)).await
    }

    async fn set_setting(&self, key: String, value: OwnedVariant) -> Result<()> {
        let value = value_of(&value)?;
        self.ask(|reply| Request::SetSetting { key, value, reply }).await
    }

    async fn reset_setting(&self, key: String) -> Result<()> {
        self.ask(|reply| Request::ResetSetting(key, reply)).await
    }

    #[zbus(out_args("toml"))]
    async fn show_profile(&self, name: String) -> Result<String> {
        self.ask(|reply| Request::ShowProfile(name, reply)).await
    }

    async fn reload_profiles(&self) -> Result<()> {
        self.ask(Request::ReloadProfiles).await
    }

    async fn set_level_control(&self, app: String, on: bool) -> Result<()> {
        self.ask(|reply| Request::SetLevelControl { app, on, reply }).await
    }

    async fn unset_level_control(&self, app: String) -> Result<()> {
        self.ask(|reply| Request::UnsetLevelControl { app, reply }).await
    }

    async fn reset_level_control(&self, stream: u64) -> Result<()> {
        self.ask(|reply| Request::ResetLevelControl { stream, reply }).await
    }

    async fn set_app_setting(&self, app: String, key: String, value: OwnedVariant) -> Result<()> {
        let value = value_of(&value)?;
        self.ask(|reply| Request::SetAppSetting { app, key, value, reply }).await
    }

    async fn reset_app_setting(&self, app: String, key: String) -> Result<()> {
        self.ask(|reply| Request::ResetAppSetting { app, key, reply }).await
    }

    async fn forget_levels(&self, app: String) -> Result<()> {
        self.ask(|reply| Request::ForgetLevels { app, reply }).await
    }

    async fn subscribe_meters(&self, hz: f64, #[zbus(header)] header: Header<'_>) -> Result<()> {
        if !METERS_HZ.contains(&hz) {
            return Err(invalid(format!(
                "{hz} Hz is out of range: {} to {} Hz are accepted",
                METERS_HZ.start(),
                METERS_HZ.end()
            )));
        }
        let client = caller(&header)?;
        self.ask(|reply| Request::Subscribe { client, hz, reply }).await
    }

    fn unsubscribe_meters(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        let client = caller(&header)?;
        self.requests
            .send(Request::Unsubscribe { client })
            .map_err(|_| Error::Failed("the service is ending".into()))
    }

    #[zbus(out_args("bus", "streams"))]
    async fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGauges>)> {
        self.ask(Request::GetMeters).await
    }

    #[zbus(out_args("health"))]
    async fn health(&self) -> Result<Dict> {
        self.ask(Request::Health).await
    }

    /// Declared for those who introspect; `meters` writes the signal itself.
    #[zbus(signal)]
    pub async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: &GaugeTable,
        streams: &[StreamGauges],
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

    #[zbus(property)]
    async fn set_bypass(&self, bypass: bool) -> std::result::Result<(), WriteReply> {
        WriteReply::to(self.ask(|reply| Request::SetBypass(bypass, reply)).await)
    }

    #[zbus(property)]
    fn bypass(&self) -> bool {
        self.view().bypass
    }

    #[zbus(property)]
    async fn set_introduced(&self, introduced: bool) -> std::result::Result<(), WriteReply> {
        WriteReply::to(self.ask(|reply| Request::SetIntroduced(introduced, reply)).await)
    }

    #[zbus(property)]
    fn introduced(&self) -> bool {
        self.view().introduced
    }

    #[zbus(property)]
    async fn set_active_profile(&self, name: String) -> std::result::Result<(), WriteReply> {
        WriteReply::to(self.ask(|reply| Request::UseProfile(name, reply)).await)
    }

    #[zbus(property)]
    fn active_profile(&self) -> String {
        self.view().active_profile.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn api_version(&self) -> u32 {
        names::API_VERSION
    }

    #[zbus(property)]
    fn state(&self) -> &'static str {
        self.view().state.as_str()
    }

    #[zbus(property)]
    fn problems(&self) -> Vec<ProblemRow> {
        self.view().problems.clone()
    }

    #[zbus(property)]
    fn profiles(&self) -> HashMap<String, String> {
        self.view().profiles.clone()
    }

    #[zbus(property)]
    fn routes(&self) -> HashMap<String, String> {
        self.view().routes.clone()
    }

    #[zbus(property)]
    fn level_control(&self) -> HashMap<String, bool> {
        self.view().levels.clone()
    }

    #[zbus(property)]
    fn app_settings(&self) -> HashMap<String, Dict> {
        let view = self.view();
        view.apps.iter().map(|(app, choice)| (app.clone(), choice_dict(*choice))).collect()
    }

    #[zbus(property)]
    fn streams(&self) -> Vec<Dict> {
        self.view().streams.iter().map(stream_dict).collect()
    }

    #[zbus(property)]
    fn output(&self) -> Dict {
        self.view().output.as_ref().map_or_else(Dict::new, super::Output::dict)
    }

    #[zbus(property)]
    fn outputs(&self) -> Vec<Dict> {
        self.view().outputs.iter().map(super::DeviceInUse::dict).collect()
    }
}
