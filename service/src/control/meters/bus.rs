//! Gauges of the bus chain, from the frames that the data thread leaves.
//!
//! A frame covers the time from the read before the last one to the cycle after the last one: the
//! data thread writes a frame only when the one before has been read, and piles up extremes in
//! between. So nothing is missed at any rate, but a lone read is as old as the time since the last;
//! [`wake_before`] has a slow reader drain once shortly before it reads.

use std::time::{Duration, Instant};

use headroom_api::{BusGauges, FLOOR_DB};
use headroom_dsp::MeterFrame;

use super::window::Extremes;
use crate::{control::wire::level_db, rt::GuardSlot};

/// After this long without a frame nobody plays, and the levels are silence.
const SILENT_AFTER: Duration = Duration::from_millis(250);
/// How long before a reading the frame of the past is taken away, so that a fresh one is there:
/// longer than the longest usual cycle.
const DRAIN_AHEAD: Duration = Duration::from_millis(45);

/// The newest frame, and what is kept over all of them.
#[derive(Debug)]
pub(super) struct Bus {
    latest: Option<(Instant, MeterFrame)>,
    /// The next frame holds extremes from the time when nobody looked.
    stale: bool,
    true_peak_max_dbtp: f64,
    /// What is behind the chain.
    guard: GuardSlot,
}

impl Default for Bus {
    fn default() -> Self {
        let guard = GuardSlot::default();
        Self { latest: None, stale: true, true_peak_max_dbtp: FLOOR_DB, guard }
    }
}

impl Bus {
    /// Takes in what tells how far the guard behind the chain is.
    pub(super) fn set_guard(&mut self, guard: GuardSlot) {
        self.guard = guard;
    }

    /// Takes what was read, if anything; returns the extremes in it.
    pub(super) fn hear(&mut self, frame: Option<MeterFrame>, now: Instant) -> Option<Extremes> {
        let Some(frame) = frame else {
            if self.latest.is_some_and(|(at, _)| now.duration_since(at) > SILENT_AFTER) {
                self.latest = None;
            }
            return None;
        };
        let mut frame = frame;
        let extremes = if std::mem::take(&mut self.stale) {
            // Loudness and gain are of now, the rest is not.
            let silence = MeterFrame::default();
            frame = MeterFrame {
                leveller_db: frame.leveller_db,
                momentary_lufs: frame.momentary_lufs,
                short_term_lufs: frame.short_term_lufs,
                integrated_lufs: frame.integrated_lufs,
                ..silence
            };
            None
        } else {
            Some(Extremes::of(&frame))
        };
        self.latest = Some((now, frame));
        self.true_peak_max_dbtp = self.true_peak_max_dbtp.max(level_db(frame.true_peak_dbtp));
        extremes
    }

    /// Nobody looks, or there is another chain: what comes next holds the past as well.
    pub(super) fn look_away(&mut self) {
        self.latest = None;
        self.stale = true;
    }

    /// The last one who looked has gone: the maximum begins anew.
    pub(super) fn forget_maximum(&mut self) {
        self.true_peak_max_dbtp = FLOOR_DB;
    }

    /// Returns the gauges as somebody is to see them who has not seen `unseen`.
    pub(super) fn gauges(&self, unseen: Option<Extremes>) -> BusGauges {
        let frame = self.latest.map(|(_, frame)| frame).unwrap_or_default();
        let extremes = unseen.unwrap_or_else(|| Extremes::of(&frame));
        let reductions_db = [
            extremes.surge_db,
            extremes.compressor_db,
            extremes.cap_db,
            extremes.limiter_soft_db,
            extremes.limiter_hard_db,
        ];
        let guard_db = self.guard.gain_db();
        let gain_db = frame.leveller_db + reductions_db.iter().sum::<f32>() + guard_db;
        BusGauges {
            input_peak_dbfs: level_db(extremes.input_peak_dbfs),
            true_peak_dbtp: level_db(extremes.true_peak_dbtp),
            true_peak_max_dbtp: self.true_peak_max_dbtp,
            gain_db: level_db(gain_db),
            leveller_db: level_db(frame.leveller_db),
            surge_db: level_db(extremes.surge_db),
            compressor_db: level_db(extremes.compressor_db),
            cap_db: level_db(extremes.cap_db),
            limiter_soft_db: level_db(extremes.limiter_soft_db),
            limiter_hard_db: level_db(extremes.limiter_hard_db),
            guard_db: level_db(guard_db),
            momentary_lufs: level_db(frame.momentary_lufs),
            short_term_lufs: level_db(frame.short_term_lufs),
            integrated_lufs: level_db(frame.integrated_lufs),
        }
    }
}

/// Returns when to drain for a reading that is due at `due`, the last drain being at `drained`:
/// `due` itself, or a little earlier when the drain before is too long ago.
pub(super) fn wake_before(due: Instant, drained: Option<Instant>) -> Instant {
    match drained {
        Some(drained) if drained + 2 * DRAIN_AHEAD >= due => due,
        _ => due.checked_sub(DRAIN_AHEAD).unwrap_or(due),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are handed on, not computed")]

    use super::*;
    use crate::rt::GuardOrder;

    fn frame(input_peak_dbfs: f32) -> MeterFrame {
        MeterFrame {
            input_peak_dbfs,
            true_peak_dbtp: input_peak_dbfs,
            momentary_lufs: -20.0,
            ..MeterFrame::default()
        }
    }

    #[test]
    fn extremes_from_before_anybody_looked_are_not_shown() {
        let now = Instant::now();
        let mut bus = Bus::default();
        assert_eq!(bus.hear(Some(frame(0.0)), now), None);
        assert_eq!(bus.gauges(None).input_peak_dbfs, FLOOR_DB);
        assert_eq!(bus.gauges(None).momentary_lufs, -20.0);
        assert_eq!(bus.gauges(None).true_peak_max_dbtp, FLOOR_DB);
        assert!(bus.hear(Some(frame(-9.0)), now).is_some());
        assert_eq!(bus.gauges(None).input_peak_dbfs, -9.0);
        bus.look_away();
        assert_eq!(bus.hear(Some(frame(-1.0)), now), None);
    }

    #[test]
    fn the_maximum_stays_and_the_levels_fall_when_nobody_plays() {
        let now = Instant::now();
        let mut bus = Bus::default();
        for level in [0.0, -6.0, -12.0] {
            bus.hear(Some(frame(level)), now);
        }
        // No frame in between two readings is no silence.
        bus.hear(None, now + Duration::from_millis(100));
        assert_eq!(bus.gauges(None).input_peak_dbfs, -12.0);
        bus.hear(None, now + Duration::from_millis(300));
        assert_eq!(bus.gauges(None).input_peak_dbfs, FLOOR_DB);
        assert_eq!(bus.gauges(None).true_peak_max_dbtp, -6.0);
    }

    #[test]
    fn one_gain_is_the_sum_of_all_stages() {
        let mut bus = Bus::default();
        let frame = MeterFrame {
            leveller_db: 4.0,
            surge_db: -10.0,
            cap_db: -1.0,
            limiter_hard_db: -0.5,
            ..frame(0.0)
        };
        bus.hear(Some(frame), Instant::now());
        bus.hear(Some(frame), Instant::now());
        assert_eq!(bus.gauges(None).gain_db, -7.5);
        let guard = GuardSlot::default();
        guard.order(GuardOrder { gain_db: Some(-12.0), up_db_per_s: 3.0 });
        bus.set_guard(guard);
        assert_eq!((bus.gauges(None).guard_db, bus.gauges(None).gain_db), (-12.0, -19.5));
        assert_eq!((bus.gauges(None).surge_db, bus.gauges(None).cap_db), (-10.0, -1.0));
    }

    #[test]
    fn a_slow_reader_drains_once_more_shortly_before() {
        let now = Instant::now();
        let (fast, slow) = (now + Duration::from_millis(33), now + Duration::from_millis(200));
        assert_eq!(wake_before(fast, Some(now)), fast);
        let ahead = wake_before(slow, Some(now));
        assert_eq!(ahead + DRAIN_AHEAD, slow);
        assert_eq!(wake_before(slow, Some(ahead)), slow);
    }
}
