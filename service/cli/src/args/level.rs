//! `headroom level`.

use clap::Subcommand;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum LevelAction {
    /// List what app volume control does to each stream
    #[command(after_help = "Examples:\n  headroom level list\n  \
                      headroom level list --json | jq '.streams[] | select(.level)'")]
    List(JsonArgs),
}
