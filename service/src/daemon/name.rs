//! The object on the session bus, and the name by which it is found.
//!
//! Runs on the control thread, before and after everything else: the name comes last, when there is something to tell.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use headroom_api::names;
use tokio::sync::{mpsc, watch};
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags, RequestNameReply},
};

use crate::{
    control::{Admission, Interface, Live, Request, View, guarded},
    supervision::Supervisor,
};

/// Longest wait for the one that takes over, which waits for PipeWire itself before it has its name.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// Serves the object on the session bus, where no other instance runs, without a name as yet.
pub(super) async fn connect(
    requests: mpsc::UnboundedSender<Request>,
    view: watch::Receiver<Arc<View>>,
) -> anyhow::Result<Connection> {
    let admission = Arc::new(Admission::default());
    let builder = match headroom_api::session_socket() {
        Some(socket) => zbus::connection::Builder::socket(guarded(socket, admission.clone())),
        // On a way of its own, or not at all, which is told as it fails.
        None => headroom_api::session_bus(),
    };
    let connection = builder
        .serve_at(names::OBJECT_PATH, Interface::new(Live::new(requests, view, admission)))
        .build()
        .await
        .context("cannot reach the session bus (is DBUS_SESSION_BUS_ADDRESS set?)")?;
    refuse_second_instance(&connection).await?;
    Ok(connection)
}

async fn refuse_second_instance(connection: &Connection) -> anyhow::Result<()> {
    let bus = DBusProxy::new(connection).await?;
    if bus.name_has_owner(names::BUS_NAME.try_into()?).await? {
        bail!(already_running());
    }
    Ok(())
}

/// Takes the name last, without replacing an owner and without letting itself be replaced.
pub(super) async fn take_name(connection: &Connection) -> anyhow::Result<()> {
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    match connection.request_name_with_flags(names::BUS_NAME, flags).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(_) | Err(zbus::Error::NameTaken) => bail!(already_running()),
        Err(error) => Err(error).context("the session bus refuses the name"),
    }
}

/// Says whether the bus knows of a Headroom that it could start.
///
/// # Errors
/// When the bus does not answer.
pub(super) async fn is_activatable(connection: &Connection) -> zbus::Result<bool> {
    let names = DBusProxy::new(connection).await?.list_activatable_names().await?;
    Ok(names.iter().any(|name| name.as_str() == names::BUS_NAME))
}

/// Gives up the name and has the bus start another service; the last act of this one.
///
/// # Errors
/// When none has started. Whoever calls the name next starts one all the same.
pub(super) async fn start_another(
    connection: &Connection,
    supervisor: Supervisor,
) -> anyhow::Result<()> {
    connection.release_name(names::BUS_NAME).await.context("failed to give up the name")?;
    let bus = DBusProxy::new(connection).await?;
    if supervisor == Supervisor::Systemd {
        // It starts the unit again when this process has ended: to wait for that would be to wait for oneself.
        let call = (names::BUS_NAME, 0_u32);
        return bus
            .inner()
            .call_noreply("StartServiceByName", &call)
            .await
            .context("failed to ask for another Headroom");
    }
    let started = bus.start_service_by_name(names::BUS_NAME.try_into()?, 0);
    let started = tokio::time::timeout(START_TIMEOUT, started).await;
    started.context("no other Headroom started in time")?.context("no other Headroom started")?;
    Ok(())
}

fn already_running() -> String {
    format!("Headroom runs already in this session: {} has an owner", names::BUS_NAME)
}
