//! Owns the whole chain and its meters; runs on the audio thread.

use crate::cap::CapStage;
use crate::dynamics::Dynamics;
use crate::limiter::{Limiter, LookaheadChange};
use crate::loudness::Loudness;
use crate::math::{max, min};
use crate::meters::{BlockMeters, ChainMeters, DynamicsMeters, LimiterMeters, MeterFrame};
use crate::params::{ChainParams, Lookahead};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec};
use crate::state::DynamicsState;
use crate::units::{FLOOR_DB, finite_db, gain_to_db};
use crate::{Block, clean, each_chunk, each_chunk_in_place, parts};

/// The part that a chain takes in an arrangement of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// All stages; the last that sound passes. Where [`Role::App`] chains come before it,
    /// [`ChainParams::for_bus`] leaves it the limiter.
    #[default]
    Bus,
    /// Leveller and compressor of one application: no delay, and no ceiling, which a bus chain must hold.
    App,
}

/// Leveller, compressor and limiter on a linked group of channels.
///
/// Life cycle: [`Chain::new`], [`Chain::prepare`], [`Chain::reset`], [`Chain::process`]. Before
/// `prepare` the output is silence.
#[derive(Clone, Debug)]
pub struct Chain {
    params: ChainParams,
    dynamics: Dynamics,
    /// None in the chain of an application.
    limiter: Option<Limiter>,
    /// None in the chain of an application, and before `prepare`.
    cap: Option<Box<CapStage>>,
    meters: Option<Meters>,
}

/// What is measured around the stages.
#[derive(Clone, Debug)]
struct Meters {
    channels: usize,
    input_peak: f32,
    /// Of the input, while no leveller measures it; in the chain of an application.
    input: Option<Loudness>,
    loudness: Loudness,
    /// What was noted and is still to be taken.
    noted: Noted,
}

/// Extremes of all stages, and the gains of now.
#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    input_peak: f32,
    dynamics: DynamicsMeters,
    cap_db: f32,
    limiter: LimiterMeters,
}

impl Noted {
    /// Adds what came later.
    fn then(self, later: Self) -> Self {
        let (dynamics, limiter) = (later.dynamics, later.limiter);
        Self {
            input_peak: max(self.input_peak, later.input_peak),
            dynamics: DynamicsMeters {
                surge_db: min(self.dynamics.surge_db, dynamics.surge_db),
                compressor_db: min(self.dynamics.compressor_db, dynamics.compressor_db),
                ..dynamics
            },
            cap_db: min(self.cap_db, later.cap_db),
            limiter: LimiterMeters {
                true_peak_dbtp: max(self.limiter.true_peak_dbtp, limiter.true_peak_dbtp),
                soft_db: min(self.limiter.soft_db, limiter.soft_db),
                hard_db: min(self.limiter.hard_db, limiter.hard_db),
                ..limiter
            },
        }
    }
}

impl ChainParams {
    /// Hands leveller and compressor what is theirs.
    fn set_up(&self, dynamics: &mut Dynamics) {
        let bypassed = self.dynamics_bypassed || self.without_db.is_some();
        // Bypassed for good is bypassed as it is.
        let without_db = self.without_db.filter(|_| !self.dynamics_bypassed).unwrap_or(0.0);
        dynamics.set_params(&self.leveller, &self.compressor, bypassed, without_db);
    }
}

impl Chain {
    /// Makes a chain with all stages; allocates nothing.
    pub fn new(params: ChainParams) -> Self {
        Self::with_role(Role::Bus, params)
    }

    /// Makes a chain with the stages of a role; allocates nothing.
    pub fn with_role(role: Role, params: ChainParams) -> Self {
        let params = params.clamped();
        let mut dynamics = Dynamics::new(params.leveller, params.compressor);
        params.set_up(&mut dynamics);
        dynamics.set_trim_db(params.trim_db);
        dynamics.set_stream_volume_db(params.stream_volume_db);
        let limiter = (role == Role::Bus).then(|| {
            let mut limiter = Limiter::new(params.limiter);
            limiter.set_params(&params.limiter, params.dynamics_bypassed);
            limiter
        });
        Self { params, dynamics, limiter, cap: None, meters: None }
    }

    /// Allocates for a rate and layout; the only call that allocates.
    ///
    /// # Errors
    /// If the rate is not served; the chain is then not prepared.
    pub fn prepare(&mut self, spec: Spec) -> Result<(), PrepareError> {
        self.meters = None;
        self.cap = None;
        // Both are tried, so that after a failure neither is prepared.
        let dynamics = self.dynamics.prepare(spec);
        let limiter = self.limiter.as_mut().map_or(Ok(()), |limiter| limiter.prepare(spec));
        dynamics.and(limiter)?;
        if self.limiter.is_some() {
            let bypassed = self.params.dynamics_bypassed;
            self.cap = Some(Box::new(CapStage::new(spec, self.params.cap, bypassed)?));
        }
        let (input, loudness) = if self.limiter.is_some() {
            (None, Loudness::new(spec)?)
        } else {
            (Some(Loudness::ungated(spec)?), Loudness::ungated(spec)?)
        };
        self.meters = Some(Meters {
            channels: spec.layout.channels(),
            input_peak: 0.0,
            input,
            loudness,
            noted: Noted::default(),
        });
        Ok(())
    }

    /// Forgets all audio and readings; gains return to rest.
    ///
    /// # Real-time
    /// Safe.
    pub fn reset(&mut self) {
        self.dynamics.reset();
        self.flush();
    }

    /// Forgets the audio that is held back and the meters' readings, but not what leveller and compressor
    /// have learned: for a gap so short that the same programme goes on after it.
    ///
    /// # Real-time
    /// Safe.
    pub fn flush(&mut self) {
        if let Some(limiter) = &mut self.limiter {
            limiter.reset();
        }
        if let Some(cap) = &mut self.cap {
            cap.clear();
        }
        if let Some(meters) = &mut self.meters {
            meters.input_peak = 0.0;
            meters.noted.input_peak = 0.0;
            meters.noted.limiter = LimiterMeters::default();
            if let Some(input) = &mut meters.input {
                input.reset();
            }
            meters.loudness.reset();
        }
    }

    /// Takes new settings, moved into their ranges; levels ramp and switched stages fade, in 50 ms.
    ///
    /// A changed look-ahead takes effect at the next [`Chain::prepare`] or with
    /// [`Chain::change_lookahead`], because it needs memory and changes the latency. Equal
    /// settings change nothing.
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn set_params(&mut self, params: &ChainParams) {
        self.params = params.clamped();
        let bypassed = self.params.dynamics_bypassed;
        self.params.set_up(&mut self.dynamics);
        self.dynamics.set_trim_db(self.params.trim_db);
        self.dynamics.set_stream_volume_db(self.params.stream_volume_db);
        if let Some(cap) = &mut self.cap {
            cap.set(self.params.cap, bypassed);
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.set_params(&self.params.limiter, bypassed);
        }
    }

    /// Goes on from where another chain's leveller and compressor stand; see [`Dynamics::take_over`].
    ///
    /// # Real-time
    /// Safe; takes the same short time whatever the state.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn take_over(&mut self, state: &DynamicsState) {
        self.dynamics.take_over(state);
    }

    /// Returns where leveller and compressor stand, for another chain to go on from there.
    ///
    /// # Real-time
    /// Safe.
    pub fn dynamics_state(&self) -> DynamicsState {
        self.dynamics.state()
    }

    /// Fades over to another look-ahead while audio goes on; levelling, compression and every
    /// reading are not touched.
    ///
    /// The new delay is heard 20 ms after the new limiter has filled its lines. Returns a change
    /// that is not needed any more, because this one came after it, or one that was prepared for
    /// another rate or layout: drop it away from the audio thread.
    ///
    /// # Real-time
    /// Safe.
    pub fn change_lookahead(&mut self, change: LookaheadChange) -> Option<LookaheadChange> {
        match &mut self.limiter {
            Some(limiter) => limiter.change_lookahead(change),
            None => Some(change),
        }
    }

    /// Returns what a finished change of the look-ahead has replaced, to be dropped away from the
    /// audio thread; until it is taken, the next change waits.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_retired(&mut self) -> Option<LookaheadChange> {
        self.limiter.as_mut()?.take_retired()
    }

    /// The settings in force.
    pub fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Processes planar audio, channels by frames, of any block length, zero included.
    ///
    /// The longest output decides how many frames are processed. Input channels or frames that
    /// are missing count as silence; outputs beyond the prepared channels become silence; inputs
    /// beyond them are ignored.
    ///
    /// # Real-time
    /// Safe. Any division of a stream into blocks gives the same bits.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process(&mut self, input: &[&[f32]], output: &mut [&mut [f32]]) {
        let channels = self.channels();
        each_chunk(input, output, channels, |block, frames| self.process_chunk(block, frames));
    }

    /// Processes planar audio in place; otherwise as [`Chain::process`].
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process_in_place(&mut self, io: &mut [&mut [f32]]) {
        let channels = self.channels();
        each_chunk_in_place(io, channels, |block, frames| self.process_chunk(block, frames));
    }

    /// The delay in frames, zero in the chain of an application, else constant until the next [`Chain::prepare`] or
    /// [`Chain::change_lookahead`], and then the new one; zero before the first.
    pub fn latency_frames(&self) -> usize {
        self.limiter.as_ref().map_or(0, Limiter::latency_frames)
    }

    /// The delay in frames at a rate; `None` if the rate is not served.
    pub fn latency_frames_for(rate_hz: u32, lookahead: Lookahead) -> Option<usize> {
        Limiter::latency_frames_for(rate_hz, lookahead)
    }

    /// Samples that met the limiter's last clamp since [`Chain::prepare`]; it must stay zero.
    ///
    /// # Real-time
    /// Safe.
    pub fn clamp_activations(&self) -> u64 {
        self.limiter.as_ref().map_or(0, Limiter::clamp_activations)
    }

    /// Notes what was done since the last time, and returns it; [`Self::take_meters`] and [`Self::take_chain_meters`]
    /// still return all since their own last take.
    ///
    /// # Real-time
    /// Safe.
    pub fn note_block(&mut self) -> BlockMeters {
        let latest = self.latest();
        let (dynamics, cap) =
            (self.dynamics.input(), self.cap.as_deref().and_then(CapStage::input));
        let Some(meters) = &mut self.meters else {
            return BlockMeters::default();
        };
        meters.noted = meters.noted.then(latest);
        let input = dynamics.or(meters.input.as_ref()).or(cap);
        BlockMeters {
            input_peak_dbfs: gain_to_db(latest.input_peak),
            surge_db: finite_db(latest.dynamics.surge_db),
            cap_db: finite_db(latest.cap_db),
            limiter_soft_db: finite_db(latest.limiter.soft_db),
            limiter_hard_db: finite_db(latest.limiter.hard_db),
            momentary_in_lufs: input.map_or(FLOOR_DB, Loudness::momentary_lufs),
            momentary_out_lufs: meters.loudness.momentary_lufs(),
            short_term_in_lufs: input.map_or(FLOOR_DB, Loudness::short_term_lufs),
            short_term_out_lufs: meters.loudness.short_term_lufs(),
        }
    }

    /// Takes what the stages did since this was called last.
    fn latest(&mut self) -> Noted {
        Noted {
            input_peak: self
                .meters
                .as_mut()
                .map_or(0.0, |m| std::mem::replace(&mut m.input_peak, 0.0)),
            dynamics: self.dynamics.take_meters(),
            cap_db: self.cap.as_mut().map_or(0.0, |cap| cap.take_deepest_db()),
            limiter: self.limiter.as_mut().map(Limiter::take_meters).unwrap_or_default(),
        }
    }

    /// Takes all since the last take.
    fn take_noted(&mut self) -> Noted {
        let latest = self.latest();
        match &mut self.meters {
            Some(meters) => std::mem::take(&mut meters.noted).then(latest),
            None => latest,
        }
    }

    /// Reads the meters: extremes since the last take, gain and loudness of now.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_meters(&mut self) -> MeterFrame {
        let Noted { input_peak, dynamics, cap_db, limiter } = self.take_noted();
        let Some(meters) = &self.meters else {
            return MeterFrame::default();
        };
        MeterFrame {
            input_peak_dbfs: gain_to_db(input_peak),
            true_peak_dbtp: limiter.true_peak_dbtp,
            leveller_db: dynamics.leveller_db,
            surge_db: finite_db(dynamics.surge_db),
            compressor_db: finite_db(dynamics.compressor_db),
            cap_db: finite_db(cap_db),
            limiter_soft_db: finite_db(limiter.soft_db),
            limiter_hard_db: finite_db(limiter.hard_db),
            momentary_lufs: meters.loudness.momentary_lufs(),
            short_term_lufs: meters.loudness.short_term_lufs(),
            integrated_lufs: meters.loudness.integrated_lufs(),
            clamp_activations: limiter.clamp_activations,
        }
    }

    /// Reads the meters around the chain: reduction since the last take, gain and loudness of now.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_chain_meters(&mut self) -> ChainMeters {
        let Noted { dynamics, cap_db, limiter, .. } = self.take_noted();
        let (cap_db, limiter_db) =
            (finite_db(cap_db), finite_db(limiter.soft_db + limiter.hard_db));
        let Some(meters) = &self.meters else {
            return ChainMeters::default();
        };
        let own = meters.input.as_ref().map_or(FLOOR_DB, Loudness::short_term_lufs);
        ChainMeters {
            loudness_in_lufs: self.dynamics.input_lufs().unwrap_or(own),
            gain_db: finite_db(dynamics.gain_db + cap_db + limiter_db),
            leveller_db: dynamics.leveller_db,
            surge_db: finite_db(dynamics.surge_db),
            compressor_db: finite_db(dynamics.compressor_db),
            cap_db,
            limiter_db,
            loudness_out_lufs: meters.loudness.short_term_lufs(),
            programme_lufs: dynamics.programme_lufs,
            programme_is_stable: dynamics.programme_is_stable,
        }
    }

    /// Uses only baseline instructions, for comparison.
    #[doc(hidden)]
    pub fn use_portable_kernels(&mut self) {
        let level = Level::portable();
        self.dynamics.set_level(level);
        if let Some(cap) = &mut self.cap {
            cap.set_level(level);
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.set_level(level);
        }
        if let Some(meters) = &mut self.meters {
            if let Some(input) = &mut meters.input {
                input.set_level(level);
            }
            meters.loudness.set_level(level);
        }
    }

    fn process_chunk(&mut self, block: &mut Block, frames: usize) {
        let Some(meters) = &mut self.meters else { return };
        let channels = meters.channels;
        for channel in &mut block[..channels] {
            meters.input_peak = max(meters.input_peak, clean(&mut channel[..frames]));
        }
        if let Some(limiter) = &mut self.limiter {
            self.dynamics.process_chunk(block, frames);
            if let Some(cap) = &mut self.cap {
                cap.process(block, frames);
            }
            limiter.process_chunk(block, frames);
        } else {
            if !self.dynamics.is_levelling()
                && let Some(input) = &mut meters.input
            {
                measure(input, block, channels, frames);
            }
            self.dynamics.process_chunk(block, frames);
        }
        measure(&mut meters.loudness, block, channels, frames);
    }

    fn channels(&self) -> usize {
        self.meters.as_ref().map_or(0, |m| m.channels)
    }
}

/// Measures one chunk, step by step.
fn measure(loudness: &mut Loudness, block: &Block, channels: usize, frames: usize) {
    let mut start = 0;
    while start < frames {
        let take = (frames - start).min(loudness.frames_to_step());
        loudness.measure(&parts(block, channels, start, take));
        start += take;
    }
}
