//! A private bus and a service that only pretends, for tests of the command line.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![allow(clippy::unused_self, clippy::unused_async, reason = "the bus decides the signatures")]

mod settings;

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use self::settings::Overlays;
use crate::common::{headroom, send};
use headroom_api::{
    Dict, Error, GaugeTable, ProblemRow, Result, StreamGauges,
    names::{BUS_NAME, OBJECT_PATH},
};
use tempfile::TempDir;
use zbus::{
    OwnedVariant, Variant, fdo, interface, message::Header, names::BusName,
    object_server::SignalEmitter,
};

/// Longest wait for anything that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A bus of its own; ends with the test.
pub(crate) struct PrivateBus {
    daemon: Child,
    pub(crate) address: String,
    pub(crate) folder: TempDir,
}

impl PrivateBus {
    pub(crate) fn start() -> Self {
        Self::start_knowing(None)
    }

    /// Starts a bus that can start the service, by a program of its own.
    pub(crate) fn start_knowing(program: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("bus.conf");
        let services = folder.path().join("services");
        std::fs::create_dir(&services).unwrap();
        if let Some(program) = program {
            let file = services.join(format!("{BUS_NAME}.service"));
            let text = format!("[D-BUS Service]\nName={BUS_NAME}\nExec={program}\n");
            std::fs::write(file, text).unwrap();
        }
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen>\
             <servicedir>{}</servicedir><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>",
            folder.path().join("bus").display(),
            services.display(),
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.trim().is_empty(), "dbus-daemon did not start");
        Self { daemon, address: address.trim().to_owned(), folder }
    }

    /// Returns the command line, on this bus, without any of the system's own tools.
    pub(crate) fn headroom(&self, arguments: &[&str]) -> Command {
        let mut command = headroom(arguments);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("PATH", self.folder.path().join("no-tools"))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("XDG_STATE_HOME", self.folder.path().join("state"));
        command
    }

    /// Runs the command line to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.headroom(arguments).output().unwrap()
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What the pretended service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    Healthy,
    /// Everything that `doctor` can complain about.
    Ill,
    /// Takes every call and never answers.
    Wedged,
}

/// A service on a thread of its own; leaves the bus when dropped.
pub(crate) struct FakeService {
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    AddStream(u64),
    RemoveStream(u64),
    Stop,
}

impl FakeService {
    pub(crate) fn start(bus: &PrivateBus, manner: Manner) -> Self {
        let address = bus.address.clone();
        let (orders, mut inbox) = tokio::sync::mpsc::unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let connection = zbus::connection::Builder::address(address.as_str())
                    .serve_at(OBJECT_PATH, Fake::new(manner))
                    .name(BUS_NAME)
                    .build()
                    .await
                    .unwrap();
                ready.send(()).unwrap();
                let emitter = SignalEmitter::new(&connection, OBJECT_PATH).unwrap();
                while let Some(order) = inbox.recv().await {
                    match order {
                        Order::AddStream(id) => {
                            Fake::stream_added(&emitter, id, stream(id, "New")).await.unwrap();
                        }
                        Order::RemoveStream(id) => {
                            Fake::stream_removed(&emitter, id).await.unwrap();
                        }
                        Order::Stop => break,
                    }
                }
            });
        });
        is_ready.recv_timeout(DEADLINE).expect("the pretended service starts");
        Self { orders, thread: Some(thread) }
    }

    pub(crate) fn add_stream(&self, id: u64) {
        self.orders.send(Order::AddStream(id)).unwrap();
    }

    pub(crate) fn remove_stream(&self, id: u64) {
        self.orders.send(Order::RemoveStream(id)).unwrap();
    }
}

impl Drop for FakeService {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A running command line whose lines can be waited for.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) lines: mpsc::Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for the next line of a type.
    pub(crate) fn expect(&self, kind: &str) -> serde_json::Value {
        let end = Instant::now() + DEADLINE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line =
                self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no line of type {kind}"));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            if value["type"] == kind {
                return value;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    pub(crate) fn exit_code(mut self) -> Option<i32> {
        wait(&mut self.child)
    }
}

/// Waits for the end of a child, and ends it when it does not come.
pub(crate) fn wait(child: &mut Child) -> Option<i32> {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the command did not end");
}

fn owned(value: Variant<'_>) -> OwnedVariant {
    value.try_into_owned().unwrap()
}

fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries.into_iter().map(|(key, value)| (key.to_owned(), owned(value))).collect()
}

pub(crate) fn stream(id: u64, app: &str) -> Dict {
    dict([
        ("id", Variant::new(id)),
        ("app", Variant::new(app)),
        ("media", Variant::new("Evil\u{1b}[2J song")),
        ("icon", Variant::new("")),
        ("binary", Variant::new("fox-bin")),
        ("role", Variant::new("Music")),
        ("channels", Variant::new(2_u32)),
        ("rate", Variant::new(48_000_u32)),
        ("route", Variant::new("processed")),
        ("reason", Variant::new("the profile processes everything")),
        ("level", Variant::new(id == 7)),
    ])
}

const PROFILES: [(&str, &str); 3] =
    [("broken", "For tests"), ("default", "For every day"), ("night", "For late hours")];

struct Fake {
    manner: Manner,
    bypass: bool,
    routes: HashMap<String, String>,
    profile: String,
    overlays: Overlays,
    level_control: HashMap<String, bool>,
    reset_streams: Vec<u64>,
    is_broken: bool,
}

impl Fake {
    fn new(manner: Manner) -> Self {
        Self {
            manner,
            bypass: false,
            routes: HashMap::new(),
            profile: "default".to_owned(),
            overlays: Overlays::default(),
            level_control: HashMap::new(),
            reset_streams: Vec::new(),
            is_broken: manner == Manner::Ill,
        }
    }

    async fn hang_if_wedged(&self) {
        if self.manner == Manner::Wedged {
            std::future::pending::<()>().await;
        }
    }

    fn is_ill(&self) -> bool {
        self.manner == Manner::Ill
    }
}

#[interface(name = "org.headroom.Control")]
impl Fake {
    async fn set_route(&mut self, app: &str, route: &str) -> Result<()> {
        self.hang_if_wedged().await;
        if app.is_empty() {
            return Err(Error::InvalidValue("the application's name is empty".to_owned()));
        }
        self.routes.insert(app.to_owned(), route.to_owned());
        Ok(())
    }

    async fn unset_route(&mut self, app: &str) -> Result<()> {
        match self.routes.remove(app) {
            Some(_) => Ok(()),
            None => Err(Error::NoSuchRoute(format!("no route is set for '{app}'"))),
        }
    }

    async fn explain(&self, stream: u64) -> Result<Dict> {
        if stream != 7 {
            return Err(Error::NoSuchStream(format!("no stream has the id {stream}")));
        }
        let matched: HashMap<String, String> =
            HashMap::from([("application.name".to_owned(), "Fire\u{7}fox".to_owned())]);
        let patterns: HashMap<String, String> =
            HashMap::from([("application.name".to_owned(), "fire*".to_owned())]);
        Ok(dict([
            ("stream", Variant::new(stream)),
            ("app", Variant::new("Firefox")),
            ("route", Variant::new("processed")),
            ("reason", Variant::new("you set it")),
            ("rule", Variant::new("your route for 'firefox'")),
            ("file", Variant::new("/state/routes.toml")),
            ("line", Variant::new(12_u32)),
            ("level", Variant::new(true)),
            ("level-reason", Variant::new("the profile asks for it")),
            ("matched", Variant::new(matched)),
            ("patterns", Variant::new(patterns)),
            ("level-db", Variant::new(-3.25)),
            ("since-usec", Variant::new(1_u64)),
        ]))
    }

    async fn list_settings(&self) -> Result<Dict> {
        Ok(self.overlays.list(&self.profile))
    }

    async fn get_setting(&self, key: &str) -> Result<OwnedVariant> {
        self.overlays.get(&self.profile, key)
    }

    async fn set_setting(&mut self, key: &str, value: Variant<'_>) -> Result<()> {
        self.overlays.set(&self.profile, key, &value)
    }

    async fn reset_setting(&mut self, key: &str) -> Result<()> {
        self.overlays.reset(&self.profile, key)
    }

    async fn set_level_control(&mut self, app: &str, on: bool) -> Result<()> {
        self.level_control.insert(app.to_owned(), on);
        Ok(())
    }

    async fn unset_level_control(&mut self, app: &str) -> Result<()> {
        match self.level_control.remove(app) {
            Some(_) => Ok(()),
            None => Err(Error::NoSuchLevelControl(format!("no choice is set for '{app}'"))),
        }
    }

    async fn reset_level_control(&mut self, stream: u64) -> Result<()> {
        if ![7, 9].contains(&stream) {
            return Err(Error::NoSuchStream(format!("no stream has the id {stream}")));
        }
        self.reset_streams.push(stream);
        Ok(())
    }

    async fn reload_profiles(&mut self) -> Result<()> {
        // The tests break a profile by switching to the one that says so.
        self.is_broken = self.profile == "broken";
        Ok(())
    }

    async fn show_profile(&self, name: &str) -> Result<String> {
        match name {
            "default" => Ok("name = \"default\"\n".to_owned()),
            _ => Err(Error::NoSuchProfile(format!("no profile has the name '{name}'"))),
        }
    }

    async fn subscribe_meters(
        &self,
        hz: f64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<()> {
        let caller = header.sender().unwrap().to_owned();
        let emitter = SignalEmitter::new(connection, OBJECT_PATH)
            .unwrap()
            .set_destination(BusName::from(caller))
            .to_owned();
        tokio::spawn(async move {
            let mut usec = 0;
            loop {
                tokio::time::sleep(Duration::from_secs_f64(1.0 / hz)).await;
                usec += 1;
                let bus = GaugeTable::from([("true-peak-dbtp".to_owned(), -0.15)]);
                if Self::meters(&emitter, usec, bus, Vec::new()).await.is_err() {
                    break;
                }
            }
        });
        Ok(())
    }

    async fn unsubscribe_meters(&self) -> Result<()> {
        Ok(())
    }

    async fn get_meters(&self) -> Result<(GaugeTable, Vec<StreamGauges>)> {
        let gauges = |entries: &[(&str, f64)]| {
            entries.iter().map(|(name, db)| ((*name).to_owned(), *db)).collect::<GaugeTable>()
        };
        let firefox = gauges(&[("level-db", -3.25), ("peak-dbfs", -1.0), ("rms-dbfs", -12.5)]);
        let other = gauges(&[("level-db", 0.0), ("peak-dbfs", -120.0), ("rms-dbfs", -120.0)]);
        Ok((gauges(&[("true-peak-dbtp", -0.15)]), vec![(7, firefox), (9, other)]))
    }

    async fn health(&self) -> Result<Dict> {
        let ill = self.is_ill();
        Ok(dict([
            ("uptime-s", Variant::new(12.5)),
            ("pipewire-version", Variant::new("1.4.2")),
            ("wireplumber-version", Variant::new(if ill { "0.4.17" } else { "0.5.8" })),
            ("cycles", Variant::new(1000_u64)),
            ("late-cycles", Variant::new(if ill { 500_u64 } else { 0 })),
            ("clamp-activations", Variant::new(if ill { 3_u64 } else { 0 })),
            ("worst-cycle-us", Variant::new(210.0)),
            ("realtime", Variant::new(!ill)),
            ("deployment", Variant::new("dbus")),
        ]))
    }

    #[zbus(signal)]
    async fn meters(
        emitter: &SignalEmitter<'_>,
        usec: u64,
        bus: GaugeTable,
        streams: Vec<StreamGauges>,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_added(emitter: &SignalEmitter<'_>, id: u64, stream: Dict) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_changed(emitter: &SignalEmitter<'_>, id: u64, stream: Dict)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn stream_removed(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> String {
        self.hang_if_wedged().await;
        "0.1.0".to_owned()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn api_version(&self) -> u32 {
        1
    }

    #[zbus(property)]
    async fn state(&self) -> String {
        let state = if self.bypass { "bypassed" } else { "running" };
        if self.is_ill() { "waiting".to_owned() } else { state.to_owned() }
    }

    #[zbus(property)]
    async fn problems(&self) -> Vec<ProblemRow> {
        let row = ("wireplumber-too-old", "WirePlumber 0.4.17", "WirePlumber is too old.");
        let broken =
            ("profile-broken", "/config/loud.toml", "loud.toml, line 3: 'agc.loud' is unknown.");
        [(self.is_ill(), row), (self.is_broken, broken)]
            .into_iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, (code, subject, text))| {
                (code.to_owned(), subject.to_owned(), text.to_owned())
            })
            .collect()
    }

    #[zbus(property)]
    async fn bypass(&self) -> bool {
        self.bypass
    }

    #[zbus(property)]
    async fn set_bypass(
        &mut self,
        bypass: bool,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        self.bypass = bypass;
        self.state_changed(&emitter).await?;
        Ok(())
    }

    #[zbus(property)]
    async fn active_profile(&self) -> String {
        self.profile.clone()
    }

    #[zbus(property)]
    async fn set_active_profile(&mut self, name: &str) -> Result<()> {
        if !PROFILES.iter().any(|(known, _)| *known == name) {
            let near = format!("no profile has the name '{name}'; near it is: night");
            return Err(Error::NoSuchProfile(near));
        }
        name.clone_into(&mut self.profile);
        Ok(())
    }

    #[zbus(property)]
    async fn profiles(&self) -> HashMap<String, String> {
        PROFILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[zbus(property)]
    async fn level_control(&self) -> HashMap<String, bool> {
        self.level_control.clone()
    }

    #[zbus(property)]
    async fn routes(&self) -> HashMap<String, String> {
        self.routes.clone()
    }

    #[zbus(property)]
    async fn streams(&self) -> Vec<Dict> {
        self.hang_if_wedged().await;
        vec![stream(9, "Other"), stream(7, "Firefox")]
    }

    #[zbus(property)]
    async fn output(&self) -> Dict {
        let ill = self.is_ill();
        dict([
            ("name", Variant::new(if ill { "" } else { "alsa_output.pci" })),
            ("description", Variant::new(if ill { "" } else { "Speakers" })),
            ("rate", Variant::new(48_000_u32)),
            ("quantum", Variant::new(1024_u32)),
            ("channels", Variant::new(2_u32)),
            ("latency-ms", Variant::new(1.4375)),
            ("latency-frames", Variant::new(69_u32)),
            ("device-rate", Variant::new(if ill { 44_100_u32 } else { 48_000 })),
        ])
    }
}
