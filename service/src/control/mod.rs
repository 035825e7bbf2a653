//! The bus: what others may ask, and what they are told.
//!
//! Runs on the control thread. An interface method checks its arguments, sends a [`Request`] to the
//! owner of the state and passes the answer on; it holds no state of its own. How much anybody may ask is
//! `admission`'s.

mod admission;
mod interface;
mod meters;
mod outputs;
mod publish;
mod view;
mod wire;

use headroom_api::{
    CatchRow, Dict, ExposureRow, GaugeTable, HistoryRow, Result, ScheduleRow, StreamGaugeTable,
};
use headroom_profile::Value;
use tokio::sync::oneshot;
use zbus::{OwnedVariant, names::OwnedUniqueName};

use crate::state::{TreatmentChoice, VolumeChange};

pub use admission::{Admission, guarded};
pub use interface::{Interface, Live};
pub use meters::{Hub, Meters, StreamTap};
pub use outputs::{output, outputs};
pub use publish::publish;
pub use view::{Standing, StreamLoudness, View, explain, health};
pub use wire::device_gauges;

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T>>;

/// The bus gauges, and those of each stream.
pub type Readings = (GaugeTable, Vec<StreamGaugeTable>);

/// What the bus asks of the owner of the state.
#[derive(Debug)]
pub enum Request {
    /// Everything straight to the device, or not.
    SetBypass(bool, Reply<()>),
    /// Bypass everything for so many seconds.
    BypassFor(u32, Reply<()>),
    /// Play without levelling for so many seconds; 0 ends that.
    Compare(u32, Reply<()>),
    /// Remember whether the person has been told what Headroom does to the system.
    SetIntroduced(bool, Reply<()>),
    /// Put another profile in force.
    UseProfile(String, Reply<()>),
    /// Tell a profile as TOML.
    ShowProfile(String, Reply<String>),
    /// Read the profiles' files again.
    ReloadProfiles(Reply<()>),
    /// Tell every setting with what is accepted.
    ListSettings(Reply<Dict>),
    /// Tell the value of one.
    GetSetting(String, Reply<OwnedVariant>),
    /// Change one on top of the active profile.
    SetSetting {
        /// Its dotted key.
        key: String,
        /// The value.
        value: Value,
        /// The answer.
        reply: Reply<()>,
    },
    /// Give one back to the profile.
    ResetSetting(String, Reply<()>),
    /// Forget how loud an application plays.
    ForgetLevels {
        /// The application's binary, name or id; empty for all of them.
        app: String,
        /// The answer.
        reply: Reply<()>,
    },
    /// Choose what an application gets.
    SetTreatment {
        /// The application's binary, name or id.
        app: String,
        /// The choice.
        choice: TreatmentChoice,
        /// The answer.
        reply: Reply<()>,
    },
    /// Forget what was chosen for an application.
    UnsetTreatment {
        /// The application as it was named.
        app: String,
        /// The answer.
        reply: Reply<()>,
    },
    /// Choose something for a device.
    SetDeviceSetting {
        /// Its `node.name`.
        device: String,
        /// The key.
        key: String,
        /// The value.
        value: Value,
        /// The answer.
        reply: Reply<()>,
    },
    /// Forget what was chosen for a device.
    ResetDeviceSetting {
        /// Its `node.name`.
        device: String,
        /// The key; empty for all of them.
        key: String,
        /// The answer.
        reply: Reply<()>,
    },
    /// Have a device never play louder than now, by its `node.name`.
    SetDeviceMaximum(String, Reply<()>),
    /// Set the own volume of a stream, or mute it.
    SetStreamVolume {
        /// The stream's id.
        stream: u64,
        /// What becomes of it.
        change: VolumeChange,
        /// The answer.
        reply: Reply<()>,
    },
    /// Schedule a profile.
    SetSchedule {
        /// The profile.
        profile: String,
        /// When it is to be in force.
        schedule: ScheduleRow,
        /// The answer.
        reply: Reply<()>,
    },
    /// Forget when a profile is scheduled.
    UnsetSchedule(String, Reply<()>),
    /// Say why a stream has its route.
    Explain {
        /// The stream's id.
        stream: u64,
        /// The answer.
        reply: Reply<Dict>,
    },
    /// Tell the vital signs.
    Health(Reply<Dict>),
    /// Send meters to a client from now on.
    Subscribe {
        /// The client.
        client: OwnedUniqueName,
        /// Its process, where the bus knows it.
        process: Option<u32>,
        /// How often, in Hz.
        hz: f64,
        /// The answer.
        reply: Reply<()>,
    },
    /// Send it no meters any more, because it says so or has left the bus.
    Unsubscribe {
        /// The client.
        client: OwnedUniqueName,
        /// The answer; `None` when it has left.
        reply: Option<Reply<()>>,
    },
    /// Have what is caught and played kept, or not.
    SetHistory(bool, Reply<()>),
    /// Have how much sound reaches devices counted, or not.
    SetExposure(bool, Reply<()>),
    /// Have a full sound dose and a high level notified of, or not.
    SetExposureWarnings(bool, Reply<()>),
    /// Tell how much sound reached devices.
    Exposure {
        /// From when until when, in microseconds of `CLOCK_REALTIME`.
        range_usec: (u64, u64),
        /// Length of a step, in microseconds.
        step_usec: u64,
        /// The answer.
        reply: Reply<Vec<ExposureRow>>,
    },
    /// Tell what was caught.
    Catches {
        /// Since when, in microseconds of `CLOCK_REALTIME`.
        since_usec: u64,
        /// The most rows.
        limit: usize,
        /// The answer: the newest first.
        reply: Reply<Vec<CatchRow>>,
    },
    /// Tell what was played.
    History {
        /// From when until when, in microseconds of `CLOCK_REALTIME`.
        range_usec: (u64, u64),
        /// Length of a step, in microseconds.
        step_usec: u64,
        /// The answer.
        reply: Reply<Vec<HistoryRow>>,
    },
    /// Have the session manager forget the devices of other programs' effects that are gone.
    ForgetEffects(Reply<()>),
    /// Forget what was caught and played.
    ClearHistory(Reply<()>),
    /// Tell the meters once.
    GetMeters(Reply<Readings>),
}
