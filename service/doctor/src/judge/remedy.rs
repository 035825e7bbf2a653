//! The one command that starts the service anew, whoever starts it here.

use crate::{
    check::Check,
    facts::unit::{Manager, SERVICE_UNIT},
};

/// Stands in an advice until it is known who starts the service.
pub(crate) const RESTART: &str = "{restart}";

/// Returns the command: of systemd, of `headroom install`, or of the shell.
pub(crate) fn restart(manager: &Manager, is_deployed: bool, process: Option<u32>) -> String {
    let is_of_systemd = manager.unit(SERVICE_UNIT).is_some_and(|unit| {
        unit.load == "loaded" && !unit.is_masked() && (unit.active == "active" || process.is_none())
    });
    match process {
        _ if is_of_systemd => format!("systemctl --user restart {SERVICE_UNIT}"),
        _ if is_deployed => "headroom install restart".to_owned(),
        // The bus starts it again when something calls it.
        Some(process) => format!("kill {process} && headroom status"),
        None => "headroom status".to_owned(),
    }
}

/// Puts the command into every advice that waits for it.
pub(crate) fn fill(checks: &mut [Check], restart: &str) {
    for check in checks {
        check.advice = check.advice.replace(RESTART, restart);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::facts::unit::Unit;

    fn manager(load: &str, active: &str) -> Manager {
        let unit = Unit { load: load.to_owned(), active: active.to_owned(), ..Unit::default() };
        Manager::Present(BTreeMap::from([(SERVICE_UNIT.to_owned(), unit)]))
    }

    #[test]
    fn whoever_started_the_service_is_asked_to_start_it_anew() {
        let loaded = manager("loaded", "active");
        assert_eq!(restart(&loaded, true, Some(7)), "systemctl --user restart headroom.service");
        assert_eq!(restart(&Manager::Absent, true, Some(7)), "headroom install restart");
        assert_eq!(restart(&Manager::Absent, false, Some(7)), "kill 7 && headroom status");
        assert_eq!(restart(&Manager::Silent, false, None), "headroom status");
    }

    #[test]
    fn systemd_cannot_restart_what_it_did_not_start() {
        let idle = manager("loaded", "inactive");
        assert_eq!(restart(&idle, false, Some(7)), "kill 7 && headroom status");
        assert_eq!(restart(&idle, false, None), "systemctl --user restart headroom.service");
        let missing = manager("not-found", "inactive");
        assert_eq!(restart(&missing, false, None), "headroom status");
    }

    #[test]
    fn an_advice_gets_its_command() {
        let mut checks = [Check::note("x", "", "", format!("Do it: {RESTART}"))];
        fill(&mut checks, "now");
        assert_eq!(checks[0].advice, "Do it: now");
    }
}
