//! Desktop notifications: about safe mode, with a button that ends it, and about a sound dose or a level.
//!
//! Sent when somebody is there to show it: no notification daemon is started for it, and none is
//! waited for in anybody's way. Runs as a task of its own on the control thread.

use std::collections::HashMap;

use futures_util::StreamExt;
use headroom_api::{SafeModeCause, names::PANEL_ID};
use headroom_words::{NoticeWords, turn_on};
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
/// Goes when the desktop thinks fit, and stays in its list.
const EXPIRES_AS_USUAL: i32 = -1;

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

/// What a person is warned of, who has asked for that.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Warning {
    /// The sound dose of the last seven days.
    Dose {
        /// Whole hundred per cent that it has reached.
        hundreds: u32,
    },
    /// A level at the ear.
    Level {
        /// The device, as people call it.
        device: String,
        /// In dB(A).
        level_dba: f64,
    },
}

impl Warning {
    fn words(&self) -> NoticeWords {
        match self {
            Self::Dose { hundreds } => NoticeWords::of_dose(*hundreds),
            Self::Level { device, level_dba } => NoticeWords::of_level(device, *level_dba),
        }
    }
}

impl Notice {
    /// Tells of safe mode, as soon as there is something to show it with.
    pub(super) fn safe_mode(
        connection: &Connection,
        requests: &UnboundedSender<Request>,
        cause: SafeModeCause,
    ) -> Self {
        let (connection, requests) = (connection.clone(), requests.clone());
        Self::spawn(move |mut withdrawn| async move {
            tell_of_safe_mode(&connection, &requests, cause, &mut withdrawn).await
        })
    }

    /// Warns quietly, as soon as there is something to show it with.
    pub(super) fn warning(connection: &Connection, warning: &Warning) -> Self {
        let (connection, NoticeWords { summary, body }) = (connection.clone(), warning.words());
        Self::spawn(move |mut withdrawn| async move {
            if !is_shown_by_somebody(&connection, &mut withdrawn).await? {
                return Ok(());
            }
            let hints = HashMap::from([
                ("urgency", Variant::new(1_u8)),
                ("suppress-sound", Variant::new(true)),
                ("desktop-entry", Variant::new(PANEL_ID)),
            ]);
            let desktop = NotificationsProxy::new(&connection).await?;
            let shown = desktop.notify(
                "Headroom",
                0,
                PANEL_ID,
                &summary,
                &body,
                &[],
                hints,
                EXPIRES_AS_USUAL,
            );
            shown.await.map(drop)
        })
    }

    fn spawn<F: Future<Output = zbus::Result<()>> + Send + 'static>(
        told: impl FnOnce(oneshot::Receiver<()>) -> F,
    ) -> Self {
        let (withdraw, withdrawn) = oneshot::channel();
        let told = told(withdrawn);
        let task = tokio::spawn(async move {
            if let Err(error) = told.await {
                debug!(%error, "no notification could be shown");
            }
        });
        Self { _withdraw: withdraw, _task: task }
    }
}

/// Waits until there is a desktop that shows notifications; false where there is none until this one is withdrawn.
async fn is_shown_by_somebody(
    connection: &Connection,
    withdrawn: &mut oneshot::Receiver<()>,
) -> zbus::Result<bool> {
    let bus = DBusProxy::new(connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, SERVER)]).await?;
    while !bus.name_has_owner(SERVER.try_into()?).await? {
        tokio::select! {
            Some(_) = owners.next() => {}
            Err(RecvError { .. }) = &mut *withdrawn => return Ok(false),
            else => return Ok(false),
        }
    }
    Ok(true)
}

async fn tell_of_safe_mode(
    connection: &Connection,
    requests: &UnboundedSender<Request>,
    cause: SafeModeCause,
    withdrawn: &mut oneshot::Receiver<()>,
) -> zbus::Result<()> {
    if !is_shown_by_somebody(connection, withdrawn).await? {
        return Ok(());
    }
    let desktop = NotificationsProxy::new(connection).await?;
    let mut actions = desktop.receive_action_invoked().await?;
    let mut closed = desktop.receive_notification_closed().await?;
    let hints =
        HashMap::from([("urgency", Variant::new(2_u8)), ("desktop-entry", Variant::new(PANEL_ID))]);
    let (NoticeWords { summary, body }, turn_on) = (NoticeWords::of_safe_mode(cause), turn_on());
    let buttons = [TURN_ON, &turn_on];
    let shown =
        desktop.notify("Headroom", 0, PANEL_ID, &summary, &body, &buttons, hints, NEVER_EXPIRES);
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
