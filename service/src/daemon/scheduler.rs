//! Which profile is in force, and who decides that.
//!
//! While a scheduled time runs, its profile is in force, whatever device is played to, unless the person has chosen
//! another one meanwhile: that one stands until the time is over. Without a scheduled time, the last event counts: a device
//! that becomes the default one, or the person. One alarm wakes the service when another time begins or ends; it is judged
//! again, too, when the machine wakes up, the clock is set, the zone changes, and with the Night Light.

use std::{future::pending, io};

use headroom_api::{Problem, ProfileBy};
use jiff::Zoned;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, info, warn};
use zbus::Connection;

use super::{Daemon, night_light::NightLight};
use crate::{
    alarm::{Alarm, Clock},
    clock::local_now,
    schedules::{Running, Schedules},
    zone_watch::ZoneWatch,
};

/// What is scheduled, and what of it runs.
#[derive(Debug)]
pub(super) struct Scheduler {
    alarm: Alarm,
    /// Tells that the Night Light may be another.
    changed: UnboundedSender<()>,
    /// Whether it is to be judged again.
    stale: bool,
    schedules: Schedules,
    running: Option<Running>,
    /// When the clock says something else, in microseconds of `CLOCK_REALTIME`.
    until_usec: Option<u64>,
    /// The key of a time that runs, and the profile that the person chose meanwhile.
    chosen: Option<(String, String)>,
    zone: Option<ZoneWatch>,
    night_light: Option<NightLight>,
    by: ProfileBy,
    /// A profile that is to be in force and is not there.
    missing: Option<String>,
}

impl Scheduler {
    /// Begins with what the person chose in an earlier run while a scheduled time ran; `changed` is sent to when it is to
    /// [`look_again`](Self::look_again).
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(super) fn new(
        chosen: Option<(String, String)>,
        changed: UnboundedSender<()>,
    ) -> io::Result<Self> {
        Ok(Self {
            alarm: Alarm::new(Clock::Wall)?,
            changed,
            stale: true,
            schedules: Schedules::default(),
            running: None,
            until_usec: None,
            chosen,
            zone: None,
            night_light: None,
            by: ProfileBy::User,
            missing: None,
        })
    }

    /// Waits until another time may run, by the clock or the zone.
    pub(super) async fn due(&self) {
        let other_zone = async {
            match &self.zone {
                Some(zone) => zone.changed().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.alarm.due() => {}
            () = other_zone => {}
        }
    }

    /// Has it judged again with the next look.
    pub(super) fn look_again(&mut self) {
        self.stale = true;
    }

    /// Returns what the person chose while a scheduled time runs, with the key of that time.
    pub(super) fn chosen(&self) -> Option<&(String, String)> {
        self.chosen.as_ref()
    }

    /// Returns who has decided which profile is in force.
    pub(super) fn by(&self) -> ProfileBy {
        self.by
    }

    /// Returns when the clock changes the profile, in microseconds of `CLOCK_REALTIME`; 0 while it does not.
    pub(super) fn until_usec(&self) -> u64 {
        self.until_usec.unwrap_or(0)
    }

    /// Returns what is wrong: a profile that is to be in force is not there.
    pub(super) fn problem(&self, in_force: &str) -> Option<Problem> {
        let (profile, in_force) = (self.missing.clone()?, in_force.to_owned());
        Some(Problem::ProfileMissing { profile, in_force })
    }

    /// Takes what the person chooses while a scheduled time runs; says whether one does.
    pub(super) fn choose(&mut self, profile: &str) -> bool {
        let Some(running) = &self.running else { return false };
        let is_other = running.profile != profile;
        self.chosen = is_other.then(|| (running.key(), profile.to_owned()));
        true
    }

    /// Judges what runs, where that may be another; says whether a time has begun or ended.
    fn follow(&mut self, schedules: &Schedules, connection: &Connection) -> bool {
        if !self.stale && self.schedules == *schedules {
            return false;
        }
        self.stale = false;
        self.schedules.clone_from(schedules);
        self.listen(connection);
        let light = match &self.night_light {
            Some(light) => light.is_on(),
            None => Some(false),
        };
        self.judge(&local_now(), light)
    }

    /// Follows the zone and the Night Light while a schedule goes by them.
    fn listen(&mut self, connection: &Connection) {
        // What the environment says stays as it is.
        if !self.schedules.has_times() || std::env::var_os("TZ").is_some() {
            self.zone = None;
        } else if self.zone.is_none() {
            let told = |error: &io::Error| warn!(%error, "another zone is noticed late");
            self.zone = ZoneWatch::new().inspect_err(told).ok();
        }
        if !self.schedules.has_night_light() {
            self.night_light = None;
        } else if self.night_light.is_none() {
            self.night_light = Some(NightLight::follow(connection, &self.changed));
        }
    }

    /// Judges what runs at a time; whether the Night Light is on may not be known yet.
    fn judge(&mut self, now: &Zoned, night_light: Option<bool>) -> bool {
        let light = night_light.unwrap_or(false);
        let running = self.schedules.running(now, light);
        let until = self.schedules.next_change(now, light);
        self.until_usec = until.and_then(|until| u64::try_from(until.as_microsecond()).ok());
        self.alarm.set(self.until_usec);
        debug!(?running, ?until, "schedules are judged");
        if running.is_some() || night_light.is_some() {
            let key = running.as_ref().map(Running::key);
            self.chosen.take_if(|(made_in, _)| Some(&*made_in) != key.as_ref());
        }
        let changed = running != self.running;
        self.running = running;
        changed
    }

    /// Returns the profile that is to be in force while a scheduled time runs, and who decides that.
    fn in_force(&self) -> Option<(&str, ProfileBy)> {
        let running = self.running.as_ref()?;
        Some(match (&self.chosen, running.begun) {
            (Some((_, profile)), _) => (profile, ProfileBy::User),
            (None, Some(_)) => (&running.profile, ProfileBy::Schedule),
            (None, None) => (&running.profile, ProfileBy::NightLight),
        })
    }
}

impl Daemon {
    /// Puts in force what a schedule, the default device or the person has decided.
    pub(super) fn follow_profile(&mut self) {
        let turned = self.scheduler.follow(&self.remembered.schedules, &self.connection);
        let came = self.has_another_device_profile();
        let scheduled = self.scheduler.in_force().map(|(name, by)| (name.to_owned(), by));
        let (name, by) = match (scheduled, turned || came) {
            (Some(scheduled), _) => scheduled,
            (None, true) => self.unscheduled_profile(),
            (None, false) => return,
        };
        match self.policy.use_profile(&name) {
            Ok(changed) => {
                self.scheduler.missing = None;
                self.scheduler.by = by;
                if changed {
                    info!(profile = name, %by, "another profile is in force");
                    self.comparison.cancel();
                }
            }
            Err(error) => {
                if self.scheduler.missing.as_ref() != Some(&name) {
                    warn!(%error, %by, "a profile that is to be in force is not there");
                    self.scheduler.missing = Some(name);
                }
            }
        }
    }

    /// Puts in force what the person chooses, which stands until something else is decided.
    pub(super) fn take_chosen_profile(&mut self) {
        self.scheduler.missing = None;
        self.scheduler.by = ProfileBy::User;
        self.comparison.cancel();
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::ScheduleRow;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn row(from: &str, to: &str) -> ScheduleRow {
        ScheduleRow { from: Some(from.into()), to: Some(to.into()), ..ScheduleRow::default() }
    }

    /// `night` from 22 to 7, and `speech` from 23:00 to 23:30.
    fn scheduler(chosen: Option<(String, String)>) -> Scheduler {
        let mut scheduler = Scheduler::new(chosen, unbounded_channel().0).unwrap();
        scheduler.schedules.set("night", &row("22:00", "07:00")).unwrap();
        scheduler.schedules.set("speech", &row("23:00", "23:30")).unwrap();
        scheduler
    }

    /// The clock, at a time of the 28th and the 29th.
    fn at(time: &str) -> Zoned {
        format!("2026-11-{time}[Europe/Berlin]").parse().unwrap()
    }

    fn in_force(scheduler: &Scheduler) -> Option<(&str, &str)> {
        scheduler.in_force().map(|(name, by)| (name, by.as_str()))
    }

    #[tokio::test]
    async fn choice_stands_until_the_next_boundary() {
        let mut scheduler = scheduler(None);
        assert!(!scheduler.judge(&at("28T21:00+01:00"), Some(false)));
        assert!(!scheduler.choose("default"), "nothing runs");
        assert!(scheduler.judge(&at("28T22:00+01:00"), Some(false)));
        assert_eq!(in_force(&scheduler), Some(("night", "schedule")));
        assert!(scheduler.choose("transparent"));
        assert!(!scheduler.judge(&at("28T22:59+01:00"), Some(false)));
        assert_eq!(in_force(&scheduler), Some(("transparent", "user")));
        assert!(scheduler.judge(&at("28T23:00+01:00"), Some(false)));
        assert_eq!(in_force(&scheduler), Some(("speech", "schedule")));
        assert!(scheduler.judge(&at("28T23:30+01:00"), Some(false)));
        assert_eq!(in_force(&scheduler), Some(("night", "schedule")), "the choice is over");
        assert!(scheduler.choose("default") && scheduler.choose("night"));
        assert_eq!(in_force(&scheduler), Some(("night", "schedule")), "given back");
        assert!(scheduler.judge(&at("29T07:00+01:00"), Some(false)));
        assert_eq!((in_force(&scheduler), scheduler.chosen()), (None, None));
    }

    #[tokio::test]
    async fn choice_is_over_after_a_sleep_into_another_night() {
        let mut scheduler = scheduler(None);
        scheduler.judge(&at("28T22:30+01:00"), Some(false));
        scheduler.choose("transparent");
        assert!(scheduler.judge(&at("29T22:30+01:00"), Some(false)), "a boundary has passed");
        assert_eq!(in_force(&scheduler), Some(("night", "schedule")));
    }

    #[tokio::test]
    async fn choice_outlasts_a_restart_within_its_time_alone() {
        let mut before = scheduler(None);
        before.judge(&at("28T22:30+01:00"), Some(false));
        before.choose("transparent");
        let chosen = before.chosen().cloned();
        let mut soon = scheduler(chosen.clone());
        soon.judge(&at("29T06:00+01:00"), Some(false));
        assert_eq!(in_force(&soon), Some(("transparent", "user")));
        let mut late = scheduler(chosen);
        late.judge(&at("29T08:00+01:00"), Some(false));
        assert_eq!((in_force(&late), late.chosen()), (None, None));
    }

    #[tokio::test]
    async fn choice_by_night_light_waits_until_that_is_known() {
        let night_light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
        let mut scheduler = Scheduler::new(
            Some(("night-light night".into(), "default".into())),
            unbounded_channel().0,
        )
        .unwrap();
        scheduler.schedules.set("night", &night_light).unwrap();
        scheduler.judge(&at("28T20:00+01:00"), None);
        assert_eq!((in_force(&scheduler), scheduler.until_usec()), (None, 0));
        assert!(scheduler.judge(&at("28T20:00+01:00"), Some(true)));
        assert_eq!(in_force(&scheduler), Some(("default", "user")));
        scheduler.judge(&at("28T20:00+01:00"), Some(false));
        scheduler.judge(&at("28T20:00+01:00"), Some(true));
        assert_eq!(in_force(&scheduler), Some(("night", "night-light")));
    }

    #[tokio::test]
    async fn alarm_is_set_to_the_next_change_by_the_clock() {
        let mut scheduler = scheduler(None);
        for (now, next) in [
            ("28T21:00+01:00", "28T22:00+01:00"),
            ("28T22:00+01:00", "28T23:00+01:00"),
            ("28T23:40+01:00", "29T07:00+01:00"),
        ] {
            scheduler.judge(&at(now), Some(false));
            let next_usec = at(next).timestamp().as_microsecond();
            assert_eq!(i64::try_from(scheduler.until_usec()), Ok(next_usec), "{now}");
        }
    }
}
