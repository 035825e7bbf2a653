//! Wire types: enumerations as strings, open dictionaries, gauges.

use std::{collections::HashMap, fmt};

use zbus::OwnedVariant;

use crate::text::quoted;

/// An open dictionary, `a{sv}`.
pub type Dict = HashMap<String, OwnedVariant>;
/// Gauges by name, `a{sd}`; levels in dB, never below [`FLOOR_DB`], never NaN.
pub type GaugeTable = HashMap<String, f64>;
/// Gauges of one stream as they stand on the wire: the stream's id, then its gauges.
pub type StreamGaugeTable = (u64, GaugeTable);

/// For how long everything can be bypassed at a time, in seconds: up to a day.
pub const BYPASS_FOR_S: std::ops::RangeInclusive<u32> = 1..=86_400;

/// For how long sound can be heard without levelling at a time, in seconds; 0 ends it.
pub const COMPARE_S: std::ops::RangeInclusive<u32> = 0..=30;

/// What a stream's own volume can be set to, in percent as mixers show it.
pub const STREAM_VOLUME_PERCENT: std::ops::RangeInclusive<f64> = 0.0..=150.0;

/// Silence on every gauge, in dB.
pub const FLOOR_DB: f64 = -120.0;
/// Longest name of an application or a profile that a call accepts, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest key of a setting, and longest word as a value of one, in bytes.
pub const MAX_KEY_BYTES: usize = 64;
/// Longest call that is read, header included, in bytes.
pub const MAX_CALL_BYTES: usize = 128 << 10;
/// Most calls of one sender that may be without an answer at a time, whatever they ask for.
pub const MAX_OPEN_CALLS: usize = 32;
/// Most of them that may wait for the service itself: everything but reading properties and introspection.
pub const MAX_PENDING_REQUESTS: usize = 8;
/// Most meter subscriptions at a time.
pub const MAX_SUBSCRIPTIONS: usize = 64;
/// Most meter subscriptions of one process at a time.
pub const MAX_PROCESS_SUBSCRIPTIONS: usize = 4;
/// Rates that a meter subscription accepts, in Hz.
pub const METERS_HZ: std::ops::RangeInclusive<f64> = 1.0..=60.0;

/// A string that is not a value of the enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseEnumError {
    pub(crate) value: String,
    pub(crate) accepted: &'static [&'static str],
}

impl ParseEnumError {
    pub(crate) fn new(text: &str, accepted: &'static [&'static str]) -> Self {
        Self { value: text.to_owned(), accepted }
    }
}

impl fmt::Display for ParseEnumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not one of: {}", quoted(&self.value), self.accepted.join(", "))
    }
}

impl std::error::Error for ParseEnumError {}

macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value as it stands on the wire.
            pub const ALL: &'static [&'static str] = &[$($text),+];

            /// Returns the value as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::types::ParseEnumError;

            fn from_str(text: &str) -> Result<Self, $crate::types::ParseEnumError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::types::ParseEnumError::new(text, Self::ALL)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::wire::Field for $name {
            fn write(&self) -> Option<zbus::OwnedVariant> {
                $crate::wire::owned(self.as_str())
            }

            fn read(value: &zbus::Variant<'_>) -> Option<Self> {
                let word = <String as $crate::wire::Field>::read(value)?;
                word.parse().ok()
            }
        }
    };
}

pub(crate) use string_enum;

string_enum! {
    /// A route that a user or a rule can ask for.
    Route {
        /// Through Headroom.
        Processed = "processed",
        /// Straight to the device.
        Bypass = "bypass",
    }
}

string_enum! {
    /// What an application gets, in one choice.
    ///
    /// Of a value that a later version adds, [`Word`](crate::Word) keeps the word.
    Treatment {
        /// What the profile says: its rules, and its settings where a rule says no more than this.
        Automatic = "automatic",
        /// Processed and levelled, whatever the profile has its leveller do.
        EvenOut = "even-out",
        /// Processed, without leveller and compressor; cap and limiter stay.
        LimitOnly = "limit-only",
        /// Straight to the device, bit for bit.
        LeaveAlone = "leave-alone",
    }
}

string_enum! {
    /// What meets a jump of a device's volume.
    #[derive(Default)]
    JumpGuard {
        /// It is let through slowly.
        #[default]
        Slow = "slow",
        /// It is held until somebody moves the volume on.
        Hold = "hold",
        /// Nothing.
        Off = "off",
    }
}

string_enum! {
    /// What becomes of sound that cannot be protected for a failure.
    #[derive(Default)]
    FailurePolicy {
        /// It goes on as it is.
        #[default]
        Open = "open",
        /// It goes on, 20 dB softer.
        Quiet = "quiet",
    }
}

string_enum! {
    /// How it is known how loud a device is at the ear.
    CalibratedBy {
        /// By the sensitivity of the headphones, and what the output gives.
        Sensitivity = "sensitivity",
        /// By what is usual for headphones, moved by what the user knows better.
        Trim = "trim",
        /// By how loud the user says that it sounded.
        Ear = "ear",
    }
}

string_enum! {
    /// How loud something sounds to the user.
    Felt {
        /// Others in the room are understood over it with ease.
        Quiet = "quiet",
        /// As loud as a conversation at a table.
        Normal = "normal",
        /// Others would have to raise their voice.
        Loud = "loud",
    }
}

impl Felt {
    /// Returns the level that is usually felt so, in dB(A); 10 dB either way are within reason.
    pub const fn level_dba(self) -> f64 {
        match self {
            Self::Quiet => 50.0,
            Self::Normal => 65.0,
            Self::Loud => 80.0,
        }
    }
}

impl Treatment {
    /// Returns the route of a stream that gets this where nothing else has to be asked.
    pub const fn route(self) -> Route {
        match self {
            Self::Automatic | Self::EvenOut | Self::LimitOnly => Route::Processed,
            Self::LeaveAlone => Route::Bypass,
        }
    }
}

impl From<Route> for Treatment {
    fn from(route: Route) -> Self {
        match route {
            Route::Processed => Self::EvenOut,
            Route::Bypass => Self::LeaveAlone,
        }
    }
}

string_enum! {
    /// The route that a stream has.
    StreamRoute {
        /// Through Headroom.
        Processed = "processed",
        /// Straight to the device.
        Bypass = "bypass",
        /// Left alone; the stream's `reason` says why.
        Unmanaged = "unmanaged",
    }
}

impl From<Route> for StreamRoute {
    fn from(route: Route) -> Self {
        match route {
            Route::Processed => Self::Processed,
            Route::Bypass => Self::Bypass,
        }
    }
}

string_enum! {
    /// The chain that a stream passes, or that stands before a device.
    ChainKind {
        /// None of Headroom's.
        None = "none",
        /// The bus alone.
        Bus = "bus",
        /// Its application's own, and then the bus.
        App = "app",
        /// The one before a device that is not the default one.
        Device = "device",
    }
}

string_enum! {
    /// Where levelling and compression run, as a profile has it.
    Chains {
        /// Once for each application.
        PerApp = "per-app",
        /// Once for all of them.
        Shared = "shared",
    }
}

string_enum! {
    /// Who has decided which profile is in force.
    #[derive(Default)]
    ProfileBy {
        /// The person.
        #[default]
        User = "user",
        /// The default device: it comes with that one.
        Device = "device",
        /// A schedule, by the clock.
        Schedule = "schedule",
        /// A schedule, by the desktop's Night Light.
        NightLight = "night-light",
    }
}

string_enum! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

string_enum! {
    /// Which devices are protected, as a profile has it.
    Devices {
        /// Every one that something to be processed plays to.
        All = "all",
        /// The default device alone.
        Default = "default",
    }
}

string_enum! {
    /// What the service is doing.
    ServiceState {
        /// Streams are protected.
        Running = "running",
        /// Everything goes straight to the device, because the user said so.
        Bypassed = "bypassed",
        /// PipeWire or its session manager is away or too old, or the filter is not in place.
        Waiting = "waiting",
        /// It would protect, but all that plays and is to be protected goes past it, through another program's effects.
        Sidelined = "sidelined",
        /// Bypassed by the service itself after repeated failures.
        SafeMode = "safe-mode",
    }
}

/// Returns the string at `key`, if there is one.
pub fn dict_str<'a>(dict: &'a Dict, key: &str) -> Option<&'a str> {
    dict.get(key).and_then(|value| value.downcast_ref::<&str>().ok())
}

/// Returns the number at `key`, if there is one.
pub fn dict_f64(dict: &Dict, key: &str) -> Option<f64> {
    dict.get(key).and_then(|value| value.downcast_ref::<f64>().ok())
}

/// Returns the unsigned number at `key`, if there is one.
pub fn dict_u32(dict: &Dict, key: &str) -> Option<u32> {
    dict.get(key).and_then(|value| value.downcast_ref::<u32>().ok())
}

/// Returns the unsigned number at `key`, if there is one.
pub fn dict_u64(dict: &Dict, key: &str) -> Option<u64> {
    dict.get(key).and_then(|value| value.downcast_ref::<u64>().ok())
}

/// Returns the truth value at `key`, if there is one.
pub fn dict_bool(dict: &Dict, key: &str) -> Option<bool> {
    dict.get(key).and_then(|value| value.downcast_ref::<bool>().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_enum_value_survives_the_wire() {
        for text in StreamRoute::ALL {
            assert_eq!(text.parse::<StreamRoute>().unwrap().as_str(), *text);
        }
        for text in Treatment::ALL {
            assert_eq!(text.parse::<Treatment>().unwrap().to_string(), *text);
        }
        for text in ServiceState::ALL {
            assert_eq!(text.parse::<ServiceState>().unwrap().as_str(), *text);
        }
    }

    #[test]
    fn treatment_and_route_agree() {
        for route in [Route::Processed, Route::Bypass] {
            assert_eq!(Treatment::from(route).route(), route);
        }
    }

    #[test]
    fn an_unknown_value_is_refused_with_what_is_accepted() {
        let error = "loud".parse::<Route>().unwrap_err();
        assert_eq!(error.to_string(), "'loud' is not one of: processed, bypass");
    }
}
