//! A private bus, and the command line on it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
};

use headroom_api::names::BUS_NAME;
use tempfile::TempDir;

use crate::common::headroom;

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
        let services = folder.path().join("data/dbus-1/services");
        std::fs::create_dir_all(&services).unwrap();
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
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("XDG_DATA_DIRS", self.folder.path().join("shared"));
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
