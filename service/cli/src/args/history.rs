//! `headroom history`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct HistoryArgs {
    #[command(subcommand)]
    pub(crate) action: Option<HistoryAction>,
    /// From when on: today, yesterday, 12h, 7d, 4w, a date, or a date and a time
    #[arg(long, value_name = "TIME", default_value = "today")]
    pub(crate) since: String,
    /// Until when; a day counts to its end
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub(crate) until: String,
    /// Only of this application, by its name as it is listed
    #[arg(long)]
    pub(crate) app: Option<String>,
    /// Print JSON
    #[arg(long, group = "form")]
    pub(crate) json: bool,
    /// Print the catches as comma-separated values
    #[arg(long, group = "form")]
    pub(crate) csv: bool,
    /// Draw loudness and catches over time, here or as an SVG file
    #[arg(long, group = "form", value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[allow(clippy::option_option, reason = "an option that may have a value")]
    pub(crate) plot: Option<Option<PathBuf>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum HistoryAction {
    /// Keep what is caught and played, as Headroom does by itself
    #[command(after_help = "Examples:\n  headroom history on")]
    On,
    /// Measure and keep nothing more; what was kept stays
    #[command(after_help = "Examples:\n  headroom history off\n  headroom history clear")]
    Off,
    /// Forget all that was caught and played
    #[command(after_help = "Examples:\n  headroom history clear")]
    Clear,
}
