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
    /// Forgets the route that the user set for `app`.
    fn unset_route(&self, app: &str) -> Result<()>;
    /// Sends every stream of `app` through Headroom (`processed`) or past it (`bypass`).
    fn set_route(&self, app: &str, route: &str) -> Result<()>;
    /// Says why a stream has the route that it has.
    fn explain(&self, stream: u64) -> Result<Dict>;
    /// Lists every setting with its value, default and range.
    fn list_settings(&self) -> Result<Dict>;
    /// Returns the value of one setting.
    fn get_setting(&self, key: &str) -> Result<OwnedVariant>;
    /// Changes one setting on top of the active profile, until it is reset.
    fn set_setting(&self, key: &str, value: &Variant<'_>) -> Result<()>;
    /// Gives one setting back to the active profile.
    fn reset_setting(&self, key: &str) -> Result<()>;
    /// Turns level control of every stream of `app` on or off.
    fn set_level_control(&self, app: &str, on: bool) -> Result<()>;
    /// Gives level control of `app` back to the profile.
    fn unset_level_control(&self, app: &str) -> Result<()>;
    /// Gives a stream's level control back to the profile, and starts it anew from 0 dB.
    fn reset_level_control(&self, stream: u64) -> Result<()>;
    /// Changes what `app`'s own chain does: `offset_db`, `strength` or `chain`.
    fn set_app_setting(&self, app: &str, key: &str, value: &Variant<'_>) -> Result<()>;
    /// Forgets what was set for `app`'s own chain; with an empty key all of it.
    fn reset_app_setting(&self, app: &str, key: &str) -> Result<()>;
    /// Forgets how loud `app` plays; with an empty name what is remembered of every application.
    fn forget_levels(&self, app: &str) -> Result<()>;
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
    /// Whether the person has been told what Headroom does to the system.
    #[zbus(property)]
    fn introduced(&self) -> zbus::Result<bool>;
    /// Remembers whether the person has been told.
    #[zbus(property)]
    fn set_introduced(&self, introduced: bool) -> zbus::Result<()>;
    /// Name of the active profile.
    #[zbus(property)]
    fn active_profile(&self) -> zbus::Result<String>;
    /// Switches the profile.
    #[zbus(property)]
    fn set_active_profile(&self, name: &str) -> zbus::Result<()>;
    /// Where the active profile levels and compresses.
    #[zbus(property)]
    fn chains(&self) -> zbus::Result<String>;
    /// Which devices the active profile protects.
    #[zbus(property)]
    fn devices(&self) -> zbus::Result<String>;
    /// Profiles by name, with their descriptions.
    #[zbus(property)]
    fn profiles(&self) -> zbus::Result<HashMap<String, String>>;
    /// The user's own routes, by application.
    #[zbus(property)]
    fn routes(&self) -> zbus::Result<HashMap<String, String>>;
    /// The user's own choices of level control, by application.
    #[zbus(property)]
    fn level_control(&self) -> zbus::Result<HashMap<String, bool>>;
    /// What the user set for applications' own chains, by application.
    #[zbus(property)]
    fn app_settings(&self) -> zbus::Result<HashMap<String, Dict>>;
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
