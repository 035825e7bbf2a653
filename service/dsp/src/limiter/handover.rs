//! Owns the hard tiers of one limiter: the one in force, and those that take over from it.
//!
//! Another look-ahead is another delay, so it needs another tier. The new one is prepared away
//! from the audio thread, runs beside the old one until it has heard enough, and is then faded
//! in. Both obey the ceiling, and so does every mixture of the two.

use std::mem::swap;

use super::hard::{HardMeters, HardTier};
use crate::math::{max, min};
use crate::params::{LimiterParams, Lookahead};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec, check_rate};
use crate::{Block, CHUNK};

/// Length of the cross-fade, as a divisor of the rate (20 ms).
const FADES_PER_SECOND: usize = 50;

/// A hard tier that is ready to take over with another look-ahead.
///
/// Making and dropping it allocates and frees; [`crate::Chain::change_lookahead`] does neither.
#[derive(Clone, Debug)]
pub struct LookaheadChange {
    spec: Spec,
    lookahead: Lookahead,
    tier: Box<HardTier>,
}

impl LookaheadChange {
    /// Prepares the change to `params.lookahead` for a chain of this rate and layout; allocates.
    ///
    /// # Errors
    /// If the rate is not served.
    pub fn prepare(spec: Spec, params: &LimiterParams) -> Result<Self, PrepareError> {
        check_rate(spec.rate_hz)?;
        let params = params.clamped();
        let (channels, lookahead) = (spec.layout.channels(), params.lookahead);
        let tier = Box::new(HardTier::new(spec.rate_hz, channels, lookahead, &params));
        Ok(Self { spec, lookahead, tier })
    }

    /// The delay that the chain will have, in frames.
    pub fn latency_frames(&self) -> usize {
        self.tier.latency()
    }
}

/// The hard tiers of a linked group of channels.
#[derive(Clone, Debug)]
pub(super) struct HardTiers {
    spec: Spec,
    lookahead: Lookahead,
    tier: HardTier,
    incoming: Option<Incoming>,
    /// Waits until the tier before it is in force.
    next: Option<LookaheadChange>,
    /// What has been replaced, until somebody takes it away.
    retired: Option<LookaheadChange>,
}

#[derive(Clone, Debug)]
struct Incoming {
    change: LookaheadChange,
    /// Frames until it has heard all that its first audible output depends on.
    unready_frames: usize,
    faded_frames: usize,
}

impl HardTiers {
    pub(super) fn new(spec: Spec, params: &LimiterParams) -> Self {
        let lookahead = params.lookahead;
        let tier = HardTier::new(spec.rate_hz, spec.layout.channels(), lookahead, params);
        Self { spec, lookahead, tier, incoming: None, next: None, retired: None }
    }

    /// Takes a change in; gives back one that is not needed any more, or does not fit.
    pub(super) fn change(&mut self, change: LookaheadChange) -> Option<LookaheadChange> {
        if change.spec != self.spec {
            return Some(change);
        }
        let replaced = self.next.replace(change);
        self.start();
        replaced
    }

    /// Takes away what has been replaced.
    pub(super) fn take_retired(&mut self) -> Option<LookaheadChange> {
        let retired = self.retired.take();
        self.start();
        retired
    }

    /// Delay of the tier that will be in force when all changes are done.
    pub(super) fn latency(&self) -> usize {
        let coming = self.incoming.as_ref().map(|incoming| &incoming.change);
        self.next.as_ref().or(coming).map_or(self.tier.latency(), LookaheadChange::latency_frames)
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.each(|tier| tier.set_level(level));
    }

    pub(super) fn set_params(&mut self, params: &LimiterParams) {
        self.each(|tier| tier.set_params(params));
    }

    /// Forgets all audio; a cross-fade of silence is over at once.
    pub(super) fn clear(&mut self) {
        self.finish();
        self.each(HardTier::clear);
    }

    pub(super) fn clamp_activations(&self) -> u64 {
        let incoming = self.incoming.as_ref();
        let counted = incoming.map_or(0, |incoming| incoming.change.tier.clamp_activations());
        self.tier.clamp_activations() + counted
    }

    pub(super) fn take_meters(&mut self) -> HardMeters {
        let now = self.tier.take_meters();
        let Some(incoming) = &mut self.incoming else { return now };
        now.and(incoming.change.tier.take_meters())
    }

    /// Limits the first `frames` of each channel of `block` in place.
    pub(super) fn process(&mut self, block: &mut Block, frames: usize) {
        let Some(incoming) = &mut self.incoming else {
            self.tier.process(block, frames);
            return;
        };
        let channels = self.spec.layout.channels();
        let mut new = *block;
        self.tier.process(block, frames);
        incoming.change.tier.process(&mut new, frames);
        let mut weights = [0.0_f32; CHUNK];
        let fade_frames = self.spec.rate_hz as usize / FADES_PER_SECOND;
        for weight in &mut weights[..frames] {
            if incoming.unready_frames > 0 {
                incoming.unready_frames -= 1;
            } else {
                incoming.faded_frames += 1;
            }
            let share = min(incoming.faded_frames as f32 / fade_frames as f32, 1.0);
            // Level and slope are continuous at both ends.
            *weight = share * share * (3.0 - 2.0 * share);
        }
        for (old, new) in block[..channels].iter_mut().zip(&new) {
            for i in 0..frames {
                let mixed = old[i] + weights[i] * (new[i] - old[i]);
                // Rounding must not carry the mixture past the larger of the two.
                let (low, high) = (min(old[i], new[i]), max(old[i], new[i]));
                let mixed = min(max(mixed, low), high);
                old[i] = if weights[i] == 1.0 { new[i] } else { mixed };
            }
        }
        if incoming.faded_frames >= fade_frames {
            self.finish();
            self.start();
        }
    }

    /// Puts the incoming tier in force.
    fn finish(&mut self) {
        let Some(Incoming { mut change, .. }) = self.incoming.take() else { return };
        swap(&mut self.tier, &mut change.tier);
        swap(&mut self.lookahead, &mut change.lookahead);
        self.tier.succeed(&mut change.tier);
        self.retired = Some(change);
    }

    /// Begins the change that waits, if nothing stands before it.
    fn start(&mut self) {
        if self.incoming.is_some() || self.retired.is_some() {
            return;
        }
        let Some(mut change) = self.next.take() else { return };
        if change.lookahead == self.lookahead {
            self.retired = Some(change);
            return;
        }
        let unready_frames = change.tier.begin_beside(&self.tier);
        self.incoming = Some(Incoming { change, unready_frames, faded_frames: 0 });
    }

    fn each(&mut self, mut work: impl FnMut(&mut HardTier)) {
        work(&mut self.tier);
        for change in
            self.incoming.as_mut().map(|i| &mut i.change).into_iter().chain(&mut self.next)
        {
            work(&mut change.tier);
        }
    }
}
