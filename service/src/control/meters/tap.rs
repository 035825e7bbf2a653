//! Reading a stream's tap: the trait that the hub reads through, and readings put together.

use crate::rt::{TapReader, TapReading};

/// The reading end of a stream's tap.
pub trait StreamTap: std::fmt::Debug + Send {
    /// Returns what was heard since the last take; `None` when nothing came.
    fn take(&mut self) -> Option<TapReading>;
}

impl StreamTap for TapReader {
    fn take(&mut self) -> Option<TapReading> {
        Self::take(self)
    }
}

/// Returns both readings as one, as if they had been taken at once.
pub(super) fn merged(earlier: TapReading, later: TapReading) -> TapReading {
    let frames = earlier.frames + later.frames;
    let share = if frames == 0 { 0.0 } else { later.frames as f64 / frames as f64 };
    let (before, after) = (f64::from(earlier.mean_square), f64::from(later.mean_square));
    TapReading {
        peak: earlier.peak.max(later.peak),
        mean_square: (before + (after - before) * share) as f32,
        frames,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are handed on, not computed")]

    use super::*;

    #[test]
    fn merged_readings_weigh_by_their_length() {
        let quiet = TapReading { peak: 0.1, mean_square: 0.0, frames: 300 };
        let loud = TapReading { peak: 0.9, mean_square: 0.4, frames: 100 };
        for merged in [merged(quiet, loud), merged(loud, quiet)] {
            assert_eq!(merged.peak, 0.9);
            assert!((merged.mean_square - 0.1).abs() < 1e-7, "{merged:?}");
            assert_eq!(merged.frames, 400);
        }
        let nothing = TapReading { peak: 0.0, mean_square: 0.0, frames: 0 };
        assert_eq!(merged(nothing, nothing), nothing);
    }
}
