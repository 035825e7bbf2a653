//! What a person is told at the first start, and again whenever they ask; and safe mode, with the way back.

use headroom_api::{Held, Problem, Reason, SafeModeCause};
use headroom_testkit::mock::{Service, World};

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    pictures::is_taken,
    tree::{Node, Role, State},
};

/// The screen that a person meets who is new.
const PROMISE: &str = "No more sudden loud sound";
const LINK: &str = "What Headroom Does to Your System";
const TITLE: &str = "What Headroom does to your system";

fn with_mock(world: World) -> (Desktop, Service) {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, world);
    (desktop, fake)
}

fn new_here() -> World {
    worlds::deployed("none", World { introduced: false, ..worlds::with_streams(1) })
}

#[test]
fn who_is_new_is_told_first_and_not_again_after_that() {
    let (desktop, fake) = with_mock(new_here());
    let panel = Panel::start(&desktop);
    panel.wait_seen(PROMISE);
    panel.wait_unseen("Cats at sunrise, 4K");
    panel.wait_unseen(TITLE);
    for fact in [
        "one filter before your device",
        "default device and your volumes",
        "folders of its own and nowhere else",
        "play straight to your device at once",
        "Ctrl+B",
        "headroom install remove",
        "flatpak uninstall --delete-data com.example.Headroom",
    ] {
        panel.wait_says(fact);
    }
    // Nobody looks at gauges, and nothing is written down before it was read.
    assert!(fake.seen().subscribers.is_empty());
    assert!(fake.seen().asked.is_empty());
    panel.press(Role::PUSH_BUTTON, "Continue");
    panel.wait_seen("Cats at sunrise, 4K");
    eventually("the request", || fake.seen().asked == ["Introduced true"]);
    eventually("a subscription", || !fake.seen().subscribers.is_empty());
    drop(panel);
    fake.seen().subscribers.clear();

    let panel = Panel::start(&desktop);
    panel.wait_seen("Cats at sunrise, 4K");
    panel.wait_unseen(PROMISE);
    eventually("a subscription", || !fake.seen().subscribers.is_empty());
    // From the menu it comes again, and goes with one key.
    panel.activate("introduction", "[]");
    panel.wait_seen(TITLE);
    eventually("no subscription", || fake.seen().subscribers.is_empty());
    panel.find(Role::PUSH_BUTTON, "Back");
    panel.key("Escape");
    panel.wait_seen("Cats at sunrise, 4K");
    panel.wait_unseen(TITLE);
    assert_eq!(fake.seen().asked, ["Introduced true"]);
}

#[test]
fn first_screen_is_one_choice_and_enter_goes_on() {
    let (desktop, fake) = with_mock(new_here());
    let panel = Panel::start(&desktop);
    panel.wait_seen(PROMISE);
    // The page of protection, below, has one of that name as well.
    let night = panel.wait("the profile 'Night'", |tree| {
        let named = |node: &&Node| node.role == Role::CHECK_BOX && node.name == "Night";
        tree.all().into_iter().rfind(named).cloned()
    });
    panel.click(&night);
    eventually("the profile", || fake.seen().asked == ["ActiveProfile night"]);
    drop(panel);
    let panel = Panel::start(&desktop);
    panel.wait_seen(PROMISE);
    panel.wait("the focus on the way on", |tree| {
        let focused = tree.all().into_iter().rfind(|node| node.is(State::Focused))?;
        (focused.name == "Continue").then_some(())
    });
    panel.key("Return");
    panel.wait_seen("Cats at sunrise, 4K");
    eventually("the request", || fake.seen().asked.contains(&"Introduced true".to_owned()));
}

#[test]
fn the_introduction_can_be_read_and_left_by_keyboard_alone() {
    let (desktop, fake) = with_mock(new_here());
    let panel = Panel::start(&desktop);
    panel.wait_seen(PROMISE);
    panel.press(Role::PUSH_BUTTON, LINK);
    panel.wait_seen(TITLE);
    let focus = || {
        let tree = panel.tree();
        tree.all().into_iter().rfind(|node| node.is(State::Focused)).cloned()
    };
    // Reading begins at the first statement, with its text and not only its title.
    eventually("the focus on the first statement", || {
        focus().is_some_and(|node| {
            node.name.contains("one filter") && node.description.contains("pass through it")
        })
    });
    let mut stops = Vec::new();
    for _ in 0..40 {
        panel.key("Tab");
        let Some(node) = focus() else { continue };
        stops.push(node.name);
        if stops.last().is_some_and(|name| name == "Continue") {
            break;
        }
    }
    assert_eq!(stops.last().map(String::as_str), Some("Continue"), "{stops:?}");
    for wanted in ["Your files", "Sound goes on", "Copy “headroom install remove”"] {
        assert!(stops.iter().any(|stop| stop == wanted), "no stop at '{wanted}': {stops:?}");
    }
    panel.key("Return");
    panel.wait_seen("Cats at sunrise, 4K");
    eventually("the request", || fake.seen().asked == ["Introduced true"]);
}

#[test]
fn a_refusal_to_remember_does_not_hold_anybody_up() {
    let (desktop, fake) =
        with_mock(World { refusals: worlds::refusals("the disk is full"), ..new_here() });
    let panel = Panel::start(&desktop);
    panel.wait_seen(PROMISE);
    panel.press(Role::PUSH_BUTTON, "Continue");
    panel.wait_says("the disk is full");
    panel.wait_seen("Cats at sunrise, 4K");
    panel.wait_unseen(PROMISE);
    assert!(!fake.world().introduced);
}

#[test]
fn the_way_out_is_that_of_the_way_in() {
    for (deployment, says, silent_about) in [
        ("service/user/default", "headroom install remove", "flatpak uninstall"),
        ("flatpak/user/default", "flatpak uninstall --delete-data", "install remove"),
        ("package/system/debian", "Remove the package", "install remove"),
    ] {
        let (desktop, _fake) = with_mock(worlds::deployed(deployment, new_here()));
        let panel = Panel::start(&desktop);
        panel.wait_seen(PROMISE);
        panel.wait_says(says);
        panel.wait_silent_about(silent_about);
    }
}

#[test]
fn without_a_service_the_introduction_can_be_read_all_the_same() {
    let desktop = Desktop::silent();
    let panel = Panel::start(&desktop);
    panel.wait_seen("Headroom is not installed");
    panel.activate("introduction", "[]");
    panel.wait_seen(TITLE);
    panel.press(Role::PUSH_BUTTON, "Back");
    panel.wait_seen("Headroom is not installed");
}

fn crashed() -> Problem {
    Problem::SafeMode { cause: SafeModeCause::Crashes }
}

fn safe_mode(problem: Problem) -> World {
    let mut world = worlds::in_trouble("safe-mode", problem);
    world.bypass = true;
    for stream in world.streams.values_mut() {
        stream.route = "bypass";
        stream.why = Reason::held(Held::SafeMode);
    }
    world
}

#[test]
fn safe_mode_cannot_be_overlooked_and_one_press_leads_out_of_it() {
    let (desktop, fake) = with_mock(safe_mode(crashed()));
    let panel = Panel::start(&desktop);
    panel.wait_seen("Headroom stepped aside: nothing is protected");
    panel.wait_seen("Headroom failed again and again");
    panel.wait_switch("Protection", false);
    for page in ["protection", "settings", "diagnostics", "apps"] {
        panel.turn_to(page);
        panel.wait_seen("Headroom stepped aside: nothing is protected");
    }
    panel.wait_says("Headroom ended unexpectedly three times within a minute");
    panel.find(Role::ALERT, "Headroom stepped aside: nothing is protected");
    // The service decides: until it says so, the switch stays where it is.
    fake.world().held = true;
    panel.press(Role::PUSH_BUTTON, "Bring Protection Back");
    eventually("the request", || fake.seen().asked == ["Bypass false"]);
    panel.wait_switch("Protection", false);
    fake.world().held = false;
    panel.wait_switch("Protection", true);
    panel.wait_unseen("Headroom stepped aside: nothing is protected");

    fake.seen().asked.clear();
    fake.change(|world| *world = safe_mode(Problem::Starved));
    panel.wait_seen("The machine leaves Headroom no time");
    panel.press(Role::CHECK_BOX, "Protection");
    panel.wait_switch("Protection", true);
    assert_eq!(fake.seen().asked, ["Bypass false"]);
}

#[test]
fn what_keeps_the_sound_thread_waiting_is_told_with_what_to_do() {
    let (desktop, fake) = with_mock(worlds::in_trouble("running", Problem::RealtimePriority));
    let panel = Panel::start(&desktop);
    panel.turn_to("diagnostics");
    panel.wait_says("No real-time priority");
    panel.wait_says("Install RealtimeKit");
    fake.change(|world| {
        world.problems = vec![Problem::Starved.into()];
    });
    panel.wait_says("The machine was too busy");
    panel.wait_says("let the sound system use a longer cycle");
}

#[test]
fn diagnostics_tell_how_headroom_was_set_up() {
    let (desktop, _fake) = with_mock(worlds::deployed("watchdog/user/spare", worlds::idle()));
    let panel = Panel::start(&desktop);
    panel.turn_to("diagnostics");
    for words in
        ["Service of systemd with a watchdog (spare)", "You alone", "systemd", "headroom doctor"]
    {
        panel.wait_says(words);
    }
}

#[test]
fn pictures_of_the_first_start_and_of_safe_mode() {
    let large = Look { text_scale: Some("2"), ..Look::default() };
    let narrow = Look { size: Some("360x640"), ..Look::default() };
    for (name, look) in [
        ("light", Look::default()),
        ("dark", Look { dark: true, ..Look::default() }),
        ("whole", Look { size: Some("720x1500"), ..Look::default() }),
        ("german", Look { language: Some("de"), ..Look::default() }),
        ("contrast", Look { high_contrast: true, ..Look::default() }),
        ("rtl", Look { right_to_left: true, ..Look::default() }),
        ("narrow", narrow),
        ("narrow-dark", Look { dark: true, ..narrow }),
        ("narrow-german", Look { language: Some("de"), ..narrow }),
        ("narrow-large-text", Look { size: Some("360x640"), ..large }),
    ]
    .into_iter()
    .filter(|(name, _)| is_taken(name))
    {
        let (desktop, fake) = with_mock(new_here());
        let panel = Panel::looking(&desktop, look);
        panel.wait("the introduction", |tree| tree.says("headroom install remove").then_some(()));
        panel.picture(&format!("introduction-{name}"));
        let width = panel.size().0;
        fake.change(|world| {
            *world = World { introduced: true, ..safe_mode(crashed()) };
        });
        drop(panel);
        let panel = Panel::looking(&desktop, look);
        panel.wait("the apps", |tree| tree.says("Cats at sunrise, 4K").then_some(()));
        panel.picture(&format!("safe-mode-{name}"));
        let wanted = look.size.map_or(720, |_| width.min(720));
        for width in [width, panel.size().0] {
            // Without a window manager GTK draws a thin frame of its own around the window.
            let limit = if look.size.is_some_and(|size| size.starts_with("360")) {
                372
            } else {
                wanted.max(732)
            };
            assert!(width <= limit, "{name}: the window is {width} px wide");
        }
    }
}
