//! `headroom profile`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileAction {
    /// List the profiles, and mark the active one
    #[command(after_help = "Examples:\n  headroom profile list\n  headroom profile list --json")]
    List(JsonArgs),
    /// Print a profile, complete, as TOML
    #[command(after_help = "Examples:\n  headroom profile show\n  \
                      headroom profile show night > ~/.config/headroom/profiles/mine.toml")]
    Show {
        /// The active profile without it
        name: Option<String>,
    },
    /// Switch to a profile
    #[command(
        after_help = "Settings that you changed stay with the profile that they were changed on, and come back with it.\n\n\
                      Examples:\n  headroom profile use night\n  headroom profile use default"
    )]
    Use(UseArgs),
    /// Read every profile again, now
    #[command(
        after_help = "A saved file is noticed by itself within half a second; this is for being sure.\n\
                      Exits with 1 when a file is broken; its last good version stays in force.\n\n\
                      Examples:\n  headroom profile reload\n  headroom profile reload --json | jq '.problems'"
    )]
    Reload(JsonArgs),
    /// Rewrite a profile of yours that has keys of an earlier version
    #[command(
        after_help = "Comments, order and formatting stay. Keys that have no successor go, with the comment on them.\n\
                      No service is needed; one that runs notices the saved file.\n\n\
                      Examples:\n  headroom profile migrate --dry-run ~/.config/headroom/profiles/mine.toml\n  \
                      headroom profile migrate ~/.config/headroom/profiles/mine.toml"
    )]
    Migrate(MigrateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The profile's file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UseArgs {
    /// As in `headroom profile list`
    pub(crate) name: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
