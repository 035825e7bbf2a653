//! `headroom exposure` against the mock service: what it shows and how sure that is, its switch, and three ways to calibrate.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on must fail the test")]

#[allow(dead_code, reason = "other tests use the rest of it")]
mod common;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod mock;

use std::time::{SystemTime, UNIX_EPOCH};

use common::{json, stderr, stdout};
use headroom_api::ExposureRow;
use headroom_testkit::mock::World;
use mock::{PrivateBus, start_mock, worlds};

const WEEK_USEC: u64 = 7 * 86_400_000_000;

fn now_usec() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(now.as_micros()).expect("it is earlier than the year 586,000")
}

/// What reached a device in the week that began so many weeks ago, less a minute.
fn week(device: &str, ago: u64, level_dbfs: f64, dose: Option<f64>) -> ExposureRow {
    ExposureRow {
        begin_usec: now_usec() - ago * WEEK_USEC + 60_000_000,
        device: device.into(),
        played_s: 36_000.0,
        level_dbfs,
        dose,
        ..ExposureRow::default()
    }
}

fn world() -> World {
    World {
        exposure: vec![
            week("speakers", 2, -40.0, None),
            week("speakers", 1, -37.0, None),
            week("phones", 1, -40.0, Some(0.31)),
        ],
        ..worlds::healthy()
    }
}

#[test]
fn trend_and_dose_are_shown_with_their_uncertainty() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let output = bus.run(&["exposure"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("Nothing is counted now"), "{text}");
    for expected in ["about 3 dB more", "31 %", "10.0", "15 dB", "ITU-T H.870"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.to_lowercase().contains("safe"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let all = json(&bus.run(&["exposure", "--json"]));
    assert_eq!((&all["enabled"], all["weeks"].as_array().unwrap().len()), (&false.into(), 3));
    assert_eq!(all["weeks"][2]["dose"], 0.31);
    assert!(stdout(&bus.run(&["exposure", "on"])).starts_with("on: "));
    assert!(!stdout(&bus.run(&["exposure"])).contains("Nothing is counted"));
    assert!(stdout(&bus.run(&["exposure", "off"])).starts_with("off: "));
}

#[test]
fn warnings_say_what_keeps_them_silent() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let warnings =
        |action: &[&str]| stdout(&bus.run(&[&["exposure", "warnings"], action].concat()));
    assert!(warnings(&[]).starts_with("off: "), "off unless asked for");
    let told = warnings(&["on"]);
    assert!(told.starts_with("on: ") && told.contains("Nothing is counted now"), "{told}");
    assert_eq!(json(&bus.run(&["exposure", "--json"]))["warnings"], true);
    bus.run(&["exposure", "on"]);
    assert!(warnings(&[]).contains("No device is calibrated, so nothing warns"));
    bus.run(&["exposure", "calibrate", "other.device", "--trim", "0"]);
    assert!(warnings(&["status"]).contains(" is not calibrated and never warns"));
    bus.run(&["exposure", "calibrate", "default", "--trim", "0"]);
    let told = warnings(&["on"]);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("nothing is turned down") && !told.contains("safe"), "{told}");
    assert!(warnings(&["off"]).starts_with("off: "));
    assert_eq!(bus.run(&["exposure", "warnings", "loud"]).status.code(), Some(2));
}

#[test]
fn each_way_to_calibrate_stores_a_level_and_how_it_is_known() {
    let bus = PrivateBus::start();
    let _service = start_mock(&bus, world());
    let sensitivity = ["--sensitivity", "96", "--unit", "db-per-milliwatt", "--ohms", "32"];
    for (way, level_db, by) in [
        (&sensitivity[..], 96.0 + 14.948_5 + 3.010_3, "sensitivity"),
        (&["--trim", "-6"], 104.0, "trim"),
        (&["--sounds", "normal"], 65.0 + 37.0, "ear"),
    ] {
        // What is judged by the ear is of now.
        let output = if by == "ear" {
            let bus = PrivateBus::start();
            let mut now = week("my.speakers", 0, -37.0, None);
            now.begin_usec = now_usec() - 1_000_000;
            let _service = start_mock(&bus, World { exposure: vec![now], ..world() });
            let output = bus.run(&[&["exposure", "calibrate", "my.speakers"], way].concat());
            check(&bus, level_db, by);
            output
        } else {
            let output = bus.run(&[&["exposure", "calibrate", "my.speakers"], way].concat());
            check(&bus, level_db, by);
            output
        };
        assert!(output.status.success(), "{}", stderr(&output));
        let sine = format!("{} dB(A)", ((level_db - 3.0103) * 10.0_f64).round() / 10.0);
        assert!(stdout(&output).contains(&sine), "{sine}: {}", stdout(&output));
    }
    let forget = bus.run(&["exposure", "calibrate", "my.speakers", "--forget"]);
    assert!(forget.status.success(), "{}", stderr(&forget));
    let devices = json(&bus.run(&["device", "list", "--json"]));
    assert!(!devices.to_string().contains("calibration-db"), "{devices}");
    let unheard = bus.run(&["exposure", "calibrate", "my.speakers", "--sounds", "loud"]);
    assert!(stderr(&unheard).contains("half a minute"), "{}", stderr(&unheard));
}

fn check(bus: &PrivateBus, level_db: f64, by: &str) {
    let devices = json(&bus.run(&["device", "list", "--json"]));
    let device = devices.as_array().unwrap().iter().find(|row| row["name"] == "my.speakers");
    let text = device.unwrap().to_string();
    assert!(text.contains(&format!("\"calibrated-by\":\"{by}\"")), "{text}");
    let stored = text.split("\"calibration-db\":").nth(1).unwrap();
    let stored: f64 = stored.split([',', '}']).next().unwrap().parse().unwrap();
    assert!((stored - level_db).abs() < 0.01, "{level_db}: {text}");
}

#[test]
fn calibration_without_one_way_is_wrong_usage() {
    let bus = PrivateBus::start();
    for arguments in [
        &["default"][..],
        &["default", "--trim", "13"],
        &["default", "--trim", "1", "--sounds", "loud"],
        &["default", "--sensitivity", "100"],
        &["default", "--sensitivity", "100", "--unit", "db-per-milliwatt"],
        &["default", "--sounds", "fine"],
    ] {
        let output = bus.run(&[&["exposure", "calibrate"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    }
}
