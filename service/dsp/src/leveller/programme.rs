//! Owns what is known of a programme: how loud it is, and whether it is still the same; runs on the audio thread.
//!
//! It takes one loudness every 100 ms. A programme that becomes louder is adopted after 2.5 s, until then the surge
//! holds it; one that becomes quieter sooner, the more it moves like speech or music.

use super::surge::loudness;
use crate::state::ProgrammeState;

/// Blocks quieter than this count as silence, in LUFS.
const SILENT_LUFS: f32 = -60.0;
/// The fastest that a level rises once it has stood, in seconds: a passage of 2 s leaves little of itself.
const FASTEST_UP_S: f32 = 1.5;
/// Blocks of 100 ms in the reading, and those that make a first one.
const RING: usize = 12;
const FIRST_BLOCKS: usize = 4;
/// Places that are filled with the level of an adopted programme.
const ADOPTED_PLACES: usize = 8;
/// How far above and below the programme a block speaks for another one, in LU.
const LOUD_LU: f32 = 5.5;
const LOW_LU: f32 = -8.0;
/// A block so far below is a pause, in LU.
const PAUSE_LU: f32 = -14.0;
/// Loud blocks after which a louder programme is adopted; fewer while this one is new.
const LOUD_BLOCKS: f64 = 25.0;
const LOUD_BLOCKS_WHILE_NEW: f64 = 3.0;
/// Loud blocks in a row that still count, reduced, for the same programme.
const LOUD_ROW: u32 = 3;
/// A surge caught so deep says nothing of the programme, in dB; nor does what is still above it, in LU, after so many
/// loud blocks.
const CAUGHT_DB: f32 = -1.5;
const TAIL_LU: f32 = 3.0;
const TAIL_BLOCKS: f64 = 3.0;
/// What a block that says otherwise leaves of the evidence for a louder programme, and what a pause leaves of it.
const LEAK: f64 = 0.93;
const PAUSE_LEAK: f64 = 0.99;
/// Seconds of evidence for a quieter programme: of one that moves, and of one that does not.
const NEED_MOVING_S: f32 = 0.5;
const NEED_STEADY_S: f32 = 5.0;
/// The same for a level that was known before, and the least right after a surge.
const NEED_KNOWN_S: f32 = 0.3;
const NEED_AFTER_SURGE_S: f32 = 1.0;
const SURGE_BLOCKS: u32 = 30;
/// A surge so deep counts, in dB.
const SURGE_DB: f32 = -6.0;
/// What is quieter than this is a noise floor, however it moves, in LUFS.
const FLOOR_LUFS: f32 = -42.0;
/// Blocks that have to be near enough and rises among them, for a softer voice; what counts as a rise, in dB, and from
/// where on the programme's level is reached, in LU.
const UNREACHED_BLOCKS: u32 = 10;
const UNREACHED_RISES: u32 = 4;
const UNREACHED_RISE_DB: f32 = 3.0;
const REACHED_LU: f32 = -3.0;
/// How close a level is to a known one, in LU, and how long one is known, in blocks.
const KNOWN_LU: f32 = 3.5;
const KNOWN_BLOCKS: u32 = 600;
/// How long a level has to stand to be known and to be stable, in seconds.
const STOOD_S: f32 = 3.0;
const STABLE_S: f32 = 6.0;
/// How long a new programme's gain is acquired, in blocks.
const ACQUIRING_BLOCKS: u32 = 30;
/// A level from before that is off by more than this is dropped, in LU.
const WRONG_LU: f32 = 4.0;

/// What is known of a programme.
#[derive(Clone, Debug)]
pub(crate) struct Programme {
    level: Option<f32>,
    /// How long the level has stood, in seconds.
    age_s: f32,
    /// Whether the level comes from an earlier time and no sound has confirmed it.
    is_tentative: bool,
    acquiring: u32,
    ring: [f64; RING],
    ring_count: usize,
    ring_position: usize,
    /// How much the loudness moves from block to block, in LU.
    flicker: f32,
    before: Option<f32>,
    louder: Louder,
    quieter: Quieter,
    unreached: Unreached,
    known: [Option<(f32, u32)>; 2],
    since_surge: u32,
    is_active: bool,
    is_low: bool,
}

/// Evidence for a louder programme.
#[derive(Clone, Copy, Debug, Default)]
struct Louder {
    blocks: f64,
    power: f64,
    row: u32,
}

/// Evidence for a quieter programme.
#[derive(Clone, Copy, Debug)]
struct Quieter {
    /// One is enough.
    evidence: f32,
    power: f64,
    weight: f64,
    loudest: f32,
    blocks: u32,
    /// Whether each of the last eight blocks rose by more than 1 dB; the latest is the lowest bit.
    rises: u8,
    /// How much they move, in LU.
    flicker: f32,
    /// The block right before, if it was one of these.
    before: Option<f32>,
    back: u32,
}

/// Sound that moves like speech and never reaches the level that it is said to have.
#[derive(Clone, Copy, Debug, Default)]
struct Unreached {
    blocks: u32,
    rises: u32,
    power: f64,
    counted: u32,
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

impl Programme {
    pub(crate) fn new() -> Self {
        Self {
            level: None,
            age_s: 0.0,
            is_tentative: false,
            acquiring: 0,
            ring: [0.0; RING],
            ring_count: 0,
            ring_position: 0,
            flicker: 0.0,
            before: None,
            louder: Louder::default(),
            quieter: Quieter::default(),
            unreached: Unreached::default(),
            known: [None; 2],
            since_surge: SURGE_BLOCKS,
            is_active: false,
            is_low: false,
        }
    }

    /// The loudness of the programme, in LUFS.
    pub(crate) fn level(&self) -> Option<f32> {
        self.level
    }

    pub(crate) fn age_s(&self) -> f32 {
        self.age_s
    }

    /// Whether the gain is to go to a new programme's at once.
    pub(crate) fn is_acquiring(&self) -> bool {
        self.acquiring > 0
    }

    /// Whether the latest block had sound.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Whether the latest block was far below the programme.
    pub(crate) fn is_low(&self) -> bool {
        self.is_low
    }

    /// Whether it is a steady, quiet background.
    pub(crate) fn is_ambience(&self) -> bool {
        self.flicker < 1.0 && self.level.is_some_and(|level| level < -35.0)
    }

    /// Whether the level has stood for long enough to be remembered.
    pub(crate) fn is_stable(&self) -> bool {
        self.level.is_some() && !self.is_tentative && self.age_s >= STABLE_S
    }

    /// Takes the power of a block and how deep the surge went in it; true when another programme is adopted.
    pub(crate) fn block(&mut self, power: f64, surge_db: f32) -> bool {
        let level = loudness(power);
        self.since_surge =
            if surge_db <= SURGE_DB { 0 } else { (self.since_surge + 1).min(SURGE_BLOCKS) };
        for known in &mut self.known {
            *known = known.and_then(|(level, left)| left.checked_sub(1).map(|left| (level, left)));
        }
        self.is_active = level > SILENT_LUFS;
        if !self.is_active {
            self.is_low = true;
            self.leak_louder(PAUSE_LEAK);
            return false;
        }
        let rise = level - self.before.unwrap_or(level);
        let moved = rise.abs().min(6.0);
        self.before = Some(level);
        self.flicker += 0.2 * (moved - self.flicker);
        self.acquiring = self.acquiring.saturating_sub(1);
        let Some(programme) = self.level else { return self.first(power) };
        if self.is_tentative {
            return self.confirm(power, programme);
        }
        let distance = level - programme;
        self.is_low = distance < LOW_LU;
        if let Some(louder) = self.louder(power, distance) {
            return self.adopt(louder);
        }
        if let Some(quieter) = self.quieter(power, level, distance) {
            return self.adopt(quieter);
        }
        if let Some(softer) = self.unreached(power, distance, rise) {
            return self.adopt(softer);
        }
        self.same(power, programme, distance, surge_db);
        false
    }

    fn leak_louder(&mut self, left: f64) {
        self.louder.row = 0;
        self.louder.blocks *= left;
        self.louder.power *= left;
    }

    /// The level of a programme of which nothing was known.
    fn first(&mut self, power: f64) -> bool {
        self.is_low = false;
        self.push(power);
        if self.ring_count < FIRST_BLOCKS {
            return false;
        }
        self.level = Some(self.reading());
        self.age_s = 0.0;
        self.acquiring = ACQUIRING_BLOCKS;
        true
    }

    /// Keeps or drops a level from an earlier time.
    fn confirm(&mut self, power: f64, remembered: f32) -> bool {
        self.is_low = false;
        self.push(power);
        if self.ring_count < FIRST_BLOCKS {
            return false;
        }
        self.is_tentative = false;
        self.age_s = 0.0;
        let reading = self.reading();
        if (reading - remembered).abs() <= WRONG_LU {
            return false;
        }
        self.level = Some(reading);
        self.acquiring = ACQUIRING_BLOCKS;
        true
    }

    fn louder(&mut self, power: f64, distance: f32) -> Option<f32> {
        if distance <= LOUD_LU {
            self.leak_louder(if distance < PAUSE_LU { PAUSE_LEAK } else { LEAK });
            return None;
        }
        let louder = &mut self.louder;
        louder.blocks += 1.0;
        louder.power += power;
        louder.row += 1;
        let enough = if self.age_s < 1.0 { LOUD_BLOCKS_WHILE_NEW } else { LOUD_BLOCKS };
        (louder.blocks >= enough).then(|| loudness(louder.power / louder.blocks))
    }

    fn quieter(&mut self, power: f64, level: f32, distance: f32) -> Option<f32> {
        let quieter = &mut self.quieter;
        if distance >= LOW_LU {
            quieter.before = None;
            quieter.back = if distance > -4.0 { quieter.back + 1 } else { 0 };
            if quieter.back >= 2 {
                *quieter = Quieter::default();
            } else {
                quieter.evidence *= if quieter.back == 1 { 0.5 } else { 0.9 };
            }
            return None;
        }
        quieter.back = 0;
        if level <= quieter.loudest - 15.0 {
            return None;
        }
        quieter.loudest = quieter.loudest.max(level);
        let change = quieter.before.map_or(0.0, |before| level - before);
        quieter.rises = quieter.rises << 1 | u8::from(change > 1.0);
        quieter.flicker += 0.25 * (2.0 * change.clamp(0.0, 6.0) - quieter.flicker);
        quieter.before = Some(level);
        quieter.blocks += 1;
        quieter.power = 0.9 * quieter.power + power;
        quieter.weight = 0.9 * quieter.weight + 1.0;
        let reading = loudness(quieter.power / quieter.weight);
        // Noise and dying sounds do not rise.
        let moves = quieter.rises.count_ones() >= 2 && reading > FLOOR_LUFS;
        let flicker = if moves { quieter.flicker } else { 0.0 };
        let mut need_s = (NEED_STEADY_S * (-flicker / 1.5).exp()).max(NEED_MOVING_S);
        let mut adopted = reading;
        let near = |known: &&(f32, u32)| (known.0 - reading).abs() <= KNOWN_LU;
        if let Some((known, _)) = self.known.iter().flatten().find(near)
            && flicker > 1.5
        {
            need_s = need_s.min(NEED_KNOWN_S);
            adopted = 0.6 * known + 0.4 * reading;
        } else if self.since_surge < SURGE_BLOCKS {
            need_s = need_s.max(NEED_AFTER_SURGE_S);
        }
        quieter.evidence += 0.1 / need_s;
        (quieter.evidence >= 1.0).then_some(adopted)
    }

    /// The level of somebody who speaks a little softer: too near for a pause, and never as loud as the programme.
    fn unreached(&mut self, power: f64, distance: f32, rise: f32) -> Option<f32> {
        let unreached = &mut self.unreached;
        if distance > REACHED_LU {
            *unreached = Unreached::default();
            return None;
        }
        unreached.blocks += 1;
        unreached.rises += u32::from(rise > UNREACHED_RISE_DB);
        if distance > PAUSE_LU {
            unreached.power += power;
            unreached.counted += 1;
        }
        let is_enough = unreached.rises >= UNREACHED_RISES && unreached.counted >= UNREACHED_BLOCKS;
        is_enough.then(|| loudness(unreached.power / f64::from(unreached.counted)))
    }

    /// Follows a programme that is still the same.
    fn same(&mut self, power: f64, programme: f32, distance: f32, surge_db: f32) {
        let enters = distance >= PAUSE_LU && !(distance < LOW_LU && self.quieter.blocks >= 3);
        let is_surge = distance > LOUD_LU && (self.louder.row > LOUD_ROW || surge_db < CAUGHT_DB);
        let is_tail = distance > TAIL_LU && self.louder.blocks > TAIL_BLOCKS;
        if !enters || is_surge || is_tail {
            return;
        }
        let most = mean_square(programme + LOUD_LU);
        self.push(power.min(most));
        self.age_s += 0.1;
        let away = self.reading() - programme;
        let tau_s = self.tau_s(away);
        self.level = Some(programme + away * (1.0 - (-0.1 / tau_s).exp()));
    }

    /// How slowly the level follows a reading that is so far away, in seconds.
    fn tau_s(&mut self, away: f32) -> f32 {
        if self.age_s < 2.0 {
            return 0.2;
        }
        let (slow_s, widest) = if away < 0.0 { (9.0, 3.0) } else { (4.0, 2.5) };
        let away_up = away > 0.0;
        let near = 1.5 + (widest - 1.5) * ((self.age_s - 3.0) / 7.0).clamp(0.0, 1.0);
        let away = away.abs().max(1e-3);
        let fastest_s = if away_up { FASTEST_UP_S } else { 0.5 };
        let mut tau_s = (slow_s * (near / away).powi(3)).clamp(fastest_s, slow_s);
        if self.age_s < 4.0 {
            tau_s = tau_s.min(1.5);
        }
        if away > near + 1.0 {
            self.age_s = self.age_s.min(4.0);
        }
        tau_s
    }

    /// Takes another programme's level.
    fn adopt(&mut self, level: f32) -> bool {
        if let Some(old) = self.level.filter(|_| self.age_s >= STOOD_S) {
            self.remember(old);
        }
        self.level = Some(level);
        self.age_s = 0.0;
        self.acquiring = ACQUIRING_BLOCKS;
        self.louder = Louder::default();
        self.quieter = Quieter::default();
        self.unreached = Unreached::default();
        self.is_low = false;
        let places = self.ring_count.min(ADOPTED_PLACES);
        self.ring_count = places;
        self.ring_position = places % RING;
        self.ring[..places].fill(mean_square(level));
        true
    }

    fn remember(&mut self, level: f32) {
        let near = |known: &Option<(f32, u32)>| {
            known.is_some_and(|(known, _)| (known - level).abs() < KNOWN_LU)
        };
        if let Some(same) = self.known.iter().position(near) {
            self.known[same] = None;
        }
        if self.known[0].is_some() {
            self.known[1] = self.known[0];
        }
        self.known[0] = Some((level, KNOWN_BLOCKS));
    }

    fn push(&mut self, power: f64) {
        self.ring[self.ring_position] = power;
        self.ring_position = (self.ring_position + 1) % RING;
        self.ring_count = (self.ring_count + 1).min(RING);
    }

    /// The loudness of the ring, without the blocks far below its mean, in LUFS.
    fn reading(&self) -> f32 {
        let ring = &self.ring[..self.ring_count];
        let gate = ring.iter().sum::<f64>() / ring.len().max(1) as f64 * 0.039_810_717;
        let (mut sum, mut count) = (0.0, 0);
        for power in ring.iter().filter(|power| **power >= gate) {
            sum += power;
            count += 1;
        }
        loudness(sum / f64::from(count.max(1)))
    }

    pub(crate) fn state(&self) -> ProgrammeState {
        ProgrammeState {
            age_s: self.age_s,
            is_tentative: self.is_tentative,
            known_lufs: self.known.map(|known| known.map(|(level, _)| level)),
        }
    }

    /// Goes on from another's state.
    pub(crate) fn take_over(&mut self, level_lufs: Option<f32>, state: &ProgrammeState) {
        *self = Self::new();
        let finite = |level: Option<f32>| {
            level.filter(|level| level.is_finite()).map(|level| level.clamp(-120.0, 20.0))
        };
        self.level = finite(level_lufs);
        self.age_s = if state.age_s.is_finite() { state.age_s.clamp(0.0, 1e6) } else { 0.0 };
        self.is_tentative = state.is_tentative;
        self.known = state.known_lufs.map(|known| finite(known).map(|level| (level, KNOWN_BLOCKS)));
        if let Some(level) = self.level.filter(|_| !state.is_tentative) {
            self.ring_count = ADOPTED_PLACES;
            self.ring_position = ADOPTED_PLACES;
            self.ring[..ADOPTED_PLACES].fill(mean_square(level));
        }
    }
}

/// Weighted mean square of a loudness.
fn mean_square(lufs: f32) -> f64 {
    crate::loudness::mean_square(f64::from(lufs))
}
