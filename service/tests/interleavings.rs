//! What data thread and readers share by more than one atomic, in every order in which the two can meet.
//!
//! loom runs each rule once for every interleaving that memory orderings allow. Counters, gauges and volumes are words of
//! their own, of which none says anything about another: there is nothing to interleave. Rings and triple buffers are
//! their crates'. No harness: under one, the module would bring its own tests along, which know no loom.

/// What `service/src/rt/sync.rs` is elsewhere.
mod sync {
    pub(crate) use loom::sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    };
}

#[path = "../src/rt/tap.rs"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "it is a part of the library")]
mod tap;

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

fn main() {
    let began = std::time::Instant::now();
    loom::model(tap_loses_nothing_whenever_it_is_read);
    // As the harness says it, for who counts.
    println!("test tap_loses_nothing_whenever_it_is_read ... ok");
    let seconds = began.elapsed().as_secs_f64();
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; finished in {seconds:.2}s");
}
