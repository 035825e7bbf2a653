//! Judges the volume events of one device: what is a jump, and what is a hand on a slider; pure.
//!
//! PipeWire does not tell who has moved a volume. What rises by more than 6 dB within 250 ms while the device
//! plays is a jump: the chain before the device takes as much back at once, and lets it through slowly. Any further move
//! up while it does is consent, and the rest comes soon. A move down is never answered with more than was heard before the
//! jump.

use std::time::{Duration, Instant};

use headroom_api::JumpGuard;

use crate::rt::{GuardOrder, LOWEST_GUARD_DB};

/// What one hand moves within [`MOVE`], in dB.
const JUMP_DB: f32 = 6.0;
/// How long moves count as one.
const MOVE: Duration = Duration::from_millis(250);
/// Volumes below this count as this, in dB: what cannot be heard does not jump.
const QUIET_DB: f32 = -40.0;
/// How fast a jump is let through, in dB/s.
const UP_DB_PER_S: f32 = 3.0;
/// The same once somebody has moved on, in dB/s.
const CONSENT_DB_PER_S: f32 = 20.0;
/// What a device that was never seen is taken to have played at, in dB: half of a mixer's scale.
const NEW_DEVICE_DB: f32 = -18.0;
/// The most that a device that was never seen begins below its volume, in dB.
const NEW_DEVICE_MOST_DB: f32 = 12.0;
/// A gain that nobody hears, in dB.
const AT_REST_DB: f32 = 0.1;

/// A volume event, and what plays then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeEvent {
    /// Gain of the device's volume, its muting aside, in dB.
    pub volume_db: f32,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether anything plays there.
    pub plays: bool,
    /// The gain of the guard now, in dB, 0 or less.
    pub guard_db: f32,
    /// What is wanted of jumps.
    pub mode: JumpGuard,
    /// When it came.
    pub at: Instant,
}

/// What is known of a device's volume.
#[derive(Clone, Debug, Default)]
pub struct VolumeGuard {
    last: Option<Seen>,
    before: Before,
    /// Volumes before the moves of the last [`MOVE`], in dB.
    moves: Vec<(Instant, f32)>,
    /// What was heard before the jump, in dB, and when it began.
    jump: Option<(f32, Instant)>,
    up_db_per_s: f32,
}

/// What was heard of a device before its first volume.
#[derive(Clone, Copy, Debug, Default)]
enum Before {
    /// It was there before anybody listened.
    #[default]
    AlwaysThere,
    /// It was never seen.
    Unseen,
    /// It was heard at this gain of its volume before it went, in dB.
    Heard(f32),
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    volume_db: f32,
    muted: bool,
}

impl VolumeGuard {
    /// Begins with a device that was heard at this gain of its volume before it went, in dB.
    pub fn returned(heard_db: f32) -> Self {
        Self { before: Before::Heard(heard_db.max(QUIET_DB)), ..Self::default() }
    }

    /// Begins with a device that was never seen.
    pub fn of_new_device() -> Self {
        Self { before: Before::Unseen, ..Self::default() }
    }

    /// Returns the gain at which its sound is heard, in dB, of its volume and the guard.
    pub fn heard_db(&self, guard_db: f32) -> Option<f32> {
        self.last.map(|seen| seen.volume_db + guard_db)
    }

    /// Takes in an event; returns what the guard is to do, where that is anything.
    pub fn hear(&mut self, event: VolumeEvent) -> Option<GuardOrder> {
        let VolumeEvent { muted, guard_db, mode, at, .. } = event;
        let volume_db = event.volume_db.max(QUIET_DB);
        let Some(last) = self.last.replace(Seen { volume_db, muted }) else {
            return self.appear(event, volume_db);
        };
        let rise_db = volume_db - last.volume_db;
        self.moves.retain(|(then, _)| at.saturating_duration_since(*then) < MOVE);
        if rise_db != 0.0 {
            self.moves.push((at, last.volume_db));
        }
        let lowest_db = self.moves.iter().map(|(_, db)| *db).fold(volume_db, f32::min);
        if guard_db <= -AT_REST_DB && mode != JumpGuard::Off {
            return self.move_on(rise_db, last.muted, event);
        }
        let is_jump = volume_db - lowest_db > JUMP_DB && rise_db > 0.0;
        // What is moved while nothing plays is chosen in peace.
        if !is_jump || !event.plays || mode == JumpGuard::Off {
            return None;
        }
        self.jump = Some((last.volume_db, at));
        self.up_db_per_s = rate(mode);
        Some(self.order(Some(-rise_db), muted))
    }

    /// Meets the first volume of a device that has come.
    fn appear(&mut self, event: VolumeEvent, volume_db: f32) -> Option<GuardOrder> {
        let (before_db, most_db) = match self.before {
            Before::AlwaysThere => return None,
            Before::Unseen => (NEW_DEVICE_DB, NEW_DEVICE_MOST_DB),
            Before::Heard(before_db) => (before_db, f32::INFINITY),
        };
        let rise_db = volume_db - before_db;
        if rise_db <= JUMP_DB || event.mode == JumpGuard::Off {
            return None;
        }
        self.jump = Some((before_db, event.at));
        self.up_db_per_s = rate(event.mode);
        Some(self.order(Some(-rise_db.min(most_db)), event.muted))
    }

    /// Answers what comes while a jump is held.
    fn move_on(&mut self, rise_db: f32, was_muted: bool, event: VolumeEvent) -> Option<GuardOrder> {
        let VolumeEvent { muted, guard_db, mode, at, .. } = event;
        let volume_db = event.volume_db.max(QUIET_DB);
        let (before_db, since) = *self.jump.get_or_insert((volume_db + guard_db, at));
        if rise_db == 0.0 {
            return (muted != was_muted).then(|| self.order(None, muted));
        }
        if rise_db < 0.0 {
            let gain_db = guard_db.max(before_db - volume_db).min(0.0);
            return Some(self.order(Some(gain_db), muted));
        }
        // What comes with the jump, or jumps again, is no consent.
        let is_consent = rise_db <= JUMP_DB && at.saturating_duration_since(since) >= MOVE;
        self.up_db_per_s = if is_consent { CONSENT_DB_PER_S } else { rate(mode) };
        Some(self.order(Some(guard_db - rise_db), muted))
    }

    fn order(&self, gain_db: Option<f32>, muted: bool) -> GuardOrder {
        // A muted device lets nothing through, and what cannot be heard is not let through in secret.
        let up_db_per_s = if muted { 0.0 } else { self.up_db_per_s };
        let gain_db = gain_db.map(|db| db.clamp(LOWEST_GUARD_DB, 0.0));
        GuardOrder { gain_db, up_db_per_s }
    }
}

/// Returns how fast a jump is let through, in dB/s.
fn rate(mode: JumpGuard) -> f32 {
    match mode {
        JumpGuard::Slow | JumpGuard::Off => UP_DB_PER_S,
        JumpGuard::Hold => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device, its guard, and a chain that does what it is told, without giving anything back.
    struct World {
        guard: VolumeGuard,
        event: VolumeEvent,
    }

    impl World {
        fn at(volume_db: f32) -> Self {
            let event = VolumeEvent {
                volume_db,
                muted: false,
                plays: true,
                guard_db: 0.0,
                mode: JumpGuard::Slow,
                at: Instant::now(),
            };
            let mut world = Self { guard: VolumeGuard::default(), event };
            assert_eq!(world.hear(), None);
            world
        }

        fn hear(&mut self) -> Option<GuardOrder> {
            let order = self.guard.hear(self.event);
            if let Some(gain_db) = order.and_then(|order| order.gain_db) {
                self.event.guard_db = gain_db;
            }
            order
        }

        fn moves(&mut self, volume_db: f32, later_ms: u64) -> Option<GuardOrder> {
            self.event.at += Duration::from_millis(later_ms);
            self.event.volume_db = volume_db;
            self.hear()
        }

        fn heard_db(&self) -> f32 {
            self.event.volume_db.max(QUIET_DB) + self.event.guard_db
        }
    }

    fn order(gain_db: f32, up_db_per_s: f32) -> GuardOrder {
        GuardOrder { gain_db: Some(gain_db), up_db_per_s }
    }

    #[test]
    fn jump_is_taken_back_and_let_through_slowly() {
        let mut world = World::at(-40.0);
        assert_eq!(world.moves(0.0, 1000), Some(order(-40.0, UP_DB_PER_S)));
        let mut world = World::at(-20.0);
        world.event.mode = JumpGuard::Hold;
        assert_eq!(world.moves(-13.0, 1000), Some(order(-7.0, 0.0)));
        let mut world = World::at(-20.0);
        world.event.mode = JumpGuard::Off;
        assert_eq!(world.moves(0.0, 1000), None);
    }

    #[test]
    fn hand_on_a_slider_is_not_met() {
        let mut world = World::at(-30.0);
        for step in 1..=5_u8 {
            assert_eq!(world.moves(-30.0 + 6.0 * f32::from(step), 300), None);
        }
        assert_eq!(world.moves(-30.0, 10), None, "down is never met");
        let mut world = World::at(-120.0);
        assert_eq!(world.moves(-36.0, 300), None, "nobody has heard that");
        world.event.plays = false;
        assert_eq!(world.moves(0.0, 300), None, "nothing plays");
    }

    #[test]
    fn burst_of_small_moves_is_a_jump() {
        let mut world = World::at(-30.0);
        assert_eq!(world.moves(-25.0, 1000), None);
        assert_eq!(world.moves(-20.0, 20), Some(order(-5.0, UP_DB_PER_S)));
        assert_eq!(world.moves(-15.0, 20), Some(order(-10.0, UP_DB_PER_S)));
        assert!((world.heard_db() + 25.0).abs() < 1e-4);
    }

    #[test]
    fn further_move_is_consent() {
        let mut world = World::at(-40.0);
        world.moves(-10.0, 1000);
        assert_eq!(world.moves(-8.0, 1000), Some(order(-32.0, CONSENT_DB_PER_S)));
        assert_eq!(world.moves(0.0, 1000), Some(order(-40.0, UP_DB_PER_S)), "but no second jump");
    }

    #[test]
    fn move_down_brings_no_more_than_was_heard_before() {
        for (down_db, heard_db) in [(-5.0, -20.0), (-20.0, -20.0), (-26.0, -26.0)] {
            let mut world = World::at(-20.0);
            world.moves(0.0, 1000);
            let told = world.moves(down_db, 1000).unwrap();
            assert!((world.heard_db() - heard_db).abs() < 1e-4, "{down_db}: {told:?}");
        }
        // What was let through already goes down with the volume.
        let mut world = World::at(-20.0);
        world.moves(0.0, 1000);
        world.event.guard_db = -10.0;
        world.moves(-5.0, 1000);
        assert!((world.heard_db() + 15.0).abs() < 1e-4);
    }

    #[test]
    fn muted_device_lets_nothing_through() {
        let mut world = World::at(-40.0);
        world.moves(0.0, 1000);
        world.event.muted = true;
        let held = Some(GuardOrder { gain_db: None, up_db_per_s: 0.0 });
        assert_eq!(world.moves(0.0, 100), held);
        world.event.muted = false;
        assert_eq!(world.moves(0.0, 100).unwrap().up_db_per_s.to_bits(), UP_DB_PER_S.to_bits());
    }

    #[test]
    fn device_that_comes_back_louder_begins_as_it_was_heard() {
        let event = World::at(0.0).event;
        let appears = |mut guard: VolumeGuard, volume_db| {
            guard.hear(VolumeEvent { volume_db, plays: false, ..event })
        };
        assert_eq!(appears(VolumeGuard::returned(-30.0), 0.0), Some(order(-30.0, UP_DB_PER_S)));
        assert_eq!(appears(VolumeGuard::returned(-30.0), -26.0), None);
        assert_eq!(appears(VolumeGuard::of_new_device(), 0.0), Some(order(-12.0, UP_DB_PER_S)));
        assert_eq!(appears(VolumeGuard::of_new_device(), -10.0), Some(order(-8.0, UP_DB_PER_S)));
        assert_eq!(appears(VolumeGuard::of_new_device(), -24.0), None);
        assert_eq!(appears(VolumeGuard::default(), 0.0), None, "it was always there");
    }
}
