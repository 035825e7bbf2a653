//! A session bus of a test's own, with nothing on it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use headroom_api::names::BUS_NAME;
use tempfile::TempDir;

/// A bus in a folder of its own; ends with the test.
#[derive(Debug)]
pub struct PrivateBus {
    daemon: Option<Child>,
    folder: TempDir,
}

impl PrivateBus {
    /// Starts a bus that knows of nothing to start.
    ///
    /// # Panics
    /// When dbus-daemon is not installed or does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        fs::create_dir_all(folder.path().join("data/dbus-1/services"))
            .expect("a folder can be made");
        let path = folder.path().display();
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={path}/bus</listen>\
             <servicedir>{path}/data/dbus-1/services</servicedir><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>",
        );
        fs::write(folder.path().join("bus.conf"), text).expect("a file can be written");
        let mut bus = Self { daemon: None, folder };
        bus.restart();
        bus
    }

    /// Starts a bus that starts the service by a command.
    ///
    /// # Panics
    /// When dbus-daemon is not installed or does not start.
    pub fn start_knowing(command: &str) -> Self {
        let mut bus = Self::start();
        bus.install(command);
        bus.restart();
        bus
    }

    /// Makes the service known; the bus looks by itself.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn install(&self, command: &str) {
        let text = format!("[D-BUS Service]\nName={BUS_NAME}\nExec={command}\n");
        let file = self.file(&format!("data/dbus-1/services/{BUS_NAME}.service"));
        fs::write(file, text).expect("a file can be written");
    }

    /// Returns its address.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// Returns its folder, where a test may put things as well.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file of the test's in the bus's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the bus, and everybody's connection with it.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
            let _ = fs::remove_file(self.folder.path().join("bus"));
        }
    }

    /// Starts the bus again, at the same address.
    ///
    /// # Panics
    /// When dbus-daemon is not installed or does not start.
    pub fn restart(&mut self) {
        self.stop();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", self.file("bus.conf").display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        let output = daemon.stdout.take().expect("its output is a pipe");
        let ready = BufReader::new(output).read_line(&mut address);
        self.daemon = Some(daemon);
        assert!(ready.is_ok_and(|bytes| bytes > 0), "dbus-daemon did not start");
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.stop();
    }
}
