//! PipeWire: the only place that names its library.
//!
//! A thread of its own runs PipeWire's loop and owns every object of it. [`Command`]s go in,
//! [`Event`]s come out; what they mean is decided elsewhere.

mod ceilings;
mod chain;
mod chain_props;
mod chains;
mod channel_map;
mod connection;
mod cycle;
mod eviction;
mod filter;
mod foreign;
mod guards;
mod latency;
mod liveness;
mod params;
mod ports;
mod registry;
mod relink;
mod soft;
mod stream_volumes;
mod taps;
mod thread;
mod volume;

use std::collections::HashMap;

use headroom_api::JumpGuard;
use headroom_dsp::ChainParams;
use headroom_state::{
    ChainId, ChainSpec, DEFAULT_DEVICE_KEY, GlobalId, GraphCommand, GraphEvent, Leveller,
    MetadataName, NodeInfo, Props, Volume, VolumeChange, named_device,
};

pub use eviction::{EvictionError, evict};
pub use thread::PipeWire;

use crate::rt::{AccountReader, ExposureReader, Gauges, MeterReader, TapReader};

/// What the loop thread is asked to do.
#[derive(Debug)]
pub enum Command {
    /// Make a chain. Those that are there already stay, so that no stream is ever without one.
    Build {
        /// The chain.
        id: ChainId,
        /// How.
        spec: ChainSpec,
        /// The parameters that it begins with.
        params: ChainParams,
    },
    /// Take a chain out of the graph.
    Retire {
        /// The chain.
        id: ChainId,
    },
    /// Use these parameters in a chain.
    SetParams {
        /// The chain.
        id: ChainId,
        /// The parameters.
        params: ChainParams,
    },
    /// Cut links, and make others, port by port, that stay when we go.
    Relink {
        /// The links to cut.
        unlink: Vec<GlobalId>,
        /// The output port and the input port of each new link.
        links: Vec<(GlobalId, GlobalId)>,
    },
    /// Write, or with `None` delete, a key of a metadata object.
    SetMetadata {
        /// Which one.
        name: MetadataName,
        /// The object the key is about.
        subject: GlobalId,
        /// The key.
        key: &'static str,
        /// Type and value, or `None` to delete.
        value: Option<(&'static str, String)>,
    },
    /// Have the chain of an application begin with what is remembered of its programme.
    Recall {
        /// The chain.
        id: ChainId,
        /// Loudness of the programme at the input, as if the stream's volume were at 0 dB, in LUFS.
        programme_lufs: f32,
    },
    /// Have levelling go on elsewhere, from where it stands: in the chains of these applications, or on
    /// the bus. All get their parameters in the same moment, so that what the one gives up the other
    /// has.
    HandOver {
        /// Who is to level from now on.
        to: Leveller,
        /// The parameters of the bus.
        bus: ChainParams,
        /// The chains that play, and the parameters of each.
        apps: Vec<(ChainId, ChainParams)>,
    },
    /// Have passive taps on these streams and devices and on no other; one that is there already stays.
    SetTaps(Vec<Tap>),
    /// Play a stream at its user's volume times a gain, without touching the user's volume.
    ///
    /// The gain stays in force, over moves of the user's as well, until it is set to 1.0. All are
    /// taken back with [`Command::Quit`].
    SetSoftVolume {
        /// The stream's node.
        node: GlobalId,
        /// Linear, 0.0 to 1.0.
        gain: f32,
    },
    /// Change a stream's own volume as a mixer of the desktop's does, because the person has said so. PipeWire tells it
    /// like any move of a slider, and the session manager remembers it.
    SetOwnVolume {
        /// The stream's node.
        node: GlobalId,
        /// The stream's serial number: the number of a node that went may be another's by now.
        stream: u64,
        /// What becomes of it.
        change: VolumeChange,
    },
    /// Have a chain know the volume of the streams that it takes its sound from: of several that of
    /// the loudest that plays. It follows every move of theirs from now on, without another command.
    SetVolumeSources {
        /// The chain.
        chain: ChainId,
        /// The streams' nodes; empty when the volume cannot be known and counts as 0 dB.
        nodes: Vec<GlobalId>,
    },
    /// Share the ceiling of a device among the chains that play to it at once: the playback halves'
    /// nodes, each with the number of those chains. Whoever is not named has it alone.
    ShareCeilings(Vec<(GlobalId, u32)>),
    /// Have the guards of chains follow the volumes of the devices that they play to.
    Guard {
        /// Each chain, with the node of its device.
        chains: Vec<(ChainId, GlobalId)>,
        /// What is wanted at a device, by its name; [`JumpGuard::Slow`] at others.
        modes: HashMap<String, JumpGuard>,
    },
    /// Answer with [`Event::Pong`]: the thread lives.
    Ping(u64),
    /// Find out whether PipeWire still answers; if it does not, [`GraphEvent::Disconnected`] follows.
    CheckConnection,
    /// Bind the metadata objects once more: one of them is mute.
    RebindMetadata,
    /// Take every chain down, wait until PipeWire has seen all of it, end the thread.
    Quit,
}

impl Command {
    /// Returns what brings the graph closer to what is wanted; a chain that is made begins with `params`.
    pub fn of(command: GraphCommand, params: ChainParams) -> Self {
        match command {
            GraphCommand::Build { id, spec } => Self::Build { id, spec, params },
            GraphCommand::Retire { id } => Self::Retire { id },
            GraphCommand::Relink { unlink, links } => Self::Relink { unlink, links },
            GraphCommand::SetDefaultMetadata { subject, key, value } => {
                Self::SetMetadata { name: MetadataName::Default, subject, key, value }
            }
            GraphCommand::SetFiltersMetadata { subject, key, value } => {
                Self::SetMetadata { name: MetadataName::Filters, subject, key, value }
            }
        }
    }
}

/// What a tap measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapKind {
    /// Peak and mean square: [`Event::Tap`].
    Level,
    /// A-weighted energy of what reaches a device: [`Event::Exposure`].
    Exposure,
}

/// A stream or a device that is to be tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// What is measured.
    pub kind: TapKind,
    /// The node.
    pub node: GlobalId,
    /// How many channels it plays; of more than [`MAX_TAP_CHANNELS`](crate::rt::MAX_TAP_CHANNELS)
    /// the first are tapped.
    pub channels: u32,
}

/// What the loop thread tells.
#[derive(Debug)]
pub enum Event {
    /// Something happened in the graph.
    Graph(GraphEvent),
    /// The thread took [`Command::Ping`], and all that was sent before it.
    Pong(u64),
    /// The thread has ended.
    Ended,
    /// A new bus was made: its meters.
    BusMeters(MeterReader),
    /// A tap was made: its meter. It replaces an earlier one of the same node.
    Tap {
        /// The stream's node.
        node: GlobalId,
        /// Its meter.
        reader: TapReader,
    },
    /// A tap on what reaches a device was made: its meter. It replaces an earlier one of the same node.
    Exposure {
        /// The device's node.
        node: GlobalId,
        /// Its meter.
        reader: ExposureReader,
    },
    /// The chain of an application or of another device was made: what it does.
    Gauges {
        /// The chain.
        id: ChainId,
        /// What it does.
        gauges: Gauges,
    },
    /// A chain was made: the account of what it does. It replaces an earlier one of the same chain.
    Account {
        /// The chain.
        id: ChainId,
        /// The account.
        reader: AccountReader,
    },
}

impl From<GraphEvent> for Event {
    fn from(event: GraphEvent) -> Self {
        Self::Graph(event)
    }
}
