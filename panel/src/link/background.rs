//! Starting with the session, where Headroom is a Flatpak: the desktop's portal for apps in the background.
//!
//! Runs on a worker of the runtime, only when a person turns the switch. Outside of a Flatpak nothing here is used:
//! there `headroom install` says how the service starts. A portal does not tell what it has granted before, so that
//! its last answer is kept in a file beside the service's own state, inside the app's folder.

use std::{collections::HashMap, fs, io, path::PathBuf, time::Duration};

use headroom_api::names::{DIRECTORY, SERVICE_BINARY};
use tokio::time::timeout;
use tracing::warn;
use zbus::{
    Connection, MatchRule, MessageStream, OwnedObjectPath, OwnedVariant, Variant,
    connection::Builder, fdo, message::Type,
};

use super::next;
use crate::model::Denial;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Background";
const REQUEST: &str = "org.freedesktop.portal.Request";
/// The service's folder and the name of this way of starting it, as in the Flatpak's activation file.
const FOLDER: &str = "/app/libexec";
const DEPLOYMENT: &str = "flatpak/user/default";
/// There while the service starts with the session.
const MEMORY: &str = "starts-with-session";
/// The portal may have to ask a person.
const PATIENCE: Duration = Duration::from_mins(5);

/// Returns what the portal granted when it was last asked.
pub fn is_remembered() -> bool {
    memory().is_some_and(|file| file.exists())
}

/// Has the desktop start the service with the session, or no longer; `reason` is shown to the person.
///
/// # Errors
/// When nothing was changed, with why.
pub async fn start_with_session(on: bool, reason: &str) -> Result<(), Denial> {
    start_with_session_at(None, on, reason).await?;
    remember(on).unwrap_or_else(|error| warn!(%error, "failed to remember the portal's answer"));
    Ok(())
}

/// Asks the portal on the bus at `address`, if there is one.
pub(super) async fn start_with_session_at(
    address: Option<&str>,
    on: bool,
    reason: &str,
) -> Result<(), Denial> {
    match timeout(PATIENCE, ask(address, on, reason)).await {
        Ok(Ok(Answer { background, autostart })) => {
            // Who says no to the background says no to the start as well.
            if autostart == on && (background || !on) { Ok(()) } else { Err(Denial::Refused) }
        }
        Ok(Err(denial)) => Err(denial),
        Err(_) => Err(Denial::NoAnswer),
    }
}

/// What a portal grants.
struct Answer {
    background: bool,
    autostart: bool,
}

async fn ask(address: Option<&str>, on: bool, reason: &str) -> Result<Answer, Denial> {
    let builder = match address {
        Some(address) => Builder::address(address),
        None => headroom_api::session_bus(),
    };
    let connection = builder.build().await?;
    // Listened for before the portal is asked, so that no answer falls in between.
    let rule = MatchRule::builder().msg_type(Type::Signal).interface(REQUEST).member("Response");
    let mut answers = MessageStream::for_match_rule(rule.build()?, &connection, None).await?;
    let handle = request(&connection, on, reason).await?;
    while let Some(answer) = next(&mut answers).await {
        let answer = answer?;
        if answer.header().path().is_none_or(|path| path.as_str() != handle.as_str()) {
            continue;
        }
        let body = answer.body();
        let (code, results): (u32, HashMap<String, OwnedVariant>) = body.deserialize()?;
        let is_granted =
            |key: &str| results.get(key).is_some_and(|value| value.downcast_ref() == Ok(true));
        return match code {
            0 => Ok(Answer {
                background: is_granted("background"),
                autostart: is_granted("autostart"),
            }),
            _ => Err(Denial::Refused),
        };
    }
    Err(Denial::NoAnswer)
}

async fn request(
    connection: &Connection,
    on: bool,
    reason: &str,
) -> Result<OwnedObjectPath, zbus::Error> {
    let service = format!("{FOLDER}/{SERVICE_BINARY}");
    let command = vec![service.as_str(), "--deployment", DEPLOYMENT];
    let options = HashMap::from([
        ("handle_token", Variant::from("headroom")),
        ("reason", Variant::from(reason)),
        ("autostart", Variant::from(on)),
        ("commandline", Variant::from(command)),
    ]);
    let body = ("", options);
    let answer =
        connection.call_method(Some(NAME), PATH, Some(INTERFACE), "RequestBackground", &body);
    answer.await?.body().deserialize()
}

impl From<zbus::Error> for Denial {
    fn from(error: zbus::Error) -> Self {
        const ABSENT: [&str; 4] = [
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.DBus.Error.UnknownInterface",
            "org.freedesktop.DBus.Error.UnknownMethod",
            "org.freedesktop.DBus.Error.UnknownObject",
        ];
        match error {
            zbus::Error::MethodError(name, ..) if ABSENT.contains(&name.as_str()) => Self::NoPortal,
            zbus::Error::FDO(error) => match *error {
                fdo::Error::ServiceUnknown(_)
                | fdo::Error::UnknownInterface(_)
                | fdo::Error::UnknownMethod(_)
                | fdo::Error::UnknownObject(_) => Self::NoPortal,
                error => Self::Failed(error.to_string()),
            },
            error => Self::Failed(error.to_string()),
        }
    }
}

/// The file that stands for the portal's answer; `None` where there is no place for it.
fn memory() -> Option<PathBuf> {
    let absolute = |key| std::env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join(DIRECTORY).join(MEMORY))
}

fn remember(on: bool) -> io::Result<()> {
    let Some(file) = memory() else { return Ok(()) };
    if on {
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        return fs::write(file, "");
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
