//! What can be typed: commands, options, their help and examples.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use headroom_api::Route;

use crate::monitor::MonitorArgs;

/// A safety net between noisy applications and your ears.
#[derive(Debug, Parser)]
#[command(
    name = "headroom",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes:\n  0  done\n  1  refused or failed\n  2  wrong usage\n  3  the service cannot be reached\n\n\
                  Examples:\n  headroom status\n  headroom route set mpv bypass\n  headroom doctor"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what Headroom is doing, stream by stream
    #[command(
        after_help = "Examples:\n  headroom status\n  headroom status --json | jq '.streams[].app'"
    )]
    Status(JsonArgs),
    /// List, set or unset your own routes
    #[command(
        after_help = "Examples:\n  headroom route list\n  headroom route set firefox processed\n  headroom route unset firefox"
    )]
    Route {
        #[command(subcommand)]
        action: RouteAction,
    },
    /// Send everything straight to the device, or bring the protection back
    #[command(
        after_help = "Examples:\n  headroom bypass on\n  headroom bypass toggle\n  headroom bypass status"
    )]
    Bypass {
        #[arg(value_enum)]
        action: BypassAction,
    },
    /// Say why a stream is treated as it is
    #[command(
        after_help = "Examples:\n  headroom explain firefox\n  headroom explain 87\n  headroom explain mpv --json"
    )]
    Explain(ExplainArgs),
    /// Show one setting, or all of them
    #[command(
        after_help = "Examples:\n  headroom get\n  headroom get limiter.ceiling_dbtp\n  headroom get --json"
    )]
    Get(GetArgs),
    /// List profiles, or show one
    #[command(
        after_help = "Examples:\n  headroom profile list\n  headroom profile show\n  headroom profile show default > mine.toml"
    )]
    Profile {
        #[command(subcommand)]
        action: ProfileAction,
    },
    Monitor(MonitorArgs),
    /// Run a WAV file through the chain, offline
    #[command(
        after_help = "Reads PCM of 16, 24 and 32 bits and 32-bit float, 1 to 8 channels, 44.1 to 192 kHz.\n\
                  The output is as long as the input and aligned with it. No service is needed.\n\n\
                  Examples:\n  headroom render loud.wav safe.wav\n  \
                  headroom render loud.wav safe.wav --ceiling -1 --bits 24\n  \
                  headroom render loud.wav safe.wav --plot safe.svg --force"
    )]
    Render(RenderArgs),
    /// Check everything that Headroom needs, and say what to do
    #[command(
        after_help = "Exits with 1 when a check is bad. Starts nothing and changes nothing.\n\n\
                  Examples:\n  headroom doctor\n  headroom doctor --json | jq '.checks[] | select(.level != \"ok\")'"
    )]
    Doctor(JsonArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

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
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(Route::ALL.iter().copied()))]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BypassAction {
    /// Everything goes straight to the device
    On,
    /// Streams are protected again
    Off,
    /// The other of the two
    Toggle,
    /// Print "on" or "off"
    Status,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// Id of a stream, or the name or binary of an application
    #[arg(allow_hyphen_values = true)]
    pub(crate) stream: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GetArgs {
    /// Dotted key, such as limiter.ceiling_dbtp; all settings without it
    pub(crate) key: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileAction {
    /// List the profiles
    #[command(after_help = "Examples:\n  headroom profile list\n  headroom profile list --json")]
    List(JsonArgs),
    /// Print a profile, complete, as TOML
    #[command(after_help = "Examples:\n  headroom profile show\n  headroom profile show default")]
    Show {
        /// The active profile without it
        name: Option<String>,
    },
}

/// Sample format of the rendered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bits {
    /// 16-bit PCM, with TPDF dither
    #[value(name = "16")]
    Pcm16,
    /// 24-bit PCM
    #[value(name = "24")]
    Pcm24,
    /// 32-bit float
    #[value(name = "32f")]
    Float32,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RenderArgs {
    /// WAV file to read
    #[arg(value_name = "IN.wav")]
    pub(crate) input: PathBuf,
    /// WAV file to write
    #[arg(value_name = "OUT.wav")]
    pub(crate) output: PathBuf,
    /// Profile to render with
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) profile: String,
    /// Ceiling of the limiter, -12 to -0.1 dBTP
    #[arg(long, value_name = "DBTP", value_parser = parse_ceiling, allow_hyphen_values = true)]
    pub(crate) ceiling: Option<f64>,
    /// Sample format of the output
    #[arg(long, value_enum, default_value = "32f")]
    pub(crate) bits: Bits,
    /// Draw level before and after into an SVG file
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) plot: Option<PathBuf>,
    /// Overwrite files that exist (never the input)
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Range of the limiter's ceiling, in dBTP.
pub(crate) const CEILING_DBTP: std::ops::RangeInclusive<f64> = -12.0..=-0.1;

fn parse_ceiling(text: &str) -> Result<f64, String> {
    parse_within(text, &CEILING_DBTP, "dBTP")
}

/// Parses a number and holds it against a range.
///
/// # Errors
/// A sentence for clap, when the text is no number or is outside.
pub(crate) fn parse_within(
    text: &str,
    range: &std::ops::RangeInclusive<f64>,
    unit: &str,
) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("not a number of {unit}"))?;
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("out of range: accepted are {} to {} {unit}", range.start(), range.end()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        fn check(command: &clap::Command) {
            if command.get_subcommands().next().is_none() || command.get_name() == "headroom" {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("headroom"), "{} has no example", command.get_name());
            }
            for sub in command.get_subcommands() {
                check(sub);
            }
        }
        check(&Args::command());
    }

    #[test]
    fn negative_numbers_are_values_and_not_options() {
        let args =
            Args::try_parse_from(["headroom", "render", "a", "b", "--ceiling", "-1.5"]).unwrap();
        let Command::Render(args) = args.command else { panic!("not render") };
        assert_eq!(args.ceiling, Some(-1.5));
    }

    #[test]
    fn numbers_out_of_range_are_wrong_usage() {
        for bad in ["0", "-13", "nan", "inf", "loud", "-0.09", ""] {
            let parsed = Args::try_parse_from(["headroom", "render", "a", "b", "--ceiling", bad]);
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
