//! A Bluetooth headset that changes its profile: its device goes, and comes back as another one.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use headroom_testkit::{
    session::{Device, Graph, Recording, Session},
    signals,
};

use crate::{bluez::Bluez, rig::*};

const RATE_HZ: usize = 48_000;
/// The laptop's own loudspeakers.
const SPEAKERS: &str = DEVICE;
const HEADSET: &str = "bluez_output.00_11";
/// The headset of WirePlumber's own Bluetooth monitor, and its card.
const REAL_HEADSET: &str = "bluez_output.00_11_22_33_44_55.1";
const CARD: &str = "bluez_card.00_11_22_33_44_55";
/// For so long the session manager looks at no stream: what takes longer is no change of a profile.
const CHANGE: Duration = Duration::from_millis(1800);

fn noise() -> Vec<Vec<f32>> {
    [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, 0.1, seed)).to_vec()
}

fn is_silent(recording: &Recording) -> bool {
    recording.first_sound(0, 1e-6).is_none()
}

/// Has a headset come, and then go and come back, while bypassed music and a call play there.
fn assert_stays_off_the_speakers(
    rig: &Rig,
    headset: &str,
    come: impl Fn(&Session),
    go: impl Fn(&Session),
) {
    rig.block(rig.control().set_treatment("Music", "leave-alone", 0.0)).unwrap();
    // A machine that is busy may take longer over a change than the session manager waits.
    for attempt in 1..=15 {
        come(&rig.session);
        rig.session.set_default_device(headset).unwrap();
        let music = rig.session.player(noise()).app("Music").looping().start().unwrap();
        let call = rig.session.player(noise()).app("Call").looping().start().unwrap();
        rig.wait_linked(&music, headset);
        rig.wait_route(&call, "processed");
        let at_headset = rig.session.record(headset).unwrap();
        at_headset.wait_sound(0, 0.01, PATIENCE).unwrap();
        drop(at_headset);
        let speakers = rig.session.record(SPEAKERS).unwrap();
        speakers.wait_more(RATE_HZ / 2, PATIENCE).unwrap();
        let began = Instant::now();
        go(&rig.session);
        // The events are on their way to everybody, and whoever acts too early has done so.
        speakers.wait_more(RATE_HZ, PATIENCE).unwrap();
        let heard = speakers.snapshot();
        come(&rig.session);
        let took = began.elapsed();
        println!("attempt {attempt}: the change took {took:.2?}");
        rig.session.set_default_device(headset).unwrap();
        rig.wait_linked(&music, headset);
        let after = speakers.stop().unwrap();
        if took > CHANGE {
            go(&rig.session);
            continue;
        }
        assert!(is_silent(&heard), "the music was on the loudspeakers within {took:?}");
        println!("silent at the loudspeakers to the end: {}", is_silent(&after));
        assert!(is_silent(&after), "the music was on the loudspeakers afterwards");
        return;
    }
    panic!("no change took less than {CHANGE:?}");
}

#[test]
fn bypassed_music_stays_off_the_speakers_at_a_headsets_change() {
    let rig = Rig::start();
    let come = |session: &Session| {
        session.create_device(Device::new(HEADSET).prop("device.api", "bluez5")).unwrap();
    };
    assert_stays_off_the_speakers(&rig, HEADSET, come, |session| {
        session.remove_device(HEADSET).unwrap();
    });
}

/// The card of WirePlumber's headset: its number, and those of its profiles.
struct Card {
    id: String,
    off: String,
    a2dp: String,
}

impl Card {
    fn find(session: &Session) -> Self {
        let dump: Vec<serde_json::Value> =
            serde_json::from_str(&session.dump_json().unwrap()).unwrap();
        let is_card =
            |it: &&serde_json::Value| it.pointer("/info/props/device.name") == Some(&CARD.into());
        let card = dump.iter().find(is_card).expect("the headset's card");
        let profiles = card.pointer("/info/params/EnumProfile").unwrap().as_array().unwrap();
        let index = |name| {
            let profile = profiles.iter().find(|it| it["name"] == name).unwrap();
            profile["index"].to_string()
        };
        Self { id: card["id"].to_string(), off: index("off"), a2dp: index("a2dp-sink") }
    }

    fn set(&self, session: &Session, profile: &str) {
        let value = format!("{{ index: {profile} }}");
        session.run("pw-cli", &["set-param", &self.id, "Profile", &value]).unwrap();
    }

    fn take_away(&self, session: &Session) {
        self.set(session, &self.off);
        let is_gone = |graph: &Graph| graph.node(REAL_HEADSET).is_none().then_some(());
        session.wait_for_graph("the headset's end", PATIENCE, is_gone).unwrap();
    }

    fn bring(&self, session: &Session) {
        self.set(session, &self.a2dp);
        let has_ports =
            |graph: &Graph| (graph.ports_of(graph.node(REAL_HEADSET)?.id).len() >= 4).then_some(());
        session.wait_for_graph("the headset", PATIENCE, has_ports).unwrap();
    }
}

#[test]
fn bypassed_music_stays_off_the_speakers_at_wireplumbers_change() {
    let folders =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let has_plugin = |folder: &&str| Path::new(folder).join("spa-0.2/bluez5").is_dir();
    if !folders.iter().any(has_plugin) {
        println!("NOT CHECKED: PipeWire's plugin for Bluetooth is not installed");
        return;
    }
    let session = Session::builder().device(Device::new(SPEAKERS)).bluetooth(true).start().unwrap();
    let _bluez = Bluez::start(&session.bus_address());
    let is_there = |graph: &Graph| graph.node(REAL_HEADSET).map(|_| ());
    session.wait_for_graph("the headset", PATIENCE, is_there).unwrap();
    let card = Card::find(&session);
    let rig = Rig::in_session(session);
    let (come, go) =
        (|session: &Session| card.bring(session), |session: &Session| card.take_away(session));
    assert_stays_off_the_speakers(&rig, REAL_HEADSET, come, go);
}
