//! `headroom schedule`.

use clap::{Args, Subcommand};
use headroom_api::{ScheduleRow, Weekday};

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleAction {
    /// List what is scheduled, and what of it runs
    #[command(after_help = "Examples:\n  headroom schedule list\n  headroom schedule list --json")]
    List(JsonArgs),
    /// Have a profile in force at certain times by itself
    #[command(
        after_help = "Each profile has one schedule; another one takes its place. Times are those of the local clock. One that\n\
                      ends earlier than it begins ends on the next day. A time that runs already acts at once.\n\n\
                      Examples:\n  headroom schedule set night 22:00-07:00\n  \
                      headroom schedule set speech 9:00-17:00 --days mon-fri\n  \
                      headroom schedule set night 23:30-09:00 --days fri,sat\n  headroom schedule set night --night-light"
    )]
    Set(ScheduleArgs),
    /// Forget when a profile is scheduled
    #[command(after_help = "Examples:\n  headroom schedule unset night")]
    Unset {
        /// Its name, as `headroom schedule list` has it
        profile: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// Its name, as `headroom profile list` has it
    pub(crate) profile: String,
    /// From when to when, such as 22:00-07:00
    #[arg(value_name = "FROM-TO", required_unless_present = "night_light", value_parser = times)]
    pub(crate) times: Option<(String, String)>,
    /// The days on which it begins: mon-fri, or sat,sun; every day without this
    #[arg(long, value_name = "DAYS", value_parser = days, conflicts_with = "night_light")]
    pub(crate) days: Option<Days>,
    /// With the Night Light of GNOME or KDE, and not by the clock
    #[arg(long, conflicts_with = "times")]
    pub(crate) night_light: bool,
}

/// Days as they stand on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days(Vec<String>);

impl ScheduleArgs {
    /// Returns it as it stands on the wire.
    pub(crate) fn row(&self) -> ScheduleRow {
        let times = self.times.as_ref();
        ScheduleRow {
            from: times.map(|(from, _)| from.clone()),
            to: times.map(|(_, to)| to.clone()),
            days: self.days.as_ref().map(|days| days.0.clone()).unwrap_or_default(),
            night_light: self.night_light.then_some(true),
        }
    }
}

/// Reads two times of the day; whether each is one is the service's to say.
fn times(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('-').ok_or("write 22:00-07:00")?;
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

/// Reads single days and ranges of them, which may go past Sunday.
fn days(text: &str) -> Result<Days, String> {
    let at = |word: &str| {
        let word = word.trim().to_lowercase();
        let found = Weekday::ALL.iter().position(|day| *day == word);
        found.ok_or_else(|| {
            format!("'{word}' is no day: write mon-fri or sat,sun, of {}", Weekday::ALL.join(", "))
        })
    };
    let mut named = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (at(first)?, at(last)?);
        let count = (last + 7 - first) % 7;
        for day in first..=first + count {
            named[day % 7] = true;
        }
    }
    let named = Weekday::ALL.iter().zip(named).filter(|(_, on)| *on);
    Ok(Days(named.map(|(day, _)| (*day).to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_ranges_and_lists() {
        for (text, read) in [
            ("mon-fri", "mon tue wed thu fri"),
            ("sat,sun", "sat sun"),
            ("Sun", "sun"),
            ("fri-mon", "mon fri sat sun"),
            ("mon, wed-thu", "mon wed thu"),
        ] {
            assert_eq!(days(text).unwrap().0.join(" "), read, "{text}");
        }
        for text in ["", "monday", "mon-", "mon;fri"] {
            assert!(days(text).unwrap_err().contains("mon-fri"), "{text}");
        }
    }

    #[test]
    fn times_are_split_and_left_to_the_service() {
        assert_eq!(times("22:00-07:00"), Ok(("22:00".to_owned(), "07:00".to_owned())));
        assert_eq!(times("9:00 - 17:00"), Ok(("9:00".to_owned(), "17:00".to_owned())));
        assert!(times("22:00").is_err());
    }
}
