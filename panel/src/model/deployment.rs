//! How Headroom was set up, which decides how it is removed.

/// How Headroom was set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Deployment {
    /// It was not, or the service does not tell.
    #[default]
    Unknown,
    /// It was set up, as `PRESET/SCOPE/NAME` says.
    Known {
        /// What starts it.
        preset: Preset,
        /// For whom.
        scope: Scope,
        /// Its name, `default` in most cases. Safe to show when what was read is.
        name: String,
    },
}

/// What starts Headroom, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A package of the distribution.
    Package,
    /// A Flatpak.
    Flatpak,
    /// `headroom install`: a user unit of systemd.
    Service,
    /// `headroom install`: the same, with a timer that recovers it.
    Watchdog,
    /// `headroom install`: activation by the bus.
    OnDemand,
    /// `headroom install`: the desktop's start.
    Autostart,
    /// One that this version does not know, as it was written.
    Other(String),
}

/// For whom Headroom was set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For one person.
    User,
    /// For everyone on the machine.
    System,
    /// One that this version does not know, as it was written.
    Other(String),
}

impl Deployment {
    /// Reads what the service says of itself.
    pub fn read(text: &str) -> Self {
        let mut parts = text.splitn(3, '/');
        let (Some(preset), Some(scope), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return Self::Unknown;
        };
        let preset = match preset {
            "package" => Preset::Package,
            "flatpak" => Preset::Flatpak,
            "service" => Preset::Service,
            "watchdog" => Preset::Watchdog,
            "on-demand" => Preset::OnDemand,
            "autostart" => Preset::Autostart,
            other => Preset::Other(other.to_owned()),
        };
        let scope = match scope {
            "user" => Scope::User,
            "system" => Scope::System,
            other => Scope::Other(other.to_owned()),
        };
        Self::Known { preset, scope, name: name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(preset: Preset, scope: Scope, name: &str) -> Deployment {
        Deployment::Known { preset, scope, name: name.to_owned() }
    }

    #[test]
    fn what_the_service_says_of_itself_is_understood() {
        for (text, deployment) in [
            ("service/user/default", known(Preset::Service, Scope::User, "default")),
            ("watchdog/system/spare", known(Preset::Watchdog, Scope::System, "spare")),
            ("on-demand/user/default", known(Preset::OnDemand, Scope::User, "default")),
            ("autostart/user/default", known(Preset::Autostart, Scope::User, "default")),
            ("package/system/debian", known(Preset::Package, Scope::System, "debian")),
            ("flatpak/user/default", known(Preset::Flatpak, Scope::User, "default")),
        ] {
            assert_eq!(Deployment::read(text), deployment);
        }
    }

    #[test]
    fn what_is_not_understood_is_kept_and_nothing_is_made_up() {
        for text in ["none", "", "service", "service/user"] {
            assert_eq!(Deployment::read(text), Deployment::Unknown);
        }
        let other = known(Preset::Other("snap".into()), Scope::Other("moon".into()), "a/b");
        assert_eq!(Deployment::read("snap/moon/a/b"), other);
    }
}
