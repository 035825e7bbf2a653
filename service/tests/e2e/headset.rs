//! A Bluetooth headset that changes its profile: its device goes, and comes back as another one.

use std::time::{Duration, Instant};

use headroom_testkit::{
    session::{Device, Recording},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
/// The laptop's own loudspeakers.
const SPEAKERS: &str = DEVICE;
const HEADSET: &str = "bluez_output.00_11";
/// For so long the session manager looks at no stream: what takes longer is no change of a profile.
const CHANGE: Duration = Duration::from_millis(1800);

fn noise() -> Vec<Vec<f32>> {
    [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, 0.1, seed)).to_vec()
}

fn headset() -> Device {
    Device::new(HEADSET).prop("device.api", "bluez5")
}

fn is_silent(recording: &Recording) -> bool {
    recording.first_sound(0, 1e-6).is_none()
}

#[test]
fn bypassed_music_stays_off_the_speakers_at_a_headsets_change() {
    let rig = Rig::start();
    rig.block(rig.control().set_treatment("Music", "leave-alone", 0.0)).unwrap();
    // A machine that is busy may take longer over a change than the session manager waits.
    for attempt in 1..=5 {
        rig.session.create_device(headset()).unwrap();
        rig.session.set_default_device(HEADSET).unwrap();
        let music = rig.session.player(noise()).app("Music").looping().start().unwrap();
        let call = rig.session.player(noise()).app("Call").looping().start().unwrap();
        rig.wait_linked(&music, HEADSET);
        rig.wait_route(&call, "processed");
        let at_headset = rig.session.record(HEADSET).unwrap();
        at_headset.wait_sound(0, 0.01, PATIENCE).unwrap();
        drop(at_headset);
        let speakers = rig.session.record(SPEAKERS).unwrap();
        speakers.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
        let began = Instant::now();
        rig.session.remove_device(HEADSET).unwrap();
        // The events are on their way to everybody, and whoever acts too early has done so.
        speakers.wait_more(RATE_HZ, PATIENCE).unwrap();
        let heard = speakers.snapshot();
        rig.session.create_device(headset()).unwrap();
        let took = began.elapsed();
        println!("attempt {attempt}: the change took {took:.2?}");
        rig.session.set_default_device(HEADSET).unwrap();
        rig.wait_linked(&music, HEADSET);
        let after = speakers.stop().unwrap();
        if took > CHANGE {
            rig.session.remove_device(HEADSET).unwrap();
            continue;
        }
        assert!(is_silent(&heard), "the music was on the loudspeakers within {took:?}");
        println!("silent at the loudspeakers to the end: {}", is_silent(&after));
        assert!(is_silent(&after), "the music was on the loudspeakers afterwards");
        return;
    }
    panic!("no change took less than {CHANGE:?}");
}
