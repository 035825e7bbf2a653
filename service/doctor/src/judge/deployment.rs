//! Judges what `headroom install` put in place.

use super::{named, remedy::RESTART};
use headroom_install::Installed;

use crate::check::Check;

/// Most paths that are told one by one.
const SHOWN: usize = 4;

/// Judges the deployments; `running` is the one that the running service says it belongs to.
pub(crate) fn judge(
    deployments: &[Result<Installed, String>],
    running: Option<&str>,
    version: &str,
) -> Vec<Check> {
    let mut checks: Vec<Check> =
        deployments.iter().map(|deployment| one(deployment, version)).collect();
    let names: Vec<&str> =
        deployments.iter().flatten().map(|deployment| deployment.name.as_str()).collect();
    if names.len() > 1 {
        checks.push(Check::note(
            "deployments",
            format!("Headroom is installed {} times: {}.", names.len(), names.join(", ")),
            "Only one of them can run; which one, depends on who is first.",
            "Keep one of them: headroom install remove --name NAME",
        ));
    }
    if let (Some(running), [name]) = (running.filter(|running| *running != "none"), &names[..])
        && running != *name
    {
        checks.push(Check::note(
            "displaced",
            format!("What runs is '{running}', what is installed is '{name}'."),
            "The installed one cannot start while the other one runs.",
            RESTART,
        ));
    }
    checks
}

fn one(deployment: &Result<Installed, String>, version: &str) -> Check {
    let deployment = match deployment {
        Ok(deployment) => deployment,
        Err(sentence) => {
            return Check::bad(
                "deployment",
                sentence,
                "What was installed can neither be checked nor taken back.",
                "Bring the record back from a backup, then: headroom install status",
            );
        }
    };
    let Installed { name, version: installed, faults, .. } = deployment;
    if deployment.is_removing {
        return Check::note(
            "deployment",
            format!("The removal of '{name}' has not ended, or left what you changed."),
            "Some of its files are still there.",
            "headroom install remove",
        );
    }
    if deployment.is_applying {
        return Check::bad(
            "deployment",
            format!("The installation of '{name}' has not ended."),
            "Some of its files are not there yet.",
            "headroom install apply finishes it, headroom install remove takes it back.",
        );
    }
    if !faults.is_empty() {
        let shown: Vec<String> = faults
            .iter()
            .take(SHOWN)
            .map(|(path, what)| format!("{} is {what}", named(path)))
            .collect();
        let rest = match faults.len().saturating_sub(SHOWN) {
            0 => String::new(),
            count => format!("; and {count} more"),
        };
        return Check::bad(
            "deployment",
            format!("Of '{name}', {}{rest}.", shown.join("; ")),
            "It is not as it was installed, and may not start.",
            "headroom install apply, from where it was installed from; with --force also what was changed.",
        );
    }
    let found =
        format!("'{name}' (version {installed}): {} files, all as installed.", deployment.files);
    if installed != version {
        return Check::note(
            "deployment",
            found,
            format!("This command is of version {version}: the installation is of another one."),
            "headroom install apply, from where this command is",
        );
    }
    Check::ok("deployment", found, "`headroom install remove` takes them back.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    fn well() -> Installed {
        Installed {
            name: "service/user/default".to_owned(),
            version: "0.1.0".to_owned(),
            is_applying: false,
            is_removing: false,
            files: 7,
            faults: Vec::new(),
        }
    }

    fn judged(deployment: Installed) -> Check {
        judge(&[Ok(deployment)], None, "0.1.0").remove(0)
    }

    #[test]
    fn what_is_as_it_was_installed_is_well() {
        assert_eq!(judged(well()).severity, Severity::Ok);
        assert!(judge(&[], None, "0.1.0").is_empty());
    }

    #[test]
    fn files_that_changed_or_went_are_told_by_name() {
        let faults = (0..6).map(|n| (format!("/f/{n}").into(), "missing")).collect();
        let check = judged(Installed { faults, ..well() });
        assert_eq!(check.severity, Severity::Bad);
        assert!(check.found.contains("'/f/0' is missing; '/f/1' is"), "{check:?}");
        assert!(check.found.ends_with("; and 2 more."), "{check:?}");
    }

    #[test]
    fn what_was_begun_and_not_ended_says_how_to_go_on() {
        let applying = judged(Installed { is_applying: true, ..well() });
        assert_eq!(applying.severity, Severity::Bad);
        let removing = judged(Installed { is_removing: true, ..well() });
        assert_eq!(
            (removing.severity, &*removing.advice),
            (Severity::Note, "headroom install remove")
        );
        let record = judge(&[Err("It cannot be read.".to_owned())], None, "0.1.0");
        assert_eq!(record[0].severity, Severity::Bad);
    }

    #[test]
    fn other_version_deployment_or_service_is_reported() {
        assert_eq!(
            judged(Installed { version: "0.0.9".to_owned(), ..well() }).severity,
            Severity::Note
        );
        let two = [Ok(well()), Ok(Installed { name: "on-demand/system/x".to_owned(), ..well() })];
        assert_eq!(judge(&two, None, "0.1.0")[2].name, "deployments");
        let one = [Ok(well())];
        assert_eq!(judge(&one, Some("package/system/debian"), "0.1.0")[1].name, "displaced");
        assert_eq!(judge(&one, Some("service/user/default"), "0.1.0").len(), 1);
        assert_eq!(judge(&one, Some("none"), "0.1.0").len(), 1, "nobody said");
    }
}
