//! What a chain does, told by atomics.
//!
//! The data thread writes once a cycle, and only while something plays through it; any thread may read at
//! any time. There is nothing to turn on, nothing to drain and no timer.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use headroom_dsp::{ChainMeters, DynamicsState};

use super::guard::GuardSlot;

/// Reads what a chain does that may stand beside others of its kind: an application's, or another device's.
#[derive(Clone, Debug)]
pub struct Gauges {
    shared: Arc<Shared>,
    /// What is behind the chain.
    guard: GuardSlot,
}

/// Bits of an `f32` each.
#[derive(Debug, Default)]
struct Shared {
    loudness_in_lufs: AtomicU32,
    gain_db: AtomicU32,
    leveller_db: AtomicU32,
    surge_db: AtomicU32,
    compressor_db: AtomicU32,
    cap_db: AtomicU32,
    limiter_db: AtomicU32,
    loudness_out_lufs: AtomicU32,
    /// See [`packed`]: a loudness must not be paired with another's judgement.
    programme: AtomicU32,
}

impl Gauges {
    pub(super) fn new(guard: GuardSlot) -> Self {
        let gauges = Self { shared: Arc::default(), guard };
        gauges.write(ChainMeters::default());
        gauges
    }

    /// Leaves a reading.
    ///
    /// # Real-time
    /// Relaxed atomics only.
    pub(super) fn write(&self, meters: ChainMeters) {
        let shared = &self.shared;
        for (slot, value) in [
            (&shared.loudness_in_lufs, meters.loudness_in_lufs),
            (&shared.gain_db, meters.gain_db),
            (&shared.leveller_db, meters.leveller_db),
            (&shared.surge_db, meters.surge_db),
            (&shared.compressor_db, meters.compressor_db),
            (&shared.cap_db, meters.cap_db),
            (&shared.limiter_db, meters.limiter_db),
            (&shared.loudness_out_lufs, meters.loudness_out_lufs),
        ] {
            slot.store(value.to_bits(), Ordering::Relaxed);
        }
        shared.programme.store(packed(&meters), Ordering::Relaxed);
    }

    /// Returns the gain of the guard behind the chain, zero or negative, in dB.
    pub fn guard_db(&self) -> f32 {
        self.guard.gain_db()
    }

    /// Returns what the chain did in the last cycle that something played through it; the figures need not
    /// belong to the same cycle, but for the programme's loudness and whether it is stable.
    pub fn read(&self) -> ChainMeters {
        let shared = &self.shared;
        let value = |slot: &AtomicU32| f32::from_bits(slot.load(Ordering::Relaxed));
        let (programme_lufs, programme_is_stable) =
            unpacked(shared.programme.load(Ordering::Relaxed));
        ChainMeters {
            loudness_in_lufs: value(&shared.loudness_in_lufs),
            gain_db: value(&shared.gain_db),
            leveller_db: value(&shared.leveller_db),
            surge_db: value(&shared.surge_db),
            compressor_db: value(&shared.compressor_db),
            cap_db: value(&shared.cap_db),
            limiter_db: value(&shared.limiter_db),
            loudness_out_lufs: value(&shared.loudness_out_lufs),
            programme_lufs,
            programme_is_stable,
        }
    }
}

/// The lowest bit of a loudness, far below what it is known to, says whether it is stable.
const STABLE: u32 = 1;

/// Packs the programme's loudness and whether it is stable.
fn packed(meters: &ChainMeters) -> u32 {
    let bits = meters.programme_lufs.unwrap_or(f32::NAN).to_bits();
    if meters.programme_is_stable { bits | STABLE } else { bits & !STABLE }
}

/// Takes apart what [`packed`] put together.
fn unpacked(bits: u32) -> (Option<f32>, bool) {
    let lufs = f32::from_bits(bits);
    ((!lufs.is_nan()).then_some(lufs), bits & STABLE != 0)
}

/// Where leveller and compressor of a chain stand, for another to go on from there.
///
/// As [`Gauges`], but of any chain.
#[derive(Clone, Debug)]
pub(super) struct StateSlot {
    /// Bits of an `f32` each: the state's words.
    shared: Arc<[AtomicU32; DynamicsState::WORDS]>,
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
        for (slot, value) in self.shared.iter().zip(state.to_words()) {
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
        DynamicsState::from_words(self.shared.each_ref().map(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programme_and_its_stability_survive_packing() {
        for programme_lufs in [None, Some(-23.4_f32), Some(-120.0), Some(0.0)] {
            for programme_is_stable in [false, true] {
                let meters =
                    ChainMeters { programme_lufs, programme_is_stable, ..ChainMeters::default() };
                let (lufs, stable) = unpacked(packed(&meters));
                assert_eq!(
                    (lufs.is_some(), stable),
                    (programme_lufs.is_some(), programme_is_stable)
                );
                let off = lufs.zip(programme_lufs).map_or(0.0, |(a, b)| (a - b).abs());
                assert!(off < 1e-4, "{off}");
            }
        }
    }
}
