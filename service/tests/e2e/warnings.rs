//! A person who asks for it is warned of a full sound dose and of a high level, once each, and nobody else is.

use headroom_api::names;
use headroom_history::{Exposure, News, Store};
use headroom_testkit::session::{Player, Session, wait_for};

use crate::{
    exposure::{DAY_USEC, tone, wall_usec},
    notifications::{Desktop, Notification},
    rig::*,
};

const MINUTE_USEC: u64 = 60_000_000;
/// The level at the ear of a mean square of 0 dBFS, in dB(A): the tone of these tests is at 105.
const CALIBRATION_DB: f64 = 114.03;
/// Mean square of that tone, in dBFS.
const TONE_DBFS: f64 = -9.03;

/// A session whose device has brought so much of a week's sound dose the day before, by that calibration.
fn session_with_dose(dose: f64) -> Session {
    let session = Session::start().unwrap();
    let number = (wall_usec() - DAY_USEC) / MINUTE_USEC;
    // 80 dB(A) for 40 hours are all of it.
    let energy = dose * 40.0 * 3600.0 * 10.0_f64.powf((80.0 - CALIBRATION_DB) / 10.0);
    let exposure = vec![Exposure { number, device: DEVICE.into(), played_s: 60.0, energy }];
    let file = session.state_home().join(names::DIRECTORY).join(names::HISTORY_FILE);
    Store::new(file).keep(News { exposure, ..News::default() }, wall_usec()).unwrap();
    session
}

impl Rig {
    /// Plays the tone.
    fn play_loudly(&self) -> Player {
        self.block(self.control().set_active_profile("bypass-all")).unwrap();
        let player = self.session.player(tone(1000.0, 0.5)).app("Player").looping();
        player.start().unwrap()
    }

    fn calibrate(&self) {
        let level_db = CALIBRATION_DB.into();
        self.block(self.control().set_device_setting(DEVICE, "calibration-db", &level_db)).unwrap();
    }

    /// Waits until more seconds of the device are counted; what was asked of the file before is answered then.
    fn wait_more_counted(&self) {
        let played_s = || self.exposure_of(DEVICE).map_or(0.0, |row| row.played_s);
        let before_s = played_s();
        wait_for("more seconds", PATIENCE, || (played_s() > before_s + 4.0).then_some(())).unwrap();
    }
}

/// Waits for both notifications, in whichever order they come.
fn level_and_dose(desktop: &Desktop) -> [Notification; 2] {
    let mut shown = [desktop.wait_shown(), desktop.wait_shown()];
    shown.sort_by_key(|it| it.summary.starts_with("A week's"));
    shown
}

#[test]
fn full_dose_and_high_level_are_warned_of_once() {
    let mut rig = Rig::in_session(session_with_dose(0.995));
    rig.calibrate();
    rig.headroom(&["exposure", "on"]);
    let told = rig.headroom(&["exposure", "warnings", "on"]);
    assert!(told.starts_with("on: ") && !told.contains("calibrated"), "{told}");
    let player = rig.play_loudly();
    rig.wait_more_counted();
    // It comes late, as at login.
    let desktop = Desktop::start(&rig);
    let shown = level_and_dose(&desktop);
    let [level, dose] = &shown;
    println!("{level:?}\n{dose:?}");
    let plays_at = level.summary.split(" plays at ").nth(1).unwrap();
    let level_dba: f64 = plays_at.trim_end_matches(" dB(A)").parse().unwrap();
    // A second that begins before the tone is softer than that.
    assert!((100.0..CALIBRATION_DB + TONE_DBFS + 0.6).contains(&level_dba), "{level:?}");
    assert_eq!(dose.summary, "A week's sound dose is full");
    assert!(dose.body.contains(" 100% "), "{dose:?}");
    for it in &shown {
        assert_eq!((it.urgency, it.is_silent, it.expires_ms), (Some(1), true, -1), "{it:?}");
        assert!(it.actions.is_empty() && !it.body.to_lowercase().contains("safe"), "{it:?}");
    }
    assert!(rig.exposure_of(DEVICE).unwrap().dose.unwrap() < 1.5, "it was full twice meanwhile");
    rig.service.kill();
    rig.revive();
    rig.wait_more_counted();
    assert!(desktop.shown.try_recv().is_err(), "it was told twice");
    drop(player);
}

#[test]
fn nothing_warns_unasked_or_uncalibrated() {
    let rig = Rig::in_session(session_with_dose(2.2));
    let desktop = Desktop::start(&rig);
    rig.calibrate();
    rig.headroom(&["exposure", "on"]);
    let player = rig.play_loudly();
    rig.wait_more_counted();
    assert!(desktop.shown.try_recv().is_err(), "nobody has asked for it");
    assert!(!rig.block(rig.control().exposure_warnings()).unwrap());

    rig.headroom(&["exposure", "calibrate", DEVICE, "--forget"]);
    let told = rig.headroom(&["exposure", "warnings", "on"]);
    assert!(told.contains("No device is calibrated, so nothing warns"), "{told}");
    rig.wait_more_counted();
    assert!(desktop.shown.try_recv().is_err(), "nobody knows how loud that is");

    // The same sound, asked for and calibrated: what was full before is told at once, and once.
    rig.calibrate();
    let [level, dose] = level_and_dose(&desktop);
    assert!(level.summary.ends_with(" dB(A)"), "{level:?}");
    assert_eq!(dose.summary, "A week's sound dose is full 2 times");
    let told = rig.headroom(&["exposure", "warnings", "off"]);
    assert!(told.starts_with("off: "), "{told}");
    drop(player);
}
