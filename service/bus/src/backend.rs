//! What stands behind the interface.

use std::{collections::HashMap, ops::Deref};

use headroom_api::{CatchRow, Dict, ExposureRow, GaugeTable, HistoryRow, Result, StreamGaugeTable};
use zbus::{OwnedVariant, message::Header, object_server::SignalEmitter};

use crate::Change;

/// Who calls, and how to answer more than that one.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// Of the call.
    pub header: &'c Header<'c>,
    /// Of the object, for all clients.
    pub emitter: &'c SignalEmitter<'c>,
}

/// Does what is asked. Arguments have acceptable lengths, and are what they claim to be.
pub trait Backend: Send + Sync + 'static {
    /// What the properties are read from.
    type World: Properties;

    /// Returns the world as it is shown now.
    fn world(&self) -> impl Future<Output = impl Deref<Target = Self::World>> + Send;

    /// Makes a change; it is in force, and has been announced, when this returns.
    fn change(&self, change: Change, call: Call<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Says why a stream is as it is.
    fn explain(&self, stream: u64, call: Call<'_>) -> impl Future<Output = Result<Dict>> + Send;

    /// Returns every setting with what is accepted.
    fn list_settings(&self, call: Call<'_>) -> impl Future<Output = Result<Dict>> + Send;

    /// Returns the value of a setting.
    fn get_setting(
        &self,
        key: String,
        call: Call<'_>,
    ) -> impl Future<Output = Result<OwnedVariant>> + Send;

    /// Returns a profile as TOML.
    fn show_profile(
        &self,
        name: String,
        call: Call<'_>,
    ) -> impl Future<Output = Result<String>> + Send;

    /// Sends the caller gauges from now on, so often, in Hz.
    fn subscribe(&self, hz: f64, call: Call<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Sends the caller none any more.
    fn unsubscribe(&self, call: Call<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Returns the gauges once.
    fn get_meters(
        &self,
        call: Call<'_>,
    ) -> impl Future<Output = Result<(GaugeTable, Vec<StreamGaugeTable>)>> + Send;

    /// Returns what was caught since a time, in microseconds of `CLOCK_REALTIME`, the newest first, at most so many rows.
    fn catches(
        &self,
        since_usec: u64,
        limit: usize,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Vec<CatchRow>>> + Send;

    /// Returns what was played from a time up to another, by steps, all in microseconds.
    fn history(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Vec<HistoryRow>>> + Send;

    /// Returns how much sound reached devices from a time up to another, by steps, all in microseconds.
    fn exposure(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Vec<ExposureRow>>> + Send;

    /// Returns the vital signs.
    fn health(&self, call: Call<'_>) -> impl Future<Output = Result<Dict>> + Send;
}

/// The properties, as they stand on the wire.
pub trait Properties {
    /// `Version`.
    fn version(&self) -> String;
    /// `State`.
    fn state(&self) -> String;
    /// `Problems`.
    fn problems(&self) -> Vec<Dict>;
    /// `Bypass`.
    fn bypass(&self) -> bool;
    /// `BypassUntil`.
    fn bypass_until(&self) -> u64;
    /// `CompareUntil`.
    fn compare_until(&self) -> u64;
    /// `Introduced`.
    fn introduced(&self) -> bool;
    /// `HistoryEnabled`.
    fn history_enabled(&self) -> bool;
    /// `ExposureEnabled`.
    fn exposure_enabled(&self) -> bool;
    /// `ExposureWarnings`.
    fn exposure_warnings(&self) -> bool;
    /// `ActiveProfile`.
    fn active_profile(&self) -> String;
    /// `ProfileBy`.
    fn profile_by(&self) -> String;
    /// `ProfileUntil`.
    fn profile_until(&self) -> u64;
    /// `Schedules`.
    fn schedules(&self) -> HashMap<String, Dict>;
    /// `Chains`.
    fn chains(&self) -> String;
    /// `Devices`.
    fn devices(&self) -> String;
    /// `Profiles`.
    fn profiles(&self) -> HashMap<String, String>;
    /// `Treatments`.
    fn treatments(&self) -> HashMap<String, Dict>;
    /// `DeviceSettings`.
    fn device_settings(&self) -> HashMap<String, Dict>;
    /// `Streams`.
    fn streams(&self) -> Vec<Dict>;
    /// `Output`.
    fn output(&self) -> Dict;
    /// `Outputs`.
    fn outputs(&self) -> Vec<Dict>;
}
