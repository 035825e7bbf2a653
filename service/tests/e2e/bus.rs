//! The bus contract: what is promised in the manual is what the service does.

use std::time::Duration;

use futures_util::StreamExt;
use headroom_api::{BusGauges, Error, FLOOR_DB, dict_bool, dict_f64, dict_str, dict_u32, names};
use headroom_testkit::{
    manual,
    session::{Device, Session},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(RATE_HZ, 0.3, 1), signals::gaussian_noise(RATE_HZ, 0.3, 2)]
}

#[test]
fn the_manual_and_the_service_agree_on_every_member() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/org.headroom.Control.xml");
    let manual = manual::members(&std::fs::read_to_string(path).unwrap(), names::INTERFACE);
    let rig = Rig::start();
    let proxy = rig
        .block(
            zbus::fdo::IntrospectableProxy::builder(rig.connection())
                .destination(names::BUS_NAME)
                .path(names::OBJECT_PATH)
                .build(),
        )
        .unwrap();
    let live = manual::members(&rig.block(proxy.introspect()).unwrap(), names::INTERFACE);
    assert!(live.len() > 20, "{live:#?}");
    assert_eq!(manual, live);
}

#[test]
fn bad_input_is_refused_with_a_sentence_and_changes_nothing() {
    let rig = Rig::start();
    let control = rig.control();
    let long = "x".repeat(10_000);
    let refused = |result: headroom_api::Result<()>, hint: &str| {
        let error = result.expect_err(hint);
        let message = error.message();
        assert!(message.contains(hint), "{message}");
        assert!(message.len() < 700, "an error must not echo everything: {message}");
        error
    };
    for app in ["", " ", "a\nb", "a\u{7f}b", &long] {
        refused(rig.block(control.set_route(app, "bypass")), "application's name");
    }
    for route in ["", "Bypass", "loud", &long[..300]] {
        let error = refused(rig.block(control.set_route("mpv", route)), "processed, bypass");
        assert!(matches!(error, Error::InvalidValue(_)), "{error:?}");
    }
    let error = refused(rig.block(control.unset_route("nobody")), "nobody");
    assert!(matches!(error, Error::NoSuchTreatment(_)), "{error:?}");
    for hz in [0.0, -1.0, 0.99, 60.1, f64::NAN, f64::INFINITY, f64::MIN] {
        let error = refused(rig.block(control.subscribe_meters(hz)), "1 to 60 Hz");
        assert!(matches!(error, Error::InvalidValue(_)), "{error:?}");
    }
    for id in [0, 1, u64::MAX] {
        let error = refused(rig.block(control.explain(id)).map(|_| ()), "no stream");
        assert!(matches!(error, Error::NoSuchStream(_)), "{error:?}");
    }
    refused(rig.block(control.get_setting("limiter.ceiling")).map(|_| ()), "limiter.ceiling_dbtp");
    refused(rig.block(control.show_profile("../../etc/passwd")).map(|_| ()), "default");
    let error = rig.block(control.set_active_profile("party")).unwrap_err();
    assert!(error.to_string().contains("party"), "{error}");

    assert!(rig.block(control.treatments()).unwrap().is_empty());
    assert_eq!(rig.block(control.active_profile()).unwrap(), "default");
    assert_eq!(rig.state(), "running");
}

#[test]
fn wrong_types_are_refused_by_name() {
    let rig = Rig::start();
    let call = |member: &str, arguments: &[&str]| {
        let mut all = vec!["--user", "call", names::BUS_NAME, names::OBJECT_PATH, names::INTERFACE];
        all.push(member);
        all.extend(arguments);
        rig.session.run("busctl", &all)
    };
    assert!(call("SetTreatment", &["ss", "mpv", "even-out"]).is_err());
    assert!(call("SetRoute", &["s", "mpv"]).is_err());
    assert!(call("SetRoute", &["ub", "1", "true"]).is_err());
    assert!(call("SubscribeMeters", &["s", "ten"]).is_err());
    assert!(call("NoSuchMember", &[]).is_err());
    let set = ["--user", "set-property", names::BUS_NAME, names::OBJECT_PATH, names::INTERFACE];
    let error = rig.session.run("busctl", &[&set[..], &["Bypass", "s", "on"]].concat());
    assert!(error.is_err());
    let error = rig.session.run("busctl", &[&set[..], &["State", "s", "running"]].concat());
    assert!(error.is_err());
    assert_eq!(rig.state(), "running");
    assert!(!rig.block(rig.control().bypass()).unwrap());
}

#[test]
fn changes_are_refused_and_reads_answered_without_pipewire() {
    let rig = Rig::start();
    rig.session.kill_pipewire();
    rig.wait_state("waiting");
    let control = rig.control();
    let error = rig.block(control.set_route("mpv", "bypass")).unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
    assert!(rig.block(control.unset_route("mpv")).is_err());
    assert!(rig.block(control.set_bypass(true)).unwrap_err().to_string().contains("PipeWire"));
    assert!(!rig.block(control.bypass()).unwrap());
    assert!(rig.block(control.treatments()).unwrap().is_empty());
    assert!(rig.streams().is_empty());
    let (bus, _) = rig.block(control.get_meters()).unwrap();
    assert_eq!(bus["true-peak-dbtp"].to_bits(), FLOOR_DB.to_bits());
    let health = rig.block(control.health()).unwrap();
    assert_eq!(dict_str(&health, "pipewire-version"), Some(""));
}

#[test]
fn a_change_is_announced_once_and_an_equal_write_not_at_all() {
    let rig = Rig::start();
    let control = rig.control();
    let properties = rig
        .block(
            zbus::fdo::PropertiesProxy::builder(rig.connection())
                .destination(names::BUS_NAME)
                .path(names::OBJECT_PATH)
                .build(),
        )
        .unwrap();
    let told = rig.block(async {
        let mut changes = properties.receive_properties_changed().await.unwrap();
        for (bypass, route) in [(true, "bypass"), (true, "bypass"), (false, "processed")] {
            control.set_bypass(bypass).await.unwrap();
            control.set_route("mpv", route).await.unwrap();
        }
        control.unset_route("mpv").await.unwrap();
        let mut told = Vec::new();
        // The last change is the sign that everything before it has been told.
        while told.iter().filter(|name| *name == "Treatments").count() < 3 {
            let change = changes.next().await.expect("the bus is there");
            let args = change.args().unwrap();
            told.extend(args.changed_properties.keys().map(ToString::to_string));
        }
        told
    });
    let count = |name: &str| told.iter().filter(|told| *told == name).count();
    assert_eq!(count("Bypass"), 2, "{told:?}");
    assert_eq!(count("Treatments"), 3, "{told:?}");
}

#[test]
fn a_stream_is_told_when_it_comes_changes_and_goes() {
    let rig = Rig::start();
    let control = rig.control();
    let (mut added, mut changed, mut removed) = rig.block(async {
        (
            control.receive_stream_added().await.unwrap(),
            control.receive_stream_changed().await.unwrap(),
            control.receive_stream_removed().await.unwrap(),
        )
    });
    let player = rig
        .session
        .player(noise())
        .app("Firefox")
        .binary("firefox")
        .media("A video")
        .role("Movie")
        .looping()
        .start()
        .unwrap();
    let id = player.serial();
    let came = rig.block(added.next()).unwrap();
    assert_eq!(came.args().unwrap().id, id);
    let stream = rig.wait_route(&player, "processed");
    for (key, value) in
        [("app", "Firefox"), ("binary", "firefox"), ("media", "A video"), ("role", "Movie")]
    {
        assert_eq!(dict_str(&stream, key), Some(value));
    }
    assert_eq!(dict_bool(&stream, "level"), Some(false));
    eventually("the channels", || {
        rig.stream(&player).is_some_and(|stream| dict_u32(&stream, "channels") == Some(2))
    });
    rig.block(control.set_route("firefox", "bypass")).unwrap();
    rig.wait_route(&player, "bypass");
    rig.block(async {
        loop {
            let change = changed.next().await.unwrap();
            let args = change.args().unwrap();
            assert_eq!(args.id, id);
            if dict_str(&args.stream, "route") == Some("bypass") {
                break;
            }
        }
    });
    player.stop(&rig.session).unwrap();
    assert_eq!(rig.block(removed.next()).unwrap().args().unwrap().id, id);
    assert!(rig.streams().is_empty());
}

#[test]
fn output_tells_the_device_and_the_latency() {
    let session = Session::builder()
        .device(Device::new(DEVICE).description("Living room").channels(6))
        .start()
        .unwrap();
    let rig = Rig::in_session(session);
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    eventually("the latency", || rig.published_latency_frames() > 0);
    let output = rig.block(rig.control().output()).unwrap();
    assert_eq!(dict_str(&output, "name"), Some(DEVICE));
    assert_eq!(dict_str(&output, "description"), Some("Living room"));
    assert_eq!(dict_u32(&output, "channels"), Some(6));
    assert_eq!(dict_u32(&output, "rate"), Some(48_000));
    let latency_ms = dict_f64(&output, "latency-ms").unwrap();
    assert!(latency_ms > 0.0 && latency_ms <= 2.0, "{latency_ms} ms");
}

#[test]
fn meters_go_to_subscribers_alone_and_end_with_them() {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let control = rig.control();
    let address = rig.session.bus_address();
    rig.block(async {
        let bystander = zbus::connection::Builder::address(address.as_str()).build().await.unwrap();
        let bystander = headroom_api::ControlProxy::new(&bystander).await.unwrap();
        let mut overheard = bystander.receive_meters().await.unwrap();
        let mut meters = control.receive_meters().await.unwrap();
        control.subscribe_meters(60.0).await.unwrap();
        for _ in 0..5 {
            let signal = meters.next().await.unwrap();
            let args = signal.args().unwrap();
            assert_eq!(args.bus.len(), BusGauges::COUNT, "{:?}", args.bus);
            for (name, level) in &args.bus {
                assert!(level.is_finite() && *level >= FLOOR_DB, "{name}: {level}");
            }
            assert!(args.bus["true-peak-dbtp"] <= -0.09, "{:?}", args.bus);
        }
        let signal = meters.next().await.unwrap();
        let args = signal.args().unwrap();
        assert!(args.bus["input-peak-dbfs"] > -30.0, "{:?}", args.bus);
        assert!(args.bus["momentary-lufs"] > -60.0, "{:?}", args.bus);
        let nothing = tokio::time::timeout(Duration::from_millis(200), overheard.next()).await;
        assert!(nothing.is_err(), "a bystander got meters");
        control.unsubscribe_meters().await.unwrap();
    });
    let (bus, _) = rig.block(control.get_meters()).unwrap();
    assert!(bus["input-peak-dbfs"] > -30.0, "{bus:?}");
}

#[test]
fn health_counts_what_happens() {
    let rig = Rig::start();
    let before = rig.health("cycles");
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    eventually("cycles", || rig.health("cycles") > before);
    let health = rig.block(rig.control().health()).unwrap();
    assert!(!dict_str(&health, "pipewire-version").unwrap().is_empty());
    assert!(dict_str(&health, "wireplumber-version").unwrap().starts_with("0."));
    assert!(dict_f64(&health, "worst-cycle-us").unwrap() > 0.0);
    assert_eq!(rig.health("clamp-activations"), 0);
}
