//! A private session whose bus can start the installed Flatpak.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use headroom_api::{ControlProxy, names};
use headroom_testkit::session::{Device, Graph, Player, Session};

use crate::bus::{self, PATIENCE, block, eventually};

/// The device that the session has.
pub(crate) const DEVICE: &str = "device";
/// The Flatpak's id.
pub(crate) const APP_ID: &str = names::BUS_NAME;
/// Where PipeWire's own configuration is in a runtime; the session's is not in the sandbox.
const PIPEWIRE_CONFIG: (&str, &str) = ("PIPEWIRE_CONFIG_DIR", "/usr/share/pipewire");

/// A session with a device; the app is installed, and nothing of it runs yet.
pub(crate) struct Sandbox {
    connection: zbus::Connection,
    pub(crate) session: Session,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let run = PathBuf::from(variable("HEADROOM_TEST_RUN"));
        // What the test before this one left.
        for entry in fs::read_dir(&run).unwrap() {
            let path = entry.unwrap().path();
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.unwrap();
        }
        let exports = Path::new(&variable("FLATPAK_USER_DIR")).join("exports/share");
        let session = Session::builder()
            .device(Device::new(DEVICE))
            // Flatpak shows a sandbox no other than the one of its user.
            .runtime_dir(&run)
            .activatable_from(exports.join("dbus-1/services"))
            .start()
            .unwrap();
        let connection = bus::connect(&session.bus_address());
        let sandbox = Self { connection, session };
        let environment = [PIPEWIRE_CONFIG].into();
        block(sandbox.bus().update_activation_environment(environment)).unwrap();
        sandbox
    }

    fn bus(&self) -> zbus::fdo::DBusProxy<'static> {
        block(zbus::fdo::DBusProxy::new(&self.connection)).unwrap()
    }

    /// Makes this a command that starts `program` of the installed app.
    pub(crate) fn run(mut command: Command, program: &str) -> Command {
        command.env(PIPEWIRE_CONFIG.0, PIPEWIRE_CONFIG.1);
        command.args(["run", &format!("--command={program}"), APP_ID]);
        command
    }

    /// Runs the app's command line; returns what it printed, and fails with it where it fails.
    pub(crate) fn headroom(&self, arguments: &[&str]) -> String {
        let mut command = Self::run(self.session.command("flatpak"), "headroom");
        let output = command.args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "headroom {arguments:?}: {}{}", said[0], said[1]);
        said[0].clone()
    }

    /// A proxy of the service; calls of it start the service.
    pub(crate) fn control(&self) -> ControlProxy<'static> {
        block(async {
            // Without a cache: a test wants what is true now.
            ControlProxy::builder(&self.connection)
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await
                .unwrap()
        })
    }

    /// Has the bus start the service, and waits until it protects.
    pub(crate) fn activate(&self) {
        let name = names::BUS_NAME.try_into().unwrap();
        if let Err(error) = block(self.bus().start_service_by_name(name, 0)) {
            panic!("the bus could not start the service: {error}");
        }
        self.wait_protecting();
    }

    /// Waits for a state of a service that runs; it is not started for it.
    pub(crate) fn wait_state(&self, state: &str) {
        eventually(&format!("the state '{state}'"), || {
            self.owner().is_some() && block(self.control().state()).is_ok_and(|now| now == state)
        });
    }

    /// Waits until the service is running and its filter leads to the device.
    pub(crate) fn wait_protecting(&self) {
        self.wait_state("running");
        self.session
            .wait_for_graph("the filter in its place", PATIENCE, |graph| {
                let output = graph.node(names::OUTPUT_NODE)?;
                graph.node(names::SINK_NODE)?;
                (!graph.targets(output.id).is_empty()).then_some(())
            })
            .unwrap();
    }

    /// The connection that has the service's name, if any; nothing is started.
    pub(crate) fn owner(&self) -> Option<String> {
        let owner = block(self.bus().get_name_owner(names::BUS_NAME.try_into().unwrap()));
        owner.ok().map(|owner| owner.to_string())
    }

    /// Waits until a player is linked to a node and to nothing else.
    pub(crate) fn wait_linked(&self, player: &Player, target: &str) {
        self.session
            .wait_for_graph(&format!("a link to '{target}'"), PATIENCE, |graph| {
                (players_targets(graph, player.node_id()) == [target]).then_some(())
            })
            .unwrap();
    }
}

/// Returns what a player's sound goes to, by way of its application's chain or without one, taps of ours aside: they
/// only listen.
pub(crate) fn players_targets(graph: &Graph, player: u32) -> Vec<&str> {
    let names = graph.target_names_behind(player, names::APP_NODE_PREFIX);
    names.into_iter().filter(|name| *name != names::TAP_NODE).collect()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `scripts/test flatpak`"))
}
