//! `headroom history` against the mock service: what it shows, in every form, and its switch.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on must fail the test")]

#[allow(dead_code, reason = "other tests use the rest of it")]
mod common;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod mock;

use std::time::{SystemTime, UNIX_EPOCH};

use common::{json, stderr, stdout};
use headroom_api::{CatchRow, CaughtBy, HistoryRow};
use headroom_testkit::mock::World;
use mock::{PrivateBus, start_mock, worlds};

const HOUR_USEC: u64 = 3_600_000_000;

fn now_usec() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(now.as_micros()).expect("it is earlier than the year 586,000")
}

fn caught(app: &str, hours_ago: u64) -> CatchRow {
    let begin_usec = now_usec() - hours_ago * HOUR_USEC;
    CatchRow {
        begin_usec,
        end_usec: begin_usec + 2_000_000,
        held_s: 1.9,
        app: app.into(),
        device: "Speakers".into(),
        loudness_in_lufs: -3.24,
        loudness_out_lufs: -17.5,
        peak_in_dbfs: -0.1,
        gain_db: -16.0,
        by: CaughtBy::Surge.into(),
    }
}

fn played(app: &str, hours_ago: u64, catches: u32) -> HistoryRow {
    HistoryRow {
        begin_usec: now_usec() - hours_ago * HOUR_USEC,
        app: app.into(),
        played_s: 1800.0,
        loudness_in_lufs: -16.0,
        loudness_out_lufs: -18.0,
        catches,
        ..HistoryRow::default()
    }
}

/// Three catches within a day, of which one is by a name that wants to be seen.
fn world() -> World {
    let long = "Evil\u{1b}[2J application with a name that never ends, nor does it want to";
    World {
        catches: vec![caught("Firefox", 1), caught(long, 2), caught("Firefox", 20)],
        played: vec![played("Firefox", 20, 1), played(long, 2, 1), played("Firefox", 1, 1)],
        ..worlds::healthy()
    }
}

#[test]
fn history_fits_a_narrow_terminal_and_names_every_catch() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let output = bus.run(&["history", "--since", "23h"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("3 catches from "), "{text}");
    assert!(text.contains("Firefox") && text.contains("-3.2") && text.contains("-17.5"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let text = stdout(&bus.run(&["history", "--since", "23h", "--plot"]));
    assert!(text.contains('█') && text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn one_application_is_shown_alone() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let all = json(&bus.run(&["history", "--since", "23h", "--json", "--app", "firefox"]));
    assert_eq!(all["catches"].as_array().unwrap().len(), 2);
    assert!(all["steps"].as_array().unwrap().iter().all(|step| step["app"] == "Firefox"));
    assert_eq!(all["catches"][0]["by"], "surge");
    let csv = stdout(&bus.run(&["history", "--since", "23h", "--csv", "--app", "Firefox"]));
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.contains(",\"Firefox\",\"Speakers\",-3.24,-17.50,-0.10,-16.00,\"surge\""), "{csv}");
}

#[test]
fn picture_is_drawn_and_never_over_another() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let picture = bus.file("week.svg");
    let option = format!("--plot={}", picture.display());
    assert!(bus.run(&["history", "--since", "7d", &option]).status.success());
    assert!(std::fs::read_to_string(&picture).unwrap().contains("<svg"));
    assert_eq!(bus.run(&["history", "--since", "7d", &option]).status.code(), Some(1));
}

#[test]
fn switch_and_clear_reach_the_service() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    assert!(stdout(&bus.run(&["history", "off"])).starts_with("off"));
    let text = stdout(&bus.run(&["history", "--since", "23h"]));
    assert!(text.contains("The history is off"), "{text}");
    assert!(stdout(&bus.run(&["history", "clear"])).starts_with("Forgotten"));
    assert!(stdout(&bus.run(&["history", "on"])).starts_with("on"));
    let text = stdout(&bus.run(&["history", "--since", "23h"]));
    assert!(text.starts_with("Nothing was caught") && !text.contains("off"), "{text}");
}

#[test]
fn time_that_makes_no_sense_is_wrong_usage() {
    let bus = PrivateBus::start();
    for arguments in [
        &["--since", "soon"][..],
        &["--since", "now", "--until", "yesterday"],
        &["--json", "--csv"],
    ] {
        let output = bus.run(&[&["history"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    }
}
