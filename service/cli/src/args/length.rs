//! A length of time, as it is typed.

use headroom_api::{BYPASS_FOR_S, COMPARE_S};

/// Reads how long everything is to be off: a number of seconds, or one with `s`, `m` or `h`.
pub(super) fn off_seconds(text: &str) -> Result<u32, String> {
    let seconds = seconds(text).filter(|seconds| BYPASS_FOR_S.contains(seconds));
    seconds.ok_or_else(|| "write 90s, 30m or 2h; from 1s to 24h are accepted".to_owned())
}

/// Reads how long a comparison is to last, as above.
pub(super) fn compare_seconds(text: &str) -> Result<u32, String> {
    let seconds = seconds(text).filter(|seconds| COMPARE_S.contains(seconds));
    seconds.ok_or_else(|| "write 10s; up to 30s are accepted, and 0 ends it".to_owned())
}

fn seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    number.trim().parse::<u32>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_of_time_is_read_with_its_unit() {
        for (text, read) in
            [("90", 90), ("90s", 90), ("30m", 1800), (" 2h ", 7200), ("24h", 86_400)]
        {
            assert_eq!(off_seconds(text), Ok(read), "{text}");
        }
        for text in ["", "m", "0", "0h", "25h", "-5m", "1.5h", "30 minutes", "99999999h", "5ü"] {
            assert!(off_seconds(text).is_err(), "{text}");
        }
        assert_eq!((compare_seconds("0"), compare_seconds("30s")), (Ok(0), Ok(30)));
        assert!(compare_seconds("31").is_err() && compare_seconds("1m").is_err());
    }
}
