//! `headroom exposure`.

use clap::{ArgGroup, Args, Subcommand, ValueEnum, builder::PossibleValuesParser};
use headroom_api::Felt;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ExposureArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ExposureAction>,
    /// How many weeks, the last seven days among them
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=57))]
    pub(crate) weeks: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExposureAction {
    /// Count how much sound reaches devices from now on
    #[command(after_help = "Examples:\n  headroom exposure on")]
    On,
    /// Count nothing more; what was counted stays
    #[command(after_help = "Examples:\n  headroom exposure off\n  headroom history clear")]
    Off,
    /// Warn of a full sound dose and of a high level, or not; off unless asked for
    #[command(
        after_help = "A notification at each whole 100 % of the sound dose of the last seven days, of all calibrated devices \
                      together, and one, at most every 20 hours, when a second of sound was above 100 dB(A). Nothing is \
                      turned down. A device without a calibration never warns, and nothing does while nothing is \
                      counted.\n\n\
                      Examples:\n  headroom exposure warnings on\n  headroom exposure warnings"
    )]
    Warnings {
        /// What to do; without it, say what is
        #[arg(value_enum, default_value = "status")]
        action: WarningsAction,
    },
    /// Say how loud a device is at your ear, so that a dose can be told
    #[command(
        after_help = "Choose one way, and mind that a dose is as good as its calibration: 10 dB too much make it \
                      ten times as large.\n\n\
                      --sensitivity: from the data sheet of the headphones; dB/V and dB/mW differ by some 15 dB. \
                      --volts is what the output gives for a full-scale sine, root mean square: often 1 V from a \
                      computer, 0.5 V from an adapter, 2 V and more from a headphone amplifier.\n\n\
                      --trim: as if they were usual headphones (IEC 62368-1: a level of -10 dBFS is 100 dB), or so \
                      many dB louder or softer.\n\n\
                      --sounds: how loud is what plays now, after half a minute of it at one volume? quiet: others \
                      are understood over it with ease, as 50 dB(A). normal: like a conversation at a table, 65. \
                      loud: others would have to raise their voice, 80.\n\n\
                      Examples:\n  headroom exposure calibrate Headphones --sensitivity 106 --unit db-per-volt --volts 1\n  \
                      headroom exposure calibrate Headphones --sensitivity 96 --unit db-per-milliwatt --ohms 32\n  \
                      headroom exposure calibrate default --trim -6\n  \
                      headroom exposure calibrate default --sounds normal\n  \
                      headroom exposure calibrate default --forget"
    )]
    Calibrate(CalibrateArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WarningsAction {
    /// Warn from now on
    On,
    /// Warn of nothing
    Off,
    /// Print which of the two, and what keeps warnings silent
    Status,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("way").required(true).args(["sensitivity", "trim", "sounds", "forget"])))]
pub(crate) struct CalibrateArgs {
    /// Its node.name, a part of what people call it, or "default"
    pub(crate) device: String,
    /// Sensitivity of the headphones, in dB by the unit
    #[arg(long, value_name = "DB", value_parser = sensitivity, requires = "unit")]
    pub(crate) sensitivity: Option<f64>,
    /// What the sensitivity is said for
    #[arg(long, value_enum, requires = "sensitivity")]
    pub(crate) unit: Option<SensitivityUnit>,
    /// What the device gives for a full-scale sine, in V (root mean square)
    #[arg(long, default_value = "1", value_parser = volts)]
    pub(crate) volts: f64,
    /// Impedance of the headphones; needed with db-per-milliwatt
    #[arg(long, value_parser = ohms, required_if_eq("unit", "db-per-milliwatt"))]
    pub(crate) ohms: Option<f64>,
    /// Take them for usual headphones, this much louder or softer: -12 to 12 dB
    #[arg(long, value_name = "DB", allow_hyphen_values = true, value_parser = trim)]
    pub(crate) trim: Option<f64>,
    /// How loud what plays now sounds to you
    #[arg(long, value_name = "HOW", value_parser = PossibleValuesParser::new(Felt::ALL.iter().copied()))]
    pub(crate) sounds: Option<String>,
    /// Forget how loud it is
    #[arg(long)]
    pub(crate) forget: bool,
}

/// What a sensitivity is said for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SensitivityUnit {
    /// dB SPL at 1 V
    DbPerVolt,
    /// dB SPL at 1 mW
    DbPerMilliwatt,
}

fn sensitivity(text: &str) -> Result<f64, String> {
    super::parse_within(text, &(60.0..=140.0), "dB")
}

fn volts(text: &str) -> Result<f64, String> {
    super::parse_within(text, &(0.05..=20.0), "V")
}

fn ohms(text: &str) -> Result<f64, String> {
    super::parse_within(text, &(4.0..=1000.0), "ohms")
}

fn trim(text: &str) -> Result<f64, String> {
    super::parse_within(text, &(-12.0..=12.0), "dB")
}
