//! A week of use in time-lapse, second by second as the service sees it, and a year and more of such weeks: how often the
//! disk is written to, how large the file becomes, and how long a question takes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::{
    fs,
    time::{Duration, Instant},
};

use headroom_api::MAX_HISTORY_ROWS;
use headroom_history::{Heard, Judge, MOST_BYTES, MOST_DAYS, News, Reading, Store};

const SECOND_USEC: u64 = 1_000_000;
const MINUTE_USEC: u64 = 60 * SECOND_USEC;
const HOUR_USEC: u64 = 60 * MINUTE_USEC;
const DAY_USEC: u64 = 24 * HOUR_USEC;
/// A midnight in 2027.
const FIRST_USEC: u64 = 1_800_000_000_000_000 / DAY_USEC * DAY_USEC;

/// Something that plays on a day, from one second of it to another.
struct Sitting {
    app: &'static str,
    device: &'static str,
    from_s: u64,
    to_s: u64,
    /// A pause of two minutes comes after so many seconds.
    pause_every_s: u64,
    /// A blast comes after so many seconds.
    blast_every_s: u64,
}

const fn sitting(app: &'static str, device: &'static str, from_h: u64, to_h: u64) -> Sitting {
    let (from_s, to_s) = (from_h * 3600, to_h * 3600);
    Sitting { app, device, from_s, to_s, pause_every_s: 1500, blast_every_s: 5000 }
}

/// Twelve hours, of which six have two applications at once, on loudspeakers and on a headset.
const DAY: [Sitting; 6] = [
    sitting("Firefox", "Speakers", 8, 11),
    sitting("Spotify", "Speakers", 9, 12),
    sitting("Discord", "Headset", 13, 17),
    sitting("Spotify", "Headset", 14, 17),
    sitting("mpv", "Speakers", 18, 22),
    sitting("Steam", "Headset", 21, 23),
];

impl Sitting {
    /// Returns what is read of it in a second of the day.
    fn reading(&self, second: u64) -> Option<Reading> {
        let passed_s = second.checked_sub(self.from_s).filter(|_| second < self.to_s)?;
        if passed_s % self.pause_every_s >= self.pause_every_s - 120 {
            return None;
        }
        let blasts = passed_s % self.blast_every_s == self.blast_every_s / 2;
        let surge_db = if blasts { -14.0 } else { 0.0 };
        Some(Reading {
            app: self.app.into(),
            device: self.device.into(),
            played_s: 1.0,
            held_s: if blasts { 1.0 } else { 0.0 },
            peak_in_dbfs: -1.0,
            momentary_in_lufs: if blasts { -4.0 } else { -20.0 },
            momentary_out_lufs: -18.0,
            short_in_lufs: -20.0,
            short_out_lufs: -19.0,
            surge_db,
            ..Reading::default()
        })
    }
}

/// Lives a day second by second; returns what the service would write, write by write.
fn live(judge: &mut Judge, day: u64) -> Vec<(u64, News)> {
    let (mut writes, mut played_before) = (Vec::new(), false);
    for second in 0..DAY_USEC / SECOND_USEC {
        let now_usec = FIRST_USEC + day * DAY_USEC + second * SECOND_USEC;
        let readings: Vec<_> = DAY.iter().filter_map(|it| it.reading(second)).collect();
        let plays = !readings.is_empty();
        let mut devices: Vec<_> = readings.iter().map(|reading| reading.device.as_str()).collect();
        devices.dedup();
        for device in devices {
            let heard = Heard { device, mean_square: 0.01, played_s: 1.0, volume_db: -12.0 };
            judge.hear(&heard, now_usec);
        }
        let news = match (plays, played_before) {
            (true, _) => judge.take(&readings, Duration::from_micros(now_usec), now_usec),
            (false, true) => judge.rest(),
            (false, false) => News::default(),
        };
        played_before = plays;
        if !news.is_empty() {
            writes.push((now_usec, news));
        }
    }
    writes
}

/// Moves what was kept by some days.
fn later(news: &News, days: u64) -> News {
    let mut news = news.clone();
    for row in &mut news.catches {
        row.begin_usec += days * DAY_USEC;
        row.end_usec += days * DAY_USEC;
    }
    let numbers = news.minutes.iter_mut().map(|minute| &mut minute.number);
    for number in numbers.chain(news.exposure.iter_mut().map(|minute| &mut minute.number)) {
        *number += days * DAY_USEC / MINUTE_USEC;
    }
    news
}

fn together(writes: &[(u64, News)]) -> News {
    let mut all = News::default();
    for (_, news) in writes {
        all.catches.extend(news.catches.clone());
        all.minutes.extend(news.minutes.clone());
        all.exposure.extend(news.exposure.clone());
    }
    all
}

#[test]
fn weeks_of_use_stay_small_quick_and_seldom_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::new(folder.path().join("history.sqlite"));
    let (mut judge, mut by_hour) = (Judge::default(), vec![0_u32; 7 * 24]);
    let mut last_day = News::default();
    for day in 0..7 {
        let writes = live(&mut judge, day);
        for (at_usec, news) in &writes {
            by_hour[((at_usec - FIRST_USEC) / HOUR_USEC) as usize] += 1;
            store.keep(news.clone(), *at_usec).unwrap();
        }
        last_day = together(&writes);
    }
    let size = |store: &Store| fs::metadata(store.path()).unwrap().len();
    let week_bytes = size(&store);
    let (writes, most) = (by_hour.iter().sum::<u32>(), by_hour.iter().max().unwrap());
    let used = by_hour.iter().filter(|writes| **writes > 0).count();
    let caught = store.catches(0, 5000).unwrap().len();
    println!(
        "a week: {writes} writes, {:.1} in an hour of use, {most} at most; {caught} catches; {week_bytes} bytes",
        f64::from(writes) / used as f64
    );
    assert!(caught >= 7 * 12 && *most <= 30, "{by_hour:?}");

    // As one write in three days, where the service makes many: the file is the same.
    let mut month_bytes = 0;
    for first in (7..MOST_DAYS).step_by(3) {
        let days: Vec<_> = (first..first + 3).map(|day| (day, later(&last_day, day - 6))).collect();
        store.keep(together(&days), FIRST_USEC + (first + 3) * DAY_USEC).unwrap();
        if first + 3 == 31 {
            month_bytes = size(&store);
        }
    }
    let (bytes, end) = (size(&store), FIRST_USEC + MOST_DAYS * DAY_USEC);
    let mut slowest = Duration::ZERO;
    let mut timed = |what: &str, ask: &mut dyn FnMut(&mut Store) -> usize| {
        let start = Instant::now();
        let rows = ask(&mut store);
        println!("{what}: {rows} rows in {:?}", start.elapsed());
        slowest = slowest.max(start.elapsed());
        assert!(rows > 0);
    };
    for (what, days, step_usec) in [
        ("history, a day by hours", 1, HOUR_USEC),
        ("history, a week by days", 7, DAY_USEC),
        ("history, 400 days by days", MOST_DAYS, DAY_USEC),
    ] {
        let range = (end - days * DAY_USEC, end);
        timed(what, &mut |store| store.history(range, step_usec, MAX_HISTORY_ROWS).unwrap().len());
    }
    for (what, days, step_usec) in [
        ("exposure, 4 weeks by weeks", 28, 7 * DAY_USEC),
        ("exposure, 400 days by weeks", MOST_DAYS, 7 * DAY_USEC),
        ("exposure, 400 days by days", MOST_DAYS, DAY_USEC),
    ] {
        let range = (end - days * DAY_USEC, end);
        timed(what, &mut |store| store.exposure(range, step_usec, MAX_HISTORY_ROWS).unwrap().len());
    }
    timed("catches of 400 days", &mut |store| store.catches(0, MAX_HISTORY_ROWS).unwrap().len());
    println!("a month is {month_bytes} bytes, 400 days {bytes}; slowest question {slowest:?}");
    assert!(month_bytes < 4 << 20 && bytes < MOST_BYTES, "{month_bytes} {bytes}");
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}
