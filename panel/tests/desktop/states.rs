//! Every state that the service can be in has its page, and every trouble its way out.

use headroom_api::{BusGauges, Problem, ProblemRow, Treatment, TreatmentRow};
use headroom_testkit::{
    mock::{Service, Stream, World},
    scenarios::Scenario,
};

use crate::{
    bus::{eventually, wait_for},
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    tree::{Role, State},
};

const MASTER: &str = "Protection";

fn with_mock(world: World) -> (Desktop, Service) {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, world);
    (desktop, fake)
}

/// The names of all applications that have options, which is all that are shown.
fn apps(panel: &Panel<'_>) -> Vec<String> {
    let tree = panel.tree();
    let toggles = tree.all().into_iter().filter(|node| node.role == Role::PUSH_BUTTON);
    toggles.filter_map(|node| Some(node.name.strip_prefix("Options for ")?.to_owned())).collect()
}

#[test]
fn streams_come_and_go_from_none_to_forty_and_back() {
    let (desktop, fake) = with_mock(worlds::idle());
    let panel = Panel::start(&desktop);
    panel.wait_seen("Nothing is playing");
    assert!(apps(&panel).is_empty());

    fake.change(|world| world.streams = worlds::with_streams(1).streams);
    panel.wait_says("Cats at sunrise, 4K");
    assert_eq!(apps(&panel), ["Firefox"]);
    panel.find(Role::LEVEL_BAR, "Level of Firefox");

    fake.change(|world| world.streams = worlds::with_streams(40).streams);
    // Two of the forty are of one application.
    eventually("39 cards", || apps(&panel).len() == 39);
    let tree = panel.tree();
    let gauges = tree.all().into_iter().filter(|node| node.role == Role::LEVEL_BAR);
    assert_eq!(gauges.filter(|node| node.name.starts_with("Level of")).count(), 39);
    panel.picture("apps-40-streams");

    fake.change(|world| {
        world.streams.get_mut(&2).unwrap().media = "Another call".to_owned();
    });
    panel.wait_says("Another call");
    fake.change(|world| world.streams.clear());
    panel.wait_seen("Nothing is playing");
    assert!(apps(&panel).is_empty());
}

#[test]
fn words_of_applications_are_shown_as_they_are() {
    let mut world = worlds::idle();
    world.streams.insert(1, Stream::of("<b>Evil</b>", "100 % & <i>markup</i>\u{1b}[2J"));
    let (desktop, _fake) = with_mock(world);
    let panel = Panel::start(&desktop);
    panel.wait_says("<b>Evil</b>");
    panel.wait_says("100 % & <i>markup</i>");
    assert!(!panel.tree().says("\u{1b}"), "a control character is shown as it is");
    assert!(panel.process.log().is_empty(), "{}", panel.process.log());
}

#[test]
fn without_a_service_the_panel_says_so_and_waits_for_it() {
    let desktop = Desktop::silent();
    let panel = Panel::start(&desktop);
    panel.wait_seen("Headroom is not installed");
    panel.picture("status-not-installed");

    // Its activation fails.
    desktop.make_activatable("/bin/false");
    drop(panel);
    let panel = Panel::start(&desktop);
    panel.wait_seen("Headroom is not running");
    panel.find(Role::PUSH_BUTTON, "Start Headroom");
    panel.picture("status-not-running");

    let fake = start_mock(&desktop, worlds::with_streams(1));
    panel.wait_says("Cats at sunrise, 4K");
    panel.wait_switch(MASTER, true);
    eventually("a subscription", || !fake.seen().subscribers.is_empty());
    drop(fake);
    panel.wait_seen("Headroom is not running");
    let fake = start_mock(&desktop, worlds::with_streams(1));
    panel.wait_says("Cats at sunrise, 4K");
    eventually("a subscription with the new one", || !fake.seen().subscribers.is_empty());
}

#[test]
fn a_sound_system_that_cannot_be_used_has_its_page_until_it_can() {
    let away = Problem::PipewireAway { error: None };
    let (desktop, fake) = with_mock(worlds::in_trouble("waiting", away));
    let panel = Panel::start(&desktop);
    panel.wait_seen("The sound system is away");
    panel.picture("status-pipewire-away");

    let too_old = Problem::SessionManagerTooOld { version: "0.4.17".to_owned() };
    fake.change(|world| world.problems = vec![too_old.into()]);
    panel.wait_seen("WirePlumber is too old");
    panel.picture("status-wireplumber-too-old");

    fake.change(|world| world.problems = vec![Problem::NoSessionManager.into()]);
    panel.wait_unseen("WirePlumber is too old");
    panel.picture("status-no-session-manager");

    fake.change(|world| *world = worlds::with_streams(1));
    panel.wait_switch(MASTER, true);
    panel.wait_says("Cats at sunrise, 4K");
}

#[test]
fn safe_mode_and_problems_are_told_with_what_to_do() {
    let sentence = "PipeWire did not let Headroom in";
    let failed = Problem::FilterFailed { error: "E12".to_owned() };
    let (desktop, fake) = with_mock(worlds::in_trouble("safe-mode", failed));
    let panel = Panel::start(&desktop);
    panel.wait_seen("Headroom stepped aside: nothing is protected");
    panel.turn_to("diagnostics");
    panel.wait_says(sentence);
    panel.picture("diagnostics-safe-mode");
    fake.change(|world| {
        world.state = "running";
        let broken =
            "loud.toml, line 3: 'leveller.loud' is no setting; near it is: leveller.enabled";
        let (file, error) = ("/home/me/loud.toml".to_owned(), broken.to_owned());
        let future = ProblemRow {
            code: "solar-flare".to_owned(),
            subject: "Sun".to_owned(),
            text: "A problem of the future.".to_owned(),
            ..ProblemRow::default()
        };
        world.problems = vec![Problem::ProfileBroken { file, error }.into(), future];
    });
    panel.wait_silent_about(sentence);
    panel.wait_says("There is a mistake in your profile “loud”");
    panel.wait_says("A problem of the future.");
    panel.picture("diagnostics-problems");
    fake.change(|world| world.problems.clear());
    panel.wait_silent_about("A problem of the future.");
}

#[test]
fn refused_change_becomes_a_toast_and_the_switch_is_true() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.wait_switch(MASTER, true);
    let sentence = "the moon is in the way, try again after it has set";
    fake.world().refusals = worlds::refusals(sentence);
    panel.press(Role::CHECK_BOX, MASTER);
    panel.wait_says(sentence);
    panel.picture("toast");
    panel.wait_switch(MASTER, true);
    assert_eq!(fake.seen().asked, ["Bypass true"]);
    assert!(!fake.world().bypass);
}

#[test]
fn a_switch_waits_for_a_slow_service() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.wait_switch(MASTER, true);
    fake.world().held = true;
    panel.press(Role::CHECK_BOX, MASTER);
    eventually("the request", || !fake.seen().asked.is_empty());
    // The window stays alive meanwhile, and does not claim what is not so yet.
    panel.turn_to("protection");
    assert!(!panel.tree().says("Protection is off: every app"), "said before it was so");
    fake.world().held = false;
    panel.wait_seen("Protection is off: every app plays straight to the device");
    assert!(fake.world().bypass);
    panel.wait_switch(MASTER, false);
    panel.picture("protection-off");

    panel.press(Role::PUSH_BUTTON, "Turn On");
    panel.wait_switch(MASTER, true);
    assert!(!fake.world().bypass);
}

/// The requests that begin with this, until there is one at least.
fn requests(fake: &Service, member: &str) -> Vec<String> {
    wait_for(&format!("a request '{member}'"), || {
        let wanted = wishes_so_far(fake, member);
        (!wanted.is_empty()).then_some(wanted)
    })
}

/// Chooses a treatment by the keyboard, in the list that the mouse opens.
fn choose(panel: &Panel<'_>, wanted: &str) {
    let choices = ["Automatic", "Even out", "Only limit", "Leave alone"];
    let steps = choices.iter().position(|choice| *choice == wanted).unwrap();
    panel.click(&panel.find(Role::COMBO_BOX, "This app"));
    panel.key("Home");
    for _ in 0..steps {
        panel.key("Down");
    }
    panel.key("Return");
}

#[test]
fn each_choice_is_one_request_and_shown_once_true() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.open_all("Options for Firefox");
    choose(&panel, "Leave alone");
    panel.wait_says("Straight to the device, without any change");
    assert_eq!(requests(&fake, "SetTreatment"), ["SetTreatment firefox leave-alone 0"]);
    panel.wait_says("Left alone");
    choose(&panel, "Automatic");
    panel.wait_says("The profile decides");
    assert!(fake.world().treatments.is_empty(), "{:?}", fake.world().treatments);

    panel.turn_to("protection");
    // GTK 4.8 gives its round buttons no action for assistive technology: the mouse it is.
    panel.click(&panel.find(Role::CHECK_BOX, "Night"));
    panel.wait_switch("Night", true);
    assert_eq!(requests(&fake, "ActiveProfile"), ["ActiveProfile night"]);
    assert!(wishes_so_far(&fake, "SetSetting").is_empty(), "a profile alone changes no setting");

    panel.set_value(Role::SLIDER, "Strength", 160.0);
    requests(&fake, "SetSetting");
    eventually("the strength", || (panel.value(Role::SLIDER, "Strength") - 160.0).abs() < 1.0);
    panel.press(Role::PUSH_BUTTON, "Back to the profile's own strength");
    requests(&fake, "ResetSetting");
    eventually("the profile's strength", || {
        (panel.value(Role::SLIDER, "Strength") - 100.0).abs() < 1.0
    });
    let changed = fake.world().changed_settings();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn blast_is_told_in_the_moment_and_never_as_nothing() {
    let (desktop, fake) = with_mock(Scenario::Blast.world());
    let panel = Panel::start(&desktop);
    panel.wait_says("Raised by");
    panel.wait_says("a blast is held");
    panel.picture("apps-blast");
    panel.turn_to("protection");
    panel.wait("the app that is changed the most", |tree| {
        tree.says("Firefox: Turned down by").then_some(())
    });
    panel.picture("protection-blast");
    drop(fake);
}

#[test]
fn loudness_is_no_silence_while_an_app_left_alone_plays() {
    let mut world = worlds::with_streams(4);
    world.streams.retain(|id, _| *id == 4);
    world.readings = Some(|world, time_s| {
        let (_, streams) = (worlds::idle().readings.unwrap())(world, time_s);
        (BusGauges::default(), streams)
    });
    let (desktop, _fake) = with_mock(world);
    let panel = Panel::start(&desktop);
    panel.turn_to("protection");
    panel.wait_seen("with apps that it leaves alone");
    panel.wait_unseen("silence");
}

#[test]
fn app_that_is_left_alone_is_protected_by_one_press() {
    let (desktop, fake) = with_mock(worlds::with_streams(4));
    let panel = Panel::start(&desktop);
    panel.wait_says("Left alone");
    panel.press(Role::PUSH_BUTTON, "Protect Spotify");
    assert_eq!(requests(&fake, "SetTreatment"), ["SetTreatment spotify even-out 0"]);
    panel.wait_silent_about("Left alone");
}

#[test]
fn whole_row_of_an_app_opens_it() {
    let (desktop, _fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    let is_open = |panel: &Panel<'_>| {
        panel.wait("the button", |tree| {
            Some(tree.find(Role::PUSH_BUTTON, "Options for Firefox")?.is(State::Pressed))
        })
    };
    panel.wait_says("Cats at sunrise, 4K");
    assert!(!is_open(&panel));
    panel.click(&panel.find(Role::LABEL, "Firefox"));
    eventually("the row to open", || is_open(&panel));
    panel.click(&panel.find(Role::LABEL, "Firefox"));
    eventually("the row to close", || !is_open(&panel));
}

#[test]
fn remembered_app_is_seen_and_forgotten_while_it_is_silent() {
    let mut world = worlds::with_streams(1);
    let treatment = Treatment::LeaveAlone.into();
    world.treatments.insert("spotify".to_owned(), TreatmentRow { treatment, offset_db: -3.0 });
    let (desktop, fake) = with_mock(world);
    let panel = Panel::start(&desktop);
    panel.wait_seen("Remembered apps");
    panel.wait_seen("spotify");
    panel.picture("apps-remembered");
    panel.press(Role::PUSH_BUTTON, "Forget spotify");
    assert_eq!(requests(&fake, "SetTreatment"), ["SetTreatment spotify automatic 0"]);
    panel.wait_unseen("Remembered apps");
    // What plays is among those that play.
    let treatment = Treatment::LimitOnly.into();
    let chosen = TreatmentRow { treatment, offset_db: 0.0 };
    fake.change(|world| {
        world.treatments.insert("firefox".to_owned(), chosen);
    });
    panel.open_all("Options for Firefox");
    panel.wait_says("Its loudness stays as it is; only the ceiling holds it");
    panel.wait_unseen("Remembered apps");
}

#[test]
fn difference_is_heard_by_one_press_and_ended_by_another() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.turn_to("protection");
    panel.press(Role::PUSH_BUTTON, "Without");
    // The toolkit passes over what assistive technology presses again within 250 ms.
    eventually("the way back", || {
        let asked = requests(&fake, "Compare");
        if asked.len() == 1 {
            panel.press(Role::PUSH_BUTTON, "Back");
        }
        asked == ["Compare 10", "Compare 0"]
    });
    panel.wait_says("Without");
}

#[test]
fn protection_goes_off_for_a_while_and_says_until_when() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.turn_to("protection");
    panel.press(Role::PUSH_BUTTON, "Turn Off");
    assert_eq!(requests(&fake, "BypassFor"), ["BypassFor 1800"]);
    panel.wait_seen("It comes back at");
    panel.picture("protection-off-for-a-while");
    panel.press(Role::PUSH_BUTTON, "Turn On");
    panel.wait_unseen("It comes back at");
}

#[test]
fn wheel_moves_the_page_and_no_slider_before_a_click() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::looking(&desktop, Look { size: Some("720x1600"), ..Look::default() });
    panel.turn_to("protection");
    let slider = || panel.find(Role::SLIDER, "Strength");
    let strength = || panel.value(Role::SLIDER, "Strength");
    // Into the window first: no slider may take the wheel on the way, and none has the focus.
    let (top, before) = (panel.top_of(&slider()), strength());
    assert!(top < 1560, "it is below the window's lower edge: {top}");
    panel.turn_wheel(&slider(), 2);
    eventually("the page to scroll", || panel.top_of(&slider()) < top);
    assert!((strength() - before).abs() < 1e-6, "scrolling has set it to {}", strength());
    assert!(wishes_so_far(&fake, "SetSetting").is_empty());
    panel.click(&slider());
    panel.turn_wheel(&slider(), 2);
    eventually("the slider to move", || (strength() - before).abs() > 1.0);
}

#[test]
fn treatment_is_asked_for_once_and_shown_once_true() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    panel.open_all("Options for Firefox");
    // Every number of its chain can be read, with its name.
    let says = |what: &str, number: &str| {
        panel.wait(&format!("'{what}{number}'"), |tree| {
            let labels = tree.all().into_iter().filter(|node| node.role == Role::LABEL);
            let mut lines = labels.flat_map(|node| node.name.lines());
            lines.any(|line| line.starts_with(what) && line.contains(number)).then_some(())
        });
    };
    says("Before: ", "9.0");
    panel.wait_says("to even out loudness");
    says("After: ", "19.0");
    panel.set_value(Role::SPIN_BUTTON, "Louder or softer", -3.5);
    assert_eq!(requests(&fake, "SetTreatment"), ["SetTreatment firefox automatic -3.5"]);
    says("After: ", "22.5");
    choose(&panel, "Only limit");
    panel.wait_says("Its loudness stays as it is; only the ceiling holds it");
    assert_eq!(
        requests(&fake, "SetTreatment").last().unwrap(),
        "SetTreatment firefox limit-only -3.5"
    );
    choose(&panel, "Even out");
    panel.wait_says("Brought to the same loudness as the others, whatever the profile says");

    // What is refused is not shown as done.
    fake.change(|world| world.refusals = worlds::refusals("PipeWire is away."));
    choose(&panel, "Leave alone");
    panel.wait_says("PipeWire is away.");
    panel.wait_says("Brought to the same loudness as the others, whatever the profile says");
    assert_eq!(fake.world().treatments.len(), 1);
}

fn wishes_so_far(fake: &Service, member: &str) -> Vec<String> {
    let asked = fake.seen().asked.clone();
    asked.into_iter().filter(|request| request.starts_with(member)).collect()
}

#[test]
fn what_others_change_is_shown_at_once() {
    let (desktop, fake) = with_mock(worlds::with_streams(2));
    let panel = Panel::start(&desktop);
    panel.wait_says("Voice call");
    fake.change(|world| {
        world.bypass = true;
        world.state = "bypassed";
    });
    panel.wait_switch(MASTER, false);
    fake.change(|world| {
        world.bypass = false;
        world.state = "running";
        world.active_profile = "night".to_owned();
        let stream = world.streams.get_mut(&2).unwrap();
        stream.route = "bypass";
        let treatment = Treatment::LeaveAlone.into();
        let chosen = TreatmentRow { treatment, offset_db: 0.0 };
        world.treatments.insert("discord".to_owned(), chosen);
    });
    panel.wait_switch(MASTER, true);
    panel.wait_says("Left alone");
    panel.turn_to("protection");
    panel.wait("the profile 'Night' in force", |tree| {
        let radio = tree
            .find(Role::RADIO_BUTTON, "Night")
            .or_else(|| tree.find(Role::CHECK_BOX, "Night"))?;
        radio.is(State::Checked).then_some(())
    });
}

#[test]
fn gauges_follow_their_streams_and_fall_when_they_end() {
    let (desktop, fake) = with_mock(worlds::with_streams(1));
    let panel = Panel::start(&desktop);
    let name = "Level of Firefox";
    let moved = |panel: &Panel<'_>| panel.value(Role::LEVEL_BAR, name) > 20.0;
    eventually("the gauge to rise", || moved(&panel));
    fake.change(|world| world.streams.get_mut(&1).unwrap().playing = false);
    eventually("the gauge to fall", || {
        let tree = panel.tree();
        let gauge = tree
            .all()
            .into_iter()
            .find(|node| node.role == Role::LEVEL_BAR && node.name.starts_with("Level of Firefox"));
        gauge.is_some_and(|gauge| panel.value_of(gauge) < 5.0)
    });
}

#[test]
fn a_service_that_never_answers_is_told_apart_from_none() {
    let (desktop, _fake) = with_mock(World { silent: true, ..worlds::idle() });
    let panel = Panel::start(&desktop);
    panel.wait_seen("does not answer");
    panel.picture("status-silent");
}
