//! What a person can want of the service.

use headroom_api::{Felt, ScheduleRow};

use super::{Treatment, Value};

/// A wish. It is shown as done only when the service says so.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Everything straight to the device, or protection back.
    SetBypass(bool),
    /// Everything straight to the device, and protection back by itself after so many seconds.
    BypassFor(u32),
    /// What plays without levelling, as loud as with it, for so many seconds; 0 ends it.
    Compare(u32),
    /// Whether the person has been told what Headroom does to the system.
    SetIntroduced(bool),
    /// Another profile, by its name.
    UseProfile(String),
    /// A profile in force at certain times by itself.
    SetSchedule {
        /// The profile, by its name.
        profile: String,
        /// When.
        schedule: ScheduleRow,
    },
    /// A profile not scheduled any more, by its name.
    UnsetSchedule(String),
    /// What an application gets; automatic without an offset lets the profile decide again.
    Treat {
        /// Any of the application's names, such as [`App::choice_key`](super::App::choice_key).
        app: String,
        /// The treatment.
        treatment: Treatment,
        /// How much louder or softer than the others it comes out, in dB, -12 to 12.
        offset_db: f64,
    },
    /// How loud a stream is by its own volume.
    SetVolume {
        /// Its id.
        stream: u64,
        /// In percent as mixers show it, 0 to 150.
        percent: f64,
    },
    /// Whether a stream is muted.
    SetMuted {
        /// Its id.
        stream: u64,
        /// Silent, or not any more.
        muted: bool,
    },
    /// Something for a device.
    SetDevice {
        /// Its `node.name`.
        device: String,
        /// One of [`DEVICE_SETTINGS`](headroom_api::DEVICE_SETTINGS).
        key: String,
        /// The value.
        value: Value,
    },
    /// Nothing for a device any more.
    ResetDevice {
        /// Its `node.name`.
        device: String,
        /// As in [`Ask::SetDevice`].
        key: String,
    },
    /// A device, by its `node.name`, never louder than now.
    SetMaximum(String),
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
    /// What was caught and played on some days: when each begins, and when the last one ends, in microseconds since 1970.
    LookBack(Vec<u64>),
    /// Whether that is kept.
    SetHistory(bool),
    /// Whether how much sound reaches devices is counted.
    SetExposure(bool),
    /// Whether a full sound dose and a high level are notified of.
    SetExposureWarnings(bool),
    /// How loud what plays on a device now feels; nothing forgets it.
    Calibrate {
        /// Its `node.name`.
        device: String,
        /// How it feels.
        felt: Option<Felt>,
    },
    /// All of that forgotten.
    ClearHistory,
    /// The devices of other programs' effects that are gone forgotten.
    ForgetEffects,
    /// The service started.
    StartService,
    /// Gauges at this many readings per second (1 to 60), or none.
    Watch(Option<f64>),
}
