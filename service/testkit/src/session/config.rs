//! The configuration files of a private session.
//!
//! PipeWire's is complete in itself, so that nothing of the machine's own configuration counts.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};

use super::{Clock, Device};

/// Where distributions keep PipeWire's own files.
const PIPEWIRE_DATA: &str = "/usr/share/pipewire";

/// Where distributions keep WirePlumber's own files.
pub(super) const WIREPLUMBER_DATA: &str = "/usr/share/wireplumber";

/// A bus that only this session's processes know of, with activation from these directories and the limits of a
/// login's session bus: those that are usual without a file would keep a client from what it can do there.
pub(super) fn bus<'p>(socket: &Path, services: impl Iterator<Item = &'p Path>) -> String {
    let mut directories = String::new();
    for directory in services {
        // Writing to a string cannot fail.
        let _ = writeln!(directories, "  <servicedir>{}</servicedir>", directory.display());
    }
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
{directories}  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"#,
        socket.display()
    )
}

/// Writes PipeWire's configuration into `directory`: the daemon's from here, and the clients'
/// as the distribution ships them. It makes `devices` whenever it starts.
pub(super) fn write_pipewire(directory: &Path, clock: &Clock, devices: &[Device]) -> Result<()> {
    fs::create_dir_all(directory)?;
    let shipped = fs::read_dir(PIPEWIRE_DATA)
        .with_context(|| format!("PipeWire is not installed: no {PIPEWIRE_DATA}"))?;
    for entry in shipped {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "conf")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, directory.join(name))?;
        }
    }
    fs::write(directory.join("pipewire.conf"), daemon(clock, devices))?;
    Ok(())
}

fn daemon(clock: &Clock, devices: &[Device]) -> String {
    let mut nodes = String::new();
    for device in devices {
        let _ =
            writeln!(nodes, "    {{ factory = adapter args = {} }}", device.to_node_properties());
    }
    let mut rates = String::new();
    for rate in &clock.allowed_rates_hz {
        // Writing to a string cannot fail.
        let _ = write!(rates, " {rate}");
    }
    format!(
        r"context.properties = {{
    core.daemon = true
    core.name = pipewire-0
    link.max-buffers = 16
    settings.check-quantum = false
    settings.check-rate = false
    default.clock.rate = {rate}
    default.clock.allowed-rates = [{rates} ]
    default.clock.quantum = {quantum}
    default.clock.min-quantum = {min}
    default.clock.max-quantum = {max}
    default.clock.quantum-limit = 8192
}}
context.spa-libs = {{
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}}
context.modules = [
    {{ name = libpipewire-module-rt
        args = {{ nice.level = -11 rt.prio = 88 }}
        flags = [ ifexists nofail ] }}
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-profiler }}
    {{ name = libpipewire-module-metadata }}
    {{ name = libpipewire-module-spa-device-factory }}
    {{ name = libpipewire-module-spa-node-factory }}
    {{ name = libpipewire-module-client-node }}
    {{ name = libpipewire-module-client-device }}
    {{ name = libpipewire-module-access }}
    {{ name = libpipewire-module-adapter }}
    {{ name = libpipewire-module-link-factory }}
    {{ name = libpipewire-module-session-manager }}
]
context.objects = [
    {{ factory = spa-node-factory
        args = {{
            factory.name = support.node.driver
            node.name = Dummy-Driver
            node.group = pipewire.dummy
            node.sync-group = sync.dummy
            priority.driver = 200000
        }} }}
    {{ factory = spa-node-factory
        args = {{
            factory.name = support.node.driver
            node.name = Freewheel-Driver
            priority.driver = 190000
            node.group = pipewire.freewheel
            node.sync-group = sync.dummy
            node.freewheel = true
        }} }}
{nodes}]
",
        rate = clock.rate_hz,
        quantum = clock.quantum_frames,
        min = clock.min_quantum_frames,
        max = clock.max_quantum_frames,
    )
}

/// Keeps WirePlumber off the machine's hardware, seat and portals; its policy stays whole.
pub(super) const WIREPLUMBER: &str = r"wireplumber.profiles = {
  main = {
    hardware.audio = disabled
    hardware.bluetooth = disabled
    hardware.video-capture = disabled
    support.reserve-device = disabled
    support.logind = disabled
    support.portal-permissionstore = disabled
    monitor.bluez.seat-monitoring = disabled
    script.client.access-portal = disabled
  }
}
";

/// Has it look for Bluetooth devices all the same.
pub(super) const WIREPLUMBER_BLUETOOTH: &str = r"wireplumber.profiles = {
  main = {
    hardware.bluetooth = required
  }
}
";
