//! Owns the fast part of the leveller: it holds what jumps out of a level; runs on the audio thread.
//!
//! Three caps in a row, each measuring what the one before it leaves: A takes bangs and onsets (1 to 50 ms), B what
//! lasts (100 ms), C what stays (400 ms). A bang ends in A and ducks nothing behind it; a lasting blast ends in C,
//! without ripple. Windows are rectangular: a one-pole reads an onset too low.

use super::window::Window;
use crate::math::{exp2, log2, max};
use crate::state::SurgeState;
use crate::units::OCTAVES_PER_DB;

/// Decibels of power per octave of power.
pub(super) const POWER_DB_PER_OCTAVE: f32 = 3.010_3;
/// Lengths of the windows, in hops of 1 ms.
const SHORT_HOPS: usize = 20;
const BURST_HOPS: usize = 50;
const LASTING_HOPS: usize = 100;
const STAYING_HOPS: usize = 400;
/// How far above the reference the windows may rise: one hop, `SHORT_HOPS`, `BURST_HOPS`, `LASTING_HOPS`, `STAYING_HOPS`.
const ONE_DB: f32 = 13.0;
const SHORT_DB: f32 = 7.5;
const BURST_DB: f32 = 6.5;
const LASTING_DB: f32 = 4.8;
pub(crate) const STAYING_DB: f32 = 2.6;
/// A deep surge is held lower than its cap by this share of its depth, and by so much at most: A, B, C.
const DEEPER: [(f32, f32); 3] = [(0.5, 6.0), (0.4, 4.0), (0.2, 2.0)];
/// B and C only by what lasts longer than a bang, in hops, and by the whole from twice that on.
const BANG_HOPS: u32 = 60;
/// From this depth on by the whole share, in dB, and below it by less in proportion: laughter is no blast.
const DEEP_DB: f32 = 7.0;
/// An onset like a recent one goes at once to this share of that one's depth.
const AGAIN: f32 = 0.8;
/// But no deeper than this many times as far as it goes itself: a loud syllable after a bang is not like it.
const ALIKE: f32 = 2.0;
/// A depth within this of the deepest one renews its hold, in dB.
const RENEWS_DB: f32 = 0.5;
const HOLD_HOPS: u32 = 30;
/// How long the largest surge is remembered before it fades.
const MEMORY_HOPS: u32 = 4_000;
/// Hops of which A takes the largest need, so that the cycles of a low tone do not show.
const NEEDS: usize = 12;
/// Blocks of 100 ms that a bang may go over without closing the room.
const BANG_BLOCKS: u32 = 3;
/// Loud blocks from which on peaks may be another programme's, and make no room.
const NO_ROOM_BLOCKS: f64 = 3.0;
/// The room closes while there is so much evidence for another programme: from here, to there, in blocks.
const CLOSES_BLOCKS: [f64; 2] = [2.0, 6.0];
/// How much louder than what stays a passage of music may be, in dB, beside the room.
const PASSAGE_DB: f32 = 2.5;
/// Time constants, in hops: of A, B and C given back, of depth and memory fading.
const RELEASE_HOPS: [f32; 3] = [45.0, 100.0, 1_000.0];
const FADE_HOPS: f32 = 1_000.0;
/// A bang's depth fades sooner than that of a surge that lasted: with this, and this many times what it lasted.
const BANG_FADE_HOPS: f32 = 20.0;
const FADE_SHARE: f32 = 1.0;
const LASTS_HOPS: u32 = 1_000;
const LASTS_STEP: u32 = 25;
/// What a hop that does not go over takes off what it lasted, in hops.
const LASTS_LEAK: u32 = 4;
/// A surge that lasted so long is a blast: what dips in it is held as deep as the rest, in hops.
const BLAST_HOPS: u32 = 250;
/// A reduction smaller than this is none, in dB.
const REST_DB: f32 = -1e-3;
/// Hops that a change of volume may be away from the samples that it belongs to.
pub(crate) const GRACE_HOPS: usize = 50;
/// Hops between two marks, and how many there are: the oldest is 50 to 60 ms old.
const MARK_HOPS: usize = 10;
const MARKS: usize = 6;
/// Stands for how far over what is below every limit is, in dB.
const BELOW_DB: f32 = -1.0;
/// The lowest power that is told from none.
const NO_POWER: f32 = 1e-16;

/// A power below this share of a limit's is below the limit, whatever logarithm and exponential round.
const SURELY: f32 = 0.999;
/// Loudness of a weighted mean square of 1, in LUFS.
const UNITY_LUFS: f32 = -0.691;

/// Loudness of a weighted mean square, in LUFS.
#[inline(always)]
pub(crate) fn loudness(power: f64) -> f32 {
    UNITY_LUFS + POWER_DB_PER_OCTAVE * log2(max(power as f32, NO_POWER))
}

/// Whether a weighted mean square is below a limit, given as one, without doubt.
#[inline(always)]
fn is_surely_below(power: f64, limit: f32) -> bool {
    max(power as f32, NO_POWER) < SURELY * limit
}

/// The power ratio of a gain in dB.
#[inline(always)]
pub(crate) fn power_ratio(db: f32) -> f64 {
    if db == 0.0 { 1.0 } else { f64::from(exp2(2.0 * OCTAVES_PER_DB * db)) }
}

/// What a surge has come to.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    /// How far the surge went over, for how long that is held, and how long it lasted, in hops.
    depth: f32,
    hold: u32,
    lasted: u32,
    /// The largest one of late, and for how long that is held.
    largest: f32,
    remembered: u32,
    /// The reductions of A, B and C, in dB, zero or negative.
    gains: [f32; 3],
}

/// Holds what jumps out of a level.
#[derive(Clone, Debug)]
pub(crate) struct Surge {
    short: Window<SHORT_HOPS>,
    burst: Window<BURST_HOPS>,
    after_a: Window<LASTING_HOPS>,
    after_b: Window<STAYING_HOPS>,
    needs: [f32; NEEDS],
    need_position: usize,
    course: Course,
    /// How far what lasts may be above the reference, in dB.
    lasting_db: f32,
    /// The power ratios of what the windows may be above the reference: one hop, short, burst, lasting, staying.
    allowed: [f32; 5],
    /// Room for the programme's own peaks, in dB, and how much of it is open: 0 to 1.
    room: f32,
    open: f32,
    /// How far the programme is music, whose passages have room as well: 0 to 1.
    music: f32,
    marks: [Course; MARKS],
    hops: usize,
    releases: [f32; 3],
    fade: f32,
    /// Factors by which a depth fades, by how long the surge lasted.
    depth_fades: [f32; (LASTS_HOPS / LASTS_STEP) as usize + 1],
    /// Reductions since the last block of 100 ms and the last take, in dB.
    deepest_of_block: f32,
    deepest: f32,
    /// Whether anything went over within the block, and the blocks in a row of which that is true.
    is_over: bool,
    over_blocks: u32,
}

impl Surge {
    /// Caps as for speech, which has peaks of 100 ms.
    pub(crate) fn new() -> Self {
        Self::with_lasting(LASTING_DB)
    }

    /// Caps under which momentary loudness does not swing above where it stays.
    pub(crate) fn level_at_once() -> Self {
        Self::with_lasting(STAYING_DB)
    }

    fn with_lasting(lasting_db: f32) -> Self {
        Self {
            lasting_db,
            allowed: [ONE_DB, SHORT_DB, BURST_DB, lasting_db, STAYING_DB]
                .map(|db| power_ratio(db) as f32),
            short: Window::at(0),
            burst: Window::at(13),
            after_a: Window::at(29),
            after_b: Window::at(171),
            needs: [0.0; NEEDS],
            need_position: 0,
            course: Course::default(),
            room: 0.0,
            open: 1.0,
            music: 0.0,
            marks: [Course::default(); MARKS],
            hops: 0,
            releases: RELEASE_HOPS.map(|hops| (-1.0 / hops).exp()),
            fade: (-1.0 / FADE_HOPS).exp(),
            depth_fades: std::array::from_fn(|step| {
                let lasted = (step as u32 * LASTS_STEP) as f32;
                (-1.0 / (BANG_FADE_HOPS + FADE_SHARE * lasted).min(FADE_HOPS)).exp()
            }),
            deepest_of_block: 0.0,
            deepest: 0.0,
            is_over: false,
            over_blocks: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::with_lasting(self.lasting_db);
    }

    /// Takes the power of a hop, as heard without this, and returns the reduction for the next, in dB.
    ///
    /// `reference_lufs` is the level that nothing may jump out of by more than the caps.
    pub(crate) fn step(&mut self, power: f64, reference_lufs: f32) -> f32 {
        if self.hops.is_multiple_of(MARK_HOPS) {
            self.marks[self.hops / MARK_HOPS % MARKS] = self.course;
        }
        self.hops = (self.hops + 1) % (MARK_HOPS * MARKS);
        let room = self.room * self.open;
        let limit = reference_lufs + room;
        self.short.push(power);
        self.burst.push(power);
        // Room only raises a limit. Of what is below it, where no surge is held, nobody asks how far.
        let reference = exp2((reference_lufs - UNITY_LUFS) * (1.0 / POWER_DB_PER_OCTAVE));
        let [one, short, burst, lasting, staying] = self.allowed.map(|ratio| ratio * reference);
        let is_held = self.course.depth > 0.0 && self.course.lasted > 0;
        let is_below = is_surely_below(power, one)
            && is_surely_below(self.short.mean(), short)
            && is_surely_below(self.burst.mean(), burst);
        let over = if is_below && !is_held {
            BELOW_DB
        } else {
            (loudness(power) - ONE_DB)
                .max(loudness(self.short.mean()) - SHORT_DB)
                .max(loudness(self.burst.mean()) - BURST_DB)
                - limit
        };
        self.is_over |= over > 0.0;
        self.follow(over.max(0.0));
        let course = &mut self.course;
        // What goes over a little behind a bang is a syllable; in a blast it is a dip.
        let blast = (course.lasted as f32 / BLAST_HOPS as f32).min(1.0);
        let beyond_bang = course.lasted.saturating_sub(BANG_HOPS).min(BANG_HOPS) as f32;
        let beyond_bang = beyond_bang / BANG_HOPS as f32;
        let depth = course.depth.min(ALIKE * over.max(0.0) + blast * course.depth);
        let depth = depth * (depth * (1.0 / DEEP_DB)).min(1.0);
        let deeper = |which: usize| (DEEPER[which].0 * depth).min(DEEPER[which].1);
        self.needs[self.need_position] = (over + deeper(0)).max(0.0);
        self.need_position = (self.need_position + 1) % NEEDS;
        let need = self.needs.iter().copied().fold(0.0, max);
        course.gains[0] = released(course.gains[0], need, self.releases[0]);
        let left = power * power_ratio(course.gains[0]);
        self.after_a.push(left);
        let need = if depth == 0.0 && is_surely_below(self.after_a.mean(), lasting) {
            0.0
        } else {
            let lasting = loudness(self.after_a.mean()) - self.lasting_db - limit;
            (lasting + beyond_bang * deeper(1)).max(0.0)
        };
        course.gains[1] = released(course.gains[1], need, self.releases[1]);
        self.after_b.push(left * power_ratio(course.gains[1]));
        let need = if depth == 0.0 && is_surely_below(self.after_b.mean(), staying) {
            0.0
        } else {
            let passage = self.music * (PASSAGE_DB + room);
            let staying = loudness(self.after_b.mean()) - STAYING_DB - reference_lufs - passage;
            (staying + beyond_bang * deeper(2)).max(0.0)
        };
        course.gains[2] = released(course.gains[2], need, self.releases[2]);
        let gain = self.gain_db();
        self.deepest_of_block = self.deepest_of_block.min(gain);
        self.deepest = self.deepest.min(gain);
        gain
    }

    /// Follows how far the surge goes.
    fn follow(&mut self, raw: f32) {
        let fade = self.fade;
        let course = &mut self.course;
        if raw > 0.0 {
            course.lasted = (course.lasted + 1).min(LASTS_HOPS);
        } else {
            course.lasted = course.lasted.saturating_sub(LASTS_LEAK);
        }
        let reached = raw.max((AGAIN * course.largest).min(ALIKE * raw));
        if reached >= course.depth {
            course.depth = reached;
            course.hold = HOLD_HOPS;
        } else if raw > 0.0 && reached > course.depth - RENEWS_DB {
            course.hold = HOLD_HOPS;
        } else if course.hold > 0 {
            course.hold -= 1;
        } else {
            course.depth =
                faded(course.depth, self.depth_fades[(course.lasted / LASTS_STEP) as usize]);
        }
        if raw >= course.largest {
            course.largest = raw;
            course.remembered = MEMORY_HOPS;
        } else if course.remembered > 0 {
            course.remembered -= 1;
        } else {
            course.largest = faded(course.largest, fade);
        }
    }

    /// Ends a block of 100 ms: makes room for a programme whose own peaks are touched. Returns the deepest reduction
    /// within it, in dB.
    ///
    /// `loud_blocks` is the evidence for a louder programme, `music` how far this one is music, 0 to 1.
    pub(crate) fn finish_block(&mut self, loud_blocks: f64, music: f32) -> f32 {
        self.music = music;
        let [from, to] = CLOSES_BLOCKS;
        self.open = (1.0 - (loud_blocks - from) / (to - from)).clamp(0.0, 1.0) as f32;
        let now = self.gain_db();
        let deepest = std::mem::replace(&mut self.deepest_of_block, now);
        self.over_blocks = if self.is_over { self.over_blocks + 1 } else { 0 };
        self.is_over = false;
        let change = if loud_blocks >= NO_ROOM_BLOCKS {
            0.0
        } else if self.course.depth > 5.0 && self.over_blocks > BANG_BLOCKS {
            -0.5
        } else if deepest < -0.5 {
            0.04
        } else {
            -0.003_3
        };
        self.room = (self.room + change).clamp(0.0, 3.0);
        deepest
    }

    /// Another programme has begun: its peaks are not known.
    pub(crate) fn close_room(&mut self) {
        self.room = 0.0;
    }

    /// The reduction now, in dB, zero or negative.
    pub(crate) fn gain_db(&self) -> f32 {
        self.course.gains.iter().sum()
    }

    /// The deepest reduction since the last take, in dB.
    pub(crate) fn take_deepest_db(&mut self) -> f32 {
        let now = self.gain_db();
        std::mem::replace(&mut self.deepest, now)
    }

    /// Takes back what began within the last 50 ms, which were louder by the given power ratios than what was meant;
    /// the latest hop comes first.
    pub(crate) fn forgive(&mut self, ratios: &[f64; GRACE_HOPS]) {
        let latest = self.hops.div_ceil(MARK_HOPS);
        self.course = self.marks[latest % MARKS];
        self.needs = [0.0; NEEDS];
        self.short.scale_latest(ratios);
        self.burst.scale_latest(ratios);
        // What A and B left of those hops is not known any more: as if they had stood where they stand now.
        let [a, b, _] = self.course.gains.map(power_ratio);
        for back in 0..GRACE_HOPS {
            let latest = |length: usize, position: usize| (position + length - 1 - back) % length;
            let power = self.burst.powers[latest(BURST_HOPS, self.burst.position)];
            self.after_a.powers[latest(LASTING_HOPS, self.after_a.position)] = power * a;
            self.after_b.powers[latest(STAYING_HOPS, self.after_b.position)] = power * a * b;
        }
        self.after_a.renew();
        self.after_b.renew();
        self.marks = [self.course; MARKS];
    }

    pub(crate) fn state(&self) -> SurgeState {
        SurgeState {
            gains_db: self.course.gains,
            depth_db: self.course.depth,
            largest_db: self.course.largest,
            room_db: self.room,
        }
    }

    /// Goes on from another's state.
    pub(crate) fn take_over(&mut self, state: &SurgeState) {
        let held =
            |db: f32, low: f32, high: f32| if db.is_nan() { 0.0 } else { db.clamp(low, high) };
        self.clear();
        self.course = Course {
            depth: held(state.depth_db, 0.0, 60.0),
            hold: 0,
            lasted: LASTS_HOPS,
            largest: held(state.largest_db, 0.0, 60.0),
            remembered: MEMORY_HOPS,
            gains: state.gains_db.map(|db| held(db, -60.0, 0.0)),
        };
        self.room = held(state.room_db, 0.0, 3.0);
        self.marks = [self.course; MARKS];
    }
}

/// A reduction that goes to its need at once if that is deeper, and is given back with a factor.
#[inline(always)]
fn released(gain: f32, need: f32, factor: f32) -> f32 {
    if -need <= gain {
        return -need;
    }
    let gain = -need + factor * (gain + need);
    if gain > REST_DB { 0.0 } else { gain }
}

#[inline(always)]
fn faded(value: f32, factor: f32) -> f32 {
    if value < 1e-3 { 0.0 } else { value * factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE_LUFS: f32 = -18.0;

    fn play(surge: &mut Surge, lufs: f64, hops: usize) -> f32 {
        let power = crate::loudness::mean_square(lufs);
        (0..hops).map(|_| surge.step(power, REFERENCE_LUFS)).fold(0.0, f32::min)
    }

    #[test]
    fn syllable_behind_a_bang_is_held_no_deeper_than_alone() {
        let mut alone = Surge::new();
        play(&mut alone, -24.0, 500);
        let mut behind = alone.clone();
        assert!(play(&mut behind, 4.0, 20) < -10.0, "the bang is held");
        play(&mut behind, -24.0, 300);
        play(&mut alone, -24.0, 320);
        let [alone, behind] = [&mut alone, &mut behind].map(|surge| play(surge, -11.0, 60));
        assert!(alone < -0.2, "the syllable is touched: {alone}");
        assert!(behind > alone - 1.0, "{behind} for {alone}");
    }

    #[test]
    fn what_is_surely_below_a_limit_is_below_it_in_decibels() {
        let allowed = Surge::new().allowed;
        let mut surely = 0;
        for step in 0..8_000_i16 {
            let reference_lufs = f32::from(step).mul_add(0.01, -70.0);
            let reference = exp2((reference_lufs - UNITY_LUFS) * (1.0 / POWER_DB_PER_OCTAVE));
            for (ratio, db) in
                allowed.into_iter().zip([ONE_DB, SHORT_DB, BURST_DB, LASTING_DB, STAYING_DB])
            {
                for away in -20..20_i8 {
                    let limit = ratio * reference;
                    let power = f64::from(limit) * (1.0 + f64::from(away) * 1e-4);
                    if is_surely_below(power, limit) {
                        surely += 1;
                        assert!(
                            loudness(power) - db - reference_lufs < 0.0,
                            "{reference_lufs} {db}"
                        );
                    }
                }
            }
        }
        assert!(surely > 0, "some are");
        assert!(!is_surely_below(0.0, NO_POWER), "nothing is below what counts as none");
    }

    #[test]
    fn peaks_make_no_room_while_another_programme_speaks() {
        let room_after = |loud_blocks: f64| {
            let mut surge = Surge::new();
            for _ in 0..30 {
                play(&mut surge, -11.0, 60);
                play(&mut surge, -24.0, 40);
                surge.finish_block(loud_blocks, 0.0);
            }
            surge.room
        };
        assert!(room_after(0.0) > 0.5, "{}", room_after(0.0));
        assert!(room_after(NO_ROOM_BLOCKS) == 0.0, "{}", room_after(NO_ROOM_BLOCKS));
    }

    #[test]
    fn room_is_closed_while_another_programme_speaks() {
        let held = |loud_blocks: f64| {
            let mut surge = Surge::new();
            surge.room = 3.0;
            surge.finish_block(loud_blocks, 0.0);
            play(&mut surge, f64::from(REFERENCE_LUFS) + 7.0, 100)
        };
        let [before, open, half, closed] = [0.0, 2.0, 4.0, 6.0].map(held);
        assert!(
            before == open && open - half > 0.5 && half - closed > 0.5,
            "{open} {half} {closed}"
        );
    }

    #[test]
    fn bang_does_not_lower_what_stays() {
        let mut surge = Surge::new();
        play(&mut surge, -24.0, 500);
        play(&mut surge, 6.0, 10);
        play(&mut surge, -24.0, 40);
        let [a, _, c] = surge.course.gains;
        assert!(a < -15.0 && c > -0.5, "{:?}", surge.course.gains);
        let mut surge = Surge::new();
        play(&mut surge, -24.0, 500);
        play(&mut surge, -5.0, 400);
        assert!(surge.course.gains[2] < -1.5, "{:?}", surge.course.gains);
    }

    #[test]
    fn passage_of_music_has_room_that_speech_has_not() {
        let held = |music: f32| {
            let mut surge = Surge::new();
            surge.finish_block(0.0, music);
            play(&mut surge, f64::from(REFERENCE_LUFS) + 5.0, 2_000);
            surge.gain_db()
        };
        assert!(held(1.0) > -0.5, "{}", held(1.0));
        assert!(held(0.0) < -1.5, "{}", held(0.0));
    }
}
