//! Nobody has the service's name: starts it, or waits for it.

use std::time::Duration;

use headroom_api::names::BUS_NAME;
use tokio::time::{MissedTickBehavior, interval, timeout};
use zbus::{
    fdo::{self, DBusProxy, NameOwnerChangedStream},
    names::{OwnedUniqueName, WellKnownName},
};

use super::{End, Line, Refusal, call, next, no_bus, owner};
use crate::model::{Ask, Failure, Input, Presence};

/// Longest wait for a service that is being started: a little more than a bus itself waits.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How often to look whether one has been installed meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Waits until somebody has the name, and returns who; with `wake` it is started first.
///
/// `seen` says that one has been there: then it is installed, whether or not the bus can start it.
pub(super) async fn wait(
    bus: &DBusProxy<'_>,
    owners: &mut NameOwnerChangedStream,
    line: &mut Line<'_>,
    wake: bool,
    seen: bool,
) -> Result<OwnedUniqueName, End> {
    let mut presence = if wake { start(bus, line, None).await? } else { look(bus, seen).await? };
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.reset();
    loop {
        if let Some(owner) = owner(bus).await? {
            return Ok(owner);
        }
        line.tell(Input::Service(presence.clone()))?;
        tokio::select! {
            change = next(owners) => {
                if change.is_none() {
                    return Err(End::NoBus(String::new()));
                }
            }
            _ = looks.tick(), if presence == Presence::NotInstalled => {
                presence = look(bus, false).await?;
            }
            ask = line.next_ask() => match ask? {
                Ask::StartService => presence = start(bus, line, Some(Ask::StartService)).await?,
                ask => line.decline(ask, Failure::NotRunning, String::new())?,
            },
        }
    }
}

/// Says whether there is something to start, without starting it.
async fn look(bus: &DBusProxy<'_>, seen: bool) -> Result<Presence, End> {
    let names = call(bus.list_activatable_names()).await.map_err(no_bus)?;
    if seen || names.iter().any(|name| name.as_str() == BUS_NAME) {
        Ok(Presence::NotRunning { sentence: String::new() })
    } else {
        Ok(Presence::NotInstalled)
    }
}

/// Has the bus start the service, and says how things stand when that failed.
async fn start(
    bus: &DBusProxy<'_>,
    line: &mut Line<'_>,
    ask: Option<Ask>,
) -> Result<Presence, End> {
    line.tell(Input::Service(Presence::Connecting))?;
    let name = WellKnownName::from_static_str(BUS_NAME).expect("the name is valid");
    let (presence, sentence) =
        match timeout(START_TIMEOUT, bus.start_service_by_name(name, 0)).await {
            // The name is taken, and looked up next; or it was, and is lost again.
            Ok(Ok(_)) => return look(bus, true).await,
            Ok(Err(fdo::Error::ServiceUnknown(_))) => (Presence::NotInstalled, String::new()),
            Ok(Err(error)) => {
                let sentence = Refusal::from(error).sentence;
                (Presence::NotRunning { sentence: sentence.clone() }, sentence)
            }
            Err(_) => (Presence::NotRunning { sentence: String::new() }, String::new()),
        };
    if let Some(ask) = ask {
        line.tell(Input::Failed { ask, why: Failure::NotStarted, sentence })?;
    }
    Ok(presence)
}
