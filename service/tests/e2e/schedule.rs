//! Profiles that are in force by the clock, or with the Night Light, and the person who chooses otherwise meanwhile.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headroom_api::{Error, ScheduleRow};
use headroom_testkit::session::{Session, wait_until};

use crate::rig::*;

/// The desktop's Night Light, as GNOME has it on the bus.
struct GnomeNightLight {
    active: bool,
}

#[zbus::interface(name = "org.gnome.SettingsDaemon.Color")]
impl GnomeNightLight {
    #[zbus(property)]
    fn night_light_active(&self) -> bool {
        self.active
    }
}

fn by_clock(from: &str, to: &str) -> ScheduleRow {
    ScheduleRow { from: Some(from.into()), to: Some(to.into()), ..ScheduleRow::default() }
}

fn seconds_of_day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 86_400
}

/// A time that runs now in UTC, for two hours more.
fn running_in_utc() -> ScheduleRow {
    let hour = seconds_of_day() / 3600;
    let text = |hour: u64| format!("{:02}:00", hour % 24);
    by_clock(&text(hour + 22), &text(hour + 3))
}

impl Rig {
    /// The service where the local clock shows so many seconds after midnight as it starts.
    fn at(seconds_of_local_day: u64) -> Self {
        let session = Session::start().unwrap();
        let east = (seconds_of_local_day + 86_400 - seconds_of_day()) % 86_400;
        // As POSIX has it: what is to be added for UTC.
        let (sign, seconds) = if east > 43_200 { ("", 86_400 - east) } else { ("-", east) };
        let (hours, minutes, seconds) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
        let mut command = session.command(binary());
        command.env("TZ", format!("TEST{sign}{hours}:{minutes:02}:{seconds:02}"));
        let rig = Self::commanded(session, &command);
        rig.wait_state("running");
        rig
    }

    fn set_schedule(&self, profile: &str, row: &ScheduleRow) -> headroom_api::Result<()> {
        self.block(self.control().set_schedule(profile, row.to_dict()))
    }

    /// The profile in force, and who has decided that.
    fn profile_and_by(&self) -> (String, String) {
        let control = self.control();
        self.block(async {
            (control.active_profile().await.unwrap(), control.profile_by().await.unwrap())
        })
    }

    fn wait_in_force(&self, profile: &str, by: &str, patience: Duration) {
        let is_in_force = || self.profile_and_by() == (profile.to_owned(), by.to_owned());
        wait_until(&format!("{profile} by {by}"), patience, is_in_force).unwrap();
    }
}

#[test]
fn schedule_begins_and_ends_by_the_clock() {
    // 20 s before it begins.
    let rig = Rig::at(22 * 3600 - 20);
    rig.set_schedule("night", &by_clock("22:00", "22:01")).unwrap();
    rig.wait_in_force("night", "schedule", PATIENCE);
    rig.wait_in_force("default", "user", PATIENCE * 2);
    let until_usec = rig.block(rig.control().profile_until()).unwrap();
    let now_usec = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    let hours_left = until_usec.saturating_sub(now_usec) as f64 / 3.6e9;
    assert!((23.0..24.0).contains(&hours_left), "the next one is tomorrow's: {hours_left}");
}

#[test]
fn choice_meanwhile_stands_until_the_scheduled_time_is_over() {
    let mut rig = Rig::start();
    rig.block(rig.control().set_active_profile("spike-protection")).unwrap();
    rig.set_schedule("night", &running_in_utc()).unwrap();
    assert_eq!(rig.profile_and_by(), ("night".into(), "schedule".into()), "at once");
    let told = rig.headroom(&["status"]);
    assert!(told.contains("night, by its schedule, until "), "{told}");
    let told = rig.headroom(&["schedule", "list"]);
    assert!(told.contains("*  night") && told.contains("every day"), "{told}");

    rig.block(rig.control().set_active_profile("speech")).unwrap();
    assert_eq!(rig.profile_and_by(), ("speech".into(), "user".into()));
    rig.service.kill();
    rig.revive();
    rig.wait_in_force("speech", "user", PATIENCE);
    rig.block(rig.control().set_active_profile("night")).unwrap();
    assert_eq!(rig.profile_and_by(), ("night".into(), "schedule".into()), "given back");
    rig.block(rig.control().set_active_profile("speech")).unwrap();

    let told = rig.headroom(&["schedule", "unset", "night"]);
    assert!(told.contains("in force is spike-protection"), "{told}");
    assert_eq!(rig.profile_and_by(), ("spike-protection".into(), "user".into()));
    assert_eq!(rig.block(rig.control().profile_until()).unwrap(), 0);
}

#[test]
fn schedule_comes_before_the_devices_profile_and_after_it() {
    let rig = Rig::start();
    let profile = "transparent".into();
    rig.block(rig.control().set_device_setting(DEVICE, "profile", &profile)).unwrap();
    assert_eq!(rig.profile_and_by(), ("transparent".into(), "device".into()));
    rig.set_schedule("night", &running_in_utc()).unwrap();
    assert_eq!(rig.profile_and_by(), ("night".into(), "schedule".into()));
    rig.block(rig.control().unset_schedule("night")).unwrap();
    assert_eq!(rig.profile_and_by(), ("transparent".into(), "device".into()));
}

#[test]
fn profile_follows_the_night_light() {
    const NAME: &str = "org.gnome.SettingsDaemon.Color";
    const PATH: &str = "/org/gnome/SettingsDaemon/Color";
    let rig = Rig::start();
    let light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
    rig.set_schedule("night", &light).unwrap();
    assert_eq!(rig.profile_and_by(), ("default".into(), "user".into()), "no desktop has one");
    let server = rig.connection().object_server();
    rig.block(server.at(PATH, GnomeNightLight { active: true })).unwrap();
    rig.block(rig.connection().request_name(NAME)).unwrap();
    rig.wait_in_force("night", "night-light", PATIENCE);
    assert_eq!(rig.block(rig.control().profile_until()).unwrap(), 0, "no clock ends it");
    let turn = |active| {
        rig.block(async {
            let served = server.interface::<_, GnomeNightLight>(PATH).await.unwrap();
            served.get_mut().await.active = active;
            let emitter = served.signal_emitter();
            served.get().await.night_light_active_changed(emitter).await.unwrap();
        });
    };
    turn(false);
    rig.wait_in_force("default", "user", PATIENCE);
    turn(true);
    rig.wait_in_force("night", "night-light", PATIENCE);
    rig.block(rig.connection().release_name(NAME)).unwrap();
    rig.wait_in_force("default", "user", PATIENCE);
}

#[test]
fn what_is_no_schedule_is_refused() {
    let rig = Rig::start();
    let refused = |profile: &str, row: ScheduleRow| rig.set_schedule(profile, &row).unwrap_err();
    assert!(matches!(refused("day", running_in_utc()), Error::NoSuchProfile(_)));
    for row in [by_clock("22:00", "22:00"), by_clock("22", "7"), ScheduleRow::default()] {
        assert!(matches!(refused("night", row), Error::InvalidValue(_)));
    }
    let unset = rig.block(rig.control().unset_schedule("night")).unwrap_err();
    assert!(matches!(unset, Error::NoSuchSetting(_)));
    assert!(rig.headroom(&["schedule", "list"]).starts_with("Nothing is scheduled"));
}
