//! `headroom route`.

use clap::{Subcommand, builder::PossibleValuesParser};
use headroom_api::Route;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum RouteAction {
    /// List your own routes
    #[command(after_help = "Examples:\n  headroom route list\n  headroom route list --json")]
    List(JsonArgs),
    /// Send every stream of an application through Headroom, or past it
    #[command(
        after_help = "Examples:\n  headroom route set firefox processed\n  headroom route set mpv bypass"
    )]
    Set {
        /// Binary, application name or application id
        #[arg(allow_hyphen_values = true)]
        app: String,
        /// Where its streams go
        #[arg(value_parser = PossibleValuesParser::new(Route::ALL.iter().copied()))]
        route: String,
    },
    /// Forget your route for an application
    #[command(after_help = "Examples:\n  headroom route unset mpv")]
    Unset {
        /// As in `headroom route list`
        #[arg(allow_hyphen_values = true)]
        app: String,
    },
}
