//! Judges whether there is a bus, and a service on it that answers.

use headroom_api::names::SERVICE_BINARY;

use super::{remedy::RESTART, service};
use crate::{check::Check, facts::service::Service};

/// Judges the bus and the service.
pub(crate) fn judge(found: &Service) -> Vec<Check> {
    if let Service::NoBus(why) = found {
        return vec![Check::bad(
            "bus",
            why,
            "Nothing can talk to Headroom, and Headroom to nobody.",
            "Run this within your desktop session; check DBUS_SESSION_BUS_ADDRESS.",
        )];
    }
    let mut checks =
        vec![Check::ok("bus", "The session bus answers.", "Headroom can be talked to.")];
    match found {
        Service::NoBus(_) => {}
        Service::Wedged { why, .. } => checks.push(Check::bad(
            "service",
            why,
            "The service runs, but does not do its work.",
            format!("Start it anew: {RESTART}. If it happens again, report it: headroom doctor --report"),
        )),
        Service::Away(on_bus) if on_bus.is_startable => checks.push(Check::note(
            "service",
            "The service is installed, but not running.",
            "Nothing is processed now. It starts when something calls it.",
            "Run `headroom status` to start it, then `headroom doctor` again.",
        )),
        Service::Away(_) => checks.push(Check::bad(
            "service",
            "The service is not running, and the bus does not know how to start it.",
            "Nothing is processed. Headroom is not installed for this session.",
            format!(
                "Install Headroom (headroom install apply), or run {SERVICE_BINARY} by hand; after an installation, log in again."
            ),
        )),
        Service::Running { snapshot, health, .. } => {
            checks.extend(service::judge(snapshot, health));
        }
    }
    checks
}
