//! Values as they go over the bus.

use headroom_api::{DeviceGauges, FLOOR_DB};

use crate::rt::Gauges;

/// A level that may go over the bus: finite, and never below the floor.
pub(super) fn level_db(value: f32) -> f64 {
    if value.is_finite() { f64::from(value).max(FLOOR_DB) } else { FLOOR_DB }
}

/// Returns what another device's chain does now, its guard included.
pub fn device_gauges(gauges: &Gauges) -> DeviceGauges {
    let (meters, guard_db) = (gauges.read(), gauges.guard_db());
    DeviceGauges {
        gain_db: level_db(meters.gain_db + guard_db),
        leveller_db: level_db(meters.leveller_db),
        surge_db: level_db(meters.surge_db),
        compressor_db: level_db(meters.compressor_db),
        cap_db: level_db(meters.cap_db),
        limiter_db: level_db(meters.limiter_db),
        guard_db: level_db(guard_db),
    }
}
