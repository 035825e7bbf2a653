//! What stands behind `org.headroom.Control` in the service.
//!
//! Properties are read from the last published [`View`]; methods ask the owner of the state.

use std::{collections::HashMap, future::ready, ops::Deref, sync::Arc};

use headroom_api::{
    CatchRow, Dict, Error, ExposureRow, HistoryRow, OutputRow, ProblemRow, Result, Treatment,
};
use headroom_bus::{Backend, Call, Change, Control, Properties};
use tokio::sync::{mpsc::UnboundedSender, oneshot, watch};
use zbus::{OwnedVariant, names::OwnedUniqueName};

use super::{
    Admission, Readings, Reply, Request, View,
    meters::process_of,
    view::{stream_row, treatment_row},
};
use crate::{
    policy::value_of,
    state::{TreatmentChoice, VolumeChange},
};

/// The served object.
pub type Interface = Control<Live>;

/// The service behind the interface: the way to the owner of the state, and what that has published.
#[derive(Debug)]
pub struct Live {
    /// Without a bound of its own: admission control is one.
    requests: UnboundedSender<Request>,
    view: watch::Receiver<Arc<View>>,
    admission: Arc<Admission>,
}

impl Live {
    /// Serves what `view` holds, and sends the rest to `requests`, as far as `admission` lets it.
    pub fn new(
        requests: UnboundedSender<Request>,
        view: watch::Receiver<Arc<View>>,
        admission: Arc<Admission>,
    ) -> Self {
        Self { requests, view, admission }
    }

    async fn ask<T>(&self, call: Call<'_>, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let _pending = self.admission.request(call.header)?;
        self.send(request).await
    }

    async fn send<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let leaving = || Error::Failed("the service is ending".into());
        self.requests.send(request(reply)).map_err(|_| leaving())?;
        answer.await.map_err(|_| leaving())?
    }
}

fn caller(call: Call<'_>) -> Result<OwnedUniqueName> {
    let sender = call.header.sender().map(|name| name.to_owned().into());
    sender.ok_or_else(|| Error::Failed("the call has no sender on the bus".into()))
}

impl Backend for Live {
    type World = View;

    fn world(&self) -> impl Future<Output = impl Deref<Target = View>> + Send {
        ready(self.view.borrow().clone())
    }

    async fn change(&self, change: Change, call: Call<'_>) -> Result<()> {
        let treat = |app, choice| move |reply| Request::SetTreatment { app, choice, reply };
        let untreat = |app| move |reply| Request::UnsetTreatment { app, reply };
        let move_volume =
            |stream, change| move |reply| Request::SetStreamVolume { stream, change, reply };
        match change {
            Change::SetTreatment { app, treatment, offset_db } => {
                self.ask(call, treat(app, TreatmentChoice { treatment, offset_db })).await
            }
            Change::SetRoute { app, route } => {
                self.ask(call, treat(app, Treatment::from(route).into())).await
            }
            Change::UnsetTreatment { app } | Change::UnsetRoute { app } => {
                self.ask(call, untreat(app)).await
            }
            Change::SetDeviceSetting { device, key, value } => {
                let value = value_of(&value)?;
                self.ask(call, |reply| Request::SetDeviceSetting { device, key, value, reply })
                    .await
            }
            Change::ResetDeviceSetting { device, key } => {
                self.ask(call, |reply| Request::ResetDeviceSetting { device, key, reply }).await
            }
            Change::SetDeviceMaximum { device } => {
                self.ask(call, |reply| Request::SetDeviceMaximum(device, reply)).await
            }
            Change::SetStreamVolume { stream, percent } => {
                self.ask(call, move_volume(stream, VolumeChange::Percent(percent))).await
            }
            Change::SetStreamMuted { stream, muted } => {
                self.ask(call, move_volume(stream, VolumeChange::Muted(muted))).await
            }
            Change::SetSchedule { profile, schedule } => {
                self.ask(call, |reply| Request::SetSchedule { profile, schedule, reply }).await
            }
            Change::UnsetSchedule { profile } => {
                self.ask(call, |reply| Request::UnsetSchedule(profile, reply)).await
            }
            Change::SetSetting { key, value } => {
                let value = value_of(&value)?;
                self.ask(call, |reply| Request::SetSetting { key, value, reply }).await
            }
            Change::ResetSetting { key } => {
                self.ask(call, |reply| Request::ResetSetting(key, reply)).await
            }
            Change::ReloadProfiles => self.ask(call, Request::ReloadProfiles).await,
            Change::ForgetLevels { app } => {
                self.ask(call, |reply| Request::ForgetLevels { app, reply }).await
            }
            Change::Bypass(on) => self.ask(call, |reply| Request::SetBypass(on, reply)).await,
            Change::BypassFor(seconds) => {
                self.ask(call, |reply| Request::BypassFor(seconds, reply)).await
            }
            Change::Compare(seconds) => {
                self.ask(call, |reply| Request::Compare(seconds, reply)).await
            }
            Change::Introduced(on) => {
                self.ask(call, |reply| Request::SetIntroduced(on, reply)).await
            }
            Change::HistoryEnabled(on) => {
                self.ask(call, |reply| Request::SetHistory(on, reply)).await
            }
            Change::ForgetEffects => self.ask(call, Request::ForgetEffects).await,
            Change::ExposureEnabled(on) => {
                self.ask(call, |reply| Request::SetExposure(on, reply)).await
            }
            Change::ExposureWarnings(on) => {
                self.ask(call, |reply| Request::SetExposureWarnings(on, reply)).await
            }
            Change::ClearHistory => self.ask(call, Request::ClearHistory).await,
            Change::ActiveProfile(name) => {
                self.ask(call, |reply| Request::UseProfile(name, reply)).await
            }
        }
    }

    async fn explain(&self, stream: u64, call: Call<'_>) -> Result<Dict> {
        self.ask(call, |reply| Request::Explain { stream, reply }).await
    }

    async fn list_settings(&self, call: Call<'_>) -> Result<Dict> {
        self.ask(call, Request::ListSettings).await
    }

    async fn get_setting(&self, key: String, call: Call<'_>) -> Result<OwnedVariant> {
        self.ask(call, |reply| Request::GetSetting(key, reply)).await
    }

    async fn show_profile(&self, name: String, call: Call<'_>) -> Result<String> {
        self.ask(call, |reply| Request::ShowProfile(name, reply)).await
    }

    async fn subscribe(&self, hz: f64, call: Call<'_>) -> Result<()> {
        let _pending = self.admission.request(call.header)?;
        let client = caller(call)?;
        let process = process_of(call.emitter.connection(), &client).await;
        self.send(|reply| Request::Subscribe { client, process, hz, reply }).await
    }

    async fn unsubscribe(&self, call: Call<'_>) -> Result<()> {
        let client = caller(call)?;
        self.ask(call, |reply| Request::Unsubscribe { client, reply: Some(reply) }).await
    }

    async fn get_meters(&self, call: Call<'_>) -> Result<Readings> {
        self.ask(call, Request::GetMeters).await
    }

    async fn catches(
        &self,
        since_usec: u64,
        limit: usize,
        call: Call<'_>,
    ) -> Result<Vec<CatchRow>> {
        self.ask(call, |reply| Request::Catches { since_usec, limit, reply }).await
    }

    async fn history(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        call: Call<'_>,
    ) -> Result<Vec<HistoryRow>> {
        self.ask(call, |reply| Request::History { range_usec, step_usec, reply }).await
    }

    async fn exposure(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        call: Call<'_>,
    ) -> Result<Vec<ExposureRow>> {
        self.ask(call, |reply| Request::Exposure { range_usec, step_usec, reply }).await
    }

    async fn health(&self, call: Call<'_>) -> Result<Dict> {
        self.ask(call, Request::Health).await
    }
}

impl Properties for View {
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn state(&self) -> String {
        self.state.to_string()
    }

    fn problems(&self) -> Vec<Dict> {
        self.problems.iter().map(|it| ProblemRow::from(it.clone()).to_dict()).collect()
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
        let rows = self.schedules.iter();
        rows.map(|(profile, it)| (profile.to_owned(), it.to_row().to_dict())).collect()
    }

    fn chains(&self) -> String {
        self.chains.to_string()
    }

    fn devices(&self) -> String {
        self.devices.to_string()
    }

    fn profiles(&self) -> HashMap<String, String> {
        self.profiles.clone()
    }

    fn treatments(&self) -> HashMap<String, Dict> {
        let row = |(app, choice): (&String, &TreatmentChoice)| {
            (app.clone(), treatment_row(*choice).to_dict())
        };
        self.treatments.iter().map(row).collect()
    }

    fn device_settings(&self) -> HashMap<String, Dict> {
        let rows = self.device_settings.iter();
        rows.map(|(device, setting)| (device.to_owned(), setting.to_row().to_dict())).collect()
    }

    fn streams(&self) -> Vec<Dict> {
        self.streams.iter().map(|stream| stream_row(stream).to_dict()).collect()
    }

    fn output(&self) -> Dict {
        self.output.as_ref().map_or_else(Dict::new, OutputRow::to_dict)
    }

    fn outputs(&self) -> Vec<Dict> {
        self.outputs.iter().map(OutputRow::to_dict).collect()
    }
}
