//! PipeWire: the only place that names its library.
//!
//! A thread of its own runs PipeWire's loop and owns every object of it. [`Command`]s go in,
//! [`Event`]s come out; what they mean is decided elsewhere.

mod ceilings;
mod channel_map;
mod connection;
mod eviction;
mod filter;
mod foreign;
mod latency;
mod liveness;
mod pair;
mod params;
mod ports;
mod registry;
mod soft;
mod stream_volumes;
mod taps;
mod thread;
mod volume;

use headroom_dsp::ChainParams;
use headroom_state::{
    ChainId, DEFAULT_DEVICE_KEY, GlobalId, GraphCommand, GraphEvent, Leveller, MetadataName,
    NodeInfo, Props, Volume, app_sink_name, device_sink_name,
};

pub use eviction::{EvictionError, evict};
pub use thread::PipeWire;

use crate::rt::{AppGauges, MeterReader, TapReader};

/// What the loop thread is asked to do.
#[derive(Debug)]
pub enum Command {
    /// Bring the graph closer to what is wanted.
    Graph(GraphCommand),
    /// Use these parameters in the pair's chain.
    SetParams(ChainParams),
    /// Use these parameters in the chain of an application.
    SetAppParams {
        /// Its number.
        app: u32,
        /// The parameters.
        params: ChainParams,
    },
    /// Have the chain of an application begin with what is remembered of its programme.
    Recall {
        /// Its number.
        app: u32,
        /// Loudness of the programme at the input, as if the stream's volume were at 0 dB, in LUFS.
        programme_lufs: f32,
    },
    /// Use these parameters in the chain before a device.
    SetDeviceParams {
        /// Its number.
        number: u32,
        /// The parameters.
        params: ChainParams,
    },
    /// Have levelling go on elsewhere, from where it stands: in the chains of these applications, or on
    /// the bus. All get their parameters in the same moment, so that what the one gives up the other
    /// has.
    HandOver {
        /// Who is to level from now on.
        to: Leveller,
        /// The parameters of the bus.
        bus: ChainParams,
        /// The chains that play, by their numbers, and the parameters of each.
        apps: Vec<(u32, ChainParams)>,
    },
    /// Have passive taps on these streams and on no other; one that is there already stays.
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
    /// Answer with [`Event::Pong`]: the thread lives.
    Ping(u64),
    /// Find out whether PipeWire still answers; if it does not, [`GraphEvent::Disconnected`] follows.
    CheckConnection,
    /// Bind the metadata objects once more: one of them is mute.
    RebindMetadata,
    /// Take the pair down, wait until PipeWire has seen all of it, end the thread.
    Quit,
}

impl From<GraphCommand> for Command {
    fn from(command: GraphCommand) -> Self {
        Self::Graph(command)
    }
}

/// A stream that is to be tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The stream's node.
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
    /// A new pair was made: its meters.
    PairMeters(MeterReader),
    /// A tap was made: its meter. It replaces an earlier one of the same node.
    Tap {
        /// The stream's node.
        node: GlobalId,
        /// Its meter.
        reader: TapReader,
    },
    /// The pair of an application was made: what its chain does.
    AppGauges {
        /// Its number.
        app: u32,
        /// What its chain does.
        gauges: AppGauges,
    },
}

impl From<GraphEvent> for Event {
    fn from(event: GraphEvent) -> Self {
        Self::Graph(event)
    }
}
