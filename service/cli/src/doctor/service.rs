//! What the bus and the service say.

use headroom_api::{
    Dict,
    names::{BUS_NAME, SERVICE_BINARY},
};
use zbus::{Connection, fdo::DBusProxy, names::BusName};

use super::{judge::judge, report::Check};
use crate::{
    failure::Failure,
    link::{call, connect, proxy},
    status::Snapshot,
};

/// Checks the bus and the service; says as well whether the service is running.
pub(crate) async fn checks() -> (Vec<Check>, bool) {
    let connection = match connect().await {
        Ok(connection) => connection,
        Err(failure) => return (vec![no_bus(&failure)], false),
    };
    let mut checks =
        vec![Check::ok("bus", "The session bus answers.", "Headroom can be talked to.")];
    match presence(&connection).await {
        Ok(Presence::Running) => {}
        Ok(Presence::Startable) => {
            checks.push(Check::note(
                "service",
                "The service is installed, but not running.",
                "Nothing is processed now. It starts when something calls it.",
                "Run `headroom status` to start it, then `headroom doctor` again.",
            ));
            return (checks, false);
        }
        Ok(Presence::Missing) => {
            checks.push(Check::bad(
                "service",
                "The service is not running, and the bus does not know how to start it.",
                "Nothing is processed. Headroom is not installed for this session.",
                format!("Install Headroom, or run {SERVICE_BINARY} by hand; after an installation, log in again."),
            ));
            return (checks, false);
        }
        Err(failure) => {
            checks.push(wedged(&failure));
            return (checks, false);
        }
    }
    match ask(&connection).await {
        Ok((snapshot, health)) => checks.extend(judge(&snapshot, &health)),
        Err(failure) => checks.push(wedged(&failure)),
    }
    (checks, true)
}

enum Presence {
    Running,
    Startable,
    Missing,
}

async fn presence(connection: &Connection) -> Result<Presence, Failure> {
    let bus = call(DBusProxy::new(connection)).await?;
    let name = BusName::from_static_str(BUS_NAME).expect("the name is valid");
    if call(bus.name_has_owner(name)).await? {
        return Ok(Presence::Running);
    }
    let startable = call(bus.list_activatable_names()).await?;
    let is_startable = startable.iter().any(|name| name.as_str() == BUS_NAME);
    Ok(if is_startable { Presence::Startable } else { Presence::Missing })
}

async fn ask(connection: &Connection) -> Result<(Snapshot, Dict), Failure> {
    let control = proxy(connection).await?;
    let snapshot = Snapshot::read(&control).await?;
    Ok((snapshot, call(control.health()).await?))
}

fn no_bus(failure: &Failure) -> Check {
    Check::bad(
        "bus",
        first_line(failure),
        "Nothing can talk to Headroom, and Headroom to nobody.",
        "Run this within your desktop session; check DBUS_SESSION_BUS_ADDRESS.",
    )
}

fn wedged(failure: &Failure) -> Check {
    Check::bad(
        "service",
        first_line(failure),
        "The service runs, but does not do its work.",
        format!(
            "Restart it: end {SERVICE_BINARY} and run `headroom status`. If it happens again, report it."
        ),
    )
}

fn first_line(failure: &Failure) -> String {
    failure.to_string().lines().next().unwrap_or_default().to_owned()
}
