//! The session service of Headroom.
//!
//! - [`daemon`] owns the state and puts the rest together; read it first.
//! - [`state`] decides: pure, from what is and what is wanted to commands.
//! - [`pw`] is the only module that names PipeWire; it runs the loop thread.
//! - [`rt`] is the data thread's part: the chain, its rings and its counters.
//! - [`control`] is the bus.
//! - [`app_volume`] is the app volume controller of a stream, pure.
//! - [`store`] is what is remembered, [`policy`] what is in force, [`schedules`] when that changes; [`watch`] tells when a profile's file changes; [`pins`] what WirePlumber remembers.
//! - [`writer`] is the thread that writes what was chosen.
//! - [`historian`] is the thread that keeps what was caught and played.
//! - [`failures`] counts ends that were no clean ones, and knows of safe mode; [`starvation`] judges
//!   whether the data thread keeps up.
//! - [`guardian`] is another process, which gives the sound back when this one does not.
//! - `descriptors` is how many files may be open, and what is made of them.
//! - [`supervision`] is who started the service and watches it.
#![cfg_attr(rtsan, feature(sanitize))]

pub use headroom_state as state;

mod alarm;
pub mod app_volume;
mod clock;
pub mod control;
pub mod daemon;
mod data_thread;
mod descriptors;
pub mod failures;
pub mod guardian;
pub mod historian;
pub mod learned;
pub mod pins;
pub mod policy;
pub mod pw;
mod ready;
pub mod rt;
pub mod schedules;
pub mod starvation;
pub mod store;
pub mod supervision;
pub mod volume_guard;
pub mod watch;
pub mod writer;
mod zone_watch;
