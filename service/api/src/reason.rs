//! Why a stream is treated as it is: codes with arguments on the wire, one English sentence by `Display`.

use std::fmt;

use crate::{
    text::quoted,
    types::{Route, string_enum},
    wire::{codes, record},
};

/// Key of a stream's metadata that its target stands under.
const TARGET_KEY: &str = "target.object";

codes! {
    /// What a decision rests on.
    ///
    /// `Display` names it: `the user's choice for 'mpv'`, `a rule of profile 'night' (line 12)`, `the profile`.
    By {
        /// The user's own choice for an application.
        User = "user" {
            /// The application as the user named it.
            app: String = "app",
        },
        /// A rule of a profile.
        Rule = "rule" {
            /// Name of the profile in whose file it stands, which may be one that the active profile extends.
            profile: String = "profile",
            /// Line of that file, counted from 1; 0 where no line says it.
            line: u32 = "line",
            /// Whether that file comes with Headroom.
            shipped: bool = "shipped",
        },
        /// The profile, for what no rule names.
        Profile = "profile",
    }
}

codes! {
    /// Why a device has no chain although something is to be processed there.
    Blocked {
        /// A bypassed stream plays there as well, and both can only be processed together.
        Bypassed = "bypassed-stream" {
            /// Name of its application.
            app: String = "app",
        },
        /// The profile protects the default device alone.
        DefaultOnly = "default-device-only",
        /// It plays on to other devices, or to none.
        Virtual = "virtual-device",
        /// PipeWire has rejected the chain.
        Rejected = "rejected",
        /// As many devices have a chain as can.
        TooMany = "too-many" {
            /// How many that are.
            limit: u32 = "limit",
        },
    }
}

codes! {
    /// What keeps a stream from what was decided for it, for as long as it is so.
    Held {
        /// It makes no sound of its own: it listens to what is played.
        Listener = "listener",
        /// It sends encoded sound, which cannot be processed.
        Encoded = "encoded",
        /// The user or the application has pinned it to a device.
        Pinned = "pinned" {
            /// Name of that device for people; missing where the device is not known.
            device: Option<String> = "device",
            /// Why that device has no chain; missing where nothing is to be processed there.
            blocked: Option<Blocked> = "blocked",
        },
        /// The user has chosen a device for its application, and any target of Headroom's would have the session
        /// manager forget that.
        Remembered = "remembered" {
            /// Name of that device for people, or its `node.name` where it is absent; missing where it is not known.
            device: Option<String> = "device",
            /// Whether that device is absent.
            absent: bool = "absent",
            /// PipeWire's number of the stream, by which the choice can be taken back.
            node: u32 = "node",
        },
        /// It does not let itself be moved, so no chain is put before it: it would be silent without that chain.
        Immovable = "immovable",
        /// It is a device tail, what another program's device plays on (an equaliser, a loopback): limited where its
        /// device has a chain, and never levelled.
        DeviceTail = "device-tail" {
            /// Name for people of the device that it plays to; missing where the device is not known.
            device: Option<String> = "device",
            /// Why that device has no chain; missing where it has one, or nothing stands in its way.
            blocked: Option<Blocked> = "blocked",
        },
        /// Another program's effects stand in its way.
        OtherEffects = "other-effects" {
            /// Name of that program.
            program: String = "program",
        },
        /// Headroom has taken itself out of the way.
        SafeMode = "safe-mode",
        /// The user has turned protection off.
        BypassAll = "bypass-all",
    }
}

string_enum! {
    /// What the graph still owes to what was decided.
    Lag {
        /// Headroom's nodes are not there.
        NoFilter = "no-filter",
        /// The session manager has not moved the stream yet.
        NotMoved = "not-moved",
        /// The session manager has not linked the stream to its application's chain yet.
        NotInChain = "not-in-chain",
        /// The session manager has been asked several times, and does not move the stream.
        Refused = "refused",
    }
}

record! {
    /// Why a stream has the route that it has.
    ///
    /// `Display` is a short English phrase for a shell or a log; programs match on the codes.
    Reason {
        /// What decided its route; missing where nothing had to be decided.
        by: Option<By> = "by",
        /// The route that was decided.
        route: Option<Route> = "route",
        /// What keeps it from that.
        held: Option<Held> = "held",
        /// What the graph still owes.
        lag: Option<Lag> = "lag",
        /// Name for people of the device that it was pinned to and plays to, through a chain.
        device: Option<String> = "device",
    }
}

impl Reason {
    /// Returns the reason of a stream that nothing is decided for.
    pub fn held(held: Held) -> Self {
        Self { held: Some(held), ..Self::default() }
    }

    /// Says whether the stream is elsewhere than was decided and nothing but time stands in the way.
    pub fn is_late(&self) -> bool {
        matches!(self.lag, Some(Lag::NotMoved | Lag::NotInChain))
    }
}

impl Held {
    /// Returns the command that takes back the device that the user has chosen, where there is one.
    pub fn take_back(&self) -> Option<String> {
        match self {
            Self::Remembered { node, .. } => Some(format!("pw-metadata -- {node} {TARGET_KEY} -1")),
            _ => None,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { app } => write!(f, "the user's choice for {}", quoted(app)),
            Self::Rule { profile, line: 0, .. } => {
                write!(f, "a rule of profile {}", quoted(profile))
            }
            Self::Rule { profile, line, .. } => {
                write!(f, "a rule of profile {} (line {line})", quoted(profile))
            }
            Self::Profile => f.write_str("the profile"),
        }
    }
}

/// Continues a sentence that names the device.
impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bypassed { app } => write!(
                f,
                "where {} is bypassed: what goes there can only be processed together",
                quoted(app)
            ),
            Self::DefaultOnly => f.write_str("and the profile protects the default device only"),
            Self::Virtual => f.write_str("which plays on to other devices, or to none"),
            Self::Rejected => f.write_str("where PipeWire has rejected the chain"),
            Self::TooMany { limit } => write!(f, "and {limit} devices have a chain already"),
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |device: &Option<String>| {
            device.as_ref().map_or_else(|| "another device".to_owned(), |device| quoted(device))
        };
        match self {
            Self::Listener => f.write_str("it only listens to what is played"),
            Self::Encoded => {
                f.write_str("it sends encoded sound (passthrough), which cannot be processed")
            }
            Self::Pinned { device, blocked } => {
                write!(f, "it is pinned to {} by the user or by itself", name(device))?;
                blocked.as_ref().map_or(Ok(()), |blocked| write!(f, ", {blocked}"))
            }
            Self::Remembered { device, absent, .. } => {
                write!(f, "you have chosen {} for this application", name(device))?;
                if *absent {
                    f.write_str(", and that device is away")?;
                }
                f.write_str(", so it is left alone until it plays anew with that device there")?;
                let command = self.take_back().unwrap_or_default();
                write!(f, "; `{command}` takes the choice back")
            }
            Self::Immovable => f.write_str(
                "it does not let itself be moved, and would fall silent with a filter that it plays through",
            ),
            Self::DeviceTail { device, blocked } => {
                f.write_str("it is what another program's device plays on, so it is limited and never levelled")?;
                if let Some(blocked) = blocked {
                    write!(f, ", but it goes to {}, {blocked}", name(device))?;
                }
                Ok(())
            }
            Self::OtherEffects { program } => write!(f, "{} processes it", quoted(program)),
            Self::SafeMode => f.write_str("Headroom is in safe mode"),
            Self::BypassAll => f.write_str("everything is bypassed"),
        }
    }
}

impl Lag {
    /// Returns what it means, to continue a sentence.
    const fn described(self) -> &'static str {
        match self {
            Self::NoFilter => "Headroom's filter is not running",
            Self::NotMoved => "the session manager has not moved it yet",
            Self::NotInChain => "the session manager has not linked it to its own chain yet",
            Self::Refused => "the session manager does not move it, however often it is asked",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = self.by.as_ref().zip(self.route).map(|(by, route)| match (by, route) {
            (By::User { app }, Route::Processed) => {
                format!("the user has {} processed", quoted(app))
            }
            (By::User { app }, Route::Bypass) => format!("the user has {} bypassed", quoted(app)),
            (rule @ By::Rule { .. }, Route::Processed) => format!("{rule} has it processed"),
            (rule @ By::Rule { .. }, Route::Bypass) => format!("{rule} has it bypassed"),
            (By::Profile, Route::Processed) => "no route sets it apart".to_owned(),
            (By::Profile, Route::Bypass) => "the profile bypasses what no rule names".to_owned(),
        });
        let mut rest = Vec::new();
        rest.extend(self.held.as_ref().map(ToString::to_string));
        rest.extend(self.lag.map(|lag| lag.described().to_owned()));
        let rest = rest.join(", and ");
        match (why, rest.is_empty()) {
            (Some(why), true) => f.write_str(&why)?,
            (Some(why), false) => write!(f, "{why}, but {rest}")?,
            (None, _) => f.write_str(&rest)?,
        }
        match &self.device {
            Some(device) => write!(f, ", and it plays to {}", quoted(device)),
            None => Ok(()),
        }
    }
}

string_enum! {
    /// Where the leveller is that works on a stream.
    LevellerPlace {
        /// In its application's own chain.
        App = "app",
        /// On the bus, where it levels the sum of all that passes.
        Bus = "bus",
        /// Before its device, where it levels the sum of all that is pinned there.
        Device = "device",
    }
}

codes! {
    /// What keeps app volume control from a stream.
    LevelHeld {
        /// Its sound cannot be changed.
        Unchangeable = "unchangeable",
        /// It has no volume that could be lowered.
        NoVolume = "no-volume",
        /// Everything is bypassed.
        BypassAll = "bypass-all",
        /// It is a device tail.
        DeviceTail = "device-tail",
        /// It is kept softer until it is protected again.
        KeptQuiet = "kept-quiet",
        /// A leveller does its work.
        Levelled = "levelled" {
            /// Where that is.
            place: LevellerPlace = "place",
        },
    }
}

record! {
    /// Why app volume control works on a stream, or does not.
    LevelReason {
        /// What decided that; missing where nothing had to be decided.
        by: Option<By> = "by",
        /// Whether it was decided to work.
        on: bool = "on",
        /// What keeps it out.
        held: Option<LevelHeld> = "held",
    }
}

impl LevelReason {
    /// Returns the reason of a stream that nothing is decided for.
    pub fn held(held: LevelHeld) -> Self {
        Self { held: Some(held), ..Self::default() }
    }
}

impl fmt::Display for LevelHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchangeable => "its sound cannot be changed",
            Self::NoVolume => "it has no volume that could be lowered",
            Self::BypassAll => "everything is bypassed",
            Self::DeviceTail => "it is what another program's device plays on",
            Self::KeptQuiet => "it is kept 20 dB softer until it is protected again",
            Self::Levelled { place: LevellerPlace::App } => {
                "the leveller of its own chain does its work"
            }
            Self::Levelled { place: LevellerPlace::Bus } => {
                "the leveller that all share does its work"
            }
            Self::Levelled { place: LevellerPlace::Device } => {
                "the leveller before its device does its work"
            }
        })
    }
}

impl fmt::Display for LevelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.on { "on" } else { "off" };
        let why = self.by.as_ref().map(|by| match by {
            By::User { app } => format!("the user has it {word} for {}", quoted(app)),
            rule @ By::Rule { .. } => format!("{rule} has it {word}"),
            By::Profile => format!("it is {word} in the profile"),
        });
        match (why, &self.held) {
            (Some(why), None) => f.write_str(&why),
            (Some(why), Some(held)) => write!(f, "{why}, but {held}"),
            (None, held) => held.as_ref().map_or(Ok(()), |held| held.fmt(f)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
