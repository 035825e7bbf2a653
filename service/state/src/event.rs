//! What happens in the graph, and what is asked of it: the vocabulary between PipeWire and the rest.
//!
//! Plain data, which can be written down and read again: a graph that somebody has recorded is a test.

use std::collections::HashMap;

use headroom_api::names;
use headroom_dsp::FLOOR_DB;
use serde::{Deserialize, Serialize};

use crate::layout::Channels;

/// PipeWire's number for an object, while it lives; reused afterwards.
pub type GlobalId = u32;

/// Key of the `default` metadata that names the default device.
pub const DEFAULT_DEVICE_KEY: &str = "default.audio.sink";
/// Highest gain of a stream's volume that a chain is told of, in dB.
const MAX_VOLUME_DB: f32 = 20.0;
/// String properties of an object.
pub type Props = HashMap<String, String>;

/// Returns the name of the node that streams are sent to for the chain of an application.
pub fn app_sink_name(app: u32) -> String {
    format!("{}{app}", names::APP_NODE_PREFIX)
}

/// Returns the name of the node that streams are linked to on their way to another device.
pub fn device_sink_name(number: u32) -> String {
    format!("{}{number}", names::DEVICE_NODE_PREFIX)
}

/// A chain that may know the volume of what it takes its sound from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainId {
    /// An application's own, by its number.
    App(u32),
    /// The one before a device that is not the default one, by its number.
    Device(u32),
}

/// Where AGC and compressor work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leveller {
    /// In the one chain of the bus.
    Bus,
    /// In the chain of each application.
    Apps,
}

/// The metadata objects that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataName {
    /// Default devices and targets.
    Default,
    /// State of smart filters; there since WirePlumber 0.5.
    Filters,
}

/// Volumes of a stream, linear, one for each channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// What the user has set.
    pub channels: Vec<f32>,
    /// What all channels are multiplied with besides, in a property of its own; 1.0 for most.
    pub overall: f32,
    /// True when the user has muted it.
    pub mute: bool,
    /// What was written last to be played instead, as far as it was told with a change of the rest:
    /// writes of ours are not told.
    pub soft: Vec<f32>,
    /// True when that was silence.
    pub soft_mute: bool,
    /// True while what is played instead is somebody else's doing.
    pub foreign_soft: bool,
}

impl Default for Volume {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            overall: 1.0,
            mute: false,
            soft: Vec::new(),
            soft_mute: false,
            foreign_soft: false,
        }
    }
}

impl Volume {
    /// Returns the gain of the loudest channel, linear, soft volumes of ours aside; 0.0 when muted.
    ///
    /// PipeWire multiplies each sample with a channel's volume and with the one of all channels; a
    /// soft volume acts in place of the channel's.
    pub fn gain(&self) -> f32 {
        let (volumes, mute) = if self.foreign_soft {
            (&self.soft, self.soft_mute)
        } else {
            (&self.channels, self.mute)
        };
        let loudest = volumes.iter().copied().fold(0.0, f32::max);
        let gain = if mute { 0.0 } else { loudest * self.overall };
        if gain.is_finite() { gain.max(0.0) } else { 1.0 }
    }

    /// Returns [`gain`](Self::gain) in dB, -120 at least.
    pub fn gain_db(&self) -> f32 {
        (20.0 * self.gain().log10()).clamp(FLOOR_DB, MAX_VOLUME_DB)
    }
}

/// A node that matters, as far as the graph knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Every property of the node; some only, until it is [`told`](Self::told).
    pub props: Props,
    /// True once the node has told of itself, not just the registry.
    pub told: bool,
    /// True once the node has said that it takes encoded formats only.
    pub encoded: bool,
    /// Number of input ports that the node says it has.
    pub input_ports: u32,
    /// True while the node is part of what plays.
    pub running: bool,
    /// A playback stream's volumes; `None` when it has none (JACK), or has not told them yet.
    pub volume: Option<Volume>,
}

impl NodeInfo {
    /// Says whether nothing but properties is another in `other`.
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { props: _, told, encoded, input_ports, running, volume } = self;
        (*told, *encoded, *input_ports, *running, volume)
            == (other.told, other.encoded, other.input_ports, other.running, &other.volume)
    }
}

/// What happened in the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GraphEvent {
    /// PipeWire answers; its version.
    Connected {
        /// Version of the daemon, such as `1.4.2`.
        version: String,
    },
    /// PipeWire is away; everything that was known of the graph is void.
    Disconnected {
        /// Why, in words.
        reason: String,
    },
    /// Everything that existed at connection time has been told.
    Enumerated,
    /// A client appeared or changed.
    Client {
        /// The client.
        id: GlobalId,
        /// Its properties.
        props: Props,
    },
    /// A node appeared or changed.
    Node {
        /// The node.
        id: GlobalId,
        /// What is known of it.
        info: NodeInfo,
    },
    /// A port appeared.
    Port {
        /// The port.
        id: GlobalId,
        /// Its properties.
        props: Props,
    },
    /// A link appeared.
    Link {
        /// The link.
        id: GlobalId,
        /// The node that plays.
        output_node: GlobalId,
        /// The node that takes.
        input_node: GlobalId,
    },
    /// An object of any kind went.
    Removed {
        /// The object.
        id: GlobalId,
    },
    /// A metadata object appeared; it may be empty.
    MetadataFound {
        /// Which one.
        name: MetadataName,
        /// The object.
        id: GlobalId,
    },
    /// A key was written (`Some`) or deleted (`None`). A missing key means all of the subject's.
    Metadata {
        /// Which one.
        name: MetadataName,
        /// The object the key is about.
        subject: GlobalId,
        /// The key, or `None` for all of the subject's.
        key: Option<String>,
        /// Type and value, or `None` when deleted.
        value: Option<(String, String)>,
    },
    /// The pair has its nodes, or a new format.
    Pair {
        /// Grows with every pair that is made on one connection.
        generation: u64,
        /// Node of the sink half.
        sink: GlobalId,
        /// Node of the playback half.
        output: GlobalId,
        /// Channels of both halves.
        channels: Channels,
        /// True when it was made to be left out for now.
        disabled: bool,
        /// Delay of the chain, in frames; `None` before a format is known.
        latency_frames: Option<usize>,
        /// Rate of the format, in Hz; 0 before a format is known.
        rate_hz: u32,
    },
    /// The pair cannot run; why, in words.
    PairFailed {
        /// Why.
        reason: String,
    },
    /// The pair of an application has its nodes, or a new format.
    App {
        /// Its number.
        app: u32,
        /// Node of the sink half.
        sink: GlobalId,
        /// Node of the playback half.
        output: GlobalId,
        /// Channels of both halves.
        channels: Channels,
    },
    /// The pair of an application cannot run.
    AppFailed {
        /// Its number.
        app: u32,
        /// Why, in words.
        reason: String,
    },
    /// The pair before a device has its nodes, or a new format.
    Device {
        /// Its number.
        number: u32,
        /// Node of the sink half.
        sink: GlobalId,
        /// Node of the playback half.
        output: GlobalId,
        /// Channels of both halves.
        channels: Channels,
        /// Delay of the chain, in frames; `None` before a format is known.
        latency_frames: Option<usize>,
        /// Rate of the format, in Hz; 0 before a format is known.
        rate_hz: u32,
    },
    /// The pair before a device cannot run.
    DeviceFailed {
        /// Its number.
        number: u32,
        /// Why, in words.
        reason: String,
    },
}

/// What is asked of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum GraphCommand {
    /// Make the filter pair. One that is there already stays until [`GraphCommand::RetirePairs`], so
    /// that no stream is ever without one.
    BuildPair {
        /// The channels of both halves.
        channels: Channels,
        /// True when the session manager is to leave it out for now.
        disabled: bool,
    },
    /// Take every pair but the newest out of the graph.
    RetirePairs,
    /// Make the pair of one application, which streams are sent to by [`app_sink_name`].
    BuildApp {
        /// Its number; never used twice on one connection.
        app: u32,
        /// The channels of both halves.
        channels: Channels,
    },
    /// Take the pair of an application out of the graph.
    RetireApp {
        /// Its number.
        app: u32,
    },
    /// Make a pair before another device than the default one. The session manager links every
    /// stream to it that was sent to that device, whoever sent it.
    BuildDevice {
        /// Its number; never used twice on one connection.
        number: u32,
        /// Node name of the device; `None` for whichever is the default one, while the bus is tied to
        /// another.
        device: Option<String>,
        /// The channels of both halves.
        channels: Channels,
    },
    /// Take the pair before a device out of the graph.
    RetireDevice {
        /// Its number.
        number: u32,
    },
    /// Write, or with `None` delete, a key of the `default` metadata.
    SetDefaultMetadata {
        /// The object the key is about.
        subject: GlobalId,
        /// The key.
        key: &'static str,
        /// Type and value, or `None` to delete.
        value: Option<(&'static str, String)>,
    },
    /// Write, or with `None` delete, a key of the `filters` metadata.
    SetFiltersMetadata {
        /// The object the key is about.
        subject: GlobalId,
        /// The key.
        key: &'static str,
        /// Type and value, or `None` to delete.
        value: Option<(&'static str, String)>,
    },
}
