//! Which inputs change which parts of the panel.

use crate::model::Treatment;

use headroom_api::SafeModeCause;

use super::{
    super::{BusGauges, ChainGauges, Failure, StreamGauges, TapGauges, setting::tests::number},
    *,
};

fn running() -> Input {
    Input::Service(Presence::Running { version: "0.1.0".to_owned(), api_version: 1 })
}

fn stream(id: u64, app: &str, route: StreamRoute) -> Stream {
    Stream { id, app: app.to_owned(), route, playing: true, ..Stream::default() }
}

fn up() -> Panel {
    let mut panel = Panel::default();
    panel.apply(running());
    panel.apply(Input::Streams(vec![
        stream(4, "mpv", StreamRoute::Processed),
        stream(2, "Spotify", StreamRoute::Bypass),
    ]));
    panel.apply(Input::Settings(vec![number("compressor.ratio", 2.0, 1.0, 20.0)]));
    panel.apply(Input::State(ServiceState::Running));
    panel
}

fn reading(usec: u64) -> Meters {
    let bus = BusGauges {
        gain_db: -2.0,
        leveller_db: 3.0,
        compressor_db: -5.0,
        short_term_lufs: -20.0,
        ..BusGauges::default()
    };
    let own = TapGauges { level_db: -1.5, ..TapGauges::default() };
    let gauges = StreamGauges { own, chain: None, device: None };
    Meters { usec, bus, streams: vec![(2, gauges), (4, gauges)] }
}

#[test]
fn it_begins_with_the_service_being_reached() {
    assert_eq!(Panel::default().page(), Page::Connecting);
    assert_eq!(Panel::default().protection(), Protection::Waiting);
}

#[test]
fn the_main_page_comes_with_the_state() {
    let mut panel = Panel::default();
    assert_eq!(panel.apply(running()), Changes::ALL);
    assert_eq!(panel.page(), Page::Connecting);
    let changes = panel.apply(Input::State(ServiceState::Running));
    assert_eq!(changes, Changes::PAGE | Changes::PROTECTION);
    assert_eq!((panel.page(), panel.protection()), (Page::Main, Protection::On));
}

#[test]
fn readings_change_gauges_and_history_and_nothing_else() {
    let mut panel = up();
    let mut seen = Changes::NONE;
    for n in 0..100 {
        seen |= panel.apply(Input::Meters(reading(n * 50_000)));
    }
    assert_eq!(seen, Changes::METERS | Changes::LOUDNESS);
    assert_eq!(panel.apply(Input::Meters(reading(99 * 50_000))), Changes::METERS);
}

#[test]
fn volume_that_moves_changes_the_applications_alone() {
    let mut panel = up();
    let louder = |volume_percent, muted| {
        let stream = stream(4, "mpv", StreamRoute::Processed);
        Input::StreamChanged(Stream { volume_percent, muted, ..stream })
    };
    assert_eq!(panel.apply(louder(Some(50.0), false)), Changes::APPS);
    assert_eq!(panel.apply(louder(Some(50.0), true)), Changes::APPS);
    assert_eq!(panel.apply(louder(Some(50.0), true)), Changes::NONE);
    let app = panel.apps().iter().find(|app| app.key == "mpv").unwrap();
    assert_eq!((app.streams[0].volume_percent, app.streams[0].muted), (Some(50.0), true));
    let ask = Ask::SetVolume { stream: 4, percent: 60.0 };
    let failed = Input::Failed { ask, why: Failure::Refused, sentence: String::new() };
    assert!(panel.apply(failed).contains(Changes::APPS), "the slider goes back");
}

#[test]
fn what_is_known_already_changes_nothing() {
    let mut panel = up();
    for input in [
        Input::State(ServiceState::Running),
        Input::Problems(Vec::new()),
        Input::Bypass(false),
        Input::Streams(vec![
            stream(2, "Spotify", StreamRoute::Bypass),
            stream(4, "mpv", StreamRoute::Processed),
        ]),
        Input::StreamChanged(stream(4, "mpv", StreamRoute::Processed)),
        Input::StreamRemoved(77),
        Input::Settings(vec![number("compressor.ratio", 2.0, 1.0, 20.0)]),
        Input::Treatments(Vec::new()),
        Input::Output(Output::default()),
    ] {
        assert_eq!(panel.apply(input.clone()), Changes::NONE, "{input:?}");
    }
}

#[test]
fn each_input_changes_its_own_part() {
    let problem = Problem::from(Code::FilterFailed { error: "no".to_owned() });
    let output = Output { name: "sink".to_owned(), ..Output::default() };
    let chosen = TreatmentRow { treatment: Treatment::LeaveAlone.into(), offset_db: 0.0 };
    for (input, part) in [
        (Input::Problems(vec![problem]), Changes::PROBLEMS | Changes::PROTECTION),
        (Input::Bypass(true), Changes::PROTECTION),
        (Input::BypassUntil(7), Changes::PROTECTION),
        (Input::CompareUntil(7), Changes::PROTECTION),
        (Input::State(ServiceState::Bypassed), Changes::PROTECTION),
        (Input::State(ServiceState::Waiting), Changes::PROTECTION | Changes::PAGE),
        (Input::Introduced(false), Changes::INTRODUCTION),
        (Input::ActiveProfile("night".to_owned()), Changes::PROFILES),
        (Input::ProfileBy(ProfileBy::Schedule), Changes::PROFILES),
        (Input::ProfileUntil(7), Changes::PROFILES),
        (Input::Schedules(Vec::new()), Changes::PROFILES),
        (Input::Profiles(vec![("a".to_owned(), String::new())]), Changes::PROFILES),
        (Input::Treatments(vec![("MPV".to_owned(), chosen.clone())]), Changes::APPS),
        (Input::Treatments(vec![("gone".to_owned(), chosen)]), Changes::APPS),
        (Input::StreamRemoved(4), Changes::APPS),
        (Input::Settings(Vec::new()), Changes::SETTINGS),
        (Input::Output(output), Changes::OUTPUT),
        (Input::Health(Health::default()), Changes::HEALTH),
    ] {
        assert_eq!(up().apply(input.clone()), part, "{input:?}");
    }
}

#[test]
fn a_service_that_does_not_hear_from_pipewire_has_a_problem_until_it_does() {
    let mut panel = up();
    let problem = Problem::from(Code::Starved);
    panel.apply(Input::Problems(vec![problem]));
    let health = |responding| Input::Health(Health { responding, ..Health::default() });
    let changes = panel.apply(health(Some(false)));
    assert_eq!(changes, Changes::HEALTH | Changes::PROBLEMS);
    let codes = |panel: &Panel| panel.problems().iter().map(|p| p.code.clone()).collect::<Vec<_>>();
    assert_eq!(codes(&panel), ["starved", "not-responding"]);
    panel.apply(Input::Problems(Vec::new()));
    assert_eq!(codes(&panel), ["not-responding"]);
    panel.apply(health(Some(true)));
    assert!(panel.problems().is_empty());
}

#[test]
fn streams_come_change_and_go() {
    let mut panel = up();
    assert_eq!(
        panel.apply(Input::StreamChanged(stream(3, "vlc", StreamRoute::Processed))),
        Changes::APPS
    );
    assert_eq!(panel.stream(3).map(|stream| stream.app.as_str()), Some("vlc"));
    panel.apply(Input::StreamChanged(stream(3, "vlc", StreamRoute::Bypass)));
    assert_eq!(panel.stream(3).map(|stream| stream.route), Some(StreamRoute::Bypass));
    let names: Vec<_> = panel.apps().iter().map(|app| app.name.as_str()).collect();
    assert_eq!(names, ["mpv", "Spotify", "vlc"]);
    panel.apply(Input::StreamRemoved(3));
    assert_eq!((panel.stream(3), panel.apps().len()), (None, 2));
}

#[test]
fn what_a_service_said_goes_with_it_and_the_history_stays() {
    let mut panel = up();
    panel.apply(Input::Meters(reading(1)));
    let gone = Input::Service(Presence::NotRunning { sentence: String::new() });
    assert_eq!(panel.apply(gone.clone()), Changes::ALL);
    assert!(panel.apps().is_empty() && panel.settings().is_empty());
    assert_eq!((panel.meters(), panel.state(), panel.version()), (None, None, ""));
    assert_eq!(panel.page(), Page::NotRunning(String::new()));
    assert_eq!(panel.loudness().points().len(), 1);
    assert_eq!(panel.apply(gone), Changes::NONE);
}

#[test]
fn a_wish_that_was_declined_has_its_part_drawn_anew() {
    for (ask, part) in [
        (Ask::SetBypass(true), Changes::PROTECTION),
        (Ask::UseProfile("x".to_owned()), Changes::PROFILES),
        (Ask::UnsetSchedule("x".to_owned()), Changes::PROFILES),
        (
            Ask::Treat { app: "x".to_owned(), treatment: Treatment::EvenOut, offset_db: 0.0 },
            Changes::APPS,
        ),
        (Ask::SetStrength(3.0), Changes::SETTINGS),
        (Ask::StartService, Changes::PAGE),
    ] {
        let mut panel = up();
        let before = panel.clone();
        let failed = Input::Failed { ask, why: Failure::Refused, sentence: String::new() };
        assert_eq!(panel.apply(failed), part);
        assert_eq!(panel, before);
    }
}

#[test]
fn gain_of_a_stream_is_that_of_all_it_goes_through() {
    let mut panel = up();
    let gain_db = |panel: &Panel, id| panel.done(id).unwrap().gain_db;
    assert!(gain_db(&panel, 4).abs() < 1e-9);
    panel.apply(Input::Meters(reading(1)));
    assert!((gain_db(&panel, 4) + 3.5).abs() < 1e-9, "processed");
    let mut own = reading(2);
    let chain = ChainGauges {
        loudness_in_lufs: -10.0,
        gain_db: -7.0,
        leveller_db: -6.0,
        surge_db: 0.0,
        compressor_db: -1.0,
        loudness_out_lufs: -17.0,
    };
    own.streams[1].1.chain = Some(chain);
    panel.apply(Input::Meters(own));
    assert!((gain_db(&panel, 4) + 10.5).abs() < 1e-9, "in a chain of its own");
    assert!((gain_db(&panel, 2) + 1.5).abs() < 1e-9, "bypassed");
    assert!(gain_db(&panel, 99).abs() < 1e-9, "not there");
    let elsewhere =
        Stream { through: Some(ChainKind::Device), ..stream(4, "mpv", StreamRoute::Processed) };
    panel.apply(Input::StreamChanged(elsewhere));
    assert_eq!(panel.done(4), None, "no gauge tells");
}

#[test]
fn app_that_does_not_play_is_remembered() {
    let mut panel = up();
    let chosen = TreatmentRow { treatment: Treatment::LeaveAlone.into(), offset_db: 0.0 };
    let names = ["MPV", "gone"].map(|name| (name.to_owned(), chosen.clone()));
    panel.apply(Input::Treatments(names.to_vec()));
    let remembered =
        |panel: &Panel| panel.remembered().map(|(app, _)| app.clone()).collect::<Vec<_>>();
    assert_eq!(remembered(&panel), ["gone"]);
    panel.apply(Input::StreamRemoved(4));
    assert_eq!(remembered(&panel), ["MPV", "gone"]);
}

#[test]
fn app_that_is_changed_the_most_is_found() {
    let mut panel = up();
    assert!(panel.most_changed().is_none(), "nothing is heard");
    let mut loud = reading(1);
    for (_, gauges) in &mut loud.streams {
        gauges.own.peak_dbfs = -3.0;
    }
    panel.apply(Input::Meters(loud));
    let (app, gains) = panel.most_changed().unwrap();
    assert_eq!(app.name, "mpv");
    assert!((gains.total_db + 3.5).abs() < 1e-9, "{gains:?}");
}

#[test]
fn shipped_profiles_come_first_and_the_rest_is_by_name() {
    let mut panel = up();
    let names = ["zebra", "speech", "Alpha", "default"];
    let profiles = names.map(|name| (name.to_owned(), String::new()));
    panel.apply(Input::Profiles(profiles.to_vec()));
    let names: Vec<_> = panel.profiles().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["default", "speech", "Alpha", "zebra"]);
}

#[test]
fn a_service_that_stepped_back_says_why() {
    let mut panel = up();
    let broken = Code::ProfileBroken { file: "a".to_owned(), error: "b".to_owned() };
    let safe = Problem::from(Code::SafeMode { cause: SafeModeCause::Crashes });
    panel.apply(Input::Problems(vec![broken.into(), safe.clone()]));
    assert_eq!(panel.step_back(), None, "it runs");
    panel.apply(Input::State(ServiceState::SafeMode));
    assert_eq!(panel.step_back(), Some(&safe));
}

#[test]
fn the_problem_of_the_page_is_found() {
    let mut panel = up();
    panel.apply(Input::State(ServiceState::Waiting));
    let broken = Code::ProfileBroken { file: "a".to_owned(), error: "b".to_owned() };
    let away = Problem::from(Code::PipewireAway { error: None });
    panel.apply(Input::Problems(vec![broken.into(), away.clone()]));
    assert_eq!(panel.page(), Page::PipeWireAway);
    assert_eq!(panel.page_problem(), Some(&away));
    assert_eq!(up().page_problem(), None);
}

#[test]
fn a_value_is_read_only_as_what_it_is() {
    let panel = up();
    assert_eq!(panel.number("compressor.ratio"), Some(2.0));
    assert_eq!((panel.is_on("compressor.ratio"), panel.number("nothing")), (None, None));
    assert_eq!(panel.sections().len(), 1);
}
