//! Owns the two-tier limiter; runs on the audio thread.
//!
//! The soft tier is a comfort cap and adds no delay; the hard tier is the promise and delays by
//! its look-ahead.

mod design;
mod detector;
mod gain;
mod handover;
mod hard;
mod programme;
mod soft;
mod taps;

use crate::meters::LimiterMeters;
use crate::params::{LimiterParams, Lookahead};
use crate::simd::Level;
use crate::spec::{MAX_RATE_HZ, MIN_RATE_HZ, PrepareError, Spec, check_rate};
use crate::units::gain_to_db;
use crate::{Block, each_chunk, each_chunk_in_place};
use design::Design;
pub(crate) use detector::refine;
use handover::HardTiers;
pub use handover::LookaheadChange;
use soft::SoftTier;

/// Limits a linked group of channels to a true-peak ceiling.
///
/// Life cycle as for [`crate::Chain`]. Before `prepare` the output is silence.
#[derive(Clone, Debug)]
pub struct Limiter {
    params: LimiterParams,
    soft_bypassed: bool,
    prepared: Option<Prepared>,
}

#[derive(Clone, Debug)]
struct Prepared {
    channels: usize,
    soft: SoftTier,
    hard: HardTiers,
}

impl Limiter {
    /// Makes a limiter; allocates nothing.
    pub fn new(params: LimiterParams) -> Self {
        Self { params: params.clamped(), soft_bypassed: false, prepared: None }
    }

    /// Allocates for a rate and layout; the only call that allocates.
    ///
    /// # Errors
    /// If the rate is not served; the limiter is then not prepared.
    pub fn prepare(&mut self, spec: Spec) -> Result<(), PrepareError> {
        self.prepared = None;
        check_rate(spec.rate_hz)?;
        let channels = spec.layout.channels();
        let mut soft = SoftTier::new(spec, &self.params.soft)?;
        soft.set_params(&self.params.soft, self.soft_bypassed);
        soft.clear();
        let hard = HardTiers::new(spec, &self.params);
        self.prepared = Some(Prepared { channels, soft, hard });
        Ok(())
    }

    /// Forgets all audio and readings.
    ///
    /// # Real-time
    /// Safe.
    pub fn reset(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            prepared.soft.clear();
            prepared.hard.clear();
        }
    }

    /// Takes new settings, moved into their ranges; `soft_bypassed` fades the soft tier out.
    ///
    /// A changed look-ahead takes effect at the next `prepare`, or with
    /// [`Self::change_lookahead`].
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn set_params(&mut self, params: &LimiterParams, soft_bypassed: bool) {
        self.params = params.clamped();
        self.soft_bypassed = soft_bypassed;
        if let Some(prepared) = &mut self.prepared {
            prepared.soft.set_params(&self.params.soft, soft_bypassed);
            prepared.hard.set_params(&self.params);
        }
    }

    /// Fades over to another look-ahead; returns a change that is not needed any more, or was
    /// prepared for another rate or layout, to be dropped elsewhere.
    ///
    /// As for [`crate::Chain::change_lookahead`].
    ///
    /// # Real-time
    /// Safe.
    pub fn change_lookahead(&mut self, change: LookaheadChange) -> Option<LookaheadChange> {
        let Some(prepared) = &mut self.prepared else { return Some(change) };
        let unneeded = prepared.hard.change(change);
        // It may have been prepared with settings that are not the latest.
        prepared.hard.set_params(&self.params);
        unneeded
    }

    /// Returns what a finished change has replaced, to be dropped elsewhere; until it is taken,
    /// the next change waits.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_retired(&mut self) -> Option<LookaheadChange> {
        self.prepared.as_mut()?.hard.take_retired()
    }

    /// Processes planar audio, channels by frames, of any block length.
    ///
    /// Shapes as for [`crate::Chain::process`].
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]]) {
        let channels = self.channels();
        each_chunk(input, output, channels, |block, frames| self.process_chunk(block, frames));
    }

    /// Processes planar audio in place; otherwise as [`Self::process`].
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process_in_place(&mut self, io: &mut [&mut [f32]]) {
        let channels = self.channels();
        each_chunk_in_place(io, channels, |block, frames| self.process_chunk(block, frames));
    }

    /// The delay in frames, once all changes of the look-ahead are done; zero before `prepare`.
    pub fn latency_frames(&self) -> usize {
        self.prepared.as_ref().map_or(0, |p| p.hard.latency())
    }

    /// The delay in frames at a rate; `None` if the rate is not served.
    pub fn latency_frames_for(rate_hz: u32, lookahead: Lookahead) -> Option<usize> {
        (MIN_RATE_HZ..=MAX_RATE_HZ)
            .contains(&rate_hz)
            .then(|| Design::for_rate(rate_hz, lookahead).latency())
    }

    /// Samples that met the last clamp since `prepare`; it must stay zero.
    ///
    /// # Real-time
    /// Safe.
    pub fn clamp_activations(&self) -> u64 {
        self.prepared.as_ref().map_or(0, |prepared| prepared.hard.clamp_activations())
    }

    /// Reads and restarts the meters.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_meters(&mut self) -> LimiterMeters {
        let Some(prepared) = &mut self.prepared else {
            return LimiterMeters::default();
        };
        let hard = prepared.hard.take_meters();
        LimiterMeters {
            true_peak_dbtp: gain_to_db(hard.true_peak),
            soft_db: prepared.soft.take_deepest_db(),
            hard_db: hard.deepest_db(),
            clamp_activations: prepared.hard.clamp_activations(),
        }
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        if let Some(prepared) = &mut self.prepared {
            prepared.soft.set_level(level);
            prepared.hard.set_level(level);
        }
    }

    pub(crate) fn process_chunk(&mut self, block: &mut Block, frames: usize) {
        if let Some(prepared) = &mut self.prepared {
            for channel in &mut block[..prepared.channels] {
                for x in &mut channel[..frames] {
                    *x = crate::math::sanitise(*x);
                }
            }
            prepared.soft.process(block, frames);
            prepared.hard.process(block, frames);
        }
    }

    fn channels(&self) -> usize {
        self.prepared.as_ref().map_or(0, |p| p.channels)
    }
}
