//! `headroom set`, `get` and `reset`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Dotted key, such as limiter.ceiling_dbtp, or a section, such as limiter; all without it
    pub(crate) key: Option<String>,
    /// Say what each setting does
    #[arg(long, short)]
    pub(crate) long: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// Dotted key, as in `headroom get`
    pub(crate) key: String,
    /// Number (its unit may follow), on, off, or a word; as in `headroom get`
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResetArgs {
    /// Dotted keys or sections, as in `headroom get`
    #[arg(value_name = "KEY", required_unless_present = "all")]
    pub(crate) keys: Vec<String>,
    /// Everything that was changed
    #[arg(long, conflicts_with = "keys")]
    pub(crate) all: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
