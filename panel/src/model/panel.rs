//! Everything that the panel knows.

use headroom_api::{DeviceRow, Done, Gains, Problem as Code, ProfileBy, ScheduleRow, TreatmentRow};

use super::{
    App, Ask, ChainKind, Chains, Changes, Deployment, Device, Health, Input, Loudness, Meters, Now,
    Output, Page, Past, Presence, Problem, Protection, Section, ServiceState, Setting, Stream,
    StreamRoute, Strength, Value, apps,
    loudness::{self, Heard},
    setting, strength, waits,
};

/// Profiles that Headroom ships, in the order in which they are offered.
const SHIPPED: [&str; 6] =
    ["default", "night", "speech", "transparent", "spike-protection", "bypass-all"];

/// What the panel knows of the service, as of the last [`Input`].
///
/// What belonged to a service is forgotten when it leaves, but for the history of loudness: that one is the
/// listener's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    presence: Presence,
    loudness: Loudness,
    known: Known,
}

/// What one service has told.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    state: Option<ServiceState>,
    /// Those that the service lists.
    listed: Vec<Problem>,
    /// The same, and what its health tells of.
    problems: Vec<Problem>,
    bypass: bool,
    bypass_until_usec: u64,
    compare_until_usec: u64,
    introduced: Option<bool>,
    active_profile: String,
    profile_by: ProfileBy,
    profile_until_usec: u64,
    /// `None` while the service has not told of any.
    schedules: Option<Vec<(String, ScheduleRow)>>,
    profiles: Vec<(String, String)>,
    treatments: Vec<(String, TreatmentRow)>,
    /// `None` while the service has not told of any.
    device_settings: Option<Vec<(String, DeviceRow)>>,
    streams: Vec<Stream>,
    apps: Vec<App>,
    settings: Vec<Setting>,
    strength: Strength,
    chains: Option<Chains>,
    output: Output,
    devices: Vec<Device>,
    health: Option<Health>,
    past: Option<Past>,
    history_enabled: Option<bool>,
    exposure_enabled: Option<bool>,
    exposure_warnings: Option<bool>,
    meters: Option<Meters>,
}

impl Panel {
    /// Takes what is known now, and says which parts are others than before.
    ///
    /// An input that says nothing new changes nothing. After [`Input::Failed`] the part that the wish was made in
    /// counts as changed: what a person has turned must show the truth again.
    pub fn apply(&mut self, input: Input) -> Changes {
        let (page, protection) = (self.page(), self.protection());
        let changes = self.take(input);
        changes
            | Changes::PAGE.when(page != self.page())
            | Changes::PROTECTION.when(protection != self.protection())
    }

    fn take(&mut self, input: Input) -> Changes {
        let known = &mut self.known;
        match input {
            Input::Service(presence) => self.take_presence(presence),
            Input::State(state) => replace(&mut known.state, Some(state), Changes::PROTECTION),
            Input::Problems(problems) => {
                known.listed = problems;
                known.gather_problems()
            }
            Input::Bypass(bypass) => replace(&mut known.bypass, bypass, Changes::PROTECTION),
            Input::BypassUntil(usec) => {
                replace(&mut known.bypass_until_usec, usec, Changes::PROTECTION)
            }
            Input::CompareUntil(usec) => {
                replace(&mut known.compare_until_usec, usec, Changes::PROTECTION)
            }
            Input::Introduced(introduced) => {
                replace(&mut known.introduced, Some(introduced), Changes::INTRODUCTION)
            }
            Input::ActiveProfile(name) => {
                replace(&mut known.active_profile, name, Changes::PROFILES)
            }
            Input::ProfileBy(by) => replace(&mut known.profile_by, by, Changes::PROFILES),
            Input::ProfileUntil(usec) => {
                replace(&mut known.profile_until_usec, usec, Changes::PROFILES)
            }
            Input::Schedules(mut schedules) => {
                schedules.sort_by_cached_key(|(name, _)| profile_rank(name));
                replace(&mut known.schedules, Some(schedules), Changes::PROFILES)
            }
            Input::Profiles(mut profiles) => {
                profiles.sort_by_cached_key(|(name, _)| profile_rank(name));
                replace(&mut known.profiles, profiles, Changes::PROFILES)
            }
            Input::Treatments(mut treatments) => {
                treatments.sort_by(|(one, _), (other, _)| one.cmp(other));
                replace(&mut known.treatments, treatments, Changes::APPS) | known.regroup()
            }
            Input::DeviceSettings(settings) => {
                replace(&mut known.device_settings, Some(settings), Changes::DEVICE_SETTINGS)
            }
            Input::Streams(mut streams) => {
                streams.sort_by_key(|stream| stream.id);
                streams.dedup_by_key(|stream| stream.id);
                known.streams = streams;
                known.regroup()
            }
            Input::StreamChanged(stream) => {
                match known.streams.binary_search_by_key(&stream.id, |known| known.id) {
                    Ok(at) => known.streams[at] = stream,
                    Err(at) => known.streams.insert(at, stream),
                }
                known.regroup()
            }
            Input::StreamRemoved(id) => {
                known.streams.retain(|stream| stream.id != id);
                known.regroup()
            }
            Input::Settings(mut settings) => {
                setting::arrange(&mut settings);
                let changes = replace(&mut known.settings, settings, Changes::SETTINGS);
                known.strength = strength(&known.settings);
                self.loudness.set_makeup_db(loudness::makeup_db(&known.settings));
                changes | known.regroup()
            }
            Input::Output(output) => replace(&mut known.output, output, Changes::OUTPUT),
            Input::Devices(devices) => replace(&mut known.devices, devices, Changes::OUTPUT),
            Input::Chains(chains) => {
                replace(&mut known.chains, chains, Changes::PROFILES) | known.regroup()
            }
            Input::Past(past) => replace(&mut known.past, Some(past), Changes::HISTORY),
            Input::HistoryEnabled(on) => {
                replace(&mut known.history_enabled, Some(on), Changes::HISTORY)
            }
            Input::ExposureEnabled(on) => {
                replace(&mut known.exposure_enabled, Some(on), Changes::HISTORY)
            }
            Input::ExposureWarnings(on) => {
                replace(&mut known.exposure_warnings, Some(on), Changes::HISTORY)
            }
            Input::Health(health) => {
                replace(&mut known.health, Some(health), Changes::HEALTH) | known.gather_problems()
            }
            Input::Meters(meters) => {
                let heard = Heard::of(&meters, &known.apps, &known.output);
                let point = self.loudness.push(&meters, heard);
                known.meters = Some(meters);
                Changes::METERS | Changes::LOUDNESS.when(point)
            }
            Input::Failed { ask, .. } => part_of(&ask),
        }
    }

    fn take_presence(&mut self, presence: Presence) -> Changes {
        if presence == self.presence && self.known == Known::default() {
            return Changes::NONE;
        }
        self.presence = presence;
        self.known = Known::default();
        Changes::ALL
    }

    /// Returns the page that stands in the window.
    pub fn page(&self) -> Page {
        Page::decide(&self.presence, self.known.state.as_ref(), &self.known.problems)
    }

    /// Returns the problem that the page is about, with the service's own sentence.
    pub fn page_problem(&self) -> Option<&Problem> {
        let page = self.page();
        self.known.problems.iter().find(|problem| page.is_about(problem))
    }

    /// Returns whether the service is there.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Returns the service's version; empty while it is not there.
    pub fn version(&self) -> &str {
        match &self.presence {
            Presence::Running { version, .. } => version,
            _ => "",
        }
    }

    /// Returns what the service is doing; `None` while it has not told.
    pub fn state(&self) -> Option<&ServiceState> {
        self.known.state.as_ref()
    }

    /// Returns whether streams that shall be protected are.
    pub fn protection(&self) -> Protection {
        Protection::judge(&self.presence, self.known.state.as_ref(), &self.known.problems)
    }

    /// Says whether a person has everything sent straight to the device: what the master switch shows.
    pub fn bypass(&self) -> bool {
        self.known.bypass
    }

    /// Returns when protection comes back by itself, in microseconds since 1970; `None` unless it is off and does.
    pub fn bypass_until_usec(&self) -> Option<u64> {
        let usec = self.known.bypass_until_usec;
        (self.known.bypass && usec > 0).then_some(usec)
    }

    /// Says whether what plays is heard without levelling, for somebody to compare.
    pub fn compares(&self) -> bool {
        self.known.compare_until_usec > 0
    }

    /// Says whether a person has been told what Headroom does to the system; `None` while that is not known, or to a
    /// service that does not keep it.
    pub fn introduced(&self) -> Option<bool> {
        self.known.introduced
    }

    /// Returns what was caught and played on the days that were asked for; `None` before they were.
    pub fn past(&self) -> Option<&Past> {
        self.known.past.as_ref()
    }

    /// Says whether that is kept; `None` while it is not known.
    pub fn history_enabled(&self) -> Option<bool> {
        self.known.history_enabled
    }

    /// Says whether how much sound reaches devices is counted; `None` while it is not known.
    pub fn exposure_enabled(&self) -> Option<bool> {
        self.known.exposure_enabled
    }

    /// Says whether a full sound dose and a high level are notified of; `None` while it is not known.
    pub fn exposure_warnings(&self) -> Option<bool> {
        self.known.exposure_warnings
    }

    /// Returns how Headroom was set up.
    pub fn deployment(&self) -> Deployment {
        let health = self.known.health.as_ref();
        health.map_or(Deployment::Unknown, |health| Deployment::read(&health.deployment))
    }

    /// Returns why the service turned itself off, in its own words; `None` unless it did and says why.
    pub fn step_back(&self) -> Option<&Problem> {
        if self.protection() != Protection::SafeMode {
            return None;
        }
        let mut problems = self.known.problems.iter();
        problems.find(|it| matches!(it.known, Some(Code::SafeMode { .. } | Code::Starved)))
    }

    /// Returns what is wrong, in the service's order, and last what its health tells of.
    pub fn problems(&self) -> &[Problem] {
        &self.known.problems
    }

    /// Returns every profile, name and description: the shipped ones first, then by name.
    pub fn profiles(&self) -> &[(String, String)] {
        &self.known.profiles
    }

    /// Returns the name of the profile in force.
    pub fn active_profile(&self) -> &str {
        &self.known.active_profile
    }

    /// Returns who has decided that it is.
    pub fn profile_by(&self) -> ProfileBy {
        self.known.profile_by
    }

    /// Returns when a schedule changes it by the clock, in microseconds since 1970; 0 while none does.
    pub fn profile_until_usec(&self) -> u64 {
        self.known.profile_until_usec
    }

    /// Returns when profiles are in force by themselves, in the order of the profiles; `None` where the service does not
    /// tell.
    pub fn schedules(&self) -> Option<&[(String, ScheduleRow)]> {
        self.known.schedules.as_deref()
    }

    /// Returns every application that has streams: those that play first, then by name.
    pub fn apps(&self) -> &[App] {
        &self.known.apps
    }

    /// Returns what the user chose for applications, by application.
    pub fn treatments(&self) -> &[(String, TreatmentRow)] {
        &self.known.treatments
    }

    /// Returns what the user chose for applications that have no streams now.
    pub fn remembered(&self) -> impl Iterator<Item = &(String, TreatmentRow)> + Clone {
        let apps = self.apps();
        let is_there = |name: &str| apps.iter().any(|app| app.choice_key == name);
        self.treatments().iter().filter(move |(name, _)| !is_there(name))
    }

    /// Finds a stream by its id.
    pub fn stream(&self, id: u64) -> Option<&Stream> {
        let streams = &self.known.streams;
        streams.binary_search_by_key(&id, |stream| stream.id).ok().map(|at| &streams[at])
    }

    /// Returns every setting, in the order in which a profile is written.
    pub fn settings(&self) -> &[Setting] {
        &self.known.settings
    }

    /// Returns the settings by section, in the same order.
    pub fn sections(&self) -> Vec<Section<'_>> {
        setting::sections(&self.known.settings)
    }

    /// Finds a setting by its dotted key.
    pub fn setting(&self, key: &str) -> Option<&Setting> {
        setting::find(&self.known.settings, key)
    }

    /// Returns the number in force of a setting, where it is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.setting(key)?.value {
            Value::Number(number) => Some(number),
            Value::Bool(_) | Value::Text(_) => None,
        }
    }

    /// Says whether a setting that is on or off is on.
    pub fn is_on(&self, key: &str) -> Option<bool> {
        match self.setting(key)?.value {
            Value::Bool(on) => Some(on),
            Value::Number(_) | Value::Text(_) => None,
        }
    }

    /// Returns how strong the profile's main effect is.
    pub fn strength(&self) -> Strength {
        self.known.strength
    }

    /// Returns the device that is played to.
    pub fn output(&self) -> &Output {
        &self.known.output
    }

    /// Returns what the user chose for the device that is played to; `None` where the service does not tell.
    pub fn device_row(&self) -> Option<DeviceRow> {
        let all = self.known.device_settings.as_ref()?;
        let own = all.iter().find(|(name, _)| *name == self.known.output.name);
        Some(own.map_or_else(DeviceRow::default, |(_, row)| row.clone()))
    }

    /// Returns every device in use.
    pub fn devices(&self) -> &[Device] {
        &self.known.devices
    }

    /// Returns what evens out applications; `None` while that is not known.
    pub fn chains(&self) -> Option<Chains> {
        self.known.chains
    }

    /// Returns the service's vital signs; `None` while they are not known.
    pub fn health(&self) -> Option<&Health> {
        self.known.health.as_ref()
    }

    /// Returns the newest reading of the gauges of this service, whenever it came.
    pub fn meters(&self) -> Option<&Meters> {
        self.known.meters.as_ref()
    }

    /// Returns the history of loudness.
    pub fn loudness(&self) -> &Loudness {
        &self.loudness
    }

    /// Returns what Headroom does to a stream now, as one gain and one word; `None` as of [`gains`](Self::gains).
    pub fn done(&self, id: u64) -> Option<Done> {
        self.gains(id).map(|gains| gains.done())
    }

    /// Returns what each stage does to a stream now.
    ///
    /// That is its app volume control, and for a processed one all stages as well: of its application's own chain,
    /// if it has one, and of the bus that all share. `None` where it passes the chain before another device, of which
    /// no gauge tells.
    pub fn gains(&self, id: u64) -> Option<Gains> {
        let Some(meters) = self.meters() else {
            return Some(Gains::default());
        };
        let own = meters.stream(id).copied().unwrap_or_default().gains();
        // A paused stream has nothing that could be taken away.
        let is_processed = self
            .stream(id)
            .is_some_and(|stream| stream.playing && stream.route == StreamRoute::Processed);
        if is_processed && self.stream(id).is_some_and(|s| s.through == Some(ChainKind::Device)) {
            return None;
        }
        if is_processed {
            return Some(own.then(meters.bus.gains()));
        }
        Some(Gains {
            total_db: own.app_volume_db,
            app_volume_db: own.app_volume_db,
            ..Gains::default()
        })
    }

    /// Returns what happens to an application now.
    pub fn now(&self, app: &App) -> Now {
        let Some(meters) = self.meters() else { return Now::default() };
        Now::of(app.streams.iter().map(|stream| {
            let gauges = meters.stream(stream.id).copied().unwrap_or_default();
            (gauges, self.gains(stream.id))
        }))
    }

    /// Returns the application that is changed the most now, with what each stage does to it.
    pub fn most_changed(&self) -> Option<(&App, Gains)> {
        let heard = self.apps().iter().filter(|app| self.now(app).is_heard());
        let gains = heard.flat_map(|app| {
            app.streams.iter().filter_map(move |stream| Some((app, self.gains(stream.id)?)))
        });
        gains.max_by(|(_, one), (_, other)| one.total_db.abs().total_cmp(&other.total_db.abs()))
    }
}

impl Known {
    fn gather_problems(&mut self) -> Changes {
        let own = self.health.as_ref().and_then(Health::problem);
        let all = self.listed.iter().cloned().chain(own.map(Problem::from)).collect();
        replace(&mut self.problems, all, Changes::PROBLEMS)
    }

    fn regroup(&mut self) -> Changes {
        let mut apps = apps::group(&self.streams, &self.treatments);
        for app in &mut apps {
            app.waits = waits::waits(app, self.chains);
        }
        replace(&mut self.apps, apps, Changes::APPS)
    }
}

fn replace<T: PartialEq>(old: &mut T, new: T, part: Changes) -> Changes {
    if *old == new {
        return Changes::NONE;
    }
    *old = new;
    part
}

fn profile_rank(name: &str) -> (usize, String, String) {
    let rank = SHIPPED.iter().position(|known| *known == name).unwrap_or(SHIPPED.len());
    (rank, name.to_lowercase(), name.to_owned())
}

/// Returns the part that a wish is made in.
fn part_of(ask: &Ask) -> Changes {
    match ask {
        Ask::SetBypass(_) | Ask::BypassFor(_) | Ask::Compare(_) => Changes::PROTECTION,
        Ask::SetIntroduced(_) => Changes::INTRODUCTION,
        Ask::UseProfile(_)
        | Ask::ReloadProfiles
        | Ask::SetSchedule { .. }
        | Ask::UnsetSchedule(_) => Changes::PROFILES,
        Ask::Treat { .. } => Changes::APPS,
        Ask::SetDevice { .. } | Ask::ResetDevice { .. } | Ask::SetMaximum(_) => {
            Changes::DEVICE_SETTINGS
        }
        Ask::SetSetting { .. }
        | Ask::ResetSetting(_)
        | Ask::SetStrength(_)
        | Ask::ResetStrength => Changes::SETTINGS,
        Ask::LookBack(_)
        | Ask::SetHistory(_)
        | Ask::SetExposure(_)
        | Ask::SetExposureWarnings(_)
        | Ask::Calibrate { .. }
        | Ask::ClearHistory => Changes::HISTORY,
        Ask::ForgetEffects => Changes::PROBLEMS,
        Ask::StartService => Changes::PAGE,
        Ask::Watch(_) => Changes::METERS,
    }
}

#[cfg(test)]
mod tests {
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
        let gauges = StreamGauges { own, chain: None };
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
        let codes =
            |panel: &Panel| panel.problems().iter().map(|p| p.code.clone()).collect::<Vec<_>>();
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
}
