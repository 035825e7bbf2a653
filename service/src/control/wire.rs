//! Values as they go over the bus.

use headroom_api::{Dict, FLOOR_DB};
use zbus::{OwnedVariant, Variant};

/// Collects an `a{sv}`.
#[derive(Debug, Default)]
pub(super) struct DictBuilder(Dict);

impl DictBuilder {
    /// Adds an entry.
    pub(super) fn with<'a>(mut self, key: &str, value: impl Into<Variant<'a>>) -> Self {
        // Fails for a value that holds a file descriptor only; there is none here.
        if let Ok(value) = OwnedVariant::try_from(value.into()) {
            self.0.insert(key.to_owned(), value);
        }
        self
    }

    /// Returns what was collected.
    pub(super) fn build(self) -> Dict {
        self.0
    }
}

/// A level that may go over the bus: finite, and never below the floor.
pub(super) fn level_db(value: f32) -> f64 {
    if value.is_finite() { f64::from(value).max(FLOOR_DB) } else { FLOOR_DB }
}
