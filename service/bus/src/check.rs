//! The lengths and ranges of what a caller sends, checked before anything is done with it.

use std::ops::RangeInclusive;

use headroom_api::{
    BYPASS_FOR_S, COMPARE_S, Dict, Error, MAX_HISTORY_ROWS, MAX_KEY_BYTES, MAX_NAME_BYTES, Result,
    STREAM_VOLUME_PERCENT, ScheduleRow, quoted,
};

/// What was played is known by minutes.
const SHORTEST_STEP_USEC: u64 = 60_000_000;

/// Checks the length of an application's name.
pub(super) fn app(name: &str) -> Result<()> {
    within("the application's name", name, MAX_NAME_BYTES)
}

/// Checks the length of a device's name.
pub(super) fn device(name: &str) -> Result<()> {
    within("the device's name", name, MAX_NAME_BYTES)
}

/// Checks the length of a profile's name.
pub(super) fn profile(name: &str) -> Result<()> {
    within("the profile's name", name, MAX_NAME_BYTES)
}

/// Checks the length of a setting's key.
pub(super) fn key(key: &str) -> Result<()> {
    within("the key", key, MAX_KEY_BYTES)
}

/// Reads a schedule, whose keys are all known.
pub(super) fn schedule(dict: &Dict) -> Result<ScheduleRow> {
    if let Some(key) = dict.keys().find(|key| !ScheduleRow::KEYS.contains(&key.as_str())) {
        return Err(Error::InvalidValue(format!(
            "a schedule has no {}: there are {}",
            quoted(key),
            ScheduleRow::KEYS.join(", ")
        )));
    }
    let row = ScheduleRow::from_dict(dict);
    for word in row.from.iter().chain(&row.to).chain(&row.days) {
        within("a word of the schedule", word, MAX_KEY_BYTES)?;
    }
    Ok(row)
}

/// Checks for how long everything is to be bypassed, in seconds.
pub(super) fn bypass_for(seconds: u32) -> Result<()> {
    in_range(seconds, &BYPASS_FOR_S)
}

/// Checks for how long sound is to be heard without levelling, in seconds.
pub(super) fn compare(seconds: u32) -> Result<()> {
    in_range(seconds, &COMPARE_S)
}

fn in_range(seconds: u32, accepted: &RangeInclusive<u32>) -> Result<()> {
    if accepted.contains(&seconds) {
        return Ok(());
    }
    Err(Error::InvalidValue(format!(
        "{seconds} s is out of range: {} to {} s are accepted",
        accepted.start(),
        accepted.end()
    )))
}

/// Checks a stream's own volume, in percent as mixers show it.
pub(super) fn volume(percent: f64) -> Result<()> {
    let accepted = &STREAM_VOLUME_PERCENT;
    // What is no number is in no range.
    if accepted.contains(&percent) {
        return Ok(());
    }
    Err(Error::InvalidValue(format!(
        "a volume of {percent} % is out of range: {} to {} % are accepted",
        accepted.start(),
        accepted.end()
    )))
}

/// Checks how many catches are asked for; 0 asks for as many as there may be.
pub(super) fn limit(limit: u32) -> Result<usize> {
    match usize::try_from(limit) {
        Ok(0) => Ok(MAX_HISTORY_ROWS),
        Ok(rows) if rows <= MAX_HISTORY_ROWS => Ok(rows),
        _ => Err(Error::InvalidValue(format!(
            "{limit} rows are too many: at most {MAX_HISTORY_ROWS} are accepted"
        ))),
    }
}

/// Checks a time in steps, in microseconds.
pub(super) fn steps(from_usec: u64, to_usec: u64, step_usec: u64) -> Result<()> {
    if to_usec <= from_usec {
        return Err(Error::InvalidValue(format!(
            "the time ends at {to_usec}, which is not after its beginning at {from_usec}"
        )));
    }
    let rows = MAX_HISTORY_ROWS as u64;
    if step_usec < SHORTEST_STEP_USEC || (to_usec - from_usec) / step_usec > rows {
        return Err(Error::InvalidValue(format!(
            "a step of {step_usec} us is out of range: {SHORTEST_STEP_USEC} us and more are accepted, and at most \
             {rows} steps"
        )));
    }
    Ok(())
}

fn within(what: &str, text: &str, most_bytes: usize) -> Result<()> {
    if text.len() <= most_bytes {
        return Ok(());
    }
    Err(Error::InvalidValue(format!(
        "{what} is {} bytes long: at most {most_bytes} are accepted",
        text.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_without_an_end_or_a_length_is_refused() {
        assert!(bypass_for(1).is_ok() && bypass_for(86_400).is_ok());
        assert!(bypass_for(0).is_err() && bypass_for(86_401).is_err());
        assert!(compare(0).is_ok() && compare(30).is_ok() && compare(31).is_err());
    }

    #[test]
    fn volume_that_no_slider_reaches_or_no_number_is_refused() {
        for percent in [0.0, -0.0, 100.0, 150.0] {
            assert!(volume(percent).is_ok(), "{percent}");
        }
        for percent in [-0.1, 150.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = volume(percent).unwrap_err().to_string();
            assert!(refused.contains("0 to 150 %"), "{refused}");
        }
    }

    #[test]
    fn time_without_an_end_or_with_too_many_steps_is_refused() {
        let (minute, year) = (60_000_000, 365 * 86_400_000_000);
        assert!(steps(0, minute, minute).is_ok() && steps(0, year, year / 365).is_ok());
        for (from, to, step) in [(9, 9, minute), (9, 8, minute), (0, minute, 1), (0, year, minute)]
        {
            assert!(steps(from, to, step).is_err());
        }
        assert!(steps(0, u64::MAX, 0).is_err());
        assert_eq!((limit(0).unwrap(), limit(7).unwrap()), (MAX_HISTORY_ROWS, 7));
        assert!(limit(u32::MAX).is_err());
    }

    #[test]
    fn text_is_refused_from_the_first_byte_too_many() {
        for (most_bytes, check) in [
            (MAX_NAME_BYTES, app as fn(&str) -> Result<()>),
            (MAX_NAME_BYTES, device),
            (MAX_NAME_BYTES, profile),
            (MAX_KEY_BYTES, key),
        ] {
            assert!(check(&"a".repeat(most_bytes)).is_ok());
            let refused = check(&"a".repeat(most_bytes + 1)).unwrap_err().to_string();
            assert!(refused.contains(&most_bytes.to_string()), "{refused}");
        }
    }
}
