//! What happens in the graph, and what is asked of it: the vocabulary between PipeWire and the rest.
//!
//! Plain data, which can be written down and read again: a graph that somebody has recorded is a test.

use std::collections::HashMap;

use headroom_api::{ChainKind, names};
use headroom_dsp::FLOOR_DB;
use serde::{Deserialize, Serialize};

use crate::layout::Channels;

/// PipeWire's number for an object, while it lives; reused afterwards.
pub type GlobalId = u32;

/// Key of the `default` metadata that names the default device.
pub const DEFAULT_DEVICE_KEY: &str = "default.audio.sink";
/// Key of the `default` metadata that binds a stream to a target.
pub(crate) const TARGET_KEY: &str = "target.object";
/// Key of the `default` metadata by which the session manager lets a stream follow the default device
/// that asked for that very device itself.
pub(crate) const LET_GO_KEY: &str = "target.node";
/// A target written with this type is a serial number, and never of our writing.
pub(crate) const PIN_TYPE: &str = "Spa:Id";
/// Highest gain of a stream's volume that a chain is told of, in dB.
const MAX_VOLUME_DB: f32 = 20.0;
/// String properties of an object.
pub type Props = HashMap<String, String>;

/// A chain of ours. No number is given twice while the service runs.
///
/// In the order in which they are taken down: what plays into another one goes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChainId {
    /// Between the streams of one application and the bus, by its number.
    App(u32),
    /// Before a device that is not the default one, by its number.
    Device(u32),
    /// Before the default device, by its generation: the newest counts.
    Bus(u32),
}

impl ChainId {
    /// Returns what others are told of it.
    pub const fn kind(self) -> ChainKind {
        match self {
            Self::App(_) => ChainKind::App,
            Self::Device(_) => ChainKind::Device,
            Self::Bus(_) => ChainKind::Bus,
        }
    }

    /// Returns the name of the node that streams are linked to.
    pub fn sink_name(self) -> String {
        match self {
            Self::App(number) => format!("{}{number}", names::APP_NODE_PREFIX),
            Self::Device(number) => format!("{}{number}", names::DEVICE_NODE_PREFIX),
            Self::Bus(_) => names::SINK_NODE.to_owned(),
        }
    }

    /// Returns the name of the node that plays on.
    pub fn output_name(self) -> String {
        match self {
            Self::App(_) | Self::Device(_) => format!("{}.output", self.sink_name()),
            Self::Bus(_) => names::OUTPUT_NODE.to_owned(),
        }
    }

    /// Returns the chain of an application that a target names.
    pub fn of_target(target: &str) -> Option<Self> {
        target.strip_prefix(names::APP_NODE_PREFIX)?.parse().ok().map(Self::App)
    }

    /// Says whether it limits, and is a smart filter of the session manager's; what is not plays into the bus.
    pub const fn holds_ceiling(self) -> bool {
        !matches!(self, Self::App(_))
    }
}

/// How a chain is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainSpec {
    /// Channels of both halves.
    pub channels: Channels,
    /// Node name of the device that it stands before; `None` where that is not fixed.
    pub device: Option<String>,
    /// True when the session manager is to leave it out for now.
    pub disabled: bool,
}

/// A chain as PipeWire runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainInfo {
    /// Node of the sink half.
    pub sink: GlobalId,
    /// Node of the playback half.
    pub output: GlobalId,
    /// Channels of both halves.
    pub channels: Channels,
    /// True when it was made to be left out for now.
    pub disabled: bool,
    /// Delay of the chain, in frames; `None` before a format is known.
    pub latency_frames: Option<usize>,
    /// Rate of the format, in Hz; 0 before a format is known.
    pub rate_hz: u32,
}

/// Where leveller and compressor work.
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

/// What becomes of a stream's own volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VolumeChange {
    /// So loud, in percent as mixers show it; the balance between channels stays.
    Percent(f64),
    /// Silent, or not any more.
    Muted(bool),
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
        let gain = if mute { 0.0 } else { loudest(volumes) * self.overall };
        if gain.is_finite() { gain.max(0.0) } else { 1.0 }
    }

    /// Returns what mixers show: the cube root of the loudest channel's gain, in percent, to a hundredth.
    pub fn percent(&self) -> f64 {
        (f64::from(loudest(&self.channels)).cbrt() * 10_000.0).round() / 100.0
    }

    /// Returns the channels that mixers show as so many percent, linear: the balance between them stays, and where all are
    /// silent they come out alike.
    pub fn channels_at(&self, percent: f64) -> Vec<f32> {
        let wanted = (percent / 100.0).powi(3) as f32;
        let loudest = loudest(&self.channels);
        let scaled = |channel: &f32| {
            if loudest > 0.0 { channel.max(0.0) / loudest * wanted } else { wanted }
        };
        self.channels.iter().map(scaled).collect()
    }

    /// Returns [`gain`](Self::gain) in dB, -120 at least.
    pub fn gain_db(&self) -> f32 {
        (20.0 * self.gain().log10()).clamp(FLOOR_DB, MAX_VOLUME_DB)
    }
}

/// The gain of the loudest channel, linear.
fn loudest(channels: &[f32]) -> f32 {
    channels.iter().copied().fold(0.0, f32::max)
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
    /// Volumes of a playback stream or a device; `None` when it has none (JACK), or has not told them yet.
    pub volume: Option<Volume>,
}

impl NodeInfo {
    /// Says whether nothing but properties is another in `other`, and how far a stream is turned up: where it goes follows
    /// from neither.
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { props: _, told, encoded, input_ports, running, volume } = self;
        let moved_only =
            is_playback(self) && is_playback(other) && volume.is_some() && other.volume.is_some();
        (*told, *encoded, *input_ports, *running)
            == (other.told, other.encoded, other.input_ports, other.running)
            && (moved_only || *volume == other.volume)
    }
}

/// Returns a node's `object.serial`.
pub(crate) fn serial(node: &NodeInfo) -> Option<u64> {
    node.props.get("object.serial")?.parse().ok()
}

/// Says whether a stream is what a device of somebody else's plays on, such as an equaliser's output: a device tail.
pub(crate) fn is_tail(node: &NodeInfo) -> bool {
    is_playback(node) && node.props.contains_key("node.link-group")
}

/// Says whether a stream stays at its first link for ever.
pub(crate) fn is_fixed(node: &NodeInfo) -> bool {
    node.props.get("node.dont-reconnect").is_some_and(|value| value == "true")
}

/// Says whether a stream plays, as opposed to one that listens.
pub(crate) fn is_playback(node: &NodeInfo) -> bool {
    node.props.get("media.class").is_some_and(|class| class == "Stream/Output/Audio")
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
    /// A chain has its nodes, or a new format.
    Chain {
        /// The chain.
        id: ChainId,
        /// What PipeWire made of it.
        info: ChainInfo,
    },
    /// A chain cannot run.
    ChainFailed {
        /// The chain.
        id: ChainId,
        /// Why, in words.
        reason: String,
    },
}

/// What is asked of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum GraphCommand {
    /// Make a chain. The session manager links to it what its kind says: to the bus every stream without
    /// a target, to the chain before a device every stream that was sent to that device, whoever sent it;
    /// to an application's chain what is sent to its [`sink_name`](ChainId::sink_name).
    Build {
        /// The chain.
        id: ChainId,
        /// How.
        spec: ChainSpec,
    },
    /// Take a chain out of the graph.
    Retire {
        /// The chain.
        id: ChainId,
    },
    /// Cut links, and make others of the same streams, port by port, that stay when we go.
    Relink {
        /// The links to cut.
        unlink: Vec<GlobalId>,
        /// The output port and the input port of each new link.
        links: Vec<(GlobalId, GlobalId)>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(channels: &[f32]) -> Volume {
        Volume { channels: channels.to_vec(), ..Volume::default() }
    }

    #[test]
    fn percent_is_cubic_and_of_the_loudest_channel() {
        for (channels, percent) in [
            (&[0.125, 0.0][..], 50.0),
            (&[1.0, 1.0], 100.0),
            (&[0.0], 0.0),
            (&[3.375, 1.0], 150.0),
            (&[0.05_f32.powi(3)], 5.0),
        ] {
            assert_eq!(volume(channels).percent().to_bits(), f64::to_bits(percent), "{channels:?}");
        }
        let muted = Volume { mute: true, overall: 0.5, soft: vec![0.1], ..volume(&[0.125]) };
        assert_eq!(muted.percent().to_bits(), 50_f64.to_bits(), "the slider stands where it stood");
        assert!(volume(&[f32::MAX]).percent().is_finite() && volume(&[-1.0]).percent() == 0.0);
    }

    #[test]
    fn balance_between_channels_stays_while_there_is_one() {
        assert_eq!(volume(&[1.0, 0.5]).channels_at(50.0), [0.125, 0.0625]);
        assert_eq!(volume(&[0.25, 1e-3]).channels_at(100.0), [1.0, 4e-3]);
        assert_eq!(volume(&[0.0, 0.0]).channels_at(50.0), [0.125, 0.125]);
        assert_eq!(volume(&[1.0, 0.5]).channels_at(0.0), [0.0, 0.0]);
        for percent in [0.0, 0.5, 7.0, 33.3, 100.0, 150.0] {
            let now = volume(&volume(&[0.3, 0.9, 0.1]).channels_at(percent)).percent();
            assert!((now - percent).abs() < 0.01, "{now} for {percent}");
        }
    }

    #[test]
    fn slider_of_a_stream_that_moves_changes_nothing_else() {
        let class = |class: &str| Props::from([("media.class".to_owned(), class.to_owned())]);
        let node = |media_class, at| NodeInfo {
            props: class(media_class),
            volume: Some(volume(&[at])),
            ..NodeInfo::default()
        };
        let stream = node("Stream/Output/Audio", 1.0);
        assert!(stream.is_like(&node("Stream/Output/Audio", 0.5)));
        assert!(!stream.is_like(&NodeInfo { volume: None, ..stream.clone() }));
        assert!(!node("Audio/Sink", 1.0).is_like(&node("Audio/Sink", 0.5)));
    }
}
