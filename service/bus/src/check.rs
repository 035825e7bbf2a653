//! The lengths and ranges of what a caller sends, checked before anything is done with it.

use headroom_api::{BYPASS_FOR_S, Error, MAX_KEY_BYTES, MAX_NAME_BYTES, Result};

/// Checks the length of an application's name.
pub(super) fn app(name: &str) -> Result<()> {
    within("the application's name", name, MAX_NAME_BYTES)
}

/// Checks the length of a profile's name.
pub(super) fn profile(name: &str) -> Result<()> {
    within("the profile's name", name, MAX_NAME_BYTES)
}

/// Checks the length of a setting's key.
pub(super) fn key(key: &str) -> Result<()> {
    within("the key", key, MAX_KEY_BYTES)
}

/// Checks for how long everything is to be bypassed, in seconds.
pub(super) fn bypass_for(seconds: u32) -> Result<()> {
    if BYPASS_FOR_S.contains(&seconds) {
        return Ok(());
    }
    Err(Error::InvalidValue(format!(
        "{seconds} s is out of range: {} to {} s are accepted",
        BYPASS_FOR_S.start(),
        BYPASS_FOR_S.end()
    )))
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
    }

    #[test]
    fn text_is_refused_from_the_first_byte_too_many() {
        for (most_bytes, check) in [
            (MAX_NAME_BYTES, app as fn(&str) -> Result<()>),
            (MAX_NAME_BYTES, profile),
            (MAX_KEY_BYTES, key),
        ] {
            assert!(check(&"a".repeat(most_bytes)).is_ok());
            let refused = check(&"a".repeat(most_bytes + 1)).unwrap_err().to_string();
            assert!(refused.contains(&most_bytes.to_string()), "{refused}");
        }
    }
}
