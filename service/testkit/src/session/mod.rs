//! A private session: a bus, PipeWire, a session manager and null devices of its own.
//!
//! Owns a temporary directory and the processes that live in it. The environment's own session is
//! neither read nor changed: every process gets its own runtime, configuration and state
//! directories and bus, clients inside this process connect by the socket's absolute path, and the
//! process's environment is never altered, so that any number of sessions run side by side.
//! Dropping the session removes everything, also when a test panics, and then prints the logs.

mod builder;
mod client;
mod config;
mod control;
mod graph;
mod listener;
mod passage;
mod player;
mod process;
mod recorder;
mod wait;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
pub(crate) use process::Sweeper;
use tempfile::TempDir;

use builder::Clock;
pub use builder::{Device, SessionBuilder};
pub use graph::{Client, Graph, Link, MetadataEntry, Node, Port};
pub use passage::{Passage, missed_frames};
pub use player::{Player, PlayerBuilder};
pub use process::{Process, guardian_of};
pub use recorder::{Recorder, Recording};
pub use rustix::process::Signal;
pub use wait::{wait_for, wait_until};

/// How long anything of a session may take to get ready; generous, for a machine that is busy.
pub const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// Lines of each log that are shown when something goes wrong, and nobody asked for more than that.
const LOG_TAIL_LINES: usize = 40;

/// By these a caller asks the programs of a session to tell more; logs are then shown whole.
const MORE_TOLD: [&str; 3] = ["HEADROOM_LOG", "PIPEWIRE_DEBUG", "WIREPLUMBER_DEBUG"];

/// When a stream was served in one cycle of the graph, and which of its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The cycle's time on the monotonic clock.
    pub clock_ns: i64,
    /// Frames that the graph's clock has run since the stream came to life.
    pub ticks: u64,
    /// First frame of the stream that belongs to this cycle.
    pub frame: u64,
    /// Number of frames.
    pub frames: u32,
}

/// A running private session.
#[derive(Debug)]
pub struct Session {
    // Declared in the order in which they must go: services, then daemons, then the directory.
    services: Mutex<Services>,
    spawned: AtomicUsize,
    config: SessionBuilder,
    /// Whether somebody else runs bus, PipeWire and session manager: a login's systemd.
    is_login: bool,
    root: TempDir,
    _sweeper: Sweeper,
}

/// The session's own processes, and the devices that a restarted PipeWire must get again.
#[derive(Debug, Default)]
struct Services {
    pulse: Option<Process>,
    wireplumber: Option<Process>,
    pipewire: Option<Process>,
    bus: Option<Process>,
    devices: Vec<Device>,
}

impl Session {
    /// Starts a session with one stereo device, `device`.
    ///
    /// # Errors
    /// Those of [`SessionBuilder::start`].
    pub fn start() -> Result<Self> {
        Self::builder().device(Device::new("device")).start()
    }

    /// Describes a session.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::default()
    }

    fn open(config: SessionBuilder) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("headroom-").tempdir()?;
        let sweeper = Sweeper::start(root.path())?;
        let session = Self {
            services: Mutex::default(),
            spawned: AtomicUsize::new(0),
            config,
            is_login: false,
            root,
            _sweeper: sweeper,
        };
        if let Err(error) = session.bring_up() {
            return Err(error.context(session.log_tails()));
        }
        Ok(session)
    }

    /// Makes the folders of a session whose daemons a login starts, with these devices.
    pub(crate) fn for_login(devices: &[Device]) -> Result<Self> {
        ensure_private_clients()?;
        let root = tempfile::Builder::new().prefix("headroom-login-").tempdir()?;
        let sweeper = Sweeper::start(root.path())?;
        let session = Self {
            services: Mutex::default(),
            spawned: AtomicUsize::new(0),
            config: SessionBuilder::default(),
            is_login: true,
            root,
            _sweeper: sweeper,
        };
        for directory in [&session.runtime_dir(), &session.home(), &session.log_dir()] {
            fs::create_dir_all(directory)?;
        }
        let directory = session.pipewire_config_dir();
        config::write_pipewire(&directory, &session.config.clock, devices)?;
        let wireplumber = session.wireplumber_config_dir().join("wireplumber.conf.d");
        fs::create_dir_all(&wireplumber)?;
        fs::write(wireplumber.join("50-testkit.conf"), config::WIREPLUMBER)?;
        session.services().devices = devices.to_vec();
        Ok(session)
    }

    fn bring_up(&self) -> Result<()> {
        ensure_private_clients()?;
        self.write_files()?;
        let mut bus = self.command("dbus-daemon");
        bus.arg(format!("--config-file={}", self.root.path().join("bus.conf").display())).args([
            "--nofork",
            "--nopidfile",
            "--nosyslog",
        ]);
        self.services().bus = Some(self.spawn(&bus, "dbus-daemon")?);
        wait_for_socket(&self.runtime_dir().join("bus"))?;
        self.start_pipewire()?;
        if self.config.wireplumber {
            self.start_wireplumber()?;
        }
        if self.config.pulse {
            self.start_pulse()?;
        }
        for device in &self.config.devices {
            self.create_device(device.clone())?;
        }
        if let (Some(first), true) = (self.config.devices.first(), self.config.wireplumber) {
            self.set_default_device(&first.name)?;
        }
        Ok(())
    }

    fn write_files(&self) -> Result<()> {
        let services = self.data_home().join("dbus-1/services");
        let wireplumber = self.wireplumber_config_dir().join("wireplumber.conf.d");
        for directory in [
            &self.runtime_dir(),
            &self.state_home(),
            &self.home().join(".cache"),
            &self.log_dir(),
            &services,
            &wireplumber,
        ] {
            fs::create_dir_all(directory)?;
        }
        // Some programs refuse a runtime directory that others could read.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(self.runtime_dir(), private)?;
        let more = self.config.services.iter().map(PathBuf::as_path);
        let all = std::iter::once(services.as_path()).chain(more);
        let bus = config::bus(&self.runtime_dir().join("bus"), all);
        fs::write(self.root.path().join("bus.conf"), bus)?;
        config::write_pipewire(&self.pipewire_config_dir(), &self.config.clock, &[])?;
        fs::write(wireplumber.join("50-testkit.conf"), config::WIREPLUMBER)?;
        if self.config.bluetooth {
            fs::write(wireplumber.join("60-bluetooth.conf"), config::WIREPLUMBER_BLUETOOTH)?;
        }
        Ok(())
    }

    /// Returns `XDG_RUNTIME_DIR` of the session.
    pub fn runtime_dir(&self) -> PathBuf {
        let own = || self.root.path().join("run");
        self.config.runtime_dir.clone().unwrap_or_else(own)
    }

    /// Returns `HOME` of the session.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Returns `XDG_CONFIG_HOME` of the session.
    pub fn config_home(&self) -> PathBuf {
        self.home().join(".config")
    }

    /// Returns `XDG_STATE_HOME` of the session.
    pub fn state_home(&self) -> PathBuf {
        self.home().join(".local/state")
    }

    /// Returns `XDG_DATA_HOME` of the session; its bus activates from `dbus-1/services` in it.
    pub fn data_home(&self) -> PathBuf {
        self.home().join(".local/share")
    }

    /// Returns the address of the session's bus.
    pub fn bus_address(&self) -> String {
        format!("unix:path={}", self.runtime_dir().join("bus").display())
    }

    /// Returns the socket that PipeWire listens on.
    pub fn pipewire_socket(&self) -> PathBuf {
        self.runtime_dir().join("pipewire-0")
    }

    /// Returns the directory that PipeWire's daemon and clients take their configuration from.
    pub fn pipewire_config_dir(&self) -> PathBuf {
        self.settings_dir().join("pipewire")
    }

    fn wireplumber_config_dir(&self) -> PathBuf {
        self.settings_dir().join("wireplumber")
    }

    /// A login's home starts empty: what makes its sound server private is elsewhere.
    fn settings_dir(&self) -> PathBuf {
        if self.is_login { self.root().join("kit") } else { self.config_home() }
    }

    fn log_dir(&self) -> PathBuf {
        if self.is_login { self.root().join("kit/logs") } else { self.root().join("logs") }
    }

    /// Returns the folder that everything of the session is in.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Returns a command whose environment is the session's, and nothing of the caller's session.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        const CALLERS_OWN: [&str; 9] = [
            "XDG_",
            "DBUS_",
            "PIPEWIRE_",
            "PULSE_",
            "WIREPLUMBER_",
            "SPA_",
            "JACK_",
            "NOTIFY_",
            "WATCHDOG_",
        ];
        const CALLERS: [&str; 6] = [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "LISTEN_FDS",
            "LISTEN_PID",
            "INVOCATION_ID",
            "SYSTEMD_EXEC_PID",
        ];
        let mut command = Command::new(program);
        for (key, _) in env::vars_os() {
            let name = key.to_string_lossy();
            let is_own = CALLERS_OWN.iter().any(|prefix| name.starts_with(prefix));
            if is_own && name != "XDG_DATA_DIRS" && !MORE_TOLD.contains(&&*name) {
                command.env_remove(&key);
            }
        }
        for key in CALLERS {
            command.env_remove(key);
        }
        let nowhere = format!("unix:path={}", self.runtime_dir().join("no-system-bus").display());
        command
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.runtime_dir())
            .env("XDG_CONFIG_HOME", self.config_home())
            .env("XDG_STATE_HOME", self.state_home())
            .env("XDG_DATA_HOME", self.data_home())
            .env("XDG_CACHE_HOME", self.home().join(".cache"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus_address())
            .env("DBUS_SYSTEM_BUS_ADDRESS", nowhere)
            .env("PIPEWIRE_CONFIG_DIR", self.pipewire_config_dir())
            .env("LC_ALL", "C.UTF-8");
        // The distribution's policy and the session's drop-ins, but not the machine's.
        if Path::new(config::WIREPLUMBER_DATA).join("wireplumber.conf").exists() {
            let own = self.wireplumber_config_dir();
            let list = format!("{}:{}", own.display(), config::WIREPLUMBER_DATA);
            command.env("WIREPLUMBER_CONFIG_DIR", list);
        }
        command
    }

    /// Starts a program of [`Self::command`] in the background; see [`Self::log`] for its output.
    ///
    /// A name that is in use already gets the same log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, command: &Command, name: &str) -> Result<Process> {
        Process::spawn(command, name, &self.log_dir().join(format!("{name}.log")))
    }

    /// Starts `program` without arguments in the background, named after its file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_service(&self, program: &Path) -> Result<Process> {
        let name = program.file_name().context("the path names no file")?.to_string_lossy();
        self.spawn(&self.command(program), &name)
    }

    /// Runs a program of [`Self::command`] to its end and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started, or fails; the message holds its standard error.
    pub fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
        let mut command = self.command(program);
        command.args(arguments);
        run_to_end(command)
    }

    /// Returns what the program of this name has written to its standard output and error.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.log_dir().join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Returns the last lines of every log, or all of them where the caller had programs tell more.
    pub fn log_tails(&self) -> String {
        let mut names: Vec<PathBuf> = fs::read_dir(self.log_dir())
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        names.sort();
        let is_whole = MORE_TOLD.iter().any(|key| env::var_os(key).is_some());
        let most = if is_whole { usize::MAX } else { LOG_TAIL_LINES };
        let mut text = String::new();
        for path in names {
            let log = fs::read_to_string(&path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(most)..];
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            text.extend(["--- ", &name, "\n", &tail.join("\n"), "\n"]);
        }
        text
    }

    /// Returns what exists in PipeWire now.
    ///
    /// # Errors
    /// When PipeWire does not run.
    pub fn dump(&self) -> Result<Graph> {
        Graph::parse(&self.dump_json()?)
    }

    /// Returns what `pw-dump` prints: a list of all objects.
    ///
    /// # Errors
    /// When PipeWire does not run.
    pub fn dump_json(&self) -> Result<String> {
        // One that starts while the session manager comes or goes can wait for ever for an answer
        // (PipeWire 1.4): it is asked again, soon at first, and later as a busy machine needs it.
        const LONGEST_ANSWERS_S: [&str; 5] = ["2", "4", "8", "16", "16"];
        let ask = |seconds| self.run("timeout", &[seconds, "pw-dump", "--no-colors"]);
        let [first, more @ ..] = LONGEST_ANSWERS_S;
        more.iter().fold(ask(first), |answer, seconds| answer.or_else(|_| ask(seconds)))
    }

    /// Returns the files that WirePlumber has stored, by name.
    ///
    /// It writes them about a second after a change, and not when it is stopped before.
    pub fn wireplumber_state(&self) -> BTreeMap<String, String> {
        fs::read_dir(self.state_home().join("wireplumber"))
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_name()?.to_string_lossy().into_owned();
                Some((name, fs::read_to_string(path).ok()?))
            })
            .collect()
    }

    /// Describes a player of planar material (channels by frames, at the graph's rate).
    pub fn player(&self, material: Vec<Vec<f32>>) -> PlayerBuilder<'_> {
        PlayerBuilder::new(self, material)
    }

    /// Records a device's monitor from now on; returns when it runs.
    ///
    /// # Errors
    /// When there is no such device, or it does not run in time.
    pub fn record(&self, device: &str) -> Result<Recorder> {
        Recorder::start(self, device)
    }

    /// Asks for the graph until `probe` returns something.
    ///
    /// # Errors
    /// When nothing came within `timeout`; the message names `what` was awaited.
    pub fn wait_for_graph<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut probe: impl FnMut(&Graph) -> Option<T>,
    ) -> Result<T> {
        let mut last = String::new();
        let found = wait_for(what, timeout, || match self.dump() {
            Ok(graph) => {
                last = graph.summary();
                probe(&graph)
            }
            Err(error) => {
                last = format!("{error:#}");
                None
            }
        });
        found.with_context(|| format!("the graph as last seen: {last}"))
    }

    fn services(&self) -> MutexGuard<'_, Services> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a number that this session has not given before.
    fn next_number(&self) -> usize {
        self.spawned.fetch_add(1, Ordering::Relaxed)
    }
}

/// Clients inside this process would not stay in the session otherwise.
fn ensure_private_clients() -> Result<()> {
    ensure!(env::var_os("PIPEWIRE_REMOTE").is_none(), "PIPEWIRE_REMOTE is set");
    Ok(())
}

pub(crate) fn wait_for_socket(path: &Path) -> Result<()> {
    let what = path.display().to_string();
    wait_until(&what, READY_TIMEOUT, || UnixStream::connect(path).is_ok())
}

pub(crate) fn run_to_end(mut command: Command) -> Result<String> {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_owned();
    let child = process::spawn_from_lasting_thread(command)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!(
            "{} failed ({}): {}",
            program.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    // What it prints may be what a hostile program has said.
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log_tails());
        }
    }
}
