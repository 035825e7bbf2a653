//! Owns the slow gain of the leveller: how it goes to where the programme wants it; runs on the audio thread.

use super::programme::Programme;
use crate::params::LevellerParams;

/// Seconds of a block.
const BLOCK_S: f32 = 0.1;
/// The fastest rise, in dB per second.
const FASTEST_UP: f32 = 30.0;
/// Time constants of the gain of a new programme, up and down, in seconds.
const ACQUIRE_UP_S: f32 = 0.2;
const ACQUIRE_DOWN_S: f32 = 0.5;
/// Within this of its goal the gain has arrived, in dB.
const ARRIVED_DB: f32 = 0.3;
/// Time constant of the drift within the dead zone, in seconds.
const DRIFT_S: f32 = 8.0;
/// Steady background is raised by no more than this, in dB.
const AMBIENCE_DB: f32 = 6.0;

/// The slow gain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gain {
    gain_db: f32,
    is_moving: bool,
}

impl Gain {
    /// The gain at the end of the block that was planned last, in dB.
    pub(crate) fn gain_db(self) -> f32 {
        self.gain_db
    }

    /// Puts the gain somewhere at once.
    pub(crate) fn jump_to(&mut self, gain_db: f32) {
        *self = Self { gain_db, is_moving: false };
    }

    /// The gain that a level wants, in dB.
    pub(crate) fn goal_db(params: &LevellerParams, level_lufs: f32) -> f32 {
        (params.target_lufs - level_lufs).clamp(-params.max_cut_db, params.max_boost_db)
    }

    /// Plans the next block.
    pub(crate) fn plan(
        &mut self,
        params: &LevellerParams,
        programme: &Programme,
        is_adopted: bool,
    ) {
        let Some(level) = programme.level().filter(|_| programme.is_active()) else { return };
        let mut goal = Self::goal_db(params, level);
        if programme.is_ambience() {
            goal = goal.min(AMBIENCE_DB.max(self.gain_db));
        }
        let error = goal - self.gain_db;
        let away = error.abs();
        let is_rising = error > 0.0;
        if is_rising
            && (!programme.is_active() || (programme.is_low() && !programme.is_acquiring()))
        {
            return;
        }
        let age_s = programme.age_s();
        let zone = if is_rising { zone_db(age_s, 1.0, 2.0) } else { zone_db(age_s, 0.7, 1.2) };
        self.is_moving |= is_adopted || away > zone;
        self.is_moving &= away >= ARRIVED_DB;
        let speed = if programme.is_acquiring() {
            if is_rising { (away / ACQUIRE_UP_S).min(FASTEST_UP) } else { away / ACQUIRE_DOWN_S }
        } else if self.is_moving {
            away.max(1.0)
        } else {
            away / DRIFT_S
        };
        self.gain_db += (speed * BLOCK_S).min(away).copysign(error);
    }
}

/// How far the gain may be off before it moves, in dB: grows with the age of the programme.
fn zone_db(age_s: f32, at_4_s: f32, at_10_s: f32) -> f32 {
    if age_s < 4.0 {
        at_4_s * age_s / 4.0
    } else {
        at_4_s + (at_10_s - at_4_s) * ((age_s - 4.0) / 6.0).min(1.0)
    }
}
