//! How much sound reaches a device is counted of all that reaches it, behind its volume, and only where that is wanted.

use std::time::{SystemTime, UNIX_EPOCH};

use headroom_api::ExposureRow;
use headroom_testkit::session::{Device, wait_for};

use crate::{
    chains::{RATE_HZ, SECOND},
    rig::*,
};

/// A device whose monitor does not have its volume in it, as those of sound cards.
const PLAIN: &str = "plain";
pub(crate) const DAY_USEC: u64 = 86_400_000_000;
/// What `wpctl` makes of a volume of 0.5: its cube, in dB.
const HALF_DB: f64 = -18.06;
/// What cycles that a busy machine loses may take off what is counted, in dB: one of two streams that is not heard takes 3.
const LOST_DB: f64 = 1.5;

/// The wall clock, in microseconds since 1970.
pub(crate) fn wall_usec() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64
}

impl Rig {
    /// Returns what reached each device within a day.
    fn exposure(&self) -> Vec<ExposureRow> {
        let now = wall_usec();
        let control = self.control();
        let rows = self.block(control.exposure(now - DAY_USEC, now + DAY_USEC, 2 * DAY_USEC));
        rows.unwrap().iter().map(ExposureRow::from_dict).collect()
    }

    pub(crate) fn exposure_of(&self, device: &str) -> Option<ExposureRow> {
        self.exposure().into_iter().find(|row| row.device == device)
    }

    fn has_tap(&self) -> bool {
        let graph = self.session.dump().unwrap();
        graph.nodes.iter().any(|node| node.name == headroom_api::names::TAP_NODE)
    }

    /// Waits until some seconds are counted of what a device gets; returns that, and what its monitor gave in the last
    /// second, in dBFS.
    fn wait_counted(&self, device: &str) -> (ExposureRow, f64) {
        let recorder = self.session.record(device).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        recorder.wait_frames(2 * SECOND, PATIENCE).unwrap();
        let row = wait_for("some seconds", PATIENCE, || {
            self.exposure_of(device).filter(|row| row.played_s > 4.0)
        });
        let row = row.unwrap_or_else(|error| panic!("{error}: {:?}", self.exposure()));
        // A second in which a busy machine loses no cycle.
        let heard = wait_for("a whole second", 2 * PATIENCE, || {
            let channel = recorder.snapshot().channels.swap_remove(0);
            let heard = channel[channel.len() - SECOND..].to_vec();
            (silent_frames(&heard, RATE_HZ) == 0).then_some(heard)
        });
        let heard = heard.unwrap();
        let power = heard.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / SECOND as f64;
        println!("{row:?}; the monitor of {device} gave {:.2} dBFS", 10.0 * power.log10());
        (row, 10.0 * power.log10())
    }
}

/// A second of a tone near 1 kHz, which A-weighting leaves as it is.
pub(crate) fn tone(hz: f32, peak: f32) -> Vec<Vec<f32>> {
    let step = std::f32::consts::TAU * hz / RATE_HZ as f32;
    vec![(0..SECOND).map(|n| peak * (step * n as f32).sin()).collect(); 2]
}

#[test]
fn exposure_is_of_all_that_reaches_a_device() {
    let rig = Rig::start();
    rig.block(rig.control().set_active_profile("transparent")).unwrap();
    rig.block(rig.control().set_treatment("Direct", "leave-alone", 0.0)).unwrap();
    rig.volume(DEVICE, "0.5");
    let play =
        |app: &str, hz| rig.session.player(tone(hz, 0.25)).app(app).looping().start().unwrap();
    let players = [play("Direct", 1000.0), play("Player", 1010.0)];
    rig.wait_route(&players[0], "bypass");
    rig.wait_route(&players[1], "processed");
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_frames(2 * SECOND, PATIENCE).unwrap();
    assert_eq!(rig.exposure(), [], "nobody has asked for it");
    drop(recorder);

    rig.headroom(&["exposure", "on"]);
    // The monitor of this one has the volume in it, and it counts once.
    let (row, heard_dbfs) = rig.wait_counted(DEVICE);
    assert!((row.level_dbfs - heard_dbfs).abs() < LOST_DB, "{heard_dbfs:.2}: {row:?}");
    assert!((heard_dbfs - HALF_DB + 12.04).abs() < 1.0, "both are heard: {heard_dbfs:.2}");
    assert_eq!((row.level_dba, row.dose), (None, None), "nobody knows how loud that is");
    drop(players);
    eventually("no tap", || !rig.has_tap());
    rig.block(rig.control().clear_history()).unwrap();
    assert_eq!(rig.exposure(), []);
}

#[test]
fn exposure_counts_behind_the_volume_and_makes_a_dose() {
    let rig = Rig::start();
    let plain = Device::new(PLAIN).prop("monitor.channel-volumes", "false");
    rig.session.create_device(plain).unwrap();
    rig.volume(PLAIN, "0.5");
    rig.block(rig.control().set_active_profile("transparent")).unwrap();
    rig.headroom(&["exposure", "on"]);
    let player = rig.session.player(tone(1000.0, 0.5)).app("Pinned").target(PLAIN).looping();
    let player = player.start().unwrap();
    let (row, before_dbfs) = rig.wait_counted(PLAIN);
    assert!((before_dbfs + 9.03).abs() < 0.5, "the monitor is before the volume: {before_dbfs:.2}");
    assert!((row.level_dbfs - before_dbfs - HALF_DB).abs() < LOST_DB, "{before_dbfs:.2}: {row:?}");
    drop(player);
    eventually("no tap", || !rig.has_tap());

    rig.headroom(&["exposure", "calibrate", PLAIN, "--trim", "0"]);
    let row = rig.exposure_of(PLAIN).unwrap();
    assert_eq!(row.calibrated_by.as_ref().map(headroom_api::Word::as_str), Some("trim"));
    let level_dba = row.level_dbfs + 110.0;
    assert!((row.level_dba.unwrap() - level_dba).abs() < 1e-6);
    // As Android counts each second: 4e-10 * 10^(MEL / 10) / 5760.
    let dose = 4e-10 * 10.0_f64.powf(level_dba / 10.0) / 5760.0 * row.played_s;
    assert!((row.dose.unwrap() / dose - 1.0).abs() < 1e-6, "{dose}: {row:?}");
    assert!(rig.headroom(&["exposure"]).contains("last 7 days"));
    rig.headroom(&["exposure", "calibrate", PLAIN, "--forget"]);
    assert_eq!(rig.exposure_of(PLAIN).unwrap().dose, None);
}
