//! The guardian: a process beside the service that gives the sound back when the service does not.
//!
//! It is a child of the service, the same program with another argument, and has neither tokio nor a bus: one thread that
//! sleeps until the service says something or dies. Only while the service says that something plays does it look four
//! times a second whether the service is stopped and whether the data thread gets on. It must never cost sound: what it
//! cannot see is well, and a process under a debugger is its debugger's.
//!
//! - [`judge`] is what follows from what was seen, pure; `look` sees.
//! - `take_back` undoes what a dead service has left.

pub mod judge;
mod look;
mod take_back;

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    process::{Pid, PidfdFlags, Signal, getppid, pidfd_open, pidfd_send_signal, setsid},
};
use tracing::{debug, error, info, warn};

use crate::{pw, rt::Vitals, store::Store};
use judge::{Judge, Verdict};
use look::Eyes;

/// The service says that something plays through it, so that a hang of its would be heard.
pub(crate) const WATCH: u8 = b'w';
/// The service says that nothing does.
pub(crate) const REST: u8 = b'r';
/// The service says that it has left nothing behind, last of all.
pub(crate) const CLEAN: u8 = b'c';
/// The guardian says that it has thrown a stopped service out of the graph.
pub(crate) const EVICTED: u8 = b'e';

/// The name that the kernel shows; it keeps 15 bytes.
const NAME: &str = "headroom-guard";
/// How long PipeWire may take to throw a stopped service out; what takes longer hangs with it.
const EVICTION: Duration = Duration::from_millis(400);
/// How long a process may take to die after it has let go of the guardian: it frees its memory, or hangs in that.
const DEATH: Duration = Duration::from_secs(1);
/// How long the service after a dead one waits for what the guardian takes back.
const SUCCESSOR_WAITS: Duration = Duration::from_secs(2);

/// The other process, and the way to it.
struct Guardian {
    service: Pid,
    /// `None` on a kernel that has none, or where a sandbox forbids it.
    handle: Option<OwnedFd>,
    link: UnixStream,
    eyes: Eyes,
    judge: Judge,
    watching: bool,
    clean: bool,
}

/// Guards the service whose process this is, until that is gone: the whole life of the process.
///
/// The link to the service is standard input, the memory that its counters are in standard output.
pub fn run(service: u32) -> ExitCode {
    // Its name is for people only.
    let _ = fs::write("/proc/self/comm", NAME);
    // What stops or ends the job of a terminal is for the service.
    let _ = setsid();
    ignore_requests_to_end();
    let store = Store::from_environment().ok();
    let directory = store.as_ref().and_then(Store::runtime_directory);
    let _lock = directory.and_then(claim);
    match Guardian::new(service) {
        Ok(mut guardian) => {
            guardian.guard();
            if !guardian.clean {
                guardian.see_to_the_end();
                take_back::take_back(store.as_ref());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!(%error, "the guardian cannot work");
            ExitCode::FAILURE
        }
    }
}

/// Waits until the guardian of a service that has died has taken back what that left, so that it does not
/// take back what this one writes; `directory` is ours for what lasts until logout.
pub fn wait_for_predecessor(directory: Option<&Path>) {
    let Some(directory) = directory.and_then(|directory| File::open(directory).ok()) else {
        return;
    };
    let begin = Instant::now();
    while directory.try_lock().is_err_and(|error| matches!(error, fs::TryLockError::WouldBlock)) {
        if begin.elapsed() > SUCCESSOR_WAITS {
            return warn!("the guardian of an earlier service is still at work");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Takes the lock that goes with the file that is returned: the folder itself, so that nothing stays behind.
fn claim(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    directory.try_lock().ok().map(|()| directory)
}

/// A manager of processes ends all of a service at once; the guardian is needed until the service has ended.
fn ignore_requests_to_end() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: no handler is installed, and no other thread runs yet.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

impl Guardian {
    fn new(service: u32) -> io::Result<Self> {
        let missing = || io::Error::new(ErrorKind::NotFound, "there is no such service");
        let service = i32::try_from(service).ok().and_then(Pid::from_raw).ok_or_else(missing)?;
        let handle = pidfd_open(service, PidfdFlags::empty()).ok();
        let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        link.set_nonblocking(true)?;
        let memory = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let eyes = Eyes::on(service.as_raw_nonzero().get(), Vitals::shared(&memory)?);
        Ok(Self {
            service,
            handle,
            link,
            eyes,
            judge: Judge::default(),
            watching: false,
            clean: false,
        })
    }

    /// Returns when the service has let go of the link: it has died, or is about to.
    fn guard(&mut self) {
        loop {
            let patience = self.watching.then(|| self.judge.look_after());
            if self.has_word(patience) && !self.listen() {
                return;
            }
            if !self.watching {
                continue;
            }
            match self.judge.judge(Instant::now(), self.eyes.look()) {
                Verdict::Well => {}
                Verdict::Evict => self.evict(),
                Verdict::Kill(hang) => {
                    error!(%hang, "the service is beyond help: ending it, so that sound goes on");
                    self.kill();
                    self.watching = false;
                }
            }
        }
    }

    /// Waits until the service says something or is gone, for so long at most; for ever with `None`.
    fn has_word(&self, patience: Option<Duration>) -> bool {
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut ends = [PollFd::new(&self.link, PollFlags::IN)];
        match poll(&mut ends, patience.as_ref()) {
            Ok(ready) => ready > 0,
            Err(error) => error != rustix::io::Errno::INTR,
        }
    }

    /// Takes in what the service says; returns whether it is still there.
    fn listen(&mut self) -> bool {
        let mut words = [0; 64];
        match self.link.read(&mut words) {
            Ok(0) => false,
            Ok(count) => {
                for word in &words[..count] {
                    match *word {
                        WATCH => (self.watching, self.judge) = (true, Judge::default()),
                        REST => self.watching = false,
                        CLEAN => self.clean = true,
                        _ => {}
                    }
                }
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    /// Has PipeWire throw a stopped service out of the graph: it lives, and comes back when it runs again.
    fn evict(&mut self) {
        let begin = Instant::now();
        // In a sandbox, the number of the process is another one than PipeWire knows.
        let own = !headroom_api::is_in_flatpak();
        let process = own.then_some(self.service.as_raw_nonzero().get());
        match pw::evict(process, EVICTION) {
            Ok(clients) => warn!(
                clients,
                after_ms = begin.elapsed().as_millis(),
                "the service is stopped: it is out of the graph until it runs again"
            ),
            Err(error) => {
                error!(%error, "a stopped service cannot be thrown out of the graph: ending it");
                self.kill();
            }
        }
        take_back::take_back(Store::from_environment().ok().as_ref());
        self.watching = false;
        // It is heard when the service runs again; one that has died hears nothing.
        let _ = self.link.write_all(&[EVICTED]);
    }

    fn kill(&self) {
        let killed = match &self.handle {
            Some(handle) => pidfd_send_signal(handle, Signal::KILL),
            // Without a handle, its number could be another's by now, unless it is still the parent.
            None if getppid() == Some(self.service) => {
                rustix::process::kill_process(self.service, Signal::KILL)
            }
            None => return,
        };
        if let Err(error) = killed {
            debug!(%error, "the service cannot be ended");
        }
    }

    /// Waits until a service that has let go of the link is dead: what hangs in its death still has its nodes.
    fn see_to_the_end(&self) {
        let begin = Instant::now();
        let Some(handle) = &self.handle else { return self.kill() };
        let patience = Timespec::try_from(DEATH).ok();
        let mut ends = [PollFd::new(handle, PollFlags::IN)];
        if poll(&mut ends, patience.as_ref()) == Ok(0) {
            self.kill();
        }
        info!(after_ms = begin.elapsed().as_millis(), "the service has died");
    }
}
