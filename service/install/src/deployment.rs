//! What is installed: preset, scope and name. Pure.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How the service comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// systemd starts it at login and after a crash
    Service,
    /// As `service`, and a timer recovers it when it is gone or hangs
    Watchdog,
    /// The session bus starts it when something calls it, such as the panel
    OnDemand,
    /// The desktop starts it at login (XDG autostart): for desktops without systemd
    Autostart,
}

impl Preset {
    /// Returns whether systemd runs the service.
    pub fn has_unit(self) -> bool {
        matches!(self, Self::Service | Self::Watchdog)
    }

    /// Returns whether the service is expected to run without anybody calling it.
    pub fn runs_by_itself(self) -> bool {
        self != Self::OnDemand
    }
}

/// For whom it is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// For you, in your home folder
    User,
    /// For everybody on this computer, below /usr/local and /etc
    System,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Watchdog => "watchdog",
            Self::OnDemand => "on-demand",
            Self::Autostart => "autostart",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::System => "system",
        })
    }
}

/// Name of a deployment: it names a file and stands in units, so it is kept plain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Longest name, in characters.
    const LONGEST: usize = 32;

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let accepted = (1..=Self::LONGEST).contains(&text.len())
            && text.starts_with(is_plain)
            && text.chars().all(|c| is_plain(c) || c == '-' || c == '_');
        if accepted {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "accepted are 1 to {} small letters, digits, '-' and '_', beginning with a letter or digit",
                Self::LONGEST
            ))
        }
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A way in which Headroom is there. Written as `service/user/default`, which the service is told at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// How the service comes to life.
    pub preset: Preset,
    /// For whom.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.preset, self.scope, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder_or_their_line() {
        for good in ["default", "a", "7", "night-shift_2", &"x".repeat(32)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "..", "a/b", "-a", "_a", "A", "a b", "a\nb", "ä", "%n", &"x".repeat(33)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_deployment_is_written_as_the_service_is_told_it() {
        let deployment =
            Deployment { preset: Preset::OnDemand, scope: Scope::User, name: Name::default() };
        assert_eq!(deployment.to_string(), "on-demand/user/default");
    }
}
