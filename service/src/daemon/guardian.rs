//! The service's end of the guardian: starts it, tells it when to watch, starts another when it dies.

use std::{
    fs::File,
    io::{self, Write as _},
    os::{
        fd::OwnedFd,
        unix::{net, process::CommandExt as _},
    },
    process::{self, Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::UnixStream;
use tracing::{debug, info, warn};

use super::{backoff::Backoff, sleep_until};
use crate::guardian::{CLEAN, EVICTED, REST, WATCH};

/// This program, also after its file was replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// Waits before another one is started.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// Who supervises the service does not supervise its guardian.
const SUPERVISION: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// The guardian process, or the wait for another one.
#[derive(Debug)]
pub(super) struct Guardian {
    /// The memory that the counters are in; `None` when there is to be no guardian.
    memory: Option<File>,
    link: Option<Link>,
    /// Whether it is to watch.
    watch: bool,
    again: Backoff,
    /// Those that have died, until the kernel has let go of them.
    dead: Vec<Child>,
}

#[derive(Debug)]
struct Link {
    child: Child,
    /// For what it says.
    socket: UnixStream,
    /// For what it is told: at once, which the other end does not know whether it can.
    words: net::UnixStream,
}

impl Guardian {
    /// Starts one that reads the counters from `memory`; without it, there is none.
    pub(super) fn start(memory: Option<File>) -> Self {
        let mut guardian = Self {
            memory,
            link: None,
            watch: false,
            again: Backoff::new(SHORTEST_RETRY, LONGEST_RETRY, 4),
            dead: Vec::new(),
        };
        guardian.spawn();
        guardian
    }

    fn spawn(&mut self) {
        let Some(memory) = &self.memory else { return };
        match Link::new(memory) {
            Ok(link) => {
                debug!(process = link.child.id(), "the guardian is there");
                self.link = Some(link);
                if self.watch {
                    self.send(WATCH);
                }
            }
            Err(error) => {
                warn!(%error, "nobody gives the sound back if this process hangs");
                self.again.arm(Instant::now());
            }
        }
    }

    /// Has it watch while something plays through us.
    pub(super) fn watch(&mut self, watch: bool) {
        if self.watch != watch {
            self.watch = watch;
            self.send(if watch { WATCH } else { REST });
        }
    }

    fn send(&mut self, word: u8) {
        if let Some(link) = &self.link
            && let Err(error) = (&link.words).write_all(&[word])
        {
            // Its death is told by the socket as well.
            debug!(%error, "the guardian does not listen");
        }
    }

    /// Waits until it says something, dies, or is to be started again; for ever while all is well.
    pub(super) async fn due(&self) {
        match &self.link {
            // What fails is seen as it is read.
            Some(link) => drop(link.socket.readable().await),
            None => sleep_until(self.again.due_at()).await,
        }
    }

    /// Takes in what it says, or starts another.
    pub(super) fn serve(&mut self, now: Instant) {
        self.dead.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        let Some(link) = &self.link else {
            if self.again.take_due(now) {
                self.spawn();
            }
            return;
        };
        let mut words = [0; 16];
        match link.socket.try_read(&mut words) {
            Ok(count) if count > 0 => {
                if words[..count].contains(&EVICTED) {
                    info!("this process was stopped, and its guardian gave the sound back");
                    // It rests until it is told otherwise.
                    self.send(if self.watch { WATCH } else { REST });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => {
                warn!("the guardian has died: starting another");
                if let Some(Link { mut child, .. }) = self.link.take() {
                    let _ = child.kill();
                    self.dead.push(child);
                }
                self.again.arm(now);
            }
        }
    }

    /// Lets it go: nothing is left behind that it would have to take back.
    pub(super) fn dismiss(mut self) {
        self.send(CLEAN);
    }
}

impl Link {
    fn new(memory: &File) -> io::Result<Self> {
        let (own, its) = net::UnixStream::pair()?;
        own.set_nonblocking(true)?;
        let words = own.try_clone()?;
        let socket = UnixStream::from_std(own)?;
        let mut command = Command::new(OWN_PROGRAM);
        command
            .arg0("headroom-guardian")
            .args(["--guard", &process::id().to_string()])
            .stdin(Stdio::from(OwnedFd::from(its)))
            .stdout(Stdio::from(memory.try_clone()?));
        for variable in SUPERVISION {
            command.env_remove(variable);
        }
        Ok(Self { child: command.spawn()?, socket, words })
    }
}
