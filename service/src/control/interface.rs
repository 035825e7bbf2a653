//! `org.headroom.Control` as the bus sees it.
//!
//! Getters read the last published [`View`]; methods ask the owner of the state.

use std::{collections::HashMap, sync::Arc};

use headroom_api::{
    Dict, Error, GaugeTable, METERS_HZ, OutputRow, ProblemRow, Result, Route, StreamGaugeTable,
    Treatment, names,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot, watch};
use zbus::{
    Connection, OwnedVariant, interface, message::Header, names::OwnedUniqueName,
    object_server::SignalEmitter,
};

use super::{
    Admission, Reply, Request, View, check,
    meters::process_of,
    view::{stream_row, treatment_row},
    wire::WriteReply,
};
use crate::{policy::value_of, state::TreatmentChoice};

/// The served object.
#[derive(Debug)]
pub struct Interface {
    /// Without a bound of its own: admission control is one.
    requests: UnboundedSender<Request>,
    view: watch::Receiver<Arc<View>>,
    admission: Arc<Admission>,
}

impl Interface {
    /// Serves what `view` holds, and sends the rest to `requests`, as far as `admission` lets it.
    pub fn new(
        requests: UnboundedSender<Request>,
        view: watch::Receiver<Arc<View>>,
        admission: Arc<Admission>,
    ) -> Self {
        Self { requests, view, admission }
    }

    fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    async fn ask<T>(
        &self,
        header: &Header<'_>,
        request: impl FnOnce(Reply<T>) -> Request,
    ) -> Result<T> {
        let _pending = self.admission.request(header)?;
        self.send(request).await
    }

    /// Asks for the write of a property; zbus calls setters with a header whenever a call has one.
    async fn write(
        &self,
        header: Option<Header<'_>>,
        request: impl FnOnce(Reply<()>) -> Request,
    ) -> std::result::Result<(), WriteReply> {
        let header = header.ok_or_else(|| Error::Failed("the call has no header".into()));
        WriteReply::to(match header {
            Ok(header) => self.ask(&header, request).await,
            Err(error) => Err(error),
        })
    }

    async fn treat(&self, app: String, choice: TreatmentChoice, header: &Header<'_>) -> Result<()> {
        check::app(&app)?;
        self.ask(header, |reply| Request::SetTreatment { app, choice, reply }).await
    }

    async fn untreat(&self, app: String, header: &Header<'_>) -> Result<()> {
        check::app(&app)?;
        self.ask(header, |reply| Request::UnsetTreatment { app, reply }).await
    }

    async fn send<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
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
    async fn set_treatment(
        &self,
        app: String,
        treatment: &str,
        offset_db: f64,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<()> {
        let treatment = treatment.parse().map_err(|error| invalid(format!("treatment {error}")))?;
        self.treat(app, TreatmentChoice { treatment, offset_db }, &header).await
    }

    async fn unset_treatment(&self, app: String, #[zbus(header)] header: Header<'_>) -> Result<()> {
        self.untreat(app, &header).await
    }

    async fn set_route(
        &self,
        app: String,
        route: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<()> {
        let route: Route = route.parse().map_err(|error| invalid(format!("route {error}")))?;
        self.treat(app, Treatment::from(route).into(), &header).await
    }

    async fn unset_route(&self, app: String, #[zbus(header)] header: Header<'_>) -> Result<()> {
        self.untreat(app, &header).await
    }

    #[zbus(out_args("explanation"))]
    async fn explain(&self, stream: u64, #[zbus(header)] header: Header<'_>) -> Result<Dict> {
        self.ask(&header, |reply| Request::Explain { stream, reply }).await
    }

    #[zbus(out_args("settings"))]
    async fn list_settings(&self, #[zbus(header)] header: Header<'_>) -> Result<Dict> {
        self.ask(&header, Request::ListSettings).await
    }

    #[zbus(out_args("value"))]
    async fn get_setting(
        &self,
        key: String,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedVariant> {
        check::key(&key)?;
        self.ask(&header, |reply| Request::GetSetting(key, reply)).await
    }

    async fn set_setting(
        &self,
        key: String,
        value: OwnedVariant,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<()> {
        check::key(&key)?;
        let value = value_of(&value)?;
        self.ask(&header, |reply| Request::SetSetting { key, value, reply }).await
    }

    async fn reset_setting(&self, key: String, #[zbus(header)] header: Header<'_>) -> Result<()> {
        check::key(&key)?;
        self.ask(&header, |reply| Request::ResetSetting(key, reply)).await
    }

    #[zbus(out_args("toml"))]
    async fn show_profile(
        &self,
        name: String,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<String> {
        check::profile(&name)?;
        self.ask(&header, |reply| Request::ShowProfile(name, reply)).await
    }

    async fn reload_profiles(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        self.ask(&header, Request::ReloadProfiles).await
    }

    async fn forget_levels(&self, app: String, #[zbus(header)] header: Header<'_>) -> Result<()> {
        // Empty: all of them.
        if !app.is_empty() {
            check::app(&app)?;
        }
        self.ask(&header, |reply| Request::ForgetLevels { app, reply }).await
    }

    async fn subscribe_meters(
        &self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<()> {
        if !METERS_HZ.contains(&hz) {
            return Err(invalid(format!(
                "{hz} Hz is out of range: {} to {} Hz are accepted",
                METERS_HZ.start(),
                METERS_HZ.end()
            )));
        }
        let _pending = self.admission.request(&header)?;
        let client = caller(&header)?;
        let process = process_of(connection, &client).await;
        self.send(|reply| Request::Subscribe { client, process, hz, reply }).await
    }

    async fn unsubscribe_meters(&self, #[zbus(header)] header: Header<'_>) -> Result<()> {
        let client = caller(&header)?;
        self.ask(&header, |reply| Request::Unsubscribe { client, reply: Some(reply) }).await
    }

    #[zbus(out_args("bus", "streams"))]
    async fn get_meters(
        &self,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(GaugeTable, Vec<StreamGaugeTable>)> {
        self.ask(&header, Request::GetMeters).await
    }

    #[zbus(out_args("health"))]
    async fn health(&self, #[zbus(header)] header: Header<'_>) -> Result<Dict> {
        self.ask(&header, Request::Health).await
    }

    /// Declared for those who introspect; `meters` writes the signal itself.
    #[zbus(signal)]
    pub async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: &GaugeTable,
        streams: &[StreamGaugeTable],
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
    async fn set_bypass(
        &self,
        bypass: bool,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(header, |reply| Request::SetBypass(bypass, reply)).await
    }

    #[zbus(property)]
    fn bypass(&self) -> bool {
        self.view().bypass
    }

    #[zbus(property)]
    async fn set_introduced(
        &self,
        introduced: bool,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> std::result::Result<(), WriteReply> {
        self.write(header, |reply| Request::SetIntroduced(introduced, reply)).await
    }

    #[zbus(property)]
    fn introduced(&self) -> bool {
        self.view().introduced
    }

    #[zbus(property)]
    async fn set_active_profile(
        &self,
        name: String,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> std::result::Result<(), WriteReply> {
        if let Err(error) = check::profile(&name) {
            return WriteReply::to(Err(error));
        }
        self.write(header, |reply| Request::UseProfile(name, reply)).await
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
    fn problems(&self) -> Vec<Dict> {
        self.view().problems.iter().map(|it| ProblemRow::from(it.clone()).to_dict()).collect()
    }

    #[zbus(property)]
    fn chains(&self) -> &'static str {
        self.view().chains.as_str()
    }

    #[zbus(property)]
    fn devices(&self) -> &'static str {
        self.view().devices.as_str()
    }

    #[zbus(property)]
    fn profiles(&self) -> HashMap<String, String> {
        self.view().profiles.clone()
    }

    #[zbus(property)]
    fn treatments(&self) -> HashMap<String, Dict> {
        let view = self.view();
        let row = |(app, choice): (&String, &TreatmentChoice)| {
            (app.clone(), treatment_row(*choice).to_dict())
        };
        view.treatments.iter().map(row).collect()
    }

    #[zbus(property)]
    fn streams(&self) -> Vec<Dict> {
        self.view().streams.iter().map(|stream| stream_row(stream).to_dict()).collect()
    }

    #[zbus(property)]
    fn output(&self) -> Dict {
        self.view().output.as_ref().map_or_else(Dict::new, OutputRow::to_dict)
    }

    #[zbus(property)]
    fn outputs(&self) -> Vec<Dict> {
        self.view().outputs.iter().map(OutputRow::to_dict).collect()
    }
}
