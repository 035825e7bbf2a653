//! The page of what was caught, in all its states.

use std::time::{SystemTime, UNIX_EPOCH};

use headroom_api::{CatchRow, CaughtBy, DeviceRow, ExposureRow, HistoryRow};
use headroom_testkit::mock::World;

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    pictures::is_taken,
    tree::Role,
};

const MINUTE_USEC: u64 = 60_000_000;
const HOUR_USEC: u64 = 60 * MINUTE_USEC;
const DAY_USEC: u64 = 24 * HOUR_USEC;

fn now_usec() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros().try_into().unwrap()
}

fn caught(app: &str, ago_usec: u64, loudness_in_lufs: f64) -> CatchRow {
    CatchRow {
        begin_usec: now_usec() - ago_usec,
        held_s: 1.9,
        app: app.into(),
        loudness_in_lufs,
        loudness_out_lufs: -18.0,
        by: CaughtBy::Surge.into(),
        ..CatchRow::default()
    }
}

fn played(app: &str, ago_usec: u64, played_s: f64) -> HistoryRow {
    let (begin_usec, app) = (now_usec() - ago_usec, app.into());
    HistoryRow { begin_usec, app, played_s, ..HistoryRow::default() }
}

/// One catch just now, and more on the days before.
fn world() -> World {
    let days = [1, 1, 2, 4, 4, 4, 5, 9, 12, 12, 20, 27];
    let before = days.map(|day| caught("Spotify", day * DAY_USEC, -10.0));
    let mut catches = vec![caught("Firefox", 1, -3.0)];
    catches.extend(before);
    let played = vec![played("Spotify", DAY_USEC, 42_000.0), played("Firefox", 1, 3600.0)];
    let world = worlds::with_streams(3);
    let reached = |ago_days: u64, level_dbfs| ExposureRow {
        begin_usec: now_usec() - ago_days * DAY_USEC - HOUR_USEC,
        device: world.output.name.clone(),
        played_s: 36_000.0,
        level_dbfs,
        ..ExposureRow::default()
    };
    let levels_db = [-36.0, -38.0, -31.0, -35.0, -33.0];
    let exposure = (0..).zip(levels_db).map(|(week, db)| reached(7 * week, db)).collect();
    World { catches, played, exposure, exposure_enabled: true, ..world }
}

#[test]
fn page_says_what_was_caught_and_by_whom() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, world());
    let panel = Panel::start(&desktop);
    panel.wait_says("Firefox");
    panel.turn_to("history");
    panel.wait_says("1 blast was caught");
    panel.wait_says("The greatest came from Firefox: 15\u{a0}dB softer than it was sent");
    panel.press(Role::PUSH_BUTTON, "30 Days");
    panel.wait_says("13 blasts were caught");
    panel.wait_says("Biggest catches");
    panel.wait_switch("Keep this history", true);
    fake.change(|world| world.history_enabled = false);
    panel.wait_switch("Keep this history", false);
    fake.change(|world| {
        world.catches.clear();
        world.played.clear();
    });
    panel.press(Role::PUSH_BUTTON, "7 Days");
    panel.wait_says("The history is off");
    fake.change(|world| world.history_enabled = true);
    panel.wait_says("Nothing has played yet. What Headroom catches is shown here.");
    eventually("no other request", || fake.seen().asked.is_empty());
}

#[test]
fn exposure_is_a_trend_until_a_calibration_makes_a_dose() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, world());
    let panel = Panel::start(&desktop);
    panel.wait_says("Firefox");
    panel.turn_to("history");
    panel.wait_says("brought about 2\u{a0}dB more in the last seven days than in the week before.");
    panel.wait_says("How loud that is at your ear is not known");
    panel.wait_says("10.0 hours played");
    panel.wait_switch("Count it week by week", true);
    fake.change(|world| world.exposure.iter_mut().for_each(|row| row.dose = Some(0.25)));
    panel.press(Role::PUSH_BUTTON, "7 Days");
    panel.wait_says("brought 25% of the sound dose of an adult's week (ITU-T H.870)");
    panel.wait_silent_about("How loud that is at your ear is not known");
    panel.wait_says("This device never warns while nobody knows how loud it is");
    fake.change(|world| {
        let row = DeviceRow { calibration_db: Some(110.0), ..DeviceRow::default() };
        world.device_settings.insert(world.output.name.clone(), row.to_dict());
    });
    panel.wait_says("A notification at each full sound dose of a week");
    panel.press(Role::CHECK_BOX, "Warn when it is much");
    panel.wait_switch("Warn when it is much", true);
    eventually("it was asked for", || {
        fake.seen().asked.iter().any(|asked| asked == "ExposureWarnings true")
    });
    panel.press(Role::CHECK_BOX, "Count it week by week");
    panel.wait_switch("Count it week by week", false);
    panel.wait_silent_about("How loud is what plays now?");
}

#[test]
fn pictures_of_the_history() {
    let desktop = Desktop::silent();
    let _fake = start_mock(&desktop, world());
    let high = Look { size: Some("720x900"), ..Look::default() };
    for (name, look) in [
        ("light", high),
        ("dark", Look { dark: true, ..high }),
        ("narrow", Look { size: Some("360x640"), ..Look::default() }),
        ("german", Look { language: Some("de"), ..high }),
        ("rtl", Look { right_to_left: true, ..high }),
    ]
    .into_iter()
    .filter(|(name, _)| is_taken(name))
    {
        let panel = Panel::looking(&desktop, look);
        panel.wait_says("Firefox");
        panel.turn_to("history");
        panel.wait_says("Firefox");
        let month = if name == "german" { "30 Tage" } else { "30 Days" };
        panel.press(Role::PUSH_BUTTON, month);
        panel.wait(month, |tree| {
            (tree.texts().iter().any(|text| text.starts_with("13 "))).then_some(())
        });
        panel.picture(&format!("history-{name}"));
    }
}

#[test]
fn pictures_of_exposure() {
    let desktop = Desktop::silent();
    let quiet = World { catches: Vec::new(), played: Vec::new(), ..world() };
    let fake = start_mock(&desktop, quiet);
    let high = Look { size: Some("720x900"), ..Look::default() };
    for (name, look) in [
        ("light", high),
        ("dark", Look { dark: true, ..high }),
        ("narrow", Look { size: Some("360x900"), ..Look::default() }),
        ("german", Look { language: Some("de"), ..high }),
        ("narrow-german", Look { language: Some("de"), size: Some("360x900"), ..high }),
        ("rtl", Look { right_to_left: true, ..high }),
    ]
    .into_iter()
    .filter(|(name, _)| is_taken(name))
    {
        let dose = ["dark", "narrow-german"].contains(&name).then_some(0.31);
        fake.change(|world| {
            world.exposure.iter_mut().for_each(|row| row.dose = dose);
            let row = DeviceRow { calibration_db: dose.map(|_| 110.0), ..DeviceRow::default() };
            world.device_settings.insert(world.output.name.clone(), row.to_dict());
            world.exposure_warnings = dose.is_some();
        });
        let panel = Panel::looking(&desktop, look);
        panel.wait_says("Firefox");
        panel.turn_to("history");
        panel.wait_says(if dose.is_some() { "31" } else { "2\u{a0}dB" });
        panel.picture(&format!("exposure-{name}"));
    }
}
