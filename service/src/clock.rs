//! The clock that the bus speaks of, the one that goes on while the machine sleeps, and the local time.

use jiff::Zoned;

/// Returns `CLOCK_BOOTTIME` in microseconds.
pub(crate) fn boot_usec() -> u64 {
    usec(rustix::time::ClockId::Boottime)
}

/// Returns `CLOCK_BOOTTIME` in milliseconds.
pub(crate) fn boot_msec() -> u64 {
    boot_usec() / 1000
}

/// Returns the wall clock in microseconds since 1970, 0 before that.
pub(crate) fn wall_usec() -> u64 {
    usec(rustix::time::ClockId::Realtime)
}

/// Returns the local time, in the zone that the system is in now.
pub(crate) fn local_now() -> Zoned {
    // A zone that was read is kept for minutes otherwise.
    jiff::tz::reset_system_time_zone_cache();
    Zoned::now()
}

/// Returns `CLOCK_MONOTONIC` in nanoseconds.
///
/// # Real-time
/// Read without a system call.
pub(crate) fn monotonic_nsec() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Returns `CLOCK_MONOTONIC` in microseconds.
pub(crate) fn monotonic_usec() -> u64 {
    usec(rustix::time::ClockId::Monotonic)
}

fn usec(clock: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1000
}
