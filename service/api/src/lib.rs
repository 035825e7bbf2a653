//! The `org.headroom.Control` contract as Rust: names, wire types, proxy and errors.
//!
//! Owns every string that both sides of the bus must agree on, and the way to the bus. It runs on no thread of its own
//! and must not gain any other behaviour: what a value means is the service's business, how it looks is the
//! client's; only what is done to a sound is put in words here, for all of them. The manual of the interface is `data/org.headroom.Control.xml`.
//!
//! # Example
//! Facts travel as codes with arguments, and `Display` has the sentence for a shell:
//! ```
//! use headroom_api::{Dict, Held, Problem, ProblemRow, Reason};
//!
//! let reason = Reason::held(Held::Encoded);
//! assert_eq!(reason.to_string(), "it sends encoded sound (passthrough), which cannot be processed");
//!
//! let problem = Problem::SessionManagerTooOld { version: "0.4.17".to_owned() };
//! let wire: Dict = ProblemRow::from(problem.clone()).to_dict();
//! assert_eq!(ProblemRow::from_dict(&wire).known, Some(problem));
//! ```
//! A client asks by the proxy, on a connection that finds the bus within a Flatpak as well:
//! ```no_run
//! # async fn example() -> zbus::Result<()> {
//! let connection = headroom_api::session_bus().build().await?;
//! let control = headroom_api::ControlProxy::new(&connection).await?;
//! println!("{}", control.state().await?);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod device;
mod doing;
mod error;
mod exposure;
mod gauges;
mod health;
mod history;
mod hosts;
pub mod names;
mod output;
mod problem;
mod proxy;
mod reason;
mod schedule;
mod session_bus;
mod setting;
mod stream;
mod text;
mod treatment;
mod types;
mod wire;

pub use device::{DEVICE_SETTINGS, DeviceRow};
pub use doing::{Doing, Done, Gains};
pub use error::{Error, Result};
pub use exposure::ExposureRow;
pub use gauges::{BusGauges, ChainGauges, DeviceGauges, StreamGauges, TapGauges};
pub use health::Health;
pub use history::{CatchRow, CaughtBy, HistoryRow, MAX_HISTORY_ROWS};
pub use hosts::{is_host_binary, is_host_id};
pub use output::OutputRow;
pub use problem::{Problem, ProblemRow, SafeModeCause, Severity};
pub use proxy::{
    Caught, ControlProxy, Meters, SettingsChanged, StreamAdded, StreamChanged, StreamRemoved,
};
pub use reason::{Blocked, By, Held, Lag, LevelHeld, LevelReason, LevellerPlace, Reason};
pub use schedule::ScheduleRow;
pub use session_bus::{is_in_flatpak, session_bus, session_socket};
pub use setting::SettingRow;
pub use stream::{Explanation, ExplanationRow, Sources, StreamRow};
pub use text::{quotable, quoted, visible, visible_lines};
pub use treatment::TreatmentRow;
pub use types::{
    BYPASS_FOR_S, COMPARE_S, CalibratedBy, ChainKind, Chains, Devices, Dict, FLOOR_DB,
    FailurePolicy, Felt, GaugeTable, JumpGuard, MAX_CALL_BYTES, MAX_KEY_BYTES, MAX_NAME_BYTES,
    MAX_OPEN_CALLS, MAX_PENDING_REQUESTS, MAX_PROCESS_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS, METERS_HZ,
    ParseEnumError, ProfileBy, Route, STREAM_VOLUME_PERCENT, ServiceState, StreamGaugeTable,
    StreamRoute, Treatment, Weekday, dict_bool, dict_f64, dict_str, dict_u32, dict_u64,
};
pub use wire::{Field, Row, Word, read_dict, read_items, read_table};
