//! Values as they go over the bus.

use headroom_api::FLOOR_DB;

/// A level that may go over the bus: finite, and never below the floor.
pub(super) fn level_db(value: f32) -> f64 {
    if value.is_finite() { f64::from(value).max(FLOOR_DB) } else { FLOOR_DB }
}
