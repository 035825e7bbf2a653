//! Replays the seeds of every target, among them everything that a fuzzer has found.

use std::fs;

use headroom_fuzz::{TARGETS, seeds};

#[test]
fn every_seed_passes_its_target() {
    for (name, check) in TARGETS {
        let mut files: Vec<_> = fs::read_dir(seeds(name))
            .expect("the seeds are there")
            .map(|entry| entry.expect("it can be read").path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no seed");
        for file in files {
            println!("{}", file.display());
            check(&fs::read(file).expect("it can be read"));
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
