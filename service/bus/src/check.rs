//! The lengths of what a caller sends, checked before anything is done with it.

use headroom_api::{Error, MAX_KEY_BYTES, MAX_NAME_BYTES, Result};

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
