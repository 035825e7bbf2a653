//! The object on the session bus, and the name by which it is found.
//!
//! Runs on the control thread, before and after everything else: the name comes last, when there is something to tell.

use std::sync::Arc;

use anyhow::{Context, bail};
use headroom_api::names;
use tokio::sync::{mpsc, watch};
use zbus::{
    Connection,
    fdo::{RequestNameFlags, RequestNameReply},
};

use crate::control::{Admission, Interface, Live, Request, View, guarded};

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
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
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

fn already_running() -> String {
    format!("Headroom runs already in this session: {} has an owner", names::BUS_NAME)
}
