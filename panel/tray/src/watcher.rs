//! The desktop's list of icons, `org.kde.StatusNotifierWatcher`: puts ours on it, whenever there is one.
//!
//! Runs as one future, and sleeps until the bus tells that there is another list. Without one nothing is shown, and
//! nothing is tried at intervals.

use std::{convert::Infallible, time::Duration};

use tokio::time::timeout;
use tracing::warn;
use zbus::{
    Connection, Error,
    fdo::{self, DBusProxy},
    names::BusName,
};

use crate::bus::{gone, next};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
/// Longest wait for its answer: it comes with the desktop, which is busy then.
const ANSWER: Duration = Duration::from_secs(30);

/// Puts the icon on every list that comes, until the bus is gone.
///
/// # Errors
/// When the bus is gone.
pub(crate) async fn run(connection: &Connection) -> Result<Infallible, Error> {
    let bus = DBusProxy::new(connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
    let mut known = match bus.get_name_owner(BusName::from_static_str(NAME)?).await {
        Ok(owner) => Some(owner),
        Err(fdo::Error::NameHasNoOwner(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if known.is_some() {
        register(connection).await;
    }
    loop {
        let change = next(&mut owners).await.ok_or_else(gone)?;
        let owner = change.args()?.new_owner().as_ref().map(|owner| owner.to_owned().into());
        // A late word of the one that was there already is no other list.
        if owner.is_some() && owner != known {
            register(connection).await;
        }
        known = owner;
    }
}

/// Registers by the connection's own name, which is also one that a sandbox lets pass.
async fn register(connection: &Connection) {
    let own = (connection.unique_name().map(ToString::to_string).unwrap_or_default(),);
    let answer =
        connection.call_method(Some(NAME), PATH, Some(NAME), "RegisterStatusNotifierItem", &own);
    match timeout(ANSWER, answer).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(%error, "the tray does not take the icon"),
        Err(_) => warn!("the tray does not answer"),
    }
}
