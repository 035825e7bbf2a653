//! Counters that the data thread keeps and anyone may read, the guardian process too.

use std::{
    fs::File,
    io,
    ops::Deref,
    os::fd::AsRawFd as _,
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

/// Chains that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The one before the default device.
    Bus,
    /// Those of applications.
    Apps,
    /// Those before other devices.
    Devices,
}

/// Counters of the data thread, by the chains that they count.
#[derive(Debug, Default)]
pub struct Vitals {
    groups: Place,
}

/// All counters, laid out alike in both processes.
#[derive(Debug, Default)]
#[repr(C)]
struct Groups {
    bus: Counters,
    apps: Counters,
    devices: Counters,
}

/// Where the counters are.
#[derive(Debug)]
enum Place {
    Private(Box<Groups>),
    /// Mapped for as long as the process lives.
    Shared(&'static Groups),
}

impl Default for Place {
    fn default() -> Self {
        Self::Private(Box::default())
    }
}

impl Deref for Place {
    type Target = Groups;

    fn deref(&self) -> &Groups {
        match self {
            Self::Private(groups) => groups,
            Self::Shared(groups) => groups,
        }
    }
}

/// How far the data thread has come, all chains together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cycles that were processed.
    pub cycles: u64,
    /// Whether it is in the middle of one.
    pub in_cycle: bool,
}

/// Counters of the data thread; written by it alone.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Counters {
    cycles: AtomicU64,
    late_cycles: AtomicU64,
    overdue_cycles: AtomicU64,
    missed_cycles: AtomicU64,
    in_cycle: AtomicBool,
    unready_cycles: AtomicU64,
    worst_ns: AtomicU64,
    busy_ns: AtomicU64,
    graph_ns: AtomicU64,
    frames: AtomicU64,
    clamp_activations: AtomicU64,
    quantum_frames: AtomicU32,
    rate_hz: AtomicU32,
}

/// Counters of [`Vitals`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VitalsSnapshot {
    /// Cycles processed.
    pub cycles: u64,
    /// Cycles in which the chain alone took longer than the quantum lasts.
    pub late_cycles: u64,
    /// Cycles that ended later after their start than the quantum lasts, whoever's fault it was.
    pub overdue_cycles: u64,
    /// Cycles of the graph that passed while something played and the chain was not run.
    pub missed_cycles: u64,
    /// Whether the data thread is in the middle of a cycle.
    pub in_cycle: bool,
    /// Cycles that were silenced, because no chain for the format was there yet.
    pub unready_cycles: u64,
    /// Longest time spent in one cycle, in ns.
    pub worst_ns: u64,
    /// Time spent in all cycles, in ns.
    pub busy_ns: u64,
    /// Time from the start of the graph's cycle to the end of ours, summed over all cycles, in ns.
    pub graph_ns: u64,
    /// Frames processed.
    pub frames: u64,
    /// Samples that met the limiter's last clamp.
    pub clamp_activations: u64,
    /// Length of the last cycle, in frames.
    pub quantum_frames: u32,
    /// Rate of the last cycle, in Hz.
    pub rate_hz: u32,
}

impl VitalsSnapshot {
    /// Returns how long the last cycle's quantum lasts, in ns; 0 before the first.
    pub fn quantum_ns(&self) -> u64 {
        quantum_ns(self.quantum_frames, self.rate_hz)
    }
}

fn quantum_ns(frames: u32, rate_hz: u32) -> u64 {
    u64::from(frames) * 1_000_000_000 / u64::from(rate_hz.max(1))
}

impl Vitals {
    /// Places the counters in a file of memory, where another process that has it can read them; what it
    /// is too short for reads 0.
    ///
    /// The mapping is never taken back: call it once in the life of a process.
    ///
    /// # Errors
    /// When the file cannot be made long enough or mapped.
    pub fn shared(memory: &File) -> io::Result<Self> {
        let bytes = size_of::<Groups>();
        if memory.metadata()?.len() < bytes as u64 {
            memory.set_len(bytes as u64)?;
        }
        // Present from the first on: the data thread must not wait for a page.
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
        // SAFETY: a new mapping of its own place, of a file that is open and long enough.
        let mapped =
            unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, memory.as_raw_fd(), 0) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a page is aligned for anything, as long as the structure, and never unmapped. The
        // structure is atomics alone, for which every bit pattern that this program writes, and zero, is
        // valid, and which may change at any time.
        Ok(Self { groups: Place::Shared(unsafe { &*mapped.cast::<Groups>() }) })
    }

    /// Returns how far the data thread has come.
    pub fn progress(&self) -> Progress {
        let all = [&self.groups.bus, &self.groups.apps, &self.groups.devices];
        Progress {
            cycles: all.iter().map(|group| group.cycles.load(Ordering::Relaxed)).sum(),
            in_cycle: all.iter().any(|group| group.in_cycle.load(Ordering::Relaxed)),
        }
    }

    /// Returns the counters of the bus chain.
    pub fn snapshot(&self) -> VitalsSnapshot {
        self.groups.bus.snapshot()
    }

    /// Returns the counters of all applications' chains together.
    pub fn app_snapshot(&self) -> VitalsSnapshot {
        self.groups.apps.snapshot()
    }

    /// Returns the counters of the chains before all other devices together.
    pub fn device_snapshot(&self) -> VitalsSnapshot {
        self.groups.devices.snapshot()
    }

    /// Returns the counters that a chain keeps.
    pub(super) fn of(&self, group: Group) -> &Counters {
        match group {
            Group::Bus => &self.groups.bus,
            Group::Apps => &self.groups.apps,
            Group::Devices => &self.groups.devices,
        }
    }
}

impl Counters {
    /// Notes that a cycle has begun.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(crate) fn begin_cycle(&self) {
        self.in_cycle.store(true, Ordering::Relaxed);
    }

    /// Counts how a cycle stood to the graph's clock, and notes that it has ended.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(crate) fn end_cycle(&self, graph_ns: u64, overdue: bool, missed: u64) {
        self.graph_ns.fetch_add(graph_ns, Ordering::Relaxed);
        if overdue {
            self.overdue_cycles.fetch_add(1, Ordering::Relaxed);
        }
        if missed > 0 {
            self.missed_cycles.fetch_add(missed, Ordering::Relaxed);
        }
        self.in_cycle.store(false, Ordering::Relaxed);
    }

    /// Counts one cycle.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(crate) fn count_cycle(&self, frames: u32, rate_hz: u32, spent_ns: u64) {
        self.cycles.fetch_add(1, Ordering::Relaxed);
        self.frames.fetch_add(u64::from(frames), Ordering::Relaxed);
        self.busy_ns.fetch_add(spent_ns, Ordering::Relaxed);
        self.worst_ns.fetch_max(spent_ns, Ordering::Relaxed);
        self.quantum_frames.store(frames, Ordering::Relaxed);
        self.rate_hz.store(rate_hz, Ordering::Relaxed);
        if spent_ns > quantum_ns(frames, rate_hz) {
            self.late_cycles.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts one cycle that had to be silent.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(crate) fn count_unready(&self) {
        self.unready_cycles.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts samples that met the limiter's last clamp.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(crate) fn count_clamps(&self, samples: u64) {
        self.clamp_activations.fetch_add(samples, Ordering::Relaxed);
    }

    /// Reads every counter; they need not belong to the same cycle.
    fn snapshot(&self) -> VitalsSnapshot {
        VitalsSnapshot {
            cycles: self.cycles.load(Ordering::Relaxed),
            late_cycles: self.late_cycles.load(Ordering::Relaxed),
            overdue_cycles: self.overdue_cycles.load(Ordering::Relaxed),
            missed_cycles: self.missed_cycles.load(Ordering::Relaxed),
            in_cycle: self.in_cycle.load(Ordering::Relaxed),
            unready_cycles: self.unready_cycles.load(Ordering::Relaxed),
            worst_ns: self.worst_ns.load(Ordering::Relaxed),
            busy_ns: self.busy_ns.load(Ordering::Relaxed),
            graph_ns: self.graph_ns.load(Ordering::Relaxed),
            frames: self.frames.load(Ordering::Relaxed),
            clamp_activations: self.clamp_activations.load(Ordering::Relaxed),
            quantum_frames: self.quantum_frames.load(Ordering::Relaxed),
            rate_hz: self.rate_hz.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_counters_are_read_through_another_mapping() {
        let file = tempfile::tempfile().unwrap();
        let (written, read) = (Vitals::shared(&file).unwrap(), Vitals::shared(&file).unwrap());
        assert_eq!(read.progress(), Progress::default());
        written.of(Group::Apps).begin_cycle();
        assert_eq!(read.progress(), Progress { cycles: 0, in_cycle: true });
        written.of(Group::Apps).count_cycle(1024, 48_000, 7);
        written.of(Group::Bus).count_cycle(1024, 48_000, 7);
        written.of(Group::Apps).end_cycle(9, false, 0);
        assert_eq!(read.progress(), Progress { cycles: 2, in_cycle: false });
        assert_eq!(read.snapshot(), written.snapshot());
        assert_eq!(Vitals::default().progress(), Progress::default());
    }
}
