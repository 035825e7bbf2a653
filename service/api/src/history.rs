//! What was caught, and how loud it was: rows of `Catches`, `History` and `Caught`.

use crate::{
    types::{FLOOR_DB, string_enum},
    wire::{Word, row},
};

/// Most rows that `Catches` and `History` return at a time.
pub const MAX_HISTORY_ROWS: usize = 5000;

string_enum! {
    /// The stage that caught something.
    CaughtBy {
        /// The catcher of blasts.
        Surge = "surge",
        /// "Never louder than", the highest momentary loudness.
        Cap = "cap",
        /// The limiter's soft tier.
        Soft = "soft",
        /// The limiter's hard tier.
        Hard = "hard",
    }
}

row! {
    /// One catch. Names are the applications' and devices' own and **not** safe to show.
    pub CatchRow {
        /// When it began, in microseconds of `CLOCK_REALTIME`.
        begin_usec: u64 = "begin",
        /// When it was over.
        end_usec: u64 = "end",
        /// For how much of that it was held, in seconds.
        held_s: f64 = "held-s",
        /// The application; empty where several played as one.
        app: String = "app",
        /// The device's name for people.
        device: String = "device",
        /// Highest momentary loudness before, in LUFS.
        loudness_in_lufs: f64 = "loudness-in" or FLOOR_DB,
        /// Highest momentary loudness behind, in LUFS.
        loudness_out_lufs: f64 = "loudness-out" or FLOOR_DB,
        /// Highest sample before, in dBFS.
        peak_in_dbfs: f64 = "peak-in" or FLOOR_DB,
        /// Deepest gain of the stage that caught it, in dB.
        gain_db: f64 = "gain",
        /// That stage.
        by: Word<CaughtBy> = "by",
    }
}

row! {
    /// What an application played to a device in one step of time. Names are **not** safe to show.
    pub HistoryRow {
        /// When the step begins, in microseconds of `CLOCK_REALTIME`.
        begin_usec: u64 = "begin",
        /// The application; empty where several played as one.
        app: String = "app",
        /// The device's name for people.
        device: String = "device",
        /// For how long it played, in seconds.
        played_s: f64 = "played-s",
        /// Energy mean of the loudness before, in LUFS.
        loudness_in_lufs: f64 = "loudness-in" or FLOOR_DB,
        /// Energy mean of the loudness behind, in LUFS.
        loudness_out_lufs: f64 = "loudness-out" or FLOOR_DB,
        /// Highest momentary loudness before, in LUFS.
        loudest_in_lufs: f64 = "loudest-in" or FLOOR_DB,
        /// Highest momentary loudness behind, in LUFS.
        loudest_out_lufs: f64 = "loudest-out" or FLOOR_DB,
        /// Deepest gain of a stage that holds, in dB.
        gain_db: f64 = "gain",
        /// Catches that began in it.
        catches: u32 = "catches",
    }
}

impl CatchRow {
    /// Returns by how much what was heard was softer than what came, in LU, zero or more.
    pub fn saved_lu(&self) -> f64 {
        (self.loudness_in_lufs - self.loudness_out_lufs).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dict;

    #[test]
    fn catch_survives_the_wire() {
        let row = CatchRow {
            begin_usec: 7,
            app: "mpv".into(),
            loudness_in_lufs: -3.5,
            loudness_out_lufs: -18.0,
            by: CaughtBy::Surge.into(),
            ..CatchRow::default()
        };
        assert_eq!(CatchRow::from_dict(&row.to_dict()), row);
        assert_eq!(row.saved_lu(), 14.5);
        assert_eq!(CatchRow::from_dict(&Dict::new()).saved_lu(), 0.0);
    }

    #[test]
    fn step_of_history_survives_the_wire() {
        let row = HistoryRow { played_s: 2.5, catches: 3, gain_db: -9.0, ..HistoryRow::default() };
        assert_eq!(HistoryRow::from_dict(&row.to_dict()), row);
    }
}
