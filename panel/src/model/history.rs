//! What was caught, over the time that is looked at.

use std::collections::BTreeMap;

use headroom_api::{CatchRow, ExposureRow, HistoryRow};

/// Catches that are shown one by one.
const BIGGEST: usize = 5;

/// How far one looks back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// Since the last midnight.
    #[default]
    Today,
    /// The last seven days, today with them.
    Week,
    /// The last thirty.
    Month,
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 3] = [Self::Today, Self::Week, Self::Month];

    /// Returns how many days it has.
    pub const fn days(self) -> usize {
        match self {
            Self::Today => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }
}

/// What was kept of some days; texts are safe to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// When each day begins, in microseconds since 1970, and at last when the last one ends.
    pub edges_usec: Vec<u64>,
    /// What was caught, the newest first.
    pub catches: Vec<CatchRow>,
    /// What was played.
    pub steps: Vec<HistoryRow>,
    /// How much sound reached devices, by the weeks until the last of these days.
    pub exposure: Vec<ExposureRow>,
}

/// One application over all these days.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastApp {
    /// Its name; empty where several played as one.
    pub name: String,
    /// For how long it played, in seconds.
    pub played_s: f64,
    /// How often something of it was caught.
    pub catches: usize,
}

impl Past {
    /// Returns how often something was caught on each day.
    pub fn days(&self) -> Vec<usize> {
        let days = self.edges_usec.windows(2).map(|edges| edges[0]..edges[1]);
        days.map(|day| self.catches.iter().filter(|it| day.contains(&it.begin_usec)).count())
            .collect()
    }

    /// Returns the catches that saved most, the greatest first.
    pub fn biggest(&self) -> Vec<&CatchRow> {
        let mut catches: Vec<_> = self.catches.iter().collect();
        catches.sort_by(|a, b| b.saved_lu().total_cmp(&a.saved_lu()));
        catches.truncate(BIGGEST);
        catches
    }

    /// Returns each application, the one that was caught most often first, then by how long it played.
    pub fn apps(&self) -> Vec<PastApp> {
        let mut apps = BTreeMap::<&str, PastApp>::new();
        for step in &self.steps {
            apps.entry(&step.app).or_default().played_s += step.played_s;
        }
        for row in &self.catches {
            apps.entry(&row.app).or_default().catches += 1;
        }
        let named = |(name, app): (&str, PastApp)| PastApp { name: name.to_owned(), ..app };
        let mut apps: Vec<_> = apps.into_iter().map(named).collect();
        apps.sort_by(|a, b| b.catches.cmp(&a.catches).then(b.played_s.total_cmp(&a.played_s)));
        apps
    }

    /// Says whether nothing was played.
    pub fn is_empty(&self) -> bool {
        self.catches.is_empty() && self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(app: &str, begin_usec: u64, loudness_in_lufs: f64) -> CatchRow {
        let loudness_out_lufs = -20.0;
        let app = app.into();
        CatchRow { app, begin_usec, loudness_in_lufs, loudness_out_lufs, ..CatchRow::default() }
    }

    fn past() -> Past {
        let played =
            |app: &str, played_s| HistoryRow { app: app.into(), played_s, ..HistoryRow::default() };
        Past {
            edges_usec: vec![0, 100, 200, 300],
            catches: vec![
                caught("mpv", 250, -3.0),
                caught("Firefox", 240, -9.0),
                caught("mpv", 20, -15.0),
            ],
            steps: vec![played("Spotify", 9.0), played("Firefox", 5.0), played("Spotify", 2.0)],
            exposure: Vec::new(),
        }
    }

    #[test]
    fn each_day_has_its_catches() {
        assert_eq!(past().days(), [1, 0, 2]);
        assert!(Past::default().days().is_empty() && Past::default().is_empty());
    }

    #[test]
    fn greatest_saving_comes_first() {
        let past = past();
        let levels: Vec<_> = past.biggest().iter().map(|it| it.loudness_in_lufs).collect();
        assert_eq!(levels, [-3.0, -9.0, -15.0]);
        assert_eq!(Past { catches: vec![caught("a", 1, 0.0); 9], ..past }.biggest().len(), BIGGEST);
    }

    #[test]
    fn application_that_was_caught_most_comes_first() {
        let apps = past().apps();
        let names: Vec<_> = apps.iter().map(|app| (app.name.as_str(), app.catches)).collect();
        assert_eq!(names, [("mpv", 2), ("Firefox", 1), ("Spotify", 0)]);
        assert!((apps[2].played_s - 11.0).abs() < 1e-9);
    }
}
