//! Another look-ahead, while something plays.

use headroom_testkit::signals;

use crate::rig::*;

const RATE_HZ: usize = 48_000;

#[test]
fn new_look_ahead_fades_in_and_its_latency_is_published() {
    let rig = Rig::start();
    let material: Vec<Vec<f32>> =
        (0..2).map(|seed| signals::gaussian_noise(RATE_HZ, 1.5, seed)).collect();
    let player = rig.session.player(material).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    let mut moments = Vec::new();
    for (word, frames) in [("low", 53), ("standard", 69), ("low", 53)] {
        moments.push(recorder.frames());
        rig.block(rig.control().set_setting("limiter.lookahead", &word.into())).unwrap();
        eventually("the latency in Output", || rig.published_latency_frames() == frames);
        rig.session
            .wait_for_graph("the latency at the app", PATIENCE, |graph| {
                let ports = graph.ports_of(player.node_id());
                let told = ports.iter().all(|port| rig.port_latency(port.id) == Some(frames));
                (!ports.is_empty() && told).then_some(())
            })
            .unwrap();
        recorder.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
    }
    let recording = recorder.stop().unwrap();
    // Loud noise all the time: nothing was cut out of it.
    let gap_frames = usual_gap_frames(&recording.channels, &moments);
    assert!(gap_frames < 10, "{gap_frames} frames of silence at most of the changes");
    assert_under_ceiling(&recording, "while the look-ahead changes");
}
