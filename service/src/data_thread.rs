//! What the kernel says of PipeWire's data thread.
//!
//! Runs on the control thread, and in the guardian process; proc(5) is all that it reads.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The data thread, as found at one moment.
#[derive(Clone, Debug)]
pub(crate) struct DataThread {
    path: PathBuf,
}

impl DataThread {
    /// Finds that of this process; `None` before the first connection.
    pub(crate) fn find() -> Option<Self> {
        Self::find_in(Path::new("/proc/self"))
    }

    /// Finds that of the process whose folder this is.
    pub(crate) fn find_in(process: &Path) -> Option<Self> {
        let tasks = fs::read_dir(process.join("task")).ok()?;
        tasks.flatten().map(|task| task.path()).find_map(|path| {
            let name = fs::read_to_string(path.join("comm")).ok()?;
            name.starts_with("data-loop").then_some(Self { path })
        })
    }

    /// Says whether it runs with real-time priority; `None` when it has gone.
    pub(crate) fn is_realtime(&self) -> Option<bool> {
        const REALTIME: [&str; 2] = ["1", "2"];
        // Field 41 is the policy: `SCHED_FIFO` or `SCHED_RR`.
        self.stat_field(41).map(|policy| REALTIME.contains(&policy.as_str()))
    }

    /// Says whether it runs, or would if it were given a processor; `None` when it has gone.
    pub(crate) fn is_runnable(&self) -> Option<bool> {
        self.stat_field(3).map(|state| state == "R")
    }

    /// Says whether a debugger watches it; `None` when it has gone.
    pub(crate) fn is_traced(&self) -> Option<bool> {
        let status = fs::read_to_string(self.path.join("status")).ok()?;
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
        Some(tracer.trim() != "0")
    }

    /// Returns how long it has waited for a processor, in ns; `None` when the kernel does not tell.
    pub(crate) fn waited_ns(&self) -> Option<u64> {
        self.schedule_field(1)
    }

    /// Returns how long it has had a processor, in ns; `None` when the kernel does not tell.
    pub(crate) fn ran_ns(&self) -> Option<u64> {
        self.schedule_field(0)
    }

    /// Returns a field of its `schedstat`: time on a processor, time waiting for one, number of times.
    fn schedule_field(&self, number: usize) -> Option<u64> {
        let times = fs::read_to_string(self.path.join("schedstat")).ok()?;
        times.split_whitespace().nth(number)?.parse().ok()
    }

    /// Returns a field of its `stat`, counted from 1 as in the manual, from the third on.
    fn stat_field(&self, number: usize) -> Option<String> {
        let stat = fs::read_to_string(self.path.join("stat")).ok()?;
        // The name, in brackets, is the second field and may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(number - 3).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_a_thread_by_its_name() {
        assert!(DataThread::find().is_none());
        let (told, tell) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("data-loop.7".into()).spawn(move || {
            told.send(()).unwrap();
            let _ = wait.recv();
        });
        tell.recv().unwrap();
        let found = DataThread::find().unwrap();
        assert_eq!(found.is_realtime(), Some(false));
        assert!(found.is_runnable().is_some());
        assert_eq!(found.is_traced(), Some(false));
        assert!(found.waited_ns().is_some() && found.ran_ns().is_some());
        drop(done);
        thread.unwrap().join().unwrap();
        // The kernel may take a moment to forget it.
        while found.is_runnable().is_some() {
            std::thread::yield_now();
        }
        assert_eq!(found.is_realtime(), None);
    }
}
