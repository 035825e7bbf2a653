//! The client's side of the interface.

use std::collections::HashMap;

use zbus::{OwnedVariant, Variant, proxy};

use crate::{
    error::Result,
    types::{Dict, GaugeTable, StreamGaugeTable},
};

/// Proxy of `org.headroom.Control`; each member is described in `data/org.headroom.Control.xml`.
#[proxy(
    interface = "org.headroom.Control",
    default_service = "com.example.Headroom",
    default_path = "/org/headroom/Control"
)]
pub trait Control {
    /// Chooses what `app` gets, and how much louder or softer than the others it comes out.
    fn set_treatment(&self, app: &str, treatment: &str, offset_db: f64) -> Result<()>;
    /// Forgets what was chosen for `app`.
    fn unset_treatment(&self, app: &str) -> Result<()>;
    /// Chooses `even-out` (`processed`) or `leave-alone` (`bypass`) for `app`.
    fn set_route(&self, app: &str, route: &str) -> Result<()>;
    /// Forgets what was chosen for `app`.
    fn unset_route(&self, app: &str) -> Result<()>;
    /// Chooses something for a device, by its `node.name`; the keys are [`DEVICE_SETTINGS`](crate::DEVICE_SETTINGS).
    fn set_device_setting(&self, device: &str, key: &str, value: &Variant<'_>) -> Result<()>;
    /// Forgets what was chosen for a device under a key; with an empty key all of it.
    fn reset_device_setting(&self, device: &str, key: &str) -> Result<()>;
    /// Has a device never play louder than it does now.
    fn set_device_maximum(&self, device: &str) -> Result<()>;
    /// Schedules a profile, in a row that [`ScheduleRow`](crate::ScheduleRow) reads.
    fn set_schedule(&self, profile: &str, schedule: Dict) -> Result<()>;
    /// Forgets when a profile is scheduled.
    fn unset_schedule(&self, profile: &str) -> Result<()>;
    /// Sets a stream's own volume, in percent as mixers show it.
    fn set_stream_volume(&self, stream: u64, percent: f64) -> Result<()>;
    /// Mutes a stream, or ends that.
    fn set_stream_muted(&self, stream: u64, muted: bool) -> Result<()>;
    /// Says why a stream has the route that it has.
    fn explain(&self, stream: u64) -> Result<Dict>;
    /// Turns everything off for so many seconds; protection comes back by itself.
    fn bypass_for(&self, seconds: u32) -> Result<()>;
    /// Plays everything without levelling for so many seconds, as loud as with it; 0 ends that.
    fn compare(&self, seconds: u32) -> Result<()>;
    /// Lists every setting with its value, default and range.
    fn list_settings(&self) -> Result<Dict>;
    /// Returns the value of one setting.
    fn get_setting(&self, key: &str) -> Result<OwnedVariant>;
    /// Changes one setting on top of the active profile, until it is reset.
    fn set_setting(&self, key: &str, value: &Variant<'_>) -> Result<()>;
    /// Gives one setting back to the active profile.
    fn reset_setting(&self, key: &str) -> Result<()>;
    /// Forgets how loud `app` plays; with an empty name what is remembered of every application.
    fn forget_levels(&self, app: &str) -> Result<()>;
    /// Returns what was caught since a time, in microseconds of `CLOCK_REALTIME`, the newest first and at most so many,
    /// in rows that [`CatchRow`](crate::CatchRow) reads.
    fn catches(&self, since: u64, limit: u32) -> Result<Vec<Dict>>;
    /// Returns what was played between two times, in steps, all in microseconds, in rows that
    /// [`HistoryRow`](crate::HistoryRow) reads.
    fn history(&self, from: u64, to: u64, step: u64) -> Result<Vec<Dict>>;
    /// Has the session manager forget the devices of other programs' effects that are gone, for what has streams.
    fn forget_effects(&self) -> Result<()>;
    /// Returns how much sound reached devices between two times, in steps, all in microseconds, in rows that
    /// [`ExposureRow`](crate::ExposureRow) reads.
    fn exposure(&self, from: u64, to: u64, step: u64) -> Result<Vec<Dict>>;
    /// Forgets all that was caught and played.
    fn clear_history(&self) -> Result<()>;
    /// Reads every profile file again, now.
    fn reload_profiles(&self) -> Result<()>;
    /// Returns a profile as the service understands it, as TOML.
    fn show_profile(&self, name: &str) -> Result<String>;
    /// Asks for `Meters` at `hz`, until the caller leaves the bus.
    fn subscribe_meters(&self, hz: f64) -> Result<()>;
    /// Ends the caller's subscription.
    fn unsubscribe_meters(&self) -> Result<()>;
    /// Returns the gauges once, without a subscription.
    fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGaugeTable>)>;
    /// Returns the service's own vital signs.
    fn health(&self) -> Result<Dict>;

    /// Gauges, sent to subscribers only.
    #[zbus(signal)]
    fn meters(
        &self,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGaugeTable>,
    ) -> zbus::Result<()>;
    /// Settings changed: those that did, with their values.
    #[zbus(signal)]
    fn settings_changed(&self, settings: Dict) -> zbus::Result<()>;
    /// A stream appeared.
    #[zbus(signal)]
    fn stream_added(&self, id: u64, stream: Dict) -> zbus::Result<()>;
    /// A stream's properties or route changed.
    #[zbus(signal)]
    fn stream_changed(&self, id: u64, stream: Dict) -> zbus::Result<()>;
    /// A stream went away.
    #[zbus(signal)]
    fn stream_removed(&self, id: u64) -> zbus::Result<()>;

    /// Something was caught, and it is over; in a row that [`CatchRow`](crate::CatchRow) reads.
    #[zbus(signal)]
    fn caught(&self, catch: Dict) -> zbus::Result<()>;

    /// Version of the service.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    /// Version of the interface.
    #[zbus(property(emits_changed_signal = "const"))]
    fn api_version(&self) -> zbus::Result<u32>;
    /// What the service is doing.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// What is wrong, if anything is, in rows that [`ProblemRow`](crate::ProblemRow) reads.
    #[zbus(property)]
    fn problems(&self) -> zbus::Result<Vec<Dict>>;
    /// Everything straight to the device.
    #[zbus(property)]
    fn bypass(&self) -> zbus::Result<bool>;
    /// Turns everything off or on.
    #[zbus(property)]
    fn set_bypass(&self, bypass: bool) -> zbus::Result<()>;
    /// When `Bypass` ends by itself, in microseconds of `CLOCK_REALTIME`; 0 without such an end.
    #[zbus(property)]
    fn bypass_until(&self) -> zbus::Result<u64>;
    /// When a comparison ends by itself, in microseconds of `CLOCK_REALTIME`; 0 while there is none.
    #[zbus(property)]
    fn compare_until(&self) -> zbus::Result<u64>;
    /// Whether the person has been told what Headroom does to the system.
    #[zbus(property)]
    fn introduced(&self) -> zbus::Result<bool>;
    /// Remembers whether the person has been told.
    #[zbus(property)]
    fn set_introduced(&self, introduced: bool) -> zbus::Result<()>;
    /// Whether what is caught and played is kept.
    #[zbus(property)]
    fn history_enabled(&self) -> zbus::Result<bool>;
    /// Has what is caught and played kept, or not.
    #[zbus(property)]
    fn set_history_enabled(&self, enabled: bool) -> zbus::Result<()>;
    /// Whether how much sound reaches devices is counted.
    #[zbus(property)]
    fn exposure_enabled(&self) -> zbus::Result<bool>;
    /// Has how much sound reaches devices counted, or not.
    #[zbus(property)]
    fn set_exposure_enabled(&self, enabled: bool) -> zbus::Result<()>;
    /// Whether a full sound dose and a high level are notified of.
    #[zbus(property)]
    fn exposure_warnings(&self) -> zbus::Result<bool>;
    /// Has a full sound dose and a high level notified of, or not.
    #[zbus(property)]
    fn set_exposure_warnings(&self, enabled: bool) -> zbus::Result<()>;
    /// Name of the active profile.
    #[zbus(property)]
    fn active_profile(&self) -> zbus::Result<String>;
    /// Switches the profile.
    #[zbus(property)]
    fn set_active_profile(&self, name: &str) -> zbus::Result<()>;
    /// Who has decided that it is the active one.
    #[zbus(property)]
    fn profile_by(&self) -> zbus::Result<String>;
    /// When a schedule changes the profile, in microseconds of `CLOCK_REALTIME`; 0 while none does by the clock.
    #[zbus(property)]
    fn profile_until(&self) -> zbus::Result<u64>;
    /// When profiles are scheduled, by profile, in rows that [`ScheduleRow`](crate::ScheduleRow) reads.
    #[zbus(property)]
    fn schedules(&self) -> zbus::Result<HashMap<String, Dict>>;
    /// Where the active profile levels and compresses.
    #[zbus(property)]
    fn chains(&self) -> zbus::Result<String>;
    /// Which devices the active profile protects.
    #[zbus(property)]
    fn devices(&self) -> zbus::Result<String>;
    /// Profiles by name, with their descriptions.
    #[zbus(property)]
    fn profiles(&self) -> zbus::Result<HashMap<String, String>>;
    /// What the user chose for applications, by application, in rows that [`TreatmentRow`](crate::TreatmentRow) reads.
    #[zbus(property)]
    fn treatments(&self) -> zbus::Result<HashMap<String, Dict>>;
    /// What the user chose for devices, by `node.name`, in rows that [`DeviceRow`](crate::DeviceRow) reads.
    #[zbus(property)]
    fn device_settings(&self) -> zbus::Result<HashMap<String, Dict>>;
    /// Every playback stream.
    #[zbus(property)]
    fn streams(&self) -> zbus::Result<Vec<Dict>>;
    /// The device that is played to.
    #[zbus(property)]
    fn output(&self) -> zbus::Result<Dict>;
    /// Every device in use, the default one first.
    #[zbus(property)]
    fn outputs(&self) -> zbus::Result<Vec<Dict>>;
}
