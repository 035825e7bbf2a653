//! The desktop's list of icons, `org.kde.StatusNotifierWatcher`: puts ours on it, whenever there is one.
//!
//! Runs as one future, and sleeps until the bus tells that there is another list. Without one nothing is shown, and
//! nothing is tried at intervals.

use std::{convert::Infallible, time::Duration};

use tokio::time::timeout;
use tracing::{info, warn};
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
    match bus.get_name_owner(BusName::from_static_str(NAME)?).await {
        Ok(_) => register(connection).await,
        Err(fdo::Error::NameHasNoOwner(_)) => info!("the desktop has no tray; waiting for one"),
        Err(error) => return Err(error.into()),
    }
    loop {
        let change = next(&mut owners).await.ok_or_else(gone)?;
        if change.args()?.new_owner().is_some() {
            register(connection).await;
        }
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
