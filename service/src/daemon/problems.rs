//! What the service is doing, and what is wrong with it.

use headroom_api::{ProblemRow, ServiceState, names};

use super::safety::Withdrawal;
use crate::state::{Graph, SessionManager};

/// Judges by the graph; a bypass is the user's, a withdrawal the service's own.
pub(super) fn judge(
    graph: &Graph,
    bypass: bool,
    withdrawal: Option<Withdrawal>,
) -> (ServiceState, Vec<ProblemRow>) {
    let mut problems = Vec::new();
    let mut waiting = true;
    if graph.pipewire_version.is_none() {
        let reason = graph.absence.as_deref().unwrap_or("it has not answered yet");
        let sentence = format!(
            "PipeWire is away ({reason}): sound that it plays later is protected as soon as it \
             is back."
        );
        problems.push(problem("pipewire-away", "PipeWire", &sentence));
    } else if graph.enumerated {
        match graph.session_manager() {
            SessionManager::Ready { .. } => waiting = false,
            SessionManager::Starting { .. } => {}
            SessionManager::Absent => problems.push(problem(
                "no-session-manager",
                "WirePlumber",
                "No session manager runs, so nothing links streams to Headroom: start \
                 WirePlumber 0.5 or newer.",
            )),
            SessionManager::TooOld { version } => problems.push(problem(
                "session-manager-too-old",
                "WirePlumber",
                &format!(
                    "WirePlumber {version} has no smart filters, so nothing is protected: \
                     install WirePlumber 0.5 or newer and log in again."
                ),
            )),
        }
    }
    if let Some(reason) = &graph.pair_failure {
        let sentence = format!("Nothing is protected: {reason}. It is tried again.");
        problems.push(problem("filter-failed", names::SINK_NODE, &sentence));
    }
    let state = match (waiting, withdrawal, bypass) {
        (true, ..) => ServiceState::Waiting,
        (false, Some(_), _) => ServiceState::SafeMode,
        (false, None, true) => ServiceState::Bypassed,
        // Without the bus nothing is protected, whatever else is there.
        (false, None, false) if graph.pair.is_none() => ServiceState::Waiting,
        (false, None, false) => ServiceState::Running,
    };
    (state, problems)
}

/// Makes a row of `Problems`.
pub(super) fn problem(code: &str, subject: &str, sentence: &str) -> ProblemRow {
    (code.to_owned(), subject.to_owned(), sentence.to_owned())
}
