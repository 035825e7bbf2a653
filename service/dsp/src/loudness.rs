//! Owns the loudness meter of ITU-R BS.1770-5, EBU Tech 3341 and 3342; runs on the audio thread.

use crate::kweight::{KState, KWeighting};
use crate::simd::{Kernel, Level};
use crate::spec::{PrepareError, Spec, check_rate};
use crate::units::FLOOR_DB;
use crate::{CHUNK, MAX_CHANNELS};

/// Length of a step: readings are renewed every 20 ms.
const STEPS_PER_SECOND: u32 = 50;
/// Pieces of a step, of 1 ms: those that want to know more often ask for each ([`Loudness::measure_hop`]).
const HOPS_PER_STEP: usize = 20;
/// Steps in the momentary window (400 ms).
const MOMENTARY_STEPS: usize = 20;
/// Steps in the short-term window (3 s).
const SHORT_TERM_STEPS: usize = 150;
/// Steps between two gating blocks (100 ms: 75 % overlap).
const GATING_HOP_STEPS: u32 = 5;
/// The absolute gate, in LUFS, where the histogram begins.
const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// Bins of the histogram per LU.
const BINS_PER_LU: f64 = 20.0;
/// Bins of the histogram: -70 to +30 LUFS.
const BINS: usize = 2000;
/// Bins that are also kept summed up, so that no block has to add all of them (2 LU).
const BINS_PER_GROUP: usize = 40;

/// Bins per LU of the distribution of short-term loudness, from which the range is read.
const RANGE_BINS_PER_LU: f64 = 100.0;
/// Bins of the distribution: -70 to +30 LUFS.
const RANGE_BINS: usize = 10_000;

/// Loudness in LUFS of a weighted mean square (BS.1770-5, annex 1, equation 2).
pub(crate) fn lufs(mean_square: f64) -> f64 {
    if mean_square > 1e-12 { -0.691 + 10.0 * mean_square.log10() } else { f64::from(FLOOR_DB) }
}

/// Weighted mean square of a loudness in LUFS.
pub(crate) fn mean_square(lufs: f64) -> f64 {
    10.0_f64.powf((lufs + 0.691) * 0.1)
}

/// Measures momentary, short-term and integrated loudness, and the loudness range.
///
/// Readings are renewed every 20 ms; gating blocks start every 100 ms. The integrated loudness
/// keeps a histogram of fixed size (0.05 LU wide, with the exact energy of each bin), so a
/// measurement may run for ever. Silence reads [`FLOOR_DB`].
#[derive(Clone, Debug)]
pub struct Loudness {
    weights: [f64; MAX_CHANNELS],
    channels: usize,
    filter: KWeighting,
    level: Level,
    state: KState,
    step_frames: usize,
    step_position: usize,
    /// Hops of the step that are complete, and their energy.
    hop: usize,
    hops_energy: f64,
    ring: Box<[f64]>,
    ring_position: usize,
    steps: u64,
    momentary: f64,
    short_term: f64,
    integrated: Option<Box<Integrated>>,
    range: Option<Distribution>,
}

/// The gated measurement: a histogram of gating blocks, and what it comes to.
#[derive(Clone, Debug)]
struct Integrated {
    histogram: Box<[Bin]>,
    groups: [Bin; BINS / BINS_PER_GROUP],
    total: Bin,
    mean_square: f64,
}

/// How often each short-term loudness was read, and the sum of the mean squares.
#[derive(Clone, Debug)]
struct Distribution {
    counts: Box<[u32]>,
    total: Bin,
}

impl Distribution {
    fn new() -> Self {
        Self { counts: vec![0; RANGE_BINS].into_boxed_slice(), total: Bin::default() }
    }

    fn clear(&mut self) {
        self.counts.fill(0);
        self.total = Bin::default();
    }

    fn add(&mut self, mean_square: f64) {
        let loudness = lufs(mean_square);
        if loudness >= ABSOLUTE_GATE_LUFS {
            let count = &mut self.counts[Self::bin(loudness)];
            *count = count.saturating_add(1);
            self.total.add(Bin { blocks: 1, energy: mean_square });
        }
    }

    fn bin(loudness: f64) -> usize {
        let bin = (loudness - ABSOLUTE_GATE_LUFS) * RANGE_BINS_PER_LU;
        (bin.max(0.0) as usize).min(RANGE_BINS - 1)
    }

    /// From the 10th to the 95th percentile of what lies above the relative gate.
    fn range_lu(&self) -> f64 {
        let gate = lufs(self.total.mean()) - 20.0;
        let first = if self.total.blocks == 0 { 0 } else { Self::bin(gate) };
        let counts = &self.counts[first..];
        let gated: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if gated == 0 {
            return 0.0;
        }
        let percentile = |share: f64| {
            let rank = ((gated - 1) as f64 * share).round() as u64;
            let mut seen = 0;
            counts
                .iter()
                .position(|&count| {
                    seen += u64::from(count);
                    seen > rank
                })
                .unwrap_or(0)
        };
        (percentile(0.95) - percentile(0.10)) as f64 / RANGE_BINS_PER_LU
    }
}

/// Gating blocks of one bin: how many, and the sum of their mean squares.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    blocks: u64,
    energy: f64,
}

impl Bin {
    fn add(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.energy += other.energy;
    }

    fn mean(&self) -> f64 {
        if self.blocks == 0 { 0.0 } else { self.energy / self.blocks as f64 }
    }
}

impl Integrated {
    fn new() -> Self {
        Self {
            histogram: vec![Bin::default(); BINS].into_boxed_slice(),
            groups: [Bin::default(); BINS / BINS_PER_GROUP],
            total: Bin::default(),
            mean_square: 0.0,
        }
    }

    fn clear(&mut self) {
        self.histogram.fill(Bin::default());
        self.groups.fill(Bin::default());
        self.total = Bin::default();
        self.mean_square = 0.0;
    }

    /// Adds a gating block of a weighted mean square.
    fn add(&mut self, mean_square: f64) {
        let loudness = lufs(mean_square);
        if loudness < ABSOLUTE_GATE_LUFS {
            return;
        }
        let bin = ((loudness - ABSOLUTE_GATE_LUFS) * BINS_PER_LU) as usize;
        let block = Bin { blocks: 1, energy: mean_square };
        let bin = bin.min(BINS - 1);
        self.histogram[bin].add(block);
        self.groups[bin / BINS_PER_GROUP].add(block);
        self.total.add(block);
        let relative_gate = lufs(self.total.mean()) - 10.0;
        let first = ((relative_gate - ABSOLUTE_GATE_LUFS) * BINS_PER_LU).max(0.0).round() as usize;
        let first = first.min(BINS - 1);
        let first_group = first.div_ceil(BINS_PER_GROUP);
        let partial = first..(first_group * BINS_PER_GROUP).min(BINS);
        let mut gated = Bin::default();
        for bin in self.histogram[partial].iter().chain(&self.groups[first_group..]) {
            gated.add(*bin);
        }
        self.mean_square = gated.mean();
    }
}

impl Loudness {
    /// Makes a meter; allocates.
    ///
    /// # Errors
    /// If the rate is not served.
    pub fn new(spec: Spec) -> Result<Self, PrepareError> {
        let integrated = Some(Box::new(Integrated::new()));
        Ok(Self { integrated, ..Self::ungated(spec)? })
    }

    /// Makes a meter of momentary and short-term loudness alone, without the 32 kB of the integrated
    /// one, which reads [`FLOOR_DB`]; allocates.
    ///
    /// # Errors
    /// If the rate is not served.
    pub(crate) fn ungated(spec: Spec) -> Result<Self, PrepareError> {
        check_rate(spec.rate_hz)?;
        Ok(Self {
            weights: spec.layout.loudness_weights(),
            channels: spec.layout.channels(),
            filter: KWeighting::new(spec.rate_hz),
            level: Level::detect(),
            state: KState::default(),
            step_frames: ((spec.rate_hz + STEPS_PER_SECOND / 2) / STEPS_PER_SECOND) as usize,
            step_position: 0,
            hop: 0,
            hops_energy: 0.0,
            ring: vec![0.0; SHORT_TERM_STEPS].into_boxed_slice(),
            ring_position: 0,
            steps: 0,
            momentary: 0.0,
            short_term: 0.0,
            integrated: None,
            range: None,
        })
    }

    /// Makes a meter that also keeps the distribution of short-term loudness, 40 kB of it, for
    /// [`Self::loudness_range_lu`]; allocates.
    ///
    /// # Errors
    /// If the rate is not served.
    pub fn with_range(spec: Spec) -> Result<Self, PrepareError> {
        Ok(Self { range: Some(Distribution::new()), ..Self::new(spec)? })
    }

    /// Forgets everything measured.
    ///
    /// # Real-time
    /// Safe.
    pub fn reset(&mut self) {
        self.state = KState::default();
        self.step_position = 0;
        self.hop = 0;
        self.hops_energy = 0.0;
        self.ring.fill(0.0);
        self.ring_position = 0;
        self.steps = 0;
        self.momentary = 0.0;
        self.short_term = 0.0;
        self.reset_integrated();
    }

    /// Starts the integrated measurement and that of the range anew.
    ///
    /// # Real-time
    /// Safe.
    pub fn reset_integrated(&mut self) {
        if let Some(integrated) = &mut self.integrated {
            integrated.clear();
        }
        if let Some(range) = &mut self.range {
            range.clear();
        }
    }

    /// Measures planar audio, channels by frames; channels that are missing and samples
    /// that are not finite count as silence.
    ///
    /// # Real-time
    /// Safe. Any block length gives the same readings.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process(&mut self, input: &[&[f32]]) {
        let frames = input.iter().map(|c| c.len()).min().unwrap_or(0);
        let mut done = 0;
        while done < frames {
            let n = (frames - done).min(CHUNK);
            let mut chunk: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
            for (to, from) in chunk.iter_mut().zip(input) {
                *to = &from[done..done + n];
            }
            let mut rest = n;
            while rest > 0 {
                let start = n - rest;
                let take = rest.min(self.frames_to_step());
                let part = chunk.map(|c| c.get(start..start + take).unwrap_or(&[]));
                self.measure(&part);
                rest -= take;
            }
            done += n;
        }
    }

    /// Momentary loudness (400 ms), in LUFS.
    pub fn momentary_lufs(&self) -> f32 {
        lufs(self.momentary) as f32
    }

    /// Short-term loudness (3 s), in LUFS.
    pub fn short_term_lufs(&self) -> f32 {
        lufs(self.short_term) as f32
    }

    /// Integrated loudness with both gates, in LUFS.
    pub fn integrated_lufs(&self) -> f32 {
        self.integrated.as_ref().map_or(FLOOR_DB, |it| lufs(it.mean_square) as f32)
    }

    /// Loudness range (EBU Tech 3342), in LU, to a hundredth.
    ///
    /// From the 10th to the 95th percentile of the short-term loudness, read every 100 ms, above
    /// -70 LUFS and above 20 LU below the mean of that. Zero before the first three seconds, and
    /// for a meter that was not made by [`Self::with_range`].
    ///
    /// # Real-time
    /// Safe, but it reads 40 kB: meant for reports.
    pub fn loudness_range_lu(&self) -> f32 {
        self.range.as_ref().map_or(0.0, |range| range.range_lu() as f32)
    }

    /// Weighted mean square of the last 400 ms.
    pub(crate) fn momentary_mean_square(&self) -> f64 {
        self.momentary
    }

    /// Weighted mean square of the last `steps` steps.
    pub(crate) fn recent_mean_square(&self, steps: usize) -> f64 {
        // The latest steps are those before the position, and behind the turn the last of the ring.
        let (turned, straight) = match self.ring_position.checked_sub(steps) {
            Some(start) => (0..0, start..self.ring_position),
            None => (
                self.ring.len() + self.ring_position - steps..self.ring.len(),
                0..self.ring_position,
            ),
        };
        self.ring[turned].iter().chain(&self.ring[straight]).sum::<f64>() / steps as f64
    }

    /// Steps completed since the start or the last reset.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Frames until the current step is complete.
    pub(crate) fn frames_to_step(&self) -> usize {
        self.step_frames - self.step_position
    }

    pub(crate) fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Measures at most [`Self::frames_to_step`] frames of equal-length channels.
    pub(crate) fn measure(&mut self, audio: &[&[f32]; MAX_CHANNELS]) {
        self.weigh(audio);
        if self.step_position >= self.step_frames {
            self.step_position = 0;
            self.finish_step();
        }
    }

    /// Where a hop of the step begins, in frames.
    fn hop_edge(&self, hop: usize) -> usize {
        hop * self.step_frames / HOPS_PER_STEP
    }

    /// Length of the current hop, in frames.
    pub(crate) fn hop_frames(&self) -> usize {
        self.hop_edge(self.hop + 1) - self.hop_edge(self.hop)
    }

    /// Frames of the current hop that are measured already.
    pub(crate) fn hop_position(&self) -> usize {
        self.step_position - self.hop_edge(self.hop)
    }

    /// Frames until the current hop is complete.
    pub(crate) fn frames_to_hop(&self) -> usize {
        self.hop_edge(self.hop + 1) - self.step_position
    }

    /// Measures at most [`Self::frames_to_hop`] frames; returns the weighted mean square of a hop that they complete.
    ///
    /// Not to be mixed with [`Self::measure`].
    pub(crate) fn measure_hop(&mut self, audio: &[&[f32]; MAX_CHANNELS]) -> Option<f64> {
        self.weigh(audio);
        if self.step_position < self.hop_edge(self.hop + 1) {
            return None;
        }
        let energy = self.take_energy();
        let mean = energy / self.hop_frames() as f64;
        self.hops_energy += energy;
        self.hop += 1;
        if self.hop == HOPS_PER_STEP {
            self.hop = 0;
            self.step_position = 0;
            self.finish_step();
        }
        Some(mean)
    }

    fn weigh(&mut self, audio: &[&[f32]; MAX_CHANNELS]) {
        self.level.run(Measure {
            state: &mut self.state,
            filter: &self.filter,
            weights: &self.weights,
            audio,
            channels: self.channels,
        });
        self.step_position += audio[0].len();
    }

    /// The energy since the last take, weighted.
    fn take_energy(&mut self) -> f64 {
        let energy = std::mem::replace(&mut self.state.energy, [0.0; MAX_CHANNELS]);
        energy.iter().zip(&self.weights).map(|(energy, weight)| energy * weight).sum()
    }

    fn finish_step(&mut self) {
        let energy = self.take_energy() + std::mem::replace(&mut self.hops_energy, 0.0);
        self.state.flush();
        self.ring[self.ring_position] = energy / self.step_frames as f64;
        self.ring_position = (self.ring_position + 1) % self.ring.len();
        self.steps += 1;
        self.momentary = self.recent_mean_square(MOMENTARY_STEPS);
        self.short_term = self.ring.iter().sum::<f64>() / SHORT_TERM_STEPS as f64;
        if !self.steps.is_multiple_of(u64::from(GATING_HOP_STEPS)) {
            return;
        }
        if let Some(integrated) = &mut self.integrated
            && self.steps >= MOMENTARY_STEPS as u64
        {
            integrated.add(self.momentary);
        }
        if let Some(range) = &mut self.range
            && self.steps >= SHORT_TERM_STEPS as u64
        {
            range.add(self.short_term);
        }
    }
}

/// Filters one piece of audio and adds up its energy.
struct Measure<'a> {
    state: &'a mut KState,
    filter: &'a KWeighting,
    weights: &'a [f64; MAX_CHANNELS],
    audio: &'a [&'a [f32]; MAX_CHANNELS],
    channels: usize,
}

impl Kernel for Measure<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { state, filter, weights, audio, channels } = self;
        let mut channel = 0;
        while channel < channels {
            let pair = channel + 1 < channels && audio[channel + 1].len() == audio[channel].len();
            if pair {
                state.run(filter, channel, [audio[channel], audio[channel + 1]]);
                channel += 2;
            } else {
                if weights[channel] > 0.0 {
                    state.run(filter, channel, [audio[channel]]);
                }
                channel += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Layout;

    #[test]
    fn far_over_full_scale_the_integrated_loudness_is_still_read() {
        for (amplitude, loudest_lufs) in [(1e-3_f32, -50.0), (1.0, 5.0), (1e3, 65.0), (1e6, 125.0)]
        {
            let mut meter = Loudness::new(Spec { rate_hz: 48_000, layout: Layout::mono() })
                .expect("48 kHz is served");
            let square: Vec<f32> =
                (0..48_000).map(|n| if n % 48 < 24 { amplitude } else { -amplitude }).collect();
            meter.process(&[&square]);
            let (integrated, momentary) = (meter.integrated_lufs(), meter.momentary_lufs());
            assert!((integrated - momentary).abs() < 0.1, "{integrated} {momentary}");
            assert!(integrated < loudest_lufs);
        }
    }
}
