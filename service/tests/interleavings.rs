//! What data thread and readers share by more than one atomic, in every order in which the two can meet.
//!
//! loom runs each rule once for every interleaving that memory orderings allow. Counters, gauges and volumes are words of
//! their own, of which none says anything about another: there is nothing to interleave. Rings and triple buffers are
//! their crates'. No harness: under one, the module would bring its own tests along, which know no loom.

/// What `service/src/rt/sync.rs` is elsewhere.
mod sync {
    pub(crate) use loom::{
        sync::{
            Arc,
            atomic::{
                AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering,
            },
        },
        thread::yield_now,
    };

    pub(crate) const MOST_CHAINS: usize = 2;
}

#[path = "../src/rt/tap.rs"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "it is a part of the library")]
mod tap;

#[path = "../src/rt/stalls.rs"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "it is a part of the library")]
mod stalls;

use std::{ptr, rc::Rc};

use loom::cell::UnsafeCell;
use stalls::{Stalls, Watched};
use sync::Arc;
use tap::{TapReader, TapReading};

const FRAMES: usize = 3;
/// What the writer adds, block by block.
const LEVELS: [f32; 2] = [0.5, 1.0];

/// What was taken so far.
#[derive(Default)]
struct Taken {
    frames: u64,
    energy: f32,
    peak: f32,
}

impl Taken {
    /// Takes what is there, and holds it against what may be there.
    fn take(&mut self, reader: &mut TapReader) {
        let Some(TapReading { peak, mean_square, frames }) = reader.take() else { return };
        self.frames += frames;
        self.energy += mean_square * frames as f32;
        self.peak = self.peak.max(peak);
        let blocks = self.frames as usize / FRAMES;
        assert!(blocks * FRAMES == self.frames as usize && blocks <= LEVELS.len(), "torn block");
        let due = LEVELS[..blocks].iter().fold(0.0_f32, |most, level| most.max(*level));
        assert!(self.peak >= due, "{blocks} blocks are there, and a peak of {} alone", self.peak);
    }
}

/// No frame, no energy and no peak is lost or counted twice, and no peak comes after its frames.
fn tap_loses_nothing_whenever_it_is_read() {
    let (mut meter, mut reader) = tap::tap();
    let writer = loom::thread::spawn(move || {
        for level in LEVELS {
            meter.add(0, &[level; FRAMES]);
        }
    });
    let mut taken = Taken::default();
    taken.take(&mut reader);
    taken.take(&mut reader);
    writer.join().expect("the writer does not panic");
    taken.take(&mut reader);
    let energy: f32 = LEVELS.iter().map(|level| level * level * FRAMES as f32).sum();
    assert_eq!(taken.frames as usize, LEVELS.len() * FRAMES);
    assert!((taken.energy - energy).abs() < 1e-3 && taken.peak.to_bits() == 1.0_f32.to_bits());
}

/// An output is left alone once its chain is watched no more, however that meets a chain that has it go on.
fn output_that_went_is_left_alone_whenever_it_goes() {
    const DRIVER: u32 = 1;
    let all = Arc::new(Stalls::<u8>::default());
    let watched = [1, 2].map(|number| {
        Watched::new(&all, ptr::without_provenance_mut(number)).expect("there is room")
    });
    for chain in &watched {
        chain.set_driver(DRIVER);
    }
    let [watched, stalled] = watched;
    let [mut other, mut missing] = [&watched, &stalled].map(Watched::arrivals);
    for cycle_ns in 1..=4 {
        assert!(other.come(cycle_ns) && (cycle_ns > 1 || missing.come(cycle_ns)));
        if cycle_ns < 4 {
            other.pass_over(|_| unreachable!("it may be late"));
        }
    }
    let output = Rc::new(UnsafeCell::new(()));
    let used = output.clone();
    let data_thread = loom::thread::spawn(move || {
        // Loom tells when this meets the end below.
        other.pass_over(|_| used.with(|_| ()));
    });
    drop(stalled);
    output.with_mut(|_| ());
    data_thread.join().expect("the data thread does not panic");
}

fn main() {
    let began = std::time::Instant::now();
    loom::model(tap_loses_nothing_whenever_it_is_read);
    loom::model(output_that_went_is_left_alone_whenever_it_goes);
    // As the harness says it, for who counts.
    println!("test tap_loses_nothing_whenever_it_is_read ... ok");
    println!("test output_that_went_is_left_alone_whenever_it_goes ... ok");
    let seconds = began.elapsed().as_secs_f64();
    println!("test result: ok. 2 passed; 0 failed; 0 ignored; finished in {seconds:.2}s");
}
