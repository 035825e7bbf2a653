//! The cut at both ends of a file: alignment with the input, and no overshoot from the cut itself.
//!
//! The limiter's output is a piece of a longer sound: its filter rings a little before the first frame of
//! the input and after the last. Cutting it off there takes part of the wave away, and what is left may
//! read above the ceiling between the samples although the whole does not (`limiter.md`, section 9).
//! Where that happens, and only there, the first or last milliseconds are faded.

use std::f32::consts::PI;

use headroom_dsp::{Spec, TruePeak, db_to_gain};

/// Length of the shortest fade, as a part of a second: 2 ms.
const FADES_PER_SECOND: u32 = 500;
/// Frames held back at an end, in shortest fades.
const HELD_FADES: usize = 4;
/// Frames over which the inner end of a measured piece is faded, so that it is no cut of its own.
const WARM_UP_FRAMES: usize = 64;

/// How far the meter may read too low of a cut at full force, in dB: 0.034 was found at 0.44 of the rate.
const UNCERTAINTY_DB: f32 = 0.05;

/// Drops the chain's delay from the front, and holds back what an end may need.
pub(super) struct Edges {
    pending: Vec<Vec<f32>>,
    skip: usize,
    fade_frames: usize,
    ceiling_dbtp: f32,
    is_head_done: bool,
    faded: Faded,
}

/// Which ends had to be faded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faded {
    pub(super) start: bool,
    pub(super) end: bool,
}

#[derive(Clone, Copy)]
enum End {
    Start,
    Finish,
}

impl Edges {
    /// Returns edges that drop the first `latency_frames`.
    pub(super) fn new(spec: Spec, latency_frames: usize, ceiling_dbtp: f64) -> Self {
        Self {
            pending: vec![Vec::new(); spec.layout.channels()],
            skip: latency_frames,
            fade_frames: (spec.rate_hz / FADES_PER_SECOND) as usize,
            ceiling_dbtp: ceiling_dbtp as f32,
            is_head_done: false,
            faded: Faded::default(),
        }
    }

    /// Adds planar channels.
    pub(super) fn push<C: AsRef<[f32]>>(&mut self, block: &[C]) {
        let frames = block.first().map_or(0, |channel| channel.as_ref().len());
        let skipped = self.skip.min(frames);
        self.skip -= skipped;
        for (pending, channel) in self.pending.iter_mut().zip(block) {
            pending.extend_from_slice(&channel.as_ref()[skipped..]);
        }
    }

    /// Takes what is final; at the end everything.
    pub(super) fn take(&mut self, is_end: bool) -> Vec<Vec<f32>> {
        let held = self.fade_frames * HELD_FADES;
        let frames = self.pending[0].len();
        if !is_end && frames < 2 * held {
            return vec![Vec::new(); self.pending.len()];
        }
        if frames < 2 * held && !self.is_head_done {
            self.scale_whole();
            return self.pending.iter_mut().map(std::mem::take).collect();
        }
        if !self.is_head_done {
            self.is_head_done = true;
            self.faded.start = self.fade(End::Start, held);
        }
        if !is_end {
            return self.pending.iter_mut().map(|c| c.drain(..frames - held).collect()).collect();
        }
        self.faded.end = self.fade(End::Finish, held);
        self.pending.iter_mut().map(std::mem::take).collect()
    }

    /// Returns which ends had to be faded.
    pub(super) fn faded(&self) -> Faded {
        self.faded
    }

    /// Fades an end, as short as will do, if the cut reads above the ceiling.
    fn fade(&mut self, end: End, held: usize) -> bool {
        let piece = |channel: &Vec<f32>| match end {
            End::Start => channel[..held].to_vec(),
            End::Finish => channel[channel.len() - held..].iter().rev().copied().collect(),
        };
        // A file read backwards has the same peaks: both ends are a start here.
        let pieces: Vec<Vec<f32>> = self.pending.iter().map(piece).collect();
        if self.holds(&pieces) {
            return false;
        }
        let mut length = self.fade_frames;
        let faded = loop {
            let faded: Vec<Vec<f32>> = pieces.iter().map(|piece| fade_in(piece, length)).collect();
            length *= 2;
            if self.holds(&faded) || length > held - WARM_UP_FRAMES {
                break faded;
            }
        };
        for (channel, faded) in self.pending.iter_mut().zip(faded) {
            let start = match end {
                End::Start => 0,
                End::Finish => channel.len() - held,
            };
            match end {
                End::Start => channel[..held].copy_from_slice(&faded),
                End::Finish => {
                    for (sample, faded) in channel[start..].iter_mut().rev().zip(faded) {
                        *sample = faded;
                    }
                }
            }
        }
        true
    }

    /// Returns whether pieces that begin with the cut stay below the ceiling.
    fn holds(&self, pieces: &[Vec<f32>]) -> bool {
        let mut meter = TruePeak::new(pieces.len());
        let pieces: Vec<Vec<f32>> = pieces.iter().map(|piece| fade_out(piece)).collect();
        meter.process(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
        meter.finish();
        meter.dbtp() <= self.ceiling_dbtp
    }

    /// Lowers a file too short for a fade as a whole.
    fn scale_whole(&mut self) {
        let mut meter = TruePeak::new(self.pending.len());
        meter.process(&self.pending.iter().map(Vec::as_slice).collect::<Vec<_>>());
        meter.finish();
        let over_db = meter.dbtp() - self.ceiling_dbtp;
        if over_db > -UNCERTAINTY_DB {
            let gain = db_to_gain(-over_db - UNCERTAINTY_DB);
            self.pending.iter_mut().flatten().for_each(|sample| *sample *= gain);
            let is_faded = over_db > 0.0;
            self.faded = Faded { start: is_faded, end: is_faded };
        }
    }
}

/// Returns the piece with a raised-cosine fade over its first `length` frames.
fn fade_in(piece: &[f32], length: usize) -> Vec<f32> {
    let gain = |n: usize| if n < length { ramp(n, length) } else { 1.0 };
    piece.iter().enumerate().map(|(n, x)| x * gain(n)).collect()
}

/// Returns the piece with its last frames faded.
fn fade_out(piece: &[f32]) -> Vec<f32> {
    let left = |n: usize| piece.len() - 1 - n;
    let gain =
        |n: usize| if left(n) < WARM_UP_FRAMES { ramp(left(n), WARM_UP_FRAMES) } else { 1.0 };
    piece.iter().enumerate().map(|(n, x)| x * gain(n)).collect()
}

fn ramp(n: usize, length: usize) -> f32 {
    0.5 - 0.5 * (PI * (n as f32 + 0.5) / length as f32).cos()
}

#[cfg(test)]
mod tests {
    use headroom_dsp::Layout;

    use super::*;

    fn run(edges: &mut Edges, signal: &[f32], block: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for part in signal.chunks(block) {
            edges.push(&[part]);
            out.extend(edges.take(false).remove(0));
        }
        out.extend(edges.take(true).remove(0));
        out
    }

    fn mono(latency_frames: usize) -> Edges {
        Edges::new(Spec { rate_hz: 48_000, layout: Layout::mono() }, latency_frames, -0.1)
    }

    fn true_peak_dbtp(signal: &[f32]) -> f32 {
        let mut meter = TruePeak::new(1);
        meter.process(&[signal]);
        meter.finish();
        meter.dbtp()
    }

    #[test]
    fn a_quiet_signal_is_cut_and_otherwise_untouched() {
        let signal: Vec<f32> = (0_u16..5000).map(|n| (f32::from(n) * 0.1).sin() * 0.25).collect();
        for block in [1, 7, 100, 4096] {
            let mut edges = mono(69);
            assert_eq!(run(&mut edges, &signal, block), signal[69..], "blocks of {block}");
            assert_eq!(edges.faded(), Faded::default());
        }
    }

    #[test]
    fn a_cut_that_overshoots_is_faded_at_that_end_only() {
        // A slow tone, cut hard at its crest: the step rings between the samples.
        let tone = |n: usize| 0.98 * (2.0 * PI * 0.01 * n as f32).cos();
        let start: Vec<f32> = (0..5000)
            .map(|n| tone(n) * if n > 4000 { 1.0 - (n - 4000) as f32 / 1000.0 } else { 1.0 })
            .collect();
        assert!(true_peak_dbtp(&start) > -0.1, "the test has something to do");
        let mut edges = mono(0);
        let out = run(&mut edges, &start, 512);
        assert_eq!(edges.faded(), Faded { start: true, end: false });
        assert!(true_peak_dbtp(&out) <= -0.1, "{}", true_peak_dbtp(&out));
        assert_eq!(out[400..], start[400..]);

        let finish: Vec<f32> = start.iter().rev().copied().collect();
        let mut edges = mono(0);
        let out = run(&mut edges, &finish, 512);
        assert_eq!(edges.faded(), Faded { start: false, end: true });
        assert!(true_peak_dbtp(&out) <= -0.1);
        assert_eq!(out[..4600], finish[..4600]);
    }

    #[test]
    fn a_file_too_short_to_fade_is_lowered_as_a_whole() {
        let signal = [0.98_f32, 0.98, -0.98, -0.98, 0.98];
        assert!(true_peak_dbtp(&signal) > -0.1);
        let out = run(&mut mono(0), &signal, 2);
        assert_eq!(out.len(), 5);
        assert!(true_peak_dbtp(&out) <= -0.1);
    }

    #[test]
    fn nothing_in_is_nothing_out() {
        assert!(run(&mut mono(69), &[0.0; 69], 10).is_empty());
        assert!(run(&mut mono(0), &[], 10).is_empty());
    }
}
