//! Options of `headroom monitor`.

use clap::{Args as ClapArgs, ValueEnum};
use headroom_api::METERS_HZ;

use super::parse_within;

/// Readings per second where none are asked for: lines of JSON.
const LINES_HZ: f64 = 10.0;
/// Readings per second where none are asked for: gauges to look at.
const SCREEN_HZ: f64 = 20.0;

/// What the lines of JSON are about.
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

/// Watch and steer on the whole screen, or follow as lines of JSON
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "On a terminal: gauges of the processed route, and every stream with its route, level and\n\
                  reason. Keys: arrows select, r even out or leave alone, u forget that, b bypass,\n\
                  p profile, e explain, ? help, q quit. NO_COLOR is respected.\n\n\
                  --json: every line is an object with a \"type\". It goes on when the service comes back;\n\
                  Ctrl-C ends it.\n  \
                  service         running (true or false), version\n  \
                  state           state, bypass, active-profile, problems [{code, severity, subject, text, ..}]\n  \
                  streams         streams [..]: all of them, once after each service line\n  \
                  stream-added    id, stream {id, app, media, icon, binary, role, channels, rate, route,\n                  \
                  reason, why {by, held, lag, ..}, level}\n  \
                  stream-changed  likewise\n  \
                  stream-removed  id\n  \
                  meters          usec, bus {input-peak-dbfs, true-peak-dbtp, gain-db, ..},\n                  \
                  streams [{id, gauges {peak-dbfs, rms-dbfs, level-db}}]\n\n\
                  --waybar: objects for waybar's custom module (\"return-type\": \"json\"), at every change,\n\
                  at most one a second:\n  \
                  text            what to show: the profile, or what is the matter\n  \
                  tooltip         state, output, streams and problems; markup in them is escaped\n  \
                  class           running, bypassed, waiting, offline, or alert (a problem, or safe mode)\n  \
                  percentage      of the streams that play, those that are protected: 0 to 100\n\n\
                  Examples:\n  headroom monitor\n  headroom monitor --json streams\n  \
                  headroom monitor --json meters --hz 20 | jq '.bus[\"true-peak-dbtp\"]'\n  \
                  headroom monitor --waybar"
)]
pub(crate) struct MonitorArgs {
    /// Print JSON, one object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print JSON for waybar's custom module
    #[arg(long, conflicts_with_all = ["json", "hz"])]
    pub(crate) waybar: bool,
    /// What to follow with --json: all without it
    #[arg(value_enum, requires = "json")]
    topic: Option<MonitorTopic>,
    /// Meter readings per second, 1 to 60: 20 on the screen and 10 as JSON without it
    #[arg(long, value_name = "HZ", value_parser = parse_hz, allow_hyphen_values = true)]
    hz: Option<f64>,
}

impl MonitorArgs {
    /// Returns what the lines of JSON are about.
    pub(crate) fn topic(&self) -> MonitorTopic {
        self.topic.unwrap_or(MonitorTopic::All)
    }

    /// Returns the rate of readings, in Hz.
    pub(crate) fn meters_hz(&self) -> f64 {
        self.hz.unwrap_or(if self.json { LINES_HZ } else { SCREEN_HZ })
    }
}

fn parse_hz(text: &str) -> Result<f64, String> {
    parse_within(text, &METERS_HZ, "Hz")
}

#[cfg(test)]
mod tests {
    use clap::{Parser as _, error::ErrorKind};

    use super::*;
    use crate::args::{Args, Command};

    fn parse(words: &[&str]) -> Result<MonitorArgs, ErrorKind> {
        let words = ["headroom", "monitor"].iter().chain(words);
        match Args::try_parse_from(words).map_err(|error| error.kind())?.command {
            Command::Monitor(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rate_out_of_range_is_wrong_usage() {
        for bad in ["0", "61", "-1", "NaN"] {
            assert_eq!(parse(&["--json", "--hz", bad]).unwrap_err(), ErrorKind::ValueValidation);
        }
    }

    #[test]
    fn the_rate_depends_on_who_looks() {
        assert!((parse(&["--json"]).unwrap().meters_hz() - 10.0).abs() < f64::EPSILON);
        assert!((parse(&[]).unwrap().meters_hz() - 20.0).abs() < f64::EPSILON);
        assert!((parse(&["--hz", "5"]).unwrap().meters_hz() - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_topic_is_for_json_alone() {
        assert_eq!(parse(&["meters"]).unwrap_err(), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse(&["--json", "meters"]).unwrap().topic(), MonitorTopic::Meters);
        assert_eq!(parse(&["--json"]).unwrap().topic(), MonitorTopic::All);
        assert_eq!(parse(&["--json", "--waybar"]).unwrap_err(), ErrorKind::ArgumentConflict);
    }
}
