//! The workspace's own programs, for tests of others of its crates.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Builds a program of the workspace, if it is not of today, and returns where it is: beside the test that runs.
///
/// It is built as one of all, so that what the whole workspace was built from is not built again for it.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn program(name: &'static str) -> &'static Path {
    static BUILT: Mutex<BTreeMap<&str, &Path>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name).or_insert_with(|| Box::leak(build(name).into_boxed_path()))
}

fn build(name: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--workspace", "--bin", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{name} does not build");
    let test = env::current_exe().unwrap_or_default();
    let programs = test.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    programs.join(name)
}
