//! What a chain did since somebody last asked, for the history.
//!
//! The data thread adds each block to a sum of its own and leaves a copy of it; nobody has to ask, and nothing piles
//! up. It runs on the data thread while the chain plays, and its other end on any one thread.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use headroom_dsp::BlockMeters;
use headroom_history::HELD_DB;
use triple_buffer::{Input, Output, TripleBuffer};

/// What a chain did over some blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// Which sum it is.
    number: u32,
    /// For how long it processed, in seconds.
    pub played_s: f32,
    /// For how long a stage took more than [`HELD_DB`], in seconds, by whole blocks.
    pub held_s: f32,
    /// Extremes, the highest momentary loudness, and the short-term loudness at the end.
    pub meters: BlockMeters,
}

impl Account {
    fn empty(number: u32) -> Self {
        Self { number, played_s: 0.0, held_s: 0.0, meters: BlockMeters::default() }
    }

    /// Returns one of these figures.
    #[cfg(test)]
    pub(crate) fn of(meters: BlockMeters, played_s: f32) -> Self {
        Self { played_s, meters, ..Self::empty(0) }
    }

    fn add(&mut self, block: &BlockMeters, block_s: f32) {
        let all = &mut self.meters;
        let reductions = [
            (&mut all.surge_db, block.surge_db),
            (&mut all.cap_db, block.cap_db),
            (&mut all.limiter_soft_db, block.limiter_soft_db),
            (&mut all.limiter_hard_db, block.limiter_hard_db),
        ];
        let mut held = false;
        for (deepest, db) in reductions {
            *deepest = deepest.min(db);
            held |= db < HELD_DB;
        }
        for (highest, db) in [
            (&mut all.input_peak_dbfs, block.input_peak_dbfs),
            (&mut all.momentary_in_lufs, block.momentary_in_lufs),
            (&mut all.momentary_out_lufs, block.momentary_out_lufs),
        ] {
            *highest = highest.max(db);
        }
        all.short_term_in_lufs = block.short_term_in_lufs;
        all.short_term_out_lufs = block.short_term_out_lufs;
        self.played_s += block_s;
        if held {
            self.held_s += block_s;
        }
    }
}

/// The data thread's end.
#[derive(Debug)]
pub(super) struct Accountant {
    sum: Account,
    left: Input<Account>,
    wanted: Arc<AtomicU32>,
}

impl Accountant {
    /// Adds a block of so many frames.
    ///
    /// # Real-time
    /// One relaxed load, a copy of some 50 bytes and an atomic exchange; no branch depends on a reader.
    pub(super) fn add(&mut self, block: &BlockMeters, frames: usize, rate_hz: u32) {
        let wanted = self.wanted.load(Ordering::Relaxed);
        if wanted != self.sum.number {
            self.sum = Account::empty(wanted);
        }
        self.sum.add(block, frames as f32 / rate_hz.max(1) as f32);
        self.left.write(self.sum);
    }
}

/// The asking end.
#[derive(Debug)]
pub struct AccountReader {
    left: Output<Account>,
    wanted: Arc<AtomicU32>,
}

impl AccountReader {
    /// Returns what the chain did since the last call; `None` where it has not played.
    ///
    /// A block that is processed in the very moment of the call may count for neither this sum nor the next.
    pub fn take(&mut self) -> Option<Account> {
        let number = self.wanted.load(Ordering::Relaxed);
        self.left.update();
        let sum = *self.left.output_buffer();
        if sum.number != number || sum.played_s == 0.0 {
            return None;
        }
        self.wanted.store(number.wrapping_add(1), Ordering::Relaxed);
        Some(sum)
    }
}

/// Makes both ends.
pub(super) fn account() -> (Accountant, AccountReader) {
    let (left_in, left_out) = TripleBuffer::new(&Account::empty(0)).split();
    let wanted = Arc::<AtomicU32>::default();
    (
        Accountant { sum: Account::empty(0), left: left_in, wanted: wanted.clone() },
        AccountReader { left: left_out, wanted },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(surge_db: f32, momentary_in_lufs: f32) -> BlockMeters {
        BlockMeters { surge_db, momentary_in_lufs, ..BlockMeters::default() }
    }

    #[test]
    fn every_block_is_told_once_whenever_asked() {
        let (mut accountant, mut reader) = account();
        assert_eq!(reader.take(), None);
        for (surge_db, lufs) in [(0.0, -30.0), (-12.0, -8.0), (-2.0, -20.0)] {
            accountant.add(&block(surge_db, lufs), 480, 48_000);
        }
        let first = reader.take().unwrap();
        assert_eq!((first.meters.surge_db, first.meters.momentary_in_lufs), (-12.0, -8.0));
        assert!((first.played_s - 0.03).abs() < 1e-6 && (first.held_s - 0.01).abs() < 1e-6);
        assert_eq!(reader.take(), None, "nothing has played since");
        accountant.add(&block(-1.0, -40.0), 480, 48_000);
        let next = reader.take().unwrap();
        assert_eq!((next.meters.surge_db, next.meters.momentary_in_lufs), (-1.0, -40.0));
        assert!((next.played_s - 0.01).abs() < 1e-6 && next.held_s == 0.0);
    }
}
