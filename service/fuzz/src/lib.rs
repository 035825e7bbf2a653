//! What foreign bytes must not do to Headroom, one module for each way in.
//!
//! A target takes bytes and panics when a rule of its module is broken; it needs no PipeWire and no bus, and leaves nothing
//! behind. `scripts/fuzz` lets a fuzzer look for such bytes, led by what they reach; `tests/seeds.rs` replays the seeds, among
//! them everything that was ever found.
#![forbid(unsafe_code)]

pub mod bus;
pub mod graph;
pub mod profile;
pub mod state;
pub mod wav;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// A target by name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("bus", bus::check),
    ("graph", graph::check),
    ("profile", profile::check),
    ("state", state::check),
    ("wav", wav::check),
];

/// Reads the seeds of a target, by the names of their files.
///
/// # Errors
/// When they are not there, or cannot be read.
pub fn seeds(target: &str) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::read_dir(folder)?
        .map(|entry| {
            let file = entry?.path();
            Ok((file.clone(), fs::read(file)?))
        })
        .collect()
}

/// Checks every file that the command line names.
///
/// # Errors
/// When one cannot be read.
pub fn replay(check: fn(&[u8])) -> io::Result<()> {
    for file in std::env::args_os().skip(1) {
        check(&fs::read(file)?);
    }
    Ok(())
}

/// A folder for the files of one target, in memory where there is some, which goes with the process.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(base).expect("a folder can be made")
}
