//! What a session is asked to be.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Result;

use super::Session;
use crate::layout::{Position, usual_layout};

/// The graph's clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) rate_hz: u32,
    pub(super) allowed_rates_hz: Vec<u32>,
    pub(super) quantum_frames: u32,
    pub(super) min_quantum_frames: u32,
    pub(super) max_quantum_frames: u32,
}

/// A null device: it plays into nothing, in real time, and its monitor can be recorded.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) rate_hz: Option<u32>,
    pub(super) positions: Vec<Position>,
    pub(super) props: Vec<(String, String)>,
}

impl Device {
    /// Describes a stereo device that follows the graph's rate.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            description: format!("Null device {name}"),
            name,
            rate_hz: None,
            positions: usual_layout(2),
            props: Vec::new(),
        }
    }

    /// Sets the name that people see.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the rate the device asks for.
    #[must_use]
    pub fn rate(mut self, rate_hz: u32) -> Self {
        self.rate_hz = Some(rate_hz);
        self
    }

    /// Sets the channel positions.
    #[must_use]
    pub fn positions(mut self, positions: &[Position]) -> Self {
        self.positions = positions.to_vec();
        self
    }

    /// Sets the usual layout of this many channels.
    #[must_use]
    pub fn channels(self, channels: usize) -> Self {
        self.positions(&usual_layout(channels))
    }

    /// Adds a property to the node.
    #[must_use]
    pub fn prop(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.props.push((key.into(), value.into()));
        self
    }

    /// Returns the properties as `pw-cli create-node` reads them.
    pub(super) fn to_node_properties(&self) -> String {
        let positions: Vec<_> = self.positions.iter().map(|position| position.name()).collect();
        let mut text = format!(
            "{{ factory.name = support.null-audio-sink media.class = Audio/Sink \
             node.name = \"{}\" node.description = \"{}\" object.linger = true \
             monitor.channel-volumes = true audio.position = [ {} ]",
            self.name,
            self.description,
            positions.join(" ")
        );
        // Writing to a string cannot fail.
        if let Some(rate_hz) = self.rate_hz {
            let _ = write!(text, " audio.rate = {rate_hz} node.rate = 1/{rate_hz}");
        }
        for (key, value) in &self.props {
            let _ = write!(text, " {key} = \"{value}\"");
        }
        text + " }"
    }
}

/// Builds a [`Session`]; without any call: 48 kHz, 1024 frames, a session manager, no device.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct SessionBuilder {
    pub(super) clock: Clock,
    pub(super) wireplumber: bool,
    pub(super) pulse: bool,
    pub(super) bluetooth: bool,
    pub(super) devices: Vec<Device>,
    pub(super) runtime_dir: Option<PathBuf>,
    pub(super) services: Vec<PathBuf>,
}

impl Default for SessionBuilder {
    fn default() -> Self {
        Self {
            clock: Clock {
                rate_hz: 48_000,
                allowed_rates_hz: Vec::new(),
                quantum_frames: 1_024,
                min_quantum_frames: 32,
                max_quantum_frames: 8_192,
            },
            wireplumber: true,
            pulse: false,
            bluetooth: false,
            devices: Vec::new(),
            runtime_dir: None,
            services: Vec::new(),
        }
    }
}

impl SessionBuilder {
    /// Sets the graph's rate.
    pub fn clock_rate(mut self, rate_hz: u32) -> Self {
        self.clock.rate_hz = rate_hz;
        self
    }

    /// Sets the rates that the graph may switch to; by default only its own.
    pub fn allowed_rates(mut self, rates_hz: &[u32]) -> Self {
        self.clock.allowed_rates_hz = rates_hz.to_vec();
        self
    }

    /// Sets the default cycle length.
    pub fn quantum(mut self, frames: u32) -> Self {
        self.clock.quantum_frames = frames;
        self
    }

    /// Sets the shortest cycle length that a client can ask for.
    pub fn min_quantum(mut self, frames: u32) -> Self {
        self.clock.min_quantum_frames = frames;
        self
    }

    /// Sets the longest cycle length that a client can ask for.
    pub fn max_quantum(mut self, frames: u32) -> Self {
        self.clock.max_quantum_frames = frames;
        self
    }

    /// Says whether there is a session manager.
    pub fn wireplumber(mut self, wireplumber: bool) -> Self {
        self.wireplumber = wireplumber;
        self
    }

    /// Says whether there is a PulseAudio server on top.
    pub fn pulse(mut self, pulse: bool) -> Self {
        self.pulse = pulse;
        self
    }

    /// Says whether the session manager looks for Bluetooth devices, with a BlueZ on the session's own bus.
    pub fn bluetooth(mut self, bluetooth: bool) -> Self {
        self.bluetooth = bluetooth;
        self
    }

    /// Adds a device; the first one becomes the default.
    pub fn device(mut self, device: Device) -> Self {
        self.devices.push(device);
        self
    }

    /// Uses this directory as `XDG_RUNTIME_DIR`, where another than one of the session's own is needed.
    ///
    /// The caller makes it, and removes it after the session.
    pub fn runtime_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.runtime_dir = Some(directory.into());
        self
    }

    /// Lets the bus start services from this directory as well.
    pub fn activatable_from(mut self, directory: impl Into<PathBuf>) -> Self {
        self.services.push(directory.into());
        self
    }

    /// Starts the session and waits until it is usable.
    ///
    /// # Errors
    /// When a program is missing or does not get ready in time; the message holds the logs' ends.
    pub fn start(mut self) -> Result<Session> {
        if self.clock.allowed_rates_hz.is_empty() {
            self.clock.allowed_rates_hz.push(self.clock.rate_hz);
        }
        Session::open(self)
    }
}
