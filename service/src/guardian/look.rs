//! What the guardian sees of the service: its counters, and what proc(5) says.

use std::{fs, path::PathBuf};

use super::judge::{Look, ThreadLook};
use crate::{data_thread::DataThread, rt::Vitals};

/// Looks at one process.
pub(super) struct Eyes {
    folder: PathBuf,
    vitals: Vitals,
    /// Found once, and again when it has gone: there are many threads to look through.
    thread: Option<DataThread>,
}

impl Eyes {
    /// Looks at the process of this number.
    pub(super) fn on(process: i32, vitals: Vitals) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{process}")), vitals, thread: None }
    }

    /// Looks; what cannot be seen is well.
    pub(super) fn look(&mut self) -> Look {
        let status = fs::read_to_string(self.folder.join("status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()
        };
        // "T (stopped)" is a signal's doing, "t (tracing stop)" a debugger's.
        let stopped = field("State:") == Some("T");
        let traced = field("TracerPid:").is_none_or(|process| process != "0");
        let thread = self.thread();
        let traced = traced || self.thread.as_ref().and_then(DataThread::is_traced) == Some(true);
        let progress = self.vitals.progress();
        Look { stopped, traced, cycles: progress.cycles, in_cycle: progress.in_cycle, thread }
    }

    fn thread(&mut self) -> Option<ThreadLook> {
        let seen = self.thread.as_ref().and_then(read);
        if seen.is_none() {
            self.thread = DataThread::find_in(&self.folder);
        }
        seen.or_else(|| self.thread.as_ref().and_then(read))
    }
}

fn read(thread: &DataThread) -> Option<ThreadLook> {
    let runnable = thread.is_runnable()?;
    // A kernel that does not count is one on which nothing counts as starved.
    Some(ThreadLook { runnable, ran_ns: thread.ran_ns().unwrap_or(u64::MAX) })
}
