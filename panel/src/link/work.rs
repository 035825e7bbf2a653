//! What is asked of one service, one after another.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    time::{SystemTime, UNIX_EPOCH},
};

use headroom_api::{
    CalibratedBy, ControlProxy, DeviceRow, Dict, ExposureRow, Felt, names::INTERFACE,
};
use zbus::{Variant, fdo::PropertiesProxy, names::InterfaceName};

use super::{Refusal, call, convert};
use crate::model::{AS_WRITTEN, Ask, Past, Value, WEEK_USEC, plan, weeks_begin_usec};

/// Steps of what was played, in microseconds.
const DAY_USEC: u64 = 86_400_000_000;
const MINUTE_USEC: u64 = 60_000_000;
/// What is felt to be loud: the minute of now, and the one before.
const FELT_USEC: u64 = 2 * MINUTE_USEC;
/// For how long of that it must have played, in seconds.
const FELT_S: f64 = 20.0;

/// Something to ask of the service.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    /// A person's request.
    Ask(Ask),
    /// Every property.
    Properties,
    /// Every setting.
    Settings,
    /// The vital signs.
    Health,
    /// What was caught and played on the days that were asked for last.
    Past,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Done {
    Ask(Ask, Result<(), Refusal>),
    Properties(Result<Dict, Refusal>),
    Settings(Result<Dict, Refusal>),
    Health(Result<Dict, Refusal>),
    Past(Result<Past, Refusal>),
}

type Doing = Pin<Box<dyn Future<Output = Done> + Send>>;

/// Asks a service for one thing after another.
pub(super) struct Work {
    control: ControlProxy<'static>,
    properties: PropertiesProxy<'static>,
    waiting: VecDeque<Job>,
    doing: Option<(Job, Doing)>,
    /// The days that were asked for last; empty before.
    days: Vec<u64>,
}

impl Work {
    pub(super) fn new(
        control: ControlProxy<'static>,
        properties: PropertiesProxy<'static>,
    ) -> Self {
        Self { control, properties, waiting: VecDeque::new(), doing: None, days: Vec::new() }
    }

    /// Adds a job; a question that waits already is not asked twice.
    pub(super) fn add(&mut self, job: Job) {
        let job = match job {
            Job::Ask(Ask::LookBack(days)) => {
                self.days = days;
                Job::Past
            }
            job => job,
        };
        if job == Job::Past && self.days.len() < 2 {
            return;
        }
        if let Job::Ask(Ask::SetVolume { stream, .. }) = &job {
            // Of a slider that moves, only where it is now counts.
            let is_older = |waiting: &Job| matches!(waiting, Job::Ask(Ask::SetVolume { stream: of, .. }) if of == stream);
            self.waiting.retain(|waiting| !is_older(waiting));
        }
        if matches!(job, Job::Ask(_)) || !self.waiting.contains(&job) {
            self.waiting.push_back(job);
        }
    }

    /// Does the next job to its end; never returns while there is none.
    ///
    /// Cancelling loses nothing: the job goes on with the next call.
    pub(super) async fn done(&mut self) -> Done {
        if self.doing.is_none() {
            let Some(job) = self.waiting.pop_front() else {
                return std::future::pending().await;
            };
            let (control, properties) = (self.control.clone(), self.properties.clone());
            let work = carry_out(control, properties, job.clone(), self.days.clone());
            self.doing = Some((job, Box::pin(work)));
        }
        let done = match &mut self.doing {
            Some((_, work)) => work.await,
            None => std::future::pending().await,
        };
        self.doing = None;
        done
    }

    /// Returns the requests that nothing came of.
    pub(super) fn abandon(self) -> impl Iterator<Item = Ask> {
        self.doing.map(|(job, _)| job).into_iter().chain(self.waiting).filter_map(|job| match job {
            Job::Ask(ask) => Some(ask),
            Job::Properties | Job::Settings | Job::Health | Job::Past => None,
        })
    }
}

async fn carry_out(
    control: ControlProxy<'static>,
    properties: PropertiesProxy<'static>,
    job: Job,
    days: Vec<u64>,
) -> Done {
    match job {
        Job::Ask(ask) => {
            let result = apply(&control, &ask).await;
            Done::Ask(ask, result)
        }
        Job::Properties => Done::Properties(call(properties.get_all(interface())).await),
        Job::Settings => Done::Settings(call(control.list_settings()).await),
        Job::Past => Done::Past(look_back(&control, days).await),
        Job::Health => Done::Health(call(control.health()).await),
    }
}

/// Asks for what was caught and played on days.
async fn look_back(control: &ControlProxy<'_>, days: Vec<u64>) -> Result<Past, Refusal> {
    let (from, to) = (days.first().copied().unwrap_or(0), days.last().copied().unwrap_or(0));
    let catches = call(control.catches(from, 0)).await?;
    let steps = call(control.history(from, to, DAY_USEC)).await?;
    // A service that does not count it says nothing of it.
    let exposure = control.exposure(weeks_begin_usec(&days), to, WEEK_USEC);
    let exposure = call(exposure).await.unwrap_or_default();
    Ok(convert::past(days, &catches, &steps, &exposure))
}

/// Stores how loud what plays on a device now feels, or forgets how loud it is.
async fn calibrate(
    control: &ControlProxy<'_>,
    device: &str,
    felt: Option<Felt>,
) -> Result<(), Refusal> {
    let Some(felt) = felt else {
        let all = call(control.device_settings()).await?;
        let row = all.get(device).map(DeviceRow::from_dict).unwrap_or_default();
        if row.calibration_db.is_some() {
            call(control.reset_device_setting(device, "calibration-db")).await?;
        }
        if row.calibrated_by.is_some() {
            call(control.reset_device_setting(device, "calibrated-by")).await?;
        }
        return Ok(());
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_usec = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
    let from_usec = now_usec.saturating_sub(FELT_USEC) / MINUTE_USEC * MINUTE_USEC;
    let to_usec = now_usec.saturating_add(MINUTE_USEC);
    let rows = call(control.exposure(from_usec, to_usec, to_usec - from_usec)).await?;
    let mut rows = rows.iter().map(ExposureRow::from_dict);
    let row = rows.find(|row| row.device == device && row.played_s >= FELT_S);
    let row = row.ok_or_else(|| Refusal::refused("play something for half a minute first"))?;
    let (level_db, by) = (felt.level_dba() - row.level_dbfs, CalibratedBy::Ear.as_str());
    call(control.set_device_setting(device, "calibration-db", &level_db.into())).await?;
    call(control.set_device_setting(device, "calibrated-by", &by.into())).await
}

async fn apply(control: &ControlProxy<'_>, ask: &Ask) -> Result<(), Refusal> {
    match ask {
        Ask::SetBypass(bypass) => call(control.set_bypass(*bypass)).await,
        Ask::BypassFor(seconds) => call(control.bypass_for(*seconds)).await,
        Ask::Compare(seconds) => call(control.compare(*seconds)).await,
        Ask::SetIntroduced(introduced) => call(control.set_introduced(*introduced)).await,
        Ask::UseProfile(name) => call(control.set_active_profile(name)).await,
        Ask::SetSchedule { profile, schedule } => {
            call(control.set_schedule(profile, schedule.to_dict())).await
        }
        Ask::UnsetSchedule(profile) => call(control.unset_schedule(profile)).await,
        Ask::Treat { app, treatment, offset_db } => {
            call(control.set_treatment(app, treatment.as_str(), *offset_db)).await
        }
        Ask::SetVolume { stream, percent } => {
            call(control.set_stream_volume(*stream, *percent)).await
        }
        Ask::SetMuted { stream, muted } => call(control.set_stream_muted(*stream, *muted)).await,
        Ask::SetDevice { device, key, value } => {
            call(control.set_device_setting(device, key, &variant(value))).await
        }
        Ask::ResetDevice { device, key } => call(control.reset_device_setting(device, key)).await,
        Ask::SetMaximum(device) => call(control.set_device_maximum(device)).await,
        Ask::SetSetting { key, value } => set_setting(control, key, value).await,
        Ask::ResetSetting(key) => call(control.reset_setting(key)).await,
        Ask::SetStrength(percent) => set_strength(control, *percent).await,
        Ask::ResetStrength => set_strength(control, AS_WRITTEN).await,
        Ask::ReloadProfiles => call(control.reload_profiles()).await,
        Ask::Watch(Some(hz)) => call(control.subscribe_meters(*hz)).await,
        Ask::Watch(None) => call(control.unsubscribe_meters()).await,
        Ask::SetHistory(on) => call(control.set_history_enabled(*on)).await,
        Ask::SetExposure(on) => call(control.set_exposure_enabled(*on)).await,
        Ask::SetExposureWarnings(on) => call(control.set_exposure_warnings(*on)).await,
        Ask::Calibrate { device, felt } => calibrate(control, device, *felt).await,
        Ask::ForgetEffects => call(control.forget_effects()).await,
        Ask::ClearHistory => call(control.clear_history()).await,
        // It runs: what is wanted is so. What was kept is a question, which is asked elsewhere.
        Ask::StartService | Ask::LookBack(_) => Ok(()),
    }
}

async fn set_setting(control: &ControlProxy<'_>, key: &str, value: &Value) -> Result<(), Refusal> {
    call(control.set_setting(key, &variant(value))).await
}

/// Returns a value as the bus takes it.
fn variant(value: &Value) -> Variant<'_> {
    match value {
        Value::Bool(on) => Variant::from(*on),
        Value::Number(number) => Variant::from(*number),
        Value::Text(word) => Variant::from(word.as_str()),
    }
}

/// Changes what stands for the strength; stops at the first refusal.
async fn set_strength(control: &ControlProxy<'_>, percent: f64) -> Result<(), Refusal> {
    let settings = convert::settings(&call(control.list_settings()).await?);
    for ask in plan(&settings, percent) {
        match ask {
            Ask::SetSetting { key, value } => set_setting(control, &key, &value).await?,
            Ask::ResetSetting(key) => call(control.reset_setting(&key)).await?,
            // A plan consists of changes of settings only.
            _ => {}
        }
    }
    Ok(())
}

/// Returns the name of the interface, whose properties are the service's.
pub(super) fn interface() -> InterfaceName<'static> {
    InterfaceName::from_static_str(INTERFACE).expect("the name is valid")
}
