//! What a profile is once it is read, and what can be wrong with a file.

use std::{fmt, path::Path, sync::Arc};

use headroom_api::{Chains, Devices, Treatment};

use crate::{rules::Rule, settings::Settings};

/// What the name of a shipped profile's file begins with.
const SHIPPED: &str = "built-in";

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file's path as given, `built-in NAME.toml` for a shipped profile, `built-in` for what no file says.
    pub file: String,
    /// The line, counted from 1; 0 where no line says it.
    pub line: usize,
}

impl Origin {
    /// Returns the name of the profile in whose file it stands; empty where no file says it.
    pub fn profile(&self) -> &str {
        let path = self.file.strip_prefix(SHIPPED).map_or(self.file.as_str(), str::trim_start);
        Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Says whether it comes with Headroom.
    pub fn is_shipped(&self) -> bool {
        self.file.starts_with(SHIPPED)
    }
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
    /// What a stream gets that no rule matches; automatic is the profile's own settings.
    pub default_treatment: Treatment,
    /// Where that is written.
    pub default_origin: Origin,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_names_its_profile_without_folders() {
        let origin = |file: &str| Origin { file: file.into(), line: 3 };
        for (file, profile, is_shipped) in [
            ("built-in default.toml", "default", true),
            ("/home/me/my (own), too.toml", "my (own), too", false),
            ("built-in", "", true),
        ] {
            assert_eq!((origin(file).profile(), origin(file).is_shipped()), (profile, is_shipped));
        }
    }
}
