//! What plays without levelling for a while, as loud as with it: the person hears the difference, and is never blasted.

use headroom_api::Error;
use headroom_testkit::{layout::usual_layout, meter, signals};

use crate::{
    chains::{RATE_HZ, SECOND},
    rig::*,
};

impl Rig {
    fn compare(&self, seconds: u32) -> headroom_api::Result<()> {
        self.block(self.control().compare(seconds))
    }

    fn is_comparing(&self) -> bool {
        self.block(self.control().compare_until()).unwrap() > 0
    }
}

/// Median loudness of pieces of 100 ms, in LUFS, and how far the loudest tenth lies above the softest tenth, in LU.
fn median_and_spread(channels: &[Vec<f32>]) -> (f64, f64) {
    let mut curve = meter::loudness_curve(channels, RATE_HZ, &usual_layout(2), 100);
    curve.sort_by(f64::total_cmp);
    let at = |tenths: usize| curve[curve.len() * tenths / 10];
    (at(5), at(9) - at(1))
}

/// Half a second at one level, half a second 8 dB above it.
fn restless() -> Vec<Vec<f32>> {
    let noise = signals::pink_noise(RATE_HZ, 4 * SECOND, 3);
    let gain = |n: usize| if n / (SECOND / 2) % 2 == 0 { 0.02 } else { 0.05 };
    vec![noise.iter().enumerate().map(|(n, x)| x * gain(n)).collect(); 2]
}

#[test]
fn difference_is_heard_as_loud_as_before_and_ends_by_itself() {
    let rig = Rig::start();
    for (key, value) in [("compressor.ratio", 8.0), ("compressor.threshold_db", -40.0)] {
        rig.block(rig.control().set_setting(key, &value.into())).unwrap();
    }
    rig.block(rig.control().set_setting("compressor.enabled", &true.into())).unwrap();
    let player = rig.session.player(restless()).app("Restless").looping().start().unwrap();
    rig.wait_route(&player, "processed");
    let recorder = rig.session.record(DEVICE).unwrap();
    // Until the leveller has found its gain.
    recorder.wait_frames(12 * SECOND, 2 * PATIENCE).unwrap();
    rig.compare(20).unwrap();
    assert!(rig.is_comparing());
    let began = recorder.frames();
    recorder.wait_frames(began + 8 * SECOND, PATIENCE).unwrap();
    rig.compare(0).unwrap();
    assert!(!rig.is_comparing());
    let ended = recorder.frames();
    recorder.wait_frames(ended + 8 * SECOND, PATIENCE).unwrap();
    let heard = recorder.stop().unwrap();
    let part = |from: usize, seconds: usize| {
        let recording = heard.part(from..from + seconds * SECOND);
        median_and_spread(&recording.channels)
    };
    let (with, without, again) =
        (part(began - 4 * SECOND, 4), part(began + 3 * SECOND, 4), part(ended + 4 * SECOND, 4));
    println!("with {with:.2?}, without {without:.2?}, with again {again:.2?} (LUFS, LU)");
    assert!((without.0 - with.0).abs() < 2.0, "as loud");
    assert!(without.1 > with.1 + 1.5, "without the compressor");
    assert!((again.0 - with.0).abs() < 1.0 && (again.1 - with.1).abs() < 1.0, "as before");

    rig.compare(1).unwrap();
    eventually("an end by itself", || !rig.is_comparing());
}

#[test]
fn comparison_is_refused_where_there_is_none_and_ends_with_it() {
    let rig = Rig::start();
    assert!(matches!(rig.compare(31), Err(Error::InvalidValue(_))));
    rig.compare(30).unwrap();
    rig.block(rig.control().set_bypass(true)).unwrap();
    assert!(!rig.is_comparing());
    assert!(matches!(rig.compare(10), Err(Error::NotReady(_))));
    rig.compare(0).unwrap();
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.compare(30).unwrap();
    rig.block(rig.control().set_active_profile("night")).unwrap();
    eventually("no comparison", || !rig.is_comparing());
    assert_eq!(
        rig.headroom(&["compare", "1s"]),
        "without levelling, as loud as with it, for 1 s\nwith levelling again\n"
    );
}
