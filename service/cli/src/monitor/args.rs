//! Options of `headroom monitor`.

use clap::{Args as ClapArgs, ValueEnum};
use headroom_api::METERS_HZ;

use crate::args::parse_within;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MonitorTopic {
    /// Gauges of the processed route and of each stream
    Meters,
    /// Streams that come, change and go
    Streams,
    /// Both, and the state of the service
    All,
}

impl MonitorTopic {
    pub(crate) fn has_meters(self) -> bool {
        self != Self::Streams
    }

    pub(crate) fn has_streams(self) -> bool {
        self != Self::Meters
    }
}

/// Follow meters and streams, one JSON object per line
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Every line has a \"type\": service, state, streams, stream-added, stream-changed,\n\
                  stream-removed or meters. It goes on when the service comes back; Ctrl-C ends it.\n\n\
                  Examples:\n  headroom monitor --json streams\n  \
                  headroom monitor --json meters --hz 20 | jq '.bus[\"true-peak-dbtp\"]'"
)]
pub(crate) struct MonitorArgs {
    /// Print JSON, one object per line: the only form in this version
    #[arg(long, required = true)]
    pub(crate) json: bool,
    /// What to follow
    #[arg(value_enum, default_value = "all")]
    pub(crate) topic: MonitorTopic,
    /// Meter readings per second, 1 to 60
    #[arg(long, value_name = "HZ", default_value_t = 10.0, value_parser = parse_hz, allow_hyphen_values = true)]
    pub(crate) hz: f64,
}

fn parse_hz(text: &str) -> Result<f64, String> {
    parse_within(text, &METERS_HZ, "Hz")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Args;

    #[test]
    fn a_rate_out_of_range_is_wrong_usage() {
        for bad in ["0", "61", "-1", "NaN"] {
            let parsed = Args::try_parse_from(["headroom", "monitor", "--json", "--hz", bad]);
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
