//! Points in time as they are typed, in the person's zone.

use jiff::{Span, Timestamp, Zoned, civil};

/// What a time that is a day stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its first moment.
    Begin,
    /// The first moment after it.
    End,
}

/// Reads a point in time; `now` says which day is today.
pub(super) fn moment(text: &str, edge: Edge, now: &Zoned) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "'{text}' is no time: write today, yesterday, 12h, 7d, 4w, 2026-11-28 or \"2026-11-28 20:00\""
        )
    };
    let text = text.trim();
    let day = |date: civil::Date| {
        let date = match edge {
            Edge::Begin => date,
            Edge::End => date.tomorrow().map_err(|_| wrong())?,
        };
        date.to_zoned(now.time_zone().clone()).map(|day| day.timestamp()).map_err(|_| wrong())
    };
    let days_ago = |days: i64| {
        let before = Span::new().try_days(days).and_then(|span| now.date().checked_sub(span));
        day(before.map_err(|_| wrong())?)
    };
    match text {
        "now" => return Ok(now.timestamp()),
        "today" => return days_ago(0),
        "yesterday" => return days_ago(1),
        _ => {}
    }
    if let Some((at, unit)) = text.char_indices().next_back()
        && let Ok(count) = text[..at].parse::<u32>()
    {
        let count = i64::from(count);
        match unit {
            'h' => {
                let before =
                    Span::new().try_hours(count).and_then(|it| now.timestamp().checked_sub(it));
                return before.map_err(|_| wrong());
            }
            'd' => return days_ago(count),
            'w' => return days_ago(count * 7),
            _ => {}
        }
    }
    if text.len() <= 10
        && let Ok(date) = text.parse::<civil::Date>()
    {
        return day(date);
    }
    let moment = text.parse::<civil::DateTime>().map_err(|_| wrong())?;
    moment.to_zoned(now.time_zone().clone()).map(|it| it.timestamp()).map_err(|_| wrong())
}

/// Returns a time in microseconds since 1970, as the bus has it.
pub(super) fn usec(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_microsecond()).unwrap_or(0)
}

/// Returns a time of the bus in the person's zone.
pub(super) fn zoned(usec: u64, now: &Zoned) -> Zoned {
    let moment = i64::try_from(usec).ok().and_then(|it| Timestamp::from_microsecond(it).ok());
    moment.unwrap_or(Timestamp::MAX).to_zoned(now.time_zone().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-28T17:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn time_is_read_in_the_persons_zone() {
        for (text, edge, read) in [
            ("today", Edge::Begin, "2026-11-27T23:00:00Z"),
            ("today", Edge::End, "2026-11-28T23:00:00Z"),
            ("yesterday", Edge::Begin, "2026-11-26T23:00:00Z"),
            ("now", Edge::End, "2026-11-28T16:30:00Z"),
            ("12h", Edge::Begin, "2026-11-28T04:30:00Z"),
            ("7d", Edge::Begin, "2026-11-20T23:00:00Z"),
            ("4w", Edge::Begin, "2026-10-30T23:00:00Z"),
            // Summer time began at two.
            ("2026-03-29", Edge::Begin, "2026-03-28T23:00:00Z"),
            ("2026-03-29", Edge::End, "2026-03-29T22:00:00Z"),
            ("2026-11-28 20:00", Edge::Begin, "2026-11-28T19:00:00Z"),
        ] {
            let expected: Timestamp = read.parse().unwrap();
            assert_eq!(moment(text, edge, &now()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_is_one() {
        for text in
            ["", "tomorrowish", "7", "7x", "d", "2026-13-01", "99999999d", "4294967295w", "ü"]
        {
            let refused = moment(text, Edge::Begin, &now()).unwrap_err();
            assert!(refused.contains("yesterday"), "{text}: {refused}");
        }
    }
}
