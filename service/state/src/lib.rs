//! What is, what is wanted, and what follows from both.
//!
//! Pure: no PipeWire, no bus, no clock, no files. [`GraphEvent`]s come in; [`Graph`] is what they say;
//! [`Desired`] is what the user and the profile want; [`Ownership`] is what we have asked for so far.
//! [`settle()`] takes a survey of the streams, judges where each belongs, and yields the
//! [`GraphCommand`]s that close the gap and what is true of every stream, by the links that exist.

mod amplification;
mod apps;
mod choices;
mod decision;
mod desired;
mod device_settings;
mod devices;
mod effects;
mod event;
mod fixed;
mod graph;
mod identity;
mod layout;
mod ledger;
mod ownership;
mod pins;
mod place;
mod plan;
mod pool;
mod quiet;
mod reason;
mod record;
mod shares;
pub mod smart_filter;
mod stale;
mod streams;
mod survey;
mod volumes;

pub use apps::{AppChains, MAX_APP_CHAINS};
pub use choices::{ChoiceError, Choices, Chosen, TreatmentChoice, Treatments};
pub use decision::{Authority, Decision};
pub use desired::Desired;
pub use device_settings::{DeviceSetting, DeviceSettings};
pub use devices::{DeviceChains, MAX_DEVICE_CHAINS};
pub use event::{
    ChainId, ChainInfo, ChainSpec, DEFAULT_DEVICE_KEY, GlobalId, GraphCommand, GraphEvent,
    Leveller, MetadataName, NodeInfo, Props, Volume, VolumeChange,
};
pub use graph::{Graph, SessionManager, named_device};
pub use identity::{AppKey, Identity};
pub use layout::Channels;
pub use ledger::{Journal, JournalEntry};
pub use ownership::Ownership;
pub use pins::Pins;
pub use plan::{Settled, look_again, nudge, settle};
pub use pool::Pool;
pub use record::Step;
pub use shares::shares;
pub use stale::{forget_effects, stale_program};
pub use streams::{Controller, Links, OwnVolume, StreamStatus};
pub use volumes::{VolumeSources, knows_volume, volume_sources};
