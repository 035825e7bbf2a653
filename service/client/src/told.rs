//! What the service tells of one thing.

use std::ops::Deref;

use headroom_api::{Dict, Row};
use serde_json::Value;

use crate::json::dict_json;

/// A row, and the dictionary that it was read from: JSON loses nothing, whatever a newer service tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told<T> {
    /// What this version understands.
    pub row: T,
    /// All that was told.
    pub dict: Dict,
}

impl<T> Told<T> {
    /// Returns all that was told, as JSON; keys are sorted.
    pub fn json(&self) -> Value {
        dict_json(&self.dict)
    }
}

impl<T: Row> From<Dict> for Told<T> {
    fn from(dict: Dict) -> Self {
        Self { row: T::read_row(&dict), dict }
    }
}

impl<T> Deref for Told<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}
