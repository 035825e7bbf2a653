//! What a person or a fault can do to a session: devices, defaults, rates, restarts.
//!
//! In a login, systemd starts and ends the daemons: what does so here is for other sessions.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Device, Graph, READY_TIMEOUT, Session, process::Process, wait_for_socket};

/// How long a daemon gets to end when it is asked to.
const END_TIMEOUT: Duration = Duration::from_secs(30);

impl Session {
    /// Adds a null device and waits until it is usable. It stays over restarts of PipeWire.
    ///
    /// # Errors
    /// When PipeWire refuses it.
    pub fn create_device(&self, device: Device) -> Result<()> {
        self.make_node(&device)?;
        self.services().devices.push(device);
        Ok(())
    }

    fn make_node(&self, device: &Device) -> Result<()> {
        self.run("pw-cli", &["create-node", "adapter", &device.to_node_properties()])?;
        // Ports come with the session manager's configuration.
        let is_managed = self.is_login || self.services().wireplumber.is_some();
        let ports = if is_managed { 2 * device.positions.len() } else { 0 };
        self.wait_for_graph(&format!("the device {}", device.name), READY_TIMEOUT, |graph| {
            let node = graph.node(&device.name)?;
            (graph.ports_of(node.id).len() >= ports).then_some(())
        })
    }

    /// Removes a device, as if it were unplugged.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn remove_device(&self, name: &str) -> Result<()> {
        self.services().devices.retain(|device| device.name != name);
        let id = self.node_id(name)?;
        self.run("pw-cli", &["destroy", &id.to_string()])?;
        self.wait_for_graph(&format!("the end of {name}"), READY_TIMEOUT, |graph| {
            graph.node(name).is_none().then_some(())
        })
    }

    /// Makes a device the default, the way a user's desktop does, and waits until it is.
    ///
    /// # Errors
    /// When there is no such device, or no session manager.
    pub fn set_default_device(&self, name: &str) -> Result<()> {
        let id = self.node_id(name)?;
        self.run("wpctl", &["set-default", &id.to_string()])?;
        self.wait_for_graph(&format!("{name} as the default"), READY_TIMEOUT, |graph| {
            (default_device_of(graph).as_deref() == Some(name)).then_some(())
        })
    }

    /// Returns the name of the default device.
    ///
    /// # Errors
    /// When PipeWire does not run.
    pub fn default_device(&self) -> Result<Option<String>> {
        Ok(default_device_of(&self.dump()?))
    }

    /// Returns the id of the node of this name.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn node_id(&self, name: &str) -> Result<u32> {
        let graph = self.dump()?;
        Ok(graph.node(name).with_context(|| format!("there is no node '{name}'"))?.id)
    }

    /// Fixes the graph's rate; 0 sets it free.
    ///
    /// # Errors
    /// When PipeWire does not run.
    pub fn force_rate(&self, rate_hz: u32) -> Result<()> {
        self.set_clock("clock.force-rate", rate_hz)
    }

    /// Fixes the graph's cycle length; 0 sets it free.
    ///
    /// # Errors
    /// When PipeWire does not run.
    pub fn force_quantum(&self, frames: u32) -> Result<()> {
        self.set_clock("clock.force-quantum", frames)
    }

    fn set_clock(&self, key: &str, value: u32) -> Result<()> {
        self.run("pw-metadata", &["-n", "settings", "0", key, &value.to_string()])?;
        Ok(())
    }

    /// Writes an entry of a metadata object.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn set_metadata(
        &self,
        metadata: &str,
        subject: u32,
        key: &str,
        value: &str,
        type_name: &str,
    ) -> Result<()> {
        let subject = subject.to_string();
        self.run("pw-metadata", &["-n", metadata, &subject, key, value, type_name])?;
        Ok(())
    }

    /// Removes an entry of a metadata object.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn clear_metadata(&self, metadata: &str, subject: u32, key: &str) -> Result<()> {
        self.run("pw-metadata", &["-n", metadata, "-d", &subject.to_string(), key])?;
        Ok(())
    }

    /// Starts PipeWire, if it does not run, and gives it its devices again.
    ///
    /// Without a session manager the devices have no ports yet.
    ///
    /// # Errors
    /// When it does not get ready in time.
    pub fn start_pipewire(&self) -> Result<()> {
        self.ensure_own_daemons()?;
        if self.services().pipewire.as_ref().is_some_and(Process::is_running) {
            return Ok(());
        }
        let process = self.spawn(&self.command("pipewire"), "pipewire")?;
        self.services().pipewire = Some(process);
        wait_for_socket(&self.pipewire_socket())?;
        let devices = self.services().devices.clone();
        devices.iter().try_for_each(|device| self.make_node(device))
    }

    /// Kills PipeWire (SIGKILL). The session manager and the PulseAudio server end with it.
    pub fn kill_pipewire(&self) {
        let mut services = self.services();
        services.pipewire = None;
        services.wireplumber = None;
        services.pulse = None;
    }

    /// Ends PipeWire and what lives on it, and starts it all again, as an upgrade would.
    ///
    /// # Errors
    /// When it does not end or get ready in time.
    pub fn restart_pipewire(&self) -> Result<()> {
        self.ensure_own_daemons()?;
        let (pulse, wireplumber, pipewire) = {
            let mut services = self.services();
            (services.pulse.take(), services.wireplumber.take(), services.pipewire.take())
        };
        let had = (wireplumber.is_some(), pulse.is_some());
        for process in [pulse, wireplumber, pipewire].into_iter().flatten() {
            process.terminate(END_TIMEOUT)?;
        }
        self.start_pipewire()?;
        if had.0 {
            self.start_wireplumber()?;
        }
        if had.1 {
            self.start_pulse()?;
        }
        Ok(())
    }

    /// Starts the session manager, if it does not run, and waits until it serves the devices.
    ///
    /// # Errors
    /// When it does not get ready in time.
    pub fn start_wireplumber(&self) -> Result<()> {
        self.ensure_own_daemons()?;
        if self.services().wireplumber.as_ref().is_some_and(Process::is_running) {
            return Ok(());
        }
        let mut command = self.command("wireplumber");
        if self.config.bluetooth {
            command.env("DBUS_SYSTEM_BUS_ADDRESS", self.bus_address());
        }
        let process = self.spawn(&command, "wireplumber")?;
        self.services().wireplumber = Some(process);
        self.wait_managed()
    }

    /// Waits until the session manager serves all devices.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait_managed(&self) -> Result<()> {
        let devices = self.services().devices.clone();
        self.wait_for_graph("the session manager", READY_TIMEOUT, |graph| {
            let has_ports = devices.iter().all(|device| {
                let ports = graph.node(&device.name).map(|node| graph.ports_of(node.id).len());
                ports.is_some_and(|ports| ports >= 2 * device.positions.len())
            });
            let has_default = devices.is_empty() || default_device_of(graph).is_some();
            (graph.is_managed() && has_ports && has_default).then_some(())
        })
    }

    /// Ends the session manager as a service manager would (SIGTERM).
    ///
    /// What it has not stored by then is lost; see [`Session::wireplumber_state`].
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub fn stop_wireplumber(&self) -> Result<()> {
        let process = self.services().wireplumber.take().context("WirePlumber does not run")?;
        process.terminate(END_TIMEOUT)?;
        Ok(())
    }

    fn ensure_own_daemons(&self) -> Result<()> {
        ensure!(!self.is_login, "in a login, systemd starts and ends the sound server");
        Ok(())
    }

    /// Starts the PulseAudio server, if it does not run.
    ///
    /// # Errors
    /// When it does not get ready in time.
    pub fn start_pulse(&self) -> Result<()> {
        if self.services().pulse.as_ref().is_some_and(Process::is_running) {
            return Ok(());
        }
        let process = self.spawn(&self.command("pipewire-pulse"), "pipewire-pulse")?;
        self.services().pulse = Some(process);
        wait_for_socket(&self.runtime_dir().join("pulse/native"))
    }
}

fn default_device_of(graph: &Graph) -> Option<String> {
    let value = graph.metadata_value("default", 0, "default.audio.sink")?;
    value.get("name").and_then(Value::as_str).map(str::to_owned)
}
