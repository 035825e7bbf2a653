//! How many chains hold the ceiling of one device together, told by an atomic.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// How long the gain takes down to a smaller share, in ms: less than a new link takes to bring sound.
const DOWN_MS: f32 = 2.0;
/// How long it takes back up from half, in ms: longer than what another chain still holds back.
const UP_MS: f32 = 150.0;

/// What sharing chains keep free, 1.1 dB: a link that comes or goes in the midst of sound is a cut, and sound under the
/// ceiling that is cut reads up to 1.09 dB over it between samples (the worst of the corpus of hostile signals).
const CUT: f32 = 0.881;

/// Among how many chains a device's ceiling is shared: the newest wins.
///
/// Any thread may write and read at any time; nothing waits.
#[derive(Clone, Debug)]
pub struct Share {
    chains: Arc<AtomicU32>,
}

impl Default for Share {
    fn default() -> Self {
        Self { chains: Arc::new(AtomicU32::new(1)) }
    }
}

impl Share {
    /// Leaves the number of chains, this one among them; it counts from the next block on.
    pub fn store(&self, chains: u32) {
        self.chains.store(chains.max(1), Ordering::Relaxed);
    }

    /// Returns the newest number of chains.
    pub fn chains(&self) -> u32 {
        self.chains.load(Ordering::Relaxed)
    }

    /// Returns the part of the ceiling that each may reach, above 0 and up to 1.
    ///
    /// # Real-time
    /// A relaxed atomic only.
    fn gain(&self) -> f32 {
        match self.chains() {
            0 | 1 => 1.0,
            chains => CUT / chains as f32,
        }
    }
}

/// Holds what has passed a limiter down to its [`Share`] of the ceiling.
///
/// # Real-time
/// Neither allocates, locks, logs, frees nor calls the system; at rest at a share of 1 it touches no
/// sample.
#[derive(Debug)]
pub(super) struct SharedCeiling {
    share: Share,
    gain: f32,
}

impl SharedCeiling {
    pub(super) fn new(share: Share) -> Self {
        Self { share, gain: 1.0 }
    }

    /// Scales one block in place: planar, channels by frames, all of one length.
    pub(super) fn hold(&mut self, io: &mut [&mut [f32]], rate_hz: u32) {
        let target = self.share.gain();
        if self.gain >= 1.0 && target >= 1.0 {
            return;
        }
        let frames_per_ms = rate_hz as f32 / 1000.0;
        let down = 1.0 / (DOWN_MS * frames_per_ms).max(1.0);
        let up = 0.5 / (UP_MS * frames_per_ms).max(1.0);
        let from = self.gain;
        let next = |gain: f32| {
            if gain > target { (gain - down).max(target) } else { (gain + up).min(target) }
        };
        for channel in io {
            let mut gain = from;
            for sample in channel.iter_mut() {
                gain = next(gain);
                *sample *= gain;
            }
            self.gain = gain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(held: &mut SharedCeiling, frames: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![1.0; frames], vec![1.0; frames]);
        held.hold(&mut [&mut left, &mut right], 48_000);
        assert_eq!(left, right);
        left
    }

    #[test]
    fn whole_share_touches_nothing() {
        let mut held = SharedCeiling::new(Share::default());
        assert_eq!(hold(&mut held, 64), vec![1.0; 64]);
    }

    #[test]
    fn smaller_share_is_reached_within_two_ms_and_left_slowly() {
        let share = Share::default();
        let mut held = SharedCeiling::new(share.clone());
        share.store(2);
        let down = hold(&mut held, 96);
        assert!(
            down.is_sorted_by(|a, b| a >= b) && down[95].to_bits() == (CUT / 2.0).to_bits(),
            "{down:?}"
        );
        assert_eq!(hold(&mut held, 960), vec![CUT / 2.0; 960]);
        share.store(1);
        let up = hold(&mut held, 4_800);
        assert!(up.is_sorted() && up[4_799] > 0.5 && up[4_799] < 0.9, "{:?}", up[4_799]);
        assert_eq!(hold(&mut held, 4_800)[4_799..], [1.0]);
    }

    #[test]
    fn blocks_of_any_length_give_the_same_samples() {
        let run = |blocks: &[usize]| {
            let share = Share::default();
            let mut held = SharedCeiling::new(share.clone());
            share.store(3);
            blocks.iter().flat_map(|frames| hold(&mut held, *frames)).collect::<Vec<_>>()
        };
        assert_eq!(run(&[512]), run(&[1, 63, 200, 248]));
    }
}
