//! What comes with the device that is played to, on the page of protection.

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    tree::Role,
};

#[test]
fn maximum_is_one_press_and_is_taken_back_by_another() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::with_streams(1));
    let device = fake.world().outputs[0].name.clone();
    let panel = Panel::start(&desktop);
    panel.turn_to("protection");
    panel.wait_says("This device");
    panel.wait_says("Play what is as loud as it may get, then set it: no volume gets louder.");
    panel.press(Role::PUSH_BUTTON, "This is my maximum");
    let asked = |beginning: String| {
        let fake = &fake;
        move || fake.seen().asked.iter().any(|request| request.starts_with(&beginning))
    };
    eventually("the maximum", asked(format!("SetDeviceMaximum {device}")));
    panel.wait_says(
        "Never louder than it was when you set it (\u{2212}28.0\u{a0}LUFS), whatever the volume",
    );
    panel.press(Role::PUSH_BUTTON, "Forget the maximum");
    panel.wait_says("Play what is as loud as it may get, then set it: no volume gets louder.");
    panel.set_value(Role::SPIN_BUTTON, "Louder or softer here", -3.0);
    eventually("the offset", asked(format!("SetDeviceSetting {device} offset-db -3")));
}

#[test]
fn pictures_of_the_device() {
    let desktop = Desktop::silent();
    let _fake = start_mock(&desktop, worlds::with_streams(1));
    for (name, look) in [
        ("narrow", Look { size: Some("360x1900"), ..Look::default() }),
        ("german", Look { size: Some("360x1900"), language: Some("de"), ..Look::default() }),
    ] {
        let panel = Panel::looking(&desktop, look);
        panel.turn_to("protection");
        panel.picture(&format!("device-{name}"));
    }
}
