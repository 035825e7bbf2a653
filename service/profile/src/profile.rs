//! What a profile is once it is read, and what can be wrong with a file.

use std::{fmt, sync::Arc};

use headroom_api::Route;

use crate::{rules::Rule, settings::Settings};

/// Where levelling and compression run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Chains {
    /// Once for each application.
    #[default]
    PerApp,
    /// Once for all of them.
    Shared,
}

impl Chains {
    /// Every value as it stands in a profile.
    pub const ALL: &'static [&'static str] = &["per-app", "shared"];

    /// Returns the value as it stands in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerApp => "per-app",
            Self::Shared => "shared",
        }
    }
}

/// Which devices are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Devices {
    /// Every one that something to be processed plays to.
    #[default]
    All,
    /// The default device alone.
    Default,
}

impl Devices {
    /// Every value as it stands in a profile.
    pub const ALL: &'static [&'static str] = &["all", "default"];

    /// Returns the value as it stands in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Default => "default",
        }
    }
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file's path as given, `built-in NAME.toml` for a shipped profile, `built-in` for what no file says.
    pub file: String,
    /// The line, counted from 1; 0 where no line says it.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A profile with everything that it inherits.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name it is chosen by.
    pub name: String,
    /// One line for a person.
    pub description: String,
    /// Where levelling and compression run.
    pub chains: Chains,
    /// Which devices are protected.
    pub devices: Devices,
    /// Every setting.
    pub settings: Settings,
    /// Its own rules, then those of the profile it extends; the first that matches decides.
    pub rules: Vec<Arc<Rule>>,
    /// What becomes of a stream that no rule matches.
    pub default_route: Route,
    /// Where that is written.
    pub default_route_origin: Origin,
    /// Its own file, then those of what it extends.
    pub files: Vec<String>,
}

/// Something wrong with a file of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's path, or the directory's if that cannot be read.
    pub file: String,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// The dotted key; empty where none is to blame.
    pub key: String,
    /// What is wrong, what is accepted, and what is in force instead; stands alone.
    pub sentence: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
