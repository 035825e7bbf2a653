//! `headroom level`.

use clap::Subcommand;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum LevelAction {
    /// List what app volume control does to each stream, and your own choices
    #[command(after_help = "Examples:\n  headroom level list\n  \
                      headroom level list --json | jq '.streams[] | select(.level)'")]
    List(JsonArgs),
    /// Tame an application wherever it plays to, without delay
    #[command(
        after_help = "Examples:\n  headroom level on firefox\n  headroom level on \"Web Player\""
    )]
    On(AppArgs),
    /// Leave the volume of an application's streams alone
    #[command(after_help = "Examples:\n  headroom level off firefox")]
    Off(AppArgs),
    /// Forget your choice for an application, and start its streams anew from 0 dB
    #[command(after_help = "Examples:\n  headroom level reset firefox\n  headroom level reset 87")]
    Reset {
        /// An application, as in `headroom level list`, or the id of a stream
        #[arg(value_name = "STREAM|APP", allow_hyphen_values = true)]
        stream: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct AppArgs {
    /// Binary, application name or application id
    #[arg(allow_hyphen_values = true)]
    pub(crate) app: String,
}
