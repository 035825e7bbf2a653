//! Where things go: the folders of a scope. Pure but for the environment that it is given.
//!
//! XDG Base Directory Specification 0.8, file-hierarchy(7), systemd.unit(5), Desktop Application Autostart
//! Specification 0.5.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use headroom_api::names::DIRECTORY;

use crate::{Error, deployment::Scope};

/// The folders of a scope, as they are called once the system runs: without a staging root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Whose they are.
    pub scope: Scope,
    /// Of `headroom` and `headroom-panel`.
    pub bin: PathBuf,
    /// Of `headroom-service`.
    pub(crate) libexec: PathBuf,
    /// Of D-Bus activation files.
    pub(crate) activation: PathBuf,
    /// Of systemd's user units.
    pub(crate) units: PathBuf,
    /// Of what enables them: symbolic links in `*.wants`.
    pub(crate) enabled: PathBuf,
    pub(crate) autostart: PathBuf,
    pub(crate) applications: PathBuf,
    pub(crate) icons: PathBuf,
    /// Of translations: where the panel looks, beside the folder of programs.
    pub(crate) locale: PathBuf,
    /// Of manual pages of the first section: where `man` looks, beside the folder of programs.
    pub(crate) manual: PathBuf,
    /// Of completions, which each shell loads when they are needed; Zsh knows of no such folder in a home.
    pub(crate) bash: PathBuf,
    pub(crate) zsh: PathBuf,
    pub(crate) fish: PathBuf,
    /// Of our own records.
    pub(crate) deployments: PathBuf,
    /// The login shell's file; only a user has one.
    pub profile: Option<PathBuf>,
    /// What the service remembers, and what it keeps until logout; only a user has them.
    pub(crate) own: Vec<PathBuf>,
    /// The user's own profiles, which are never touched.
    pub settings: Option<PathBuf>,
    /// Permissions of folders that have to be made.
    pub(crate) folder_mode: u32,
}

impl Places {
    /// Finds a user's folders.
    ///
    /// # Errors
    /// When there is no home folder, or a file in it could not be named in a unit.
    pub(crate) fn user(environment: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let absolute =
            |key: &str| environment(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME").ok_or_else(|| {
            Error::Refused("There is no home folder to install into: HOME is not set.".to_owned())
        })?;
        let base = |key: &str, below: &str| absolute(key).unwrap_or_else(|| home.join(below));
        let config = base("XDG_CONFIG_HOME", ".config");
        let data = base("XDG_DATA_HOME", ".local/share");
        let state = base("XDG_STATE_HOME", ".local/state").join(DIRECTORY);
        let runtime = absolute("XDG_RUNTIME_DIR").map(|path| path.join(DIRECTORY));
        let places = Self {
            scope: Scope::User,
            bin: home.join(".local/bin"),
            libexec: home.join(".local/libexec/headroom"),
            activation: data.join("dbus-1/services"),
            units: data.join("systemd/user"),
            enabled: config.join("systemd/user"),
            autostart: config.join("autostart"),
            applications: data.join("applications"),
            icons: data.join("icons/hicolor"),
            locale: home.join(".local/share/locale"),
            manual: home.join(".local/share/man/man1"),
            bash: data.join("bash-completion/completions"),
            zsh: data.join("zsh/site-functions"),
            fish: data.join("fish/vendor_completions.d"),
            deployments: state.join("deployments"),
            profile: Some(home.join(".profile")),
            settings: Some(config.join(DIRECTORY)),
            own: [state].into_iter().chain(runtime).collect(),
            // The base directory specification's own.
            folder_mode: 0o700,
        };
        places.check()
    }

    /// Returns the folders of the whole computer.
    pub(crate) fn system() -> Self {
        Self {
            scope: Scope::System,
            bin: "/usr/local/bin".into(),
            libexec: "/usr/local/libexec".into(),
            activation: "/usr/local/share/dbus-1/services".into(),
            units: "/usr/local/lib/systemd/user".into(),
            enabled: "/etc/systemd/user".into(),
            autostart: "/etc/xdg/autostart".into(),
            applications: "/usr/local/share/applications".into(),
            icons: "/usr/local/share/icons/hicolor".into(),
            locale: "/usr/local/share/locale".into(),
            manual: "/usr/local/share/man/man1".into(),
            bash: "/usr/local/share/bash-completion/completions".into(),
            zsh: "/usr/local/share/zsh/site-functions".into(),
            fish: "/usr/local/share/fish/vendor_completions.d".into(),
            deployments: "/var/lib/headroom/deployments".into(),
            profile: None,
            own: Vec::new(),
            settings: None,
            folder_mode: 0o755,
        }
    }

    /// Returns where a deployment's record stands.
    pub(crate) fn manifest(&self, name: &str) -> PathBuf {
        self.deployments.join(format!("{name}.toml"))
    }

    /// Returns where a deployment keeps what stood in its files' places.
    pub(crate) fn backups(&self, name: &str) -> PathBuf {
        self.deployments.join(format!("{name}.before"))
    }

    /// Refuses folders that could not be written into a unit, an activation file and a desktop file alike: each of
    /// them quotes in its own way.
    fn check(self) -> Result<Self, Error> {
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,=~".contains(c);
        for path in [&self.bin, &self.libexec] {
            if !path.to_str().is_some_and(|text| text.chars().all(is_plain)) {
                return Err(Error::Refused(format!(
                    "{} cannot be written into a unit and an activation file: accepted are letters, digits and any of \
                     / . _ - + @ : , = ~",
                    path.display()
                )));
            }
        }
        Ok(self)
    }
}

/// Returns the path as a person writes it: with `~` for the home folder.
pub(crate) fn short(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(variables: &[(&str, &str)]) -> Result<Places, Error> {
        Places::user(|key| {
            variables.iter().find(|(name, _)| *name == key).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_user_has_everything_below_the_home_folder() {
        let places = user(&[("HOME", "/home/anna"), ("XDG_RUNTIME_DIR", "/run/user/7")]).unwrap();
        assert_eq!(places.libexec, Path::new("/home/anna/.local/libexec/headroom"));
        assert_eq!(
            places.manifest("a"),
            Path::new("/home/anna/.local/state/headroom/deployments/a.toml")
        );
        assert_eq!(
            places.own,
            [Path::new("/home/anna/.local/state/headroom"), Path::new("/run/user/7/headroom")]
        );
    }

    #[test]
    fn the_base_directories_are_heeded_when_they_are_absolute() {
        let places = user(&[
            ("HOME", "/home/anna"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_DATA_HOME", "relative"),
            ("XDG_STATE_HOME", "/s"),
        ])
        .unwrap();
        assert_eq!(places.enabled, Path::new("/c/systemd/user"));
        assert_eq!(places.units, Path::new("/home/anna/.local/share/systemd/user"));
        assert_eq!(places.deployments, Path::new("/s/headroom/deployments"));
    }

    #[test]
    fn a_home_that_no_unit_could_name_is_refused() {
        for home in
            ["/home/anna b", "/home/100%", "/home/\"q\"", "/home/a\\b", "/home/a$b", "/home/a;b"]
        {
            assert!(user(&[("HOME", home)]).is_err(), "{home}");
        }
        assert!(user(&[("HOME", "/home/jürgen.müller@firm")]).is_ok());
        assert!(user(&[]).is_err());
        assert!(user(&[("HOME", "relative")]).is_err());
    }

    #[test]
    fn a_path_at_home_is_shortened() {
        let home = Some(Path::new("/home/anna"));
        assert_eq!(short(Path::new("/home/anna/.profile"), home), "~/.profile");
        assert_eq!(short(Path::new("/home/annabel/x"), home), "/home/annabel/x");
        assert_eq!(short(Path::new("/etc/x"), None), "/etc/x");
    }
}
