//! Owns leveller, compressor and trim as one gain; runs on the audio thread and adds no delay.

use crate::compressor::Compressor;
use crate::leveller::Leveller;
use crate::loudness::Loudness;
use crate::math::{exp2, max};
use crate::meters::DynamicsMeters;
use crate::params::{CompressorParams, LevellerParams, STREAM_VOLUME, TRIM};
use crate::ramp::{Ramp, ramp_frames};
use crate::simd::{Kernel, Level};
use crate::spec::{PrepareError, Spec, check_rate};
use crate::state::DynamicsState;
use crate::units::{DB_PER_OCTAVE, FLOOR_DB, OCTAVES_PER_DB};
use crate::{Block, CHUNK, clean, each_chunk, each_chunk_in_place, parts};

/// Levels and compresses a linked group of channels, without delay.
///
/// Life cycle as for [`crate::Chain`]. Before `prepare` the output is silence. It holds no
/// ceiling: a [`crate::Limiter`] must follow.
#[derive(Clone, Debug)]
pub struct Dynamics {
    leveller_params: LevellerParams,
    compressor_params: CompressorParams,
    trim_db: f32,
    stream_volume_db: f32,
    bypassed: bool,
    /// Gain in place of everything while bypassed, in dB.
    without_db: f32,
    prepared: Option<Prepared>,
}

#[derive(Clone, Debug)]
struct Prepared {
    channels: usize,
    rate_hz: u32,
    level: Level,
    /// Apart, so that a chain is moved cheaply.
    leveller: Box<Leveller>,
    compressor: Compressor,
    /// In octaves.
    trim: Ramp,
    /// The gain of the last frame, in octaves.
    gain: f32,
}

impl Dynamics {
    /// Makes the stages; allocates nothing.
    pub fn new(leveller: LevellerParams, compressor: CompressorParams) -> Self {
        Self {
            leveller_params: leveller.clamped(),
            compressor_params: compressor.clamped(),
            trim_db: 0.0,
            stream_volume_db: 0.0,
            bypassed: false,
            without_db: 0.0,
            prepared: None,
        }
    }

    /// Allocates for a rate and layout; the only call that allocates.
    ///
    /// # Errors
    /// If the rate is not served; the stages are then not prepared.
    pub fn prepare(&mut self, spec: Spec) -> Result<(), PrepareError> {
        self.prepared = None;
        check_rate(spec.rate_hz)?;
        self.prepared = Some(Prepared {
            channels: spec.layout.channels(),
            rate_hz: spec.rate_hz,
            level: Level::detect(),
            leveller: Box::new(Leveller::new(
                spec,
                &self.leveller_params,
                self.stream_volume_db,
                self.bypassed,
            )?),
            compressor: Compressor::new(spec.rate_hz, &self.compressor_params, self.bypassed),
            trim: Ramp::at(self.trim_octaves()),
            gain: self.trim_octaves(),
        });
        Ok(())
    }

    /// Forgets all readings; gains return to rest.
    ///
    /// # Real-time
    /// Safe.
    pub fn reset(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            prepared.leveller.clear();
            prepared.compressor.clear();
            prepared.trim.finish();
            prepared.gain = prepared.trim.value();
        }
    }

    /// Takes new settings, moved into their ranges; `bypassed` fades both stages and the trim out
    /// while they go on measuring, and `without_db` in, a fixed gain in dB.
    ///
    /// # Real-time
    /// Safe.
    pub fn set_params(
        &mut self,
        leveller: &LevellerParams,
        compressor: &CompressorParams,
        bypassed: bool,
        without_db: f32,
    ) {
        self.without_db = without_db;
        self.leveller_params = leveller.clamped();
        self.compressor_params = compressor.clamped();
        self.bypassed = bypassed;
        if let Some(prepared) = &mut self.prepared {
            prepared.leveller.set_params(&self.leveller_params, bypassed);
            prepared.compressor.set_params(&self.compressor_params, bypassed);
        }
        self.set_trim_db(self.trim_db);
    }

    /// Takes a fixed gain behind both stages, in dB, -36 to 12; it ramps.
    ///
    /// # Real-time
    /// Safe.
    pub fn set_trim_db(&mut self, trim_db: f32) {
        self.trim_db = TRIM.clamp(trim_db);
        let octaves = self.trim_octaves();
        if let Some(prepared) = &mut self.prepared {
            prepared.trim.set(octaves, ramp_frames(prepared.rate_hz));
        }
    }

    /// Takes the gain that the stream's own volume has put on the input already, in dB, -120 to 20: levelling goes on
    /// as if it were 0 dB, and a change starts no surge. At -40 dB and below nothing is measured.
    ///
    /// # Real-time
    /// Safe.
    pub fn set_stream_volume_db(&mut self, volume_db: f32) {
        self.stream_volume_db = STREAM_VOLUME.clamp(volume_db);
        if let Some(prepared) = &mut self.prepared {
            prepared.leveller.set_volume_db(self.stream_volume_db);
        }
    }

    /// Goes on from where another chain stands that has worked on the same sound; what is switched
    /// off stays as it is.
    ///
    /// A gain that this chain was heard with is given up for the other's at once: it is to be
    /// bypassed, or to have been switched on with the settings before this call.
    ///
    /// # Real-time
    /// Safe; takes the same short time whatever the state.
    pub fn take_over(&mut self, state: &DynamicsState) {
        if let Some(prepared) = &mut self.prepared {
            let trim_db = prepared.trim.target() * DB_PER_OCTAVE;
            prepared.leveller.take_over(state, trim_db);
            prepared.compressor.take_over(state.compressor_db);
        }
    }

    /// Returns where the stages stand.
    ///
    /// # Real-time
    /// Safe.
    pub fn state(&self) -> DynamicsState {
        let mut state = DynamicsState::default();
        if let Some(prepared) = &self.prepared {
            prepared.leveller.write_state(&mut state);
            state.gain_db += prepared.trim.value() * DB_PER_OCTAVE;
            state.compressor_db = prepared.compressor.reduction_db();
            state.input_lufs = self.input_lufs().unwrap_or(FLOOR_DB);
        }
        state
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
        each_chunk(input, output, channels, |block, frames| self.clean_and_process(block, frames));
    }

    /// Processes planar audio in place; otherwise as [`Self::process`].
    ///
    /// # Real-time
    /// Safe.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process_in_place(&mut self, io: &mut [&mut [f32]]) {
        let channels = self.channels();
        each_chunk_in_place(io, channels, |block, frames| self.clean_and_process(block, frames));
    }

    /// Reads and restarts the meters.
    ///
    /// # Real-time
    /// Safe.
    pub fn take_meters(&mut self) -> DynamicsMeters {
        self.prepared.as_mut().map_or_else(DynamicsMeters::default, |p| DynamicsMeters {
            gain_db: p.gain * DB_PER_OCTAVE,
            leveller_db: p.leveller.gain_db(),
            surge_db: p.leveller.take_surge_db(),
            compressor_db: p.compressor.take_deepest_db(),
            programme_lufs: p.leveller.programme_lufs(),
            programme_is_stable: p.leveller.programme_is_stable(),
        })
    }

    /// Whether the leveller works or measures, so that [`Self::input_lufs`] is known.
    pub(crate) fn is_levelling(&self) -> bool {
        self.prepared.as_ref().is_some_and(|p| p.leveller.is_running())
    }

    /// The short-term loudness of the input, if the leveller measures it.
    pub(crate) fn input_lufs(&self) -> Option<f32> {
        self.input().map(Loudness::short_term_lufs)
    }

    /// The meter of the input, if the leveller has one at work.
    pub(crate) fn input(&self) -> Option<&Loudness> {
        self.prepared.as_ref().filter(|p| p.leveller.is_running()).map(|p| p.leveller.input())
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        if let Some(prepared) = &mut self.prepared {
            prepared.level = level;
            prepared.leveller.set_level(level);
        }
    }

    fn clean_and_process(&mut self, block: &mut Block, frames: usize) {
        for channel in &mut block[..self.channels()] {
            clean(&mut channel[..frames]);
        }
        self.process_chunk(block, frames);
    }

    /// Processes sanitised audio.
    pub(crate) fn process_chunk(&mut self, block: &mut Block, frames: usize) {
        if let Some(prepared) = &mut self.prepared {
            prepared.process_chunk(block, frames);
        }
    }

    fn channels(&self) -> usize {
        self.prepared.as_ref().map_or(0, |p| p.channels)
    }

    fn trim_octaves(&self) -> f32 {
        OCTAVES_PER_DB * if self.bypassed { self.without_db } else { self.trim_db }
    }
}

impl Prepared {
    fn process_chunk(&mut self, block: &mut Block, frames: usize) {
        let (mut octaves, mut presence) = ([0.0_f32; CHUNK], [1.0_f32; CHUNK]);
        let leveller = self.leveller.is_running();
        if leveller {
            let mut start = 0;
            while start < frames {
                let take = (frames - start).min(self.leveller.frames_to_hop());
                let audio = parts(block, self.channels, start, take);
                let part = start..start + take;
                self.leveller.run(&audio, &mut octaves[part.clone()], &mut presence[part]);
                start += take;
            }
        }
        let compressor = self.compressor.is_running();
        let trim = !self.trim.is_at_rest() || self.trim.value() != 0.0;
        if leveller || compressor || trim {
            let (level, stages) = (self.level, Stages { compressor, trim });
            level.run(Apply { dynamics: self, block, octaves, presence, frames, stages });
        } else if frames > 0 {
            self.gain = 0.0;
        }
    }
}

/// Which stages behind the leveller have something to do.
#[derive(Clone, Copy)]
struct Stages {
    compressor: bool,
    trim: bool,
}

/// Finds the compressor's gain and the trim, and applies all.
struct Apply<'a> {
    dynamics: &'a mut Prepared,
    block: &'a mut Block,
    /// The gain of the leveller.
    octaves: [f32; CHUNK],
    /// How much of that is to be heard.
    presence: [f32; CHUNK],
    frames: usize,
    stages: Stages,
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { dynamics, block, mut octaves, presence, frames, stages } = self;
        let fade = |octaves: &mut [f32; CHUNK]| {
            for (octaves, presence) in octaves[..frames].iter_mut().zip(&presence) {
                *octaves *= presence;
            }
        };
        let whole = dynamics.leveller.counts_whole();
        if !whole {
            fade(&mut octaves);
        }
        if stages.compressor {
            let mut squared = [0.0_f32; CHUNK];
            for channel in &block[..dynamics.channels] {
                for (squared, x) in squared[..frames].iter_mut().zip(channel) {
                    *squared = max(*squared, x * x);
                }
            }
            for (squared, octaves) in squared[..frames].iter_mut().zip(&octaves) {
                *squared *= exp2(2.0 * octaves);
            }
            if whole {
                fade(&mut octaves);
            }
            dynamics.compressor.run(&squared[..frames], &mut octaves);
        } else if whole {
            fade(&mut octaves);
        }
        if stages.trim {
            let mut trim = [0.0_f32; CHUNK];
            dynamics.trim.fill(&mut trim[..frames]);
            for (octaves, trim) in octaves[..frames].iter_mut().zip(&trim) {
                *octaves += trim;
            }
        }
        if let Some(last) = octaves[..frames].last() {
            dynamics.gain = *last;
        }
        let mut gain = [1.0_f32; CHUNK];
        for (gain, octaves) in gain[..frames].iter_mut().zip(&octaves) {
            *gain = exp2(*octaves);
        }
        for channel in &mut block[..dynamics.channels] {
            for (x, gain) in channel[..frames].iter_mut().zip(&gain) {
                *x *= gain;
            }
        }
    }
}
