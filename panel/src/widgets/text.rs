//! Numbers and words that the widgets draw.
#![forbid(unsafe_code)]

/// Returns a number of decibels with one decimal, a real minus sign and its unit.
pub(super) fn db(value_db: f64) -> String {
    // No "−0.0".
    let value_db = if value_db.abs() < 0.05 { 0.0 } else { value_db };
    format!("{value_db:.1} dB").replace('-', "−")
}
