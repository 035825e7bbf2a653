//! `headroom app`.

use clap::{
    Subcommand,
    builder::{NonEmptyStringValueParser, PossibleValuesParser},
};
use headroom_profile::APP_SETTINGS;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum AppAction {
    /// List how loud each application comes in and goes out, and what you set for it
    #[command(after_help = "Examples:\n  headroom app list\n  \
                      headroom app list --json | jq '.streams[] | {app, \"loudness-out-lufs\"}'")]
    List(JsonArgs),
    /// Change what levelling and compression do to one application
    #[command(
        after_help = "  offset_db  -12 to 12 dB: how much louder or softer than the others it comes out\n  \
                      strength   0 to 1: how much of levelling and compression it gets; 0 for none\n  \
                      chain      on or off: with off, it is only limited\n\n\
                      It acts at once and is remembered. The ceiling holds, whatever you set.\n\n\
                      Examples:\n  headroom app set firefox offset_db -3\n  headroom app set discord strength 0.5\n  \
                      headroom app set \"Web Player\" chain off"
    )]
    Set {
        /// Binary, application name or application id
        #[arg(allow_hyphen_values = true)]
        app: String,
        /// What to change
        #[arg(value_parser = PossibleValuesParser::new(APP_SETTINGS.map(|info| info.key)))]
        key: String,
        /// The value; see below
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Forget what you set for an application, or one part of it
    #[command(
        after_help = "Examples:\n  headroom app reset firefox\n  headroom app reset firefox offset_db"
    )]
    Reset {
        /// As in `headroom app list`
        #[arg(allow_hyphen_values = true)]
        app: String,
        /// What to forget; all of it without this
        #[arg(value_parser = PossibleValuesParser::new(APP_SETTINGS.map(|info| info.key)))]
        key: Option<String>,
    },
    /// Forget how loud an application plays, which Headroom remembers for its next start
    #[command(
        after_help = "Remembered are names of applications and a level each, of the 200 that played last.\n\n\
                      Examples:\n  headroom app forget firefox\n  headroom app forget --all"
    )]
    Forget {
        /// Binary, application name or application id
        #[arg(
            required_unless_present = "all",
            conflicts_with = "all",
            allow_hyphen_values = true,
            value_parser = NonEmptyStringValueParser::new()
        )]
        app: Option<String>,
        /// Forget it of every application
        #[arg(long)]
        all: bool,
    },
}
