//! Who started the service, and who watches it.
//!
//! Read once, on the main thread, before anything else runs.

use std::{env, fmt, process, str::FromStr, time::Duration};

use thiserror::Error;

/// Longest name of a deployment, in bytes.
const MAX_DEPLOYMENT_BYTES: usize = 128;

/// How the service was set up: preset, scope and name; or nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment(String);

/// What cannot be a deployment.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("it is written PRESET/SCOPE/NAME, such as service/user/default, or none")]
pub struct NotADeployment;

impl FromStr for Deployment {
    type Err = NotADeployment;

    fn from_str(text: &str) -> Result<Self, NotADeployment> {
        let is_word = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let parts: Vec<&str> = text.split('/').collect();
        let known = parts.len() == 3 && parts.into_iter().all(is_word);
        if text.len() <= MAX_DEPLOYMENT_BYTES && (text == "none" || known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotADeployment)
        }
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who started the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// A unit of systemd's.
    Systemd,
    /// The session bus, because somebody called.
    Bus,
    /// Neither: a shell, an autostart file.
    None,
}

impl Supervisor {
    /// Returns the value as `Health` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Bus => "bus",
            Self::None => "none",
        }
    }
}

/// Who started the service, and who watches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// How it was set up.
    pub deployment: Deployment,
    /// Who started it.
    pub supervisor: Supervisor,
    /// The longest that the supervisor waits for a sign of life; `None` when it does not.
    pub watchdog: Option<Duration>,
}

impl Supervision {
    /// Reads it from this process's environment.
    pub fn from_environment(deployment: Deployment) -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        Self::read(deployment, process::id(), variable)
    }

    fn read(deployment: Deployment, pid: u32, variable: impl Fn(&str) -> Option<String>) -> Self {
        // Every process below a unit inherits its variables: where systemd says which one it
        // meant, others are not meant.
        let is_us = |name: &str| variable(name).is_none_or(|meant| meant == pid.to_string());
        let told_by_systemd =
            variable("NOTIFY_SOCKET").is_some() || variable("INVOCATION_ID").is_some();
        let supervisor = if told_by_systemd && is_us("SYSTEMD_EXEC_PID") {
            Supervisor::Systemd
        } else if variable("DBUS_STARTER_ADDRESS").is_some() {
            Supervisor::Bus
        } else {
            Supervisor::None
        };
        let watchdog = variable("WATCHDOG_USEC")
            .filter(|_| variable("NOTIFY_SOCKET").is_some() && is_us("WATCHDOG_PID"))
            .and_then(|usec| usec.parse().ok())
            .filter(|usec| *usec > 0)
            .map(Duration::from_micros);
        Self { deployment, supervisor, watchdog }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Supervision {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Supervision::read("none".parse().unwrap(), 42, find)
    }

    #[test]
    fn a_deployment_has_three_words() {
        for good in ["none", "service/user/default", "package/system/debian", "a/b/my_own-1.2"] {
            assert_eq!(good.parse::<Deployment>().unwrap().to_string(), good);
        }
        let long = format!("a/b/{}", "x".repeat(MAX_DEPLOYMENT_BYTES));
        for bad in ["", "service", "a/b", "a//c", "a/b/c/d", "a/b/c d", "a/b/\u{1b}", &long] {
            assert_eq!(bad.parse::<Deployment>(), Err(NotADeployment), "{bad}");
        }
    }

    #[test]
    fn the_supervisor_is_who_says_so() {
        assert_eq!(read(&[]).supervisor, Supervisor::None);
        assert_eq!(read(&[("INVOCATION_ID", "ab")]).supervisor, Supervisor::Systemd);
        assert_eq!(read(&[("NOTIFY_SOCKET", "/s")]).supervisor, Supervisor::Systemd);
        assert_eq!(read(&[("DBUS_STARTER_ADDRESS", "unix:x")]).supervisor, Supervisor::Bus);
    }

    #[test]
    fn a_unit_that_is_somebody_elses_supervises_nothing() {
        let terminal = [("INVOCATION_ID", "ab"), ("SYSTEMD_EXEC_PID", "41")];
        assert_eq!(read(&terminal).supervisor, Supervisor::None);
        let own = [("INVOCATION_ID", "ab"), ("SYSTEMD_EXEC_PID", "42")];
        assert_eq!(read(&own).supervisor, Supervisor::Systemd);
    }

    #[test]
    fn watchdog_is_answered_by_the_process_that_it_names() {
        let usec = ("WATCHDOG_USEC", "3000000");
        let socket = ("NOTIFY_SOCKET", "/s");
        assert_eq!(read(&[usec]).watchdog, None);
        assert_eq!(read(&[usec, socket]).watchdog, Some(Duration::from_secs(3)));
        assert_eq!(
            read(&[usec, socket, ("WATCHDOG_PID", "42")]).watchdog,
            Some(Duration::from_secs(3))
        );
        assert_eq!(read(&[usec, socket, ("WATCHDOG_PID", "1")]).watchdog, None);
        assert_eq!(read(&[("WATCHDOG_USEC", "0"), socket]).watchdog, None);
        assert_eq!(read(&[("WATCHDOG_USEC", "soon"), socket]).watchdog, None);
    }
}
