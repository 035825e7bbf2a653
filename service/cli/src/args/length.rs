//! A length of time, as it is typed.

use headroom_api::BYPASS_FOR_S;

/// Reads a length of time: a number of seconds, or one with `s`, `m` or `h`.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let number: u32 = number.trim().parse().map_err(|_| "write 90s, 30m or 2h".to_owned())?;
    let seconds = number.checked_mul(unit).filter(|seconds| BYPASS_FOR_S.contains(seconds));
    seconds.ok_or_else(|| "from 1s to 24h are accepted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_of_time_is_read_with_its_unit() {
        for (text, read) in
            [("90", 90), ("90s", 90), ("30m", 1800), (" 2h ", 7200), ("24h", 86_400)]
        {
            assert_eq!(seconds(text), Ok(read), "{text}");
        }
        for text in ["", "m", "0", "0h", "25h", "-5m", "1.5h", "30 minutes", "99999999h", "5ü"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
