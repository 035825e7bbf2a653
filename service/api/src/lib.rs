//! The `org.headroom.Control` contract as Rust: names, wire types, proxy and errors.
//!
//! Owns every string that both sides of the bus must agree on, and the way to the bus. It runs on no thread of its own
//! and must not gain any other behaviour: what a value means is the service's business, how it looks is the
//! client's; only what is done to a sound is put in words here, for all of them. The manual of the interface is `data/org.headroom.Control.xml`.
#![forbid(unsafe_code)]

mod doing;
mod error;
pub mod names;
mod proxy;
mod session_bus;
mod types;

pub use doing::{Doing, Done, Gains};
pub use error::{Error, Result};
pub use proxy::{ControlProxy, Meters, SettingsChanged, StreamAdded, StreamChanged, StreamRemoved};
pub use session_bus::{is_in_flatpak, session_bus, session_socket};
pub use types::{
    Dict, FLOOR_DB, GaugeTable, MAX_CALL_BYTES, MAX_KEY_BYTES, MAX_NAME_BYTES, MAX_OPEN_CALLS,
    MAX_PENDING_REQUESTS, MAX_PROCESS_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS, METERS_HZ, ParseEnumError,
    ProblemRow, Route, ServiceState, StreamGauges, StreamRoute, dict_bool, dict_f64, dict_str,
    dict_u32, dict_u64,
};
