//! The mock service against the manual.

use headroom_api::{Route, Treatment, names::INTERFACE};
use zbus::object_server::Interface as _;

use super::{
    control::{Control, Worldly},
    *,
};
use crate::manual::members;

#[test]
fn mock_has_every_member_of_the_manual_and_no_other() {
    let mut live = String::new();
    Control::new(Worldly::new(std::sync::Arc::default())).introspect_to_writer(&mut live, 0);
    let manual = include_str!("../../../../data/org.headroom.Control.xml");
    let manual = members(manual, INTERFACE);
    assert!(manual.len() > 20, "{manual:#?}");
    assert_eq!(members(&live, INTERFACE), manual);
}

#[test]
fn a_choice_of_the_users_comes_before_the_profile() {
    let mut world = World::default();
    world.streams.insert(7, Stream { level: true, ..Stream::of("Firefox", "Cats") });
    let stream = |world: &World| world.stream_dicts().remove(0);
    let is = |world: &World, key: &str, wanted: zbus::OwnedVariant| stream(world)[key] == wanted;
    assert!(is(&world, "chain", value("app")) && is(&world, "level", value(true)));
    assert!(is(&world, "treatment", value("automatic")));
    world.set_treatment("FIREFOX", Treatment::Automatic, -3.5).unwrap();
    assert!(is(&world, "offset-db", value(-3.5)) && is(&world, "chain", value("app")));
    world.set_route("firefox", Route::Bypass).unwrap();
    assert!(
        is(&world, "route", value("bypass"))
            && is(&world, "reason", value("the user has 'FIREFOX' bypassed"))
    );
    assert!(is(&world, "chain", value("none")) && is(&world, "level", value(false)));
    assert!(is(&world, "treatment", value("leave-alone")));
    world.set_treatment("firefox", Treatment::LimitOnly, 2.0).unwrap();
    assert!(is(&world, "chain", value("app")) && is(&world, "treatment", value("limit-only")));
    world.set_treatment("firefox", Treatment::EvenOut, 12.5).unwrap_err();
    world.unset_treatment("firefox").unwrap();
    assert!(is(&world, "chain", value("app")) && is(&world, "level", value(true)));
    assert!(is(&world, "offset-db", value(0.0)));
    world.unset_treatment("firefox").unwrap_err();
}

#[test]
fn only_a_stream_that_has_a_volume_can_be_moved() {
    let mut world = World::default();
    world.streams.insert(7, Stream::of("mpv", "Film"));
    world.streams.insert(8, Stream { volume_percent: None, ..Stream::of("jack", "") });
    let is = |world: &World, key: &str, wanted| world.stream_dicts()[0].get(key) == Some(&wanted);
    assert!(is(&world, "volume-percent", value(100.0)) && is(&world, "muted", value(false)));
    world.move_volume(7, |it| it.volume_percent = Some(50.0)).unwrap();
    world.move_volume(7, |it| it.muted = true).unwrap();
    assert!(is(&world, "volume-percent", value(50.0)) && is(&world, "muted", value(true)));
    assert!(!world.stream_dicts()[1].contains_key("muted"));
    world.move_volume(8, |it| it.muted = true).unwrap_err();
    world.move_volume(9, |it| it.muted = true).unwrap_err();
}

#[test]
fn learned_levels_are_forgotten_one_by_one_or_all() {
    let learned = [("mpv", -20.0), ("vlc", -12.0), ("firefox", -18.0)];
    let learned = learned.map(|(app, lufs)| (app.to_owned(), lufs)).into();
    let mut world = World { learned, ..World::default() };
    world.forget_levels("MPV").unwrap();
    world.forget_levels("mpv").unwrap_err();
    assert_eq!(world.learned.len(), 2);
    world.forget_levels("").unwrap();
    world.forget_levels("").unwrap();
    assert!(world.learned.is_empty());
}

#[test]
fn changed_settings_belong_to_their_profile() {
    let mut world = World::default();
    world.settings.insert("compressor.ratio".to_owned(), Setting::of(2.0).within(1.0, 20.0, ""));
    let night = world.profiles.get_mut("night").unwrap();
    night.own.insert("compressor.ratio".to_owned(), value(4.0));
    world.set_setting("compressor.ratio", value(3.0)).unwrap();
    world.set_setting("compressor.ratio", value(30.0)).unwrap_err();
    world.set_setting("compressor.ration", value(3.0)).unwrap_err();
    assert_eq!(world.values()["compressor.ratio"], value(3.0));
    world.use_profile("night").unwrap();
    assert_eq!(world.values()["compressor.ratio"], value(4.0));
    assert!(world.changed_settings().is_empty());
    world.use_profile("default").unwrap();
    assert_eq!(world.values()["compressor.ratio"], value(3.0));
    world.reset_setting("compressor.ratio").unwrap();
    assert_eq!(world.values()["compressor.ratio"], value(2.0));
}
