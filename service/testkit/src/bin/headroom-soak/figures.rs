//! What the service costs at a moment: what the kernel and the service itself say.

use std::fs;

use anyhow::{Context, Result};
use headroom_api::{Dict, dict_u64};
use headroom_testkit::session::guardian_of;

/// One reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Proportional set size of the service, in kB.
    pub(crate) pss_kb: f64,
    /// That of its guardian.
    pub(crate) guardian_kb: f64,
    pub(crate) descriptors: f64,
    pub(crate) threads: f64,
}

impl Figures {
    /// Reads those of a process and its guardian.
    pub(crate) fn read(pid: u32) -> Result<Self> {
        let entries = |folder: &str| -> Result<f64> {
            let path = format!("/proc/{pid}/{folder}");
            Ok(fs::read_dir(&path).with_context(|| path)?.count() as f64)
        };
        Ok(Self {
            pss_kb: pss_kb(pid).context("the service has no memory")?,
            guardian_kb: guardian_of(pid).and_then(pss_kb).unwrap_or(0.0),
            descriptors: entries("fd")?,
            threads: entries("task")?,
        })
    }
}

fn pss_kb(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Cycles that the service counts from its start on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cycles {
    pub(crate) run: u64,
    pub(crate) late: u64,
    pub(crate) starved: u64,
    pub(crate) unready: u64,
}

impl Cycles {
    /// Reads them from the answer of `Health`.
    pub(crate) fn of(health: &Dict) -> Self {
        let of = |keys: &[&str]| keys.iter().filter_map(|key| dict_u64(health, key)).sum();
        Self {
            run: of(&["cycles", "app-cycles"]),
            late: of(&["late-cycles", "app-late-cycles"]),
            starved: of(&["starved-cycles"]),
            unready: of(&["unready-cycles", "app-unready-cycles"]),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            run: self.run + other.run,
            late: self.late + other.late,
            starved: self.starved + other.starved,
            unready: self.unready + other.unready,
        }
    }
}
