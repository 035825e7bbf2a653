//! Searches the hostile corpus for the block that costs most, beside the mean cost of a block.
//!
//! Every signal is processed many times from the same state, and each block counts with the least
//! disturbed of its runs: what is left is the block's own cost, not the machine's other work. With
//! the argument `baseline` it uses baseline instructions only.

use std::time::Instant;

use headroom_dsp::{Chain, ChainParams, Layout, PrepareError, Spec};
use headroom_testkit::signals;

const RATE_HZ: u32 = 48_000;
const FRAMES: usize = 3 * RATE_HZ as usize / 2;
const RUNS: usize = 31;

/// Least disturbed cost of each block, in ns.
fn block_costs(fresh: &Chain, audio: &[Vec<f32>], block_frames: usize) -> Vec<f64> {
    let mut costs = vec![f64::MAX; audio[0].len() / block_frames];
    let (mut left, mut right) = (vec![0.0; block_frames], vec![0.0; block_frames]);
    for _ in 0..RUNS {
        let mut chain = fresh.clone();
        for (block, cost) in costs.iter_mut().enumerate() {
            let range = block * block_frames..(block + 1) * block_frames;
            let start = Instant::now();
            chain.process(
                &[&audio[0][range.clone()], &audio[1][range]],
                &mut [&mut left, &mut right],
            );
            *cost = cost.min(start.elapsed().as_nanos() as f64);
        }
    }
    costs
}

fn main() -> Result<(), PrepareError> {
    let mut fresh = Chain::new(ChainParams::default());
    fresh.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() })?;
    if std::env::args().any(|arg| arg == "baseline") {
        fresh.use_portable_kernels();
    }
    let mut programmes: Vec<(&str, Vec<Vec<f32>>)> = signals::corpus()
        .iter()
        .map(|signal| (signal.name, signal.planar(RATE_HZ, FRAMES, 2, 1)))
        .collect();
    programmes.push(("non-finite", signals::non_finite().planar(RATE_HZ, FRAMES, 2, 1)));
    programmes.push(("silence", vec![signals::silence(FRAMES); 2]));
    programmes.push(("sine", vec![signals::sine(RATE_HZ, FRAMES, 997.0, 0.25); 2]));
    for block_frames in [64, 256, 1024] {
        let mut rows = Vec::new();
        for (name, audio) in &programmes {
            let costs = block_costs(&fresh, audio, block_frames);
            let mean = costs.iter().sum::<f64>() / costs.len() as f64;
            let (at, worst) = costs.iter().enumerate().fold((0, 0.0), |(at, worst), (k, &c)| {
                if c > worst { (k, c) } else { (at, worst) }
            });
            rows.push((worst / mean, *name, mean, worst, at));
        }
        let mean_of_all = rows.iter().map(|row| row.2).sum::<f64>() / rows.len() as f64;
        let worst_of_all = rows.iter().map(|row| row.3).fold(0.0, f64::max);
        let cheapest = rows.iter().map(|row| row.2).fold(f64::MAX, f64::min);
        let dearest = rows.iter().max_by(|a, b| a.2.total_cmp(&b.2));
        let dearest = dearest.map(|row| (row.1, row.2 / block_frames as f64));
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("blocks of {block_frames}: worst / mean, ns per frame (mean, worst), and where");
        for (ratio, name, mean, worst, at) in rows.iter().take(6) {
            let (mean, worst) = (mean / block_frames as f64, worst / block_frames as f64);
            println!("  {ratio:4.2}  {name:<20} {mean:6.1} {worst:6.1}  block {at}");
        }
        println!(
            "  {:4.2}  the worst block of all, over the mean of all ({:.1})",
            worst_of_all / mean_of_all,
            mean_of_all / block_frames as f64
        );
        println!(
            "  {:4.2}  the worst block of all, over the cheapest mean",
            worst_of_all / cheapest
        );
        if let Some((name, mean)) = dearest {
            println!("  {mean:.1} ns per frame for the dearest signal, {name}");
        }
    }
    Ok(())
}
