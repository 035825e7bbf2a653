//! `headroom install`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use headroom_install::{Name, Preset, Scope, Target};

use super::parse_within;

#[derive(Debug, Subcommand)]
pub(crate) enum InstallAction {
    /// Install, repair, upgrade, or change to another preset
    #[command(
        after_help = "Copies the programs beside this one, with manual pages and completions; prints every file that it will touch, \
                      and asks. The panel's translations come along when they are in the folder `locale` beside this program, where \
                      `po/compile` puts them. What is installed already is repaired and brought up to date; what is stopped is started.\n\n\
                      Examples:\n  headroom install apply\n  headroom install apply watchdog --dry-run\n  \
                      headroom install apply on-demand --yes\n  headroom install apply service --path\n  \
                      headroom install apply service --scope system --root /tmp/staged --yes"
    )]
    Apply(ApplyArgs),
    /// Say what is installed, whether it is whole, and whether it runs
    #[command(
        after_help = "Exits with 0 when it is whole and runs, or starts when it is called; 1 when something is missing, \
                      changed or wrong; 3 when it does not run; 4 when nothing is installed; 5 when it runs in safe mode.\n\n\
                      Examples:\n  headroom install status\n  headroom install status --json | jq '.deployments[].faults'"
    )]
    Status(InstallStatusArgs),
    /// Start the service
    #[command(
        after_help = "Examples:\n  headroom install start\n  headroom install start --scope system"
    )]
    Start(TargetArgs),
    /// Stop the service; sound goes on, unprocessed
    #[command(
        after_help = "It is started again at the next login, and when something calls it. `headroom bypass on` is the way to hear \
                      everything unprocessed while it runs.\n\n\
                      Examples:\n  headroom install stop\n  headroom install stop --scope system"
    )]
    Stop(TargetArgs),
    /// Stop the service and start it again
    #[command(
        after_help = "Examples:\n  headroom install restart\n  headroom install restart --scope system"
    )]
    Restart(TargetArgs),
    /// Take everything back
    #[command(
        after_help = "Restores byte for byte what stood where Headroom was installed, and removes what the service remembers. \
                      A file that you changed since is left, said so, and makes the exit code 1; --force puts back what was there \
                      before anyway. Your own profiles are never touched.\n\n\
                      Examples:\n  headroom install remove\n  headroom install remove --dry-run\n  \
                      headroom install remove --yes --keep-settings"
    )]
    Remove(RemoveArgs),
    /// Start the service when it is gone, restart it when it hangs
    #[command(
        after_help = "This is what the preset 'watchdog' does every minute and 'autostart' at login. In safe mode it leaves the service \
                      alone.\n\n\
                      Examples:\n  headroom install recover\n  headroom install recover --quiet --deadline 20"
    )]
    Recover(RecoverArgs),
}

/// How the service comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetArg {
    /// systemd starts it at login and after a crash
    Service,
    /// As `service`, and a timer recovers it when it is gone or hangs
    Watchdog,
    /// The session bus starts it when something calls it, such as the panel
    OnDemand,
    /// The desktop starts it at login (XDG autostart): for desktops without systemd
    Autostart,
}

impl From<PresetArg> for Preset {
    fn from(preset: PresetArg) -> Self {
        match preset {
            PresetArg::Service => Self::Service,
            PresetArg::Watchdog => Self::Watchdog,
            PresetArg::OnDemand => Self::OnDemand,
            PresetArg::Autostart => Self::Autostart,
        }
    }
}

/// For whom it is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// For you, in your home folder
    User,
    /// For everybody on this computer, below /usr/local and /etc
    System,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::User => Self::User,
            ScopeArg::System => Self::System,
        }
    }
}

/// Where a deployment is.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// For whom it is installed; without it, yours if there is one, else the computer's
    #[arg(long, value_enum)]
    pub(crate) scope: Option<ScopeArg>,
    /// Its name; without it, the one that is installed
    #[arg(long)]
    pub(crate) name: Option<Name>,
}

impl TargetArgs {
    /// Returns which deployment is meant.
    pub(crate) fn target(&self) -> Target {
        Target { scope: self.scope.map(Into::into), name: self.name.clone() }
    }
}

/// How a change is carried out.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// For whom
    #[arg(long, value_enum, default_value_t = ScopeArg::User)]
    pub(crate) scope: ScopeArg,
    /// Name of the deployment; without it, the one that is installed, or 'default'
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// Work in this folder instead of the running system, and start and stop nothing
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only say what would be done
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Replace what was changed since it was installed
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// How the service comes to life; without it, as it is installed, or 'service'
    #[arg(value_enum)]
    pub(crate) preset: Option<PresetArg>,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// Add the folder of `headroom` to PATH in ~/.profile, when it is not there
    #[arg(long)]
    pub(crate) path: bool,
    /// Do not start the service now
    #[arg(long)]
    pub(crate) no_start: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InstallStatusArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Look at the system scope in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// Keep what the service remembers: routes, app volume control, changed settings
    #[arg(long)]
    pub(crate) keep_settings: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Say nothing when all is well
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Seconds without an answer after which the service counts as hung; it is asked twice
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse_deadline)]
    pub(crate) deadline: Duration,
}

fn parse_deadline(text: &str) -> Result<Duration, String> {
    parse_within(text, &(0.1..=60.0), "seconds").map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_and_scopes_are_typed_as_they_are_written() {
        let typed = |value: clap::builder::PossibleValue| value.get_name().to_owned();
        for preset in PresetArg::value_variants() {
            let name = typed(preset.to_possible_value().unwrap());
            assert_eq!(name, Preset::from(*preset).to_string());
        }
        for scope in ScopeArg::value_variants() {
            let name = typed(scope.to_possible_value().unwrap());
            assert_eq!(name, Scope::from(*scope).to_string());
        }
    }
}
