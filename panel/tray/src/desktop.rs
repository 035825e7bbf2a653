//! What is asked of the desktop: the panel's window, and a notification.
//!
//! Starts the panel's program and does not wait for it. Runs on the tray's thread; must not block.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use headroom_api::names::PANEL_ID;
use tokio::{process::Command, time::timeout};
use tracing::warn;
use zbus::{Connection, Variant};

const PANEL: &str = "headroom-panel";
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const ANSWER: Duration = Duration::from_secs(5);

/// Returns the panel's program: beside this one, else on the `PATH`.
pub(crate) fn panel() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = beside.into_iter().chain(std::env::split_paths(&path));
    folders.find_map(|folder| Some(folder.join(PANEL)).filter(|program| program.is_file()))
}

/// Returns the folder of icons under the prefix that this program lies in; empty where there is none.
pub(crate) fn icon_theme() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let theme = prefix.join("share/icons");
    if theme.is_dir() { theme.to_string_lossy().into_owned() } else { String::new() }
}

/// Opens the panel, or brings it to the front; `token` is what a compositor of Wayland wants to see for that.
pub(crate) fn open(panel: &Path, token: Option<String>) {
    let mut command = Command::new(panel);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .envs(token.map(|it| ("XDG_ACTIVATION_TOKEN", it)));
    // Its end is collected by the runtime; it stays when the tray ends.
    if let Err(error) = command.spawn() {
        warn!(%error, "failed to start {}", panel.display());
    }
}

/// Tells a person something that must not be missed.
pub(crate) async fn notify(connection: &Connection, sentence: String) {
    let (actions, hints) = (Vec::<&str>::new(), HashMap::<&str, Variant<'_>>::new());
    let body = ("Headroom", 0_u32, PANEL_ID, "Headroom", sentence, actions, hints, -1_i32);
    let path = "/org/freedesktop/Notifications";
    let told =
        connection.call_method(Some(NOTIFICATIONS), path, Some(NOTIFICATIONS), "Notify", &body);
    match timeout(ANSWER, told).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(%error, "failed to notify"),
        Err(_) => warn!("notifications are not answered"),
    }
}
