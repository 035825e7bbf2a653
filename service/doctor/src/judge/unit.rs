//! Judges the service's unit, where a systemd looks after it.

use crate::{
    check::Check,
    facts::unit::{Manager, SERVICE_UNIT, Unit, WATCHDOG_TIMER},
};

/// Judges the units; `is_running` is whether the service is on the bus, `process` whose it is.
pub(crate) fn judge(manager: &Manager, is_running: bool, process: Option<u32>) -> Vec<Check> {
    let mut checks = Vec::new();
    if *manager == Manager::Silent {
        checks.push(Check::bad(
            "unit",
            "The user's systemd does not answer.",
            "Services of this session can neither be started nor stopped, Headroom among them.",
            "Log out and in again.",
        ));
    }
    checks.extend(
        manager
            .unit(SERVICE_UNIT)
            .filter(|unit| !unit.is_missing())
            .map(|unit| service(unit, is_running, process)),
    );
    checks
        .extend(manager.unit(WATCHDOG_TIMER).filter(|unit| !unit.is_missing()).map(watchdog_timer));
    checks
}

fn service(unit: &Unit, is_running: bool, process: Option<u32>) -> Check {
    if unit.is_masked() {
        return Check::bad(
            "unit",
            format!("The unit {SERVICE_UNIT} is masked."),
            "systemd refuses to start it, whoever asks; calls to the service fail.",
            format!("systemctl --user unmask {SERVICE_UNIT}"),
        );
    }
    if !matches!(unit.load.as_str(), "loaded" | "") {
        return Check::bad(
            "unit",
            format!("systemd cannot load {SERVICE_UNIT}: {}.", unit.load),
            "The service cannot be started by it.",
            format!("Look at what is wrong with it: systemctl --user status {SERVICE_UNIT}"),
        );
    }
    if unit.active == "failed" {
        let limit = if unit.result == "start-limit-hit" {
            " It failed so often that systemd has stopped trying."
        } else {
            ""
        };
        return Check::bad(
            "unit",
            format!("The unit {SERVICE_UNIT} has failed: {}.{limit}", unit.result),
            "Nothing is protected, and calls to the service hang until they time out.",
            format!(
                "systemctl --user reset-failed {SERVICE_UNIT} && systemctl --user start {SERVICE_UNIT}"
            ),
        );
    }
    if unit.sub == "auto-restart" {
        return Check::bad(
            "unit",
            format!("The unit {SERVICE_UNIT} is being restarted ({} times so far).", unit.restarts),
            "It ends again and again; sound plays without protection meanwhile.",
            format!("See why: journalctl --user -u {SERVICE_UNIT} -n 50"),
        );
    }
    if unit.is_stale {
        return Check::note(
            "unit",
            format!("The file of {SERVICE_UNIT} changed after systemd read it."),
            "The next start still follows the old one.",
            "systemctl --user daemon-reload",
        );
    }
    if unit.active == "active" && !is_running {
        return Check::bad(
            "unit",
            format!("The unit {SERVICE_UNIT} is active, but the service is not on this bus."),
            "It talks to another session's bus, or hangs.",
            format!("systemctl --user restart {SERVICE_UNIT}"),
        );
    }
    if unit.active != "active" && is_running {
        return Check::note(
            "unit",
            format!(
                "The service runs, but the unit {SERVICE_UNIT} is {}: it was started in another way.",
                unit.active
            ),
            "systemd does not look after it: nothing restarts it when it ends.",
            format!(
                "kill {} && systemctl --user start {SERVICE_UNIT}",
                process.map_or_else(|| "PROCESS".to_owned(), |process| process.to_string())
            ),
        );
    }
    settled(unit)
}

/// Judges a unit that is as it was left: running, or stopped on purpose.
fn settled(unit: &Unit) -> Check {
    let found = format!("The unit {SERVICE_UNIT} is {} and {}.", unit.active, unit.file_state);
    if unit.restarts > 0 {
        return Check::note(
            "unit",
            format!("{found} systemd had to restart it: {} times.", unit.restarts),
            "It runs again now, but it ended unasked before.",
            format!("See why: journalctl --user -u {SERVICE_UNIT} -n 50"),
        );
    }
    if !unit.is_enabled() && unit.file_state != "static" {
        return Check::note(
            "unit",
            found,
            "It is not started at login, only when something calls it.",
            format!("systemctl --user enable --now {SERVICE_UNIT}"),
        );
    }
    if unit.active != "active" {
        return Check::note(
            "unit",
            found,
            "It starts at the next login, or when something calls it.",
            format!("systemctl --user start {SERVICE_UNIT}"),
        );
    }
    Check::ok("unit", found, "systemd starts it at login and restarts it when it fails.")
}

fn watchdog_timer(timer: &Unit) -> Check {
    if timer.is_masked() || timer.active != "active" {
        return Check::note(
            "watchdog-timer",
            format!("{WATCHDOG_TIMER} is there, but {}.", timer.active),
            "Nobody looks whether the service is well.",
            format!("systemctl --user enable --now {WATCHDOG_TIMER}"),
        );
    }
    Check::ok(
        "watchdog-timer",
        format!("{WATCHDOG_TIMER} is active."),
        "It recovers the service when that is not well.",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::check::Severity;

    fn well() -> Unit {
        Unit {
            load: "loaded".to_owned(),
            active: "active".to_owned(),
            sub: "running".to_owned(),
            file_state: "enabled".to_owned(),
            result: "success".to_owned(),
            restarts: 0,
            is_stale: false,
        }
    }

    fn changed(change: impl FnOnce(&mut Unit)) -> Unit {
        let mut unit = well();
        change(&mut unit);
        unit
    }

    fn with(active: &str) -> Unit {
        changed(|unit| active.clone_into(&mut unit.active))
    }

    #[test]
    fn without_a_manager_or_a_unit_there_is_nothing_to_say() {
        assert!(judge(&Manager::Absent, true, None).is_empty());
        let missing = changed(|unit| "not-found".clone_into(&mut unit.load));
        let units = BTreeMap::from([(SERVICE_UNIT.to_owned(), missing)]);
        assert!(judge(&Manager::Present(units), true, None).is_empty());
    }

    #[test]
    fn a_manager_that_is_silent_is_bad() {
        assert_eq!(judge(&Manager::Silent, true, None)[0].severity, Severity::Bad);
    }

    #[test]
    fn an_enabled_unit_that_runs_is_well() {
        assert_eq!(service(&well(), true, None).severity, Severity::Ok);
    }

    #[test]
    fn what_keeps_the_service_from_starting_is_bad() {
        for (unit, advice) in [
            (changed(|unit| "masked".clone_into(&mut unit.load)), "unmask"),
            (changed(|unit| "bad-setting".clone_into(&mut unit.load)), "status"),
            (with("failed"), "reset-failed"),
            (changed(|unit| "auto-restart".clone_into(&mut unit.sub)), "journalctl"),
            (well(), "restart"),
        ] {
            let check = service(&unit, false, None);
            assert_eq!(check.severity, Severity::Bad, "{check:?}");
            assert!(check.advice.contains(advice), "{check:?}");
        }
    }

    #[test]
    fn a_start_limit_is_named() {
        let unit = changed(|unit| {
            "failed".clone_into(&mut unit.active);
            "start-limit-hit".clone_into(&mut unit.result);
        });
        assert!(service(&unit, false, None).found.contains("stopped trying"));
    }

    #[test]
    fn what_works_but_not_as_meant_is_a_note() {
        for (unit, is_running, advice) in [
            (changed(|unit| unit.is_stale = true), true, "daemon-reload"),
            (changed(|unit| unit.restarts = 2), true, "journalctl"),
            (changed(|unit| "disabled".clone_into(&mut unit.file_state)), true, "enable --now"),
            (with("inactive"), false, "start"),
            (with("inactive"), true, "kill 7 && systemctl"),
        ] {
            let check = service(&unit, is_running, Some(7));
            assert_eq!(check.severity, Severity::Note, "{check:?}");
            assert!(check.advice.contains(advice), "{check:?}");
        }
    }

    #[test]
    fn a_watchdog_that_sleeps_is_told() {
        assert_eq!(watchdog_timer(&well()).severity, Severity::Ok);
        assert_eq!(watchdog_timer(&with("inactive")).severity, Severity::Note);
    }
}
