//! Counts the instructions of the chain and its stages, and holds them to a baseline.
//!
//! A count does not depend on how busy the machine is. Each case runs under valgrind twice, with
//! different numbers of blocks; the difference is the blocks' own. `instructions.txt` holds what
//! each case cost when it was last blessed:
//!
//!     cargo bench -p headroom-dsp --bench instructions               compares, within 3 %
//!     cargo bench -p headroom-dsp --bench instructions -- --bless    takes the new counts
//!
//! Another compiler makes other instructions: its counts are shown, and fail nothing until they are
//! blessed.

#[path = "common/count.rs"]
mod count;

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::ExitCode;

use count::{TOLERANCE_PERCENT, blessed, compiler, count_run, run_bench};

use headroom_dsp::{
    AWeighting, Chain, ChainParams, Dynamics, Layout, Limiter, Loudness, Role, Spec, TruePeak,
};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
/// Frames of the two runs of a usual case.
const FRAMES: [usize; 2] = [2048, 3 * 2048];
/// Those of the dearest block of 64: all loudness windows of three meters end in it.
const DEAREST_BLOCK: [usize; 2] = [24_000 - 64, 24_000];
/// The dearest block and what it is measured by: it may cost at most twice as much per frame.
const EVEN: [&str; 2] = ["chain-48k-driven-dearest-block", "chain-48k-driven-blocks-of-64"];

type Stage = Box<dyn FnMut(&[&[f32]], &mut [&mut [f32]])>;

/// One thing that is counted.
struct Case {
    name: &'static str,
    rate_hz: u32,
    block_frames: usize,
    /// Frames of the shorter and the longer run.
    frames: [usize; 2],
    /// Peak of the noise, linear.
    gain: f32,
    /// Whether it uses only baseline instructions; the others need AVX2.
    baseline: bool,
    make: fn(&Case) -> Stage,
}

impl Case {
    const fn new(name: &'static str, gain: f32, make: fn(&Case) -> Stage) -> Self {
        let (rate_hz, block_frames) = (48_000, 256);
        Self { name, rate_hz, block_frames, frames: FRAMES, gain, baseline: false, make }
    }

    fn spec(&self) -> Spec {
        Spec { rate_hz: self.rate_hz, layout: Layout::stereo() }
    }

    fn run(&self, frames: usize) {
        let noise = [1, 2].map(|seed| noise(self.gain, seed, self.frames[1]));
        let mut stage = (self.make)(self);
        let mut out = [vec![0.0; self.block_frames], vec![0.0; self.block_frames]];
        for start in (0..frames).step_by(self.block_frames) {
            let range = start..start + self.block_frames;
            let [left, right] = &mut out;
            stage(&[&noise[0][range.clone()], &noise[1][range]], &mut [left, right]);
            black_box(&out);
        }
    }
}

fn noise(gain: f32, mut seed: u32, frames: usize) -> Vec<f32> {
    (0..frames)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            gain * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
        })
        .collect()
}

fn chain(case: &Case) -> Stage {
    let mut chain = Chain::new(ChainParams::default());
    chain.prepare(case.spec()).expect("the rate is served");
    if case.baseline {
        chain.use_portable_kernels();
    }
    // What the data thread asks of it with every block.
    Box::new(move |i, o| {
        chain.process(i, o);
        black_box(chain.note_block());
    })
}

/// The chain of an application as the default profile has it, with what the data thread asks of it after every block.
fn app_chain(case: &Case) -> Stage {
    let mut params = ChainParams::default();
    params.compressor.enabled = false;
    let mut chain = Chain::with_role(Role::App, params);
    chain.prepare(case.spec()).expect("the rate is served");
    Box::new(move |i, o| {
        chain.process(i, o);
        black_box((chain.note_block(), chain.take_chain_meters(), chain.dynamics_state()));
    })
}

fn a_weighting(case: &Case) -> Stage {
    let (mut weighting, rate_hz) = (AWeighting::default(), case.rate_hz);
    Box::new(move |i, _| {
        for (channel, samples) in i.iter().enumerate() {
            black_box(weighting.energy(channel, samples, rate_hz));
        }
    })
}

fn hard_tier(case: &Case) -> Stage {
    let mut params = ChainParams::default().limiter;
    params.soft.enabled = false;
    let mut limiter = Limiter::new(params);
    limiter.prepare(case.spec()).expect("the rate is served");
    Box::new(move |i, o| limiter.process(i, o))
}

fn dynamics(case: &Case) -> Stage {
    let params = ChainParams::default();
    let mut dynamics = Dynamics::new(params.leveller, params.compressor);
    dynamics.prepare(case.spec()).expect("the rate is served");
    Box::new(move |i, o| dynamics.process(i, o))
}

fn loudness(case: &Case) -> Stage {
    let mut loudness = Loudness::new(case.spec()).expect("the rate is served");
    Box::new(move |i, _| loudness.process(i))
}

fn true_peak(_: &Case) -> Stage {
    let mut true_peak = TruePeak::new(2);
    Box::new(move |i, _| true_peak.process(i))
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("chain-48k", 0.3, chain),
        Case::new("chain-48k-driven", 4.0, chain),
        Case { block_frames: 64, ..Case::new(EVEN[1], 4.0, chain) },
        Case { block_frames: 64, frames: DEAREST_BLOCK, ..Case::new(EVEN[0], 4.0, chain) },
        Case { block_frames: 1024, ..Case::new("chain-48k-driven-blocks-of-1024", 4.0, chain) },
        Case { baseline: true, ..Case::new("chain-48k-driven-baseline", 4.0, chain) },
        Case { rate_hz: 96_000, ..Case::new("chain-96k-driven", 4.0, chain) },
        Case { rate_hz: 192_000, ..Case::new("chain-192k-driven", 4.0, chain) },
        Case { block_frames: 1024, ..Case::new("app-chain-48k", 0.3, app_chain) },
        Case::new("hard-tier-48k-idle", 0.3, hard_tier),
        Case::new("hard-tier-48k-driven", 4.0, hard_tier),
        Case::new("dynamics-48k", 0.3, dynamics),
        Case::new("loudness-48k", 0.3, loudness),
        Case::new("true-peak-48k", 0.3, true_peak),
        Case::new("a-weighting-48k", 0.3, a_weighting),
    ]
}

/// Instructions per frame.
fn count(case: &Case) -> Result<f64, Box<dyn Error>> {
    let [few, many] = case.frames;
    let counted = count_run(case.name, many)?.saturating_sub(count_run(case.name, few)?);
    Ok(counted as f64 / (many - few) as f64)
}

fn compare(bless: bool) -> Result<bool, Box<dyn Error>> {
    let avx2 = has_avx2();
    let baseline = std::fs::read_to_string(BASELINE).unwrap_or_default();
    let (mut held, mut even) = (true, true);
    let compiler = compiler()?;
    let comparable = baseline.lines().any(|line| line == compiler);
    let mut new = format!("# Instructions per stereo frame; see instructions.rs.\n{compiler}\n");
    println!("{:<34}{:>10}{:>10}   change", "instructions per stereo frame", "baseline", "now");
    for case in cases() {
        let was = blessed(&baseline, case.name);
        if !avx2 && !case.baseline {
            println!("{:<34}NOT CHECKED: there is no AVX2 here", case.name);
            if let Some(was) = was {
                writeln!(new, "{} {was:.1}", case.name)?;
            }
            continue;
        }
        let now = count(&case)?;
        writeln!(new, "{} {now:.1}", case.name)?;
        let Some(was) = was else {
            println!("{:<34}{:>10}{now:>10.1}   no baseline", case.name, "-");
            held = false;
            continue;
        };
        let change = 100.0 * (now - was) / was;
        let verdict = if change.abs() <= TOLERANCE_PERCENT { "" } else { "  OUT OF RANGE" };
        held &= verdict.is_empty();
        println!("{:<34}{was:>10.1}{now:>10.1}  {change:+6.2} %{verdict}", case.name);
    }
    if let [Some(dearest), Some(usual)] = EVEN.map(|name| blessed(&new, name)) {
        let ratio = dearest / usual;
        println!("the dearest block costs {ratio:.2} times the usual one (2 at most)");
        even = ratio <= 2.0;
    }
    if bless {
        std::fs::write(BASELINE, new)?;
        println!("blessed: these counts are the baseline now");
        return Ok(even);
    }
    if !comparable {
        println!("NOT CHECKED: the baseline is another compiler's, this is {compiler}");
        return Ok(even);
    }
    if !held {
        println!(
            "A count is more than {TOLERANCE_PERCENT} % from its baseline. If that is meant:\n\
             cargo bench -p headroom-dsp --bench instructions -- --bless"
        );
    }
    Ok(held && even)
}

fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

fn main() -> ExitCode {
    let run = |name: &str, frames| {
        let case = cases().into_iter().find(|case| case.name == name);
        case.map(|case| case.run(frames))
    };
    run_bench(run, compare)
}
