//! Which page stands in the window, and whether streams are protected.

use headroom_api::Problem as Code;

use super::{Ask, Presence, Problem, ServiceState};

/// The page that stands in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// It is not known yet what is there; at most seconds.
    #[default]
    Connecting,
    /// There is no session bus: what the library says of it.
    NoBus(String),
    /// No service is installed. The way out is to install one; it may be tried to start it all the same.
    NotInstalled,
    /// The service does not run and can be started; what was said when it was tried, if it was.
    NotRunning(String),
    /// The service does not answer; what was said, if anything.
    Silent(String),
    /// PipeWire is away; the service carries on by itself when it is back.
    PipeWireAway,
    /// No session manager runs.
    SessionManagerMissing,
    /// The session manager is too old to send streams through Headroom.
    SessionManagerTooOld,
    /// The service waits for something that this version does not know, or for a session manager that starts.
    Waiting,
    /// Applications, protection and details.
    Main,
}

impl Page {
    /// Decides which page to show; `state` is `None` while the service has not told.
    pub(super) fn decide(
        presence: &Presence,
        state: Option<&ServiceState>,
        problems: &[Problem],
    ) -> Self {
        let waits_for = problems.iter().filter_map(Self::of);
        match (presence, state) {
            (Presence::Connecting, _) | (Presence::Running { .. }, None) => Self::Connecting,
            (Presence::NoBus(sentence), _) => Self::NoBus(sentence.clone()),
            (Presence::NotInstalled, _) => Self::NotInstalled,
            (Presence::NotRunning { sentence }, _) => Self::NotRunning(sentence.clone()),
            (Presence::Silent { sentence }, _) => Self::Silent(sentence.clone()),
            (Presence::Running { .. }, Some(ServiceState::Waiting)) => {
                waits_for.min_by_key(|(rank, _)| *rank).map_or(Self::Waiting, |(_, page)| page)
            }
            (Presence::Running { .. }, Some(_)) => Self::Main,
        }
    }

    /// Returns the wish that leads out of it, where there is one.
    pub fn way_out(&self) -> Option<Ask> {
        matches!(self, Self::NotInstalled | Self::NotRunning(_)).then_some(Ask::StartService)
    }

    /// Says whether a problem is the one that it is about.
    pub fn is_about(&self, problem: &Problem) -> bool {
        Self::of(problem).is_some_and(|(_, page)| page == *self)
    }

    /// Returns the page that is about a problem, and which comes first where there are several.
    fn of(problem: &Problem) -> Option<(u8, Self)> {
        Some(match problem.known.as_ref()? {
            Code::PipewireAway { .. } => (0, Self::PipeWireAway),
            Code::SessionManagerTooOld { .. } => (1, Self::SessionManagerTooOld),
            Code::NoSessionManager => (2, Self::SessionManagerMissing),
            _ => return None,
        })
    }
}

/// Whether streams that shall be protected are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// They are.
    On,
    /// A person turned it off.
    Off,
    /// Another program's effects take what plays past Headroom.
    Sidelined,
    /// The service turned itself off after repeated failures.
    SafeMode,
    /// It should be on, but Headroom's nodes could not be made; the service tries again.
    Failing,
    /// The service waits for PipeWire or its session manager, or is not there.
    Waiting,
    /// The service is in a state that this version does not know: do not count on it.
    Unknown(String),
}

impl Protection {
    pub(super) fn judge(
        presence: &Presence,
        state: Option<&ServiceState>,
        problems: &[Problem],
    ) -> Self {
        if !presence.is_running() {
            return Self::Waiting;
        }
        match state {
            None | Some(ServiceState::Waiting) => Self::Waiting,
            Some(ServiceState::Bypassed) => Self::Off,
            Some(ServiceState::Sidelined) => Self::Sidelined,
            Some(ServiceState::SafeMode) => Self::SafeMode,
            Some(ServiceState::Unknown(word)) => Self::Unknown(word.clone()),
            Some(ServiceState::Running) if problems.iter().any(has_no_filter) => Self::Failing,
            Some(ServiceState::Running) => Self::On,
        }
    }
}

fn has_no_filter(problem: &Problem) -> bool {
    matches!(problem.known, Some(Code::FilterFailed { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Presence {
        Presence::Running { version: "0.1.0".to_owned(), api_version: 1 }
    }

    fn broken() -> Code {
        Code::ProfileBroken { file: "a.toml".to_owned(), error: "It is broken.".to_owned() }
    }

    fn failed() -> Code {
        Code::FilterFailed { error: "no".to_owned() }
    }

    fn problems(codes: &[Code]) -> Vec<Problem> {
        codes.iter().cloned().map(Problem::from).collect()
    }

    #[test]
    fn every_presence_but_running_has_a_page_of_its_own() {
        let gone = |presence| Page::decide(&presence, Some(&ServiceState::Running), &[]);
        assert_eq!(gone(Presence::Connecting), Page::Connecting);
        assert_eq!(gone(Presence::NoBus("no".into())), Page::NoBus("no".into()));
        assert_eq!(gone(Presence::NotInstalled), Page::NotInstalled);
        assert_eq!(
            gone(Presence::NotRunning { sentence: "why".into() }),
            Page::NotRunning("why".into())
        );
        assert_eq!(gone(Presence::Silent { sentence: String::new() }), Page::Silent(String::new()));
    }

    #[test]
    fn a_service_that_waits_shows_what_for() {
        let page = |codes: &[Code]| {
            Page::decide(&running(), Some(&ServiceState::Waiting), &problems(codes))
        };
        let too_old = Code::SessionManagerTooOld { version: "0.4".to_owned() };
        let away = Code::PipewireAway { error: None };
        assert_eq!(page(std::slice::from_ref(&away)), Page::PipeWireAway);
        assert_eq!(page(&[broken(), Code::NoSessionManager]), Page::SessionManagerMissing);
        assert_eq!(page(&[Code::NoSessionManager, too_old.clone()]), Page::SessionManagerTooOld);
        assert_eq!(page(&[broken()]), Page::Waiting);
        for code in [away, Code::NoSessionManager, too_old] {
            let page = page(std::slice::from_ref(&code));
            assert!(page.is_about(&code.into()) && page.way_out().is_none(), "{page:?}");
        }
        assert!(!Page::Waiting.is_about(&broken().into()));
    }

    #[test]
    fn the_main_page_stands_in_every_state_that_does_not_wait() {
        let unknown = ServiceState::Unknown("half".to_owned());
        for state in
            [&ServiceState::Running, &ServiceState::Bypassed, &ServiceState::SafeMode, &unknown]
        {
            assert_eq!(Page::decide(&running(), Some(state), &problems(&[failed()])), Page::Main);
        }
    }

    #[test]
    fn a_service_that_has_told_nothing_yet_is_still_being_reached() {
        assert_eq!(Page::decide(&running(), None, &[]), Page::Connecting);
    }

    #[test]
    fn a_service_that_does_not_run_can_be_started_from_its_page() {
        assert_eq!(Page::NotRunning(String::new()).way_out(), Some(Ask::StartService));
        assert_eq!(Page::NotInstalled.way_out(), Some(Ask::StartService));
        assert_eq!(Page::Main.way_out(), None);
    }

    #[test]
    fn protection_is_on_only_when_the_service_runs_and_nothing_failed() {
        let judge = |state: &ServiceState, codes: &[Code]| {
            Protection::judge(&running(), Some(state), &problems(codes))
        };
        assert_eq!(judge(&ServiceState::Running, &[broken()]), Protection::On);
        assert_eq!(judge(&ServiceState::Running, &[failed()]), Protection::Failing);
        assert_eq!(judge(&ServiceState::Bypassed, &[]), Protection::Off);
        assert_eq!(judge(&ServiceState::Sidelined, &[]), Protection::Sidelined);
        assert_eq!(judge(&ServiceState::SafeMode, &[]), Protection::SafeMode);
        assert_eq!(judge(&ServiceState::Waiting, &[]), Protection::Waiting);
        assert_eq!(
            judge(&ServiceState::Unknown("half".into()), &[]),
            Protection::Unknown("half".into())
        );
        let gone = Presence::NotRunning { sentence: String::new() };
        assert_eq!(
            Protection::judge(&gone, Some(&ServiceState::Running), &[]),
            Protection::Waiting
        );
    }
}
