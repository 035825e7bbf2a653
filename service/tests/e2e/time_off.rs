//! Everything off for a while: it comes back by itself, and outlasts a crash but not its time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headroom_api::names;
use headroom_testkit::{session::wait_until, signals};

use crate::{chains::SECOND, rig::*};

impl Rig {
    fn bypass_for(&self, seconds: u32) -> headroom_api::Result<()> {
        self.block(self.control().bypass_for(seconds))
    }

    fn bypass(&self) -> bool {
        self.block(self.control().bypass()).unwrap()
    }

    /// Kills the service, and starts it again as after so long a sleep: `CLOCK_BOOTTIME`, timers of it among that, is so
    /// far ahead of `CLOCK_MONOTONIC`.
    fn sleep_and_wake(&mut self, asleep: Duration) {
        self.service.kill();
        let bus = self.block(zbus::fdo::DBusProxy::new(self.connection())).unwrap();
        let is_gone =
            || !self.block(bus.name_has_owner(names::BUS_NAME.try_into().unwrap())).unwrap();
        wait_until("the end of the service", PATIENCE, is_gone).unwrap();
        let mut command = self.session.command("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-current-user");
        }
        command.args(["--time", "--boottime", &asleep.as_secs().to_string()]);
        command.args(["--fork", "--kill-child", "--"]).arg(binary());
        self.service = self.session.spawn(&command, names::SERVICE_BINARY).unwrap();
        self.wait_owned();
    }

    fn bypass_until_usec(&self) -> u64 {
        self.block(self.control().bypass_until()).unwrap()
    }
}

#[test]
fn protection_comes_back_when_the_time_is_over() {
    let rig = Rig::start();
    let noise = vec![signals::gaussian_noise(SECOND, 0.1, 1); 2];
    let player = rig.session.player(noise).looping().start().unwrap();
    rig.wait_route(&player, "processed");
    // It may have to be built first.
    assert_eq!(rig.headroom(&["bypass", "status"]), "off\n");
    // Long enough to be seen from outside on a machine that is busy.
    rig.bypass_for(10).unwrap();
    rig.wait_state("bypassed");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let end = Duration::from_micros(rig.bypass_until_usec());
    assert!(end <= now + Duration::from_secs(10), "{end:?} at {now:?}");
    rig.wait_route(&player, "bypass");
    assert_eq!(rig.headroom(&["bypass", "status"]).split(',').next(), Some("on"));
    rig.wait_state("running");
    rig.wait_route(&player, "processed");
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap() >= end, "too early");
    assert_eq!((rig.bypass(), rig.bypass_until_usec()), (false, 0));
}

#[test]
fn what_is_chosen_meanwhile_ends_the_time_off() {
    let rig = Rig::start();
    for seconds in [0, 86_401] {
        let refused = rig.bypass_for(seconds).unwrap_err();
        assert!(matches!(refused, headroom_api::Error::InvalidValue(_)), "{refused}");
    }
    rig.bypass_for(3600).unwrap();
    let first = rig.bypass_until_usec();
    rig.bypass_for(60).unwrap();
    assert!(rig.bypass() && rig.bypass_until_usec() < first, "it begins anew");
    rig.block(rig.control().set_bypass(true)).unwrap();
    assert_eq!((rig.bypass(), rig.bypass_until_usec()), (true, 0), "without an end");
    assert!(rig.headroom(&["bypass", "on", "--for", "2h"]).starts_with("on, for 2 h"));
    rig.block(rig.control().set_bypass(false)).unwrap();
    assert_eq!((rig.bypass(), rig.bypass_until_usec()), (false, 0));
    rig.wait_state("running");
}

#[test]
fn crash_neither_shortens_nor_lengthens_time_off() {
    let mut rig = Rig::start();
    rig.bypass_for(3600).unwrap();
    let end = rig.bypass_until_usec();
    rig.service.kill();
    rig.revive();
    rig.wait_state("bypassed");
    // Two clocks are read one after the other.
    assert!(rig.bypass_until_usec().abs_diff(end) < 1_000_000);
    rig.bypass_for(1).unwrap();
    rig.service.kill();
    rig.revive();
    rig.wait_state("running");
    assert_eq!(rig.bypass_until_usec(), 0);
}

#[test]
fn time_asleep_is_time_off() {
    const MINUTE: Duration = Duration::from_mins(1);
    let mut rig = Rig::start();
    rig.bypass_for(1800).unwrap();
    let end_usec = rig.bypass_until_usec();
    rig.sleep_and_wake(29 * MINUTE);
    rig.wait_state("bypassed");
    // The wall clock has not gone on meanwhile: by it, the end is so much sooner.
    let sooner = Duration::from_micros(end_usec - rig.bypass_until_usec());
    assert!(sooner.abs_diff(29 * MINUTE) < Duration::from_secs(1), "{sooner:?}");
    rig.sleep_and_wake(31 * MINUTE);
    rig.wait_state("running");
    assert_eq!((rig.bypass(), rig.bypass_until_usec()), (false, 0));
    // What begins after a sleep is as long as ever.
    rig.bypass_for(10).unwrap();
    rig.wait_state("bypassed");
    rig.wait_state("running");
}
