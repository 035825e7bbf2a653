//! Counters that the data thread keeps and anyone may read.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

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
    bus: Counters,
    apps: Counters,
    devices: Counters,
}

/// Counters of the data thread; written by it alone.
#[derive(Debug, Default)]
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
    /// Returns the counters of the bus chain.
    pub fn snapshot(&self) -> VitalsSnapshot {
        self.bus.snapshot()
    }

    /// Returns the counters of all applications' chains together.
    pub fn app_snapshot(&self) -> VitalsSnapshot {
        self.apps.snapshot()
    }

    /// Returns the counters of the chains before all other devices together.
    pub fn device_snapshot(&self) -> VitalsSnapshot {
        self.devices.snapshot()
    }

    /// Returns the counters that a chain keeps.
    pub(super) fn of(&self, group: Group) -> &Counters {
        match group {
            Group::Bus => &self.bus,
            Group::Apps => &self.apps,
            Group::Devices => &self.devices,
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
