//! The bus: what others may ask, and what they are told.
//!
//! Runs on the control thread. An interface method checks its arguments, sends a [`Request`] to the
//! owner of the state and passes the answer on; it holds no state of its own.

mod interface;
mod meters;
mod publish;
mod view;
mod wire;

use headroom_api::{Dict, GaugeTable, Result, Route, StreamGauges};
use tokio::sync::oneshot;
use zbus::names::OwnedUniqueName;

pub use interface::Interface;
pub use meters::{Hub, Meters, StreamTap};
pub use publish::publish;
pub use view::{Output, View, explain, health};

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T>>;

/// The bus gauges, and those of each stream.
pub type Readings = (GaugeTable, Vec<StreamGauges>);

/// What the bus asks of the owner of the state.
#[derive(Debug)]
pub enum Request {
    /// Everything straight to the device, or not.
    SetBypass(bool, Reply<()>),
    /// Set the user's route for an application.
    SetRoute {
        /// The application's binary, name or id.
        app: String,
        /// The route.
        route: Route,
        /// The answer.
        reply: Reply<()>,
    },
    /// Forget the user's route for an application.
    UnsetRoute {
        /// The application as it was set.
        app: String,
        /// The answer.
        reply: Reply<()>,
    },
    /// Say why a stream has its route.
    Explain {
        /// The stream's id.
        stream: u64,
        /// The answer.
        reply: Reply<Dict>,
    },
    /// Tell the vital signs.
    Health(Reply<Dict>),
    /// Send meters to a client from now on.
    Subscribe {
        /// The client.
        client: OwnedUniqueName,
        /// How often, in Hz.
        hz: f64,
        /// The answer.
        reply: Reply<()>,
    },
    /// Send it no meters any more, because it says so or has left the bus.
    Unsubscribe {
        /// The client.
        client: OwnedUniqueName,
    },
    /// Tell the meters once.
    GetMeters(Reply<Readings>),
}
