//! What the kernel says of PipeWire's data thread in this process.
//!
//! Runs on the control thread; proc(5) is all that it reads.

use std::{fs, path::PathBuf};

/// The data thread, as found at one moment.
#[derive(Clone, Debug)]
pub(crate) struct DataThread {
    path: PathBuf,
}

impl DataThread {
    /// Finds it; `None` before the first connection.
    pub(crate) fn find() -> Option<Self> {
        let tasks = fs::read_dir("/proc/self/task").ok()?;
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

    /// Returns how long it has waited for a processor, in ns; `None` when the kernel does not tell.
    pub(crate) fn waited_ns(&self) -> Option<u64> {
        // Time on a processor, time waiting for one, number of times.
        let times = fs::read_to_string(self.path.join("schedstat")).ok()?;
        times.split_whitespace().nth(1)?.parse().ok()
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
        assert!(found.waited_ns().is_some());
        drop(done);
        thread.unwrap().join().unwrap();
        // The kernel may take a moment to forget it.
        while found.is_runnable().is_some() {
            std::thread::yield_now();
        }
        assert_eq!(found.is_realtime(), None);
    }
}
