//! Clients that ask without end, at length, or without reading: they cost the service little, and others nothing.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::Command,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use headroom_api::{
    ControlProxy, Dict, Error, MAX_NAME_BYTES, MAX_PENDING_REQUESTS, MAX_PROCESS_SUBSCRIPTIONS,
    Result, StreamRow, names,
};
use headroom_testkit::session::Session;
use rustix::process::Signal;
use tokio::{task::JoinSet, time::timeout};
use zbus::{Message, proxy::CacheProperties};

use crate::{programs::program, rig::*};

/// Calls of one client that reads nothing, where each answer is long, and where each takes time.
const CALLS: usize = 30_000;
const REQUESTS: usize = 5000;
/// What such a client may cost at most, in kB.
const MOST_GROWTH_KB: u64 = 80 << 10;
/// How long another client waits at most, behind all that was asked before, on a machine that is busy.
const DEADLINE: Duration = Duration::from_mins(3);
/// Choices of each kind: as many as there may be.
const CHOICES: usize = 1000;
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A client that writes calls and never reads an answer.
struct Mute {
    stream: UnixStream,
}

impl Mute {
    fn new(session: &Session) -> Self {
        let address = session.bus_address();
        let path = address.strip_prefix("unix:path=").unwrap();
        let mut stream = UnixStream::connect(path.split(',').next().unwrap()).unwrap();
        let uid = rustix::process::getuid().as_raw().to_string();
        let hex = uid.bytes().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 256];
        let read = stream.read(&mut answer).unwrap();
        assert!(answer[..read].starts_with(b"OK "));
        stream.write_all(b"BEGIN\r\n").unwrap();
        let hello = Message::method_call("/org/freedesktop/DBus", "Hello")
            .destination("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .build(&())
            .unwrap();
        stream.write_all(hello.data()).unwrap();
        assert!(stream.read(&mut answer).unwrap() > 0);
        Self { stream }
    }

    /// Writes the same call so many times; the bus may take its time.
    fn pipeline<B>(
        mut self,
        interface: &str,
        member: &str,
        body: &B,
        count: usize,
    ) -> JoinHandle<Self>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let call = || {
            let call = Message::method_call(names::OBJECT_PATH, member);
            call.destination(names::BUS_NAME).interface(interface).build(body).unwrap()
        };
        let calls: Vec<Message> = (0..count).map(|_| call()).collect();
        thread::spawn(move || {
            for call in calls {
                // The bus may throw out who reads nothing.
                if self.stream.write_all(call.data()).is_err() {
                    break;
                }
            }
            self
        })
    }
}

/// A session in which as much is chosen as may be.
fn full_session() -> Session {
    let session = Session::start().unwrap();
    let mut text = String::from("version = 1\n");
    for (table, value) in [("routes", "\"processed\""), ("level", "false")] {
        let _ = writeln!(text, "[{table}]");
        for number in 0..CHOICES {
            let _ = writeln!(text, "\"Application number {number}\" = {value}");
        }
    }
    let directory = session.state_home().join(names::DIRECTORY);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("state.toml"), text).unwrap();
    session
}

impl Rig {
    /// Returns what the service has had of the processor so far, in seconds.
    fn processor_s(&self) -> f64 {
        let path = format!("/proc/{}/schedstat", self.service.pid());
        let ns = fs::read_to_string(path).unwrap().split(' ').next().unwrap().parse::<u64>();
        ns.unwrap() as f64 / 1e9
    }

    fn memory_kb(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.service.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Asks as another client does.
fn answer(address: &str) -> Option<Result<Dict>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = zbus::connection::Builder::address(address).build().await.unwrap();
        let control = ControlProxy::builder(&connection).cache_properties(CacheProperties::No);
        let control = control.build().await.unwrap();
        timeout(DEADLINE, control.health()).await.ok()
    })
}

fn flooded<B>(interface: &str, member: &str, body: &B, calls: usize)
where
    B: serde::Serialize + zbus::DynamicType,
{
    let rig = Rig::in_session(full_session());
    let before = rig.memory_kb("VmRSS:");
    let spent_before = rig.processor_s();
    // All of them are there at once, as on a machine where the bus is faster than the service.
    rig.service.signal(Signal::STOP).unwrap();
    let flood = Mute::new(&rig.session).pipeline(interface, member, body, calls);
    let mute = flood.join().unwrap();
    rig.service.signal(Signal::CONT).unwrap();
    // Answered behind all that was asked before.
    let asked = Instant::now();
    let answer = answer(&rig.session.bus_address());
    let waited = asked.elapsed();
    let growth = rig.memory_kb("VmHWM:").saturating_sub(before);
    let spent = rig.processor_s() - spent_before;
    println!(
        "{member}: {growth} kB more, {spent:.2} s of the processor, another client waits {:.2} s",
        waited.as_secs_f64()
    );
    assert!(answer.is_some_and(|health| health.is_ok()), "another client waits in vain");
    assert!(growth < MOST_GROWTH_KB, "{member}: {growth} kB more");
    drop(mute);
}

#[test]
fn mute_client_costs_little_when_it_asks_for_properties() {
    flooded(PROPERTIES, "GetAll", &names::INTERFACE, CALLS);
}

#[test]
fn mute_client_costs_little_when_it_asks_for_health() {
    flooded(names::INTERFACE, "Health", &(), REQUESTS);
}

#[test]
fn mute_client_costs_little_when_it_asks_for_meters() {
    flooded(names::INTERFACE, "GetMeters", &(), REQUESTS);
}

#[test]
fn mute_client_costs_little_when_it_reloads_profiles() {
    flooded(names::INTERFACE, "ReloadProfiles", &(), REQUESTS);
}

#[test]
fn overlong_name_is_refused_before_it_is_looked_at() {
    let rig = Rig::in_session(full_session());
    let control = rig.control();
    for bytes in [MAX_NAME_BYTES + 1, 100_000, 2 << 20, 16 << 20] {
        let name = "Ä".repeat(bytes / 2);
        let begin = Instant::now();
        let error = rig.block(control.unset_route(&name)).unwrap_err();
        println!("UnsetRoute with {bytes} bytes: {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
        assert!(!matches!(error, Error::ZBus(_)), "{error:?}");
        assert!(error.message().len() < 700, "an error must not echo everything");
    }
    assert_eq!(rig.state(), "running");
}

#[test]
fn sender_of_too_many_requests_is_refused_until_one_is_answered() {
    let rig = Rig::start();
    let control = rig.control();
    rig.service.signal(Signal::STOP).unwrap();
    let (accepted, refused) = rig.block(async {
        let mut calls = JoinSet::new();
        for _ in 0..5 * MAX_PENDING_REQUESTS {
            let control = control.clone();
            calls.spawn(async move { control.health().await });
        }
        // All of them are sent before one can be answered.
        tokio::task::yield_now().await;
        rig.service.signal(Signal::CONT).unwrap();
        let answers = calls.join_all().await;
        let is_refusal = |answer: &&Result<_>| matches!(answer, Err(Error::LimitExceeded(_)));
        let refused = answers.iter().filter(is_refusal).count();
        (answers.iter().filter(|answer| answer.is_ok()).count(), refused)
    });
    assert_eq!(accepted + refused, 5 * MAX_PENDING_REQUESTS);
    assert!(
        accepted >= MAX_PENDING_REQUESTS && refused > 0,
        "{accepted} accepted, {refused} refused"
    );
    assert!(rig.block(control.health()).is_ok());
}

#[test]
fn process_has_only_so_many_subscriptions_however_it_connects() {
    let rig = Rig::start();
    let address = rig.session.bus_address();
    let mut clients = Vec::new();
    let mut subscribe = || {
        rig.block(async {
            let builder = zbus::connection::Builder::address(address.as_str());
            let control = ControlProxy::new(&builder.build().await.unwrap()).await.unwrap();
            let subscribed = control.subscribe_meters(1.0).await;
            clients.push(control);
            subscribed
        })
    };
    for _ in 0..MAX_PROCESS_SUBSCRIPTIONS {
        subscribe().unwrap();
    }
    let error = subscribe().unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    rig.block(clients[0].unsubscribe_meters()).unwrap();
    rig.block(clients[MAX_PROCESS_SUBSCRIPTIONS].subscribe_meters(1.0)).unwrap();
}

#[test]
fn stream_that_renames_itself_is_told_at_a_pace() {
    const TITLES: usize = 3000;
    const PER_SECOND: usize = 1000;
    /// Shortest time between two looks at what programs say of themselves.
    const PACE: Duration = Duration::from_millis(50);
    let rig = Rig::start();
    let mut renamer = rig.session.command(program("renamer"));
    renamer.args([TITLES, PER_SECOND].map(|number| number.to_string()));
    let renamer = rig.session.spawn(&renamer, "renamer").unwrap();
    let media = || {
        let rows = rig.streams().into_iter().map(|row| StreamRow::from_dict(&row));
        let mut own = rows.filter(|row| row.app == "Renamer" && row.chain.as_str() == "app");
        own.next().map(|row| row.media)
    };
    eventually("a chain of its own", || media().as_deref() == Some("title 0"));
    let mut changes = rig.block(rig.control().receive_stream_changed()).unwrap();
    let (spent, begun) = (rig.processor_s(), Instant::now());
    renamer.signal(Signal::USR1).unwrap();
    let last = format!("title {TITLES}");
    let told = rig.block(async {
        let mut told = 0;
        while let Some(change) = changes.next().await {
            told += 1;
            if StreamRow::from_dict(&change.args().unwrap().stream).media == last {
                break;
            }
        }
        told
    });
    let (took, spent) = (begun.elapsed(), rig.processor_s() - spent);
    println!(
        "{TITLES} titles in {:.2} s: told {told} times, {spent:.2} s of the processor",
        took.as_secs_f64()
    );
    assert_eq!(media(), Some(last));
    // What else has to be followed meanwhile tells the title of that moment as well.
    let most = 2 * took.as_millis() / PACE.as_millis();
    assert!(told as u128 <= most, "told {told} times in {took:?}");
}

#[test]
fn pipes_in_place_of_its_files_do_not_stop_the_service() {
    let session = Session::start().unwrap();
    let (state, config) = (session.state_home(), session.config_home());
    for file in [
        state.join(names::DIRECTORY).join("state.toml"),
        state.join("wireplumber/stream-properties"),
        session.runtime_dir().join(names::DIRECTORY).join("session.toml"),
        config.join(names::DIRECTORY).join("profiles/mine.toml"),
    ] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&file);
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    }
    let rig = Rig::in_session(session);
    let problems = rig.problems();
    for code in ["state-file-damaged", "profile-broken"] {
        assert!(problems.iter().any(|problem| problem == code), "{problems:?}");
    }
}

#[test]
fn two_services_on_one_home_lose_no_acknowledged_choice() {
    const EACH: usize = 150;
    let home = tempfile::tempdir().unwrap();
    let rigs = Rig::two_of_one_home(home.path());
    thread::scope(|scope| {
        for (number, rig) in rigs.iter().enumerate() {
            let (address, pid) = (rig.session.bus_address(), rig.service.pid());
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let builder = zbus::connection::Builder::address(address.as_str());
                    let control = ControlProxy::new(&builder.build().await.unwrap()).await.unwrap();
                    for choice in 0..EACH {
                        let app = format!("App {number} {choice}");
                        let set = timeout(PATIENCE, control.set_route(&app, "bypass")).await;
                        set.unwrap().unwrap_or_else(|error| panic!("{app} by {pid}: {error}"));
                    }
                });
            });
        }
    });
    let text = fs::read_to_string(home.path().join(names::DIRECTORY).join("state.toml")).unwrap();
    assert_eq!(text.lines().filter(|line| line.ends_with(" = \"leave-alone\"")).count(), 2 * EACH);
    // What is chosen in one session holds in the other.
    for rig in &rigs {
        eventually("the choices of the other session", || {
            rig.block(rig.control().treatments()).unwrap().len() == 2 * EACH
        });
    }
}
