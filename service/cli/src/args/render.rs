//! `headroom render`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::parse_within;

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

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// WAV file to read
    #[arg(value_name = "IN.wav")]
    pub(crate) input: PathBuf,
    /// WAV file to write
    #[arg(value_name = "OUT.wav")]
    pub(crate) output: PathBuf,
    /// Profile to render with: a shipped one, or one of your own
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) profile: String,
    /// Change a setting of the profile, for this file; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair, allow_hyphen_values = true)]
    pub(crate) set: Vec<(String, String)>,
    /// Ceiling of the limiter, -12 to -0.1 dBTP; short for --set limiter.ceiling_dbtp=DBTP
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
const CEILING_DBTP: std::ops::RangeInclusive<f64> = -12.0..=-0.1;

fn parse_ceiling(text: &str) -> Result<f64, String> {
    parse_within(text, &CEILING_DBTP, "dBTP")
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("not of the form KEY=VALUE, such as compressor.ratio=3".to_owned()),
    }
}
