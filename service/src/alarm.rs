//! A timer that counts the time in which the machine sleeps, and notices that the clock was set.
//!
//! Runs on the control thread: one kernel timer (`timerfd`), which wakes it when it is due and at no other time. It knows
//! nothing of what happens then.

use std::io;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tracing::warn;

use crate::ready::Ready;

/// The clock that an alarm goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The time since the machine has started (`CLOCK_BOOTTIME`), which nobody sets.
    Boot,
    /// The time of day (`CLOCK_REALTIME`). The alarm is due early when it is set, and when the machine wakes up.
    Wall,
}

/// An alarm, set or not.
#[derive(Debug)]
pub(crate) struct Alarm {
    clock: Clock,
    timer: Ready,
}

impl Alarm {
    /// Makes one that is not set; needs a tokio runtime.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(crate) fn new(clock: Clock) -> io::Result<Self> {
        let id = match clock {
            Clock::Boot => TimerfdClockId::Boottime,
            Clock::Wall => TimerfdClockId::Realtime,
        };
        let timer = timerfd_create(id, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Self { clock, timer: Ready::new(timer)? })
    }

    /// Sets it to a time of its clock, in microseconds, or to none; what was set before is forgotten.
    pub(crate) fn set(&mut self, at_usec: Option<u64>) {
        const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Zero would mean never.
        let at = at_usec.map_or(NEVER, |usec| timespec(usec.max(1)));
        let mut flags = TimerfdTimerFlags::ABSTIME;
        if self.clock == Clock::Wall {
            flags |= TimerfdTimerFlags::CANCEL_ON_SET;
        }
        let time = Itimerspec { it_interval: NEVER, it_value: at };
        if let Err(error) = timerfd_settime(self.timer.descriptor(), flags, &time) {
            warn!(%error, "an alarm cannot be set");
        }
    }

    /// Waits until it is due, for ever while it is not set; it is then to be set again.
    pub(crate) async fn due(&self) {
        let mut times = [0_u8; 8];
        // It fails when the clock was set: due all the same.
        let _ = self
            .timer
            .read(|timer| rustix::io::read(timer, &mut times).map_err(io::Error::from))
            .await;
    }
}

fn timespec(usec: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(usec / 1_000_000).unwrap_or(i64::MAX),
        tv_nsec: (usec % 1_000_000 * 1000).cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::clock::{boot_usec, wall_usec};

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn alarm_is_due_at_its_time_and_once() {
        for (clock, now_usec) in [(Clock::Boot, boot_usec as fn() -> u64), (Clock::Wall, wall_usec)]
        {
            let mut alarm = Alarm::new(clock).unwrap();
            let at_usec = now_usec() + 20_000;
            alarm.set(Some(at_usec));
            timeout(PATIENCE, alarm.due()).await.unwrap();
            assert!(now_usec() >= at_usec, "{clock:?}");
            let again = timeout(Duration::from_millis(20), alarm.due()).await;
            assert!(again.is_err(), "{clock:?}: it was due once");
        }
    }

    #[tokio::test]
    async fn alarm_of_the_past_is_due_at_once() {
        let mut alarm = Alarm::new(Clock::Boot).unwrap();
        alarm.set(Some(0));
        timeout(PATIENCE, alarm.due()).await.unwrap();
    }

    #[tokio::test]
    async fn alarm_that_is_not_set_is_never_due() {
        let mut alarm = Alarm::new(Clock::Boot).unwrap();
        alarm.set(Some(boot_usec() + 10_000));
        alarm.set(None);
        assert!(timeout(Duration::from_millis(50), alarm.due()).await.is_err());
    }
}
