//! Holds the limiter against the whole hostile corpus at every rate, channel count, ceiling and
//! look-ahead, and prints how far the highest true peak stays below the ceiling.
//!
//! `ceiling_sweep [SECONDS [SEEDS]]`, half a second and one seed if not said. The tests run a part
//! of it. Takes a quarter of an hour.

use std::error::Error;

use headroom_dsp::{Layout, Limiter, LimiterParams, Lookahead, Spec};
use headroom_testkit::meter;
use headroom_testkit::signals::{corpus, padded_planar};

const RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
const CHANNELS: [usize; 4] = [1, 2, 6, 8];
const CEILINGS_DBTP: [f32; 4] = [-0.1, -1.0, -3.0, -12.0];
const LOOKAHEADS: [Lookahead; 2] = [Lookahead::Standard, Lookahead::Low];
const PAD_FRAMES: usize = 512;

/// Highest readings relative to the ceiling, in dB, and how often the clamp acted.
#[derive(Clone, Copy)]
struct Worst {
    true_peak_db: f64,
    sample_peak_db: f64,
    clamps: u64,
    runs: u64,
    signal: &'static str,
    channels: usize,
}

impl Worst {
    const NONE: Self = Self {
        true_peak_db: f64::NEG_INFINITY,
        sample_peak_db: f64::NEG_INFINITY,
        clamps: 0,
        runs: 0,
        signal: "",
        channels: 0,
    };

    fn and(self, other: Self) -> Self {
        let worse = if other.true_peak_db > self.true_peak_db { other } else { self };
        Self {
            sample_peak_db: self.sample_peak_db.max(other.sample_peak_db),
            clamps: self.clamps + other.clamps,
            runs: self.runs + other.runs,
            ..worse
        }
    }
}

/// Limits padded audio and reads what comes out.
fn limit(
    input: &[Vec<f32>],
    rate_hz: u32,
    ceiling_dbtp: f32,
    lookahead: Lookahead,
    signal: &'static str,
) -> Result<Worst, Box<dyn Error>> {
    let channels = input.len();
    let mut params = LimiterParams { ceiling_dbtp, lookahead, ..LimiterParams::default() };
    params.soft.enabled = false;
    let mut limiter = Limiter::new(params);
    let layout = Layout::from_count(channels).ok_or("no such channel count")?;
    limiter.prepare(Spec { rate_hz, layout })?;
    let mut output = input.to_vec();
    let mut planes: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    limiter.process_in_place(&mut planes);
    let ceiling = f64::from(ceiling_dbtp);
    Ok(Worst {
        true_peak_db: meter::true_peak_dbtp_planar(&output) - ceiling,
        sample_peak_db: meter::sample_peak_dbfs_planar(&output) - ceiling,
        clamps: limiter.clamp_activations(),
        runs: 1,
        signal,
        channels,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().map_or(Ok(0.5), |text| text.parse())?;
    let seeds: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    println!(
        "Highest true peak less the ceiling, in dB; {seconds} s of each signal, {seeds} seed(s)."
    );
    println!();
    println!(
        "| rate | look-ahead | -0.1 dBTP | -1 | -3 | -12 | worst signal | highest sample | clamped |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut per_signal = vec![[Worst::NONE; RATES_HZ.len()]; corpus().len()];
    let mut all = Worst::NONE;
    for (rate, rate_hz) in RATES_HZ.into_iter().enumerate() {
        let frames = (seconds * f64::from(rate_hz)) as usize;
        let mut rows = [[Worst::NONE; CEILINGS_DBTP.len()]; LOOKAHEADS.len()];
        for (signal, per_rate) in corpus().iter().zip(&mut per_signal) {
            for seed in 1..=seeds {
                for channels in CHANNELS {
                    let material = signal.planar(rate_hz, frames, channels, seed);
                    let input = padded_planar(&material, PAD_FRAMES, PAD_FRAMES);
                    for (row, lookahead) in rows.iter_mut().zip(LOOKAHEADS) {
                        for (cell, ceiling) in row.iter_mut().zip(CEILINGS_DBTP) {
                            let name = signal.name;
                            let worst = limit(&input, rate_hz, ceiling, lookahead, name)?;
                            *cell = cell.and(worst);
                            per_rate[rate] = per_rate[rate].and(worst);
                        }
                    }
                }
            }
        }
        for (row, lookahead) in rows.iter().zip(LOOKAHEADS) {
            let worst = row.iter().fold(Worst::NONE, |a, &b| a.and(b));
            let cells: Vec<String> =
                row.iter().map(|cell| format!("{:.3}", cell.true_peak_db)).collect();
            println!(
                "| {rate_hz} | {lookahead:?} | {} | {}, {} ch | {:.3} | {} |",
                cells.join(" | "),
                worst.signal,
                worst.channels,
                worst.sample_peak_db,
                worst.clamps
            );
            all = all.and(worst);
        }
    }
    println!();
    println!("| signal | 44.1 kHz | 48 | 88.2 | 96 | 176.4 | 192 |");
    println!("|---|---|---|---|---|---|---|");
    for (signal, per_rate) in corpus().iter().zip(&per_signal) {
        let cells: Vec<String> =
            per_rate.iter().map(|cell| format!("{:.3}", cell.true_peak_db)).collect();
        println!("| {} | {} |", signal.name, cells.join(" | "));
    }
    println!();
    println!("{} runs, highest {:.3} dB, {} clamped.", all.runs, all.true_peak_db, all.clamps);
    if all.true_peak_db > 0.01 || all.sample_peak_db > 0.0 || all.clamps > 0 {
        return Err("the ceiling was not held".into());
    }
    Ok(())
}
