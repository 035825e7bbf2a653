//! What the bus and the service say.

use headroom_api::{Health, names::BUS_NAME};
use headroom_client::{
    Error, Snapshot, Told,
    link::{call, connect, proxy},
};
use zbus::{Connection, fdo::DBusProxy, names::BusName};

use super::process::Process;

/// What the bus says of the service's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnBus {
    pub(crate) is_running: bool,
    /// The bus knows how to start it.
    pub(crate) is_startable: bool,
}

/// What is known of the service.
#[derive(Debug)]
pub(crate) enum Service {
    /// The session bus cannot be reached; why.
    NoBus(String),
    /// The bus, or the service, took a call and did not answer; why.
    Wedged { on_bus: Option<OnBus>, process: Option<Process>, why: String },
    /// It is not running.
    Away(OnBus),
    /// It answers.
    Running {
        on_bus: OnBus,
        process: Option<Process>,
        snapshot: Box<Snapshot>,
        health: Box<Told<Health>>,
    },
}

impl Service {
    /// Asks the bus and the service; starts nothing.
    pub(crate) async fn ask() -> Self {
        let connection = match connect().await {
            Ok(connection) => connection,
            Err(error) => return Self::NoBus(error.to_string()),
        };
        let on_bus = match presence(&connection).await {
            Ok(on_bus) => on_bus,
            Err(error) => {
                return Self::Wedged { on_bus: None, process: None, why: error.to_string() };
            }
        };
        if !on_bus.is_running {
            return Self::Away(on_bus);
        }
        let process = process(&connection).await;
        match answers(&connection).await {
            Ok((snapshot, health)) => Self::Running {
                on_bus,
                process,
                snapshot: Box::new(snapshot),
                health: Box::new(health),
            },
            Err(error) => Self::Wedged { on_bus: Some(on_bus), process, why: error.to_string() },
        }
    }

    /// Returns what the bus says of its name, if there is a bus.
    pub(crate) fn on_bus(&self) -> Option<OnBus> {
        match self {
            Self::NoBus(_) => None,
            Self::Wedged { on_bus, .. } => *on_bus,
            Self::Away(on_bus) | Self::Running { on_bus, .. } => Some(*on_bus),
        }
    }

    /// Returns whether something owns its name.
    pub(crate) fn is_running(&self) -> bool {
        self.on_bus().is_some_and(|on_bus| on_bus.is_running)
    }

    /// Returns its process, if it runs where it can be seen.
    pub(crate) fn process(&self) -> Option<&Process> {
        match self {
            Self::NoBus(_) | Self::Away(_) => None,
            Self::Wedged { process, .. } | Self::Running { process, .. } => process.as_ref(),
        }
    }

    /// Returns what it said, if it answered.
    pub(crate) fn said(&self) -> Option<(&Snapshot, &Told<Health>)> {
        match self {
            Self::Running { snapshot, health, .. } => Some((snapshot, health)),
            Self::NoBus(_) | Self::Wedged { .. } | Self::Away(_) => None,
        }
    }

    /// Returns what it said, for good.
    pub(crate) fn into_said(self) -> Option<(Snapshot, Told<Health>)> {
        match self {
            Self::Running { snapshot, health, .. } => Some((*snapshot, *health)),
            Self::NoBus(_) | Self::Wedged { .. } | Self::Away(_) => None,
        }
    }
}

fn name() -> BusName<'static> {
    BusName::from_static_str(BUS_NAME).expect("the name is valid")
}

async fn presence(connection: &Connection) -> Result<OnBus, Error> {
    let bus = call(DBusProxy::new(connection)).await?;
    let is_running = call(bus.name_has_owner(name())).await?;
    let startable = call(bus.list_activatable_names()).await?;
    let is_startable = startable.iter().any(|known| known.as_str() == BUS_NAME);
    Ok(OnBus { is_running, is_startable })
}

/// Looks at the process that owns the name.
async fn process(connection: &Connection) -> Option<Process> {
    let bus = call(DBusProxy::new(connection)).await.ok()?;
    let id = call(bus.get_connection_unix_process_id(name())).await.ok()?;
    Process::read(id)
}

async fn answers(connection: &Connection) -> Result<(Snapshot, Told<Health>), Error> {
    let control = proxy(connection).await?;
    let snapshot = Snapshot::read(&control).await?;
    Ok((snapshot, call(control.health()).await?.into()))
}
