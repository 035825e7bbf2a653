//! What was caught: a blast is one catch with true figures, outlasts a crash, and is not kept where nobody wants it.

use std::{
    fs,
    ops::RangeInclusive,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use futures_util::StreamExt as _;
use headroom_api::{CatchRow, CaughtBy, HistoryRow};
use headroom_testkit::{layout::usual_layout, meter, session::wait_for, signals};

use crate::{
    chains::{RATE_HZ, SECOND},
    rig::*,
};

/// How far a figure may be from what the device got, in LU.
const TRUE_WITHIN_LU: f64 = 1.0;
/// A chain reads its momentary loudness ten times a second, the curve a hundred times.
const PHASES: usize = 10;

impl Rig {
    fn catches(&self) -> Vec<CatchRow> {
        let rows = self.block(self.control().catches(0, 0)).unwrap();
        rows.iter().map(CatchRow::from_dict).collect()
    }

    fn wait_caught(&self) -> Vec<CatchRow> {
        wait_for("a catch", PATIENCE, || Some(self.catches()).filter(|rows| !rows.is_empty()))
            .unwrap_or_else(|error| panic!("{error}: {}", self.service.log()))
    }

    fn played(&self) -> Vec<HistoryRow> {
        let day_usec = 86_400_000_000;
        let rows = self.block(self.control().history(
            now_usec() - day_usec,
            now_usec() + day_usec,
            2 * day_usec,
        ));
        rows.unwrap().iter().map(HistoryRow::from_dict).collect()
    }

    fn history_file(&self) -> PathBuf {
        self.session.state_home().join("headroom").join("history.sqlite")
    }

    /// Plays speech and a blast of 2 s that is 20 LU above it; returns what was sent and what the device got.
    fn play_blast(&self) -> [Vec<Vec<f32>>; 2] {
        let speech = at_lufs(signals::speech_like(RATE_HZ, 6 * SECOND, -23.0, 3), -25.0);
        let blast = at_lufs(signals::pink_noise(RATE_HZ, 2 * SECOND, 9), -5.0);
        let sent: Vec<f32> = [&speech[..], &blast, &speech[..SECOND]].concat();
        let sent = vec![sent; 2];
        let recorder = self.session.record(DEVICE).unwrap();
        let player = self.session.player(sent.clone()).app("Blaster").start().unwrap();
        player.wait_drained(PATIENCE * 2).unwrap();
        player.stop(&self.session).unwrap();
        [sent, recorder.stop().unwrap().channels]
    }
}

fn now_usec() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros().try_into().unwrap()
}

/// A channel that has this loudness when it is heard from both sides.
fn at_lufs(samples: Vec<f32>, lufs: f64) -> Vec<f32> {
    let both = vec![samples; 2];
    let now = meter::loudness(&both, RATE_HZ, &usual_layout(2)).integrated_lufs;
    signals::amplified(&both, lufs - now).swap_remove(0)
}

/// The highest momentary loudness that ten readings a second find: the least and the most, by when they are taken.
fn loudest_lufs(channels: &[Vec<f32>]) -> RangeInclusive<f64> {
    let curve = meter::loudness_curve(channels, RATE_HZ, &usual_layout(2), 400);
    let highest = |phase| curve.iter().skip(phase).step_by(PHASES).copied().fold(-200.0, f64::max);
    let by_phase: Vec<f64> = (0..PHASES).map(highest).collect();
    let least = by_phase.iter().copied().fold(f64::INFINITY, f64::min);
    least..=by_phase.iter().copied().fold(-200.0, f64::max)
}

#[test]
fn blast_is_one_catch_and_its_figures_are_those_of_the_device() {
    let mut rig = Rig::start();
    let before_usec = now_usec();
    let control = rig.control();
    let mut told = rig.block(control.receive_caught()).unwrap();
    let [sent, heard] = rig.play_blast();
    let rows = rig.wait_caught();
    println!("{rows:?}");
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.app.as_str(), row.by.known()), ("Blaster", Some(CaughtBy::Surge)));
    assert!(before_usec < row.begin_usec && row.begin_usec < row.end_usec);
    assert!(row.end_usec <= now_usec() && row.gain_db < -7.0 && row.held_s > 0.5);
    let peak_dbfs = meter::sample_peak_dbfs_planar(&sent);
    for (figure, truth) in [
        (row.loudness_in_lufs, loudest_lufs(&sent)),
        (row.loudness_out_lufs, loudest_lufs(&heard)),
        (row.peak_in_dbfs, peak_dbfs..=peak_dbfs),
    ] {
        let within = truth.start() - TRUE_WITHIN_LU..truth.end() + TRUE_WITHIN_LU;
        assert!(within.contains(&figure), "{figure} for {truth:?}: {row:?}");
    }
    let signal = rig.block(told.next()).unwrap();
    assert_eq!(CatchRow::from_dict(&signal.args().unwrap().catch), *row);

    // It was written before it was told.
    rig.service.kill();
    rig.revive();
    assert_eq!(rig.catches(), rows);
    assert_eq!(rig.played().iter().map(|step| step.catches).sum::<u32>(), 1);
    rig.block(rig.control().clear_history()).unwrap();
    assert_eq!((rig.catches(), rig.played()), (vec![], vec![]));
}

#[test]
fn nothing_is_kept_while_the_history_is_off() {
    let rig = Rig::start();
    rig.block(rig.control().set_history_enabled(false)).unwrap();
    rig.play_blast();
    assert!(!rig.history_file().exists());
    let on_usec = now_usec();
    rig.block(rig.control().set_history_enabled(true)).unwrap();
    rig.play_blast();
    let rows = rig.wait_caught();
    assert!(rows.len() == 1 && rows[0].begin_usec > on_usec, "{rows:?}");
    let played = wait_for("minutes", PATIENCE, || Some(rig.played()).filter(|it| !it.is_empty()));
    let played = played.unwrap();
    println!("{played:?}, {} bytes", fs::metadata(rig.history_file()).unwrap().len());
    let [step] = &played[..] else { panic!("{played:?}") };
    assert!(step.played_s > 8.0 && step.played_s < 12.0, "{step:?}");
    assert!(step.loudness_in_lufs > step.loudness_out_lufs, "{step:?}");
}

#[test]
fn questions_without_an_answer_are_refused() {
    let rig = Rig::start();
    assert!(rig.catches().is_empty() && rig.played().is_empty());
    let minute_usec = 60_000_000;
    for (from, to, step) in [(5, 5, minute_usec), (0, minute_usec, 1), (0, u64::MAX, minute_usec)] {
        let refused = rig.block(rig.control().history(from, to, step)).unwrap_err();
        assert!(matches!(refused, headroom_api::Error::InvalidValue(_)), "{refused}");
    }
    assert!(rig.block(rig.control().catches(0, 5001)).is_err());
    assert!(!rig.history_file().exists(), "who only asks makes no file");
}
