//! The machine's zone: a schedule follows it while the service runs, within the unit's sandbox.

use std::time::{SystemTime, UNIX_EPOCH};

use headroom_api::ScheduleRow;
use headroom_testkit::login::Login;

use crate::rig::*;

/// Gives the login an `/etc` of its own: what is replaced in it is not the machine's.
const OWN_ETC: &str = "cp -a /etc /opt/testkit/etc && mount --bind /opt/testkit/etc /etc";
/// Replaces the entry that names the zone, as `timedatectl set-timezone` does.
const SET_ZONE: &str = "mountpoint -q /etc && ln -s \"/usr/share/zoneinfo/$1\" /etc/localtime.new && \
                        mv -T /etc/localtime.new /etc/localtime";

fn as_root(login: &Login, script: &str, argument: &str) {
    let mut command = login.root_command("sh");
    command.args(["-ec", script, "sh", argument]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A zone in which it is this hour now.
fn zone_at(hour: i64) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let utc_hour = i64::try_from(seconds / 3600 % 24).unwrap();
    let east = (hour - utc_hour + 35) % 24 - 11;
    // Their signs are those of POSIX: what is to be added for UTC.
    format!("Etc/GMT{}{}", if east > 0 { '-' } else { '+' }, east.abs())
}

impl Rig {
    fn wait_in_force(&self, profile: &str, by: &str) {
        let control = self.control();
        eventually(&format!("{profile} by {by}"), || {
            let (name, whose) = self.block(async {
                (control.active_profile().await.unwrap(), control.profile_by().await.unwrap())
            });
            (name.as_str(), whose.as_str()) == (profile, by)
        });
    }
}

#[test]
fn schedule_follows_the_machines_zone() {
    let login = Login::start().unwrap();
    as_root(&login, OWN_ETC, "");
    as_root(&login, SET_ZONE, &zone_at(12));
    let rig = Rig::installed_as(login, &unit());
    rig.start();
    let night = ScheduleRow {
        from: Some("22:00".into()),
        to: Some("07:00".into()),
        ..ScheduleRow::default()
    };
    rig.block(rig.control().set_schedule("night", night.to_dict())).unwrap();
    rig.wait_in_force("default", "user");
    for (hour, profile, by) in [(1, "night", "schedule"), (12, "default", "user")] {
        as_root(&rig.login, SET_ZONE, &zone_at(hour));
        rig.wait_in_force(profile, by);
    }
}
