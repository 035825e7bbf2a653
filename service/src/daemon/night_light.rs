//! Whether the desktop's Night Light is on: GNOME's or KDE's, whichever is there.
//!
//! A task for each on the control thread, while a schedule goes with it; dropping it ends them. It asks once when a desktop
//! appears, and then listens; it starts no program.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    task::AbortHandle,
};
use tracing::debug;
use zbus::{
    Connection, OwnedVariant, Variant,
    fdo::{DBusProxy, PropertiesProxy},
    names::InterfaceName,
    proxy::CacheProperties,
};

/// A desktop that has a Night Light.
#[derive(Debug)]
struct Desktop {
    name: &'static str,
    path: &'static str,
    interface: &'static str,
    /// The property that says that it is on, and one that says that it is on by day as well.
    is_on: &'static str,
    is_day: Option<&'static str>,
}

const DESKTOPS: [Desktop; 2] = [
    Desktop {
        name: "org.gnome.SettingsDaemon.Color",
        path: "/org/gnome/SettingsDaemon/Color",
        interface: "org.gnome.SettingsDaemon.Color",
        is_on: "NightLightActive",
        is_day: None,
    },
    Desktop {
        name: "org.kde.KWin",
        path: "/org/kde/KWin/NightLight",
        interface: "org.kde.KWin.NightLight",
        // KWin's runs by day, too, with the colours of the day.
        is_on: "running",
        is_day: Some("daylight"),
    },
];

/// The tasks that listen, and what they have heard.
#[derive(Debug)]
pub(super) struct NightLight {
    /// Of each desktop, once it is known.
    on: watch::Receiver<[Option<bool>; DESKTOPS.len()]>,
    tasks: Vec<AbortHandle>,
}

impl NightLight {
    /// Listens from now on; `changed` is sent to when it may be another.
    pub(super) fn follow(connection: &Connection, changed: &UnboundedSender<()>) -> Self {
        let (told, on) = watch::channel([None; DESKTOPS.len()]);
        let tasks = DESKTOPS.iter().enumerate().map(|(at, desktop)| {
            let (connection, told, changed) = (connection.clone(), told.clone(), changed.clone());
            let tell = move |on| {
                let is_new = told.send_if_modified(|known| known[at].replace(on) != Some(on));
                if is_new {
                    let _ = changed.send(());
                }
            };
            let task = tokio::spawn(async move {
                if let Err(error) = desktop.listen(&connection, tell).await {
                    debug!(%error, desktop = desktop.name, "cannot follow the Night Light");
                }
            });
            task.abort_handle()
        });
        let tasks = tasks.collect();
        Self { on, tasks }
    }

    /// Says whether it is on; `None` until every desktop was asked.
    pub(super) fn is_on(&self) -> Option<bool> {
        let on = self.on.borrow();
        let known = on.iter().all(Option::is_some);
        (known || on.contains(&Some(true))).then(|| on.contains(&Some(true)))
    }
}

impl Drop for NightLight {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Desktop {
    async fn listen(&self, connection: &Connection, tell: impl Fn(bool)) -> zbus::Result<()> {
        let bus = DBusProxy::new(connection).await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, self.name)]).await?;
        let properties = PropertiesProxy::builder(connection)
            .destination(self.name)
            .path(self.path)
            .cache_properties(CacheProperties::No);
        let properties = properties.build().await?;
        let mut changes = properties.receive_properties_changed().await?;
        loop {
            let is_there = bus.name_has_owner(self.name.try_into()?).await?;
            let on = is_there && self.ask(&properties).await;
            tell(on);
            tokio::select! {
                Some(_) = owners.next() => {}
                // Its colours change by small steps, which say nothing here.
                Some(()) = self.next_change(&mut changes) => {}
                else => return Ok(()),
            }
        }
    }

    async fn ask(&self, properties: &PropertiesProxy<'_>) -> bool {
        let Ok(interface) = InterfaceName::try_from(self.interface) else { return false };
        match properties.get_all(interface).await {
            Ok(all) => self.judge(&all),
            Err(error) => {
                debug!(%error, desktop = self.name, "the Night Light does not answer");
                false
            }
        }
    }

    fn judge(&self, all: &HashMap<String, OwnedVariant>) -> bool {
        let says = |name: &str| matches!(all.get(name).map(|it| &**it), Some(Variant::Bool(true)));
        says(self.is_on) && !self.is_day.is_some_and(says)
    }

    async fn next_change(&self, changes: &mut zbus::fdo::PropertiesChangedStream) -> Option<()> {
        loop {
            let change = changes.next().await?;
            let Ok(args) = change.args() else { continue };
            let matters = |name: &str| name == self.is_on || self.is_day == Some(name);
            let mut names =
                args.changed_properties.keys().chain(args.invalidated_properties.iter());
            if args.interface_name == self.interface && names.any(|name| matters(name)) {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(entries: &[(&str, bool)]) -> HashMap<String, OwnedVariant> {
        let entry = |(name, on): &(&str, bool)| {
            ((*name).to_owned(), OwnedVariant::try_from(Variant::from(*on)).unwrap())
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn night_light_is_on_when_its_desktop_says_so() {
        let [gnome, kde] = &DESKTOPS;
        assert!(gnome.judge(&told(&[("NightLightActive", true)])));
        assert!(!gnome.judge(&told(&[("NightLightActive", false)])));
        assert!(kde.judge(&told(&[("running", true), ("daylight", false)])));
        assert!(kde.judge(&told(&[("running", true)])), "one before that property");
        assert!(!kde.judge(&told(&[("running", true), ("daylight", true)])));
        assert!(!kde.judge(&told(&[])));
    }
}
