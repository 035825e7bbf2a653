//! Judges whether the data thread is on time by right.

use super::remedy::RESTART;
use crate::{
    check::Check,
    facts::priority::{Priority, RtKit},
};

/// Judges the priority that the service got, or could get while it is away (`got` is `None`).
pub(crate) fn judge(got: Option<bool>, priority: &Priority) -> Check {
    match got {
        Some(true) => Check::ok(
            "realtime",
            "The data thread has real-time priority.",
            "Other programs do not make it late.",
        ),
        Some(false) => Check::bad(
            "realtime",
            format!("The data thread did not get real-time priority: {}.", sources(priority)),
            "Sound works, but a busy machine will make it drop out.",
            cure(priority),
        ),
        None if priority.limit > 0
            || matches!(priority.rtkit, RtKit::Running | RtKit::Startable) =>
        {
            Check::ok(
                "realtime",
                format!("Real-time priority can be had: {}.", sources(priority)),
                "Other programs will not make the data thread late.",
            )
        }
        None if priority.rtkit == RtKit::Unknown => Check::note(
            "realtime",
            format!("Whether real-time priority can be had is not known: {}.", sources(priority)),
            "Without it, a busy machine makes sound drop out.",
            "Start Headroom (`headroom status`), then `headroom doctor` again.",
        ),
        None => Check::note(
            "realtime",
            format!("Nothing grants real-time priority: {}.", sources(priority)),
            "Sound will work, but a busy machine will make it drop out.",
            cure(priority),
        ),
    }
}

fn sources(priority: &Priority) -> String {
    let rtkit = match priority.rtkit {
        RtKit::Running => "rtkit runs",
        RtKit::Startable => "rtkit is installed",
        RtKit::Missing => "rtkit is not installed",
        RtKit::Unknown => "the system bus, where rtkit would be, does not answer",
    };
    let limit = match priority.limit {
        0 => "this login may take none by itself".to_owned(),
        u64::MAX => "this login may take any by itself".to_owned(),
        limit => format!("this login may take up to {limit} by itself"),
    };
    let groups = match &*priority.groups {
        [] => String::new(),
        groups => format!(", it is in the groups {}", groups.join(", ")),
    };
    format!("{rtkit}, {limit}{groups}")
}

fn cure(priority: &Priority) -> String {
    match (priority.rtkit, priority.limit) {
        (RtKit::Missing | RtKit::Unknown, 0) => {
            "Install the package rtkit (Debian: sudo apt install rtkit), then log in again.".to_owned()
        }
        (RtKit::Running | RtKit::Startable, 0) => {
            "See why it refused: journalctl -u rtkit-daemon -n 20. Often this helps: sudo systemctl restart rtkit-daemon".to_owned()
        }
        (_, _) => {
            format!("This login may, the service may not; let it start again: {RESTART}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    fn priority(rtkit: RtKit, limit: u64) -> Priority {
        Priority { rtkit, limit, groups: vec!["audio".to_owned()] }
    }

    #[test]
    fn priority_that_was_got_is_well_whatever_the_system_says() {
        assert_eq!(judge(Some(true), &priority(RtKit::Missing, 0)).severity, Severity::Ok);
    }

    #[test]
    fn refused_priority_is_bad_and_its_cure_depends_on_the_system() {
        for (rtkit, limit, advice) in [
            (RtKit::Missing, 0, "apt install rtkit"),
            (RtKit::Unknown, 0, "apt install rtkit"),
            (RtKit::Running, 0, "journalctl -u rtkit-daemon"),
            (RtKit::Missing, 95, RESTART),
        ] {
            let check = judge(Some(false), &priority(rtkit, limit));
            assert_eq!(check.severity, Severity::Bad);
            assert!(check.advice.contains(advice), "{check:?}");
            assert!(check.found.contains("groups audio"), "{check:?}");
        }
    }

    #[test]
    fn while_the_service_is_away_it_is_told_what_it_could_get() {
        let severity = |rtkit, limit| judge(None, &priority(rtkit, limit)).severity;
        assert_eq!(severity(RtKit::Startable, 0), Severity::Ok);
        assert_eq!(severity(RtKit::Missing, 20), Severity::Ok);
        assert_eq!(severity(RtKit::Missing, 0), Severity::Note);
        assert_eq!(severity(RtKit::Unknown, 0), Severity::Note);
    }
}
