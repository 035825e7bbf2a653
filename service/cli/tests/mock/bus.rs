//! A private bus, and the command line on it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use headroom_testkit::mock;

use crate::common::headroom;

/// A bus of its own; ends with the test.
pub(crate) struct PrivateBus {
    bus: mock::PrivateBus,
    pub(crate) address: String,
}

impl PrivateBus {
    pub(crate) fn start() -> Self {
        Self::of(mock::PrivateBus::start())
    }

    /// Starts a bus that can start the service, by a program of its own.
    pub(crate) fn start_knowing(program: &str) -> Self {
        Self::of(mock::PrivateBus::start_knowing(program))
    }

    fn of(bus: mock::PrivateBus) -> Self {
        Self { address: bus.address(), bus }
    }

    /// Returns its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.bus.folder()
    }

    /// Returns the path of a file of the test's.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.bus.file(name)
    }

    /// Returns the command line, on this bus, without any of the system's own tools.
    pub(crate) fn headroom(&self, arguments: &[&str]) -> Command {
        let mut command = headroom(arguments);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("PATH", self.file("no-tools"))
            .env("XDG_CONFIG_HOME", self.file("config"))
            .env("XDG_STATE_HOME", self.file("state"))
            .env("XDG_DATA_HOME", self.file("data"))
            .env("XDG_DATA_DIRS", self.file("shared"));
        command
    }

    /// Runs the command line to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.headroom(arguments).output().unwrap()
    }
}
