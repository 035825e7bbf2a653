//! Any layout, any rate, any quantum, and changes between them while something plays.

use headroom_testkit::{
    meter,
    session::{Device, Session},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;

fn hostile(channels: usize, frames: usize) -> Vec<Vec<f32>> {
    (0..channels).map(|channel| signals::gaussian_noise(frames, 1.5, channel as u64)).collect()
}

#[test]
fn surround_channels_are_limited_and_stay_apart() {
    for channels in [1, 6, 8] {
        let rig = Rig::in_session(session_with_channels(channels));
        rig.limit_only();
        let material = hostile(channels, RATE_HZ);
        let recording = rig.pass("Film", "headroom", &material).recording;
        assert_eq!(recording.channels.len(), channels);
        assert_under_ceiling(&recording, &format!("{channels} channels"));
        for (index, (played, heard)) in material.iter().zip(&recording.channels).enumerate() {
            let delay = meter::delay_frames(played, heard).unwrap();
            // Limited noise still resembles itself, and no other channel's noise.
            assert!(delay.correlation > 0.5, "channel {index} of {channels}: {delay:?}");
        }
    }
}

#[test]
fn change_of_layout_lets_nothing_past_the_ceiling() {
    let rig = Rig::start();
    rig.limit_only();
    rig.session.create_device(Device::new("surround").channels(6)).unwrap();
    let player = rig.session.player(hostile(2, RATE_HZ)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let stereo = rig.session.record(DEVICE).unwrap();
    let surround = rig.session.record("surround").unwrap();
    stereo.wait_sound(0, 0.01, PATIENCE).unwrap();
    for (device, channels) in [("surround", 6), (DEVICE, 2)] {
        rig.session.set_default_device(device).unwrap();
        rig.session
            .wait_for_graph(&format!("a pair with {channels} channels"), PATIENCE, |graph| {
                let output = graph.node("headroom.output")?;
                let ports = graph.ports_of(output.id).len();
                (ports == channels && graph.target_names(output.id) == [device]).then_some(())
            })
            .unwrap();
        rig.wait_linked(&player, "headroom");
        let recorder = if device == DEVICE { &stereo } else { &surround };
        let now = recorder.frames();
        recorder.wait_sound(now, 0.01, PATIENCE).unwrap();
        recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    }
    assert_under_ceiling(&stereo.stop().unwrap(), "stereo");
    assert_under_ceiling(&surround.stop().unwrap(), "surround");
}

#[test]
fn a_change_of_the_graphs_rate_is_followed_while_playing() {
    let session = Session::builder()
        .device(Device::new(DEVICE))
        .allowed_rates(&[44_100, 48_000, 96_000])
        .start()
        .unwrap();
    let rig = Rig::in_session(session);
    rig.limit_only();
    let player = rig.session.player(hostile(2, RATE_HZ)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    for rate_hz in [96_000, 44_100, 48_000] {
        rig.session.force_rate(rate_hz).unwrap();
        eventually("the rate in Output", || {
            let output = rig.block(rig.control().output()).unwrap();
            headroom_api::dict_u32(&output, "rate") == Some(rate_hz)
        });
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        recorder.wait_more(RATE_HZ, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        assert_eq!(recording.rate_hz, rate_hz);
        assert_under_ceiling(&recording, &format!("{rate_hz} Hz"));
        rig.session
            .wait_for_graph("the latency at the app", PATIENCE, |graph| {
                let frames = rig.published_latency_frames();
                let ports = graph.ports_of(player.node_id());
                let told = ports.iter().all(|port| rig.port_latency(port.id) == Some(frames));
                (!ports.is_empty() && told && frames > 0).then_some(())
            })
            .unwrap();
    }
}

#[test]
fn any_quantum_gives_the_same_promise() {
    let rig = Rig::start();
    rig.limit_only();
    let player = rig.session.player(hostile(2, RATE_HZ)).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    for quantum in [64, 8192, 256, 1000] {
        rig.session.force_quantum(quantum).unwrap();
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        assert_under_ceiling(&recording, &format!("quantum {quantum}"));
    }
}
