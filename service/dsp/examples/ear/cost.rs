//! What a chain costs with the old leveller and with the new one, as a pair: both take turns, so that a busy machine
//! slows both down.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use headroom_dsp::{Chain, ChainParams, CompressorParams, Layout, Loudness, Spec};
use headroom_testkit::signals;

use crate::old_law::{self, Law};
use crate::profiles;
use crate::sound::RATE_HZ;

/// Turns of each; medians count, of the ratios those of the pairs.
const ROUNDS: usize = 151;
/// Frames of a turn.
const FRAMES: usize = 1 << 13;
/// Frames that are played before the first turn: 6 s, after which both levellers have arrived.
const WARM_FRAMES: usize = 6 * RATE_HZ as usize;
const QUANTA: [usize; 2] = [256, 1024];

/// One chain under the clock.
trait Timed {
    fn play(&mut self, left: &mut [f32], right: &mut [f32]);
}

impl Timed for Chain {
    fn play(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.process_in_place(&mut [left, right]);
    }
}

/// The old leveller, put together from a loudness meter and its law, and what came after it.
struct Old {
    loudness: Loudness,
    law: Law,
    to_step: usize,
    gain: f32,
    slope: f32,
    gain_db: f64,
    slope_db: f64,
    chain: Chain,
}

impl Old {
    fn new(spec: Spec) -> Result<Self> {
        let mut chain = old_law::chain();
        chain.prepare(spec)?;
        Ok(Self {
            loudness: Loudness::new(spec)?,
            law: Law::default(),
            to_step: old_law::STEP_FRAMES,
            gain: 1.0,
            slope: 1.0,
            gain_db: 0.0,
            slope_db: 0.0,
            chain,
        })
    }
}

impl Timed for Old {
    fn play(&mut self, left: &mut [f32], right: &mut [f32]) {
        let mut start = 0;
        while start < left.len() {
            let end = left.len().min(start + self.to_step);
            let (l, r) = (&mut left[start..end], &mut right[start..end]);
            self.loudness.process(&[&*l, &*r]);
            for (l, r) in l.iter_mut().zip(r) {
                self.gain *= self.slope;
                *l *= self.gain;
                *r *= self.gain;
            }
            self.to_step -= end - start;
            if self.to_step == 0 {
                self.to_step = old_law::STEP_FRAMES;
                self.gain_db += self.slope_db * old_law::STEP_FRAMES as f64;
                let now = f64::from(self.loudness.momentary_lufs());
                self.slope_db = self.law.follow(now, now, now, self.gain_db);
                self.gain = 10.0_f64.powf(self.gain_db / 20.0) as f32;
                self.slope = 10.0_f64.powf(self.slope_db / 20.0) as f32;
            }
            start = end;
        }
        self.chain.process_in_place(&mut [left, right]);
    }
}

/// Prints the table.
pub(crate) fn print() -> Result<()> {
    println!(
        "ns per stereo frame at 48 kHz, medians of {ROUNDS} turns of {FRAMES} frames; (lowest)\n\
         {:<28}{:>16}{:>16}{:>16}{:>8}{:>8}",
        "", "old, compressor", "new, compressor", "new, default", "ratio", "ratio"
    );
    let compressed = ChainParams { compressor: CompressorParams::default(), ..profiles::default() };
    for quantum in QUANTA {
        for (name, is_surge) in [("at rest", false), ("while a surge is caught", true)] {
            let spec = Spec { rate_hz: RATE_HZ, layout: Layout::stereo() };
            let mut old = Old::new(spec)?;
            let mut new = [Chain::new(compressed), Chain::new(profiles::default())];
            for chain in &mut new {
                chain.prepare(spec)?;
            }
            let [new, plain] = &mut new;
            let chains: [&mut dyn Timed; 3] = [&mut old, new, plain];
            let (times, ratios) = take_turns(chains, quantum, is_surge);
            let cells = times
                .each_ref()
                .map(|times| format!("{:.1} ({:.1})", times[times.len() / 2], times[0]));
            let ratio = |which: usize| ratios[which - 1];
            println!(
                "{:<28}{:>16}{:>16}{:>16}{:>8.2}{:>8.2}",
                format!("{name}, quantum {quantum}"),
                cells[0],
                cells[1],
                cells[2],
                ratio(1),
                ratio(2),
            );
        }
    }
    Ok(())
}

/// The sorted times of each chain, in ns per frame, and the medians of their ratios to the first one's.
fn take_turns(
    mut chains: [&mut dyn Timed; 3],
    quantum: usize,
    is_surge: bool,
) -> ([Vec<f64>; 3], [f64; 2]) {
    // Noise at about -22 LUFS; the surge is 20 dB louder in every other 100 ms, too short to be adopted.
    let noise = |frames: usize, seed: u64| signals::gaussian_noise(frames, 0.05, seed);
    let burst = |samples: &mut [f32]| {
        let length = RATE_HZ as usize / 10;
        for piece in samples.chunks_mut(length).step_by(2) {
            for x in piece {
                *x *= 10.0;
            }
        }
    };
    let warm = [noise(WARM_FRAMES, 1), noise(WARM_FRAMES, 2)];
    let mut turn = [noise(FRAMES, 3), noise(FRAMES, 4)];
    if is_surge {
        for plane in &mut turn {
            burst(plane);
        }
    }
    let run = |chain: &mut dyn Timed, sound: &[Vec<f32>; 2]| {
        let [mut left, mut right] = sound.clone();
        let begun = Instant::now();
        for (left, right) in left.chunks_mut(quantum).zip(right.chunks_mut(quantum)) {
            chain.play(left, right);
        }
        let ns = begun.elapsed().as_nanos() as f64 / left.len() as f64;
        black_box((&left, &right));
        ns
    };
    for chain in &mut chains {
        run(*chain, &warm);
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..ROUNDS {
        // Whoever comes first finds a colder cache.
        for turn_of in 0..3 {
            let which = (round + turn_of) % 3;
            times[which].push(run(chains[which], &turn));
            // Back to where a surge is one.
            if is_surge {
                run(chains[which], &[warm[0][..FRAMES].to_vec(), warm[1][..FRAMES].to_vec()]);
            }
        }
    }
    let ratios = [1, 2].map(|which| {
        let mut ratios: Vec<f64> =
            times[which].iter().zip(&times[0]).map(|(new, old)| new / old).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    });
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    (times, ratios)
}
