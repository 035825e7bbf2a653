//! What can be changed over the bus.

use std::fmt;

use headroom_api::{Route, ScheduleRow, Treatment};
use zbus::OwnedVariant;

/// A change that somebody asks for.
#[derive(Debug)]
pub enum Change {
    /// Choose what an application gets.
    SetTreatment {
        /// The application's binary, name or id.
        app: String,
        /// What it gets.
        treatment: Treatment,
        /// How much louder or softer than the others it comes out, in dB.
        offset_db: f64,
    },
    /// Forget what was chosen for an application.
    UnsetTreatment {
        /// The application as it was named.
        app: String,
    },
    /// Choose something for a device.
    SetDeviceSetting {
        /// Its `node.name`.
        device: String,
        /// The key.
        key: String,
        /// The value.
        value: OwnedVariant,
    },
    /// Forget what was chosen for a device.
    ResetDeviceSetting {
        /// Its `node.name`.
        device: String,
        /// The key; empty for all of them.
        key: String,
    },
    /// Schedule a profile.
    SetSchedule {
        /// The profile.
        profile: String,
        /// When it is to be in force.
        schedule: ScheduleRow,
    },
    /// Forget when a profile is scheduled.
    UnsetSchedule {
        /// The profile.
        profile: String,
    },
    /// Have a device never play louder than now.
    SetDeviceMaximum {
        /// Its `node.name`.
        device: String,
    },
    /// Set a stream's own volume.
    SetStreamVolume {
        /// The stream's id.
        stream: u64,
        /// In percent as mixers show it, within [`STREAM_VOLUME_PERCENT`](headroom_api::STREAM_VOLUME_PERCENT).
        percent: f64,
    },
    /// Mute a stream, or end that.
    SetStreamMuted {
        /// The stream's id.
        stream: u64,
        /// Whether it is to be silent.
        muted: bool,
    },
    /// The same as a treatment that says no more than this.
    SetRoute {
        /// The application's binary, name or id.
        app: String,
        /// The route.
        route: Route,
    },
    /// Forget what was chosen for an application, by its older name.
    UnsetRoute {
        /// The application as it was named.
        app: String,
    },
    /// Change a setting on top of the active profile.
    SetSetting {
        /// Its dotted key.
        key: String,
        /// The value.
        value: OwnedVariant,
    },
    /// Give a setting back to the profile.
    ResetSetting {
        /// Its dotted key.
        key: String,
    },
    /// Read the profiles' files again.
    ReloadProfiles,
    /// Forget how loud an application plays.
    ForgetLevels {
        /// The application's binary, name or id; empty for all of them.
        app: String,
    },
    /// Write `Bypass`.
    Bypass(bool),
    /// Bypass everything for a while, in seconds.
    BypassFor(u32),
    /// Play without levelling for a while, in seconds.
    Compare(u32),
    /// Write `Introduced`.
    Introduced(bool),
    /// Write `HistoryEnabled`.
    HistoryEnabled(bool),
    /// Forget the devices of other programs' effects that are gone.
    ForgetEffects,
    /// Write `ExposureEnabled`.
    ExposureEnabled(bool),
    /// Write `ExposureWarnings`.
    ExposureWarnings(bool),
    /// Forget what was caught and played.
    ClearHistory,
    /// Write `ActiveProfile`.
    ActiveProfile(String),
}

/// The member and its arguments, one after another; an empty argument is `''`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| if text.is_empty() { "''".to_owned() } else { text.to_owned() };
        match self {
            Self::SetTreatment { app, treatment, offset_db } => {
                write!(f, "SetTreatment {} {treatment} {offset_db}", shown(app))
            }
            Self::UnsetTreatment { app } => write!(f, "UnsetTreatment {}", shown(app)),
            Self::SetRoute { app, route } => write!(f, "SetRoute {} {route}", shown(app)),
            Self::UnsetRoute { app } => write!(f, "UnsetRoute {}", shown(app)),
            Self::SetDeviceSetting { device, key, value } => {
                write!(f, "SetDeviceSetting {} {} {}", shown(device), shown(key), **value)
            }
            Self::ResetDeviceSetting { device, key } => {
                write!(f, "ResetDeviceSetting {} {}", shown(device), shown(key))
            }
            Self::SetSchedule { profile, schedule } => {
                write!(f, "SetSchedule {}", shown(profile))?;
                let times = schedule.from.iter().chain(&schedule.to).chain(&schedule.days);
                times.into_iter().try_for_each(|word| write!(f, " {}", shown(word)))?;
                if schedule.night_light == Some(true) {
                    f.write_str(" night-light")
                } else {
                    Ok(())
                }
            }
            Self::UnsetSchedule { profile } => write!(f, "UnsetSchedule {}", shown(profile)),
            Self::SetDeviceMaximum { device } => write!(f, "SetDeviceMaximum {}", shown(device)),
            Self::SetStreamVolume { stream, percent } => {
                write!(f, "SetStreamVolume {stream} {percent}")
            }
            Self::SetStreamMuted { stream, muted } => write!(f, "SetStreamMuted {stream} {muted}"),
            Self::SetSetting { key, value } => write!(f, "SetSetting {} {}", shown(key), **value),
            Self::ResetSetting { key } => write!(f, "ResetSetting {}", shown(key)),
            Self::ReloadProfiles => f.write_str("ReloadProfiles"),
            Self::ForgetLevels { app } => write!(f, "ForgetLevels {}", shown(app)),
            Self::Bypass(on) => write!(f, "Bypass {on}"),
            Self::BypassFor(seconds) => write!(f, "BypassFor {seconds}"),
            Self::Compare(seconds) => write!(f, "Compare {seconds}"),
            Self::Introduced(on) => write!(f, "Introduced {on}"),
            Self::HistoryEnabled(on) => write!(f, "HistoryEnabled {on}"),
            Self::ForgetEffects => f.write_str("ForgetEffects"),
            Self::ExposureEnabled(on) => write!(f, "ExposureEnabled {on}"),
            Self::ExposureWarnings(on) => write!(f, "ExposureWarnings {on}"),
            Self::ClearHistory => f.write_str("ClearHistory"),
            Self::ActiveProfile(name) => write!(f, "ActiveProfile {}", shown(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_shown_with_every_argument() {
        let app = || "mpv".to_owned();
        let treatment = Treatment::LimitOnly;
        for (change, shown) in [
            (
                Change::SetTreatment { app: app(), treatment, offset_db: -3.5 },
                "SetTreatment mpv limit-only -3.5",
            ),
            (Change::SetRoute { app: app(), route: Route::Bypass }, "SetRoute mpv bypass"),
            (Change::SetStreamVolume { stream: 87, percent: 50.5 }, "SetStreamVolume 87 50.5"),
            (Change::SetStreamMuted { stream: 87, muted: true }, "SetStreamMuted 87 true"),
            (Change::ForgetLevels { app: String::new() }, "ForgetLevels ''"),
            (Change::Bypass(true), "Bypass true"),
            (Change::BypassFor(1800), "BypassFor 1800"),
        ] {
            assert_eq!(change.to_string(), shown);
        }
    }
}
