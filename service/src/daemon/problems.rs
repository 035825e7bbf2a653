//! What the service is doing, and what is wrong with it.

use headroom_api::{Problem, ServiceState};

use super::safety::Withdrawal;
use crate::state::{Graph, SessionManager};

/// Judges by the graph; a bypass is the user's, a withdrawal the service's own.
pub(super) fn judge(
    graph: &Graph,
    bypass: bool,
    withdrawal: Option<Withdrawal>,
) -> (ServiceState, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut waiting = true;
    if graph.pipewire_version.is_none() {
        problems.push(Problem::PipewireAway { error: graph.absence.clone() });
    } else if graph.enumerated {
        match graph.session_manager() {
            SessionManager::Ready { .. } => waiting = false,
            SessionManager::Starting { .. } => {}
            SessionManager::Absent => problems.push(Problem::NoSessionManager),
            SessionManager::TooOld { version } => {
                problems.push(Problem::SessionManagerTooOld { version });
            }
        }
    }
    problems.extend(graph.bus_failure.clone().map(|error| Problem::FilterFailed { error }));
    let state = match (waiting, withdrawal, bypass) {
        (true, ..) => ServiceState::Waiting,
        (false, Some(_), _) => ServiceState::SafeMode,
        (false, None, true) => ServiceState::Bypassed,
        // Without the bus nothing is protected, whatever else is there.
        (false, None, false) if graph.bus().is_none() => ServiceState::Waiting,
        (false, None, false) => ServiceState::Running,
    };
    (state, problems)
}
