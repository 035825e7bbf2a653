//! A desktop notification about safe mode, with a button that ends it.
//!
//! Sent when somebody is there to show it: no notification daemon is started for it, and none is
//! waited for in anybody's way. Runs as a task of its own on the control thread.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::{
    sync::{
        mpsc::UnboundedSender,
        oneshot::{self, error::RecvError},
    },
    task::JoinHandle,
};
use tracing::debug;
use zbus::{Connection, Variant, fdo::DBusProxy, proxy};

use crate::control::Request;

const SERVER: &str = "org.freedesktop.Notifications";
/// Name of the button, for programs.
const TURN_ON: &str = "turn-on";
/// Stays until it is dismissed.
const NEVER_EXPIRES: i32 = 0;

/// The desktop's notifications, Desktop Notifications Specification 1.3.
#[proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[zbus(no_autostart)]
    #[allow(clippy::too_many_arguments, reason = "the specification's to say")]
    fn notify(
        &self,
        app_name: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Variant<'_>>,
        expires_ms: i32,
    ) -> zbus::Result<u32>;
    #[zbus(no_autostart)]
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action: String) -> zbus::Result<()>;
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}

/// A notification that is shown, or waits to be; dropping it takes it back.
#[derive(Debug)]
pub(super) struct Notice {
    _withdraw: oneshot::Sender<()>,
    _task: JoinHandle<()>,
}

impl Notice {
    /// Shows it as soon as there is something to show it with.
    pub(super) fn show(
        connection: &Connection,
        requests: &UnboundedSender<Request>,
        why: &'static str,
    ) -> Self {
        let (withdraw, mut withdrawn) = oneshot::channel();
        let (connection, requests) = (connection.clone(), requests.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = tell(&connection, &requests, why, &mut withdrawn).await {
                debug!(%error, "no notification could be shown");
            }
        });
        Self { _withdraw: withdraw, _task: task }
    }
}

async fn tell(
    connection: &Connection,
    requests: &UnboundedSender<Request>,
    why: &str,
    withdrawn: &mut oneshot::Receiver<()>,
) -> zbus::Result<()> {
    let bus = DBusProxy::new(connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, SERVER)]).await?;
    while !bus.name_has_owner(SERVER.try_into()?).await? {
        tokio::select! {
            Some(_) = owners.next() => {}
            Err(RecvError { .. }) = &mut *withdrawn => return Ok(()),
            else => return Ok(()),
        }
    }
    let desktop = NotificationsProxy::new(connection).await?;
    let mut actions = desktop.receive_action_invoked().await?;
    let mut closed = desktop.receive_notification_closed().await?;
    let hints = HashMap::from([
        ("urgency", Variant::new(2_u8)),
        ("desktop-entry", Variant::new(headroom_api::names::PANEL_ID)),
    ]);
    let body = format!("Sound goes on, but nothing is protected. {why}");
    let shown = desktop.notify(
        "Headroom",
        0,
        headroom_api::names::PANEL_ID,
        "Headroom has taken itself out of the way",
        &body,
        &[TURN_ON, "Turn protection on"],
        hints,
        NEVER_EXPIRES,
    );
    let id = shown.await?;
    loop {
        tokio::select! {
            Some(action) = actions.next() => {
                let action = action.args()?;
                if action.id == id && action.action == TURN_ON {
                    let (reply, answer) = oneshot::channel();
                    if requests.send(Request::SetBypass(false, reply)).is_ok()
                        && let Ok(Err(error)) = answer.await
                    {
                        debug!(%error, "the button could do nothing");
                    }
                }
            }
            Some(closed) = closed.next() => if closed.args()?.id == id {
                return Ok(());
            },
            Err(RecvError { .. }) = &mut *withdrawn => return desktop.close_notification(id).await,
            else => return Ok(()),
        }
    }
}
