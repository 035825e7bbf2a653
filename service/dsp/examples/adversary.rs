//! Searches for the sequence of samples that brings the limiter's output highest, by random changes
//! that are kept when they do not lower the reading, and prints the worst that it finds.
//!
//! `adversary TRIES SEED [RATE CHANNELS LOOKAHEAD]`: all rates, 1, 2 and 6 channels and both
//! look-aheads if not said. With everything said, it also prints the sequence, channel by channel.

use std::error::Error;

use headroom_dsp::{Layout, Limiter, LimiterParams, Lookahead, Spec};
use headroom_testkit::meter;
use headroom_testkit::signals::{Rng, padded_planar, sequence_mutated};

const RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
const CEILING_DBTP: f32 = -0.1;
const LENGTH: usize = 192;
const PAD_FRAMES: usize = 400;
/// Sequences at and over full scale make different things go wrong.
const LEVELS: [f64; 3] = [1.0, 3.0, 10.0];

#[derive(Clone, Copy)]
struct Search {
    rate_hz: u32,
    channels: usize,
    lookahead: Lookahead,
    level: f64,
    tries: u64,
    seed: u64,
}

/// The worst sequence, channels by frames, its reading over the ceiling, and the clamp's count over
/// the whole search.
struct Found {
    sequence: Vec<Vec<f32>>,
    over_db: f64,
    clamps: u64,
}

impl Search {
    fn limiter(&self) -> Result<Limiter, Box<dyn Error>> {
        let mut params = LimiterParams { ceiling_dbtp: CEILING_DBTP, ..LimiterParams::default() };
        params.lookahead = self.lookahead;
        params.soft.enabled = false;
        let mut limiter = Limiter::new(params);
        let layout = Layout::from_count(self.channels).ok_or("no such channel count")?;
        limiter.prepare(Spec { rate_hz: self.rate_hz, layout })?;
        Ok(limiter)
    }

    fn run(&self) -> Result<Found, Box<dyn Error>> {
        let mut limiter = self.limiter()?;
        let mut read = |sequence: &[Vec<f32>]| {
            let mut audio = padded_planar(sequence, PAD_FRAMES, PAD_FRAMES);
            limiter.reset();
            let mut planes: Vec<&mut [f32]> = audio.iter_mut().map(Vec::as_mut_slice).collect();
            limiter.process_in_place(&mut planes);
            meter::true_peak_dbtp_planar(&audio) - f64::from(CEILING_DBTP)
        };
        let mut rng = Rng::new(self.seed);
        let mut worst: Vec<Vec<f32>> = (0..self.channels)
            .map(|_| (0..LENGTH).map(|_| (self.level * rng.sign()) as f32).collect())
            .collect();
        let mut worst_db = read(&worst);
        for _ in 0..self.tries {
            let mut next = worst.clone();
            let channel = rng.below(self.channels);
            next[channel] = sequence_mutated(&worst[channel], self.level, &mut rng);
            let next_db = read(&next);
            if next_db >= worst_db {
                (worst, worst_db) = (next, next_db);
            }
        }
        Ok(Found { sequence: worst, over_db: worst_db, clamps: limiter.clamp_activations() })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (tries, seed) = match &arguments[..] {
        [tries, seed, ..] => (tries.parse()?, seed.parse()?),
        _ => return Err("usage: adversary TRIES SEED [RATE CHANNELS LOOKAHEAD]".into()),
    };
    let of = |rate_hz, channels, lookahead, level| Search {
        rate_hz,
        channels,
        lookahead,
        level,
        tries,
        seed,
    };
    if let [_, _, rate, channels, lookahead] = &arguments[..] {
        let lookahead = if lookahead == "low" { Lookahead::Low } else { Lookahead::Standard };
        let mut worst: Option<Found> = None;
        for level in LEVELS {
            let found = of(rate.parse()?, channels.parse()?, lookahead, level).run()?;
            eprintln!("level {level}: {:+.4} dB", found.over_db);
            if worst.as_ref().is_none_or(|worst| found.over_db > worst.over_db) {
                worst = Some(found);
            }
        }
        for channel in worst.ok_or("nothing found")?.sequence {
            let words: Vec<String> = channel.iter().map(|x| format!("{x}")).collect();
            println!("{}", words.join(" "));
        }
        return Ok(());
    }
    println!("| rate | look-ahead | 1 channel | 2 channels | 6 channels | clamped |");
    println!("|---|---|---|---|---|---|");
    for rate_hz in RATES_HZ {
        for lookahead in [Lookahead::Standard, Lookahead::Low] {
            let mut cells = Vec::new();
            let mut clamped = 0;
            for channels in [1, 2, 6] {
                let mut worst_db = f64::NEG_INFINITY;
                for level in LEVELS {
                    let found = of(rate_hz, channels, lookahead, level).run()?;
                    worst_db = worst_db.max(found.over_db);
                    clamped += found.clamps;
                }
                cells.push(format!("{worst_db:+.3}"));
            }
            println!("| {rate_hz} | {lookahead:?} | {} | {clamped} |", cells.join(" | "));
        }
    }
    Ok(())
}
