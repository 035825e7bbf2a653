//! Everything that the panel knows.

use headroom_api::{DeviceRow, Done, Gains, Problem as Code, ProfileBy, ScheduleRow, TreatmentRow};
use headroom_words::profile_rank;

use super::{
    App, Ask, ChainKind, Chains, Changes, Deployment, Device, Health, Input, Loudness, Meters, Now,
    Output, Page, Past, Presence, Problem, Protection, Section, ServiceState, Setting, Stream,
    StreamRoute, Strength, Value, apps,
    loudness::{self, Heard},
    setting, strength, waits,
};

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

/// Returns the part that a wish is made in.
fn part_of(ask: &Ask) -> Changes {
    match ask {
        Ask::SetBypass(_) | Ask::BypassFor(_) | Ask::Compare(_) => Changes::PROTECTION,
        Ask::SetIntroduced(_) => Changes::INTRODUCTION,
        Ask::UseProfile(_)
        | Ask::ReloadProfiles
        | Ask::SetSchedule { .. }
        | Ask::UnsetSchedule(_) => Changes::PROFILES,
        Ask::Treat { .. } | Ask::SetVolume { .. } | Ask::SetMuted { .. } => Changes::APPS,
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
mod tests;
