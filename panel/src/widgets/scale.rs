//! Where a level or a gain stands on a bar: decibels to a share of its length.
#![forbid(unsafe_code)]

/// Lowest level that a gauge shows, in dBFS.
pub(super) const FLOOR_DBFS: f64 = -60.0;

/// Level and share of the bar at each bend: the deflection of IEC 60268-18 from -50 dBFS up, drawn down to nothing
/// at -60 dBFS. Half of the bar belongs to the upper 20 dB, where the ear and the limiter decide.
const BENDS: [(f64, f64); 6] =
    [(FLOOR_DBFS, 0.0), (-50.0, 0.075), (-40.0, 0.15), (-30.0, 0.30), (-20.0, 0.50), (0.0, 1.0)];

/// Returns the share of the bar, 0 to 1, at which a level in dBFS stands.
pub(super) fn level_share(level_dbfs: f64) -> f64 {
    if level_dbfs.is_nan() || level_dbfs <= FLOOR_DBFS {
        return 0.0;
    }
    BENDS.windows(2).find(|pair| level_dbfs <= pair[1].0).map_or(1.0, |pair| {
        let ((from_db, from), (to_db, to)) = (pair[0], pair[1]);
        from + (to - from) * (level_dbfs - from_db) / (to_db - from_db)
    })
}

/// Returns the share of a bar of `span_db` decibels that `gain_db` covers, -1 to 1.
pub(super) fn gain_share(gain_db: f64, span_db: f64) -> f64 {
    if gain_db.is_nan() { 0.0 } else { (gain_db / span_db).clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_scale_are_the_ends_of_the_bar() {
        assert!(level_share(-60.0).abs() < 1e-12);
        assert!((level_share(0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_lies_outside_stays_on_the_bar() {
        for (level_dbfs, share) in [
            (12.0, 1.0),
            (f64::INFINITY, 1.0),
            (-90.0, 0.0),
            (f64::NEG_INFINITY, 0.0),
            (f64::NAN, 0.0),
        ] {
            assert!((level_share(level_dbfs) - share).abs() < 1e-12, "{level_dbfs}");
        }
    }

    #[test]
    fn a_louder_level_stands_further_along_and_never_jumps() {
        let mut before = level_share(-60.0);
        for step in 1..=6000 {
            let share = level_share(-60.0 + f64::from(step) / 100.0);
            assert!(share > before && share - before < 0.001);
            before = share;
        }
    }

    #[test]
    fn the_upper_twenty_decibels_fill_half_of_the_bar() {
        assert!((level_share(-20.0) - 0.5).abs() < 1e-12);
        assert!((level_share(-10.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_gain_covers_its_share_of_the_span_on_either_side() {
        assert!((gain_share(-6.0, 12.0) + 0.5).abs() < 1e-12);
        assert!((gain_share(3.0, 12.0) - 0.25).abs() < 1e-12);
        assert!((gain_share(-40.0, 12.0) + 1.0).abs() < 1e-12);
        assert!(gain_share(f64::NAN, 12.0).abs() < 1e-12);
    }
}
