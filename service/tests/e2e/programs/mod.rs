//! Clients of PipeWire that do what neither its tools nor the test kit's player can, in C, compiled when they are first
//! wanted.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/programs");

/// Returns the program that is made of the source of this name, compiled once.
pub(crate) fn program(name: &str) -> PathBuf {
    static FOLDER: Mutex<Option<tempfile::TempDir>> = Mutex::new(None);
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder.get_or_insert_with(|| tempfile::tempdir().unwrap());
    let program = folder.path().join(name);
    if !program.exists() {
        let flags = ["--cflags", "--libs", "libpipewire-0.3"];
        let flags = Command::new("pkg-config").args(flags).output().unwrap().stdout;
        let flags = String::from_utf8(flags).unwrap();
        let mut cc = Command::new("cc");
        cc.arg(format!("{SOURCES}/{name}.c")).arg("-o").arg(&program);
        cc.args(flags.split_whitespace());
        assert!(cc.status().unwrap().success(), "{name}.c does not build");
    }
    program
}
