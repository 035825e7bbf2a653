//! A private bus with the tray's program on it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use headroom_testkit::{
    asking,
    mock::{PrivateBus, Service, World},
};
use zbus::Connection;

const TRAY: &str = env!("CARGO_BIN_EXE_headroom-tray");

/// A bus, and a tray on it; both end with the test.
pub(crate) struct Rig {
    pub(crate) bus: PrivateBus,
    pub(crate) tray: Program,
}

/// A running program; ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Rig {
    /// Starts a bus and the tray, beside a panel that writes down how it was started.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts them like [`Rig::start`], the tray with variables of its own.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        Self::of(variables, |_| PathBuf::from(TRAY))
    }

    /// Starts them like [`Rig::start`], the tray in the panel's folder: it takes the panel beside it, which may be a real
    /// one where the tray was built.
    pub(crate) fn beside_panel() -> Self {
        Self::of(&[], |bus| {
            let copy = bus.file("programs/headroom-tray");
            // By a process of its own: a child of another test could hold the file open for writing.
            assert!(Command::new("cp").args([Path::new(TRAY), &copy]).status().unwrap().success());
            copy
        })
    }

    fn of(variables: &[(&str, &str)], tray: impl Fn(&PrivateBus) -> PathBuf) -> Self {
        let bus = PrivateBus::start();
        let programs = bus.file("programs");
        fs::create_dir(&programs).unwrap();
        let panel = programs.join("headroom-panel");
        let script = "#!/bin/sh\necho \"token=$XDG_ACTIVATION_TOKEN\" >\"${0%/*}/opened.new\"\nmv \"${0%/*}/opened.new\" \"${0%/*}/opened\"\n";
        fs::write(&panel, script).unwrap();
        fs::set_permissions(&panel, fs::Permissions::from_mode(0o755)).unwrap();
        let tray = Program::run(&tray(&bus), &bus, variables);
        Self { bus, tray }
    }

    /// Starts a mock service.
    pub(crate) fn service(&self, world: World) -> Service {
        Service::start(&self.bus.address(), world).unwrap()
    }

    /// Connects to the bus.
    pub(crate) fn connect(&self) -> Connection {
        asking::connect(&self.bus.address())
    }

    /// Returns the file that the panel writes when it is opened.
    pub(crate) fn opened(&self) -> PathBuf {
        self.bus.file("programs/opened")
    }
}

impl Program {
    /// Starts the tray.
    pub(crate) fn start(bus: &PrivateBus) -> Self {
        Self::run(Path::new(TRAY), bus, &[])
    }

    fn run(program: &Path, bus: &PrivateBus, variables: &[(&str, &str)]) -> Self {
        let path = std::env::join_paths([bus.file("programs"), "/usr/bin".into(), "/bin".into()]);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
            .env("HOME", bus.folder())
            .env("XDG_STATE_HOME", bus.file("state"))
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", path.unwrap())
            .envs(variables.iter().copied())
            .stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Waits for its end, and returns its exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        asking::wait_for("the tray ends", || self.0.try_wait().unwrap()).code()
    }

    /// Returns how often its threads have given up the processor of their own accord.
    pub(crate) fn sleeps(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        tasks.map(|task| switches(&task.unwrap().path().join("status"))).sum()
    }
}

fn switches(status: &Path) -> u64 {
    let text = fs::read_to_string(status).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
