//! Owns what the rests in a programme take off its loudness; runs on the audio thread.
//!
//! A programme is known by its loud blocks of 100 ms, without the rests between them. BS.1770-5 (annex 1) reads 400 ms
//! at a time, so that it reads single words with rests between them softer. The difference is followed here, slowly and
//! within bounds, and only the gain reckons with it: what belongs to the programme is not decided by it, so no level
//! can sink for it.

use super::surge::{POWER_DB_PER_OCTAVE, power_ratio};
use crate::math::log2;

/// Blocks of a reading.
const READING_BLOCKS: usize = 4;
/// A reading so far below the programme is none (BS.1770-5, annex 1: the relative threshold), in LU.
const GATE_LU: f32 = -10.0;
/// A reading counts as no louder than this above the programme, in LU: a passage is not the absence of rests.
const PASSAGE_LU: f32 = 0.5;
/// The difference is the mean of so many readings, and no lower than this, in dB.
const MEAN_READINGS: f64 = 200.0;
const LOWEST_DB: f32 = -1.5;

/// What the rests take off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rests {
    /// Powers of the latest blocks, the latest last.
    latest: [f64; READING_BLOCKS],
    /// The mean of the readings as a share of the programme's power, and how many are in it.
    share: f64,
    readings: f64,
    db: f32,
}

impl Rests {
    /// Of a programme of this power of which no rest is known.
    pub(super) fn new(power: f64) -> Self {
        Self { latest: [power; READING_BLOCKS], share: 1.0, readings: 0.0, db: 0.0 }
    }

    /// Of a programme of this power that has stood for so many blocks, and was softer by this, in dB.
    pub(super) fn taken_over(power: f64, blocks: f32, db: f32) -> Self {
        let db = if db.is_nan() { 0.0 } else { db.clamp(LOWEST_DB, 0.0) };
        let readings = f64::from(blocks).min(MEAN_READINGS);
        Self { share: power_ratio(db), readings, db, ..Self::new(power) }
    }

    /// How far the programme is softer with its rests than without, in dB, zero or negative.
    pub(super) fn db(&self) -> f32 {
        self.db
    }

    /// Goes on in a programme of this power after something else.
    pub(super) fn resume(&mut self, power: f64) {
        self.latest = [power; READING_BLOCKS];
    }

    /// Takes the power of a block while there is no level.
    pub(super) fn hear(&mut self, power: f64) {
        self.latest.rotate_left(1);
        self.latest[READING_BLOCKS - 1] = power;
    }

    /// Takes the power of a block of a programme, or of a rest in it.
    pub(super) fn block(&mut self, power: f64, programme_power: f64) {
        self.hear(power);
        let reading = self.latest.iter().sum::<f64>() / READING_BLOCKS as f64 / programme_power;
        if reading < power_ratio(GATE_LU + self.db) {
            return;
        }
        self.readings = (self.readings + 1.0).min(MEAN_READINGS);
        self.share += (reading.min(power_ratio(PASSAGE_LU)) - self.share) / self.readings;
        self.db = (POWER_DB_PER_OCTAVE * log2(self.share as f32)).clamp(LOWEST_DB, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of `word` blocks with rests of `rest` between them, for `seconds`.
    fn speak(rests: &mut Rests, word: usize, rest: usize, seconds: usize) -> f32 {
        let mut spoken = (0..word).map(|_| 1.0).chain((0..rest).map(|_| 1e-6)).cycle();
        for _ in 0..10 * seconds {
            rests.block(spoken.next().unwrap_or_default(), 1.0);
        }
        rests.db()
    }

    #[test]
    fn what_has_no_rests_loses_nothing() {
        let mut rests = Rests::new(1.0);
        assert!(speak(&mut rests, 5, 0, 20) == 0.0);
    }

    #[test]
    fn single_words_are_softer_by_what_bs_1770_reads() {
        // Of ten windows of 400 ms over words of 800 ms and rests of 200 ms, five are whole, two miss a block, three two.
        let mut rests = Rests::new(1.0);
        let db = speak(&mut rests, 8, 2, 40);
        let read = 10.0 * ((5.0 * 1.0 + 2.0 * 0.75 + 3.0 * 0.5) / 10.0_f32).log10();
        assert!((db - read).abs() < 0.1, "{db} for {read}");
    }

    #[test]
    fn no_rest_takes_more_than_the_bound() {
        let mut rests = Rests::new(1.0);
        assert!(speak(&mut rests, 1, 5, 60) == LOWEST_DB);
    }

    #[test]
    fn long_silence_is_no_rest() {
        let mut rests = Rests::new(1.0);
        speak(&mut rests, 8, 2, 20);
        let before = rests.db();
        for _ in 0..600 {
            rests.block(1e-9, 1.0);
        }
        assert!((rests.db() - before).abs() < 0.2, "{} for {before}", rests.db());
    }

    #[test]
    fn difference_that_is_taken_over_is_finite_and_bounded() {
        for db in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3.0, -40.0] {
            let taken = Rests::taken_over(1.0, 50.0, db).db();
            assert!((LOWEST_DB..=0.0).contains(&taken), "{db}: {taken}");
        }
    }
}
