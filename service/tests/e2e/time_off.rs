//! Everything off for a while: it comes back by itself, and outlasts a crash but not its time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headroom_testkit::signals;

use crate::{chains::SECOND, rig::*};

impl Rig {
    fn bypass_for(&self, seconds: u32) -> headroom_api::Result<()> {
        self.block(self.control().bypass_for(seconds))
    }

    fn bypass(&self) -> bool {
        self.block(self.control().bypass()).unwrap()
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
