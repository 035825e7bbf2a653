//! What a chain does, told by atomics.
//!
//! The data thread writes once a cycle, and only while the application plays; any thread may read at
//! any time. There is nothing to turn on, nothing to drain and no timer.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use headroom_dsp::{AppMeters, DynamicsState, FLOOR_DB};

/// Reads what the chain of one application does.
#[derive(Clone, Debug)]
pub struct AppGauges {
    shared: Arc<Shared>,
}

/// Bits of an `f32` each.
#[derive(Debug)]
struct Shared {
    loudness_in_lufs: AtomicU32,
    agc_gain_db: AtomicU32,
    compressor_db: AtomicU32,
    loudness_out_lufs: AtomicU32,
}

impl AppGauges {
    pub(super) fn new() -> Self {
        let gauges = Self {
            shared: Arc::new(Shared {
                loudness_in_lufs: AtomicU32::new(0),
                agc_gain_db: AtomicU32::new(0),
                compressor_db: AtomicU32::new(0),
                loudness_out_lufs: AtomicU32::new(0),
            }),
        };
        gauges.write(AppMeters::default());
        gauges
    }

    /// Leaves a reading.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(super) fn write(&self, meters: AppMeters) {
        let shared = &self.shared;
        for (slot, value) in [
            (&shared.loudness_in_lufs, meters.loudness_in_lufs),
            (&shared.agc_gain_db, meters.agc_gain_db),
            (&shared.compressor_db, meters.compressor_db),
            (&shared.loudness_out_lufs, meters.loudness_out_lufs),
        ] {
            slot.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Returns what the chain did in the last cycle that its application played; the figures need not
    /// belong to the same cycle.
    pub fn read(&self) -> AppMeters {
        let value = |slot: &AtomicU32| f32::from_bits(slot.load(Ordering::Relaxed));
        AppMeters {
            loudness_in_lufs: value(&self.shared.loudness_in_lufs),
            agc_gain_db: value(&self.shared.agc_gain_db),
            compressor_db: value(&self.shared.compressor_db),
            loudness_out_lufs: value(&self.shared.loudness_out_lufs),
        }
    }
}

/// Where the AGC and the compressor of a chain stand, for another to go on from there.
///
/// As [`AppGauges`], but of any chain.
#[derive(Clone, Debug)]
pub(super) struct StateSlot {
    /// Bits of an `f32` each: gain, reduction, loudness, loudness that the AGC steers by.
    shared: Arc<[AtomicU32; 4]>,
    /// When the graph began the last cycle.
    cycle_ns: Arc<AtomicI64>,
}

impl StateSlot {
    pub(super) fn new() -> Self {
        let slot = Self { shared: Arc::default(), cycle_ns: Arc::default() };
        slot.write(DynamicsState::default());
        slot
    }

    /// Leaves a reading.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(super) fn write(&self, state: DynamicsState) {
        let programme = state.programme_lufs.unwrap_or(FLOOR_DB);
        let values = [state.gain_db, state.compressor_db, state.input_lufs, programme];
        for (slot, value) in self.shared.iter().zip(values) {
            slot.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Leaves when the graph began a cycle, in ns of `CLOCK_MONOTONIC`.
    ///
    /// # Real-time
    /// A relaxed atomic only.
    pub(super) fn write_cycle(&self, start_ns: i64) {
        self.cycle_ns.store(start_ns, Ordering::Relaxed);
    }

    /// Returns when the graph began the last cycle, in ns of `CLOCK_MONOTONIC`; 0 before the first.
    pub(super) fn cycle_ns(&self) -> i64 {
        self.cycle_ns.load(Ordering::Relaxed)
    }

    /// Returns where the chain stood after its last cycle; the figures need not belong to the same.
    pub(super) fn read(&self) -> DynamicsState {
        let value = |slot: &AtomicU32| f32::from_bits(slot.load(Ordering::Relaxed));
        let [gain_db, compressor_db, input_lufs, programme] = self.shared.each_ref().map(value);
        let programme_lufs = (programme > FLOOR_DB).then_some(programme);
        DynamicsState { gain_db, compressor_db, input_lufs, programme_lufs }
    }
}
