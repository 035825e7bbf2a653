//! Child processes that cannot outlive the test.
//!
//! Every child has its own process group, writes into a log file, and is killed when its handle is
//! dropped. The kernel kills it as well when this process dies; as it watches the *thread* that
//! spawned, all children are spawned from one thread that lives as long as the process.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::wait::wait_for;

/// Returns the guardian of a service by the service's process; `None` while there is none.
pub fn guardian_of(service: u32) -> Option<u32> {
    let children = |task: fs::DirEntry| {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
    };
    let is_guardian = |id: &u32| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        name.trim_end() == "headroom-guard"
    };
    let tasks = fs::read_dir(format!("/proc/{service}/task")).ok()?;
    tasks.flatten().flat_map(children).find(is_guardian)
}

type Reply = mpsc::Sender<io::Result<Child>>;

/// Spawns on the thread that never ends.
pub(crate) fn spawn_from_lasting_thread(command: Command) -> Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<(Command, Reply)>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<(Command, Reply)>();
        thread::spawn(move || {
            for (mut command, reply) in receiver {
                // The asker may have given up; its child goes with the handle.
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let (reply, answer) = mpsc::channel();
    let program = command.get_program().to_owned();
    spawner.send((command, reply)).map_err(|_| anyhow!("the spawning thread has ended"))?;
    let spawned = answer.recv().context("the spawning thread has ended")?;
    spawned.with_context(|| format!("cannot start {}", program.display()))
}

/// Rewrites `command` so that the kernel kills it when this process dies.
fn with_parent_death_signal(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(key, value),
            None => wrapped.env_remove(key),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    wrapped
}

/// A running child; dropping it kills its whole process group and waits for it.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    pid: u32,
    child: Mutex<Child>,
}

impl Process {
    /// Starts `command` with its output appended to `log`.
    pub(super) fn spawn(command: &Command, name: &str, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let mut wrapped = with_parent_death_signal(command);
        wrapped.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = spawn_from_lasting_thread(wrapped)?;
        Ok(Self {
            name: name.to_owned(),
            log: log.to_owned(),
            pid: child.id(),
            child: Mutex::new(child),
        })
    }

    /// Returns the process id, which is also the process group's.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it has written so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Tells whether it still runs.
    pub fn is_running(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    /// Sends a signal to the process alone.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let child = self.child();
        kill_process(Pid::from_child(&child), signal)
            .with_context(|| format!("cannot signal {}", self.name))
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it has ended already, or has not ended after `timeout`.
    pub fn terminate(&self, timeout: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait(timeout)
    }

    /// Kills the process group (SIGKILL) and waits for the process.
    pub fn kill(&self) {
        let mut child = self.child();
        // An ended group is as good as a killed one.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    /// When it still runs after `timeout`.
    pub fn wait(&self, timeout: Duration) -> Result<ExitStatus> {
        wait_for(&format!("the end of {}", self.name), timeout, || {
            self.child().try_wait().ok().flatten()
        })
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Cleans up when this process ends in whichever way.
///
/// A shell that waits for the end of its input, which comes with this process's end at the latest.
#[derive(Debug)]
pub(crate) struct Sweeper {
    child: Child,
}

impl Sweeper {
    /// Removes a directory.
    pub(super) fn start(directory: &Path) -> Result<Self> {
        Self::run("rm -rf -- \"$1\"", directory.as_os_str())
    }

    /// Runs a shell's command with one argument.
    pub(crate) fn run(script: &str, argument: &OsStr) -> Result<Self> {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("read -r _; {script}"), "sweeper"])
            .arg(argument)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        Ok(Self { child: spawn_from_lasting_thread(command)? })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
