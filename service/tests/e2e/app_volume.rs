//! App volume control: one loud app is turned down, and the user's own volume is never touched.

use headroom_api::{dict_bool, dict_f64};
use headroom_testkit::{
    meter,
    session::{Player, Recorder, Session},
    signals,
};

use crate::rig::*;

const RATE_HZ: u32 = 48_000;
const SECOND: usize = RATE_HZ as usize;

/// The volumes of a stream, as PipeWire has them.
#[derive(Clone, Debug, PartialEq)]
struct Volumes {
    /// The user's own, which WirePlumber stores.
    channel: f64,
    /// What is applied.
    soft: f64,
    mute: bool,
    soft_mute: bool,
}

fn volumes(session: &Session, player: &Player) -> Volumes {
    let graph = session.dump().unwrap();
    let node = graph.node_by_id(player.node_id()).expect("the player's node");
    let props = &node.params["Props"][0];
    let first = |key: &str| props[key][0].as_f64().unwrap();
    let flag = |key: &str| props[key].as_bool().unwrap();
    Volumes {
        channel: first("channelVolumes"),
        soft: first("softVolumes"),
        mute: flag("mute"),
        soft_mute: flag("softMute"),
    }
}

/// Has the user move the slider of a stream.
fn move_slider(session: &Session, player: &Player, volume: f64) {
    let props = format!("{{ channelVolumes: [{volume}, {volume}] }}");
    session.run("pw-cli", &["s", &player.node_id().to_string(), "Props", &props]).unwrap();
}

fn settings(rig: &Rig) {
    let control = rig.control();
    rig.block(async {
        // Where a leveller works, app volume control keeps out.
        control.set_active_profile("bypass-all").await.unwrap();
        control.set_setting("app_volume.target_dbfs", &(-30.0).into()).await.unwrap();
        control.set_setting("app_volume.max_cut_db", &(24.0).into()).await.unwrap();
        control.set_setting("app_volume.attack_ms", &(100.0).into()).await.unwrap();
        control.set_setting("app_volume.release_ms", &(300.0).into()).await.unwrap();
    });
}

fn turn_on(rig: &Rig) {
    rig.block(rig.control().set_setting("app_volume.enabled", &true.into())).unwrap();
}

fn loud_player(rig: &Rig) -> Player {
    // -14 dBFS RMS, far over the target above.
    let tone = vec![signals::sine(RATE_HZ, SECOND, 1000.0, 0.28); 2];
    let player = rig.session.player(tone).app("Shouter").looping().start().unwrap();
    player.wait_streaming(PATIENCE).unwrap();
    player
}

fn level_db(recorder: &Recorder) -> f64 {
    recorder.wait_more(SECOND / 2, PATIENCE).unwrap();
    let heard = recorder.snapshot();
    let last = &heard.channels[0][heard.frames() - SECOND / 4..];
    meter::sample_peak_dbfs(last) - 3.01
}

fn turned_down(rig: &Rig, player: &Player) -> Volumes {
    let mut seen = volumes(&rig.session, player);
    eventually("the stream to be turned down", || {
        seen = volumes(&rig.session, player);
        seen.soft < seen.channel * 0.3
    });
    seen
}

fn given_back(session: &Session, player: &Player) {
    eventually("the volume to be given back", || {
        let seen = volumes(session, player);
        (seen.soft - seen.channel).abs() < 1e-6 && seen.soft_mute == seen.mute
    });
}

#[test]
fn a_loud_bypassed_app_is_turned_down_to_the_target_and_back() {
    let rig = Rig::start();
    settings(&rig);
    let player = loud_player(&rig);
    rig.wait_linked(&player, DEVICE);
    let recorder = rig.session.record(DEVICE).unwrap();
    let before = level_db(&recorder);
    assert!((before + 14.0).abs() < 0.5, "{before}");
    turn_on(&rig);
    eventually("the level", || (level_db(&recorder) + 30.0).abs() < 1.5);
    assert_eq!(dict_bool(&rig.stream(&player).unwrap(), "level"), Some(true));
    let explained = rig.block(rig.control().explain(player.serial())).unwrap();
    assert!(dict_f64(&explained, "level-db").unwrap() < -12.0, "{explained:?}");
    // The RMS of the gauge looks back a third of a second.
    eventually("the gauges", || {
        let (_, streams) = rig.block(rig.control().get_meters()).unwrap();
        let gauges = &streams.iter().find(|(id, _)| *id == player.serial()).unwrap().1;
        (gauges["level-db"] + 16.0).abs() < 1.0 && (gauges["rms-dbfs"] + 30.0).abs() < 1.0
    });
    rig.block(rig.control().reset_setting("app_volume.enabled")).unwrap();
    given_back(&rig.session, &player);
    assert!((level_db(&recorder) + 14.0).abs() < 0.5);
}

#[test]
fn users_own_volume_counts_at_once_and_is_the_new_ceiling() {
    let rig = Rig::start();
    settings(&rig);
    turn_on(&rig);
    let player = loud_player(&rig);
    let seen = turned_down(&rig, &player);
    assert!((seen.channel - 1.0).abs() < 1e-6, "the slider was moved: {seen:?}");
    // Below the target already: nothing is to be taken away any more.
    move_slider(&rig.session, &player, 0.05);
    eventually("the user's volume", || {
        let seen = volumes(&rig.session, &player);
        (seen.channel - 0.05).abs() < 1e-6 && (seen.soft - 0.05).abs() < 1e-6
    });
    move_slider(&rig.session, &player, 0.8);
    eventually("the new ceiling", || {
        let seen = volumes(&rig.session, &player);
        (seen.channel - 0.8).abs() < 1e-6 && seen.soft < 0.4
    });
    // Muted is muted, also while it is turned down.
    let node = player.node_id().to_string();
    rig.session.run("pw-cli", &["s", &node, "Props", "{ mute: true }"]).unwrap();
    eventually("the mute", || {
        let seen = volumes(&rig.session, &player);
        seen.mute && seen.soft_mute
    });
    rig.session.run("pw-cli", &["s", &node, "Props", "{ mute: false }"]).unwrap();
    eventually("the end of the mute", || !volumes(&rig.session, &player).soft_mute);
}

#[test]
fn volume_that_a_client_sets_is_the_users_and_keeps_the_gain() {
    let rig = Rig::start();
    settings(&rig);
    turn_on(&rig);
    let player = loud_player(&rig);
    turned_down(&rig, &player);
    rig.block(rig.control().set_stream_volume(player.serial(), 90.0)).unwrap();
    eventually("the gain on the new volume", || {
        let seen = volumes(&rig.session, &player);
        (seen.channel - 0.729).abs() < 1e-4 && seen.soft < seen.channel * 0.3
    });
    rig.block(rig.control().set_stream_muted(player.serial(), true)).unwrap();
    eventually("the mute", || {
        let seen = volumes(&rig.session, &player);
        seen.mute && seen.soft_mute && (seen.channel - 0.729).abs() < 1e-4
    });
}

/// WirePlumber writes its state a second after a change.
fn wait_stored(session: &Session) {
    eventually("the stored volume", || {
        session.wireplumber_state().values().any(|text| text.contains("[0.800000, 0.800000]"))
    });
}

/// What WirePlumber has stored at its end.
fn stored_volumes(session: &Session) -> String {
    session.stop_wireplumber().unwrap();
    let state = session.wireplumber_state();
    state.into_iter().filter(|(file, _)| file.contains("stream")).map(|(_, text)| text).collect()
}

#[test]
fn after_a_stop_every_volume_is_what_the_user_had() {
    let rig = Rig::start();
    settings(&rig);
    turn_on(&rig);
    let player = loud_player(&rig);
    move_slider(&rig.session, &player, 0.8);
    let seen = turned_down(&rig, &player);
    assert!((seen.channel - 0.8).abs() < 1e-6, "{seen:?}");
    wait_stored(&rig.session);
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    given_back(&rig.session, &player);
    assert!((volumes(&rig.session, &player).channel - 0.8).abs() < 1e-6);
    let stored = stored_volumes(&rig.session);
    assert!(stored.contains("[0.800000, 0.800000]"), "{stored}");
}

#[test]
fn after_a_crash_the_next_start_gives_every_volume_back() {
    let mut rig = Rig::start();
    settings(&rig);
    turn_on(&rig);
    let player = loud_player(&rig);
    move_slider(&rig.session, &player, 0.8);
    turned_down(&rig, &player);
    wait_stored(&rig.session);
    rig.service.kill();
    // Nobody wants it any more when it is back: only the journal knows of it.
    std::fs::write(rig.state_file(), "").unwrap();
    rig.restart();
    given_back(&rig.session, &player);
    assert!((volumes(&rig.session, &player).channel - 0.8).abs() < 1e-6);
    let stored = stored_volumes(&rig.session);
    assert!(stored.contains("[0.800000, 0.800000]"), "{stored}");
}

#[test]
fn profile_turns_it_on_and_bypass_or_the_user_off() {
    let rig = Rig::start();
    settings(&rig);
    let player = loud_player(&rig);
    let level = || dict_bool(&rig.stream(&player).unwrap(), "level").unwrap();
    assert!(!level());
    turn_on(&rig);
    eventually("the profile", level);
    turned_down(&rig, &player);
    rig.block(rig.control().set_bypass(true)).unwrap();
    given_back(&rig.session, &player);
    eventually("the bypass", || !level());
    rig.block(rig.control().set_bypass(false)).unwrap();
    turned_down(&rig, &player);
    // What the user has left alone is not turned down, either.
    rig.block(rig.control().set_treatment("Shouter", "leave-alone", 0.0)).unwrap();
    given_back(&rig.session, &player);
}
