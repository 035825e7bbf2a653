//! `headroom doctor`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print one Markdown text to paste into a bug report, without your names, devices and titles
    #[arg(long, conflicts_with = "json")]
    pub(crate) report: bool,
}
