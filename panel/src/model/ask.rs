//! What a person can want of the service.

use super::{Route, Value};

/// A wish. It is shown as done only when the service says so.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Everything straight to the device, or protection back.
    SetBypass(bool),
    /// Whether the person has been told what Headroom does to the system.
    SetIntroduced(bool),
    /// Another profile, by its name.
    UseProfile(String),
    /// A route of its own for every stream of an application; `None` lets the profile decide again.
    SetRoute {
        /// Any of the application's names, such as [`App::key`](super::App::key).
        app: String,
        /// The route.
        route: Option<Route>,
    },
    /// App volume control of every stream of an application; `None` lets the profile decide again.
    SetLevel {
        /// Any of the application's names, such as [`App::key`](super::App::key).
        app: String,
        /// On or off.
        on: Option<bool>,
    },
    /// Something of an application's own chain.
    Tune {
        /// Any of the application's names, such as [`App::key`](super::App::key).
        app: String,
        /// The key on the bus: `offset_db`, `strength` or `chain`.
        key: &'static str,
        /// The value.
        value: Value,
    },
    /// All that was set for an application's own chain back, by the name it is set by.
    Untune(String),
    /// A stream's level back at once, by the stream's id; forgets its application's choice too.
    ResetLevel(u64),
    /// Another value for a setting.
    SetSetting {
        /// The dotted key.
        key: String,
        /// The value.
        value: Value,
    },
    /// The profile's own value for a setting, by its dotted key.
    ResetSetting(String),
    /// How strong the profile's main effect is, from 0 (limiter only) over 50 (as written) to 100.
    SetStrength(f64),
    /// The profile's own strength.
    ResetStrength,
    /// Every profile file read again, now.
    ReloadProfiles,
    /// The service started.
    StartService,
    /// Gauges at this many readings per second (1 to 60), or none.
    Watch(Option<f64>),
}
