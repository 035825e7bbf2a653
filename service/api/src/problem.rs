//! What is wrong: codes with arguments on the wire, one English sentence by `Display`.

use std::fmt;

use zbus::{OwnedVariant, Variant};

use crate::{
    names,
    reason::Blocked,
    text::{quoted, visible, visible_lines},
    types::{Dict, string_enum},
    wire::{CODE, Field, Row, Word, codes, get, put},
};

string_enum! {
    /// How much a problem costs.
    Severity {
        /// Something is not protected, or a choice is lost.
        Error = "error",
        /// Everything is protected, but not as well as it could be.
        Warning = "warning",
    }
}

string_enum! {
    /// What led to safe mode.
    SafeModeCause {
        /// Unclean ends, one shortly after the other.
        Crashes = "crashes",
        /// The data thread was starved too often.
        Starved = "starved",
    }
}

codes! {
    /// Something that is wrong now.
    ///
    /// `Display` is a sentence that stands alone and says what can be done.
    Problem {
        /// PipeWire is absent.
        PipewireAway = "pipewire-away" {
            /// What it said when it left, if anything.
            error: Option<String> = "error",
        },
        /// No session manager runs.
        NoSessionManager = "no-session-manager",
        /// The session manager has no smart filters.
        SessionManagerTooOld = "session-manager-too-old" {
            /// Its version.
            version: String = "version",
        },
        /// Headroom's nodes could not be made; it is tried again.
        FilterFailed = "filter-failed" {
            /// What PipeWire said.
            error: String = "error",
        },
        /// Headroom has taken itself out of the way until the user wants it back.
        SafeMode = "safe-mode" {
            /// What led to it.
            cause: SafeModeCause = "cause",
        },
        /// Headroom has taken itself out of the way for a while, for want of processor time.
        Starved = "starved",
        /// What a failure leaves unprotected plays softer.
        KeptQuiet = "kept-quiet" {
            /// The first of them by name, five at most.
            apps: Vec<String> = "apps",
            /// How many there are.
            count: u32 = "count",
        },
        /// Sound is processed without real-time priority.
        RealtimePriority = "realtime-priority",
        /// Something plays unprotected to a device.
        DeviceUnprotected = "device-unprotected" {
            /// `node.name` of the device.
            node: String = "node",
            /// Its name for people.
            device: String = "device",
            /// Why it has no chain.
            blocked: Blocked = "blocked",
        },
        /// The volume of a device is above 100 %, behind the limiter.
        DeviceAmplified = "device-amplified" {
            /// `node.name` of the device.
            node: String = "node",
            /// Its name for people.
            device: String = "device",
            /// Its volume as mixers show it, in percent.
            percent: u32 = "percent",
            /// Whether the ceiling is lowered by as much, so that it holds at the device.
            held: bool = "held",
        },
        /// Another program sends applications through its effects, past every chain.
        OtherEffects = "other-effects" {
            /// Name of that program.
            program: String = "program",
            /// The first of the applications by name, five at most.
            apps: Vec<String> = "apps",
            /// How many there are.
            count: u32 = "count",
        },
        /// Another program that is gone has left its device chosen for applications, so that they are not levelled.
        StalePins = "stale-pins" {
            /// Name of that program.
            program: String = "program",
            /// The first of the applications by name, five at most.
            apps: Vec<String> = "apps",
            /// How many there are.
            count: u32 = "count",
        },
        /// What is left alone and what is protected have added up to more than a device can play.
        SumClips = "sum-clips" {
            /// `node.name` of the device.
            node: String = "node",
            /// Its name for people.
            device: String = "device",
        },
        /// Applications share the bus, where they are limited but not levelled.
        ChainsFull = "chains-full" {
            /// The first of them by name, five at most.
            apps: Vec<String> = "apps",
            /// How many there are.
            count: u32 = "count",
            /// Most chains that applications can have.
            chain_limit: u32 = "chain-limit",
            /// Most files that may be open, where that is what is short.
            file_limit: Option<u32> = "file-limit",
        },
        /// A file of a profile cannot be used; its last good version stays in force.
        ProfileBroken = "profile-broken" {
            /// The file.
            file: String = "file",
            /// What is wrong in it, what is accepted, and what is in force instead: a sentence that stands alone.
            error: String = "error",
        },
        /// The file of the profile that the user chose is gone.
        ProfileMissing = "profile-missing" {
            /// The profile.
            profile: String = "profile",
            /// The profile in force; the same where its last version is.
            in_force: String = "in-force",
        },
        /// A file of the user's choices was damaged.
        StateFileDamaged = "state-file-damaged" {
            /// The file.
            file: String = "file",
            /// What is wrong in it, and what became of it.
            error: String = "error",
        },
        /// The journal of the session cannot be written.
        SessionNotSaved = "session-not-saved" {
            /// The file.
            file: String = "file",
            /// What the system said.
            error: String = "error",
        },
        /// The sandbox has lost PipeWire for good.
        SandboxSocket = "sandbox-socket" {
            /// How often a new sandbox is tried, in seconds; missing where the bus starts none.
            retry_s: Option<u32> = "retry-s",
        },
        /// The thread that speaks with PipeWire does not answer. Told by `Health`, never by `Problems`.
        NotResponding = "not-responding",
    }
}

/// Keys that every row of `Problems` has beside its code and its arguments.
const SEVERITY: &str = "severity";
const SUBJECT: &str = "subject";
const TEXT: &str = "text";

/// A row of `Problems` as a client reads it: with its arguments where they are understood, else with its text alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProblemRow {
    /// The code.
    pub code: String,
    /// How much it costs.
    pub severity: Word<Severity>,
    /// What it is about: a file, a program, a device; may be empty.
    pub subject: String,
    /// The service's sentence.
    pub text: String,
    /// The code with its arguments; `None` where this version does not understand them.
    pub known: Option<Problem>,
}

impl ProblemRow {
    /// Reads a row; what is missing is empty.
    pub fn from_dict(dict: &Dict) -> Self {
        let text = |key| get(dict, key).unwrap_or_default();
        Self {
            code: text(CODE),
            severity: get(dict, SEVERITY).unwrap_or_default(),
            subject: text(SUBJECT),
            text: text(TEXT),
            known: Problem::from_dict(dict),
        }
    }

    /// Returns the row as it stands on the wire.
    pub fn to_dict(&self) -> Dict {
        let mut dict = self.known.as_ref().map_or_else(Dict::new, Problem::to_dict);
        put(&mut dict, CODE, &self.code);
        put(&mut dict, SEVERITY, &self.severity);
        put(&mut dict, SUBJECT, &self.subject);
        put(&mut dict, TEXT, &self.text);
        dict
    }
}

impl Row for ProblemRow {
    fn read_row(dict: &Dict) -> Self {
        Self::from_dict(dict)
    }
}

impl From<Problem> for ProblemRow {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code().to_owned(),
            severity: problem.severity().into(),
            subject: problem.subject(),
            text: problem.to_string(),
            known: Some(problem),
        }
    }
}

impl Field for ProblemRow {
    fn write(&self) -> Option<OwnedVariant> {
        self.to_dict().write()
    }

    fn read(value: &Variant<'_>) -> Option<Self> {
        Dict::read(value).map(|dict| Self::from_dict(&dict))
    }
}

impl Problem {
    /// Returns how much it costs.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::RealtimePriority
            | Self::DeviceAmplified { held: true, .. }
            | Self::StalePins { .. }
            | Self::SumClips { .. }
            | Self::ChainsFull { .. }
            | Self::SessionNotSaved { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Says whether it is about a profile.
    pub const fn is_of_profiles(&self) -> bool {
        matches!(self, Self::ProfileBroken { .. } | Self::ProfileMissing { .. })
    }

    /// Returns what it is about: a file, a program, a device.
    pub fn subject(&self) -> String {
        match self {
            Self::PipewireAway { .. } | Self::RealtimePriority | Self::NotResponding => {
                "PipeWire".to_owned()
            }
            Self::NoSessionManager | Self::SessionManagerTooOld { .. } => "WirePlumber".to_owned(),
            Self::FilterFailed { .. } => names::SINK_NODE.to_owned(),
            Self::SafeMode { .. } | Self::Starved => "Headroom".to_owned(),
            Self::DeviceUnprotected { node, .. }
            | Self::DeviceAmplified { node, .. }
            | Self::SumClips { node, .. } => node.clone(),
            Self::OtherEffects { program, .. } | Self::StalePins { program, .. } => program.clone(),
            Self::ChainsFull { apps, .. } | Self::KeptQuiet { apps, .. } => apps.join(", "),
            Self::ProfileBroken { file, .. }
            | Self::StateFileDamaged { file, .. }
            | Self::SessionNotSaved { file, .. } => file.clone(),
            Self::ProfileMissing { profile, .. } => profile.clone(),
            Self::SandboxSocket { .. } => "Flatpak".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PipewireAway { error } => {
                let why = error.as_deref().unwrap_or("it has not answered yet");
                write!(
                    f,
                    "PipeWire is away ({}): sound that it plays later is protected as soon as it is back.",
                    visible(why)
                )
            }
            Self::NoSessionManager => f.write_str(
                "No session manager runs, so nothing links streams to Headroom: start WirePlumber 0.5 or newer.",
            ),
            Self::SessionManagerTooOld { version } => write!(
                f,
                "WirePlumber {} has no smart filters, so nothing is protected: install WirePlumber 0.5 or newer and \
                 log in again.",
                visible(version)
            ),
            Self::FilterFailed { error } => {
                write!(f, "Nothing is protected: {}. It is tried again.", visible(error))
            }
            Self::SafeMode { cause } => write!(
                f,
                "Headroom has taken itself out of the way, so nothing is protected. {} Turn protection on again in \
                 the panel or with `headroom bypass off`.",
                cause.described()
            ),
            Self::Starved => f.write_str(
                "The computer was too busy for Headroom to keep up with the sound, so it has stepped aside and \
                 nothing is protected. It comes back by itself within a minute; turn protection on in the panel or \
                 with `headroom bypass off` to have it back at once.",
            ),
            Self::KeptQuiet { apps, count } => kept_quiet(f, apps, *count),
            Self::RealtimePriority => f.write_str(
                "Headroom processes sound without real-time priority, so it may crackle when the computer is busy. \
                 To change that, install rtkit (the package is called so) and log in again, or ask your \
                 administrator to allow you real-time scheduling (rtprio) in /etc/security/limits.d.",
            ),
            Self::DeviceUnprotected { device, blocked, .. } => unprotected(f, &quoted(device), blocked),
            Self::DeviceAmplified { device, percent, held, .. } => {
                amplified(f, &quoted(device), *percent, *held)
            }
            Self::SumClips { device, .. } => write!(
                f,
                "What is left alone and what is protected add up to more than {} can play, so it clips: turn one of \
                 them down, or limit both (`headroom set limiter.left_alone true`), which delays what is left alone.",
                quoted(device)
            ),
            Self::OtherEffects { program, apps, count } => write!(
                f,
                "{} sends these applications through its own effects, past Headroom, so they are not protected: {}. \
                 Exclude them there, or have both: see 'Beside Easy Effects' in Headroom's README.",
                quoted(program),
                first_of(apps, *count)
            ),
            Self::StalePins { program, apps, count } => stale_pins(f, program, apps, *count),
            Self::ChainsFull { apps, count, chain_limit, file_limit } => {
                chains_full(f, apps, *count, *chain_limit, *file_limit)
            }
            Self::ProfileBroken { error, .. } => f.write_str(&visible_lines(error)),
            Self::ProfileMissing { profile, in_force } if profile == in_force => write!(
                f,
                "The file of the active profile {} is gone; what it said last stays in force until you choose \
                 another profile.",
                quoted(profile)
            ),
            Self::ProfileMissing { profile, in_force } => write!(
                f,
                "There is no profile {} any more, so {} is in force: choose another one.",
                quoted(profile),
                quoted(in_force)
            ),
            Self::StateFileDamaged { error, .. } => {
                write!(f, "The file of your routes and settings is damaged: {}.", visible_lines(error))
            }
            Self::SessionNotSaved { error, .. } => {
                write!(f, "A crash could leave routes behind until logout: {}.", visible(error))
            }
            Self::SandboxSocket { retry_s } => {
                f.write_str("A sandbox sees only the PipeWire that was there when it was made, ")?;
                let id = names::BUS_NAME;
                match retry_s {
                    Some(every) => {
                        write!(f, "so Headroom is started anew every {every} s until it finds one.")
                    }
                    None => write!(
                        f,
                        "and this bus does not start Headroom: when PipeWire is back, run 'flatpak kill {id}' and \
                         then 'flatpak run {id}'."
                    ),
                }
            }
            Self::NotResponding => f.write_str(
                "The part of Headroom that speaks with PipeWire does not answer: what plays goes on as it is, and \
                 new streams and choices have no effect.",
            ),
        }
    }
}

fn unprotected(f: &mut fmt::Formatter<'_>, device: &str, blocked: &Blocked) -> fmt::Result {
    match blocked {
        Blocked::Bypassed { app } => {
            let app = quoted(app);
            write!(
                f,
                "What is pinned to {device} is not protected: {app} is bypassed and plays there as well, and both \
                 can only be processed together. Send {app} to another device, or have it processed."
            )
        }
        Blocked::Rejected => write!(
            f,
            "What plays to {device} is not protected: PipeWire has rejected the chain there. It is tried again when \
             something else is sent there."
        ),
        Blocked::TooMany { limit } => {
            write!(
                f,
                "What plays to {device} is not protected: {limit} devices have a chain already."
            )
        }
        Blocked::DefaultOnly => write!(
            f,
            "What plays to {device} is not protected: the profile protects the default device only."
        ),
        Blocked::Virtual => write!(
            f,
            "What plays to {device} is not protected there: it plays on to other devices, or to none."
        ),
    }
}

fn amplified(f: &mut fmt::Formatter<'_>, device: &str, percent: u32, held: bool) -> fmt::Result {
    write!(
        f,
        "The volume of {device} is at {percent} %, which amplifies what the limiter lets through"
    )?;
    f.write_str(if held {
        ": its ceiling is lowered by as much, so that it holds at the device."
    } else {
        ", so the ceiling does not hold there: set it to 100 % or below."
    })
}

fn stale_pins(
    f: &mut fmt::Formatter<'_>,
    program: &str,
    apps: &[String],
    count: u32,
) -> fmt::Result {
    let program = quoted(program);
    write!(
        f,
        "{program} is gone and has left its device chosen for these applications, so they are limited but not \
         levelled: {}. Take that back with `headroom app forget-effects`, or start {program} again.",
        first_of(apps, count)
    )
}

/// Returns names, and how many more there are.
fn first_of(apps: &[String], count: u32) -> String {
    let names = apps.iter().map(|app| visible(app)).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(u32::try_from(apps.len()).unwrap_or(u32::MAX)) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn kept_quiet(f: &mut fmt::Formatter<'_>, apps: &[String], count: u32) -> fmt::Result {
    write!(
        f,
        "Until these are protected again they play 20 dB softer, as you chose: {}. `headroom set failure.policy open` \
         brings them back at once, unprotected.",
        first_of(apps, count)
    )
}

fn chains_full(
    f: &mut fmt::Formatter<'_>,
    apps: &[String],
    count: u32,
    chain_limit: u32,
    file_limit: Option<u32>,
) -> fmt::Result {
    let names = first_of(apps, count);
    match file_limit {
        Some(limit) => write!(
            f,
            "Headroom may have only {limit} files open, so these applications are limited but not levelled: {names}. \
             Close some, raise that limit (ulimit -n, or LimitNOFILE= of its unit), or use a profile with chains = \
             \"shared\"."
        ),
        None => write!(
            f,
            "{chain_limit} applications have a chain of their own already, so these are limited but not levelled: \
             {names}. Close some, or use a profile with chains = \"shared\"."
        ),
    }
}

impl SafeModeCause {
    /// Returns a sentence on what happened.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Crashes => "It ended unexpectedly three times within a minute.",
            Self::Starved => {
                "Three times the computer was too busy for it to keep up with the sound."
            }
        }
    }
}

#[cfg(test)]
mod tests;
