//! The gain that meets a jump of a device's volume, told by atomics.
//!
//! The device's own volume acts behind the chain; what it adds at once is taken here, and given back slowly. Who decides
//! that is [`VolumeGuard`](crate::volume_guard::VolumeGuard).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How long an ordered gain takes to be reached, in ms: no click, and over before an ear judges loudness.
const REACH_MS: f64 = 2.0;
/// The lowest gain, in dB.
pub const LOWEST_GUARD_DB: f32 = -60.0;
/// Steps of a rate in an order, per dB/s.
const RATE_STEPS: f32 = 100.0;

/// What a guard is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardOrder {
    /// The gain to go to at once, in dB, -60 to 0; `None` leaves it as it is.
    pub gain_db: Option<f32>,
    /// How fast it goes back up to 0 dB while sound is processed, in dB/s, 0 to 655.
    pub up_db_per_s: f32,
}

/// Where orders are left for the guard of a chain, and where it says how far it is: the newest order wins.
///
/// Any thread may write and read at any time; nothing waits.
#[derive(Clone, Debug, Default)]
pub struct GuardSlot {
    /// Bits of the gain in dB, the rate, and a number; 0 before the first order.
    order: Arc<AtomicU64>,
    /// Bits of the gain in dB, and the number of the order that was taken last.
    taken: Arc<AtomicU64>,
}

fn packed(gain_db: f32, rate: u16, number: u16) -> u64 {
    (u64::from(gain_db.to_bits()) << 32) | (u64::from(rate) << 16) | u64::from(number)
}

#[allow(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
fn gain_of(packed: u64) -> f32 {
    f32::from_bits((packed >> 32) as u32)
}

impl GuardSlot {
    /// Leaves an order; it counts from the chain's next block on. One thread only orders.
    pub fn order(&self, order: GuardOrder) {
        let before = self.order.load(Ordering::Relaxed);
        // One that nobody has taken yet goes on in the next.
        let gain_db = order.gain_db.map_or_else(
            || if self.is_taken(before) { f32::NAN } else { gain_of(before) },
            |db| db.clamp(LOWEST_GUARD_DB, 0.0),
        );
        let rate = (order.up_db_per_s * RATE_STEPS).clamp(0.0, f32::from(u16::MAX)) as u16;
        let number = (before as u16).wrapping_add(1).max(1);
        self.order.store(packed(gain_db, rate, number), Ordering::Relaxed);
    }

    fn is_taken(&self, order: u64) -> bool {
        self.taken.load(Ordering::Relaxed) as u16 == order as u16
    }

    /// Returns the gain that is in force, or will be with the next block, in dB, -60 to 0.
    pub fn gain_db(&self) -> f32 {
        let order = self.order.load(Ordering::Relaxed);
        let ordered = gain_of(order);
        if self.is_taken(order) || ordered.is_nan() {
            gain_of(self.taken.load(Ordering::Relaxed))
        } else {
            ordered
        }
    }
}

/// Where a gain is, and where it goes; linear.
#[derive(Clone, Copy, Debug)]
struct Course {
    gain: f64,
    /// What was ordered; reached first.
    target: Option<f64>,
    /// Factors of each frame, on the way to the target and back up.
    reach: f64,
    up: f64,
}

impl Course {
    fn step(&mut self) -> f32 {
        match self.target {
            Some(target) => {
                self.gain *= self.reach;
                let is_there =
                    if self.reach < 1.0 { self.gain <= target } else { self.gain >= target };
                if is_there {
                    (self.gain, self.target) = (target, None);
                }
            }
            None => self.gain = (self.gain * self.up).min(1.0),
        }
        self.gain as f32
    }

    fn is_at_rest(&self) -> bool {
        self.gain >= 1.0 && self.target.is_none()
    }
}

/// Holds what has passed a limiter down by what the device's volume has jumped.
///
/// # Real-time
/// Neither allocates, locks, logs, frees nor calls the system; at rest it touches no sample.
#[derive(Debug)]
pub(super) struct Guard {
    slot: GuardSlot,
    /// The number of the order that was taken last.
    number: u16,
    course: Course,
}

impl Guard {
    pub(super) fn new(slot: GuardSlot) -> Self {
        let course = Course { gain: 1.0, target: None, reach: 1.0, up: 1.0 };
        Self { slot, number: 0, course }
    }

    /// Scales one block in place: planar, channels by frames, all of one length.
    pub(super) fn hold(&mut self, io: &mut [&mut [f32]], rate_hz: u32) {
        let order = self.slot.order.load(Ordering::Relaxed);
        if order as u16 != self.number {
            self.take(order, f64::from(rate_hz.max(1)));
        } else if self.course.is_at_rest() {
            return;
        }
        let from = self.course;
        for channel in io {
            let mut course = from;
            for sample in channel.iter_mut() {
                *sample *= course.step();
            }
            self.course = course;
        }
        let gain = self.course.target.unwrap_or(self.course.gain);
        let gain_db = (20.0 * gain.log10()) as f32;
        self.slot.taken.store(packed(gain_db, 0, self.number), Ordering::Relaxed);
    }

    fn take(&mut self, order: u64, rate_hz: f64) {
        self.number = order as u16;
        let course = &mut self.course;
        let up_db_per_s = f64::from((order >> 16) as u16) / f64::from(RATE_STEPS);
        course.up = 10.0_f64.powf(up_db_per_s / (20.0 * rate_hz));
        let gain_db = f64::from(gain_of(order));
        if gain_db.is_finite() {
            let target = 10.0_f64.powf(gain_db / 20.0);
            let frames = (REACH_MS * rate_hz / 1000.0).max(1.0);
            course.reach = (target / course.gain).powf(1.0 / frames);
            course.target = Some(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded() -> (GuardSlot, Guard) {
        let slot = GuardSlot::default();
        (slot.clone(), Guard::new(slot))
    }

    fn hold(guard: &mut Guard, frames: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![1.0; frames], vec![1.0; frames]);
        guard.hold(&mut [&mut left, &mut right], 48_000);
        assert_eq!(left, right);
        left
    }

    fn order(gain_db: f32, up_db_per_s: f32) -> GuardOrder {
        GuardOrder { gain_db: Some(gain_db), up_db_per_s }
    }

    fn assert_db(gain_db: f32, expected_db: f32) {
        assert!((gain_db - expected_db).abs() < 0.01, "{gain_db} for {expected_db}");
    }

    #[test]
    fn guard_without_an_order_touches_nothing() {
        let (slot, mut guard) = guarded();
        assert_eq!(hold(&mut guard, 64), vec![1.0; 64]);
        assert_db(slot.gain_db(), 0.0);
    }

    #[test]
    fn jump_is_met_within_two_ms_and_let_through_at_its_rate() {
        let (slot, mut guard) = guarded();
        slot.order(order(-40.0, 3.0));
        assert_db(slot.gain_db(), -40.0);
        let down = hold(&mut guard, 97);
        assert!(down.is_sorted_by(|a, b| a >= b), "{down:?}");
        assert!(down[96] < 0.010_02, "{}", down[96]);
        hold(&mut guard, 48_000);
        assert_db(slot.gain_db(), -37.0);
        for _ in 0..13 {
            assert!(hold(&mut guard, 48_000).is_sorted());
        }
        assert_db(slot.gain_db(), 0.0);
        assert_eq!(hold(&mut guard, 8), vec![1.0; 8]);
    }

    #[test]
    fn rate_alone_changes_and_an_order_not_taken_yet_stays() {
        let (slot, mut guard) = guarded();
        slot.order(order(-20.0, 0.0));
        slot.order(GuardOrder { gain_db: None, up_db_per_s: 0.0 });
        assert_db(slot.gain_db(), -20.0);
        hold(&mut guard, 48_000);
        assert_db(slot.gain_db(), -20.0);
        slot.order(GuardOrder { gain_db: None, up_db_per_s: 20.0 });
        assert_db(slot.gain_db(), -20.0);
        hold(&mut guard, 24_000);
        assert_db(slot.gain_db(), -10.0);
    }

    #[test]
    fn blocks_of_any_length_give_the_same_samples() {
        let run = |blocks: &[usize]| {
            let (slot, mut guard) = guarded();
            slot.order(order(-30.0, 100.0));
            blocks.iter().flat_map(|frames| hold(&mut guard, *frames)).collect::<Vec<_>>()
        };
        assert_eq!(run(&[512]), run(&[1, 63, 200, 248]));
    }
}
