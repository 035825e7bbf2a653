//! What holds of the file.

use std::io::{Seek as _, SeekFrom, Write as _};

use headroom_api::CaughtBy;

use super::*;
use crate::minute::Minute;

/// Some time in 2027.
const NOW_USEC: u64 = 1_800_000_000_000_000;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("headroom/history.sqlite"));
    (folder, store)
}

fn caught(app: &str, begin_usec: u64, gain_db: f64) -> CatchRow {
    CatchRow {
        begin_usec,
        end_usec: begin_usec + 2_000_000,
        held_s: 1.5,
        app: app.into(),
        device: "Speakers".into(),
        loudness_in_lufs: -4.0,
        loudness_out_lufs: -18.0,
        peak_in_dbfs: -0.1,
        gain_db,
        by: CaughtBy::Surge.into(),
    }
}

fn minute(app: &str, begin_usec: u64) -> Minute {
    Minute {
        number: begin_usec / MINUTE_USEC,
        app: app.into(),
        device: "Speakers".into(),
        played_s: 60.0,
        energy_in: 60.0 * 0.01,
        energy_out: 60.0 * 0.001,
        loudest_in_lufs: -9.0,
        loudest_out_lufs: -15.0,
        gain_db: -6.0,
    }
}

fn news(catches: &[CatchRow], minutes: &[Minute]) -> News {
    News { catches: catches.to_vec(), minutes: minutes.to_vec(), exposure: Vec::new() }
}

fn set_aside(store: &Store) -> usize {
    let files = salvage::set_aside_before(store.path());
    files.iter().filter(|file| !file.to_string_lossy().ends_with("-journal")).count()
}

#[test]
fn catch_is_kept_as_it_was() {
    let (_folder, mut store) = store();
    assert_eq!(store.catches(0, 10).unwrap(), []);
    assert!(!store.path().exists(), "who only looks makes no file");
    let rows = [caught("mpv", NOW_USEC, -12.34), caught("ünï \"x\"", NOW_USEC + 9, -9.0)];
    store.keep(news(&rows, &[]), NOW_USEC).unwrap();
    // Another service of the same home, or the next one.
    let mut other = Store::new(store.path().to_owned());
    assert_eq!(other.catches(0, 10).unwrap(), [rows[1].clone(), rows[0].clone()]);
    assert_eq!(other.catches(0, 1).unwrap(), [rows[1].clone()]);
    assert_eq!(other.catches(NOW_USEC + 1, 10).unwrap(), [rows[1].clone()]);
}

#[test]
fn minutes_of_one_step_are_one_row() {
    let (_folder, mut store) = store();
    let hour = 3_600_000_000;
    let from = NOW_USEC / hour * hour;
    let minutes: Vec<Minute> = (0..90).map(|n| minute("mpv", from + n * MINUTE_USEC)).collect();
    store.keep(news(&[caught("mpv", from + hour, -9.0)], &minutes), NOW_USEC).unwrap();
    // Half of a minute that was interrupted comes again.
    store.keep(news(&[], &[minute("mpv", from)]), NOW_USEC).unwrap();
    let rows = store.history((from, from + 24 * hour), hour, 100).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].begin_usec, rows[0].played_s), (from, 61.0 * 60.0));
    assert!((rows[0].loudness_in_lufs + 20.0).abs() < 1e-6);
    assert!((rows[0].loudness_out_lufs + 30.0).abs() < 1e-6);
    assert_eq!((rows[0].catches, rows[1].catches), (0, 1));
    assert_eq!((rows[1].gain_db, rows[1].loudest_in_lufs), (-9.0, -4.0));
    assert_eq!(store.history((from, from + hour), hour, 100).unwrap().len(), 1);
    assert_eq!(store.history((from, from + 24 * hour), hour, 1).unwrap().len(), 1);
}

#[test]
fn file_is_for_its_owner_alone() {
    let (_folder, mut store) = store();
    store.keep(news(&[caught("mpv", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    for entry in fs::read_dir(store.path().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let mut next = Store::new(store.path().to_owned());
    assert_eq!(next.catches(0, 10).unwrap().len(), 1);
    assert_eq!(fs::metadata(next.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn clear_leaves_nothing_anywhere() {
    let (_folder, mut store) = store();
    store.keep(news(&[caught("secretive", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    let aside = store.path().with_file_name("history.sqlite.broken-7");
    fs::write(&aside, "secretive").unwrap();
    store.clear().unwrap();
    assert!(!aside.exists());
    assert!(!fs::read(store.path()).unwrap().windows(9).any(|bytes| bytes == b"secretive"));
    assert_eq!(store.catches(0, 10).unwrap(), []);
    store.keep(news(&[caught("mpv", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    assert_eq!(store.catches(0, 10).unwrap().len(), 1);
}

#[test]
fn file_that_is_no_database_is_set_aside() {
    let (_folder, mut store) = store();
    fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    fs::write(store.path(), "this is not a database, however long it may be".repeat(100)).unwrap();
    store.keep(news(&[caught("mpv", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    assert_eq!(store.catches(0, 10).unwrap().len(), 1);
    assert_eq!(set_aside(&store), 1);
}

#[test]
fn rows_before_and_behind_a_damage_are_kept() {
    let (_folder, mut store) = store();
    let rows: Vec<_> = (0..5000).map(|n| caught("mpv", NOW_USEC + n, -9.0)).collect();
    store.keep(news(&rows, &[minute("mpv", NOW_USEC)]), NOW_USEC).unwrap();
    drop(store.connection.take());
    let bytes = fs::metadata(store.path()).unwrap().len();
    let mut file = OpenOptions::new().write(true).open(store.path()).unwrap();
    file.seek(SeekFrom::Start(bytes / 2 / 4096 * 4096)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
    drop(file);
    let kept = store.catches(0, 10_000).unwrap().len();
    assert!(kept > 1000 && kept < 5000, "{kept}");
    assert_eq!(set_aside(&store), 1);
    store.keep(news(&rows[..1], &[]), NOW_USEC).unwrap();
}

#[test]
fn file_of_a_later_version_is_set_aside() {
    let (_folder, mut store) = store();
    store.keep(news(&[caught("mpv", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    store.connection.take().unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(store.catches(0, 10).unwrap().len(), 1, "what can be read of it is kept");
    assert_eq!(set_aside(&store), 1);
}

#[test]
fn earlier_version_is_migrated_step_by_step() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
    connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
    let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 8"];
    schema::migrate(&mut connection, &steps).unwrap();
    schema::migrate(&mut connection, &steps).unwrap();
    assert_eq!(schema::version(&connection).unwrap(), 2);
    let sum: i64 = connection.query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 15);
    assert!(schema::migrate(&mut connection, &[steps[0], steps[1], "nonsense"]).is_err());
    assert_eq!(schema::version(&connection).unwrap(), 2, "half a step was made");
}

#[test]
fn two_services_of_one_home_lose_nothing() {
    let (_folder, store) = store();
    let path = store.path().to_owned();
    let threads: Vec<_> = (0..2)
        .map(|service| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut store = Store::new(path);
                for n in 0..50 {
                    let row = caught("mpv", NOW_USEC + service * 1000 + n, -9.0);
                    store.keep(news(&[row], &[minute("mpv", NOW_USEC)]), NOW_USEC).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut store = Store::new(path);
    assert_eq!(store.catches(0, 1000).unwrap().len(), 100);
    let day =
        store.history((NOW_USEC - MINUTE_USEC, NOW_USEC + MINUTE_USEC), DAY_USEC, 10).unwrap();
    assert!((day[0].played_s - 6000.0).abs() < 1e-9);
}

#[test]
fn full_disk_is_an_error_and_nothing_is_lost_when_there_is_room() {
    let (_folder, mut store) = store();
    store.keep(news(&[caught("mpv", NOW_USEC, -9.0)], &[]), NOW_USEC).unwrap();
    let pages = |count: u64| format!("PRAGMA max_page_count = {count}");
    let limit = |store: &Store, count| {
        let connection = store.connection.as_ref().unwrap();
        connection.query_row(&pages(count), [], |_| Ok(())).unwrap();
    };
    limit(&store, 1);
    let rows: Vec<_> = (1..500).map(|n| caught("mpv", NOW_USEC + n, -9.0)).collect();
    assert!(store.keep(news(&rows, &[]), NOW_USEC).is_err());
    assert!(store.keep(news(&[caught("mpv", 1, -9.0)], &[]), NOW_USEC).is_ok(), "opened anew");
    assert_eq!(store.catches(0, 1000).unwrap().len(), 501);
    let blocker = store.path().parent().unwrap().join("file");
    fs::write(&blocker, "").unwrap();
    let error =
        Store::new(blocker.join("history.sqlite")).keep(news(&rows, &[]), NOW_USEC).unwrap_err();
    assert!(error.to_string().contains("history.sqlite"), "{error}");
}

#[test]
fn what_is_too_old_goes_a_week_at_a_time() {
    let (_folder, mut store) = store();
    let rows: Vec<_> = (0..500).map(|day| caught("mpv", NOW_USEC + day * DAY_USEC, -9.0)).collect();
    store.keep(news(&rows, &[]), NOW_USEC).unwrap();
    // A clock that is years ahead for a day.
    store.keep(news(&[], &[minute("mpv", NOW_USEC)]), NOW_USEC + 5000 * DAY_USEC).unwrap();
    assert_eq!(store.catches(0, 1000).unwrap().len(), 493);
    for day in 500..520 {
        let at = NOW_USEC + day * DAY_USEC;
        store.keep(news(&[], &[minute("mpv", at)]), at).unwrap();
    }
    let oldest = store.catches(0, 1000).unwrap().last().unwrap().begin_usec;
    assert_eq!(oldest, NOW_USEC + 119 * DAY_USEC);
}

#[test]
fn exposure_is_kept_by_minutes_and_told_by_steps() {
    let (_folder, mut store) = store();
    let minute = |number, device: &str, energy| Exposure {
        number,
        device: device.into(),
        played_s: 30.0,
        energy,
    };
    let rows = [(10, "a", 1.0), (10, "a", 2.0), (11, "a", 4.0), (11, "b", 8.0)];
    let exposure = rows.map(|(number, device, energy)| minute(number, device, energy)).to_vec();
    store.keep(News { exposure, ..News::default() }, 12 * MINUTE_USEC).unwrap();
    let of = |store: &mut Store, step: u64| {
        let range = (10 * MINUTE_USEC, 12 * MINUTE_USEC);
        store.exposure(range, step * MINUTE_USEC, 9).unwrap()
    };
    let long = |number, device: &str, played_s, energy| Exposure {
        played_s,
        ..minute(number, device, energy)
    };
    assert_eq!(of(&mut store, 2), [long(0, "a", 90.0, 7.0), long(0, "b", 30.0, 8.0)]);
    assert_eq!(of(&mut store, 1).len(), 3);
    store.keep(news(&[], &[]), 12 * MINUTE_USEC).unwrap();
    let much_later = NOW_USEC;
    store.keep(news(&[], &[self::minute("mpv", much_later)]), much_later).unwrap();
    assert!(of(&mut store, 2).is_empty(), "what is too old goes");
    store.clear().unwrap();
    assert!(of(&mut store, 2).is_empty());
}

#[test]
fn file_that_is_full_loses_its_oldest_days() {
    let (_folder, mut store) = store();
    store.keep(news(&[], &[minute("mpv", NOW_USEC)]), NOW_USEC).unwrap();
    // Many applications at once, for months: in lots that are smaller than what is left beyond.
    let mut first = 1;
    while fs::metadata(store.path()).unwrap().len() <= FULL_BYTES {
        let lot = "WITH RECURSIVE n(i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 + 20000) \
                   INSERT OR IGNORE INTO minutes \
                   SELECT ?1 + i / 7, 3 + i % 7, 2, 60000, 0.6, 0.06, -900, -1500, -600 FROM n";
        let begin = signed(NOW_USEC / MINUTE_USEC);
        store.connection.as_ref().unwrap().execute(lot, (begin, first)).unwrap();
        first += 20_000;
    }
    let mut at = NOW_USEC;
    at += 300 * DAY_USEC;
    store.keep(news(&[], &[minute("mpv", at)]), at).unwrap();
    let connection = store.connection.as_ref().unwrap();
    let used: i64 = connection
        .query_row(
            "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(used as u64 * 4096 <= FULL_BYTES);
    assert!(fs::metadata(store.path()).unwrap().len() <= MOST_BYTES);
    assert!(store.history((at, at + DAY_USEC), DAY_USEC, 10).unwrap().len() == 1);
}

/// Minutes at 80 dB(A), where 0 dBFS is 100 dB(A), that end at a time.
fn at_80_dba(device: &str, until_usec: u64, minutes: u64) -> News {
    let minute = |ago: u64| Exposure {
        number: until_usec / MINUTE_USEC - ago,
        device: device.into(),
        played_s: 60.0,
        energy: 60.0 * 0.01,
    };
    News { exposure: (1..=minutes).map(minute).collect(), ..News::default() }
}

/// Calibrates every device but one.
fn but_speakers(device: &str) -> Option<f64> {
    (device != "speakers").then_some(100.0)
}

#[test]
fn each_whole_hundred_is_new_once_over_restarts() {
    const HOUR_USEC: u64 = 60 * MINUTE_USEC;
    let (_folder, mut store) = store();
    assert_eq!(store.warn_of_dose(but_speakers, NOW_USEC).unwrap(), Dose::default());
    assert!(!store.path().exists(), "who only looks makes no file");
    store.keep(at_80_dba("speakers", NOW_USEC, 6000), NOW_USEC).unwrap();
    store.keep(at_80_dba("a", NOW_USEC, 1399), NOW_USEC).unwrap();
    store.keep(at_80_dba("b", NOW_USEC, 1000), NOW_USEC).unwrap();
    let dose = store.warn_of_dose(but_speakers, NOW_USEC).unwrap();
    assert!((dose.dose - 2399.0 / 2400.0).abs() < 1e-9, "{dose:?}");
    assert_eq!((dose.told, dose.is_new), (0, false));
    store.keep(at_80_dba("b", NOW_USEC + MINUTE_USEC, 1), NOW_USEC).unwrap();
    // Ears are a person's, and devices share them.
    let dose = store.warn_of_dose(but_speakers, NOW_USEC).unwrap();
    assert_eq!((dose.told, dose.is_new), (1, true));
    let mut next = Store::new(store.path().to_owned());
    let dose = next.warn_of_dose(but_speakers, NOW_USEC).unwrap();
    assert_eq!((dose.told, dose.is_new), (1, false));

    // Two hundreds at once are one warning.
    next.keep(at_80_dba("c", NOW_USEC, 2500), NOW_USEC).unwrap();
    next.keep(at_80_dba("d", NOW_USEC, 2500), NOW_USEC).unwrap();
    let dose = next.warn_of_dose(but_speakers, NOW_USEC).unwrap();
    assert_eq!((dose.told, dose.is_new), (3, true));
    // A week later less is left; the first hundred is new again when it was well below.
    let week_later = |hours: u64| NOW_USEC + (7 * 24 - hours) * HOUR_USEC;
    for (hours, told, is_new) in [(12, 1, false), (6, 0, false), (12, 1, true)] {
        let dose = next.warn_of_dose(but_speakers, week_later(hours)).unwrap();
        assert_eq!((dose.told, dose.is_new), (told, is_new), "{hours} h of it: {dose:?}");
    }
    next.clear().unwrap();
    let dose = next.warn_of_dose(but_speakers, NOW_USEC).unwrap();
    assert_eq!((dose.dose, dose.told, dose.is_new), (0.0, 0, false));
}

#[test]
fn dose_that_swings_with_the_days_is_told_once() {
    const DAY_USEC: u64 = 24 * 60 * MINUTE_USEC;
    let (_folder, mut store) = store();
    let mut told = Vec::new();
    // Six hours every evening: 105 % of a week at night, and 90 % before the next evening.
    for day in 0..40 {
        for (hour, minutes) in [(18, 0), (24, 360)] {
            let now_usec = NOW_USEC / DAY_USEC * DAY_USEC + day * DAY_USEC + hour * DAY_USEC / 24;
            store.keep(at_80_dba("a", now_usec, minutes), now_usec).unwrap();
            if store.warn_of_dose(but_speakers, now_usec).unwrap().is_new {
                told.push(day);
            }
        }
    }
    assert_eq!(told, [6]);
}

#[test]
fn level_is_new_once_in_twenty_hours_whatever_the_clock() {
    let (_folder, mut store) = store();
    let hour_usec = 60 * MINUTE_USEC;
    for (hours, is_new) in
        [(0, true), (1, false), (19, false), (20, true), (5, false), (39, false), (40, true)]
    {
        let mut next = Store::new(store.path().to_owned());
        let told = next.warn_of_level(NOW_USEC + hours * hour_usec).unwrap();
        assert_eq!(told, is_new, "after {hours} h");
    }
    assert!(!store.warn_of_level(NOW_USEC + 41 * hour_usec).unwrap());
    drop(store.connection.take());
    // What was told is kept of a file that is damaged.
    let mut file = OpenOptions::new().write(true).open(store.path()).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&99_u32.to_be_bytes()).unwrap();
    drop(file);
    assert!(!store.warn_of_level(NOW_USEC + 42 * hour_usec).unwrap());
    assert_eq!(set_aside(&store), 1);
}
