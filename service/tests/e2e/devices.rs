//! Streams that are pinned to another device than the default one are protected there, and stay pinned.

use std::fs;

use headroom_api::{Blocked, Dict, Held, StreamRow, dict_f64, dict_str, names};
use headroom_testkit::{
    meter,
    session::{Device, Graph, Player, PlayerBuilder, Session, wait_for},
    signals::{self, corpus},
};

use crate::rig::*;

const SECOND: usize = 48_000;
/// How many streams an application plays one after the other, each of which has to stay sent to the
/// other device.
const STREAMS: usize = 10;
/// The device that is not the default one.
const OTHER: &str = "other";

fn noise(gain: f32) -> Vec<Vec<f32>> {
    vec![
        signals::gaussian_noise(SECOND, f64::from(gain), 1),
        signals::gaussian_noise(SECOND, f64::from(gain), 2),
    ]
}

/// The service in a session with two devices, both there before it: one that it has never seen begins 12 dB softer.
fn two_devices() -> Rig {
    let session = Session::builder().device(Device::new(DEVICE)).device(Device::new(OTHER));
    let session = session.start().unwrap();
    session.set_default_device(DEVICE).unwrap();
    Rig::in_session(session)
}

impl Rig {
    /// Sends a player to the other device, as pavucontrol does.
    fn pin(&self, player: &Player) {
        self.pin_to(player, OTHER);
    }

    /// Sends a player to a device, as pavucontrol does.
    fn pin_to(&self, player: &Player, device: &str) {
        let serial = self.session.dump().unwrap().node(device).unwrap().serial.to_string();
        let id = player.node_id();
        self.session.set_metadata("default", id, "target.object", &serial, "Spa:Id").unwrap();
    }

    /// Waits until a player's stream plays through a chain, to a device, and no other way there.
    fn wait_way(&self, player: &Player, chain: &str, device: &str) {
        let what = format!("the chain '{chain}' and the device '{device}'");
        headroom_testkit::session::wait_until(&what, PATIENCE, || {
            let is_said = self.stream(player).is_some_and(|stream| {
                let is = |key, value| dict_str(&stream, key) == Some(value);
                is("chain", chain) && is("device", device)
            });
            let goes_straight =
                || self.session.dump().unwrap().target_names(player.node_id()).contains(&device);
            is_said && (chain == "none" || !goes_straight())
        })
        .unwrap_or_else(|error| panic!("{error}: {:?}", self.stream(player)));
    }

    /// Returns what `Outputs` says of a device.
    fn output(&self, device: &str) -> Option<Dict> {
        let outputs = self.block(self.control().outputs()).unwrap();
        outputs.into_iter().find(|output| dict_str(output, "name") == Some(device))
    }
}

/// Returns why the device that a stream is pinned to has no chain.
fn blocked(stream: &Dict) -> Option<Blocked> {
    match StreamRow::from_dict(stream).why?.held? {
        Held::Pinned { blocked, .. } => blocked,
        _ => None,
    }
}

#[test]
fn two_devices_stay_under_their_ceilings_with_hostile_sound() {
    let rig = two_devices();
    let hostile = three_hostile(SECOND);
    let start = |index: usize, name: &str, target: Option<&str>| {
        let player = rig.session.player(hostile[index].clone()).app(name).binary(name);
        target.into_iter().fold(player, PlayerBuilder::target).held().start()
    };
    let players = [
        start(0, "here", None).unwrap(),
        start(1, "asks", Some(OTHER)).unwrap(),
        start(2, "sent", None).unwrap(),
    ];
    rig.pin(&players[2]);
    rig.wait_way(&players[0], "app", DEVICE);
    rig.wait_way(&players[1], "device", OTHER);
    rig.wait_way(&players[2], "device", OTHER);
    let recorders = [DEVICE, OTHER].map(|device| rig.session.record(device).unwrap());
    players.iter().for_each(Player::play);
    for player in &players {
        player.wait_drained(PATIENCE).unwrap();
        rig.wait_route(player, "processed");
    }
    for (recorder, device) in recorders.into_iter().zip([DEVICE, OTHER]) {
        recorder.wait_more(8_192, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        assert!(recording.first_sound(0, 0.05).is_some(), "{device}: nothing was heard");
        assert_under_ceiling(&recording, device);
    }
    assert_eq!(rig.health("clamp-activations"), 0);
    let (here, there) = (rig.output(DEVICE).unwrap(), rig.output(OTHER).unwrap());
    assert_eq!(
        (dict_str(&here, "chain"), dict_str(&there, "chain")),
        (Some("bus"), Some("device"))
    );
    assert_eq!(dict_f64(&here, "latency-ms"), dict_f64(&there, "latency-ms"));
    assert_eq!(rig.problems(), Vec::<String>::new());
    let stream = rig.stream(&players[1]).unwrap();
    let device = StreamRow::from_dict(&stream).why.and_then(|why| why.device);
    assert_eq!(device, Some(format!("Null device {OTHER}")), "{stream:?}");
    let status = rig.headroom(&["status"]);
    assert!(status.contains("Also") && status.contains(", protected"), "{status}");
    // Whoever pinned them, their targets are as they were.
    let targets = rig.targets();
    assert!(!targets.contains_key(&players[1].node_id()), "{targets:?}");
    let serial = rig.session.dump().unwrap().node(OTHER).unwrap().serial.to_string();
    assert_eq!(targets.get(&players[2].node_id()).map(|t| t.trim_matches('"')), Some(&*serial));
}

#[test]
fn what_another_devices_chain_does_is_told() {
    let rig = two_devices();
    let player = rig.session.player(noise(0.5)).app("Firefox").target(OTHER).looping();
    let player = player.start().unwrap();
    rig.wait_way(&player, "device", OTHER);
    // Its leveller, once the guard that meets a new device has let go; nobody reads gauges meanwhile.
    let told = wait_for("what is done", PATIENCE, || {
        let told = rig.explain(&player);
        let is_leveller = dict_str(&told, "doing") == Some("leveller");
        (is_leveller && dict_f64(&told, "doing-db")? < -6.0).then_some(told)
    });
    println!("{:?}", told.unwrap());
    let status = rig.headroom(&["status"]);
    assert!(status.contains("by leveller"), "{status}");
    // What plays past every chain is charged with none.
    drop(player);
    let bypassed = rig.session.player(noise(0.1)).app("Firefox").target(OTHER).looping();
    let bypassed = bypassed.start().unwrap();
    rig.block(rig.control().set_route("Firefox", "bypass")).unwrap();
    rig.wait_way(&bypassed, "none", OTHER);
    let told = rig.explain(&bypassed);
    assert_eq!(dict_str(&told, "doing"), Some("nothing"), "{told:?}");
}

#[test]
fn device_chain_adds_the_published_latency_alone() {
    let rig = two_devices();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let noise = signals::gaussian_noise(SECOND, 0.05, 11);
    let travel = |app: &str, is_there: fn(&str) -> bool| {
        let passage = rig
            .session
            .pass_when(
                OTHER,
                &[noise.clone(), noise.clone()],
                |player| player.app(app).target(OTHER),
                |graph, player| graph.target_names(player).into_iter().any(is_there),
            )
            .unwrap();
        let delay = passage.delay(&noise, 0).expect("the noise was heard");
        passage.travel_frames(delay.frames).expect("its cycles were logged")
    };
    let direct = travel("Direct", |name| name == OTHER);
    let protected = travel("Firefox", |name| name.starts_with(names::DEVICE_NODE_PREFIX));
    let published_ms = dict_f64(&rig.output(OTHER).unwrap(), "latency-ms").unwrap();
    assert_eq!(protected - direct, (published_ms * 48.0).round() as i64);
    assert!(protected > direct);
}

/// Asserts that what an application plays straight to a device gets there as it was played.
fn assert_untouched(
    rig: &Rig,
    device: &str,
    describe: impl Fn(PlayerBuilder<'_>) -> PlayerBuilder<'_>,
) {
    let material = noise(0.5);
    let is_direct = |graph: &Graph, player| graph.target_names(player) == [device];
    let passage = rig.session.pass_when(device, &material, describe, is_direct).unwrap();
    assert_bit_exact(&material, &passage.recording);
}

#[test]
fn bypassed_app_on_a_device_is_untouched_and_others_say_so() {
    let rig = two_devices();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let player = rig.session.player(noise(0.3)).app("Firefox").target(OTHER).looping();
    let player = player.held().start().unwrap();
    rig.wait_way(&player, "device", OTHER);
    assert_untouched(&rig, OTHER, |player| player.app("Direct").target(OTHER));
    // It is over: the other one is protected again.
    rig.wait_way(&player, "device", OTHER);

    let direct = rig.session.player(noise(0.5)).app("Direct").target(OTHER).looping();
    let direct = direct.start().unwrap();
    rig.wait_way(&player, "none", OTHER);
    let stream = rig.wait_route(&player, "unmanaged");
    assert_eq!(
        blocked(&stream),
        Some(Blocked::Bypassed { app: "Direct".to_owned() }),
        "{stream:?}"
    );
    assert_eq!(rig.problems(), ["device-unprotected"]);
    assert_eq!(dict_str(&rig.output(OTHER).unwrap(), "chain"), Some("none"));
    drop(direct);
    rig.wait_way(&player, "device", OTHER);
    assert_eq!(rig.problems(), Vec::<String>::new());
}

#[test]
fn pinned_stream_stays_pinned_however_the_service_ends() {
    let mut rig = two_devices();
    let player = || rig.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    let first = player();
    rig.pin(&first);
    rig.wait_way(&first, "device", OTHER);
    let stored = || {
        let files = rig.session.wireplumber_state();
        files.values().any(|text| text.contains(&format!("\"target\":\"{OTHER}\"")))
    };
    eventually("WirePlumber's note of it", stored);
    // The application's next stream goes there as well, by WirePlumber's own memory.
    let mut first = first;
    for _ in 0..STREAMS {
        drop(first);
        first = player();
        rig.wait_way(&first, "device", OTHER);
    }
    let recorder = rig.session.record(OTHER).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    rig.service.kill();
    rig.wait_linked(&first, OTHER);
    let from = recorder.frames();
    recorder.wait_sound(from, 0.01, PATIENCE).unwrap();
    drop(recorder);
    rig.restart();
    rig.wait_way(&first, "device", OTHER);
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    rig.wait_linked(&first, OTHER);
    drop(first);
    // WirePlumber sends the next stream there as well, as it would have without us.
    let next = rig.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    rig.wait_linked(&next, OTHER);
    rig.session.stop_wireplumber().unwrap();
    let state = rig.session.wireplumber_state();
    assert!(
        state.values().any(|text| text.contains(&format!("\"target\":\"{OTHER}\""))),
        "{state:?}"
    );
    for (file, text) in state {
        assert!(!text.contains(names::NODE_PREFIX), "{file}: {text}");
    }
}

#[test]
fn what_nothing_announces_is_soon_protected_on_another_device() {
    for moved_by_hand in [false, true] {
        let rig = two_devices();
        let recorder = rig.session.record(OTHER).unwrap();
        let player = rig.session.player(noise(1.0)).app("Player").looping();
        let player = if moved_by_hand { player } else { player.target(OTHER) };
        let player = player.start().unwrap();
        if moved_by_hand {
            rig.wait_way(&player, "app", DEVICE);
            rig.pin(&player);
        }
        rig.wait_way(&player, "device", OTHER);
        // What was told of is heard a little later.
        recorder.wait_more(SECOND / 2, PATIENCE).unwrap();
        let from = recorder.frames();
        recorder.wait_more(SECOND, PATIENCE).unwrap();
        let mut recording = recorder.stop().unwrap();
        let first = recording.first_sound(0, 0.001).unwrap();
        // Told and not asserted: what comes before the chain is a matter of how busy the machine is.
        let loud = |samples: &Vec<f32>| samples.iter().rposition(|sample| sample.abs() > 0.999);
        let over = recording.channels.iter().filter_map(loud).max().map_or(0, |last| last - first);
        let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
        println!(
            "moved by hand {moved_by_hand}: {true_peak:+.2} dBTP, {over} frames before the chain"
        );
        for channel in &mut recording.channels {
            channel.drain(..from);
        }
        assert_under_ceiling(&recording, "its chain");
    }
}

#[test]
fn a_device_that_is_unplugged_and_comes_back_is_protected_again() {
    let rig = two_devices();
    let player = rig.session.player(noise(0.3)).app("Player").target(OTHER).looping();
    let player = player.start().unwrap();
    rig.wait_way(&player, "device", OTHER);
    rig.session.remove_device(OTHER).unwrap();
    eventually("the default device", || {
        rig.stream(&player).is_some_and(|stream| dict_str(&stream, "device") == Some(DEVICE))
    });
    rig.wait_route(&player, "processed");
    assert!(rig.output(OTHER).is_none());
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.wait_way(&player, "device", OTHER);
}

#[test]
fn default_device_moves_and_nothing_passes_the_ceiling() {
    let rig = two_devices();
    rig.limit_only();
    let recorders = [DEVICE, OTHER].map(|device| rig.session.record(device).unwrap());
    let pinned = rig.session.player(hostile(1)).app("Pinned").target(OTHER).looping();
    let pinned = pinned.held().start().unwrap();
    rig.wait_way(&pinned, "device", OTHER);
    pinned.play();
    let loud = rig.session.player(hostile(0)).app("Loud").binary("loud").looping().start().unwrap();
    rig.wait_way(&loud, "app", DEVICE);
    recorders[0].wait_sound(0, 0.05, PATIENCE).unwrap();

    rig.session.set_default_device(OTHER).unwrap();
    rig.wait_way(&loud, "app", OTHER);
    rig.wait_way(&pinned, "bus", OTHER);
    let stream = rig.wait_route(&pinned, "processed");
    assert!(dict_str(&stream, "reason").unwrap().contains(OTHER), "{stream:?}");
    recorders[1].wait_more(SECOND, PATIENCE).unwrap();
    assert_eq!(dict_str(&rig.output(OTHER).unwrap(), "chain"), Some("bus"));

    rig.session.set_default_device(DEVICE).unwrap();
    rig.wait_way(&loud, "app", DEVICE);
    rig.wait_way(&pinned, "device", OTHER);
    recorders[0].wait_more(SECOND, PATIENCE).unwrap();
    for (recorder, device) in recorders.into_iter().zip([DEVICE, OTHER]) {
        let recording = faded(recorder.stop().unwrap());
        let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
        println!("{device}: {true_peak:+.3} dBTP");
        assert!(true_peak > -3.0, "{device}: it was tame");
        assert_under_ceiling(&recording, device);
    }
}

#[test]
fn default_that_moves_unheard_is_followed() {
    let rig = two_devices();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let start =
        |app: &str| rig.session.player(noise(0.1)).app(app).binary(app).looping().start().unwrap();
    let (direct, loud) = (start("Direct"), start("loud"));
    rig.wait_way(&direct, "none", DEVICE);
    rig.wait_way(&loud, "app", DEVICE);
    rig.session.deafen().unwrap();
    for device in [OTHER, DEVICE] {
        rig.session.set_default_device(device).unwrap();
        rig.wait_way(&direct, "none", device);
        rig.wait_way(&loud, "app", device);
    }
    assert_eq!(rig.problems(), Vec::<String>::new());
}

/// Returns hostile material of one second, another for each index.
fn hostile(index: usize) -> Vec<Vec<f32>> {
    let is_loud = |planar: &[Vec<f32>]| meter::true_peak_dbtp_planar(planar) > 6.0;
    let all = corpus().iter().map(|signal| signal.planar(48_000, SECOND, 2, 3));
    all.filter(|planar| is_loud(planar)).nth(index).unwrap()
}

#[test]
fn pinned_stream_stays_limited_when_default_changes() {
    let rig = two_devices();
    rig.limit_only();
    let recorders = [DEVICE, OTHER].map(|device| rig.session.record(device).unwrap());
    let pinned = rig.session.player(hostile(1)).app("Pinned").looping().held().start().unwrap();
    rig.pin_to(&pinned, DEVICE);
    rig.wait_way(&pinned, "bus", DEVICE);
    let loud = rig.session.player(hostile(0)).app("Loud").binary("loud").looping().start().unwrap();
    pinned.play();
    rig.wait_way(&loud, "app", DEVICE);
    for _ in 0..3 {
        recorders[0].wait_more(SECOND, PATIENCE).unwrap();
        rig.session.set_default_device(OTHER).unwrap();
        rig.wait_way(&loud, "app", OTHER);
        rig.wait_way(&pinned, "device", DEVICE);
        recorders[1].wait_more(SECOND, PATIENCE).unwrap();
        rig.session.set_default_device(DEVICE).unwrap();
        rig.wait_way(&loud, "app", DEVICE);
        rig.wait_way(&pinned, "bus", DEVICE);
    }
    recorders[0].wait_more(SECOND, PATIENCE).unwrap();
    assert_eq!(rig.problems(), Vec::<String>::new());
    for (recorder, device) in recorders.into_iter().zip([DEVICE, OTHER]) {
        let recording = faded(recorder.stop().unwrap());
        let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
        println!("{device}: {true_peak:+.3} dBTP");
        assert!(true_peak > -3.0, "{device}: it was tame");
        assert_under_ceiling(&recording, device);
    }
}

#[test]
fn bypassed_app_on_the_default_is_untouched_beside_a_pin() {
    let rig = two_devices();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let sent = rig.session.player(noise(0.3)).app("Sent").looping().held().start().unwrap();
    rig.pin_to(&sent, DEVICE);
    let free = rig.session.player(noise(0.3)).app("Free").looping().held().start().unwrap();
    rig.wait_way(&sent, "bus", DEVICE);
    assert_untouched(&rig, DEVICE, |player| player.app("Direct"));
    // It is over: the other one is protected again.
    rig.wait_way(&sent, "bus", DEVICE);

    let direct = rig.session.player(noise(0.5)).app("Direct").looping().start().unwrap();
    rig.wait_way(&sent, "none", DEVICE);
    rig.wait_way(&free, "app", DEVICE);
    let stream = rig.wait_route(&sent, "unmanaged");
    assert_eq!(
        blocked(&stream),
        Some(Blocked::Bypassed { app: "Direct".to_owned() }),
        "{stream:?}"
    );
    // That what is left alone has clipped is told for a while, and is another matter.
    let is_told = || rig.problems().iter().any(|problem| problem == "device-unprotected");
    assert!(is_told());
    drop(direct);
    rig.wait_way(&sent, "bus", DEVICE);
    assert!(!is_told());
}

#[test]
fn bypass_and_profile_leave_other_devices_alone() {
    let session = Session::start().unwrap();
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles).unwrap();
    let here = "extends = \"default\"\ndevices = \"default\"\n";
    fs::write(profiles.join("here.toml"), here).unwrap();
    let rig = Rig::in_session(session);
    rig.session.create_device(Device::new(OTHER)).unwrap();
    let player = rig.session.player(noise(0.3)).app("Player").target(OTHER).looping();
    let player = player.start().unwrap();
    rig.wait_way(&player, "device", OTHER);
    rig.block(rig.control().set_bypass(true)).unwrap();
    rig.wait_way(&player, "none", OTHER);
    assert_eq!(dict_str(&rig.output(OTHER).unwrap(), "chain"), Some("none"));
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_way(&player, "device", OTHER);
    rig.block(rig.control().set_active_profile("here")).unwrap();
    rig.wait_way(&player, "none", OTHER);
    let stream = rig.wait_route(&player, "unmanaged");
    assert_eq!(blocked(&stream), Some(Blocked::DefaultOnly), "{stream:?}");
    rig.block(rig.control().set_active_profile("default")).unwrap();
    rig.wait_way(&player, "device", OTHER);
}
