//! Replays the seeds of every target, among them everything that a fuzzer has found.

use headroom_fuzz::{TARGETS, seeds};

#[test]
fn every_seed_passes_its_target() {
    for (name, check) in TARGETS {
        let seeds = seeds(name).expect("the seeds can be read");
        assert!(!seeds.is_empty(), "{name} has no seed");
        for (file, bytes) in seeds {
            println!("{}", file.display());
            check(&bytes);
        }
    }
}

#[test]
fn every_target_takes_no_bytes() {
    for (_, check) in TARGETS {
        check(b"");
        check(b"\xff\0\xff");
    }
}
