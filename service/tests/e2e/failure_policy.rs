//! What a failure leaves unprotected goes on as it is, or 20 dB softer, as was chosen.

use headroom_api::{ChainKind, ExplanationRow, LevelHeld, Problem, StreamRow};
use headroom_testkit::session::{Device, Player, wait_for};

use crate::{
    chains::{SECOND, noise_at},
    failure::crash_until_safe_mode,
    guards::level_db,
    rig::*,
};

const OTHER: &str = "other";

impl Rig {
    /// Returns the level at a device over half a second, in dB.
    fn heard_db(&self, device: &str) -> f64 {
        let recorder = self.session.record(device).unwrap();
        recorder.wait_sound(0, 1e-4, PATIENCE).unwrap();
        let from = recorder.frames();
        recorder.wait_more(SECOND / 2, PATIENCE).unwrap();
        let recording = recorder.stop().unwrap();
        level_db(&recording.channels[0][from..from + SECOND / 2])
    }

    fn wait_quiet(&self, player: &Player, quiet: bool) {
        let row = || ExplanationRow::from_dict(&self.explain(player));
        wait_for("a stream that is kept quiet, or not", PATIENCE, || {
            let held = row().level_why.and_then(|why| why.held);
            ((held == Some(LevelHeld::KeptQuiet)) == quiet).then_some(())
        })
        .unwrap_or_else(|error| panic!("{error}: {:?}, {:?}", row(), self.row(player)));
    }

    fn row(&self, player: &Player) -> StreamRow {
        self.stream(player).map(|row| StreamRow::from_dict(&row)).unwrap()
    }

    /// Links a stream straight to a device as well, as with a patchbay.
    fn link_past(&self, player: &Player) {
        let graph = self.session.dump().unwrap();
        let device = graph.node(DEVICE).unwrap().id;
        for out in graph.ports_of(player.node_id()).into_iter().filter(|port| !port.is_input) {
            let ports = graph.ports_of(device);
            let input = ports.iter().find(|port| port.is_input && port.channel == out.channel);
            let ids = [out.id.to_string(), input.unwrap().id.to_string()];
            self.session.run("pw-link", &[&ids[0], &ids[1]]).unwrap();
        }
    }

    fn policy(&self, policy: &'static str) {
        self.block(self.control().set_setting("failure.policy", &policy.into())).unwrap();
        // A disk that is busy for longer than a setting waits would forget it with the service.
        eventually("the policy on the disk", || self.kept().contains(policy));
    }
}

#[test]
fn quiet_policy_keeps_the_unprotected_20_db_down() {
    let mut rig = Rig::start();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.policy("quiet");
    crash_until_safe_mode(&mut rig);
    let start = |app: &str, seed| {
        let player = rig.session.player(vec![noise_at(-30.0, 4 * SECOND, seed); 2]).app(app);
        player.looping().start().unwrap()
    };
    let browser = start("Firefox", 5);
    rig.wait_linked(&browser, DEVICE);
    rig.wait_quiet(&browser, true);
    assert_eq!(rig.row(&browser).chain.known(), Some(ChainKind::None));
    let quiet_db = rig.heard_db(DEVICE);
    let told = Problem::KeptQuiet { apps: vec!["Firefox".into()], count: 1 };
    assert!(rig.problem_rows().iter().any(|row| row.known.as_ref() == Some(&told)));

    // What a person leaves alone is no failure.
    let music = start("mpd", 6);
    rig.wait_linked(&music, DEVICE);
    rig.wait_quiet(&music, false);
    drop(music);

    // The device's own choice comes first.
    let control = rig.control();
    rig.block(control.set_device_setting(DEVICE, "failure", &"open".into())).unwrap();
    rig.wait_quiet(&browser, false);
    let open_db = rig.heard_db(DEVICE);
    println!("kept quiet: {quiet_db:.2} dB, open: {open_db:.2} dB");
    assert!((open_db - quiet_db - 20.0).abs() < 0.3, "{quiet_db} {open_db}");
    rig.block(control.reset_device_setting(DEVICE, "failure")).unwrap();
    rig.wait_quiet(&browser, true);

    // A service that ends leaves nothing behind.
    rig.service.terminate(PATIENCE).unwrap();
    let left_db = rig.heard_db(DEVICE);
    assert!((left_db - open_db).abs() < 0.3, "{left_db} {open_db}");
    rig.revive();
    rig.wait_quiet(&browser, true);
    // The way back, and what a person has switched off.
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_state("running");
    rig.wait_linked(&browser, "headroom");
    rig.wait_quiet(&browser, false);
    rig.block(rig.control().set_bypass(true)).unwrap();
    rig.wait_linked(&browser, DEVICE);
    rig.wait_quiet(&browser, false);
    let off_db = rig.heard_db(DEVICE);
    assert!((off_db - open_db).abs() < 0.3, "{off_db} {open_db}");
}

#[test]
fn stream_that_is_not_moved_is_kept_quiet_after_2_s() {
    let rig = Rig::start();
    rig.policy("quiet");
    let player = rig.session.player(vec![noise_at(-30.0, 4 * SECOND, 5); 2]).app("Firefox");
    let player = player.looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    rig.wait_quiet(&player, false);
    // Somebody links it past its chain, and keeps it there.
    rig.link_past(&player);
    rig.wait_quiet(&player, true);
    assert_eq!(rig.row(&player).chain.known(), Some(ChainKind::None));
}
