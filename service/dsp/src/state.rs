//! Owns what one chain tells another that goes on in its place; plain data.

use crate::loudness::{lufs, mean_square};
use crate::units::FLOOR_DB;

/// Distance below the loudest of several programmes from which on one does not count, in LU.
const NEGLIGIBLE_LU: f32 = 20.0;

/// Where levelling and compression stand: what another chain needs to go on without a step.
///
/// Levels are in dB, finite, and at least [`FLOOR_DB`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicsState {
    /// The gain that is heard, that of the compressor aside.
    pub gain_db: f32,
    /// The compressor's reduction now, zero or negative, without make-up.
    pub compressor_db: f32,
    /// Short-term loudness of the input.
    pub input_lufs: f32,
    /// The loudness of the programme that the leveller steers by, at a stream volume of 0 dB; `None` while it has none.
    pub programme_lufs: Option<f32>,
    /// The part of the gain that catches surges.
    pub surge: SurgeState,
    /// What else is known of the programme.
    pub programme: ProgrammeState,
}

/// Where the leveller's surge catcher stands; in dB.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct SurgeState {
    /// The reductions of its three caps, zero or negative.
    pub gains_db: [f32; 3],
    /// How far the surge goes over.
    pub depth_db: f32,
    /// The largest one of late.
    pub largest_db: f32,
    /// Room that the programme's own peaks have been given.
    pub room_db: f32,
}

/// What a leveller knows of a programme beside its loudness.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct ProgrammeState {
    /// For how long the loudness has stood, in seconds.
    pub age_s: f32,
    /// Whether the loudness is remembered from an earlier time, and no sound has confirmed it.
    pub is_tentative: bool,
    /// How far its rests make it softer than its loud moments, in dB, zero or negative; within the loudness already.
    pub rests_db: f32,
    /// Loudness of the programmes before, in LUFS.
    pub known_lufs: [Option<f32>; 2],
}

impl Default for DynamicsState {
    fn default() -> Self {
        Self {
            gain_db: 0.0,
            compressor_db: 0.0,
            input_lufs: FLOOR_DB,
            programme_lufs: None,
            surge: SurgeState::default(),
            programme: ProgrammeState::default(),
        }
    }
}

impl DynamicsState {
    /// How many numbers a state is in [`Self::to_words`].
    pub const WORDS: usize = 15;

    /// Returns the state in which a chain begins that has played a programme of this loudness before, in LUFS at a
    /// stream volume of 0 dB: its first second is right, and if the memory is wrong, no more than that is lost.
    pub fn remembered(programme_lufs: f32) -> Self {
        Self {
            programme_lufs: Some(programme_lufs),
            programme: ProgrammeState { is_tentative: true, ..ProgrammeState::default() },
            ..Self::default()
        }
    }

    /// Returns the state as plain numbers, which can be passed on without a lock.
    pub fn to_words(self) -> [f32; Self::WORDS] {
        let known = |lufs: Option<f32>| lufs.unwrap_or(FLOOR_DB);
        let (surge, programme) = (self.surge, self.programme);
        [
            self.gain_db,
            self.compressor_db,
            self.input_lufs,
            known(self.programme_lufs),
            surge.gains_db[0],
            surge.gains_db[1],
            surge.gains_db[2],
            surge.depth_db,
            surge.largest_db,
            surge.room_db,
            programme.age_s,
            if programme.is_tentative { 1.0 } else { 0.0 },
            programme.rests_db,
            known(programme.known_lufs[0]),
            known(programme.known_lufs[1]),
        ]
    }

    /// Returns the state that [`Self::to_words`] took apart.
    pub fn from_words(words: [f32; Self::WORDS]) -> Self {
        let known = |lufs: f32| (lufs > FLOOR_DB).then_some(lufs);
        let [
            gain_db,
            compressor_db,
            input_lufs,
            programme_lufs,
            a,
            b,
            c,
            depth_db,
            largest_db,
            room_db,
            age_s,
            tentative,
            rests_db,
            first,
            second,
        ] = words;
        Self {
            gain_db,
            compressor_db,
            input_lufs,
            programme_lufs: known(programme_lufs),
            surge: SurgeState { gains_db: [a, b, c], depth_db, largest_db, room_db },
            programme: ProgrammeState {
                age_s,
                is_tentative: tentative > 0.5,
                rests_db,
                known_lufs: [known(first), known(second)],
            },
        }
    }

    /// Returns where one chain stands that goes on for several; `None` for none.
    ///
    /// Its gains are those under which the sum of all, taken as unrelated, stays as loud as it is:
    /// means by energy, each weighted with its loudness. A programme that is 20 LU softer than the
    /// loudest does not count; if one alone counts, its state is taken as it is, and otherwise the
    /// loudness of the sum is yet to be read.
    pub fn of_sum(states: &[Self]) -> Option<Self> {
        let loudest = states.iter().map(|state| state.input_lufs).fold(FLOOR_DB, f32::max);
        let counts = |state: &&Self| state.input_lufs > loudest - NEGLIGIBLE_LU;
        let mut counting = states.iter().filter(counts);
        let first = *counting.next()?;
        if counting.next().is_none() {
            return Some(first);
        }
        let energy = |level: &dyn Fn(&Self) -> f32| -> f64 {
            states.iter().filter(counts).map(|state| mean_square(f64::from(level(state)))).sum()
        };
        let input = energy(&|state| state.input_lufs);
        let levelled = energy(&|state| state.input_lufs + state.gain_db);
        let compressed = energy(&|state| state.input_lufs + state.gain_db + state.compressor_db);
        Some(Self {
            gain_db: (10.0 * (levelled / input).log10()) as f32,
            compressor_db: (10.0 * (compressed / levelled).log10()) as f32,
            input_lufs: lufs(input) as f32,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(input_lufs: f32, gain_db: f32, compressor_db: f32) -> DynamicsState {
        DynamicsState {
            gain_db,
            compressor_db,
            input_lufs,
            programme_lufs: Some(input_lufs),
            ..DynamicsState::default()
        }
    }

    #[test]
    fn the_sum_of_several_stays_as_loud_as_it_is() {
        let states = [state(-8.0, -10.0, -2.0), state(-26.0, 8.0, 0.0), state(-20.0, 2.0, -1.0)];
        let sum = DynamicsState::of_sum(&states).expect("there are some");
        let energy = |level: f32| 10.0_f32.powf(level / 10.0);
        let before: f32 =
            states.iter().map(|s| energy(s.input_lufs + s.gain_db + s.compressor_db)).sum();
        let after: f32 =
            states.iter().map(|s| energy(s.input_lufs + sum.gain_db + sum.compressor_db)).sum();
        assert!((before.log10() - after.log10()).abs() < 1e-4, "{before} {after}");
        assert_eq!(sum.programme_lufs, None);
    }

    #[test]
    fn a_state_survives_being_taken_apart() {
        let mut whole = DynamicsState::remembered(-23.5);
        whole.surge.gains_db = [-1.0, -2.0, -3.0];
        whole.programme.known_lufs = [Some(-30.0), None];
        whole.programme.age_s = 4.5;
        whole.programme.rests_db = -0.75;
        assert_eq!(DynamicsState::from_words(whole.to_words()), whole);
        let empty = DynamicsState::default();
        assert_eq!(DynamicsState::from_words(empty.to_words()), empty);
    }

    #[test]
    fn one_that_counts_alone_is_taken_as_it_is() {
        let only = state(-12.0, -6.0, -3.0);
        assert_eq!(DynamicsState::of_sum(&[only]), Some(only));
        let silent = state(FLOOR_DB, 4.0, 0.0);
        assert_eq!(DynamicsState::of_sum(&[silent, only, silent]), Some(only));
        assert_eq!(DynamicsState::of_sum(&[silent]), Some(silent));
        assert_eq!(DynamicsState::of_sum(&[]), None);
    }

    #[test]
    fn silent_ones_have_a_finite_mean() {
        let sum = DynamicsState::of_sum(&[state(FLOOR_DB, 4.0, 0.0), state(FLOOR_DB, -4.0, -1.0)]);
        let sum = sum.expect("there are some");
        assert!(sum.gain_db.is_finite() && sum.compressor_db.is_finite(), "{sum:?}");
        assert!((-4.0..=4.0).contains(&sum.gain_db) && sum.input_lufs >= FLOOR_DB, "{sum:?}");
    }
}
