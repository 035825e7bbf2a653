//! Judges what was found; pure functions, without a clock, a file or a bus.

pub(super) mod activation;
pub(super) mod deployment;
pub(super) mod files;
pub(super) mod graph;
pub(super) mod installed;
pub(super) mod metadata;
pub(super) mod presence;
pub(super) mod priority;
pub(super) mod process;
pub(super) mod profiles;
pub(super) mod remedy;
pub(super) mod service;
pub(super) mod unit;

use std::path::Path;

/// Names a path in a sentence: in quotation marks it is known where it ends, also for what hides a person's own.
fn named(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// Makes the session bus look at its activation files again.
const RELOAD_BUS: &str = "busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig";
