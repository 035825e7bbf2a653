//! Owns the reading of a programme's loudness that ignores pauses; runs on the audio thread.

use crate::MAX_CHANNELS;
use crate::loudness::{Loudness, lufs, mean_square};
use crate::simd::Level;
use crate::spec::{PrepareError, Spec};

/// Steps of 20 ms after which quiet counts as silence, and sound after silence is trusted (400 ms).
const TRUST_STEPS: u32 = 20;
/// Steps that decide whether there is sound now (100 ms).
const SOUND_STEPS: usize = 5;
/// Gating blocks in the reading (3 s at one every 100 ms).
const BLOCKS: usize = 30;
/// Distance of the relative gate below the ungated reading, in LU.
const RELATIVE_GATE_LU: f64 = 10.0;

/// Short-term loudness of a programme: gated, and begun anew after each silence.
#[derive(Clone, Debug)]
pub(crate) struct Programme {
    loudness: Loudness,
    gate: f64,
    quiet_steps: u32,
    sound_steps: u32,
    sounding: bool,
    blocks: [f64; BLOCKS],
    block_count: usize,
    block_position: usize,
    reading: Option<f64>,
}

impl Programme {
    pub(crate) fn new(spec: Spec, gate_lufs: f32) -> Result<Self, PrepareError> {
        Ok(Self {
            loudness: Loudness::ungated(spec)?,
            gate: mean_square(f64::from(gate_lufs)),
            quiet_steps: TRUST_STEPS,
            sound_steps: 0,
            sounding: false,
            blocks: [0.0; BLOCKS],
            block_count: 0,
            block_position: 0,
            reading: None,
        })
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.loudness.set_level(level);
    }

    pub(crate) fn reset(&mut self) {
        self.loudness.reset();
        self.quiet_steps = TRUST_STEPS;
        self.sound_steps = 0;
        self.sounding = false;
        self.forget();
        self.reading = None;
    }

    /// Frames until the reading may change.
    pub(crate) fn frames_to_step(&self) -> usize {
        self.loudness.frames_to_step()
    }

    /// Whether there is sound that has lasted long enough to be judged.
    pub(crate) fn is_trusted(&self) -> bool {
        self.sounding && self.sound_steps >= TRUST_STEPS
    }

    /// The latest gated reading in LUFS; after a silence the one from before it, until a new one
    /// exists.
    pub(crate) fn reading_lufs(&self) -> Option<f64> {
        self.reading
    }

    /// Measures at most [`Self::frames_to_step`] frames; true when a step was completed.
    pub(crate) fn measure(&mut self, audio: &[&[f32]; MAX_CHANNELS]) -> bool {
        let before = self.loudness.steps();
        self.loudness.measure(audio);
        let stepped = self.loudness.steps() != before;
        if stepped {
            self.step();
        }
        stepped
    }

    fn step(&mut self) {
        self.sounding = self.loudness.recent_mean_square(SOUND_STEPS) >= self.gate;
        if self.sounding {
            self.quiet_steps = 0;
            self.sound_steps = (self.sound_steps + 1).min(TRUST_STEPS);
        } else {
            self.quiet_steps = (self.quiet_steps + 1).min(TRUST_STEPS);
            if self.quiet_steps == TRUST_STEPS {
                self.sound_steps = 0;
                self.forget();
            }
        }
        if self.is_trusted() && self.loudness.steps().is_multiple_of(SOUND_STEPS as u64) {
            self.add_block();
        }
    }

    fn forget(&mut self) {
        self.block_count = 0;
        self.block_position = 0;
    }

    fn add_block(&mut self) {
        self.blocks[self.block_position] = self.loudness.momentary_mean_square();
        self.block_position = (self.block_position + 1) % BLOCKS;
        self.block_count = (self.block_count + 1).min(BLOCKS);
        if let Some(above) = self.mean_above(self.gate) {
            let relative = above * mean_square(-RELATIVE_GATE_LU) / mean_square(0.0);
            self.reading = self.mean_above(relative.max(self.gate)).map(lufs);
        }
    }

    fn mean_above(&self, gate: f64) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for &block in &self.blocks[..self.block_count] {
            if block >= gate {
                sum += block;
                count += 1;
            }
        }
        (count > 0).then(|| sum / f64::from(count))
    }
}
