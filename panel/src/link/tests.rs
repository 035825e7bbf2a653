//! The link against the mock service, on a bus of its own.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use headroom_api::{ExposureRow, Felt, TreatmentRow};
use headroom_testkit::mock::{PrivateBus, Readings, Service, Setting, Stream, World};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::run_at;
use crate::model::{
    App, Ask, BusGauges, Failure, Input, Page, Panel, Presence, Protection, ServiceState,
    StreamGauges, Strength, TapGauges, Treatment, Value,
};

/// Longest wait for anything that must happen.
const DEADLINE: Duration = Duration::from_secs(30);

fn row(treatment: Treatment, offset_db: f64) -> TreatmentRow {
    TreatmentRow { treatment: treatment.into(), offset_db }
}

/// The mock service: a stream, and a choice of every kind for some application.
fn world() -> World {
    let settings = [
        ("leveller.enabled", Setting::of(true)),
        ("leveller.max_boost_db", Setting::of(8.0).within(0.0, 24.0, "dB")),
        ("leveller.max_cut_db", Setting::of(15.0).within(0.0, 40.0, "dB")),
    ];
    let mut world = World {
        version: "0.1.0".to_owned(),
        introduced: false,
        settings: settings.map(|(key, setting)| (key.to_owned(), setting)).into(),
        treatments: BTreeMap::from([
            ("mpv".to_owned(), row(Treatment::LeaveAlone, 0.0)),
            ("FIREFOX".to_owned(), row(Treatment::EvenOut, -3.0)),
        ]),
        streams: BTreeMap::from([(7, Stream::of("Firefox", "A song"))]),
        ..World::default()
    };
    world.health.cycles = 42;
    world
}

fn treat(app: &str, treatment: Treatment, offset_db: f64) -> Ask {
    Ask::Treat { app: app.to_owned(), treatment, offset_db }
}

fn start_mock(bus: &PrivateBus) -> Service {
    Service::start(&bus.address(), world()).unwrap()
}

/// Starts a stream, or makes it one of another application.
fn play(service: &Service, id: u64, app: &str) {
    service.change(|world| {
        world.streams.insert(id, Stream::of(app, "A song"));
    });
}

/// The rates of all subscriptions.
fn subscriptions(service: &Service) -> Vec<f64> {
    service.seen().subscribers.values().copied().collect()
}

fn subscriber(service: &Service) -> String {
    service.seen().subscribers.keys().next().unwrap().clone()
}

fn readings() -> Readings {
    let own = TapGauges { peak_dbfs: -3.0, ..TapGauges::default() };
    let streams = vec![(7, StreamGauges { own, chain: None, device: None })];
    (BusGauges { true_peak_dbtp: -0.5, ..BusGauges::default() }, streams)
}

/// The user interface's end, with a model that has been told everything.
struct Listener {
    inputs: UnboundedReceiver<Input>,
    asks: UnboundedSender<Ask>,
    panel: Panel,
    heard: Vec<Input>,
    link: JoinHandle<()>,
}

impl Listener {
    fn start(bus: &PrivateBus) -> Self {
        let (sender, inputs) = unbounded_channel();
        let (asks, asked) = unbounded_channel();
        let address = bus.address();
        let link = tokio::spawn(async move {
            run_at(Some(&address), move |input| sender.send(input).is_ok(), asked).await;
        });
        Self { inputs, asks, panel: Panel::default(), heard: Vec::new(), link }
    }

    fn ask(&self, ask: Ask) {
        self.asks.send(ask).unwrap();
    }

    async fn hear(&mut self, what: &str) -> Input {
        match timeout(DEADLINE, self.inputs.recv()).await {
            Ok(Some(input)) => {
                self.panel.apply(input.clone());
                self.heard.push(input.clone());
                input
            }
            Ok(None) => panic!("the link ended before {what}"),
            Err(late) => panic!("{late}, not heard of: {what}; heard: {:#?}", self.heard),
        }
    }

    /// Hears until the model is so.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Panel) -> bool) {
        while !is_so(&self.panel) {
            self.hear(what).await;
        }
    }

    /// Hears until a request is declined.
    async fn failure(&mut self) -> (Ask, Failure, String) {
        loop {
            if let Input::Failed { ask, why, sentence } = self.hear("a failure").await {
                return (ask, why, sentence);
            }
        }
    }

    fn apps(&self) -> Vec<&str> {
        self.panel.apps().iter().map(|app| app.name.as_str()).collect()
    }
}

/// Waits until something is so that nobody tells of.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = timeout(DEADLINE, async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

fn is_complete(panel: &Panel) -> bool {
    panel.page() == Page::Main && panel.health().is_some() && !panel.settings().is_empty()
}

async fn connected() -> (PrivateBus, Service, Listener) {
    let bus = PrivateBus::start();
    let service = start_mock(&bus);
    let mut listener = Listener::start(&bus);
    listener.until("everything", is_complete).await;
    (bus, service, listener)
}

#[tokio::test]
async fn everything_is_told_of_a_service_that_is_there() {
    let (_bus, _service, listener) = connected().await;
    let panel = &listener.panel;
    assert_eq!(panel.version(), "0.1.0");
    assert_eq!(panel.protection(), Protection::On);
    assert_eq!(panel.active_profile(), "default");
    let names: Vec<_> = panel.profiles().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["default", "night"]);
    let names: Vec<_> = panel.treatments().iter().map(|(app, _)| app.as_str()).collect();
    assert_eq!(names, ["FIREFOX", "mpv"]);
    assert_eq!(listener.apps(), ["Firefox"]);
    let app = &panel.apps()[0];
    let chosen = (app.choice, app.chosen_offset_db, app.choice_key.as_str());
    assert_eq!(chosen, (Some(Treatment::EvenOut), -3.0, "FIREFOX"));
    assert_eq!(panel.output().description, "Speakers");
    assert_eq!(panel.health().map(|health| health.cycles), Some(42));
    assert_eq!(panel.number("leveller.max_boost_db"), Some(8.0));
    assert_eq!(panel.strength(), Strength::Percent(50.0));
    assert_eq!(panel.meters(), None);
}

#[tokio::test]
async fn the_pages_come_up_complete() {
    let (_bus, _service, listener) = connected().await;
    let at = |wanted: fn(&Input) -> bool| listener.heard.iter().position(wanted).unwrap();
    let state = at(|input| matches!(input, Input::State(_)));
    assert!(at(|input| matches!(input, Input::Service(Presence::Running { .. }))) < state);
    assert!(at(|input| matches!(input, Input::Streams(_))) < state);
    assert!(at(|input| matches!(input, Input::Profiles(_))) < state);
}

#[tokio::test]
async fn streams_are_followed() {
    let (_bus, service, mut listener) = connected().await;
    play(&service, 9, "mpv");
    listener.until("the stream", |panel| panel.stream(9).is_some()).await;
    assert_eq!(listener.apps(), ["Firefox", "mpv"]);
    assert_eq!(listener.panel.apps()[1].choice, Some(Treatment::LeaveAlone));
    play(&service, 9, "vlc");
    listener.until("the change", |panel| panel.stream(9).is_some_and(|s| s.app == "vlc")).await;
    service.change(|world| {
        world.streams.remove(&9);
    });
    listener.until("its end", |panel| panel.stream(9).is_none()).await;
    assert_eq!(listener.apps(), ["Firefox"]);
}

#[tokio::test]
async fn what_others_change_is_told() {
    let (_bus, service, mut listener) = connected().await;
    service.change(|world| {
        world.state = "waiting";
        world.problems = vec![headroom_api::Problem::PipewireAway { error: None }.into()];
    });
    listener.until("the state", |panel| panel.page() == Page::PipeWireAway).await;
    assert!(listener.panel.page_problem().unwrap().text.starts_with("PipeWire is away"));
    assert_eq!(listener.panel.state(), Some(&ServiceState::Waiting));
}

#[tokio::test]
async fn changes_are_made_in_order_and_shown_once_true() {
    let (_bus, service, mut listener) = connected().await;
    for ask in [
        Ask::SetBypass(true),
        Ask::SetIntroduced(true),
        Ask::UseProfile("night".to_owned()),
        treat("mpv", Treatment::Automatic, 0.0),
        treat("Firefox", Treatment::LimitOnly, -3.5),
        Ask::SetSetting { key: "leveller.max_boost_db".to_owned(), value: Value::Number(3.5) },
        Ask::ResetSetting("leveller.max_boost_db".to_owned()),
        Ask::SetSetting { key: "leveller.enabled".to_owned(), value: Value::Bool(false) },
        Ask::ReloadProfiles,
    ] {
        listener.ask(ask);
    }
    let wanted = [
        "Bypass true",
        "Introduced true",
        "ActiveProfile night",
        "SetTreatment mpv automatic 0",
        "SetTreatment Firefox limit-only -3.5",
        "SetSetting leveller.max_boost_db 3.5",
        "ResetSetting leveller.max_boost_db",
        "SetSetting leveller.enabled false",
        "ReloadProfiles",
    ];
    until("all calls", || service.seen().asked.len() >= wanted.len()).await;
    assert_eq!(service.seen().asked, wanted);
    let is_so = |panel: &Panel| {
        panel.bypass()
            && panel.introduced() == Some(true)
            && panel.active_profile() == "night"
            && panel.apps().first().and_then(|app: &App| app.choice) == Some(Treatment::LimitOnly)
            && panel.is_on("leveller.enabled") == Some(false)
    };
    listener.until("what was wanted", is_so).await;
    assert!(!listener.heard.iter().any(|input| matches!(input, Input::Failed { .. })));
}

#[tokio::test]
async fn loudness_that_is_felt_calibrates_a_device_that_plays() {
    let (_bus, service, mut listener) = connected().await;
    let felt = |felt| Ask::Calibrate { device: "headset".to_owned(), felt };
    listener.ask(felt(Some(Felt::Loud)));
    let (_, why, sentence) = listener.failure().await;
    assert_eq!(why, Failure::Refused, "{sentence}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    service.change(|world| {
        world.exposure = vec![ExposureRow {
            begin_usec: u64::try_from(now.as_micros()).unwrap(),
            device: "headset".to_owned(),
            played_s: 60.0,
            level_dbfs: -30.0,
            ..ExposureRow::default()
        }];
    });
    listener.ask(felt(Some(Felt::Loud)));
    listener.ask(felt(None));
    let wanted = [
        "SetDeviceSetting headset calibration-db 110.",
        "SetDeviceSetting headset calibrated-by ear",
        "ResetDeviceSetting headset calibration-db",
        "ResetDeviceSetting headset calibrated-by",
    ];
    until("all calls", || service.seen().asked.len() >= wanted.len()).await;
    let asked = service.seen().asked.clone();
    assert_eq!(asked.len(), wanted.len(), "{asked:?}");
    for (asked, wanted) in asked.iter().zip(wanted) {
        assert_eq!(asked.replace('"', ""), wanted);
    }
}

#[tokio::test]
async fn volume_is_asked_for_and_shown_when_the_stream_has_told() {
    let (_bus, service, mut listener) = connected().await;
    let volume = |panel: &Panel| {
        let stream = panel.apps().first()?.streams.first()?.clone();
        Some((stream.volume_percent?, stream.muted))
    };
    assert_eq!(volume(&listener.panel), Some((100.0, false)));
    // All but the newest place of a slider are old while an earlier answer is waited for.
    service.change(|world| world.held = true);
    listener.ask(Ask::ReloadProfiles);
    until("the first call", || service.seen().asked == ["ReloadProfiles"]).await;
    for percent in [90.0, 80.0, 50.0] {
        listener.ask(Ask::SetVolume { stream: 7, percent });
    }
    listener.ask(Ask::SetMuted { stream: 7, muted: true });
    sleep(Duration::from_millis(50)).await;
    assert_eq!(volume(&listener.panel), Some((100.0, false)));
    service.change(|world| world.held = false);
    listener.until("both", |panel| volume(panel) == Some((50.0, true))).await;
    let asked = service.seen().asked.clone();
    assert_eq!(asked[1..], ["SetStreamVolume 7 50", "SetStreamMuted 7 true"]);
    listener.ask(Ask::SetVolume { stream: 8, percent: 50.0 });
    let (ask, why, _) = listener.failure().await;
    assert_eq!((ask, why), (Ask::SetVolume { stream: 8, percent: 50.0 }, Failure::Refused));
}

#[tokio::test]
async fn a_strength_becomes_settings_and_goes_back() {
    let (_bus, service, mut listener) = connected().await;
    listener.ask(Ask::SetStrength(75.0));
    let is = |percent| move |panel: &Panel| panel.strength() == Strength::Percent(percent);
    listener.until("the strength", is(75.0)).await;
    assert_eq!(listener.panel.number("leveller.max_boost_db"), Some(12.0));
    assert_eq!(listener.panel.number("leveller.max_cut_db"), Some(22.5));
    listener.ask(Ask::ResetStrength);
    listener.until("the profile", is(50.0)).await;
    assert!(service.world().changed_settings().is_empty());
}

#[tokio::test]
async fn a_refusal_comes_back_in_the_service_s_words() {
    let (_bus, _service, mut listener) = connected().await;
    let ask = Ask::UseProfile("loud".to_owned());
    listener.ask(ask.clone());
    let sentence = "no profile has the name 'loud'".to_owned();
    assert_eq!(listener.failure().await, (ask, Failure::Refused, sentence));
    let ask = treat("vlc", Treatment::EvenOut, 13.0);
    listener.ask(ask.clone());
    let sentence = "offset_db cannot be 13".to_owned();
    assert_eq!(listener.failure().await, (ask, Failure::Refused, sentence));
    assert_eq!(listener.panel.page(), Page::Main);
}

#[tokio::test]
async fn readings_come_only_while_they_are_watched() {
    let (_bus, service, mut listener) = connected().await;
    assert!(subscriptions(&service).is_empty());
    listener.ask(Ask::Watch(Some(20.0)));
    until("a subscription", || subscriptions(&service) == [20.0]).await;
    service.send_meters(&subscriber(&service), 5, readings());
    listener.until("a reading", |panel| panel.meters().is_some()).await;
    let meters = listener.panel.meters().unwrap();
    assert_eq!((meters.usec, meters.bus.true_peak_dbtp), (5, -0.5));
    assert_eq!(meters.stream(7).map(|gauges| gauges.own.peak_dbfs), Some(-3.0));

    let subscriber = subscriber(&service);
    listener.ask(Ask::Watch(None));
    until("no subscription", || subscriptions(&service).is_empty()).await;
    // One that was on its way is not shown any more: what comes after it is heard, and it is not.
    service.send_meters(&subscriber, 6, readings());
    play(&service, 9, "mpv");
    listener.until("the stream", |panel| panel.stream(9).is_some()).await;
    assert_eq!(listener.panel.meters().map(|meters| meters.usec), Some(5));
}

#[tokio::test]
async fn new_rate_replaces_the_old_and_nonsense_is_refused() {
    let (_bus, service, mut listener) = connected().await;
    listener.ask(Ask::Watch(Some(2.0)));
    listener.ask(Ask::Watch(Some(30.0)));
    until("the last rate", || subscriptions(&service) == [30.0]).await;
    listener.ask(Ask::Watch(Some(1000.0)));
    let (ask, why, _) = listener.failure().await;
    assert_eq!((ask, why), (Ask::Watch(Some(1000.0)), Failure::Refused));
}

#[tokio::test]
async fn pings_are_answered() {
    let (_bus, service, listener) = connected().await;
    listener.ask(Ask::Watch(Some(10.0)));
    until("an answer to the service's ping", || !service.seen().answered_pings.is_empty()).await;
}

#[tokio::test]
async fn a_service_that_restarts_is_found_again_with_its_gauges() {
    let (bus, service, mut listener) = connected().await;
    listener.ask(Ask::Watch(Some(20.0)));
    until("a subscription", || subscriptions(&service) == [20.0]).await;
    drop(service);
    listener.until("its end", |panel| !panel.presence().is_running()).await;
    // It was there, so it is installed somewhere, although this bus could not start it.
    assert_eq!(listener.panel.page(), Page::NotRunning(String::new()));
    assert!(listener.panel.apps().is_empty());

    let service = start_mock(&bus);
    listener.until("its return", is_complete).await;
    until("a new subscription", || subscriptions(&service) == [20.0]).await;
    service.send_meters(&subscriber(&service), 9, readings());
    listener.until("a reading", |panel| panel.meters().is_some()).await;
    play(&service, 9, "mpv");
    listener.until("the stream", |panel| panel.stream(9).is_some()).await;
}

#[tokio::test]
async fn service_is_started_with_the_panel_and_never_later() {
    let bus = PrivateBus::start();
    let flag = bus.file("started");
    bus.install(&format!("/bin/touch {}", flag.display()));
    let mut bus = bus;
    bus.restart();
    let mut listener = Listener::start(&bus);
    until("a start", || flag.exists()).await;
    assert!(!listener.panel.presence().is_running());
    let service = start_mock(&bus);
    listener.until("everything", is_complete).await;

    std::fs::remove_file(&flag).unwrap();
    drop(service);
    listener.until("its end", |panel| panel.page() == Page::NotRunning(String::new())).await;
    let ask = Ask::SetBypass(true);
    listener.ask(ask.clone());
    assert_eq!(listener.failure().await, (ask, Failure::NotRunning, String::new()));
    assert!(!flag.exists());

    listener.ask(Ask::StartService);
    until("a start that was asked for", || flag.exists()).await;
    let _service = start_mock(&bus);
    listener.until("everything", is_complete).await;
}

#[tokio::test]
async fn a_start_that_fails_is_told_with_the_bus_s_words() {
    let bus = PrivateBus::start_knowing("/bin/false");
    let mut listener = Listener::start(&bus);
    let failed = |panel: &Panel| matches!(panel.page(), Page::NotRunning(s) if !s.is_empty());
    listener.until("the failure", failed).await;
    assert!(!listener.heard.iter().any(|input| matches!(input, Input::Failed { .. })));
    listener.ask(Ask::StartService);
    let (ask, why, sentence) = listener.failure().await;
    assert_eq!((ask, why), (Ask::StartService, Failure::NotStarted));
    assert!(!sentence.is_empty());
    listener.until("the failure again", failed).await;
}

#[tokio::test]
async fn missing_service_is_said_and_seen_when_it_comes() {
    let bus = PrivateBus::start();
    let mut listener = Listener::start(&bus);
    listener.until("the page", |panel| panel.page() == Page::NotInstalled).await;
    listener.ask(Ask::StartService);
    assert_eq!(listener.failure().await.1, Failure::NotStarted);
    bus.install(Path::new("/bin/true").to_str().unwrap());
    listener.until("it", |panel| panel.page() == Page::NotRunning(String::new())).await;
}

#[tokio::test]
async fn a_rate_that_was_wanted_without_a_service_is_kept_for_it() {
    let bus = PrivateBus::start();
    let mut listener = Listener::start(&bus);
    listener.until("the page", |panel| panel.page() == Page::NotInstalled).await;
    listener.ask(Ask::Watch(Some(15.0)));
    let service = start_mock(&bus);
    listener.until("everything", is_complete).await;
    until("a subscription", || subscriptions(&service) == [15.0]).await;
}

#[tokio::test]
async fn a_bus_that_goes_is_told_and_its_return_is_seen() {
    let (mut bus, service, mut listener) = connected().await;
    bus.stop();
    drop(service);
    listener.until("its end", |panel| matches!(panel.page(), Page::NoBus(_))).await;
    bus.restart();
    let _service = start_mock(&bus);
    listener.until("its return", is_complete).await;
}

#[tokio::test]
async fn a_slow_answer_keeps_nobody_from_hearing_the_news() {
    let (_bus, service, mut listener) = connected().await;
    service.world().silent = true;
    listener.ask(Ask::ReloadProfiles);
    listener.ask(treat("vlc", Treatment::EvenOut, 0.0));
    until("the call", || service.seen().asked == ["ReloadProfiles"]).await;
    play(&service, 9, "mpv");
    listener.until("the stream", |panel| panel.stream(9).is_some()).await;
    // The second waits for the first.
    assert_eq!(service.seen().asked, ["ReloadProfiles"]);
    service.world().silent = false;
    until("the second", || {
        service.seen().asked == ["ReloadProfiles", "SetTreatment vlc even-out 0"]
    })
    .await;
}

#[tokio::test]
async fn a_service_that_hangs_is_told_and_its_recovery_is_seen() {
    let (_bus, service, mut listener) = connected().await;
    service.world().silent = true;
    listener.ask(Ask::ReloadProfiles);
    listener.ask(treat("vlc", Treatment::EvenOut, 0.0));
    let (ask, why, _) = listener.failure().await;
    assert_eq!((ask, why), (Ask::ReloadProfiles, Failure::NoAnswer));
    // What waited behind it is not forgotten without a word.
    let (ask, why, _) = listener.failure().await;
    assert_eq!((ask, why), (treat("vlc", Treatment::EvenOut, 0.0), Failure::NoAnswer));
    listener.until("silence", |panel| matches!(panel.page(), Page::Silent(_))).await;
    service.world().silent = false;
    listener.until("its recovery", is_complete).await;
}

#[tokio::test]
async fn the_link_ends_with_its_listener() {
    let (_bus, service, listener) = connected().await;
    let Listener { inputs, asks, link, .. } = listener;
    drop(inputs);
    play(&service, 9, "mpv");
    timeout(DEADLINE, link).await.expect("it ends when nobody listens").unwrap();
    drop(asks);

    let (_bus, _service, listener) = connected().await;
    let Listener { inputs: _inputs, asks, link, .. } = listener;
    drop(asks);
    timeout(DEADLINE, link).await.expect("it ends when nobody can ask").unwrap();
}
