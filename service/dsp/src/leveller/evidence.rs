//! Owns the evidence that another programme has begun; runs on the audio thread.

use super::rests::Rests;
use super::surge::loudness;

/// How far above and below the programme a block speaks for another one, in LU.
pub(super) const LOUD_LU: f32 = 5.5;
pub(super) const LOW_LU: f32 = -8.0;
/// A block so far below is a pause, in LU.
pub(super) const PAUSE_LU: f32 = -14.0;
/// Loud blocks after which a louder programme is adopted; fewer while this one is new.
const LOUD_BLOCKS: f64 = 25.0;
const LOUD_BLOCKS_WHILE_NEW: f64 = 3.0;
/// What a block that says otherwise leaves of the evidence for a louder programme, and what a pause leaves of it.
const LEAK: f64 = 0.93;
const PAUSE_LEAK: f64 = 0.99;
/// Seconds of evidence for a quieter programme: of one that moves, and of one that does not.
const NEED_MOVING_S: f32 = 0.5;
const NEED_STEADY_S: f32 = 5.0;
/// The same for a level that was known before, and the least right after a surge.
const NEED_KNOWN_S: f32 = 0.3;
const NEED_AFTER_SURGE_S: f32 = 1.0;
pub(super) const SURGE_BLOCKS: u32 = 30;
/// What is quieter than this is a noise floor, however it moves, in LUFS.
const FLOOR_LUFS: f32 = -42.0;
/// Blocks that have to be near enough and rises among them, for a softer voice; what counts as a rise, in dB, and from
/// where on the programme's level is reached, in LU.
const UNREACHED_BLOCKS: u32 = 10;
const UNREACHED_RISES: u32 = 4;
const UNREACHED_RISE_DB: f32 = 3.0;
const REACHED_LU: f32 = -3.0;
/// A block so far below the loudest of the quieter ones is a pause among them, in LU; how much of the loudest each pause
/// forgets, in LU, and how few blocks may have been no programme: the end of what was loud is neither.
const BELOW_LU: f32 = 15.0;
const FORGOTTEN_LU: f32 = 0.5;
const END_BLOCKS: u32 = 5;
/// How close a level is to a known one, in LU, and how long one is known, in blocks.
pub(super) const KNOWN_LU: f32 = 3.5;
pub(super) const KNOWN_BLOCKS: u32 = 600;

/// A level that was known before, and for how many blocks it still is.
pub(super) type Known = Option<(f32, u32)>;

/// Evidence for a louder programme.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Louder {
    pub(super) blocks: f64,
    power: f64,
    pub(super) row: u32,
}

impl Louder {
    /// Forgets a part, as after a block that says otherwise.
    fn leak(&mut self, left: f64) {
        self.row = 0;
        self.blocks *= left;
        self.power *= left;
    }

    /// Takes a pause.
    pub(super) fn pause(&mut self) {
        self.leak(PAUSE_LEAK);
    }

    /// Takes a block so far from the programme; returns the level of a louder one.
    pub(super) fn block(&mut self, power: f64, distance: f32, is_new: bool) -> Option<f32> {
        if distance <= LOUD_LU {
            self.leak(if distance < PAUSE_LU { PAUSE_LEAK } else { LEAK });
            return None;
        }
        self.blocks += 1.0;
        self.power += power;
        self.row += 1;
        let enough = if is_new { LOUD_BLOCKS_WHILE_NEW } else { LOUD_BLOCKS };
        (self.blocks >= enough).then(|| loudness(self.power / self.blocks))
    }
}

/// Evidence for a quieter programme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quieter {
    /// One is enough.
    evidence: f32,
    power: f64,
    weight: f64,
    loudest: f32,
    pub(super) blocks: u32,
    /// Whether each of the last eight blocks rose by more than 1 dB; the latest is the lowest bit.
    rises: u8,
    /// How much they move, in LU.
    flicker: f32,
    /// The block right before, if it was one of these.
    before: Option<f32>,
    back: u32,
}

impl Default for Quieter {
    fn default() -> Self {
        Self {
            evidence: 0.0,
            power: 0.0,
            weight: 0.0,
            loudest: -200.0,
            blocks: 0,
            rises: 0,
            flicker: 0.0,
            before: None,
            back: 0,
        }
    }
}

impl Quieter {
    /// Takes a block so far from the programme; returns the level of a quieter one.
    ///
    /// `since_surge` is how many blocks ago a surge was caught.
    pub(super) fn block(
        &mut self,
        power: f64,
        level: f32,
        distance: f32,
        known: &[Known; 2],
        since_surge: u32,
    ) -> Option<f32> {
        if distance >= LOW_LU {
            self.before = None;
            self.back = if distance > -4.0 { self.back + 1 } else { 0 };
            if self.back >= 2 {
                *self = Self::default();
            } else {
                self.evidence *= if self.back == 1 { 0.5 } else { 0.9 };
            }
            return None;
        }
        self.back = 0;
        if level <= self.loudest - BELOW_LU {
            self.loudest -= FORGOTTEN_LU;
            if self.blocks < END_BLOCKS && level > self.loudest - BELOW_LU {
                *self = Self::default();
            }
            return None;
        }
        self.loudest = self.loudest.max(level);
        let change = self.before.map_or(0.0, |before| level - before);
        self.rises = self.rises << 1 | u8::from(change > 1.0);
        self.flicker += 0.25 * (2.0 * change.clamp(0.0, 6.0) - self.flicker);
        self.before = Some(level);
        self.blocks += 1;
        self.power = 0.9 * self.power + power;
        self.weight = 0.9 * self.weight + 1.0;
        let reading = loudness(self.power / self.weight);
        // Noise and dying sounds do not rise.
        let moves = self.rises.count_ones() >= 2 && reading > FLOOR_LUFS;
        let flicker = if moves { self.flicker } else { 0.0 };
        let mut need_s = (NEED_STEADY_S * (-flicker / 1.5).exp()).max(NEED_MOVING_S);
        let mut adopted = reading;
        let near = |known: &&(f32, u32)| (known.0 - reading).abs() <= KNOWN_LU;
        if let Some((known, _)) = known.iter().flatten().find(near)
            && flicker > 1.5
        {
            need_s = need_s.min(NEED_KNOWN_S);
            adopted = 0.6 * known + 0.4 * reading;
        } else if since_surge < SURGE_BLOCKS {
            need_s = need_s.max(NEED_AFTER_SURGE_S);
        }
        self.evidence += 0.1 / need_s;
        (self.evidence >= 1.0).then_some(adopted)
    }
}

/// How long a louder programme may turn out to have been a blast, in blocks.
const INTERRUPTED_BLOCKS: u32 = 100;
/// What is nearer to the louder programme than this is of it, in LU.
const FALLEN_OUT_LU: f32 = -6.5;
/// Blocks of sound that have to be so near to the level from before, in LU.
const RESUMED_BLOCKS: u32 = 3;
const RESUMED_LU: f32 = 4.0;

/// A programme that a louder one has taken the place of a moment ago, and may have only interrupted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupted {
    pub(super) level: f32,
    pub(super) character: f32,
    pub(super) age_s: f32,
    pub(super) rests: Rests,
    left: u32,
    power: f64,
    blocks: u32,
}

impl Interrupted {
    pub(super) fn new(level: f32, character: f32, age_s: f32, rests: Rests) -> Self {
        Self { level, character, age_s, rests, left: INTERRUPTED_BLOCKS, power: 0.0, blocks: 0 }
    }

    /// Whether it may still go on.
    pub(super) fn is_near(&self) -> bool {
        self.left > 0
    }

    /// Takes a block so far from the louder programme; returns whether this one goes on.
    pub(super) fn block(&mut self, power: f64, level: f32, distance: f32) -> bool {
        self.left = self.left.saturating_sub(1);
        if distance > FALLEN_OUT_LU {
            (self.power, self.blocks) = (0.0, 0);
        } else if level > self.level + PAUSE_LU {
            self.power += power;
            self.blocks += 1;
        }
        self.blocks >= RESUMED_BLOCKS
            && (loudness(self.power / f64::from(self.blocks)) - self.level).abs() < RESUMED_LU
    }
}

/// Sound that moves like speech and never reaches the level that it is said to have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unreached {
    rises: u32,
    power: f64,
    counted: u32,
}

impl Unreached {
    /// The level of somebody who speaks a little softer: too near for a pause, and never as loud as the programme.
    pub(super) fn block(&mut self, power: f64, distance: f32, rise: f32) -> Option<f32> {
        if distance > REACHED_LU {
            *self = Self::default();
            return None;
        }

        self.rises += u32::from(rise > UNREACHED_RISE_DB);
        if distance > PAUSE_LU {
            self.power += power;
            self.counted += 1;
        }
        let is_enough = self.rises >= UNREACHED_RISES && self.counted >= UNREACHED_BLOCKS;
        is_enough.then(|| loudness(self.power / f64::from(self.counted)))
    }
}
