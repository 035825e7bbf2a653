//! Owns what is known of a programme: how loud it is, and whether it is still the same; runs on the audio thread.
//!
//! It takes one loudness every 100 ms, and knows a programme by the loud ones; what rests take off that is apart
//! ([`Rests`]). A programme that becomes louder is adopted after 2.5 s, until then the surge
//! holds it; one that becomes quieter sooner, the more it moves like speech or music. What a louder one has taken the
//! place of for a few seconds goes on as soon as it is heard again: a blast of 3 s was no programme.

use super::evidence::{
    Interrupted, KNOWN_BLOCKS, KNOWN_LU, Known, LOUD_LU, LOW_LU, Louder, PAUSE_LU, Quieter,
    SURGE_BLOCKS, Unreached,
};
use super::rests::Rests;
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
/// Loud blocks in a row that still count, reduced, for the same programme.
const LOUD_ROW: u32 = 3;
/// A surge caught so deep says nothing of the programme, in dB; nor does what is still above it, in LU, after so many
/// loud blocks.
const CAUGHT_DB: f32 = -1.5;
const TAIL_LU: f32 = 3.0;
const TAIL_BLOCKS: f64 = 3.0;
/// A surge so deep counts, in dB.
const SURGE_DB: f32 = -6.0;
/// How long a level has to stand to be known and to be stable, in seconds.
const STOOD_S: f32 = 3.0;
const STABLE_S: f32 = 6.0;
/// A programme is new for so long, in seconds.
const NEW_S: f32 = 1.0;
/// How long a new programme's gain is acquired, in blocks.
const ACQUIRING_BLOCKS: u32 = 30;
/// A level from before that is off by more than this is dropped, in LU.
const WRONG_LU: f32 = 4.0;
/// A reading so far below is that of a known level, if it moves so much and is close to it, in LU.
const FALLEN_LU: f32 = 4.0;
const FALLEN_FLICKER_LU: f32 = 1.5;
/// The flicker of a programme follows with this share of a block, those of music and of speech, in LU.
const CHARACTER_SHARE: f32 = 0.025;
const MUSIC_LU: f32 = 2.0;
const SPEECH_LU: f32 = 3.5;
/// Of a programme of which nothing is known; it counts as speech.
const UNKNOWN_LU: f32 = 5.0;
/// A block in which the surge goes deeper is no sign of music, in dB.
const TOUCHED_DB: f32 = -0.5;

/// What is known of a programme.
#[derive(Clone, Debug)]
pub(crate) struct Programme {
    /// The loudness of its loud blocks, without rests, in LUFS.
    level: Option<f32>,
    rests: Rests,
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
    /// The same over seconds, of this programme alone.
    character: f32,
    before: Option<f32>,
    louder: Louder,
    quieter: Quieter,
    unreached: Unreached,
    interrupted: Option<Interrupted>,
    known: [Known; 2],
    since_surge: u32,
    is_active: bool,
    is_low: bool,
}

impl Programme {
    pub(crate) fn new() -> Self {
        Self {
            level: None,
            rests: Rests::new(0.0),
            age_s: 0.0,
            is_tentative: false,
            acquiring: 0,
            ring: [0.0; RING],
            ring_count: 0,
            ring_position: 0,
            flicker: 0.0,
            character: UNKNOWN_LU,
            before: None,
            louder: Louder::default(),
            quieter: Quieter::default(),
            unreached: Unreached::default(),
            interrupted: None,
            known: [None; 2],
            since_surge: SURGE_BLOCKS,
            is_active: false,
            is_low: false,
        }
    }

    /// The loudness of the programme, in LUFS.
    pub(crate) fn level(&self) -> Option<f32> {
        self.level.map(|level| level + self.rests.db())
    }

    /// Whether none is known yet, or this one has only begun.
    pub(crate) fn is_new(&self) -> bool {
        self.level.is_none() || self.age_s < NEW_S
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

    /// Evidence for a louder programme, in blocks.
    pub(crate) fn loud_blocks(&self) -> f64 {
        self.louder.blocks
    }

    /// How far it is music, which has passages of seconds, as against speech, which has only peaks: 0 to 1.
    pub(crate) fn music(&self) -> f32 {
        ((SPEECH_LU - self.character) / (SPEECH_LU - MUSIC_LU)).clamp(0.0, 1.0)
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
        let confirmed = self.level.filter(|_| !self.is_tentative);
        if confirmed.is_none() {
            self.rests.hear(power);
        }
        self.is_active = level > SILENT_LUFS;
        if !self.is_active {
            self.is_low = true;
            self.louder.pause();
            if let Some(programme) = confirmed {
                self.rests.block(power, mean_square(programme));
            }
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
        if let Some(louder) = self.louder.block(power, distance, self.age_s < NEW_S) {
            let before = self.interrupted.take();
            let interrupted = if self.age_s >= STOOD_S {
                Some(Interrupted::new(programme, self.character, self.age_s, self.rests))
            } else {
                before
            };
            self.adopt(louder);
            self.interrupted = interrupted;
            return true;
        }
        if self.resumes(power, level, distance) {
            return true;
        }
        if let Some(quieter) =
            self.quieter.block(power, level, distance, &self.known, self.since_surge)
        {
            return self.adopt(quieter);
        }
        if let Some(softer) = self.unreached.block(power, distance, rise) {
            return self.adopt(softer);
        }
        if self.same(power, programme, distance, surge_db)
            && (surge_db > TOUCHED_DB || moved > self.character)
        {
            self.character += CHARACTER_SHARE * (moved - self.character);
        }
        self.fallen(programme).is_some_and(|level| self.adopt(level))
    }

    /// Takes a block; whether what a louder programme interrupted goes on.
    fn resumes(&mut self, power: f64, level: f32, distance: f32) -> bool {
        let Some(interrupted) = &mut self.interrupted else { return false };
        let goes_on = interrupted.block(power, level, distance);
        let before = *interrupted;
        if !goes_on {
            self.interrupted = self.interrupted.filter(Interrupted::is_near);
            return false;
        }
        self.adopt(before.level);
        self.rests = before.rests;
        self.rests.resume(mean_square(before.level));
        self.character = before.character;
        self.age_s = before.age_s;
        true
    }

    /// A known level that the reading has come back to, between two at which blocks speak for another programme.
    fn fallen(&self, programme: f32) -> Option<f32> {
        let reading = self.reading();
        if programme - reading <= FALLEN_LU || self.flicker <= FALLEN_FLICKER_LU {
            return None;
        }
        let near = |known: &&(f32, u32)| (known.0 - reading).abs() <= KNOWN_LU;
        self.known.iter().flatten().find(near).map(|(known, _)| 0.6 * known + 0.4 * reading)
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

    /// Follows a programme that is still the same; whether the block is of it.
    fn same(&mut self, power: f64, programme: f32, distance: f32, surge_db: f32) -> bool {
        let enters = distance >= PAUSE_LU && !(distance < LOW_LU && self.quieter.blocks >= 3);
        let is_surge = distance > LOUD_LU && (self.louder.row > LOUD_ROW || surge_db < CAUGHT_DB);
        let is_tail = distance > TAIL_LU && self.louder.blocks > TAIL_BLOCKS;
        if is_surge || is_tail {
            return false;
        }
        let counted = power.min(mean_square(programme + LOUD_LU));
        self.rests.block(counted, mean_square(programme));
        if !enters {
            return false;
        }
        self.push(counted);
        self.age_s += 0.1;
        let away = self.reading() - programme;
        let tau_s = self.tau_s(away);
        self.level = Some(programme + away * (1.0 - (-0.1 / tau_s).exp()));
        true
    }

    /// How slowly the level follows a reading that is so far away, in seconds.
    fn tau_s(&mut self, away: f32) -> f32 {
        if self.age_s < 2.0 {
            return 0.2;
        }
        let (slow_s, widest) = if away < 0.0 { (20.0, 3.0) } else { (4.0, 2.5) };
        let away_up = away > 0.0;
        let grown =
            |from_s: f32, to_s: f32| ((self.age_s - from_s) / (to_s - from_s)).clamp(0.0, 1.0);
        // The longer it has stood, the more of its own movement is the programme's.
        let near = 1.5 + (widest - 1.5) * grown(3.0, 10.0) + 2.0 * grown(10.0, 30.0);
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
        self.rests = Rests::new(mean_square(level));
        self.character = UNKNOWN_LU;
        self.age_s = 0.0;
        self.acquiring = ACQUIRING_BLOCKS;
        self.louder = Louder::default();
        self.quieter = Quieter::default();
        self.unreached = Unreached::default();
        self.interrupted = None;
        self.is_low = false;
        let places = self.ring_count.min(ADOPTED_PLACES);
        self.ring_count = places;
        self.ring_position = places % RING;
        self.ring[..places].fill(mean_square(level));
        true
    }

    fn remember(&mut self, level: f32) {
        let near = |known: &Known| known.is_some_and(|(known, _)| (known - level).abs() < KNOWN_LU);
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
            rests_db: self.rests.db(),
            known_lufs: self.known.map(|known| known.map(|(level, _)| level)),
        }
    }

    /// Goes on from another's state.
    pub(crate) fn take_over(&mut self, level_lufs: Option<f32>, state: &ProgrammeState) {
        *self = Self::new();
        let finite = |level: Option<f32>| {
            level.filter(|level| level.is_finite()).map(|level| level.clamp(-120.0, 20.0))
        };
        self.age_s = if state.age_s.is_finite() { state.age_s.clamp(0.0, 1e6) } else { 0.0 };
        self.level = finite(level_lufs).map(|level| {
            self.rests = Rests::taken_over(mean_square(level), 10.0 * self.age_s, state.rests_db);
            level - self.rests.db()
        });
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
