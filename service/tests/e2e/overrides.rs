//! What is wanted of one application's chain acts on that application alone, at once, and is kept.

use std::fs;

use headroom_api::{By, Error, Explanation, dict_bool, dict_f64, dict_str};
use headroom_testkit::{
    session::{Player, Session},
    signals,
};
use zbus::Variant;

use crate::{
    chains::{SECOND, in_channel, lufs, noise_at},
    rig::*,
};

/// A rule that says of an application what the user may say too.
const MINE: &str = "extends = \"default\"\n\n[[rules]]\nmatch.process_binary = [\"a\"]\n\
                    route = \"processed\"\noffset_db = -6\nchain = false\n";

impl Rig {
    fn set_app(&self, app: &str, key: &str, value: impl Into<Variant<'static>>) {
        self.block(self.control().set_app_setting(app, key, &value.into())).unwrap();
    }

    fn reset_app(&self, app: &str, key: &str) {
        self.block(self.control().reset_app_setting(app, key)).unwrap();
    }

    /// Returns what is in force for a player's application: offset, strength, own chain.
    fn in_force(&self, player: &Player) -> (f64, f64, bool) {
        let stream = self.stream(player).unwrap();
        let of = |key| dict_f64(&stream, key).unwrap();
        (of("offset-db"), of("strength"), dict_bool(&stream, "own-chain").unwrap())
    }

    /// Returns what decided the value in force of a key.
    fn source(&self, player: &Player, key: &str) -> Option<By> {
        Explanation::from_dict(&self.explain(player)).more.app_settings_by.remove(key)
    }
}

fn tone(seed: u64) -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(SECOND, 0.1, seed); 2]
}

#[test]
fn override_acts_on_one_application_and_no_other() {
    let rig = Rig::start();
    let recorder = rig.session.record(DEVICE).unwrap();
    // The one is to be cut, the other to be raised.
    let play = |channel: usize, app: &str, loudness: f64| {
        let noise = in_channel(channel, noise_at(loudness, 8 * SECOND, channel as u64 + 1));
        rig.session.player(noise).binary(app).looping().start().unwrap()
    };
    let players = [play(0, "loud", -12.0), play(1, "soft", -24.0)];
    for player in &players {
        rig.wait_chain(player, "app");
    }
    let sinks = players.each_ref().map(|player| rig.sink_of(player));
    // From here on no stream may be moved.
    // 10 s after each change, for 4 s.
    let wait = || {
        recorder.wait_more(14 * SECOND, PATIENCE * 2).unwrap();
        recorder.frames()
    };
    let mut ends = vec![wait()];
    rig.set_app("loud", "offset_db", -3.0);
    ends.push(wait());
    rig.set_app("soft", "strength", 0.0);
    ends.push(wait());
    rig.set_app("soft", "offset_db", -3.0);
    ends.push(wait());
    assert_eq!(players.each_ref().map(|player| rig.sink_of(player)), sinks);
    let recording = recorder.stop().unwrap();
    let measured: Vec<[f64; 2]> = ends
        .iter()
        .map(|end| {
            let from = end - 4 * SECOND;
            [0, 1].map(|channel| lufs(&recording.channels[channel], from, *end))
        })
        .collect();
    println!("at first, one 3 dB softer, other without levelling, that softer too {measured:.2?}");
    let [first, softer, without, softer_without] = measured[..] else { panic!("four readings") };
    assert!((softer[0] - first[0] + 3.0).abs() < 0.2, "{measured:.2?}");
    assert!((softer_without[1] - without[1] + 3.0).abs() < 0.2, "{measured:.2?}");
    assert!((softer_without[0] - without[0]).abs() < 0.5, "{measured:.2?}");
    assert!((softer[1] - first[1]).abs() < 0.5, "{measured:.2?}");
    assert!((without[1] + 24.0).abs() < 0.5, "{measured:.2?}");
    assert!((without[0] - softer[0]).abs() < 0.5, "{measured:.2?}");
    assert!(first[1] > -20.0, "levelling did nothing: {measured:.2?}");
    let gap_frames = usual_gap_frames(&recording.channels[..1], &ends[..3]);
    assert!(gap_frames < 64, "{gap_frames} frames of silence at most of the changes");
}

#[test]
fn override_survives_a_restart_until_it_is_taken_back() {
    let mut rig = Rig::start();
    // Before it plays, by a name in another case.
    rig.set_app("PLAYER", "offset_db", -3_i32);
    rig.set_app("player", "chain", false);
    let player = rig.session.player(tone(1)).binary("player").looping().start().unwrap();
    rig.wait_chain(&player, "bus");
    assert_eq!(rig.in_force(&player), (-3.0, 1.0, false));
    assert_eq!(rig.source(&player, "chain"), Some(By::User { app: "PLAYER".to_owned() }));
    assert_eq!(rig.source(&player, "strength"), None);
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    rig.restart();
    rig.wait_chain(&player, "bus");
    assert_eq!(rig.in_force(&player), (-3.0, 1.0, false));
    let set = rig.block(rig.control().app_settings()).unwrap();
    assert_eq!((set.len(), set["PLAYER"].len()), (1, 2));
    assert_eq!(dict_f64(&set["PLAYER"], "offset_db"), Some(-3.0));
    rig.reset_app("player", "chain");
    rig.wait_chain(&player, "app");
    assert_eq!(rig.in_force(&player), (-3.0, 1.0, true));
    rig.reset_app("player", "");
    eventually("the default again", || rig.in_force(&player) == (0.0, 1.0, true));
    assert!(rig.block(rig.control().app_settings()).unwrap().is_empty());
}

#[test]
fn users_override_comes_before_a_rule_key_by_key() {
    let session = Session::start().unwrap();
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("mine.toml"), MINE).unwrap();
    let rig = Rig::in_session(session);
    let player = rig.session.player(tone(1)).binary("a").looping().start().unwrap();
    let other = rig.session.player(tone(2)).binary("b").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    rig.block(rig.control().set_active_profile("mine")).unwrap();
    rig.wait_chain(&player, "bus");
    rig.wait_chain(&other, "app");
    assert_eq!(rig.in_force(&player), (-6.0, 1.0, false));
    let source = rig.source(&player, "chain");
    let rule = By::Rule { profile: "mine".to_owned(), line: 3, shipped: false };
    assert_eq!(source, Some(rule));
    rig.set_app("a", "chain", true);
    rig.wait_chain(&player, "app");
    assert_eq!(rig.in_force(&player), (-6.0, 1.0, true));
    assert_eq!(rig.source(&player, "chain"), Some(By::User { app: "a".to_owned() }));
    assert_eq!(rig.in_force(&other), (0.0, 1.0, true));
    let told = rig.explain(&player);
    assert_eq!(dict_str(&told, "chain"), Some("app"));
    assert_eq!(dict_f64(&told, "offset-db"), Some(-6.0));
}

#[test]
fn refused_override_says_why_and_changes_nothing() {
    let rig = Rig::start();
    let set = |app: &str, key: &str, value: Variant<'_>| {
        rig.block(rig.control().set_app_setting(app, key, &value)).unwrap_err()
    };
    for (key, value, hint) in [
        ("offset_db", 12.5.into(), "-12 to 12 dB"),
        ("offset_db", f64::NAN.into(), "-12 to 12 dB"),
        ("offset_db", "loud".into(), "\"loud\""),
        ("strength", (-1).into(), "0 to 1"),
        ("strength", true.into(), "0 to 1"),
        ("chain", 1_u32.into(), "true or false"),
        ("chain", vec![true].into(), "'ab'"),
    ] {
        let error = set("mpv", key, value);
        assert!(matches!(&error, Error::InvalidValue(text) if text.contains(hint)), "{error:?}");
    }
    let error = set("mpv", "offset", 1.0.into());
    assert!(
        matches!(&error, Error::NoSuchSetting(text) if text.contains("offset_db")),
        "{error:?}"
    );
    let error = set("", "chain", true.into());
    assert!(matches!(&error, Error::InvalidValue(text) if text.contains("name")), "{error:?}");
    let reset = |key| rig.block(rig.control().reset_app_setting("mpv", key)).unwrap_err();
    for key in ["", "chain"] {
        let error = reset(key);
        assert!(
            matches!(&error, Error::NoSuchAppSetting(text) if text.contains("mpv")),
            "{error:?}"
        );
    }
    assert!(matches!(reset("offset"), Error::NoSuchSetting(_)));
    assert!(rig.block(rig.control().app_settings()).unwrap().is_empty());
    assert!(!rig.session.state_home().join("headroom/state.toml").exists());
}
