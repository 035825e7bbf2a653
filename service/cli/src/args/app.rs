//! `headroom app`.

use clap::{
    Subcommand,
    builder::{NonEmptyStringValueParser, PossibleValuesParser},
};
use headroom_api::Treatment;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum AppAction {
    /// List what each application gets, how loud it comes in and goes out, and what you chose
    #[command(after_help = "Examples:\n  headroom app list\n  \
                      headroom app list --json | jq '.streams[] | {app, treatment, \"loudness-out-lufs\"}'")]
    List(JsonArgs),
    /// Choose what one application gets
    #[command(after_help = "  automatic    the profile decides: its rules and its settings\n  \
                      even-out     processed and levelled, whatever the profile says\n  \
                      limit-only   processed, but neither levelled nor compressed: cap and limiter hold it\n  \
                      leave-alone  straight to the device, bit for bit\n\n\
                      It acts at once, on what is playing too, and is remembered. The ceiling holds for all that is\n\
                      processed, whatever you choose.\n\n\
                      Examples:\n  headroom app set mpv leave-alone\n  headroom app set spotify even-out\n  \
                      headroom app set firefox even-out --offset -3\n  \
                      headroom app set \"Web Player\" automatic --offset 2")]
    Set {
        /// Binary, application name or application id
        #[arg(allow_hyphen_values = true)]
        app: String,
        /// What it gets; see below
        #[arg(value_parser = PossibleValuesParser::new(Treatment::ALL.iter().copied()))]
        treatment: String,
        /// How much louder or softer than the others it comes out, -12 to 12 dB; as it is without this
        #[arg(long, value_name = "DB", allow_hyphen_values = true)]
        offset: Option<String>,
    },
    /// Show what you chose for one application, and what it gets and why
    #[command(
        after_help = "Examples:\n  headroom app show firefox\n  headroom app show mpv --json"
    )]
    Show {
        /// Binary, application name or application id
        #[arg(allow_hyphen_values = true)]
        app: String,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// Forget what you chose for an application: the profile decides again
    #[command(after_help = "Examples:\n  headroom app unset firefox")]
    Unset {
        /// As in `headroom app list`
        #[arg(allow_hyphen_values = true)]
        app: String,
    },
    /// Forget the devices of effects programs that are gone (Easy Effects, JamesDSP), for what plays now
    #[command(
        after_help = "They stay chosen for each application that they have processed, which is not levelled until then.\n\n\
                      Examples:\n  headroom app forget-effects"
    )]
    ForgetEffects,
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
