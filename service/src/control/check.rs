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
