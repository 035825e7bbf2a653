//! A bus of a test's own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use headroom_api::names::BUS_NAME;
use tempfile::TempDir;

/// A bus in a folder of its own; ends with the test.
pub(super) struct PrivateBus {
    daemon: Option<Child>,
    folder: TempDir,
}

impl PrivateBus {
    /// Starts a bus that knows of nothing to start.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("services")).unwrap();
        let path = folder.path().display();
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={path}/bus</listen>\
             <servicedir>{path}/services</servicedir><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>",
        );
        fs::write(folder.path().join("bus.conf"), text).unwrap();
        let mut bus = Self { daemon: None, folder };
        bus.restart();
        bus
    }

    /// Starts a bus that starts the service by a command.
    pub(super) fn start_knowing(command: &str) -> Self {
        let mut bus = Self::start();
        bus.install(command);
        bus.restart();
        bus
    }

    /// Makes the service known; the bus looks by itself.
    pub(super) fn install(&self, command: &str) {
        let text = format!("[D-BUS Service]\nName={BUS_NAME}\nExec={command}\n");
        fs::write(self.folder.path().join(format!("services/{BUS_NAME}.service")), text).unwrap();
    }

    pub(super) fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// A file of the test's in the bus's folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the bus, and everybody's connection with it.
    pub(super) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
            let _ = fs::remove_file(self.folder.path().join("bus"));
        }
    }

    /// Starts the bus anew, at the same address.
    pub(super) fn restart(&mut self) {
        self.stop();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", self.file("bus.conf").display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        let ready = BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address);
        self.daemon = Some(daemon);
        assert!(ready.unwrap() > 0, "dbus-daemon did not start");
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.stop();
    }
}
