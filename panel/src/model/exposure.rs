//! How much sound reached a device, week by week.

use headroom_api::ExposureRow;

use super::Past;

/// Weeks that are looked at, the last seven days among them.
pub const WEEKS: usize = 8;
/// Length of a week, in microseconds.
pub const WEEK_USEC: u64 = 7 * 86_400_000_000;
/// A difference that says nothing, in dB.
const ALIKE_DB: f64 = 1.0;
/// Uncalibrated weeks that are so much softer than the loudest have no bar, in dB.
const SHOWN_DB: f64 = 20.0;

/// What reached one device, the oldest week first; nothing in a week without sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weeks([Option<ExposureRow>; WEEKS]);

/// How a week compares with the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trend {
    /// About as much.
    Alike,
    /// So many dB more.
    More(f64),
    /// So many dB less.
    Less(f64),
}

impl Past {
    /// Returns the weeks of a device, by its `node.name`.
    pub fn weeks(&self, device: &str) -> Weeks {
        let mut weeks = Weeks::default();
        let begin_usec = self.weeks_begin_usec();
        for row in self.exposure.iter().filter(|row| row.device == device) {
            let at = row.begin_usec.checked_sub(begin_usec).map(|passed| passed / WEEK_USEC);
            let week = at.and_then(|at| weeks.0.get_mut(usize::try_from(at).ok()?));
            if let Some(week) = week {
                *week = Some(row.clone());
            }
        }
        weeks
    }

    /// Returns when the oldest of the weeks begins, in microseconds since 1970: they end with the last day.
    pub fn weeks_begin_usec(&self) -> u64 {
        weeks_begin_usec(&self.edges_usec)
    }
}

/// Returns when the oldest week begins, of those that end with the last of these days.
pub fn weeks_begin_usec(edges_usec: &[u64]) -> u64 {
    let end_usec = edges_usec.last().copied().unwrap_or(0);
    end_usec.saturating_sub(WEEKS as u64 * WEEK_USEC)
}

impl Weeks {
    /// Returns each week, the oldest first.
    pub fn all(&self) -> &[Option<ExposureRow>; WEEKS] {
        &self.0
    }

    /// Returns the last seven days.
    pub fn last(&self) -> Option<&ExposureRow> {
        self.0[WEEKS - 1].as_ref()
    }

    /// Says whether no sound was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns how the last seven days compare with the week before.
    pub fn trend(&self) -> Option<Trend> {
        let change_db = self.last()?.energy_db() - self.0[WEEKS - 2].as_ref()?.energy_db();
        Some(match change_db {
            db if db.abs() < ALIKE_DB => Trend::Alike,
            db if db > 0.0 => Trend::More(db),
            db => Trend::Less(-db),
        })
    }

    /// Returns the height of each week's bar, 0.0 to 1.0: by the dose where it is known, else by the level.
    pub fn heights(&self) -> [f64; WEEKS] {
        let rows = || self.0.iter().flatten();
        let most_dose = rows().filter_map(|row| row.dose).fold(0.0, f64::max);
        let most_db = rows().map(ExposureRow::energy_db).fold(f64::MIN, f64::max);
        let height = |row: &ExposureRow| match row.dose {
            Some(dose) if most_dose > 0.0 => dose / most_dose,
            Some(_) => 0.0,
            None => 1.0 + (row.energy_db() - most_db) / SHOWN_DB,
        };
        self.0.each_ref().map(|row| row.as_ref().map_or(0.0, height).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END_USEC: u64 = 100 * WEEK_USEC;

    fn week(device: &str, ago: u64, level_dbfs: f64, dose: Option<f64>) -> ExposureRow {
        let begin_usec = END_USEC - (ago + 1) * WEEK_USEC;
        let device = device.into();
        ExposureRow {
            begin_usec,
            device,
            played_s: 3600.0,
            level_dbfs,
            dose,
            ..ExposureRow::default()
        }
    }

    fn past(exposure: Vec<ExposureRow>) -> Past {
        Past { edges_usec: vec![END_USEC - 1, END_USEC], exposure, ..Past::default() }
    }

    #[test]
    fn weeks_of_a_device_end_with_the_last_day() {
        let rows =
            vec![week("a", 0, -30.0, None), week("b", 0, 0.0, None), week("a", 9, -1.0, None)];
        let past = past(rows);
        let weeks = past.weeks("a");
        assert_eq!(weeks.all().iter().flatten().count(), 1);
        assert!(weeks.last().is_some() && weeks.trend().is_none());
        assert!(past.weeks("c").is_empty());
    }

    #[test]
    fn trend_and_bars_follow_the_energy() {
        let of =
            |last_db| past(vec![week("a", 1, -30.0, None), week("a", 0, last_db, None)]).weeks("a");
        assert_eq!(of(-30.5).trend(), Some(Trend::Alike));
        assert!(matches!(of(-27.0).trend(), Some(Trend::More(db)) if (db - 3.0).abs() < 1e-9));
        assert!(matches!(of(-40.0).trend(), Some(Trend::Less(db)) if (db - 10.0).abs() < 1e-9));
        let heights = of(-40.0).heights();
        assert!((heights[6] - 1.0).abs() < 1e-9 && (heights[7] - 0.5).abs() < 1e-9);
        let dosed = past(vec![week("a", 1, -30.0, Some(0.1)), week("a", 0, -36.0, Some(0.025))]);
        assert!((dosed.weeks("a").heights()[7] - 0.25).abs() < 1e-9);
    }
}
