//! Prints side by side what this crate's limiter and others make of the hostile corpus: how far the
//! output's true peak is over the ceiling for each signal, the delay, the loudness that is left,
//! and the cost, all measured in one run.
//!
//!     cargo run --release -p headroom-dsp --example compare
//!
//! The others run inside ffmpeg; those that are not installed are named and left out.

mod ffmpeg;
mod limiters;

use headroom_testkit::layout::Position;
use headroom_testkit::{meter, signals};
use limiters::{Limiter, limiters};

const RATE_HZ: u32 = 48_000;
const CEILING_DBTP: f64 = -0.1;
/// What the meter may read over the ceiling before a signal counts as over, in dB.
const TOLERANCE_DB: f64 = 0.01;
/// Longer than the three seconds that loudnorm looks ahead.
const SIGNAL_FRAMES: usize = 4 * RATE_HZ as usize;
/// Silence before and after each signal, so that no pre-ringing, delay or tail is cut off.
const PAD_FRAMES: usize = RATE_HZ as usize / 4;
const COST_RUNS: usize = 5;

/// Planar stereo audio.
type Stereo = [Vec<f32>; 2];

/// What one limiter did.
struct Column {
    name: &'static str,
    /// Over the ceiling in each signal, in dB.
    over_db: Vec<f64>,
    delay: String,
    /// Median over the signals, of the output.
    loudness_lufs: f64,
    cost_ns: f64,
}

fn stereo(make: impl Fn(u64) -> Vec<f32>) -> Stereo {
    [16, 17].map(|seed| signals::padded(&make(seed), PAD_FRAMES, PAD_FRAMES))
}

/// Delay in ms, read from quiet noise.
fn delay(limiter: &Limiter) -> Result<String, String> {
    if let Some(buffer_ms) = limiter.buffer_ms {
        return Ok(format!("{buffer_ms}"));
    }
    let noise =
        stereo(|seed| signals::band_noise(RATE_HZ, SIGNAL_FRAMES, 100.0, 15_000.0, 0.01, seed));
    let (output, _) = limiter.run(&noise)?;
    let delay = meter::delay_frames(&noise[0], &output[0]).ok_or("it gave silence back")?;
    Ok(format!("{:.2}", delay.frames as f64 * 1000.0 / f64::from(RATE_HZ)))
}

/// Cost in ns per frame: the least disturbed of several runs over loud and quiet material.
fn cost_ns(limiter: &Limiter) -> Result<f64, String> {
    let mut programme: Stereo = [Vec::new(), Vec::new()];
    for signal in ["clipped-pink-x4", "gauss-full-band", "music-like-clip", "square-100", "hats"] {
        let signal = signals::find(signal).ok_or("the corpus has changed")?;
        for (all, new) in
            programme.iter_mut().zip(stereo(|seed| signal.channel(RATE_HZ, SIGNAL_FRAMES, seed)))
        {
            all.extend(new);
        }
    }
    let mut least = f64::MAX;
    for _ in 0..COST_RUNS {
        least = least.min(limiter.run(&programme)?.1);
    }
    Ok(least)
}

fn column(limiter: &Limiter) -> Result<Column, String> {
    let (delay, cost_ns) = (delay(limiter)?, cost_ns(limiter)?);
    let mut over_db = Vec::new();
    let mut loudness_lufs = Vec::new();
    for signal in signals::corpus() {
        let input = stereo(|seed| signal.channel(RATE_HZ, SIGNAL_FRAMES, seed));
        let (output, _) = limiter.run(&input)?;
        over_db.push(meter::true_peak_dbtp_planar(&output) - CEILING_DBTP);
        let layout = [Position::FrontLeft, Position::FrontRight];
        loudness_lufs.push(meter::loudness(&output, RATE_HZ, &layout).integrated_lufs);
    }
    loudness_lufs.sort_by(f64::total_cmp);
    let loudness_lufs = loudness_lufs[loudness_lufs.len() / 2];
    Ok(Column { name: limiter.name, over_db, delay, loudness_lufs, cost_ns })
}

fn print_row(name: &str, columns: &[Column], cell: impl Fn(&Column) -> String) {
    print!("{name:<20}");
    for column in columns {
        print!("{:>12}", cell(column));
    }
    println!();
}

fn print_table(columns: &[Column]) {
    print_row("over the ceiling, dB", columns, |c| c.name.to_owned());
    for (k, signal) in signals::corpus().iter().enumerate() {
        print_row(signal.name, columns, |c| format!("{:+.2}", c.over_db[k]));
    }
    println!();
    print_row("worst, dB", columns, |c| {
        format!("{:+.2}", c.over_db.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    });
    print_row("signals over", columns, |c| {
        let over = c.over_db.iter().filter(|over_db| **over_db > TOLERANCE_DB).count();
        format!("{over} of {}", c.over_db.len())
    });
    print_row("median LUFS", columns, |c| format!("{:.1}", c.loudness_lufs));
    print_row("delay, ms", columns, |c| c.delay.clone());
    print_row("cost, ns per frame", columns, |c| format!("{:.0}", c.cost_ns));
}

fn main() {
    println!(
        "Ceiling {CEILING_DBTP} dBTP, {RATE_HZ} Hz, stereo; true peak read at 16 times the rate.\n"
    );
    let mut columns = Vec::new();
    for limiter in limiters() {
        match column(&limiter) {
            Ok(column) => {
                println!("{:<12} {}", limiter.name, limiter.what);
                columns.push(column);
            }
            Err(reason) => println!("{:<12} SKIPPED: {reason}", limiter.name),
        }
    }
    println!();
    print_table(&columns);
}
