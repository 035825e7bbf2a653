//! Owns the conversions between decibels, octaves of gain and linear gain; pure functions.

/// The lowest level, in decibels, that any reading of this crate reports.
pub const FLOOR_DB: f32 = -120.0;

/// Decibels of one octave of gain, `20 log10 2`.
pub(crate) const DB_PER_OCTAVE: f32 = 6.020_6;
/// Octaves of gain of one decibel.
pub(crate) const OCTAVES_PER_DB: f32 = 0.166_096_4;

/// Converts decibels to linear gain.
///
/// # Real-time
/// Safe.
pub fn db_to_gain(db: f32) -> f32 {
    10.0_f32.powf(db * 0.05)
}

/// Converts linear gain to decibels, [`FLOOR_DB`] at the lowest and never NaN.
///
/// # Real-time
/// Safe.
pub fn gain_to_db(gain: f32) -> f32 {
    finite_db(20.0 * gain.abs().log10())
}

/// Holds a reading in decibels to finite values of at least [`FLOOR_DB`].
pub(crate) fn finite_db(db: f32) -> f32 {
    if db.is_nan() { FLOOR_DB } else { db.clamp(FLOOR_DB, 240.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_and_gain_are_inverse() {
        for db in [-60.0, -6.0, 0.0, 3.5, 24.0] {
            assert!((gain_to_db(db_to_gain(db)) - db).abs() < 1e-4);
        }
        assert!((DB_PER_OCTAVE * OCTAVES_PER_DB - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_reading_is_never_below_the_floor_or_not_a_number() {
        for gain in [0.0, -0.0, f32::NAN, f32::MIN_POSITIVE] {
            assert!((gain_to_db(gain) - FLOOR_DB).abs() < f32::EPSILON);
        }
        assert!(gain_to_db(f32::INFINITY).is_finite());
    }
}
