//! The volume and the mute of each stream, in the opened row of its application.

use headroom_api::Error;
use headroom_testkit::mock::{Service, Stream};

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    tree::Role,
};

fn asked(fake: &Service, request: &str) -> bool {
    fake.seen().asked.iter().any(|asked| asked == request)
}

fn stands_at(panel: &Panel<'_>, name: &str, percent: f64) {
    eventually(&format!("{name} at {percent}"), || {
        (panel.value(Role::SLIDER, name) - percent).abs() < 0.01
    });
}

/// A browser that plays one thing.
fn browser(desktop: &Desktop) -> Service {
    let fake = start_mock(desktop, worlds::idle());
    fake.change(|world| {
        world.streams.insert(7, Stream::of("Firefox", "Cats"));
    });
    fake
}

#[test]
fn slider_and_mute_ask_and_follow_the_service() {
    let desktop = Desktop::silent();
    let fake = browser(&desktop);
    let panel = Panel::start(&desktop);
    panel.press(Role::PUSH_BUTTON, "Options for Firefox");
    stands_at(&panel, "Volume", 100.0);
    panel.set_value(Role::SLIDER, "Volume", 50.0);
    eventually("the request", || asked(&fake, "SetStreamVolume 7 50"));
    panel.wait_says("50%");
    stands_at(&panel, "Volume", 50.0);
    fake.change(|world| world.streams.get_mut(&7).unwrap().volume_percent = Some(30.0));
    stands_at(&panel, "Volume", 30.0);
    panel.wait_says("30%");
    // What is refused goes back to where it is.
    let refusal = ("SetStreamVolume".to_owned(), Error::Failed("it has gone deaf".to_owned()));
    fake.change(|world| world.refusals.push(refusal));
    panel.set_value(Role::SLIDER, "Volume", 80.0);
    eventually("the refused request", || asked(&fake, "SetStreamVolume 7 80"));
    stands_at(&panel, "Volume", 30.0);
    panel.wait_says("30%");

    fake.change(|world| world.held = true);
    panel.press(Role::PUSH_BUTTON, "Mute");
    eventually("the mute", || asked(&fake, "SetStreamMuted 7 true"));
    // Nothing shows it before it is so.
    panel.find(Role::PUSH_BUTTON, "Mute");
    panel.wait_silent_about("Cats (muted)");
    fake.change(|world| world.held = false);
    panel.find(Role::PUSH_BUTTON, "Unmute");
    panel.wait_says("Cats (muted)");
    panel.press(Role::PUSH_BUTTON, "Unmute");
    eventually("its end", || asked(&fake, "SetStreamMuted 7 false"));
    panel.find(Role::PUSH_BUTTON, "Mute");
    panel.wait_silent_about("Cats (muted)");
}

#[test]
fn wheel_over_a_volume_scrolls_the_page_until_it_is_clicked() {
    let desktop = Desktop::silent();
    let fake = browser(&desktop);
    fake.change(|world| {
        let others = (20..28).map(|id| (id, Stream::of(&format!("Tune {id}"), "A tune")));
        world.streams.extend(others);
    });
    let panel = Panel::looking(&desktop, Look { size: Some("720x900"), ..Look::default() });
    panel.press(Role::PUSH_BUTTON, "Options for Firefox");
    let slider = || panel.find(Role::SLIDER, "Volume");
    panel.wait_seen("100%");
    let top = panel.top_of(&slider());
    panel.turn_wheel(&slider(), 1);
    eventually("the page to scroll", || panel.top_of(&slider()) < top);
    stands_at(&panel, "Volume", 100.0);
    let is_volume = |asked: &&String| asked.starts_with("SetStreamVolume");
    let moves = || fake.seen().asked.iter().filter(is_volume).count();
    assert_eq!(moves(), 0);
    panel.click(&slider());
    eventually("the click", || moves() > 0);
    let before = panel.value(Role::SLIDER, "Volume");
    panel.turn_wheel(&slider(), 2);
    eventually("the wheel", || panel.value(Role::SLIDER, "Volume") < before);
}

#[test]
fn each_stream_has_its_own_volume_where_it_has_one() {
    let desktop = Desktop::silent();
    let fake = browser(&desktop);
    fake.change(|world| {
        world.streams.insert(8, Stream::of("Firefox", "Dogs"));
        let mute = Stream { volume_percent: None, ..Stream::of("Firefox", "Birds") };
        world.streams.insert(9, mute);
    });
    let panel = Panel::start(&desktop);
    panel.press(Role::PUSH_BUTTON, "Options for Firefox");
    panel.set_value(Role::SLIDER, "Volume: Dogs", 40.0);
    eventually("the request", || asked(&fake, "SetStreamVolume 8 40"));
    panel.press(Role::PUSH_BUTTON, "Mute: Cats");
    eventually("the mute", || asked(&fake, "SetStreamMuted 7 true"));
    panel.find(Role::PUSH_BUTTON, "Unmute: Cats");
    stands_at(&panel, "Volume: Cats", 100.0);
    assert!(!panel.tree().says("Volume: Birds"));
    fake.change(|world| drop(world.streams.remove(&8)));
    stands_at(&panel, "Volume", 100.0);
}

#[test]
fn pictures_of_volumes() {
    let desktop = Desktop::silent();
    let fake = browser(&desktop);
    fake.change(|world| {
        let dogs = Stream { volume_percent: Some(45.0), ..Stream::of("Firefox", "Dogs at play") };
        world.streams.insert(8, Stream { muted: true, ..dogs });
        let film = Stream { volume_percent: Some(70.0), ..Stream::of("mpv", "A film") };
        world.streams.insert(9, film);
    });
    for (name, look) in [
        ("light", Look { size: Some("720x1300"), ..Look::default() }),
        ("narrow-dark", Look { size: Some("360x1500"), dark: true, ..Look::default() }),
        ("german", Look { size: Some("360x1500"), language: Some("de"), ..Look::default() }),
    ] {
        let panel = Panel::looking(&desktop, look);
        panel.wait_says("Dogs at play");
        for app in ["Firefox", "mpv"] {
            panel.open_all(app);
        }
        panel.picture(&format!("volume-{name}"));
    }
}
