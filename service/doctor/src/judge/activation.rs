//! Judges how the service is installed: activation files, and Flatpak beside the host.

use headroom_api::names::BUS_NAME;

use super::{RELOAD_BUS, named};
use crate::{
    check::Check,
    facts::{
        activation::{Activation, Program},
        service::OnBus,
        unit::Unit,
    },
};

const AGAIN: &str = "Install Headroom again, from its package or with: headroom install apply";

/// Judges the activation files; `unit` is what the manager says of the unit that the first one names.
pub(crate) fn judge(files: &[Activation], bus: Option<OnBus>, unit: Option<&Unit>) -> Vec<Check> {
    let Some(first) = files.first() else {
        return bus.and_then(without_a_file).into_iter().collect();
    };
    let mut checks = vec![in_force(first, bus, unit)];
    if files.len() > 1 {
        checks.push(competing(files));
    }
    checks
}

fn without_a_file(bus: OnBus) -> Option<Check> {
    if bus.is_startable {
        return Some(Check::bad(
            "activation",
            "The session bus still offers to start a Headroom whose activation file is gone.",
            "A call to it fails or hangs instead of saying at once that it is not there.",
            RELOAD_BUS,
        ));
    }
    // A service that neither runs nor can be started is told with the service itself.
    bus.is_running.then(|| {
        Check::note(
            "activation",
            format!("The service runs, but there is no activation file for {BUS_NAME}."),
            "When it ends, nothing starts it again before the next login, or at all.",
            "Install it: headroom install apply",
        )
    })
}

fn in_force(file: &Activation, bus: Option<OnBus>, unit: Option<&Unit>) -> Check {
    let path = named(&file.path);
    let broken = |found: String| {
        Check::bad(
            "activation",
            found,
            "The service cannot be started when something calls it.",
            AGAIN,
        )
    };
    match &file.program {
        Program::Missing(program) => {
            return broken(format!("{path} starts {}, which is not there.", named(program)));
        }
        Program::NotExecutable(program) => {
            return broken(format!("{path} starts {}, which cannot be run.", named(program)));
        }
        Program::Unnamed => {
            return broken(format!("{path} names no program by its whole path."));
        }
        Program::Runs(_) => {}
    }
    if let (Some(name), Some(unit)) = (&file.unit, unit)
        && unit.is_missing()
    {
        return Check::bad(
            "activation",
            format!("{path} starts the unit {name}, which systemd does not know."),
            "A call to the service fails, although its program is there.",
            format!(
                "If the unit's file is there: systemctl --user daemon-reload. Otherwise: {AGAIN}"
            ),
        );
    }
    if bus.is_some_and(|bus| !bus.is_startable) {
        return Check::bad(
            "activation",
            format!("{path} is there, but the session bus does not know of it."),
            "The service is not started when something calls it.",
            RELOAD_BUS,
        );
    }
    let how = file.unit.as_ref().map_or_else(String::new, |unit| format!(", by the unit {unit}"));
    Check::ok(
        "activation",
        format!("{path} starts {}{how}.", file.exec),
        "The service starts when something calls it.",
    )
}

fn competing(files: &[Activation]) -> Check {
    let paths: Vec<String> = files.iter().map(|file| named(&file.path)).collect();
    let (used, ignored) = (&paths[0], paths[1..].join(", "));
    if files.iter().any(Activation::is_flatpak) && !files.iter().all(Activation::is_flatpak) {
        return Check::note(
            "flatpak",
            format!(
                "Headroom is installed twice, as a Flatpak and on the host: {used} is used, {ignored} is not."
            ),
            "Each has settings of its own, and which of them runs can change with the next login.",
            format!("Keep one of them; without the Flatpak: flatpak uninstall {BUS_NAME}"),
        );
    }
    Check::note(
        "activation-twice",
        format!("There are {} activation files: {used} is used, {ignored} is not.", files.len()),
        "An update of the one that is not used changes nothing.",
        "Remove one of them, by its package or with: headroom install remove",
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::check::Severity;

    const STARTABLE: Option<OnBus> = Some(OnBus { is_running: false, is_startable: true });
    const UNKNOWN: Option<OnBus> = Some(OnBus { is_running: false, is_startable: false });

    fn file(path: &str, program: Program) -> Activation {
        Activation {
            path: PathBuf::from(path),
            exec: "/p".to_owned(),
            program,
            unit: Some("headroom.service".to_owned()),
        }
    }

    fn runs(path: &str) -> Activation {
        file(path, Program::Runs(PathBuf::from("/p")))
    }

    fn only(checks: &[Check]) -> &Check {
        assert_eq!(checks.len(), 1, "{checks:?}");
        &checks[0]
    }

    #[test]
    fn a_file_whose_program_can_be_run_is_well() {
        assert_eq!(only(&judge(&[runs("/a")], STARTABLE, None)).severity, Severity::Ok);
        let unit = Unit { load: "loaded".to_owned(), ..Unit::default() };
        assert_eq!(only(&judge(&[runs("/a")], STARTABLE, Some(&unit))).severity, Severity::Ok);
        assert_eq!(only(&judge(&[runs("/a")], None, None)).severity, Severity::Ok, "without a bus");
    }

    #[test]
    fn a_file_whose_program_cannot_be_run_is_bad() {
        for program in [
            Program::Missing(PathBuf::from("/p")),
            Program::NotExecutable(PathBuf::from("/p")),
            Program::Unnamed,
        ] {
            let checks = judge(&[file("/a", program)], STARTABLE, None);
            assert_eq!(only(&checks).severity, Severity::Bad);
        }
    }

    #[test]
    fn a_unit_that_the_manager_does_not_know_is_bad() {
        let unit = Unit { load: "not-found".to_owned(), ..Unit::default() };
        let checks = judge(&[runs("/a")], STARTABLE, Some(&unit));
        assert_eq!(only(&checks).severity, Severity::Bad);
        assert!(checks[0].advice.contains("daemon-reload"), "{checks:?}");
    }

    #[test]
    fn a_bus_that_knows_something_else_than_the_files_say_is_bad() {
        assert_eq!(only(&judge(&[runs("/a")], UNKNOWN, None)).severity, Severity::Bad);
        assert_eq!(only(&judge(&[], STARTABLE, None)).severity, Severity::Bad);
    }

    #[test]
    fn a_service_that_nothing_can_start_is_told_once() {
        assert!(judge(&[], UNKNOWN, None).is_empty(), "the service's own check says it");
        assert!(judge(&[], None, None).is_empty());
        let running = Some(OnBus { is_running: true, is_startable: false });
        assert_eq!(only(&judge(&[], running, None)).severity, Severity::Note);
    }

    #[test]
    fn two_files_are_told_with_the_one_that_is_used() {
        let checks = judge(&[runs("/a"), runs("/b")], STARTABLE, None);
        assert_eq!((checks[1].name, checks[1].severity), ("activation-twice", Severity::Note));
        assert!(checks[1].found.contains("'/a' is used, '/b' is not"), "{checks:?}");
        let flatpak = runs("/h/flatpak/exports/share/dbus-1/services/x.service");
        assert_eq!(judge(&[runs("/a"), flatpak], STARTABLE, None)[1].name, "flatpak");
    }
}
