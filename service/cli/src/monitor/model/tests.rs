//! The model by what comes in and what it requests.

use zbus::Variant;

use super::*;
use crate::monitor::input::Key;
use headroom_api::{ExplanationRow, Treatment, Word};

pub(crate) fn owned(value: Variant<'_>) -> OwnedVariant {
    value.try_into_owned().unwrap()
}

pub(crate) fn dict<const N: usize>(entries: [(&str, OwnedVariant); N]) -> Dict {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(crate) fn text(text: &str) -> OwnedVariant {
    owned(Variant::new(text))
}

pub(crate) fn problem(sentence: &str) -> Dict {
    let (code, subject) = ("code".to_owned(), "subject".to_owned());
    let row = ProblemRow { code, subject, text: sentence.to_owned(), ..ProblemRow::default() };
    dict([("Problems", owned(Variant::from(vec![Variant::from(row.to_dict())])))])
}

pub(crate) fn stream(app: &str, route: &str) -> Dict {
    let row = StreamRow {
        app: app.to_owned(),
        media: "A song".to_owned(),
        binary: "player-bin".to_owned(),
        route: Word::of(route),
        reason: "the profile processes everything".to_owned(),
        ..StreamRow::default()
    };
    row.to_dict()
}

/// Returns what a service says of a stream whose route is the user's.
pub(crate) fn explained() -> Explanation {
    let more = ExplanationRow { rule: "yours\u{1b}x".to_owned(), ..ExplanationRow::default() };
    Explanation { more, ..Explanation::default() }
}

/// Returns a model of a service that runs, with some streams.
pub(crate) fn up(streams: u64) -> Model {
    let mut model = Model::default();
    let profiles: HashMap<String, String> = [("default", "For every day"), ("night", "Quiet")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    let output = OutputRow {
        description: "Speakers".to_owned(),
        rate_hz: 48_000,
        quantum_frames: Some(1024),
        latency_ms: 1.4375,
        ..OutputRow::default()
    };
    model.apply(News::Up(dict([
        ("State", text("running")),
        ("ActiveProfile", text("default")),
        ("Bypass", owned(Variant::new(false))),
        ("Profiles", owned(Variant::new(profiles))),
        ("Output", owned(Variant::from(output.to_dict()))),
    ])));
    for id in 0..streams {
        model.apply(News::StreamAdded(id, stream(&format!("App {id}"), "processed")));
    }
    model.set_page(5);
    model
}

fn treat(app: &str, treatment: Treatment, offset_db: f64) -> Action {
    Action::SetTreatment { app: app.to_owned(), treatment, offset_db }
}

/// Opens the list of treatments, moves the cursor and stores.
fn choose(model: &mut Model, step: Key) -> Action {
    assert_eq!(model.press(Key::Letter('r')), Request::Nothing);
    assert_eq!(model.press(step), Request::Nothing);
    call(model.press(Key::Enter))
}

fn call(request: Request) -> Action {
    match request {
        Request::Call(action) => action,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_switch_follows_the_service_and_not_the_key() {
    let mut model = up(1);
    let action = choose(&mut model, Key::End);
    assert_eq!(action, treat("App 0", Treatment::LeaveAlone, 0.0));
    assert_eq!(model.selected().unwrap().row.route.as_str(), "processed");
    assert!(model.status().unwrap().text.contains("leave-alone"));
    model.settle(&action, Ok(None));
    assert_eq!(model.selected().unwrap().row.route.as_str(), "processed");
    assert_eq!(model.status(), None);
    model.apply(News::StreamChanged(0, stream("App 0", "bypass")));
    assert_eq!(model.selected().unwrap().row.route.as_str(), "bypass");
    let action = choose(&mut model, Key::Down);
    assert_eq!(action, treat("App 0", Treatment::EvenOut, 0.0));
}

#[test]
fn enter_asks_before_it_stores_and_escape_never_quits() {
    let mut model = up(1);
    assert_eq!(model.press(Key::Escape), Request::Nothing);
    assert_eq!(model.press(Key::Enter), Request::Nothing);
    assert!(matches!(&model.pane, Pane::Treatments { app, .. } if app == "App 0"));
    assert_eq!(model.press(Key::Down), Request::Nothing);
    assert_eq!(model.press(Key::Escape), Request::Nothing, "nothing is stored");
    assert_eq!(model.pane, Pane::None);
    assert_eq!(model.press(Key::Letter('q')), Request::Quit);
}

#[test]
fn deepest_moment_of_last_catch_stands_until_next_one() {
    let reading = |surge_db: f64| {
        let gauges = [
            ("peak-dbfs", -3.0),
            ("gain-db", surge_db),
            ("surge-db", surge_db),
            ("loudness-out-lufs", -19.0),
        ];
        vec![(0, gauges.map(|(key, value)| (key.to_owned(), value)).into())]
    };
    let mut model = up(1);
    let caught_db = |model: &Model| model.caught().map(|(_, done)| done.gain_db.round());
    for (surge_db, deepest_db) in [
        (0.0, None),
        (-9.0, Some(-9.0)),
        (-17.0, Some(-17.0)),
        (-4.0, Some(-17.0)),
        (0.0, Some(-17.0)),
        (-6.0, Some(-6.0)),
    ] {
        model.read_meters(&GaugeTable::new(), &reading(surge_db));
        assert_eq!(caught_db(&model), deepest_db, "{surge_db}");
    }
}

#[test]
fn a_key_that_is_held_down_asks_once() {
    let mut model = up(1);
    let action = call(model.press(Key::Letter('b')));
    assert_eq!(model.press(Key::Letter('b')), Request::Nothing);
    model.settle(&action, Err("It is ending.".to_owned()));
    assert!(model.status().unwrap().is_error);
    assert_eq!(call(model.press(Key::Letter('b'))), Action::SetBypass(true));
}

#[test]
fn users_choice_is_changed_under_the_name_that_it_has() {
    let mut model = up(1);
    let row = TreatmentRow { treatment: Treatment::EvenOut.into(), offset_db: -3.0 };
    let treatments = HashMap::from([("PLAYER-BIN".to_owned(), row.to_dict())]);
    model.apply(News::Properties(dict([("Treatments", owned(Variant::from(treatments)))])));
    let app = "PLAYER-BIN".to_owned();
    assert_eq!(choose(&mut model, Key::End), treat(&app, Treatment::LeaveAlone, -3.0));
    assert_eq!(call(model.press(Key::Letter('u'))), Action::UnsetTreatment { app });
}

#[test]
fn a_stream_that_is_left_alone_is_not_switched_but_explained() {
    for route in ["unmanaged", "dancing"] {
        let mut model = up(0);
        model.apply(News::StreamAdded(4, stream("Pinned", route)));
        assert_eq!(model.press(Key::Letter('r')), Request::Nothing);
        assert!(model.status().unwrap().text.contains("left alone"));
    }
}

#[test]
fn keys_without_a_stream_or_without_a_service_do_no_harm() {
    let keys = "rulbpex? jkq\u{7}".chars().map(Key::Letter);
    let others = [Key::Enter, Key::End, Key::PageDown, Key::Up, Key::Escape];
    for mut model in [Model::default(), up(0)] {
        for key in keys.clone().chain(others) {
            let request = model.press(key);
            assert!(!matches!(request, Request::Call(Action::SetTreatment { .. })), "{key:?}");
        }
    }
    let mut model = up(1);
    model.apply(News::Down);
    assert_eq!(model.press(Key::Letter('b')), Request::Nothing);
    assert!(model.status().unwrap().text.contains("not there"));
}

#[test]
fn the_selection_stays_in_sight_and_on_its_stream() {
    let mut model = up(20);
    model.press(Key::End);
    assert_eq!(model.selected().unwrap().row.app, "App 19");
    assert_eq!(model.stream_counts(), (20, 15, 0));
    model.press(Key::PageUp);
    assert_eq!(model.selected().unwrap().row.app, "App 14");
    for _ in 0..30 {
        model.press(Key::Letter('k'));
    }
    assert_eq!(model.stream_counts(), (20, 0, 15));
    model.press(Key::Down);
    model.apply(News::StreamRemoved(0));
    assert_eq!(model.selected().unwrap().row.app, "App 1");
    model.apply(News::StreamRemoved(1));
    assert_eq!(model.selected().unwrap().row.app, "App 2", "the one that took its place");
    model.press(Key::End);
    model.apply(News::StreamRemoved(19));
    assert_eq!(model.selected().unwrap().row.app, "App 18");
    model.set_page(100);
    assert_eq!(model.stream_counts(), (17, 0, 0), "no room is left empty");
    model.set_page(0);
    assert!(model.selected().is_some());
}

#[test]
fn a_service_that_left_leaves_nothing_of_itself() {
    let mut model = up(3);
    model.apply(News::Properties(problem("It is broken.")));
    model.press(Key::Letter('p'));
    model.apply(News::Down);
    assert_eq!(model.link, Link::Away);
    assert_eq!(model.stream_counts().0, 0);
    assert!(model.problems.is_empty() && model.profile.is_empty());
    assert_eq!(model.pane, Pane::None);
    assert_eq!(model.gauges, BusGauges::default());
}

#[test]
fn profiles_are_chosen_with_the_cursor() {
    let mut model = up(0);
    model.press(Key::Letter('p'));
    assert_eq!(model.pane, Pane::Profiles("default".to_owned()));
    model.press(Key::Down);
    model.press(Key::Down);
    assert_eq!(model.pane, Pane::Profiles("night".to_owned()));
    assert_eq!(call(model.press(Key::Enter)), Action::UseProfile("night".to_owned()));
    assert_eq!(model.pane, Pane::None);
    assert_eq!(model.profile, "default");
    model.press(Key::Letter('p'));
    assert_eq!(model.press(Key::Escape), Request::Nothing, "leaves the pane and not the program");
    assert_eq!(model.press(Key::Escape), Request::Nothing);
}

#[test]
fn an_explanation_is_asked_again_when_its_stream_changes() {
    let mut model = up(2);
    assert_eq!(call(model.press(Key::Letter('e'))), Action::Explain(0));
    model.settle(&Action::Explain(0), Ok(Some(Box::new(explained()))));
    assert!(matches!(&model.pane, Pane::Explain(0, Some(_))));
    assert_eq!(model.apply(News::StreamChanged(1, stream("App 1", "bypass"))), None);
    let asked = model.apply(News::StreamChanged(0, stream("App 0", "bypass")));
    assert_eq!(asked, Some(Action::Explain(0)));
    model.settle(&Action::Explain(1), Ok(Some(Box::default())));
    assert!(matches!(&model.pane, Pane::Explain(0, Some(told)) if **told == explained()));
}

#[test]
fn settings_that_differ_from_the_profile_are_counted() {
    let row = |value: f64, default: Option<f64>, changed| {
        let some = |value: Option<f64>| value.map(|value| owned(Variant::new(value)));
        let (value, default) = (some(Some(value)), some(default));
        let row = SettingRow { value, default, changed, ..SettingRow::default() };
        owned(Variant::from(row.to_dict()))
    };
    let mut model = up(0);
    model.apply(News::Settings(dict([
        ("a", row(1.0, None, Some(true))),
        ("b", row(1.0, Some(1.0), None)),
        ("c", row(1.0, Some(2.0), None)),
        ("limiter.ceiling_dbtp", row(-1.0, None, Some(false))),
    ])));
    assert_eq!(model.changed_settings, 2);
    assert!((model.ceiling_dbtp() + 1.0).abs() < 1e-9);
}

#[test]
fn a_message_goes_after_a_while_and_nothing_moves_for_ever() {
    let mut model = up(1);
    model.settle(&Action::Explain(9), Err("No such stream.".to_owned()));
    let bus = GaugeTable::from([("true-peak-dbtp".to_owned(), -1.0)]);
    let gauges = GaugeTable::from([("peak-dbfs".to_owned(), -3.0)]);
    model.apply(News::Meters(1, bus, vec![(0, gauges)]));
    model.apply(News::Meters(2, GaugeTable::new(), Vec::new()));
    assert!(model.is_moving());
    for _ in 0..1000 {
        model.advance(Duration::from_millis(40));
    }
    assert_eq!(model.status(), None);
    assert!(!model.is_moving());
    assert!(!model.advance(Duration::from_millis(40)));
}
