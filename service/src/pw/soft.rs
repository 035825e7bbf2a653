//! The soft volume of one stream: what we have it play instead of its user's volume.
//!
//! Any write of the user's volume, an equal one too, puts an end to the soft one (PipeWire's
//! adapter does that itself, so the user's move acts at once); it is then written again. Every
//! write is told once, in the order in which they were made, which is how ours are known.

use std::collections::VecDeque;

use super::Volume;

/// Writes that may be on their way; a stream that tells none of them must not fill the memory.
const LONGEST_WAY: usize = 64;
/// What a soft volume reads that was never written.
const UNWRITTEN: f32 = 1.0;
/// How often in a row it is written again without a visible reason: a stream that tells every
/// write twice must not keep us busy for ever.
const PATIENCE: u32 = 8;

/// What is played instead: one linear volume for each channel, and silence or not.
pub(super) type Heard = (Vec<f32>, bool);

/// A stream's gain, and what of it is on its way.
#[derive(Debug, Default)]
pub(super) struct SoftVolume {
    /// What its user's volume is multiplied with, while it is to be less.
    gain: Option<f32>,
    on_the_way: VecDeque<Heard>,
    blind_writes: u32,
    /// Whose soft volume is played in place of the user's volume, as far as it was told.
    in_force: Option<Whose>,
}

/// Who wrote a soft volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Foreign,
}

/// What follows from what a stream has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// True when the user's volume has changed.
    pub(super) moved: bool,
    /// True when the soft volume has to be written again.
    pub(super) write: bool,
}

impl SoftVolume {
    /// Sets the gain, linear: never above 1.0, which takes it back; returns whether that has to be
    /// written.
    pub(super) fn set_gain(&mut self, gain: f32, volume: Option<&Volume>) -> bool {
        let gain = (gain < 1.0).then_some(gain.max(0.0));
        let changed = self.gain != gain;
        self.gain = gain;
        self.blind_writes = 0;
        // What an earlier life of ours has left behind is taken back as well.
        changed || volume.is_some_and(|volume| self.last_heard(volume) != self.wanted(volume))
    }

    /// Returns whether the stream plays less than its user has set, by us.
    pub(super) fn is_in_force(&self) -> bool {
        self.gain.is_some()
    }

    /// Says whether what is played instead of the user's volume is somebody else's doing.
    pub(super) fn is_foreign(&self) -> bool {
        self.in_force == Some(Whose::Foreign)
    }

    /// Returns the volume that acts on the stream now, whoever wrote it.
    pub(super) fn acting(&self, volume: &Volume) -> Volume {
        let instead = self.in_force.is_some();
        Volume { foreign_soft: instead, ..volume.clone() }
    }

    /// Returns what is to be written now, and counts it as written.
    pub(super) fn next_write(&mut self, volume: &Volume) -> Heard {
        let wanted = self.wanted(volume);
        if self.on_the_way.len() == LONGEST_WAY {
            self.on_the_way.pop_front();
        }
        self.on_the_way.push_back(wanted.clone());
        wanted
    }

    /// Takes in what the stream told after a write of anybody's.
    pub(super) fn take(&mut self, before: Option<&Volume>, now: &Volume) -> Told {
        let moved = before.is_none_or(|old| {
            (&old.channels, old.overall, old.mute) != (&now.channels, now.overall, now.mute)
        });
        if moved {
            self.blind_writes = 0;
            // A write of the user's volume ends every soft one. Of a stream that is new to us it is not
            // known which came last; one that was never written reads 1.0.
            let is_foreign = before.is_none()
                && self.on_the_way.is_empty()
                && now.soft.iter().any(|volume| volume.to_bits() != UNWRITTEN.to_bits())
                && now.soft != now.channels;
            self.in_force = is_foreign.then_some(Whose::Foreign);
            return Told { moved, write: self.gain.is_some() };
        }
        let ours = self
            .on_the_way
            .front()
            .is_some_and(|(soft, mute)| *soft == now.soft && *mute == now.soft_mute);
        if ours {
            self.on_the_way.pop_front();
            self.in_force = Some(Whose::Ours);
        } else if before.is_some_and(|old| (&old.soft, old.soft_mute) != (&now.soft, now.soft_mute))
        {
            self.in_force = Some(Whose::Foreign);
        }
        // What is still on its way comes after this, and does it.
        let lost = !ours && self.on_the_way.is_empty() && self.gain.is_some();
        let write = lost && self.blind_writes < PATIENCE;
        self.blind_writes += u32::from(write);
        Told { moved, write }
    }

    fn wanted(&self, volume: &Volume) -> Heard {
        let gain = self.gain.unwrap_or(1.0);
        (volume.channels.iter().map(|channel| channel * gain).collect(), volume.mute)
    }

    fn last_heard(&self, volume: &Volume) -> Heard {
        let told = || (volume.soft.clone(), volume.soft_mute);
        self.on_the_way.back().cloned().unwrap_or_else(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(user: f32, soft: f32) -> Volume {
        Volume { channels: vec![user], soft: vec![soft], ..Volume::default() }
    }

    fn told(moved: bool, write: bool) -> Told {
        Told { moved, write }
    }

    #[test]
    fn our_own_writes_are_no_news() {
        let mut soft = SoftVolume::default();
        let mut known = volume(1.0, 1.0);
        for gain in [0.9, 0.8, 0.7] {
            assert!(soft.set_gain(gain, Some(&known)));
            assert_eq!(soft.next_write(&known), (vec![gain], false));
        }
        for gain in [0.9, 0.8, 0.7] {
            let now = volume(1.0, gain);
            assert_eq!(soft.take(Some(&known), &now), told(false, false));
            known = now;
        }
        assert!(!soft.set_gain(0.7, Some(&known)));
    }

    #[test]
    fn a_users_move_is_news_and_the_gain_stays_in_force() {
        let mut soft = SoftVolume::default();
        soft.set_gain(0.5, Some(&volume(1.0, 1.0)));
        soft.next_write(&volume(1.0, 1.0));
        soft.take(Some(&volume(1.0, 1.0)), &volume(1.0, 0.5));
        let moved = volume(0.25, 0.5);
        assert_eq!(soft.take(Some(&volume(1.0, 0.5)), &moved), told(true, true));
        assert_eq!(soft.next_write(&moved), (vec![0.125], false));
        let muted = Volume { mute: true, ..volume(0.25, 0.125) };
        assert_eq!(soft.take(Some(&volume(0.25, 0.125)), &muted), told(true, true));
        assert_eq!(soft.next_write(&muted), (vec![0.125], true));
    }

    #[test]
    fn equal_write_of_the_users_is_seen() {
        let mut soft = SoftVolume::default();
        let known = volume(1.0, 0.5);
        soft.set_gain(0.5, None);
        soft.next_write(&known);
        assert_eq!(soft.take(Some(&known), &known), told(false, false), "that was ours");
        assert_eq!(soft.take(Some(&known), &known), told(false, true), "that was not");
        soft.next_write(&known);
        assert_eq!(soft.take(Some(&known), &known), told(false, false));
    }

    #[test]
    fn foreign_soft_volume_counts_until_the_user_moves() {
        let mut soft = SoftVolume::default();
        let known = volume(0.5, 1.0);
        assert!(soft.take(None, &known).moved && !soft.is_foreign(), "1.0 was never written");
        let theirs = volume(0.5, 0.25);
        soft.take(Some(&known), &theirs);
        assert!(soft.is_foreign());
        soft.set_gain(0.5, Some(&theirs));
        soft.next_write(&theirs);
        let ours = volume(0.5, 0.25);
        soft.take(Some(&theirs), &ours);
        assert!(!soft.is_foreign(), "that was ours");
        assert_eq!((ours.gain(), soft.acting(&ours).gain()), (0.5, 0.25));
        soft.take(Some(&ours), &volume(0.5, 0.1));
        soft.take(Some(&volume(0.5, 0.1)), &volume(0.4, 0.1));
        assert!(!soft.is_foreign(), "the user's move ends it");
    }

    #[test]
    fn a_stream_that_tells_everything_twice_does_not_keep_us_busy() {
        let mut soft = SoftVolume::default();
        let known = volume(1.0, 0.5);
        soft.set_gain(0.5, None);
        soft.next_write(&known);
        let mut writes = 0;
        for _ in 0..100 {
            soft.take(Some(&known), &known);
            if soft.take(Some(&known), &known).write {
                soft.next_write(&known);
                writes += 1;
            }
        }
        assert_eq!(writes, PATIENCE);
    }

    #[test]
    fn what_an_earlier_life_left_behind_is_taken_back() {
        let mut soft = SoftVolume::default();
        let left = volume(0.8, 0.4);
        assert!(soft.set_gain(1.0, Some(&left)));
        assert_eq!(soft.next_write(&left), (vec![0.8], false));
        assert!(!soft.set_gain(1.0, Some(&volume(0.8, 0.8))) && !soft.is_in_force());
    }

    #[test]
    fn a_gain_is_never_above_one_and_never_no_number() {
        for (asked, heard) in [(1.5, 0.8), (f32::NAN, 0.8), (-1.0, 0.0), (0.5, 0.4)] {
            let mut soft = SoftVolume::default();
            soft.set_gain(asked, None);
            assert_eq!(soft.next_write(&volume(0.8, 0.8)).0, [heard], "{asked}");
        }
    }
}
