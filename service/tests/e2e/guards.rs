//! What was chosen for a device holds there, and a jump of its volume is met before it hurts.

use std::time::Duration;

use headroom_api::{DeviceRow, Error, dict_f64, dict_str};
use headroom_testkit::{
    meter,
    session::{Device, Recording},
    signals,
};

use crate::{
    chains::{RATE_HZ, SECOND, lufs, noise_at},
    rig::*,
};

/// The device that is not the default one.
const OTHER: &str = "other";
/// What a mixer calls a gain of -40 dB.
const MINUS_40_DB: &str = "0.21544";
const WINDOW: usize = SECOND / 100;

impl Rig {
    fn device_row(&self, device: &str) -> DeviceRow {
        let all = self.block(self.control().device_settings()).unwrap();
        all.get(device).map(DeviceRow::from_dict).unwrap_or_default()
    }

    fn set_device(&self, device: &str, key: &str, value: impl Into<zbus::Variant<'static>>) {
        self.block(self.control().set_device_setting(device, key, &value.into())).unwrap();
    }
}

/// The level of each 10 ms, in dB.
fn levels_db(recording: &Recording) -> Vec<f64> {
    recording.channels[0].chunks_exact(WINDOW).map(level_db).collect()
}

pub(crate) fn level_db(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    10.0 * (power / samples.len() as f64).max(1e-12).log10()
}

fn at(recording: &Recording, frame: usize, length: Duration) -> f64 {
    let frames = (length.as_secs_f64() * f64::from(RATE_HZ)) as usize;
    level_db(&recording.channels[0][frame..frame + frames])
}

#[test]
fn device_jump_of_40_db_is_met_and_let_through_slowly() {
    let rig = Rig::start();
    // Only the guard is to be heard.
    rig.limit_only();
    let player = rig.session.player(vec![noise_at(-23.0, 4 * SECOND, 5); 2]).app("Player");
    let player = player.looping().start().unwrap();
    rig.wait_route(&player, "processed");
    rig.volume(DEVICE, MINUS_40_DB);
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 1e-5, PATIENCE).unwrap();
    // The guard knows of the volume, and what it lets through is at rest.
    recorder.wait_more(2 * SECOND, PATIENCE).unwrap();
    let called_ns = now_ns();
    rig.volume(DEVICE, "1.0");
    recorder.wait_more(SECOND, PATIENCE).unwrap();
    let told = rig.explain(&player);
    assert_eq!(dict_str(&told, "doing"), Some("guard"), "{told:?}");
    let told_db = dict_f64(&told, "doing-db").unwrap();
    assert!((-40.0..-30.0).contains(&told_db), "{told_db} dB");
    recorder.wait_more(5 * SECOND, PATIENCE).unwrap();
    let moved_ns = now_ns();
    rig.volume(DEVICE, "1.02");
    recorder.wait_more(4 * SECOND, PATIENCE).unwrap();
    let recording = recorder.stop().unwrap();

    let called = recording.frame_at(called_ns);
    let before_db = at(&recording, called - SECOND, Duration::from_secs(1));
    let levels = levels_db(&recording);
    let from = called / WINDOW;
    let is_loud = |db: &f64| *db > before_db + 12.0;
    // The device takes the volume at once, the chain with the next cycle after the event.
    let first = levels[from..].iter().position(is_loud).map(|at| from + at);
    let met = first.map_or(from, |first| {
        let length = levels[first..].iter().position(|db| !is_loud(db)).expect("it is never met");
        first + length
    });
    let burst_ms = 10 * (met - first.unwrap_or(met));
    let after = (met + 1) * WINDOW;
    let first_100_ms_db = at(&recording, after, Duration::from_millis(100)) - before_db;
    let with_burst = first.unwrap_or(met).saturating_sub(1) * WINDOW;
    let heard_100_ms_db = at(&recording, with_burst, Duration::from_millis(100)) - before_db;
    println!(
        "+40 dB at the device: heard for {burst_ms} ms before it was met; the first 100 ms after that {first_100_ms_db:+.2} dB \
         over the level before, the 100 ms around it {heard_100_ms_db:+.1} dB"
    );
    assert!(first_100_ms_db < 1.5, "{first_100_ms_db:+.2} dB");

    let second = |n: usize| at(&recording, after + n * SECOND, Duration::from_millis(500));
    let rise_db = second(4) - second(1);
    println!("it is let through at {:.2} dB/s", rise_db / 3.0);
    assert!((rise_db / 3.0 - 3.0).abs() < 0.5, "{rise_db:.2} dB in 3 s");
    // A further move is consent: the rest comes within seconds, and not at once.
    let moved = recording.frame_at(moved_ns);
    let end = recording.frames() - SECOND;
    let rest_db = at(&recording, end, Duration::from_millis(500)) - before_db;
    assert!((rest_db - 40.5).abs() < 1.0, "{rest_db:.2} dB");
    let soon_db = at(&recording, moved, Duration::from_millis(200)) - before_db;
    assert!(soon_db < 32.0, "{soon_db:.2} dB at once");
}

#[test]
fn device_that_comes_back_louder_is_met_before_its_sound() {
    let rig = Rig::start();
    rig.limit_only();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.volume(OTHER, MINUS_40_DB);
    let play = || {
        let noise = vec![noise_at(-23.0, 4 * SECOND, 5); 2];
        let player = rig.session.player(noise).app("Player").target(OTHER).looping();
        let player = player.held().start().unwrap();
        rig.wait_route(&player, "processed");
        let recorder = rig.session.record(OTHER).unwrap();
        player.play();
        let first = recorder.wait_sound(0, 1e-5, PATIENCE).unwrap();
        recorder.wait_more(2 * SECOND, PATIENCE).unwrap();
        (recorder.stop().unwrap(), first)
    };
    let (quiet, first) = play();
    let before_db = at(&quiet, first + SECOND, Duration::from_secs(1));
    rig.session.remove_device(OTHER).unwrap();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.volume(OTHER, "1.0");
    let (loud, first) = play();
    let jump_db = at(&loud, first, Duration::from_millis(100)) - before_db;
    println!(
        "a device that came back 40 dB louder: its first 100 ms are {jump_db:+.2} dB over what was heard before"
    );
    assert!(jump_db < 6.0, "{jump_db:+.2} dB");
}

#[test]
fn maximum_of_a_device_holds_whatever_its_volume() {
    let mut rig = Rig::start();
    rig.set_device(DEVICE, "guard", "off");
    let refused = rig.block(rig.control().set_device_maximum(DEVICE)).unwrap_err();
    assert!(matches!(refused, Error::InvalidValue(_)), "{refused}");
    rig.volume(DEVICE, "0.5");
    let play = |rig: &Rig| {
        let noise = vec![noise_at(-18.0, 4 * SECOND, 5); 2];
        let player = rig.session.player(noise).app("Player").looping().start().unwrap();
        rig.wait_route(&player, "processed");
        player
    };
    let heard_lufs = |rig: &Rig| {
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_frames(5 * SECOND, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        lufs(&recording.channels[0], recording.frames() - 2 * SECOND, recording.frames())
    };
    let player = play(&rig);
    let now_lufs = heard_lufs(&rig);
    rig.block(rig.control().set_device_maximum(DEVICE)).unwrap();
    let maximum_lufs = rig.device_row(DEVICE).maximum_lufs.unwrap();
    rig.volume(DEVICE, "1.0");
    let loud_lufs = heard_lufs(&rig);
    println!(
        "maximum {maximum_lufs} LUFS; {now_lufs:.2} then, {loud_lufs:.2} with 18 dB more volume"
    );
    assert!(loud_lufs < now_lufs + 1.0, "{loud_lufs:.2}");
    assert!(loud_lufs > now_lufs - 8.0, "{loud_lufs:.2}");
    drop(player);
    rig.service.kill();
    rig.restart();
    assert_eq!(rig.device_row(DEVICE).maximum_lufs, Some(maximum_lufs));
    rig.block(rig.control().reset_device_setting(DEVICE, "maximum-lufs")).unwrap();
    let _player = play(&rig);
    let free_lufs = heard_lufs(&rig);
    assert!(free_lufs > now_lufs + 10.0, "{free_lufs:.2}");
}

#[test]
fn what_is_chosen_for_a_device_comes_with_it() {
    let rig = Rig::start();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    let profile = || rig.block(rig.control().active_profile()).unwrap();
    rig.set_device(OTHER, "profile", "night");
    rig.set_device(OTHER, "cap-lufs", -28.0);
    rig.set_device(OTHER, "guard", "off");
    assert_eq!(profile(), "default");
    rig.session.set_default_device(OTHER).unwrap();
    eventually("its profile", || profile() == "night");
    let noise = vec![signals::gaussian_noise(4 * SECOND, 0.3, 5); 2];
    let player = rig.session.player(noise).app("Player").looping().start().unwrap();
    rig.wait_route(&player, "processed");
    let heard_lufs = |device: &str| {
        let recorder = rig.session.record(device).unwrap();
        recorder.wait_frames(6 * SECOND, PATIENCE).unwrap();
        let channels = recorder.stop().unwrap().channels;
        let curve = meter::loudness_curve(
            &channels,
            RATE_HZ,
            &headroom_testkit::layout::usual_layout(2),
            400,
        );
        curve[curve.len() / 2..].iter().copied().fold(-120.0, f64::max)
    };
    let capped = heard_lufs(OTHER);
    rig.set_device(OTHER, "offset-db", -6.0);
    let row = rig.device_row(OTHER);
    assert_eq!((row.cap_lufs, row.offset_db), (Some(-28.0), Some(-6.0)));
    rig.session.set_default_device(DEVICE).unwrap();
    eventually("the chosen profile", || profile() == "default");
    let free = heard_lufs(DEVICE);
    println!("capped at -28 LUFS: {capped:.2}; on the other device {free:.2}");
    assert!(capped < -27.5 && free > -22.0, "{capped:.2} {free:.2}");
    // Asked for a profile that is not there, it changes nothing.
    let nothing = zbus::Variant::from("nothing");
    let refused = rig.block(rig.control().set_device_setting(OTHER, "profile", &nothing));
    assert!(matches!(refused, Err(Error::NoSuchProfile(_))), "{refused:?}");
    rig.block(rig.control().reset_device_setting(OTHER, "")).unwrap();
    assert_eq!(rig.device_row(OTHER), DeviceRow::default());
}
