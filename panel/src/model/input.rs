//! What the link tells.

use headroom_api::{DeviceRow, ProfileBy, ScheduleRow, TreatmentRow};

use super::{
    Ask, Chains, Device, Health, Meters, Output, Past, Problem, ServiceState, Setting, Stream,
};

/// Something that is known now.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Whether the service is there. [`Presence::Running`] comes before anything else of that service.
    Service(Presence),
    /// What the service is doing.
    State(ServiceState),
    /// What is wrong.
    Problems(Vec<Problem>),
    /// Whether everything goes straight to the device because a person said so.
    Bypass(bool),
    /// When that ends by itself, in microseconds since 1970; 0 where it does not.
    BypassUntil(u64),
    /// When a comparison ends by itself, in microseconds since 1970; 0 while there is none.
    CompareUntil(u64),
    /// Whether the person has been told what Headroom does to the system.
    Introduced(bool),
    /// Name of the profile in force.
    ActiveProfile(String),
    /// Who has decided that it is.
    ProfileBy(ProfileBy),
    /// When a schedule changes it by the clock, in microseconds since 1970; 0 while none does.
    ProfileUntil(u64),
    /// When profiles are in force by themselves, by profile.
    Schedules(Vec<(String, ScheduleRow)>),
    /// Every profile: name and one-line description, in any order.
    Profiles(Vec<(String, String)>),
    /// What the user chose for applications, by application.
    Treatments(Vec<(String, TreatmentRow)>),
    /// What the user chose for devices, by `node.name`.
    DeviceSettings(Vec<(String, DeviceRow)>),
    /// Every stream.
    Streams(Vec<Stream>),
    /// One stream that is new or another.
    StreamChanged(Stream),
    /// The id of a stream that went away.
    StreamRemoved(u64),
    /// Every setting.
    Settings(Vec<Setting>),
    /// The device that is played to.
    Output(Output),
    /// Every device in use.
    Devices(Vec<Device>),
    /// What evens out applications; `None` where the service does not tell.
    Chains(Option<Chains>),
    /// What was caught and played on the days that were asked for last.
    Past(Past),
    /// Whether that is kept.
    HistoryEnabled(bool),
    /// Whether how much sound reaches devices is counted.
    ExposureEnabled(bool),
    /// Whether a full sound dose and a high level are notified of.
    ExposureWarnings(bool),
    /// The service's vital signs.
    Health(Health),
    /// A reading of the gauges.
    Meters(Meters),
    /// A wish was not granted.
    Failed {
        /// The wish.
        ask: Ask,
        /// What stood in the way.
        why: Failure,
        /// What the service or the bus said of it, safe to show; empty when nothing was said.
        sentence: String,
    },
}

/// Whether the service is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It is not known yet, or the service is being started.
    #[default]
    Connecting,
    /// There is no session bus, or it went away: what the library says of it. It is tried again.
    NoBus(String),
    /// Nothing has the service's name, and the bus knows of no program that it could start for it.
    NotInstalled,
    /// Nothing has the service's name. `sentence` is what the bus said when it was to start it; empty when
    /// the service left, or was never asked for.
    NotRunning {
        /// What went wrong.
        sentence: String,
    },
    /// Something has the name and does not answer, or answers what cannot be understood. It is tried again.
    Silent {
        /// What went wrong; empty when no answer came in time.
        sentence: String,
    },
    /// It is there and answers.
    Running {
        /// Its version, for display.
        version: String,
        /// Version of the interface.
        api_version: u32,
    },
}

impl Presence {
    /// Says whether the service is there and answers.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// What stood in the way of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service refused it, and said why.
    Refused,
    /// There is no service to ask.
    NotRunning,
    /// The service did not answer in time; it may do it all the same.
    NoAnswer,
    /// The service could not be started; the sentence is the bus's.
    NotStarted,
}
