//! Finds out whether a subscriber reads; each probe is a task of its own, nobody waits for it.
//!
//! - A *ping* is `org.freedesktop.DBus.Peer.Ping`. Most libraries answer it by themselves; any answer
//!   will do, a refusal as well.
//! - A *look* is for clients that never answer (zbus without an object server, jeepney, scripts that
//!   speak the protocol themselves). It asks the bus daemon how much it holds back for the client,
//!   where the daemon can tell (`org.freedesktop.DBus.Debug.Stats`), and the kernel whether the
//!   client's process is stopped and has been at work since the last look.

use std::fs;

use headroom_api::dict_u32;
use zbus::{Connection, fdo::DBusProxy, names::OwnedUniqueName};

use super::flow::Look;

/// Threads whose work is counted; a limit against programs with thousands.
const MAX_THREADS: usize = 64;

/// Says whether the client answers a ping; waits for as long as that takes.
pub(super) async fn ping(connection: &Connection, client: &OwnedUniqueName) -> bool {
    const PEER: &str = "org.freedesktop.DBus.Peer";
    let answer = connection.call_method(Some(client.clone()), "/", Some(PEER), "Ping", &()).await;
    // Refused by the client, or by the bus in its name when it has gone: both end the wait.
    matches!(answer, Ok(_) | Err(zbus::Error::MethodError(..) | zbus::Error::FDO(_)))
}

/// Looks at a client from outside; returns the verdict, and what its process has done so far.
pub(super) async fn look(
    connection: &Connection,
    client: &OwnedUniqueName,
    work_before: Option<u64>,
) -> (Look, Option<u64>) {
    let pid = process_of(connection, client).await;
    let stopped = pid.is_some_and(is_stopped);
    let work = pid.and_then(work_of);
    let look = judge(stopped, queued_bytes(connection, client).await, work_before, work);
    (look, work)
}

fn judge(stopped: bool, queued_bytes: Option<u32>, before: Option<u64>, now: Option<u64>) -> Look {
    match (queued_bytes, before, now) {
        _ if stopped => Look::Stuck,
        // The kernel's own buffer comes before the bus daemon's: this client is far behind.
        (Some(bytes), ..) if bytes > 0 => Look::Stuck,
        (None, Some(before), Some(now)) if now == before => Look::Stuck,
        (Some(_), ..) | (None, _, Some(_)) => Look::Alive,
        (None, _, None) => Look::Unknown,
    }
}

/// Returns the process behind a client, where the bus knows it.
pub(in crate::control) async fn process_of(
    connection: &Connection,
    client: &OwnedUniqueName,
) -> Option<u32> {
    let bus = DBusProxy::new(connection).await.ok()?;
    bus.get_connection_unix_process_id(client.clone().into()).await.ok()
}

/// Returns what the bus daemon holds back for the client, in bytes, where it can tell.
async fn queued_bytes(connection: &Connection, client: &OwnedUniqueName) -> Option<u32> {
    const BUS: &str = "org.freedesktop.DBus";
    const STATS: &str = "org.freedesktop.DBus.Debug.Stats";
    let (path, member) = ("/org/freedesktop/DBus", "GetConnectionStats");
    let reply = connection
        .call_method(Some(BUS), path, Some(STATS), member, &client.as_str())
        .await
        .ok()?;
    dict_u32(&reply.body().deserialize().ok()?, "OutgoingBytes")
}

/// Says whether a process is stopped, by a signal or a debugger, or dead.
fn is_stopped(pid: u32) -> bool {
    // proc(5): the state follows the name in brackets, which may hold anything.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('T' | 't' | 'Z' | 'X'))
}

/// Returns how often the threads of a process have given up a processor: it grows while they work.
fn work_of(pid: u32) -> Option<u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let switches = tasks.flatten().take(MAX_THREADS).filter_map(|task| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let counts = status.lines().filter(|line| line.contains("voluntary_ctxt_switches:"));
        Some(counts.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum())
    });
    switches.reduce(|sum: u64, one: u64| sum + one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    struct Sleeper(Child);

    impl Sleeper {
        fn new() -> Self {
            Self(Command::new("sleep").arg("1000").spawn().unwrap())
        }

        fn signal(&self, signal: rustix::process::Signal) {
            let pid = rustix::process::Pid::from_child(&self.0);
            rustix::process::kill_process(pid, signal).unwrap();
        }

        fn wait(&self, stopped: bool) {
            let begin = std::time::Instant::now();
            while is_stopped(self.0.id()) != stopped {
                assert!(begin.elapsed().as_secs() < 20, "the state has not come");
                std::thread::yield_now();
            }
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_stopped_process_is_seen_and_so_is_its_return() {
        let sleeper = Sleeper::new();
        sleeper.wait(false);
        sleeper.signal(rustix::process::Signal::STOP);
        sleeper.wait(true);
        sleeper.signal(rustix::process::Signal::CONT);
        sleeper.wait(false);
    }

    #[test]
    fn work_is_counted_and_absence_is_no_work() {
        let before = work_of(std::process::id()).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        // Counted in ticks, so it takes some work to be seen.
        while work_of(std::process::id()).unwrap() == before {
            assert!(std::time::Instant::now() < deadline, "work is not counted");
        }
        assert_eq!(work_of(u32::MAX), None);
        assert!(!is_stopped(u32::MAX));
    }

    #[test]
    fn the_most_direct_evidence_decides() {
        assert_eq!(judge(true, Some(0), Some(1), Some(2)), Look::Stuck);
        assert_eq!(judge(false, Some(1), Some(1), Some(2)), Look::Stuck);
        assert_eq!(judge(false, Some(0), Some(1), Some(1)), Look::Alive);
        assert_eq!(judge(false, None, Some(1), Some(1)), Look::Stuck);
        assert_eq!(judge(false, None, Some(1), Some(2)), Look::Alive);
        assert_eq!(judge(false, None, None, Some(2)), Look::Alive);
        assert_eq!(judge(false, None, Some(1), None), Look::Unknown);
    }
}
