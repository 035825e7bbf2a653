//! Desktop notifications: about safe mode, with a button that ends it, and about a sound dose or a level.
//!
//! Sent when somebody is there to show it: no notification daemon is started for it, and none is
//! waited for in anybody's way. Runs as a task of its own on the control thread.

use std::collections::HashMap;

use futures_util::StreamExt;
use headroom_api::{names::PANEL_ID, quotable};
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
/// Time in which 80 dB(A) bring the sound dose of an adult's week (ITU-T H.870), in minutes.
const WEEK_AT_80_MINUTES: f64 = 40.0 * 60.0;

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
    /// Returns a headline, which is plain text.
    fn summary(&self) -> String {
        match self {
            Self::Dose { hundreds: 1 } => "A week's sound dose is full".to_owned(),
            Self::Dose { hundreds } => format!("A week's sound dose is full {hundreds} times"),
            Self::Level { device, level_dba } => {
                format!("{} plays at {level_dba:.0} dB(A)", quotable(device))
            }
        }
    }

    /// Returns the rest, which desktops may take for markup: no name is in it.
    fn body(&self) -> String {
        match self {
            Self::Dose { hundreds } => format!(
                "The last seven days brought {hundreds}00 % of the sound dose of an adult's week (ITU-T H.870), as exactly \
                 as your devices are calibrated. Nothing was turned down."
            ),
            Self::Level { level_dba, .. } => {
                let minutes = WEEK_AT_80_MINUTES / 10.0_f64.powf((level_dba - 80.0) / 10.0);
                let minutes = if minutes < 1.5 {
                    "a minute or less".to_owned()
                } else {
                    format!("{minutes:.0} minutes")
                };
                format!(
                    "So loud, {minutes} bring the sound dose of an adult's week (ITU-T H.870), as exactly as it is \
                     calibrated. Nothing was turned down."
                )
            }
        }
    }
}

impl Notice {
    /// Tells of safe mode, as soon as there is something to show it with.
    pub(super) fn safe_mode(
        connection: &Connection,
        requests: &UnboundedSender<Request>,
        why: &'static str,
    ) -> Self {
        let (connection, requests) = (connection.clone(), requests.clone());
        Self::spawn(move |mut withdrawn| async move {
            tell_of_safe_mode(&connection, &requests, why, &mut withdrawn).await
        })
    }

    /// Warns quietly, as soon as there is something to show it with.
    pub(super) fn warning(connection: &Connection, warning: &Warning) -> Self {
        let (connection, summary, body) = (connection.clone(), warning.summary(), warning.body());
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
    why: &str,
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
    let body = format!("Sound goes on, but nothing is protected. {why}");
    let shown = desktop.notify(
        "Headroom",
        0,
        PANEL_ID,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_says_how_much_and_that_nothing_is_turned_down() {
        let level = |level_dba| Warning::Level { device: "Red <b>\u{202e}".into(), level_dba };
        for (warning, summary, body) in [
            (Warning::Dose { hundreds: 1 }, "A week's sound dose is full", " 100 % "),
            (Warning::Dose { hundreds: 3 }, "A week's sound dose is full 3 times", " 300 % "),
            (level(100.2), "Red <b>\\u{202e} plays at 100 dB(A)", ", 23 minutes "),
            (level(125.0), "Red <b>\\u{202e} plays at 125 dB(A)", ", a minute or less "),
        ] {
            assert_eq!(warning.summary(), summary);
            let told = warning.body();
            assert!(told.contains(body) && told.contains("H.870"), "{told}");
            assert!(told.ends_with("Nothing was turned down."), "{told}");
            assert!(!told.contains('<') && !told.to_lowercase().contains("safe"), "{told}");
        }
    }
}
