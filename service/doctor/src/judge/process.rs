//! Judges the running service's process, and whether it shares this session's PipeWire.

use std::path::Path;

use super::{named, remedy::RESTART};
use crate::{
    check::Check,
    facts::process::{Process, Session},
};

/// Judges the process of the service, if it runs, and the sockets in this session's folder.
pub(crate) fn judge(
    process: Option<&Process>,
    session: &Session,
    sockets: &[String],
) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(process) = process {
        checks.extend(binary(process));
        checks.extend(process.session.as_ref().and_then(|other| elsewhere(other, session)));
    }
    if sockets.len() > 1 {
        checks.push(Check::note(
            "sessions",
            format!("This session has {} PipeWire servers: {}.", sockets.len(), sockets.join(", ")),
            "Headroom works in one of them; what plays in another is not protected.",
            "See which programs hold them: ss -xlp | grep pipewire",
        ));
    }
    checks
}

/// Tells of other sessions' services that keep their choices in the same file.
pub(crate) fn judge_sharing(state: &Path, processes: &[u32]) -> Option<Check> {
    let ids: Vec<String> = processes.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| {
        Check::note(
            "shared-home",
            format!(
                "Another session's service (process {}) keeps what is chosen in {}, too.",
                ids.join(", "),
                named(state)
            ),
            "None of it is lost: what is chosen in one session holds in the other, but for the active profile.",
            "If you want one of them only: log out of the other session.",
        )
    })
}

fn binary(process: &Process) -> Option<Check> {
    let program = process.program.as_ref().filter(|_| process.is_replaced)?;
    let found = format!(
        "The running service is an older one: {} was replaced or removed after it started.",
        named(program)
    );
    Some(Check::note(
        "binary",
        found,
        "An update takes effect only when the service starts again.",
        RESTART,
    ))
}

fn elsewhere(service: &Session, here: &Session) -> Option<Check> {
    // One without a runtime directory was started in an odd way; its PipeWire is not known.
    let (theirs, ours) = (service.folder.as_ref()?, here.folder.as_ref()?);
    if theirs == ours && service.remote == here.remote {
        return None;
    }
    let shown = |session: &Session| {
        let folder = session.folder.as_deref().map_or(String::new(), named);
        match &session.remote {
            Some(remote) => format!("{remote} in {folder}"),
            None => folder,
        }
    };
    Some(Check::bad(
        "sessions",
        format!(
            "The service uses the PipeWire of {}, this session that of {}.",
            shown(service),
            shown(here)
        ),
        "What plays in this session is not protected by it.",
        "Log out and in again, without PIPEWIRE_REMOTE or a foreign XDG_RUNTIME_DIR in your settings.",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::check::Severity;

    #[test]
    fn other_services_of_the_same_home_are_told() {
        let state = Path::new("/s/headroom");
        assert_eq!(judge_sharing(state, &[]), None);
        let check = judge_sharing(state, &[7, 9]).unwrap();
        assert_eq!(check.severity, Severity::Note);
        assert!(check.found.contains("process 7, 9") && check.found.contains("/s/headroom"));
    }

    fn session(folder: &str, remote: Option<&str>) -> Session {
        Session { folder: Some(PathBuf::from(folder)), remote: remote.map(str::to_owned) }
    }

    fn process(session: Session) -> Process {
        Process {
            id: 7,
            program: Some(PathBuf::from("/p")),
            is_replaced: false,
            session: Some(session),
        }
    }

    #[test]
    fn the_same_pipewire_and_the_same_program_are_no_finding() {
        let here = session("/run/user/7", None);
        assert!(judge(Some(&process(here.clone())), &here, &["pipewire-0".to_owned()]).is_empty());
        assert!(judge(Some(&process(Session::default())), &here, &[]).is_empty());
        assert!(judge(None, &here, &[]).is_empty());
    }

    #[test]
    fn another_pipewire_than_this_sessions_is_bad() {
        let here = session("/run/user/7", None);
        for there in [session("/run/user/8", None), session("/run/user/7", Some("pipewire-1"))] {
            let checks = judge(Some(&process(there)), &here, &[]);
            assert_eq!((checks[0].name, checks[0].severity), ("sessions", Severity::Bad));
        }
    }

    #[test]
    fn a_replaced_program_and_a_second_server_are_told() {
        let here = session("/run/user/7", None);
        let replaced = Process { is_replaced: true, ..process(here.clone()) };
        let sockets = ["pipewire-0".to_owned(), "pipewire-1".to_owned()];
        let checks = judge(Some(&replaced), &here, &sockets);
        assert_eq!((checks[0].name, checks[0].severity), ("binary", Severity::Note));
        assert_eq!((checks[1].name, checks[1].severity), ("sessions", Severity::Note));
    }
}
