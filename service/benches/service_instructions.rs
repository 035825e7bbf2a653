//! Counts the instructions of what the service does again and again, and holds them to a baseline.
//!
//! As the bench `instructions` of `headroom-dsp`: each case runs under valgrind twice, a different number of times, and the
//! difference is its own. `service_instructions.txt` holds what each cost when it was last blessed:
//!
//!     cargo bench --profile dev --workspace --bench service_instructions               compares, within 3 %
//!     cargo bench --profile dev --workspace --bench service_instructions -- --bless    takes the new counts
//!
//! By the profile of the tests, in which the signal chain alone is optimised: a release takes many minutes more to build,
//! and what is held here is how much is done, which both have in common.

#[path = "../dsp/benches/common/count.rs"]
mod count;

use std::{
    error::Error,
    fmt::Write as _,
    hint::black_box,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use count::{TOLERANCE_PERCENT, blessed, compiler, count_run, run_bench};
use headroom_api::Treatment;
use headroom_dsp::{ChainParams, Layout, MeterFrame, Spec};
use headroom_profile::Library;
use headroom_service::{
    control::Hub,
    rt::{CycleTime, GuardSlot, bridge, exposure, tap},
};
use headroom_state::{Desired, Graph, GraphEvent, Ownership, Pins, Step, Treatments, settle};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/service_instructions.txt");
/// A desktop's life, with pieces that come and go: what the planner's own test lives through.
const DEMO: &str = include_str!("../state/tests/graphs/demo.jsonl");
/// Streams whose gauges are read.
const STREAMS: u64 = 8;

/// One thing that is counted.
struct Case {
    name: &'static str,
    /// How often it is done in the two runs.
    times: [usize; 2],
    /// Does it so often; returns how many pieces that was.
    run: fn(usize) -> usize,
}

const CASES: [Case; 6] = [
    Case { name: "settle-of-a-demo", times: [1, 3], run: settles },
    Case { name: "cycle-of-64-frames", times: [100, 300], run: cycles::<64> },
    Case { name: "cycle-of-1024-frames", times: [20, 60], run: cycles::<1024> },
    Case { name: "tap-of-1024-frames", times: [200, 600], run: tapped },
    Case { name: "exposure-of-1024-frames", times: [20, 60], run: exposed },
    Case { name: "gauges-of-8-streams", times: [50, 150], run: gauges },
];

/// Lives through the demo so often; returns the number of settles.
fn settles(times: usize) -> usize {
    let library = Library::load(None);
    let (mut treatments, pins) = (Treatments::default(), Pins::default());
    treatments.choose("DemoPlayer", Treatment::LeaveAlone.into()).expect("a short name");
    let profile = library.get("default").expect("it is shipped");
    let desired = Desired::of(profile, &treatments, &pins);
    let steps: Vec<Step> =
        DEMO.lines().map(|line| Step::parse(line).expect("it was recorded")).collect();
    let now = Instant::now();
    let mut settles = 0;
    for _ in 0..times {
        let (mut graph, mut ownership) = (Graph::default(), Ownership::default());
        for step in steps.iter().cloned() {
            match step {
                Step::Event(event) => {
                    if matches!(event, GraphEvent::Disconnected { .. }) {
                        ownership.forget();
                    }
                    graph.apply(event);
                }
                Step::Settle => {
                    settles += 1;
                    black_box(settle(&graph, desired, &mut ownership, now));
                }
            }
        }
    }
    settles
}

/// Runs so many cycles of a pair, as PipeWire's data thread does.
fn cycles<const FRAMES: usize>(times: usize) -> usize {
    let (mut remote, mut processor) = bridge(ChainParams::default(), Arc::default());
    remote.set_format(Spec { rate_hz: 48_000, layout: Layout::stereo() }).expect("a usual rate");
    let mut noise = noise();
    let mut loud = [[0.0; FRAMES]; 2];
    loud.as_flattened_mut().fill_with(&mut noise);
    for cycle in 0..times as u64 {
        let mut block = loud;
        let position_frames = cycle * FRAMES as u64;
        let start_ns = 1_000_000 + position_frames.cast_signed() * 20_833;
        processor.begin_cycle(start_ns);
        let [left, right] = &mut block;
        processor.process(&mut [left, right]);
        let end_ns = start_ns + 1_000;
        processor.end_cycle(CycleTime { start_ns, end_ns, position_frames, frames: FRAMES as u32 });
        black_box(&block);
    }
    times
}

/// Counts so many blocks of a tap, and takes each.
fn tapped(times: usize) -> usize {
    let (mut meter, mut reader) = tap();
    let mut noise = noise();
    let block: Vec<f32> = (0..1024).map(|_| noise()).collect();
    for _ in 0..times {
        meter.add(0, black_box(&block));
        black_box(reader.take());
    }
    times
}

/// Counts so many blocks of a device of two channels, A-weighted, and takes each.
fn exposed(times: usize) -> usize {
    let (mut meter, mut reader) = exposure();
    let mut noise = noise();
    let block: Vec<f32> = (0..1024).map(|_| noise()).collect();
    for _ in 0..times {
        for channel in 0..2 {
            meter.add(channel, black_box(&block), 48_000);
        }
        black_box(reader.take());
    }
    times
}

/// Serves one subscriber so many readings of some streams, but for the sending.
fn gauges(times: usize) -> usize {
    let began = Instant::now();
    let mut hub = Hub::new(began);
    let client = ":1.7".try_into().expect("a bus name");
    hub.subscribe(client, None, 30.0, began).expect("the first one");
    hub.set_bus(Some(GuardSlot::default()));
    let mut meters = Vec::new();
    for stream in 0..STREAMS {
        let (meter, reader) = tap();
        hub.set_tap(stream, Box::new(reader), began);
        meters.push(meter);
    }
    let block = [0.1; 64];
    for reading in 1..=times as u32 {
        for meter in &mut meters {
            meter.add(0, &block);
        }
        let now = began + reading * Duration::from_millis(34);
        black_box(hub.rehearse(Some(MeterFrame::default()), now).expect("it can be written"));
    }
    times
}

fn noise() -> impl FnMut() -> f32 {
    let mut seed = 1_u32;
    move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        4.0 * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
    }
}

/// Instructions of one piece.
fn count(case: &Case) -> Result<f64, Box<dyn Error>> {
    let [few, many] = case.times;
    let counted = count_run(case.name, many)?.saturating_sub(count_run(case.name, few)?);
    let pieces = (case.run)(1) * (many - few);
    Ok(counted as f64 / pieces as f64)
}

fn compare(bless: bool) -> Result<bool, Box<dyn Error>> {
    let baseline = std::fs::read_to_string(BASELINE).unwrap_or_default();
    let compiler = compiler()?;
    let comparable = baseline.lines().any(|line| line == compiler);
    let mut new = format!(
        "# Instructions per settle, cycle, block, reading; see instructions.rs.\n{compiler}\n"
    );
    let mut held = true;
    println!("{:<34}{:>12}{:>12}   change", "instructions", "baseline", "now");
    for case in &CASES {
        let now = count(case)?;
        writeln!(new, "{} {now:.0}", case.name)?;
        let Some(was) = blessed(&baseline, case.name) else {
            println!("{:<34}{:>12}{now:>12.0}   no baseline", case.name, "-");
            held = false;
            continue;
        };
        let change = 100.0 * (now - was) / was;
        let verdict = if change.abs() <= TOLERANCE_PERCENT { "" } else { "  OUT OF RANGE" };
        held &= verdict.is_empty();
        println!("{:<34}{was:>12.0}{now:>12.0}  {change:+6.2} %{verdict}", case.name);
    }
    if bless {
        std::fs::write(BASELINE, new)?;
        println!("blessed: these counts are the baseline now");
        return Ok(true);
    }
    if !comparable {
        println!("NOT CHECKED: the baseline is another compiler's, this is {compiler}");
        return Ok(true);
    }
    if !held {
        println!(
            "A count is more than {TOLERANCE_PERCENT} % from its baseline. If that is meant:\n\
             cargo bench --profile dev --workspace --bench service_instructions -- --bless"
        );
    }
    Ok(held)
}

fn main() -> ExitCode {
    let run = |name: &str, times| {
        let case = CASES.iter().find(|case| case.name == name)?;
        black_box((case.run)(times));
        Some(())
    };
    run_bench(run, compare)
}
