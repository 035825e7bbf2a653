//! A stream's own volume and mute over the bus: what the desktop's mixers have, and nothing beside it.

use headroom_api::{Error, dict_bool, dict_f64, dict_u64, names};
use headroom_testkit::session::{Player, Session};

use crate::{
    ear::{heard_after, last_lufs, noise, props, pulse_volume, session_with_pulse},
    rig::*,
};

/// What 50 % are, by the cube that mixers use, in dB.
const HALF_DB: f64 = -18.06;

/// The volumes of a stream's channels, linear, and whether it is muted, as PipeWire has them.
fn mixer(session: &Session, player: &Player) -> (Vec<f64>, bool) {
    let graph = session.dump().unwrap();
    let node = graph.node_by_id(player.node_id()).expect("the player's node");
    let props = &node.params["Props"][0];
    let channels = props["channelVolumes"].as_array().unwrap();
    let channels = channels.iter().map(|it| it.as_f64().unwrap()).collect();
    (channels, props["mute"].as_bool().unwrap())
}

fn assert_mixer(session: &Session, player: &Player, channels: &[f64]) {
    let (now, _) = mixer(session, player);
    let is_close = |(now, wanted): (&f64, &f64)| (now - wanted).abs() < 1e-4;
    assert!(now.iter().zip(channels).all(is_close), "{now:?} for {channels:?}");
    assert_eq!(now.len(), channels.len());
}

impl Rig {
    fn set_volume(&self, player: &Player, percent: f64) {
        self.block(self.control().set_stream_volume(player.serial(), percent)).unwrap();
    }

    fn set_muted(&self, player: &Player, muted: bool) {
        self.block(self.control().set_stream_muted(player.serial(), muted)).unwrap();
    }

    /// What `Streams` says of a player's volume.
    fn shown_volume(&self, player: &Player) -> (Option<f64>, Option<bool>) {
        let row = self.stream(player).unwrap();
        (dict_f64(&row, "volume-percent"), dict_bool(&row, "muted"))
    }
}

#[test]
fn volume_is_the_mixers_and_heard_in_full_for_good() {
    let rig = Rig::in_session(session_with_pulse());
    let player = rig.settle_player("Music", noise(-22.0, 10, 21));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    assert_eq!(rig.shown_volume(&player), (Some(100.0), Some(false)));
    rig.set_volume(&player, 50.0);
    assert_eq!(rig.shown_volume(&player), (Some(50.0), Some(false)), "told with the answer");
    assert_mixer(&rig.session, &player, &[0.125, 0.125]);
    let inputs = rig.session.run("pactl", &["list", "sink-inputs"]).unwrap();
    assert!(inputs.contains(" 50% "), "{inputs}");
    heard_after(&recorder, 1.0);
    let at_once = last_lufs(&recorder, 1.0) - before;
    heard_after(&recorder, 20.0);
    let after = last_lufs(&recorder, 3.0) - before;
    println!("50 %: {at_once:+.2} dB after 1 s, {after:+.2} dB after 20 s, {HALF_DB} wanted");
    assert!((at_once - HALF_DB).abs() <= 1.0, "{at_once:+.2} dB after a second");
    assert!((after - HALF_DB).abs() <= 1.0, "{after:+.2} dB after 20 s");
    let told = rig.explain(&player);
    assert_eq!(dict_bool(&told, "volume-known"), Some(true));
    // Who asks for one step after the other meets its own.
    for step in 1..=20 {
        let percent = 50.0 + f64::from(step);
        rig.set_volume(&player, percent);
        assert_eq!(rig.shown_volume(&player), (Some(percent), Some(false)));
    }
    rig.set_volume(&player, 50.0);
    eventually("the session manager to remember it", || {
        rig.session.wireplumber_state().values().any(|text| text.contains("[0.125000, 0.125000]"))
    });
    // The other way: what a mixer moves is told.
    pulse_volume(&rig.session, &player, 0.3_f64.powi(3));
    eventually("a mixer's move", || {
        rig.shown_volume(&player).0.is_some_and(|percent| (percent - 30.0).abs() < 0.05)
    });
}

#[test]
fn mute_silences_and_its_end_brings_back_what_was_heard() {
    let rig = Rig::start();
    let player = rig.settle_player("Music", noise(-22.0, 10, 22));
    let recorder = rig.session.record(DEVICE).unwrap();
    heard_after(&recorder, 10.0);
    let before = last_lufs(&recorder, 3.0);
    rig.set_muted(&player, true);
    assert_eq!(rig.shown_volume(&player), (Some(100.0), Some(true)));
    assert!(mixer(&rig.session, &player).1);
    let second = 48_000;
    let mut peak = 1.0;
    eventually("silence", || {
        let heard = heard_after(&recorder, 0.2).remove(0);
        peak = heard[heard.len() - second / 10..].iter().fold(0.0, |peak, it| it.abs().max(peak));
        peak < 1e-6
    });
    let muted = heard_after(&recorder, 3.0).remove(0);
    let peak = muted[muted.len() - second..].iter().fold(0.0_f32, |peak, it| it.abs().max(peak));
    rig.set_muted(&player, false);
    assert_eq!(rig.shown_volume(&player), (Some(100.0), Some(false)));
    recorder.wait_sound(muted.len(), 1e-3, PATIENCE).unwrap();
    heard_after(&recorder, 1.0);
    let after = last_lufs(&recorder, 2.0) - before;
    println!("muted: peak {peak:e}; {after:+.2} dB when it is back");
    assert!(peak < 1e-6, "{peak}");
    assert!(after.abs() <= 1.0, "{after:+.2} dB when it is back");
}

#[test]
fn balance_stays_and_what_was_silent_comes_out_alike() {
    let rig = Rig::start();
    let player = rig.settle_player("Music", noise(-22.0, 2, 23));
    let shows =
        |percent: f64| rig.shown_volume(&player).0.is_some_and(|it| (it - percent).abs() < 0.05);
    props(&rig.session, &player, "{ channelVolumes: [1.0, 0.25] mute: true }");
    eventually("the balance", || rig.shown_volume(&player).1 == Some(true));
    rig.set_volume(&player, 50.0);
    assert_mixer(&rig.session, &player, &[0.125, 0.031_25]);
    assert!(mixer(&rig.session, &player).1, "the mute is another thing");
    rig.set_volume(&player, 150.0);
    assert_mixer(&rig.session, &player, &[3.375, 0.843_75]);
    rig.set_volume(&player, 0.0);
    assert!(shows(0.0));
    rig.set_volume(&player, 80.0);
    assert_mixer(&rig.session, &player, &[0.512, 0.512]);
    assert!(shows(80.0));
}

#[test]
fn stream_without_a_volume_and_what_is_no_stream_are_refused() {
    let rig = Rig::start();
    let player = rig.settle_player("Music", noise(-22.0, 2, 24));
    let mut recorder = rig.session.command("pw-record");
    let listens = "{ node.name = recorder.pw stream.capture.sink = true }";
    recorder.args(["-P", listens, "/dev/null"]);
    let _recorder = rig.session.spawn(&recorder, "pw-record").unwrap();
    let mut listener = None;
    eventually("the recorder's row", || {
        let mut streams = rig.streams().into_iter();
        listener = streams.find(|row| dict_u64(row, "id") != Some(player.serial()));
        listener.is_some()
    });
    let listener = listener.unwrap();
    assert!(!listener.contains_key("volume-percent") && !listener.contains_key("muted"));
    let listener = dict_u64(&listener, "id").unwrap();
    let ours = rig.session.dump().unwrap().node(names::SINK_NODE).unwrap().serial;
    let control = rig.control();
    for (id, has_row) in [(listener, true), (ours, false), (0, false), (u64::MAX, false)] {
        for error in [
            rig.block(control.set_stream_volume(id, 50.0)).unwrap_err(),
            rig.block(control.set_stream_muted(id, true)).unwrap_err(),
        ] {
            let is_right = match &error {
                Error::InvalidValue(text) => has_row && text.contains("no volume of its own"),
                Error::NoSuchStream(_) => !has_row,
                _ => false,
            };
            assert!(is_right, "{id}: {error:?}");
        }
    }
    for percent in [-1.0, 150.5, f64::NAN, f64::INFINITY] {
        let error = rig.block(control.set_stream_volume(player.serial(), percent)).unwrap_err();
        assert!(matches!(error, Error::InvalidValue(_)), "{percent}: {error:?}");
    }
    assert_eq!(rig.shown_volume(&player), (Some(100.0), Some(false)));
    assert_mixer(&rig.session, &player, &[1.0, 1.0]);
}
